"""Memberships of donors in the organisation: since when, until when, for which fee. Their beginning and end
are domain events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Select, select

from donorhub.db import db
from donorhub.errors import Conflict, NotFound
from donorhub.models import Membership
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import periods
from donorhub.services.work import events


def start_membership(
    donor_id: int,
    kind: str,
    *,
    since_on: date,
    until_on: date | None = None,
    fee: Money | None = None,
    now: datetime,
    actor: str,
) -> tuple[Membership, bool]:
    """Record that a donor is a member since a day; return the membership and whether it is new.

    One of the same kind and first day is returned as it is. Raise Conflict where one of this kind goes on,
    and Rejected for one that would end before it began.
    """
    periods.refuse_early_end(since_on, until_on)
    rows = {
        row.since_on: row
        for row in db.session.scalars(select(Membership).filter_by(donor_id=donor_id, kind=kind))
    }
    if since_on in rows:
        return rows[since_on], False
    if any(row.until_on is None for row in rows.values()):
        raise Conflict(
            "a membership of this kind goes on: end it first", code="membership_goes_on", field="/kind"
        )
    row = Membership(
        donor_id=donor_id,
        kind=kind,
        since_on=since_on,
        until_on=until_on,
        fee_minor=fee.minor if fee else None,
        currency=fee.currency if fee else None,
        recorded_at=now,
    )
    db.session.add(row)
    db.session.flush()  # the event names its id
    _record_event(row, since_on, now=now, is_end=False)
    if until_on is not None:
        _record_event(row, until_on, now=now, is_end=True)
    audit.record_action(
        actor, "membership.started", ("membership", row.id), now=now, data={"donor_id": donor_id}
    )
    return row, True


def end_membership(row: Membership, until_on: date, *, now: datetime, actor: str) -> None:
    """Let a membership end with a day; the same day again changes nothing.

    Raise Conflict for one that ended with another, and Rejected for a day before it began.
    """
    if periods.end_period(row, until_on, what="membership.ended", now=now, actor=actor):
        _record_event(row, until_on, now=now, is_end=True)


def _record_event(row: Membership, day: date, *, now: datetime, is_end: bool) -> None:
    events.record_event(
        "membership.ended" if is_end else "membership.started",
        ("membership", row.id),
        occurred_at=organisation.get_midnight(day),
        now=now,
        donor_id=row.donor_id,
    )


def get_membership(membership_id: int, donor_id: int) -> Membership:
    """Return a membership of a donor; raise NotFound where they have none of this id."""
    row = db.session.get(Membership, membership_id)
    if row is None or row.donor_id != donor_id:
        raise NotFound(f"donor {donor_id} has no membership {membership_id}")
    return row


def list_memberships(donor_id: int) -> Sequence[Membership]:
    """Return a donor's memberships, the newest first."""
    query = select(Membership).where(Membership.donor_id == donor_id)
    return db.session.scalars(query.order_by(Membership.since_on.desc(), Membership.id.desc())).all()


def select_memberships(
    *, joined_from: date | None = None, joined_to: date | None = None
) -> Select[Membership]:
    """Return a query for the memberships that began from one day to another, both counted."""
    query = select(Membership)
    if joined_from is not None:
        query = query.where(Membership.since_on >= joined_from)
    return query if joined_to is None else query.where(Membership.since_on <= joined_to)
