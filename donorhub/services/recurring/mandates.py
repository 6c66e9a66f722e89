"""Mandates of direct debits: written down by a person, with what the bank or the donor said of them.

A debit is pending until a mandate is active, and expects nothing where none is. Papers and files that go to
the bank are not made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, select

from donorhub.db import db
from donorhub.domain.recurring.mandate_states import FIRST_STATES, is_step_allowed
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Instalment, Mandate, RecurringGift
from donorhub.models.states import ENDED_MANDATES, OWED_INSTALMENTS, MandateKind, MandateState
from donorhub.services.access import audit, organisation
from donorhub.services.recurring import instalments, mandate_days, recurring_gifts
from donorhub.services.recurring.mandate_days import MANDATE_GONE
from donorhub.services.work import tasks

_POLAND: Final = "PLN"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMandate:
    """A mandate as it is told: its reference, how far it is, and the days that go with that."""

    reference: str
    state: MandateState = "active"
    creditor_id: str = ""
    signed_on: date | None = None
    active_from: date | None = None


def record_mandate(
    gift: RecurringGift, new: NewMandate, *, now: datetime, actor: str
) -> tuple[Mandate, bool]:
    """Write down a mandate of a direct debit; return it and whether it is new.

    The same reference of the same debit again returns the row as it is. Raise Rejected for another kind of
    gift, a reference that is taken, or an active one without its day, Conflict where another is active.
    """
    if not mandate_days.needs_mandate(gift):
        raise Rejected(f"recurring gift {gift.id} is no direct debit", code="no_direct_debit")
    earlier = db.session.scalar(
        select(Mandate).filter_by(reference=new.reference, creditor_id=new.creditor_id)
    )
    if earlier is not None and earlier.recurring_gift_id == gift.id:
        return earlier, False
    if earlier is not None:
        raise Rejected(
            f"mandate {new.reference} is of another recurring gift",
            code="mandate_reference_taken",
            field="/reference",
        )
    if gift.state == "closed":
        raise Conflict(f"recurring gift {gift.id} is closed: start a new one", code="recurring_gift_closed")
    if new.state not in FIRST_STATES:
        raise Rejected("a mandate cannot begin as that", code="mandate_step", field="/state")
    if new.state == "active" and new.active_from is None:
        raise Rejected("an active mandate has a day", code="mandate_day", field="/active_from")
    _lock_gift(gift)
    if new.state == "active":
        _refuse_second_active(gift)
    mandate = Mandate(
        recurring_gift_id=gift.id,
        kind=_find_kind(gift),
        creditor_id=new.creditor_id,
        reference=new.reference,
        state=new.state,
        signed_on=new.signed_on,
        active_from=new.active_from if new.state == "active" else None,
        recorded_at=now,
        recorded_by=actor,
    )
    db.session.add(mandate)
    db.session.flush()
    audit.record_action(
        actor,
        "mandate.recorded",
        ("recurring_gift", gift.id),
        now=now,
        data={"mandate": mandate.id, "after": mandate.state},
    )
    _follow_mandate(gift, now=now, actor=actor)
    return mandate, True


def change_mandate(
    mandate: Mandate, state: MandateState, *, on: date, reason: str, now: datetime, actor: str
) -> bool:
    """Write down what became of a mandate on a day; return whether it differs now.

    Its debit begins, or expects nothing more, with it. Raise Conflict for a step that cannot follow.
    """
    if mandate.state == state:
        return False
    if not is_step_allowed(mandate.state, state):
        raise Conflict(
            f"mandate {mandate.id} is {mandate.state}: it cannot become {state}",
            code="mandate_step",
            state=mandate.state,
        )
    if state in ("withdrawn", "invalid", "expired") and mandate.active_from and on < mandate.active_from:
        raise Rejected("a mandate cannot end before it is active", code="mandate_day", field="/on")
    gift = recurring_gifts.get_recurring_gift(mandate.recurring_gift_id)
    _lock_gift(gift)
    before = mandate.state
    if state == "active":
        _refuse_second_active(gift)
        mandate.active_from, mandate.ended_on = on, None
    elif state == "signed":
        mandate.signed_on = on
    elif state == "suspended" or state in ENDED_MANDATES:
        mandate.ended_on = mandate.ended_on or on
    mandate.state, mandate.state_reason = state, reason
    db.session.flush()
    audit.record_action(
        actor,
        "mandate.changed",
        ("recurring_gift", gift.id),
        now=now,
        data={"mandate": mandate.id, "before": before, "after": state},
    )
    _follow_mandate(gift, now=now, actor=actor)
    return True


def get_mandate(mandate_id: int) -> Mandate:
    """Return the mandate; raise NotFound where there is none."""
    mandate = db.session.get(Mandate, mandate_id)
    if mandate is None:
        raise NotFound(f"there is no mandate {mandate_id}")
    return mandate


def select_mandates(recurring_gift_id: int | None = None) -> Select[Mandate]:
    """Return a query for mandates, of one recurring gift or all."""
    query = select(Mandate)
    return query if recurring_gift_id is None else query.where(Mandate.recurring_gift_id == recurring_gift_id)


def _find_kind(gift: RecurringGift) -> MandateKind:
    return "pl_debit" if gift.currency == _POLAND else "sepa"


def _lock_gift(gift: RecurringGift) -> None:
    """Let two people who write mandates of one gift wait: the second reads what the first did."""
    db.session.refresh(gift, with_for_update=True)


def _refuse_second_active(gift: RecurringGift) -> None:
    if mandate_days.has_active_mandate(gift.id):
        raise Conflict(
            f"a mandate of recurring gift {gift.id} is active: end it first", code="mandate_active"
        )


def _follow_mandate(gift: RecurringGift, *, now: datetime, actor: str) -> None:
    """Let a debit begin with its mandate, or expect nothing more where none is active."""
    gift.version += 1
    if mandate_days.has_active_mandate(gift.id):
        if recurring_gifts.is_step_allowed(gift, "start"):
            recurring_gifts.change_state(gift, "start")
        instalments.make_instalments(gift, today=organisation.get_day(now))
        return
    if gift.state == "active":
        recurring_gifts.change_state(gift, "fail", reason=MANDATE_GONE)
    days = mandate_days.list_allowed_days([gift.id]).get(gift.id, [])
    rows = db.session.scalars(
        select(Instalment).where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.state.in_(OWED_INSTALMENTS),
        )
    )
    forbidden_rows = [row for row in rows if not mandate_days.is_allowed(days, row.due_on)]
    _let_go(forbidden_rows, MANDATE_GONE, now=now, actor=actor)


def _let_go(rows: Sequence[Instalment], reason: str, *, now: datetime, actor: str) -> None:
    """Owe nothing of these instalments, and ask about none of them."""
    for row in rows:
        tasks.cancel_task(instalments.name_missed_task(row), now=now, actor=actor, reason=reason)
        row.state = "waived" if row.state == "missed" else "skipped"
        row.state_reason = reason
