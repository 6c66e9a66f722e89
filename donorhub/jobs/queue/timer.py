"""What happens by the clock: sweeping for lost rows, sealing the audit, instalments falling due, checking.

Every step may run in several processes and again after a restart: each is idempotent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from flask import Flask, current_app
from structlog import get_logger

from donorhub import clock, logs
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.jobs.backups import backups
from donorhub.jobs.queue import hold
from donorhub.jobs.queue.dispatch import dispatch_tasks, ring_inbox
from donorhub.jobs.queue.place_watch import PlaceWatch
from donorhub.services.access import audit, idempotency, instance, organisation, sessions
from donorhub.services.bank import coverage
from donorhub.services.bank.files import imports
from donorhub.services.bank.matching import deadlines, waiting_credits, waiting_tasks
from donorhub.services.donors import candidates, duplicate_scan, handing_over, stages
from donorhub.services.donors.duplicate_scan import Findings
from donorhub.services.giving import history, purpose_sums, retention_figure
from donorhub.services.moving import prepared_downloads, record_purging, retention
from donorhub.services.providers import deadly_events, missing_payments
from donorhub.services.recurring import inferred, overdue, waiting_instalments
from donorhub.services.work import claims

log = get_logger(__name__)
_DONORS_AT_ONCE: Final = 1000


@dataclass(slots=True)
class Step:
    """Something to be done every so many seconds; returns how many rows it touched."""

    name: str
    every_s: float
    do: Callable[[], int]
    last: float = field(default=float("-inf"))
    waits_while_held: bool = False  # it would end promises, or ask about what nobody was told of


def bury_dead_tasks() -> None:
    """Put what no worker will try any more where a person sees it."""
    claims.bury_deadly_tasks(now=clock.now())
    deadly_events.bury_deadly_events(now=clock.now())
    imports.give_up_dead(now=clock.now())
    db.session.commit()


def _sweep_rows() -> int:
    lease_count = hold.free_abandoned_tasks(now=clock.now())
    if lease_count:
        log.info("leases_taken_over", tasks=lease_count)
    bury_dead_tasks()
    ring_inbox()
    return dispatch_tasks()


def _seal_audit() -> int:
    count = audit.seal_records()
    db.session.commit()
    return count


def _advance_recurring_gifts() -> int:
    now = clock.now()
    today = organisation.get_day(now)
    count = coverage.note_coverage(now=now)
    held_ids = waiting_credits.find_held_instalments(today=today)
    count += overdue.advance_recurring_gifts(today=today, now=now, held_ids=held_ids)
    count += waiting_instalments.ask_for_statements(today=today, now=now)
    db.session.commit()
    return count


def _end_suspense() -> int:
    """Give money that waited for too long to the unknown donor, some hundred entries in one go, and tell of
    what waits."""
    count = 0
    while settled_count := deadlines.settle_expired_entries(now=clock.now()):
        db.session.commit()
        count += settled_count
    count += waiting_tasks.ask_about_waiting(now=clock.now())
    db.session.commit()
    return count


def _hand_over_positions() -> int:
    """Let contacts of organisations end with the positions of those whom they reached."""
    count = handing_over.hand_over_ended(now=clock.now())
    db.session.commit()
    return count


def _infer_recurring_gifts() -> int:
    """Look at what those pay regularly who have given since the last look; at the first, at all."""
    now = clock.now()
    count = 0
    for ids in inferred.stream_new_donor_ids():
        count += inferred.infer_recurring_gifts(ids, now=now)
        db.session.commit()
    inferred.finish_look(now=now)
    db.session.commit()
    return count


def _follow_stages() -> int:
    """Work out anew whose stage the calendar has changed: read without holding anybody up, written where
    it differs."""
    today = organisation.get_day(clock.now())
    count = 0
    last_id: int | None = 0
    while last_id is not None:
        with read_only():
            stale_ids, last_id = stages.find_stale_ids(last_id, today=today, most=_DONORS_AT_ONCE)
            db.session.rollback()
        if stale_ids:
            count += stages.refresh_stages(stale_ids, today=today)
            db.session.commit()
    return count


def _keep_purpose_sums() -> int:
    """Add up what funds, campaigns and appeals received, where a page could not: read without holding
    anybody up, and written in one go."""
    with read_only():
        is_small = purpose_sums.has_few_gifts()
        sums = {} if is_small else {kind: purpose_sums.compute_sums(kind) for kind in purpose_sums.KINDS}
        db.session.rollback()
    if is_small:
        return 0
    count = purpose_sums.keep_sums(sums, now=clock.now())
    db.session.commit()
    return count


def _keep_retention() -> int:
    """Count who gave again, where a page could not: read without holding anybody up."""
    now = clock.now()
    with read_only():
        is_small = purpose_sums.has_few_gifts()
        currency = organisation.get_organisation().home_currency
        counts = (0, 0) if is_small else history.count_retained_donors(organisation.get_day(now), currency)
        db.session.rollback()
    if is_small:
        return 0
    count = retention_figure.keep_retention([(currency, retention_figure.Retention(*counts))], now=now)
    db.session.commit()
    return count


def _ask_about_gaps() -> int:
    count = missing_payments.ask_about_gaps(now=clock.now())
    db.session.commit()
    return count


def _forget_answers() -> int:
    count = idempotency.delete_expired_keys(clock.now())
    db.session.commit()
    return count


def _forget_sessions() -> int:
    count = sessions.delete_ended_sessions(now=clock.now())
    db.session.commit()
    return count


def _forget_downloads() -> int:
    count = prepared_downloads.delete_expired(now=clock.now())
    db.session.commit()
    return count


def _forget_record_rows() -> int:
    settings: Settings = current_app.extensions["donorhub.settings"]
    count = record_purging.purge_files(keep=timedelta(days=settings.record_rows_days), now=clock.now())
    db.session.commit()
    return count


def _delete_old() -> int:
    """Delete what was kept as long as the organisation says, and note that."""
    count = retention.delete_old(now=clock.now())
    db.session.commit()
    return count


def look_for_duplicates(*, is_whole: bool = False) -> Findings:
    """Look for duplicates of who came or changed, or of all: compared without holding anybody up, and
    written where something is to be asked.
    """
    now = clock.now()
    findings = Findings()
    some_ids = candidates.stream_donor_ids() if is_whole else duplicate_scan.stream_changed_ids()
    for ids in some_ids:
        with read_only():
            comparisons = candidates.find_pairs(ids)
            is_worth_it = duplicate_scan.is_worth_deciding(comparisons)
            db.session.rollback()
        findings += Findings(donors=len(ids))
        if is_worth_it:
            findings += duplicate_scan.decide_pairs(comparisons, now=now)
        db.session.commit()
    duplicate_scan.finish_look(now=now)
    db.session.commit()
    return findings


def _look_for_duplicates() -> int:
    return look_for_duplicates().donors


def _make_backup() -> int:
    """Make the backup of this night, and throw away those that are too old."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    now = clock.now()
    is_due = backups.is_due(settings, now=now)
    db.session.rollback()
    if not is_due:
        return 0
    folder = Path(settings.backup_dir)
    backups.make_backup(settings, folder, now=now, actor="system:0")
    db.session.commit()
    return 1 + backups.delete_old(settings, folder, now=now)


