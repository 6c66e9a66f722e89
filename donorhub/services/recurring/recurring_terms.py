"""The terms of recurring gifts: which holds when, and the next one that takes its place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update

from donorhub.db import db
from donorhub.domain.recurring import schedule
from donorhub.models import Instalment, RecurringGift, Term
from donorhub.models.states import Period
from donorhub.money import Money

LAST_DAY: Final = 32  # how ``Term.day_of_month`` writes "the last"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How much is promised how often, counted from which day."""

    amount_minor: int
    period: Period
    every: int
    anchor_on: date


def list_terms_of_gift(gift: RecurringGift) -> Sequence[Term]:
    """Return the terms of a recurring gift, the first first."""
    return db.session.scalars(
        select(Term).where(Term.recurring_gift_id == gift.id).order_by(Term.from_on)
    ).all()


def get_term_on(gift: RecurringGift, on: date) -> Term:
    """Return the term that holds on a day; before the first, the first."""
    term: Term | None = db.session.scalar(
        select(Term)
        .where(Term.recurring_gift_id == gift.id, Term.from_on <= on)
        .order_by(Term.from_on.desc())
        .limit(1)
    )
    if term is None:
        term = db.session.scalars(
            select(Term).where(Term.recurring_gift_id == gift.id).order_by(Term.from_on).limit(1)
        ).one()
    return term


def pick_term(terms: Sequence[Term], on: date) -> Term:
    """Return the term that holds on a day among all of a recurring gift; before the first, the first."""
    return next((term for term in reversed(terms) if term.from_on <= on), terms[0])


def list_terms(recurring_gift_ids: Collection[int]) -> dict[int, list[Term]]:
    """Return the terms of recurring gifts, the first of each first, by the id of the gift."""
    terms: dict[int, list[Term]] = {id_: [] for id_ in recurring_gift_ids}
    rows = db.session.scalars(
        select(Term)
        .where(Term.recurring_gift_id.in_(recurring_gift_ids))
        .order_by(Term.recurring_gift_id, Term.from_on)
    )
    for row in rows:
        terms[row.recurring_gift_id].append(row)
    return terms


def is_pause_over(gift: RecurringGift, on: date) -> bool:
    """Return whether no pause holds on a day or is still to come."""
    pause_id = db.session.scalar(
        select(Term.id)
        .where(Term.recurring_gift_id == gift.id, Term.is_pause, or_(Term.to_on.is_(None), Term.to_on >= on))
        .limit(1)
    )
    return pause_id is None


def list_plain_terms(gift: RecurringGift) -> list[schedule.Term]:
    """Return the terms as plain values for the schedule, the first first."""
    return [make_plain_term(row) for row in list_terms_of_gift(gift)]


def make_plain_term(row: Term) -> schedule.Term:
    """Return a term as a plain value for the schedule; raise ValueError for an impossible day or interval."""
    return schedule.Term(
        anchor_on=row.anchor_on,
        period=row.period,
        amount=Money(row.amount_minor, row.currency),
        from_on=row.from_on,
        every=row.every,
        day="last" if row.day_of_month == LAST_DAY else row.day_of_month,
        to_on=row.to_on,
        is_pause=row.is_pause,
        term_id=row.id,
    )


def make_rhythm(term: Term) -> Rhythm:
    """Return how much a term promises how often."""
    return Rhythm(term.amount_minor, term.period, term.every, term.anchor_on)


def open_next_term(
    gift: RecurringGift, before: Term, rhythm: Rhythm, *, from_on: date, is_pause: bool
) -> Term:
    """Close a term the day before and return the next one; a term that begins the same day is overwritten.

    Instalments from that day on that nobody has paid or tried are skipped.
    """
    db.session.execute(
        update(Instalment)
        .where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.nominal_on >= from_on,
            Instalment.state == "expected",
            Instalment.source_ref.is_(None),
        )
        .values(state="skipped", state_reason="term_changed")
    )
    later_from_on = db.session.scalar(
        select(func.min(Term.from_on)).where(Term.recurring_gift_id == gift.id, Term.from_on > from_on)
    )
    if before.from_on >= from_on:
        term = before
    else:
        before.to_on = from_on - timedelta(days=1)
        term = Term(
            recurring_gift_id=gift.id,
            currency=gift.currency,
            from_on=from_on,
            day_of_month=before.day_of_month,
        )
        db.session.add(term)
    term.amount_minor, term.anchor_on, term.is_pause = rhythm.amount_minor, rhythm.anchor_on, is_pause
    term.period, term.every = rhythm.period, rhythm.every
    term.to_on = later_from_on - timedelta(days=1) if later_from_on else None
    gift.version += 1
    db.session.flush()  # the next reader asks the database for the terms
    return term


def change_later_terms(gift: RecurringGift, term: Term, after: date, rhythm: Rhythm) -> None:
    """Give later terms that only go on with ``term``, such as the one after a pause, the new rhythm."""
    db.session.execute(
        update(Term)
        .where(
            Term.recurring_gift_id == gift.id,
            Term.from_on > after,
            Term.amount_minor == term.amount_minor,
            Term.period == term.period,
            Term.every == term.every,
        )
        .values(
            amount_minor=rhythm.amount_minor,
            period=rhythm.period,
            every=rhythm.every,
            anchor_on=rhythm.anchor_on,
        )
    )
