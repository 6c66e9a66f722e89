"""Which donors' stages a transaction changes: seen by the rows that it writes, worked out before it commits.

So nobody who changes a gift or a recurring gift has to think of the stage. What is written in bulk, past the
session, is told by :func:`mark_donors`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import event, select
from sqlalchemy.orm import PassiveFlag, Session, SessionTransaction
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.orm.util import identity_key

from donorhub.db import db
from donorhub.models import Correction, Dispute, Donor, Gift, Instalment, RecurringGift, Refund
from donorhub.services.access import organisation
from donorhub.services.donors import stages

_MARKS: Final = "donor_stage"  # in the session: ids of donors, and of what tells whose they are
_find_now: Callable[[], datetime] | None = None


def use_clock(find_now: Callable[[], datetime]) -> None:
    """Let stages of this process be worked out as of the time that this function tells."""
    global _find_now  # noqa: PLW0603  one process has one clock
    _find_now = find_now


def mark_donors(donor_ids: Collection[int]) -> None:
    """Have the stages of these donors worked out when the transaction commits."""
    _get_marks(db.session())[Donor].update(donor_ids)


def _get_marks(session: Session) -> dict[type, set[int]]:
    marks: dict[type, set[int]] = session.info.setdefault(
        _MARKS, {Donor: set(), Gift: set(), RecurringGift: set()}
    )
    return marks


@event.listens_for(db.session, "after_flush")
def _note_rows(session: Session, _context: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Gift | RecurringGift):
            _get_marks(session)[Donor].update(_list_owners(row))
        elif isinstance(row, Donor) and row not in session.new:
            if get_history(row, "is_deceased", PassiveFlag.PASSIVE_NO_INITIALIZE).has_changes():
                _get_marks(session)[Donor].add(row.id)
        elif isinstance(row, Refund | Dispute | Correction):
            _note_owner(session, Gift, row.gift_id)
        elif isinstance(row, Instalment):
            _note_owner(session, RecurringGift, row.recurring_gift_id)


def _list_owners(row: Gift | RecurringGift) -> set[int]:
    """Return whose a row is, and whose it was before this change."""
    history = get_history(row, "donor_id", PassiveFlag.PASSIVE_NO_INITIALIZE)
    return {id_ for id_ in history.sum() if id_ is not None}


def _note_owner(session: Session, kind: type[Gift | RecurringGift], id_: int) -> None:
    """Mark the donor of a gift or recurring gift; one that the session has not read is looked up later."""
    row: Any = session.identity_map.get(identity_key(kind, id_))
    if row is None or "donor_id" not in vars(row):  # not read, or no longer sure
        _get_marks(session)[kind].add(id_)
    else:
        _get_marks(session)[Donor].add(row.donor_id)


@event.listens_for(db.session, "before_commit")
def _follow_marks(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()  # what is written only now counts too
    marks = session.info.pop(_MARKS, None)
    if marks is None:
        return
    if _find_now is None:
        raise LookupError("no clock: stages are worked out in an application")
    donor_ids: set[int] = marks[Donor]
    for kind in (Gift, RecurringGift):
        if marks[kind]:
            donor_ids.update(session.scalars(select(kind.donor_id).where(kind.id.in_(marks[kind]))))
    stages.refresh_stages(donor_ids, today=organisation.get_day(_find_now()))


@event.listens_for(db.session, "after_soft_rollback")
def _forget_marks(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:  # a savepoint's leaves what came before it
        session.info.pop(_MARKS, None)
