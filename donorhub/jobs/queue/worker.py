"""Workers: the thread inside the one process, and the RQ worker where there is Redis."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from redis.exceptions import RedisError
from structlog import get_logger

import receipts
from donorhub import logs
from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs.queue import perform, run, timer
from donorhub.jobs.queue.dispatch import ThreadBell
from donorhub.jobs.queue.presence import Presence
from donorhub.jobs.queue.rq_worker import RowWorker, make_queue
from donorhub.jobs.queue.watcher import Pulse, Watcher

log = get_logger(__name__)
PAUSE_S = 2.0
NICENESS = 5
VISIT_S = 0.5  # what is due, before the inbox is looked at again
SHARE = 1000  # jobs, after which a worker gives back what memory it gathered
HANGS_S = 960.0  # a minute after RQ would have ended a job


class WorkerThread:
    """Performs due rows in this process, and keeps the timer. Start once, after the application is made."""

    def __init__(self, app: Flask, *, pause: float = PAUSE_S) -> None:
        self._app, self._pause = app, pause
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run_loop, name="donorhub-worker", daemon=True)

    def start_thread(self) -> None:
        """Start to work; raise RuntimeError at a second call."""
        self._thread.start()

    def stop_thread(self, timeout: float = 10) -> None:
        """Let the row at hand be finished, then end."""
        self._is_stopping.set()
        self._bell.call_workers(())
        self._thread.join(timeout)

    @property
    def _bell(self) -> ThreadBell:
        bell: ThreadBell = self._app.extensions["donorhub.bell"]
        return bell

    def _run_loop(self) -> None:
        with stay_at_work(self._app):
            self._work_until_stop()

    def _work_until_stop(self) -> None:
        steps = timer.Timer()
        while not self._is_stopping.is_set():
            count = self._guard_step(lambda: work_once(self._app))
            self._guard_step(lambda: self._keep_time(steps))
            if not count:
                self._bell.wait_for_call(self._pause)

    def _keep_time(self, steps: timer.Timer) -> int:
        with self._app.app_context():
            return steps.run_due_steps()

    def _guard_step(self, step: Callable[[], int]) -> int:
        """Do a step; report its failure and return 0, so that the worker outlives a database that is away."""
        try:
            return step()
        except Exception as e:
            logs.report(e, event="worker_step_failed")
            time.sleep(self._pause)
            return 0


@contextmanager
def stay_at_work(app: Flask) -> Iterator[None]:
    """Perform tasks inside this context.

    Where there is no Redis, the first to come takes over what a killed process had claimed; with Redis
    there may be workers on other machines, and leases have to run out.
    """
    settings: Settings = app.extensions["donorhub.settings"]
    if not (settings.is_embedded and settings.uses_sqlite):
        yield
        return
    presence = Presence(settings.home)
    try:
        with app.app_context():
            count = presence.enter_work()
            db.session.remove()
        if count:
            log.info("leases_taken_over", tasks=count)
        yield
    finally:
        presence.leave_work()


def work_once(app: Flask) -> int:
    """Drain the inbox and perform what is due; return how much was done."""
    with app.app_context():
        count = perform.drain_inbox() + run.run_due(VISIT_S)
        db.session.remove()
        return count


def run_rq_worker(app: Flask, *, burst: bool = False, name: str | None = None) -> None:
    """Work off RQ's queue until told to stop, in a child that is watched.

    With ``burst`` work until nothing waits, in this process. All that is heavy is loaded before the fork.
    """
    lower_priority()
    run.attach_app(app)
    preload_libraries()
    redis_url: str = app.extensions["donorhub.settings"].redis_url
    if burst:
        work_patiently(redis_url, burst=True, name=name)
        return
    with app.app_context():
        engine = db.engine
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))
    Watcher(lambda pulse: work_patiently(redis_url, name=name, pulse=pulse), most_s=HANGS_S).watch_work()


def lower_priority() -> None:
    """Let those who answer people and providers go first where they share the machine."""
    os.nice(NICENESS)


def work_patiently(
    redis_url: str, *, burst: bool = False, name: str | None = None, pulse: Pulse | None = None
) -> None:
    """Work, for so many jobs; begin anew when RQ gives up, as it does when Redis goes away in the middle
    of a job.
    """
    while True:
        queue = make_queue(redis_url)
        # A name of its own each time: RQ refuses, for minutes, the name of a worker that was killed.
        worker_name = f"{name or 'donorhub'}.{secrets.token_hex(4)}"
        worker = RowWorker.make_for_queue(queue, worker_name, pulse)
        try:
            worker.work(burst=burst, logging_level="WARNING", max_jobs=None if burst else SHARE)
        except RedisError as e:
            logs.report(e, event="queue_away")
        else:
            return
        if burst or worker.was_told_to_stop:
            return
        time.sleep(PAUSE_S)


def preload_libraries() -> None:
    """Import what jobs need, so that a forked child has it: WeasyPrint alone takes half a second."""
    receipts.preload_engine()
