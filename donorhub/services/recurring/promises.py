"""Recurring gifts as people look at them: lists, the term of today, what is expected and what is late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from donorhub.db import db
from donorhub.models import Allocation, Donor, Gift, Instalment, RecurringGift, Term
from donorhub.models.states import UNPAID_INSTALMENTS, InstalmentState, RecurringState
from donorhub.services.paging import LIMIT, AnyRow, Page, newest_first, oldest_first, rows_newest_first

_SHOWN: Final = select(
    RecurringGift.id,
    RecurringGift.donor_id,
    Donor.name.label("donor_name"),
    RecurringGift.kind,
    RecurringGift.state,
    RecurringGift.start_on,
).join(Donor, Donor.id == RecurringGift.donor_id)


def list_recurring_gifts(
    *,
    states: Sequence[RecurringState] = (),
    donor_id: int | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[RecurringGift]:
    """Recurring gifts with their terms, the newest first."""
    query = select(RecurringGift).options(
        selectinload(RecurringGift.donor), selectinload(RecurringGift.terms)
    )
    if states:
        query = query.where(RecurringGift.state.in_(states))
    if donor_id:
        query = query.where(RecurringGift.donor_id == donor_id)
    return newest_first(query, [RecurringGift.id], after=after, limit=limit)


def list_recurring_gift_rows(
    *,
    states: Sequence[RecurringState] = (),
    donor_id: int | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AnyRow]:
    """List what a list shows of recurring gifts, with their donors' names, the newest first."""
    query = _SHOWN
    if states:
        query = query.where(RecurringGift.state.in_(states))
    if donor_id:
        query = query.where(RecurringGift.donor_id == donor_id)
    return rows_newest_first(query, [RecurringGift.id], after=after, limit=limit)


def terms_on(rows: Sequence[AnyRow], day: date) -> dict[int, AnyRow]:
    """Return the term of each recurring gift that holds on a day; before the first, the first."""
    terms = db.session.execute(
        select(
            Term.recurring_gift_id,
            Term.from_on,
            Term.every,
            Term.period,
            Term.day_of_month,
            Term.amount_minor,
            Term.currency,
        )
        .where(Term.recurring_gift_id.in_([row.id for row in rows]))
        .order_by(Term.from_on),
    )
    holding: dict[int, AnyRow] = {}
    for term in terms:
        if term.from_on <= day or term.recurring_gift_id not in holding:
            holding[term.recurring_gift_id] = term
    return holding


def list_late(
    *, states: Sequence[InstalmentState], after: str | None = None, limit: int = LIMIT
) -> Page[Instalment]:
    """Instalments in these states of recurring gifts that are not closed, the longest due first."""
    query = (
        select(Instalment)
        .join(RecurringGift)
        .options(selectinload(Instalment.recurring_gift).selectinload(RecurringGift.donor))
        .where(Instalment.state.in_(states), RecurringGift.state != "closed")
    )
    return oldest_first(query, [Instalment.due_on, Instalment.id], after=after, limit=limit)


def term_on(gift: RecurringGift, day: date) -> Term:
    """The term that holds on a day; before the first, the first. Reads what is loaded already."""
    begun = [term for term in gift.terms if term.from_on <= day]
    return begun[-1] if begun else gift.terms[0]


def next_instalments(recurring_gift_id: int, limit: int = 3) -> Sequence[Instalment]:
    """What waits to be paid, the first due first."""
    return db.session.scalars(
        select(Instalment)
        .where(Instalment.recurring_gift_id == recurring_gift_id, Instalment.state.in_(UNPAID_INSTALMENTS))
        .order_by(Instalment.due_on, Instalment.id)
        .limit(limit)
    ).all()


def instalments_of(recurring_gift_id: int, limit: int = 36) -> list[tuple[Instalment, list[Gift]]]:
    """The last instalments and those to come, with the gifts that settled them, the latest first."""
    rows = db.session.scalars(
        select(Instalment)
        .where(Instalment.recurring_gift_id == recurring_gift_id)
        .order_by(Instalment.nominal_on.desc())
        .limit(limit)
    ).all()
    paid: dict[int, list[Gift]] = {row.id: [] for row in rows}
    settled = db.session.execute(
        select(Allocation.instalment_id, Gift)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(Allocation.instalment_id.in_(paid))
        .order_by(Gift.received_on, Gift.id)
    )
    for instalment_id, gift in settled:
        paid[instalment_id].append(gift)
    return [(row, paid[row.id]) for row in rows]
