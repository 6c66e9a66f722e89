"""What donors are to the organisation beside giving: volunteers, employees, partners, targets.

A target is whom a campaign is about, not who is asked for money: while that holds they are never asked nor
thanked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import cut_query_values, db
from donorhub.errors import NotFound, Rejected
from donorhub.models import DonorRole
from donorhub.models.states import RoleOfDonor
from donorhub.services.access import audit
from donorhub.services.donors import periods


def give_role(
    donor_id: int,
    role: RoleOfDonor,
    *,
    stance: str = "",
    since_on: date,
    until_on: date | None = None,
    now: datetime,
    actor: str,
) -> tuple[DonorRole, bool]:
    """Record what a donor is to the organisation since a day; return the row and whether it is new.

    A role that goes on, or that was recorded with the same days, is returned as it is. Raise Rejected for a
    stance of anybody but a target, and for a role that would end before it began.
    """
    if stance and role != "target":
        raise Rejected("only a target has a stance", field="/stance", code="stance_of_target")
    periods.refuse_early_end(since_on, until_on)
    rows = db.session.scalars(select(DonorRole).filter_by(donor_id=donor_id, role=role))
    earlier_row = periods.find_same(rows, since_on, until_on)
    if earlier_row is not None:
        return earlier_row, False
    row = DonorRole(
        donor_id=donor_id, role=role, stance=stance, since_on=since_on, until_on=until_on, recorded_at=now
    )
    db.session.add(row)
    db.session.flush()  # the audit names its id
    audit.record_action(
        actor, "donor_role.given", ("donor_role", row.id), now=now, data={"role": role, "donor_id": donor_id}
    )
    return row, True


def end_role(row: DonorRole, until_on: date, *, now: datetime, actor: str) -> None:
    """Let a role end with a day; the same day again changes nothing.

    Raise Conflict for one that ended with another, and Rejected for a day before it began.
    """
    periods.end_period(row, until_on, what="donor_role.ended", now=now, actor=actor)


def get_role(role_id: int, donor_id: int) -> DonorRole:
    """Return a role of a donor; raise NotFound where they have none of this id."""
    row = db.session.get(DonorRole, role_id)
    if row is None or row.donor_id != donor_id:
        raise NotFound(f"donor {donor_id} has no role {role_id}")
    return row


def list_roles(donor_id: int) -> Sequence[DonorRole]:
    """Return a donor's roles, the newest first."""
    query = select(DonorRole).where(DonorRole.donor_id == donor_id)
    return db.session.scalars(query.order_by(DonorRole.since_on.desc(), DonorRole.id.desc())).all()


def is_target(donor_id: int, *, today: date) -> bool:
    """Return whether a donor is a target today, and so is neither asked nor thanked."""
    return bool(find_targets([donor_id], today=today))


def find_targets(donor_ids: Collection[int], *, today: date) -> set[int]:
    """Return which of these donors are targets today."""
    targets: set[int] = set()
    for chunk in cut_query_values(donor_ids):
        query = select(DonorRole.donor_id).where(DonorRole.donor_id.in_(chunk), DonorRole.role == "target")
        targets.update(db.session.scalars(query.where(*_holds_on(today))))
    return targets


def is_target_on(donor_id: InstrumentedAttribute[int], day: date) -> ColumnElement[bool]:
    """Return the same of one donor as a condition in a query."""
    return exists().where(DonorRole.donor_id == donor_id, DonorRole.role == "target", *_holds_on(day))


def _holds_on(day: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a role holds on a day: the last of it counts."""
    return DonorRole.since_on <= day, or_(DonorRole.until_on.is_(None), DonorRole.until_on >= day)
