"""Recurring gifts: starting, changing, pausing and closing the promise. What is paid of it is
:mod:`donorhub.services.recurring.instalments`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import selectinload

from donorhub.db import db, insert_or_ignore
from donorhub.domain.recurring import schedule
from donorhub.domain.recurring.recurring_states import RecurringStep, next_recurring_state
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Campaign, Fund, Instalment, RecurringGift, RecurringGiftChange, Term
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.work import events

LAST_DAY = 32  # how ``Term.day_of_month`` writes "the last"


def start(
    donor_id: int,
    amount: Money,
    *,
    kind: str,
    start_on: date,
    source: str,
    source_ref: str,
    now: datetime,
    actor: str,
    period: str = "M",
    every: int = 1,
    day_of_month: int | None = None,
    state: str = "active",
    **rest: Any,
) -> tuple[RecurringGift, bool]:
    """Record a promise with its first term; tell whether it is new. The same source and ref again
    give the first row back. ``rest`` are further columns: origin, ends_on, fund_id, payer_iban …"""
    known = find(source, source_ref)
    if known is not None:
        return known, False
    if amount.minor <= 0:
        raise Rejected("a recurring gift is more than nothing", field="/amount")
    donor = donors.find_survivor(donor_id)
    if donor is None:
        raise NotFound(f"there is no donor {donor_id}", field="/donor_id")
    _refuse_unknown_purpose(rest)
    gift = RecurringGift(
        donor_id=donor.id, kind=kind, state=state, currency=amount.currency, start_on=start_on,
        source=source, source_ref=source_ref, created_at=now, **rest,
    )  # fmt: skip
    db.session.add(gift)
    db.session.flush()  # the term needs its id
    term = Term(
        recurring_gift_id=gift.id, amount_minor=amount.minor, currency=amount.currency, period=period,
        every=every, day_of_month=day_of_month, anchor_on=start_on, from_on=start_on,
    )  # fmt: skip
    _refuse_impossible(term)
    db.session.add(term)
    _note_change(gift, "started", key="started", after=str(amount), effective_at=now, now=now, actor=actor)
    return gift, True


def _refuse_unknown_purpose(columns: Mapping[str, Any]) -> None:
    for column, kind in (("fund_id", Fund), ("campaign_id", Campaign)):
        id_ = columns.get(column)
        if id_ is not None and db.session.get(kind, id_) is None:
            raise Rejected(f"there is no {kind.__tablename__} {id_}", field=f"/{column}")


def change_amount(
    gift: RecurringGift, amount: Money, *, from_on: date, now: datetime, actor: str, key: str | None = None,
    period: str | None = None, every: int | None = None,
) -> bool:  # fmt: skip
    """Promise another amount or interval from a day on: closes the term and opens the next. False when
    nothing differs. Instalments from that day on that nobody has paid or tried follow the new term.

    A pause stays one, and what goes on after a planned one goes on with the new amount.
    """
    _refuse_closed(gift)
    if amount.currency != gift.currency:
        raise Rejected(
            f"this recurring gift is in {gift.currency}",
            code="currency_differs", field="/amount/currency", currency=gift.currency,
        )  # fmt: skip
    term = current_term(gift, from_on)
    wanted = (amount.minor, period or term.period, every or term.every)
    if wanted == (term.amount_minor, term.period, term.every):
        return False
    before = str(Money(term.amount_minor, term.currency))
    keeps_rhythm = wanted[1:] == (term.period, term.every)
    columns: dict[str, Any] = {
        "amount_minor": amount.minor, "period": wanted[1], "every": wanted[2],
        "anchor_on": term.anchor_on if keeps_rhythm else from_on,
    }  # fmt: skip
    _carry_on(gift, term, from_on, columns)
    _open_term(gift, term, from_on=from_on, is_pause=term.is_pause, **columns)
    _note_change(
        gift, "amount", key=key or f"amount:{from_on}:{amount.minor}", before=before, after=str(amount),
        effective_at=now, now=now, actor=actor,
    )  # fmt: skip
    return True


def pause(
    gift: RecurringGift, *, from_on: date, until: date | None, now: datetime, actor: str, reason: str = "",
    key: str | None = None,
) -> bool:  # fmt: skip
    """Expect nothing from a day on, until another or until resumed. Paused already: nothing changes."""
    if gift.state == "paused":
        return False
    if until is not None and until <= from_on:
        raise Rejected("a pause ends after it begins", field="/until")
    term = current_term(gift, from_on)
    step(gift, "pause", reason=reason)
    pause_term = _open_term(
        gift, term, from_on=from_on, amount_minor=term.amount_minor, period=term.period, every=term.every,
        anchor_on=term.anchor_on, is_pause=True, reason=reason,
    )  # fmt: skip
    if until is not None:
        _open_term(
            gift, pause_term, from_on=until, amount_minor=term.amount_minor, period=term.period,
            every=term.every, anchor_on=term.anchor_on, is_pause=False,
        )  # fmt: skip
    _note_change(
        gift,
        "paused",
        key=key or f"paused:{from_on}",
        after=str(until or ""),
        effective_at=now,
        now=now,
        actor=actor,
    )
    return True


def resume(gift: RecurringGift, *, from_on: date, now: datetime, actor: str, key: str | None = None) -> bool:
    """Expect instalments again from a day on. Not paused: nothing changes."""
    if gift.state != "paused":
        return False
    term = current_term(gift, from_on)
    step(gift, "resume")
    if term.is_pause:
        _open_term(
            gift, term, from_on=from_on, amount_minor=term.amount_minor, period=term.period,
            every=term.every, anchor_on=term.anchor_on, is_pause=False,
        )  # fmt: skip
    _note_change(gift, "resumed", key=key or f"resumed:{from_on}", effective_at=now, now=now, actor=actor)
    return True


def close(gift: RecurringGift, *, reason: str, now: datetime, actor: str, on: date | None = None) -> bool:
    """End the promise with a reason. Instalments that are not due yet are owed no more. Closed: no change."""
    if gift.state == "closed":
        return False
    day = on or organisation.get_day(now)
    step(gift, "close", reason=reason)
    gift.ends_on, gift.closed_at = day, now
    db.session.execute(
        update(Instalment)
        .where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.due_on > day,
            Instalment.state == "expected",
        )
        .values(state="skipped", state_reason="closed")
    )
    _note_change(gift, "closed", key="closed", after=reason, effective_at=now, now=now, actor=actor)
    return True


def step(gift: RecurringGift, word: RecurringStep, *, reason: str = "") -> bool:
    """Let the state follow its table; Conflict when this step is not allowed from here."""
    after = next_recurring_state(gift.state, word)
    if after is None:
        raise Conflict(
            f"recurring gift {gift.id} is {gift.state}: it cannot {word} now",
            code="recurring_gift_state", state=gift.state,
        )  # fmt: skip
    changed = after != gift.state
    gift.state = after
    if changed:
        gift.state_reason = reason
    return changed


def may(gift: RecurringGift, word: RecurringStep) -> bool:
    return next_recurring_state(gift.state, word) is not None


def find(source: str, source_ref: str) -> RecurringGift | None:
    return db.session.scalar(select(RecurringGift).filter_by(source=source, source_ref=source_ref))


def get_recurring_gift(recurring_gift_id: int) -> RecurringGift:
    gift = db.session.get(RecurringGift, recurring_gift_id)
    if gift is None:
        raise NotFound(f"there is no recurring gift {recurring_gift_id}")
    return gift


def choose(**equal: Any) -> Select[RecurringGift]:
    """A query for the recurring gifts whose columns are as given, terms with them."""
    return select(RecurringGift).filter_by(**equal).options(selectinload(RecurringGift.terms))


def refuse_providers(gift: RecurringGift) -> None:
    """What a provider collects is changed there: its next event would undo a change of ours."""
    if gift.origin == "provider":
        raise Rejected(
            f"recurring gift {gift.id} is run by {gift.source}: change it there", code="run_by_provider"
        )


def rows_of_terms(gift: RecurringGift) -> Sequence[Term]:
    """The terms, the first first."""
    return db.session.scalars(
        select(Term).where(Term.recurring_gift_id == gift.id).order_by(Term.from_on)
    ).all()


def current_term(gift: RecurringGift, on: date) -> Term:
    """The term that holds on a day; before the first, the first."""
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


def is_pause_over(gift: RecurringGift, on: date) -> bool:
    """Whether no pause holds on a day or is still to come."""
    ahead = db.session.scalar(
        select(Term.id)
        .where(Term.recurring_gift_id == gift.id, Term.is_pause, or_(Term.to_on.is_(None), Term.to_on >= on))
        .limit(1)
    )
    return ahead is None


def terms_of(gift: RecurringGift) -> list[schedule.Term]:
    """The terms as plain values for the schedule."""
    return [plain_term(row) for row in rows_of_terms(gift)]


def plain_term(row: Term) -> schedule.Term:
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


def _open_term(gift: RecurringGift, before: Term, *, from_on: date, **columns: Any) -> Term:
    """Close a term the day before and open the next; one that begins the same day is overwritten."""
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
    later = db.session.scalar(
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
    for name, value in columns.items():
        setattr(term, name, value)
    term.to_on = later - timedelta(days=1) if later else None
    gift.version += 1
    db.session.flush()  # the next reader asks the database for the terms
    return term


def _carry_on(gift: RecurringGift, term: Term, after: date, columns: Mapping[str, Any]) -> None:
    """Give later terms that only go on with ``term``, such as the one after a pause, its new columns."""
    db.session.execute(
        update(Term)
        .where(
            Term.recurring_gift_id == gift.id,
            Term.from_on > after,
            Term.amount_minor == term.amount_minor,
            Term.period == term.period,
            Term.every == term.every,
        )
        .values(**columns)
    )


def _note_change(
    gift: RecurringGift, what: str, *, key: str, effective_at: datetime, now: datetime, actor: str,
    before: str = "", after: str = "",
) -> None:  # fmt: skip
    new = db.session.execute(
        insert_or_ignore(RecurringGiftChange, on=("recurring_gift_id", "key"))
        .values(
            recurring_gift_id=gift.id, key=key, what=what, before=before, after=after,
            effective_at=effective_at, recorded_at=now,
        )
        .returning(RecurringGiftChange.id)
    ).scalar_one_or_none()  # fmt: skip
    if new is None:
        return
    events.tell(
        f"recurring_gift.{what}", ("recurring_gift", gift.id), occurred_at=effective_at, now=now,
        donor_id=gift.donor_id, data={"before": before, "after": after},
    )  # fmt: skip
    audit.record(
        actor,
        f"recurring_gift.{what}",
        ("recurring_gift", gift.id),
        now=now,
        data={"before": before, "after": after},
    )


def _refuse_closed(gift: RecurringGift) -> None:
    if gift.state == "closed":
        raise Conflict(f"recurring gift {gift.id} is closed: start a new one", code="recurring_gift_closed")


def _refuse_impossible(term: Term) -> None:
    try:
        plain_term(term)
    except ValueError as e:
        raise Rejected(str(e), field="/day_of_month") from e
