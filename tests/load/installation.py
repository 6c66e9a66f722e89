"""An installation of its own for the tests that kill: its environment, its processes, its database.

The processes are real ones in sessions of their own, so that one can be killed with all its
children at any moment. Nothing here judges what is found afterwards.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from tests import servers
from tests.processes import free_port, spawn

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0  # with a busy machine
DONORHUB = [sys.executable, "-c", "from donorhub.cli import main; main()"]


class Installation:
    """One DonorHub, of one process or of many; ``shift_clock`` moves its time on."""

    program: Sequence[str] = DONORHUB

    def __init__(self, home: Path, stores: Mapping[str, str], **settings: str) -> None:
        self.home, self.port = home, free_port()
        home.mkdir(exist_ok=True)
        self._clock = home / "clock"
        self._clock.write_text("0")
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "DONORHUB_HOME": str(home),
            "DONORHUB_MODE": "test",
            "DONORHUB_SETTLE_S": "0",
            "DONORHUB_CLOCK": f"file:{self._clock}",
            "DONORHUB_PORT": str(self.port),
            "DONORHUB_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            **stores,
            **settings,
        }
        self.is_embedded = not stores
        self._url = stores.get("DATABASE_URL", f"sqlite:///{home / 'donorhub.sqlite3'}")
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str, code: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; AssertionError when it ends with another code than ``code``."""
        done = subprocess.run(
            [*self.program, *arguments],
            capture_output=True,
            text=True,
            env={**self.environ, **more},
            cwd=self.home,
            timeout=100,
            check=False,
        )
        assert code is None or done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def script(self, lines: str) -> str:
        """Run Python inside the application, in a process of its own; gives what it printed."""
        body = textwrap.indent(textwrap.dedent(lines), "    ")
        inside = f"from tests.load.inside import app\nwith app():\n{body}"
        done = subprocess.run(
            [sys.executable, "-c", inside],
            capture_output=True,
            text=True,
            env=self.environ,
            cwd=self.home,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def prepare(self, email: str, password: str) -> None:
        """Bring the database up to date and let in an administrator, in one process instead of two."""
        self.script(f"from tests.load.inside import begin\nbegin({email!r}, {password!r})")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process that stays, in a session of its own; its output goes to ``home/log``."""
        process = spawn(["setsid", *self.program, *arguments], log=self.home / "log", environ=self.environ)
        self._running.append(process)
        return process

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the server and return when it answers; with Redis it has two web processes."""
        process = self.start("serve", *([] if self.is_embedded else ["--processes", "2"]))
        deadline = time.monotonic() + PATIENCE_S
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {self.log()}")
            time.sleep(0.005)
        return process

    def start_all(self) -> dict[str, subprocess.Popen[bytes]]:
        """The server, and with Redis two workers and a timer."""
        others = {} if self.is_embedded else {"worker 1": "worker", "worker 2": "worker", "timer": "timer"}
        return {"server": self.serve(), **{name: self.start(command) for name, command in others.items()}}

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL to the process and all its children at once."""
        kill_session(process.pid)
        process.wait()
        self._running.remove(process)

    def stop_all(self) -> None:
        for process in [*self._running]:
            self.kill(process)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 600
        except OSError:
            return False
        finally:
            connection.close()

    def shift_clock(self, seconds: int) -> None:
        """Let the time of all processes be so much later than it is."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._clock)

    def log(self) -> str:
        path = self.home / "log"
        return path.read_text(errors="replace")[-5000:] if path.exists() else ""

    def engine(self) -> Engine:
        return create_engine(self._url.replace("postgresql://", "postgresql+psycopg://", 1))

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a statement finds in the database, read by this process."""
        engine = self.engine()
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(statement), values)]
        finally:
            engine.dispose()

    def one(self, statement: str, **values: Any) -> Any:
        return self.rows(statement, **values)[0][0]

    def change(self, statement: str, rows: Sequence[Mapping[str, Any]] = ({},)) -> None:
        engine = self.engine()
        try:
            with engine.begin() as connection:
                connection.execute(text(statement), list(rows))
        finally:
            engine.dispose()


@dataclass(slots=True)
class Place:
    """Where an installation may live: the stores of its mode, and their servers where they may be lost."""

    home: Path
    stores: dict[str, str]
    redis: servers.Redis | None = None
    postgres: servers.Postgres | None = None


@contextlib.contextmanager
def place_for(stores: str, home: Path, *, durable: bool = False) -> Iterator[Place]:
    """Stores in the mode that the fixture names: files of SQLite, or servers of this test's own.

    ``durable`` where PostgreSQL itself is crashed: else it may forget what it has acknowledged.
    """
    if stores == "sqlite":
        yield Place(home, {})
        return
    with servers.postgres(durable=durable) as cluster, servers.redis_store() as store:
        url = servers.create_database(cluster.url)
        yield Place(home, {"DATABASE_URL": url, "REDIS_URL": store.url}, store, cluster)


def kill_session(leader: int) -> None:
    """SIGKILL to every process of a session, until none is left; one may be forked while we look."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)  # at once; looking for the others takes some milliseconds
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, signal.SIGKILL)  # one that was started just now has no session yet
    for _ in range(50):
        members = [pid for pid in _pids() if _session_of(pid) == leader]
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not members:
            return
        time.sleep(0.005)


def cpu_seconds(pid: int) -> float:
    """What a process and its ended children have used so far."""
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def session_cpu_seconds(leader: int) -> float:
    """What the processes of a session and their ended children have used so far."""
    return sum(cpu_seconds(pid) for pid in _pids() if _session_of(pid) == leader)


def thread_cpu_seconds(pid: int, name: str) -> float:
    """What the threads with this name of a process have used so far."""
    nanoseconds = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (task / "comm").read_text().strip() == name:
                nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _session_of(pid: int) -> int:
    """The session of a process that runs; 0 for one that is gone or only waits to be buried."""
    fields = _stat(pid)
    return int(fields[3]) if fields and fields[0] != "Z" else 0


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
