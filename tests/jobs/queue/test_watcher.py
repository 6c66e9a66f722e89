"""A worker that dies is replaced, one that hangs is ended, and none outlives the one who watches it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WORKS = """
import os, pathlib, signal, sys, time
from donorhub.jobs.queue import watcher
watcher.PAUSE_S = 0.05
home, hangs = pathlib.Path(sys.argv[1]), sys.argv[2] == "hangs"
told = []

def work(pulse):
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    signal.signal(signal.SIGUSR1, lambda *_: (pulse.tell_end(), (home / f"{os.getpid()}.said").touch()))
    pulse.tell_begin()
    if not hangs:
        pulse.tell_end()
    with (home / "pids").open("a") as pids:
        pids.write(f"{os.getpid()}\\n")
    while not told:
        time.sleep(0.01)
    (home / f"{os.getpid()}.ended").touch()

watcher.Watcher(work, most_s=0.3).watch_work()
"""


@contextlib.contextmanager
def watching(home: Path, how: str = "works") -> Iterator[subprocess.Popen[bytes]]:
    watcher = subprocess.Popen([sys.executable, "-c", WORKS, str(home), how])
    try:
        yield watcher
    finally:
        watcher.kill()
        watcher.wait()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def workers(home: Path) -> list[int]:
    """The processes that worked so far, in their order."""
    path = home / "pids"
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_worker_that_was_killed_has_a_successor(tmp_path: Path) -> None:
    with watching(tmp_path):
        for number in (1, 2, 3):
            wait_for(lambda number=number: len(workers(tmp_path)) == number)  # type: ignore[misc]
            os.kill(workers(tmp_path)[-1], signal.SIGKILL)
        wait_for(lambda: len(workers(tmp_path)) == 4)
    assert len(set(workers(tmp_path))) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_stopping_watcher_ends_worker_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """A watcher that is asked to stop lets the worker end in good order."""
    with watching(tmp_path) as watcher:
        wait_for(lambda: len(workers(tmp_path)) == 1)
        watcher.send_signal(number)
        assert watcher.wait(20) == 0
    (worker,) = workers(tmp_path)
    assert (tmp_path / f"{worker}.ended").exists()


def test_worker_does_not_outlive_its_watcher(tmp_path: Path) -> None:
    """A worker does not outlive a watcher that was killed."""
    with watching(tmp_path) as watcher:
        wait_for(lambda: len(workers(tmp_path)) == 1)
        watcher.send_signal(signal.SIGSTOP)  # so that it leaves something unread: the line ends as reset
        (worker,) = workers(tmp_path)
        os.kill(worker, signal.SIGUSR1)
        wait_for((tmp_path / f"{worker}.said").exists)
        watcher.kill()
        wait_for((tmp_path / f"{worker}.ended").exists)
        wait_for(lambda: not is_alive(worker))


def test_hanging_worker_is_replaced(tmp_path: Path) -> None:
    """A worker whose job never ends is ended and has a successor."""
    with watching(tmp_path, "hangs"):
        wait_for(lambda: len(workers(tmp_path)) >= 2)
        first = workers(tmp_path)[0]
        assert not is_alive(first) and not (tmp_path / f"{first}.ended").exists()
