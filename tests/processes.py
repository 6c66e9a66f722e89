"""Starting and ending the processes that tests work with, so that none outlives its test.

When this process is killed the kernel ends them too, and the next start removes what they left
on disk. Knows nothing of what the processes are.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

READY_S = 20.0
STOP_S = 10.0
_PREFIX = "donorhub-server-"
_DISK = Path("/tmp")  # not TMPDIR: the path of a Unix socket may have 107 bytes at most
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3  # containers often have 64 MB there


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on at this moment; another process may still be faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(
    command: list[str], *, log: Path, user: str | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that the kernel interrupts when we die, however we die; its output goes to ``log``.

    ``user`` is whom root becomes for it, ``environ`` its whole environment instead of ours.
    """
    # setpriv and not preexec_fn, which is unsafe beside the threads of a test run.
    become = ["--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"] if user else []
    with log.open("ab") as output:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "INT", *become, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env=environ,
        )


def wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once it is ready; RuntimeError with its log when it ends before that or takes too long."""
    deadline = time.monotonic() + READY_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            end(process, signal.SIGKILL)
            raise RuntimeError(f"{process.args!r} did not start: {log.read_text(errors='replace')}")
        time.sleep(0.01)


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Send the signal and wait; one that does not end in time is killed."""
    process.send_signal(how)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def new_directory(*, in_memory: bool = False) -> Iterator[Path]:
    """A new directory, named after our process so that a later one can tell whose it was.

    ``in_memory`` where nothing has to survive: a busy disk makes PostgreSQL ten times slower.
    """
    place = _MEMORY if in_memory and _has_room(_MEMORY) else _DISK
    _remove_orphans()
    directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def shared_directory(name: str) -> Path:
    """The directory of this name that all processes of a test run have in common; removed like the others
    once the run is over."""
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    _remove_orphans()
    directory = (_MEMORY if _has_room(_MEMORY) else _DISK) / f"{_PREFIX}{run}-{name}"
    directory.mkdir(exist_ok=True)
    return directory


def _has_room(place: Path) -> bool:
    return place.is_dir() and shutil.disk_usage(place).free > _ROOM_BYTES


def _remove_orphans() -> None:
    for left in (*_DISK.glob(f"{_PREFIX}*-*"), *_MEMORY.glob(f"{_PREFIX}*-*")):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)