def _check_invariants() -> int:
    verify: Callable[[], int] = current_app.extensions["donorhub.verify"]
    return verify()


def list_steps() -> list[Step]:
    """Return the steps of a timer that begins now."""
    return [
        Step("place", 10, PlaceWatch().look_around),
        Step("sweep", 10, _sweep_rows),
        Step("seal", 10, _seal_audit),
        Step("recurring", 3600, _advance_recurring_gifts, waits_while_held=True),
        Step("suspense", 3600, _end_suspense, waits_while_held=True),
        Step("positions", 3600, _hand_over_positions, waits_while_held=True),
        Step("standing orders", 3600, _infer_recurring_gifts, waits_while_held=True),
        Step("stages", 3600, _follow_stages),
        Step("purpose sums", 3600, _keep_purpose_sums),
        Step("who gave again", 3600, _keep_retention),
        Step("duplicates", 3600, _look_for_duplicates, waits_while_held=True),
        Step("provider gaps", 3600, _ask_about_gaps, waits_while_held=True),
        Step("forget answers", 86400, _forget_answers),
        Step("forget sessions", 3600, _forget_sessions),
        Step("forget downloads", 3600, _forget_downloads),
        Step("forget record rows", 86400, _forget_record_rows),
        Step("backup", 600, _make_backup),
        Step("retention", 86400, _delete_old),
        # Not at once: a large base takes a minute, and what a killed process left comes first.
        Step("verify", 600, _check_invariants, last=time.monotonic()),
    ]


class Timer:
    """Does each step when its time has come."""

    def __init__(self) -> None:
        self._steps = list_steps()

    def run_due_steps(self) -> int:
        """Do the steps that are due by now; return how many rows they touched.

        A step that fails does not hold up the others.
        """
        count = 0
        for step in self._steps:
            if time.monotonic() - step.last < step.every_s:
                continue
            last, step.last = step.last, time.monotonic()
            try:
                if step.waits_while_held and instance.is_held():
                    step.last = last  # due as soon as it is adopted
                    continue
                count += step.do()
            except Exception as e:
                logs.report(e, event="timer_step_failed", step=step.name)
            finally:
                db.session.rollback()
                db.session.remove()
        return count


def run_timer(app: Flask, *, pause: float = 2.0, stop: Callable[[], bool] = lambda: False) -> None:
    """Keep time until told to stop; of several timers each does all, and nothing is done twice."""
    timer = Timer()
    while not stop():
        with app.app_context():
            timer.run_due_steps()
        time.sleep(pause)
