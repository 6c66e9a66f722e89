"""Recurring gifts as people look at them: lists, the term of today, what is expected and what is late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import selectinload

from donorhub.db import db
from donorhub.models import Allocation, Donor, Gift, Instalment, RecurringGift, Term
from donorhub.models.states import (
    RUNNING_PROMISES,
    UNPAID_INSTALMENTS,
    InstalmentState,
    RecurringKind,
    RecurringState,
)
from donorhub.services.paging import (
    LIMIT,
    AnyRow,
    Page,
    equals_if_given,
    newest_first,
    oldest_first,
    read_page,
    read_rows,
)
from donorhub.services.recurring import recurring_terms

# Two states out of an index of states would have to be sorted; so written, an index of those that run serves.
IS_RUNNING: Final = RecurringGift.state.in_(RUNNING_PROMISES).is_(True)
_LIST_QUERY: Final = select(
    RecurringGift.id,
    RecurringGift.donor_id,
    Donor.name.label("donor_name"),
    RecurringGift.kind,
    RecurringGift.state,
    RecurringGift.state_reason,
    RecurringGift.start_on,
    RecurringGift.found_count,
    RecurringGift.slot_count,
    RecurringGift.is_test,
).join(Donor, Donor.id == RecurringGift.donor_id)


def select_recurring_gifts(
    *, donor_id: int | None = None, state: RecurringState | None = None, kind: RecurringKind | None = None
) -> Select[RecurringGift]:
    """Return a query for the recurring gifts that fit all that is given, terms with them."""
    return (
        select(RecurringGift)
        .where(
            *equals_if_given(RecurringGift.donor_id, donor_id),
            *equals_if_given(RecurringGift.state, state),
            *equals_if_given(RecurringGift.kind, kind),
        )
        .options(selectinload(RecurringGift.terms))
    )


def list_recurring_gifts(
    *,
    states: Sequence[RecurringState] = (),
    donor_id: int | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[RecurringGift]:
    """Return recurring gifts with their terms, the newest first."""
    query = select(RecurringGift).options(
        selectinload(RecurringGift.donor), selectinload(RecurringGift.terms)
    )
    if states:
        query = query.where(RecurringGift.state.in_(states))
    if donor_id:
        query = query.where(RecurringGift.donor_id == donor_id)
    return read_page(query, newest_first(RecurringGift.id), after=after, limit=limit)


def list_recurring_gift_rows(
    *,
    states: Sequence[RecurringState] = (),
    donor_id: int | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AnyRow]:
    """Return what a list shows of recurring gifts, with their donors' names, the newest first."""
    query = _LIST_QUERY
    if states:
        query = query.where(IS_RUNNING if states == RUNNING_PROMISES else RecurringGift.state.in_(states))
    if donor_id:
        query = query.where(RecurringGift.donor_id == donor_id)
    return read_rows(query, newest_first(RecurringGift.id), after=after, limit=limit)


def find_terms_on(rows: Sequence[AnyRow], day: date) -> dict[int, AnyRow]:
    """Return the term of each recurring gift that holds on a day, by gift; before the first, the first."""
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
    terms_by_gift: dict[int, AnyRow] = {}
    for term in terms:
        if term.from_on <= day or term.recurring_gift_id not in terms_by_gift:
            terms_by_gift[term.recurring_gift_id] = term
    return terms_by_gift


def list_late_instalments(
    *conditions: ColumnElement[bool],
    states: Sequence[InstalmentState],
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[Instalment]:
    """Return the instalments in these states of recurring gifts that are not closed, the longest due
    first. ``conditions`` on recurring gifts narrow further.
    """
    query = (
        select(Instalment)
        .join(RecurringGift)
        .options(selectinload(Instalment.recurring_gift).selectinload(RecurringGift.donor))
        .where(Instalment.state.in_(states), RecurringGift.state != "closed", *conditions)
    )
    return read_page(query, oldest_first(Instalment.due_on, Instalment.id), after=after, limit=limit)


def get_term_on(gift: RecurringGift, day: date) -> Term:
    """Return the term that holds on a day; before the first, the first. It queries nothing: the terms are
    loaded.
    """
    return recurring_terms.pick_term(gift.terms, day)


def list_next_instalments(gift_ids: Sequence[int], *, limit: int = 3) -> dict[int, list[Instalment]]:
    """Return the instalments of each recurring gift that wait to be paid, so many that are due first."""
    instalments_by_gift: dict[int, list[Instalment]] = {gift_id: [] for gift_id in gift_ids}
    query = (
        select(Instalment)
        .where(Instalment.recurring_gift_id.in_(gift_ids), Instalment.state.in_(UNPAID_INSTALMENTS))
        .order_by(Instalment.due_on, Instalment.id)
    )
    for instalment in db.session.scalars(query) if gift_ids else ():
        instalments_by_gift[instalment.recurring_gift_id].append(instalment)
    return {gift_id: rows[:limit] for gift_id, rows in instalments_by_gift.items()}


def list_instalments_with_gifts(
    recurring_gift_id: int, limit: int = 36
) -> list[tuple[Instalment, list[Gift]]]:
    """Return the last instalments and those to come, each with the gifts that settled it, the latest
    first.
    """
    rows = db.session.scalars(
        select(Instalment)
        .where(Instalment.recurring_gift_id == recurring_gift_id)
        .order_by(Instalment.nominal_on.desc())
        .limit(limit)
    ).all()
    gifts_by_instalment: dict[int, list[Gift]] = {row.id: [] for row in rows}
    allocations = db.session.execute(
        select(Allocation.instalment_id, Gift)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(Allocation.instalment_id.in_(gifts_by_instalment))
        .order_by(Gift.received_on, Gift.id)
    )
    for instalment_id, gift in allocations:
        gifts_by_instalment[instalment_id].append(gift)
    return [(row, gifts_by_instalment[row.id]) for row in rows]
