"""Checking the invariants by the clock, and telling the staff when one is broken."""

from __future__ import annotations

import hashlib

from structlog import get_logger

from donorhub import clock
from donorhub.db import db, read_only
from donorhub.services.access import organisation
from donorhub.services.reports import invariants
from donorhub.services.work import tasks

log = get_logger(__name__)


def verify_and_tell() -> int:
    """Check everything; plan a task for an administrator for each broken invariant, once a day."""
    now = clock.now()
    with read_only():
        broken = {name: found for name, found in invariants.check_all(now=now).items() if found}
        db.session.rollback()
    today = organisation.get_day(now)
    for name, found in broken.items():
        log.warning("invariant_broken", invariant=name, count=len(found))
        short = hashlib.sha256(name.encode()).hexdigest()[:8]
        tasks.plan(
            f"invariant:{short}:{today}", kind="invariant_broken", performer="person", role="admin",
            subject=("organisation", 1), due_at=now + tasks.SOON, now=now,
            facts={"invariant": name, "first": found[0]},
        )  # fmt: skip
    db.session.commit()
    return len(broken)
