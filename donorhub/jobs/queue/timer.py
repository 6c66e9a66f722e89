"""What happens by the clock: sweeping for lost rows, sealing the audit, instalments falling due, checking.

Every step may run in several processes and again after a restart: each is idempotent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, current_app
from structlog import get_logger

from donorhub import clock, logs
from donorhub.db import db
from donorhub.jobs.queue import hold
from donorhub.jobs.queue.dispatch import dispatch, ring_inbox
from donorhub.services.access import audit, idempotency, organisation
from donorhub.services.bank.files import imports
from donorhub.services.providers import missing_payments
from donorhub.services.recurring import overdue
from donorhub.services.work import claims

log = get_logger(__name__)


@dataclass(slots=True)
class Step:
    """Something to be done every so many seconds; gives how many rows it touched."""

    name: str
    every_s: float
    do: Callable[[], int]
    last: float = field(default=float("-inf"))


def bury_dead() -> None:
    """Put what no worker will try any more where a person sees it."""
    claims.bury_deadly(now=clock.now())
    imports.give_up_dead(now=clock.now())
    db.session.commit()


def _sweep() -> int:
    freed = hold.free_abandoned(now=clock.now())
    if freed:
        log.info("leases_taken_over", tasks=freed)
    bury_dead()
    ring_inbox()
    return dispatch()


def _seal() -> int:
    sealed = audit.seal()
    db.session.commit()
    return sealed


def _recurring() -> int:
    now = clock.now()
    touched = overdue.advance_all(today=organisation.get_day(now), now=now)
    db.session.commit()
    return touched


def _gaps() -> int:
    asked = missing_payments.ask_about_gaps(now=clock.now())
    db.session.commit()
    return asked


def _forget_answers() -> int:
    gone = idempotency.expire(clock.now())
    db.session.commit()
    return gone


def _verify() -> int:
    verify: Callable[[], int] = current_app.extensions["donorhub.verify"]
    return verify()


def list_steps() -> list[Step]:
    return [
        Step("sweep", 10, _sweep),
        Step("seal", 10, _seal),
        Step("recurring", 3600, _recurring),
        Step("provider gaps", 3600, _gaps),
        Step("forget answers", 86400, _forget_answers),
        # Not at once: a large base takes a minute, and what a killed process left comes first.
        Step("verify", 600, _verify, last=time.monotonic()),
    ]


class Timer:
    """Does each step when its time has come."""

    def __init__(self) -> None:
        self._steps = list_steps()

    def tick(self) -> int:
        """Do what is due by now; a step that fails does not hold up the others."""
        touched = 0
        for step in self._steps:
            if time.monotonic() - step.last < step.every_s:
                continue
            step.last = time.monotonic()
            try:
                touched += step.do()
            except Exception as e:
                logs.report(e, event="timer_step_failed", step=step.name)
            finally:
                db.session.rollback()
                db.session.remove()
        return touched


def run_timer(app: Flask, *, pause: float = 2.0, stop: Callable[[], bool] = lambda: False) -> None:
    """Keep time until told to stop; of several timers each does all, and nothing is done twice."""
    timer = Timer()
    while not stop():
        with app.app_context():
            timer.tick()
        time.sleep(pause)
