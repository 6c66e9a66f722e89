"""Checking the invariants by the clock, and telling the staff when one is broken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from structlog import get_logger

from donorhub import clock
from donorhub.db import db, read_only
from donorhub.services.access import organisation
from donorhub.services.reports import invariants, proven_head
from donorhub.services.work import tasks

log = get_logger(__name__)


def check_and_report() -> int:
    """Check what came since all held, and everything once a day; return how many invariants are broken.

    Plan a task for an administrator for each of them, once a day.
    """
    now = clock.now()
    with read_only():
        head = proven_head.find_head()
        is_whole = proven_head.is_whole_due(head, now)
        scope = invariants.Scope({}) if is_whole else proven_head.make_scope(head)
        mark = proven_head.read_mark()
        results = invariants.check_scope(scope, now=now)
        db.session.rollback()
    faults = {name: sentences for name, sentences in results.items() if sentences}
    if not faults:
        proven_head.move_head(mark, now=now)
    if is_whole:
        proven_head.note_whole(now=now)
    _tell_admins(faults, now=now)
    db.session.commit()
    return len(faults)


def _tell_admins(faults: Mapping[str, list[str]], *, now: datetime) -> None:
    today = organisation.get_day(now)
    for name, sentences in faults.items():
        log.warning("invariant_broken", invariant=name, count=len(sentences))
        short = hashlib.sha256(name.encode()).hexdigest()[:8]
        tasks.plan_task(
            f"invariant:{short}:{today}",
            kind="invariant_broken",
            role="admin",
            subject=("organisation", 1),
            now=now,
            facts={"invariant": name, "first": sentences[0]},
        )
