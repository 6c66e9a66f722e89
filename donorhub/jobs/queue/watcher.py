"""A worker as two processes: one works, the other watches it and puts a new one in its place.

Job after job in one process spares what a fork for each job pays again: connections, and statements
that were compiled before. What such a fork protects from is kept: a job that kills its process or
never ends takes no other along. It knows nothing of Redis and of tasks.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

from structlog import get_logger

from donorhub import logs

PAUSE_S: Final = 2.0  # between two that ended at once
STOPS: Final = (signal.SIGINT, signal.SIGTERM)
log = get_logger(__name__)


class Pulse:
    """How the one who works tells the watcher that a job begins or is over."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def tell_begin(self) -> None:
        """Tell the watcher that a job begins."""
        self._line.send(b"+")

    def tell_end(self) -> None:
        """Tell the watcher that a job is over."""
        self._line.send(b"-")


class Watcher:
    """Lets ``work`` run in a child, again and again, until it is told to stop by SIGTERM or SIGINT.

    ``work`` ends in good order at SIGTERM, which it also gets when the watcher is killed. A job that
    takes longer than ``most_s`` seconds, which ``work`` was to see to itself, ends with its process.
    """

    def __init__(self, work: Callable[[Pulse], None], *, most_s: float) -> None:
        self._work, self._most_s = work, most_s
        self._child = 0
        self._is_stopping = False

    def watch_work(self) -> None:
        """Let ``work`` run in one child after another; return when told to stop."""
        for number in STOPS:
            signal.signal(number, self._stop_child)
        while not self._is_stopping:
            since = time.monotonic()
            self._attend_one()
            if not self._is_stopping and time.monotonic() - since < PAUSE_S:
                time.sleep(PAUSE_S)

    def _stop_child(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True
        if self._child:
            os.kill(self._child, signal.SIGTERM)

    def _attend_one(self) -> None:
        ours, theirs = socket.socketpair()
        # No signal between the fork and the moment when both know who they are.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        child = os.fork()
        if child == 0:
            ours.close()
            self._be_child(theirs, before)
        self._child = child
        theirs.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        with ours:
            self._listen_to_child(ours)
        _, status = os.waitpid(child, 0)
        self._child = 0
        if status:
            log.warning("worker_ended", code=os.waitstatus_to_exitcode(status))

    def _listen_to_child(self, line: socket.socket) -> None:
        """Return when the child has ended, or was ended because of a job that never does."""
        while True:
            try:
                signs = line.recv(64)
            except TimeoutError:
                log.warning("worker_hangs", seconds=self._most_s)
                os.kill(self._child, signal.SIGKILL)
                return
            if not signs:
                return
            line.settimeout(self._most_s if signs.endswith(b"+") else None)

    def _be_child(self, line: socket.socket, mask: set[signal.Signals | int]) -> NoReturn:
        code = 1
        try:
            for number in STOPS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            threading.Thread(target=_end_with_the_watcher, args=(line,), daemon=True).start()
            self._work(Pulse(line))
            code = 0
        except Exception as e:
            logs.report(e, event="worker_broke")
        finally:
            os._exit(code)  # what the watcher has begun is not ours to end


def _end_with_the_watcher(line: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError):  # so it ends when what we said was never read
        line.recv(1)  # the watcher never says anything: this ends when it is gone
    os.kill(os.getpid(), signal.SIGTERM)
