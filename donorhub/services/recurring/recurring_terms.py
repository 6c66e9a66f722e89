"""The terms of recurring gifts: which holds when, and the next one that takes its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update

from donorhub.db import db
from donorhub.domain.recurring import schedule
from donorhub.models import Instalment, RecurringGift, Term
from donorhub.models.states import EXPECTING_PROMISES, FREED_INSTALMENTS, Period
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


def find_paused_ids(on: date) -> set[int]:
    """Return the recurring gifts whose calendar has a pause on a day."""
    return set(
        db.session.scalars(
            select(Term.recurring_gift_id).where(
                Term.is_pause, Term.from_on <= on, or_(Term.to_on.is_(None), Term.to_on >= on)
            )
        )
    )


def find_planned_pause(gift: RecurringGift, today: date) -> Term | None:
    """Return the first pause of a recurring gift that is still to come, if any."""
    return db.session.scalar(
        select(Term)
        .where(Term.recurring_gift_id == gift.id, Term.is_pause, Term.from_on > today)
        .order_by(Term.from_on)
        .limit(1)
    )


def open_pause(gift: RecurringGift, *, from_on: date, until: date | None, reason: str) -> None:
    """Write a pause into the calendar, over whatever terms there are; after it goes on what held then."""
    after = make_rhythm(get_term_on(gift, until)) if until is not None else None
    term = get_term_on(gift, from_on)
    pause = open_next_term(gift, term, make_rhythm(term), from_on=from_on, is_pause=True)
    pause.reason = reason
    covered_terms = [
        t for t in list_terms_of_gift(gift) if t.from_on > from_on and (not until or t.from_on < until)
    ]
    for later in covered_terms:
        later.is_pause, later.reason = True, reason
    if until is not None and after is not None:
        db.session.flush()
        before = get_term_on(gift, until)
        open_next_term(gift, before, after, from_on=until, is_pause=False)


def open_break(gift: RecurringGift, *, after_on: date, until: date) -> None:
    """Promise nothing between the end of a recurring gift and the day from which it goes on as it ended."""
    last = list_terms_of_gift(gift)[-1]
    rhythm, from_on = make_rhythm(last), after_on + timedelta(days=1)
    if last.from_on < from_on < until:
        last = open_next_term(gift, last, rhythm, from_on=from_on, is_pause=True)
        last.reason = "closed"
    open_next_term(gift, last, rhythm, from_on=until, is_pause=False)
    db.session.execute(
        update(Instalment)
        .where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.nominal_on >= until,
            Instalment.state.in_(FREED_INSTALMENTS),
            Instalment.state_reason == "closed",
        )
        .values(state="skipped", state_reason="term_changed", missed_at=None)
    )


def take_back_pause(gift: RecurringGift, pause: Term) -> None:
    """Let a pause that has not begun promise again what was promised before it."""
    for term in list_terms_of_gift(gift):
        if term.from_on < pause.from_on:
            continue
        if not term.is_pause:
            break
        term.is_pause, term.reason = False, ""
    gift.version += 1
    db.session.flush()


def list_plain_terms(gift: RecurringGift) -> list[schedule.Term]:
    """Return the terms as plain values for the schedule, the first first."""
    return [make_plain_term(row) for row in list_terms_of_gift(gift)]


def list_plain_terms_of_expecting() -> dict[int, list[schedule.Term]]:
    """Return the terms of all recurring gifts that expect something and whose calendar is ours, by the id of
    the gift.
    """
    terms: dict[int, list[schedule.Term]] = defaultdict(list)
    gift_ids = select(RecurringGift.id).where(
        RecurringGift.origin != "provider", RecurringGift.state.in_(EXPECTING_PROMISES)
    )
    for row in db.session.scalars(
        select(Term)
        .where(Term.recurring_gift_id.in_(gift_ids))
        .order_by(Term.recurring_gift_id, Term.from_on)
    ):
        terms[row.recurring_gift_id].append(make_plain_term(row))
    return terms


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
        .values(state="skipped", state_reason="pause" if is_pause else "term_changed")
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
