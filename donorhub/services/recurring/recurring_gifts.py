"""Recurring gifts: starting, changing, pausing and closing the promise. What is paid of it is
:mod:`donorhub.services.recurring.instalments`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, select, update
from sqlalchemy.orm import selectinload

from donorhub.db import db, insert_or_ignore
from donorhub.domain.recurring.recurring_states import RecurringStep, next_recurring_state
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Campaign, Fund, Instalment, RecurringGift, RecurringGiftChange, Term
from donorhub.models.states import (
    ChargedBy,
    EventKind,
    Period,
    RecurringChange,
    RecurringKind,
    RecurringOrigin,
    RecurringState,
)
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.paging import if_given
from donorhub.services.recurring import recurring_terms
from donorhub.services.work import events

_EVENTS: Final[dict[RecurringChange, EventKind]] = {
    "started": "recurring_gift.started",
    "amount": "recurring_gift.amount",
    "paused": "recurring_gift.paused",
    "resumed": "recurring_gift.resumed",
    "closed": "recurring_gift.closed",
}
# Who starts each payment, where nobody says otherwise: the donor in their bank, we in ours, a provider.
CHARGED_BY: Final[Mapping[RecurringKind, ChargedBy]] = {
    "standing_order": "none",
    "direct_debit": "us",
    "provider": "provider",
    "pledge": "none",
}


def start(  # noqa: PLR0913  each names a column
    donor_id: int,
    amount: Money,
    *,
    kind: RecurringKind,
    start_on: date,
    source: str,
    source_ref: str,
    now: datetime,
    actor: str,
    charged_by: ChargedBy | None = None,
    period: Period = "M",
    every: int = 1,
    day_of_month: int | None = None,
    ends_on: date | None = None,
    instalments_total: int | None = None,
    campaign_id: int | None = None,
    fund_id: int | None = None,
    payer_iban: str = "",
    state: RecurringState = "active",
    origin: RecurringOrigin = "declared",
    is_test: bool = False,
) -> tuple[RecurringGift, bool]:
    """Record a promise with its first term; return it and whether it is new. The same source and ref
    again return the first row."""
    known = find(source, source_ref)
    if known is not None:
        return known, False
    if amount.minor <= 0:
        raise Rejected("a recurring gift is more than nothing", field="/amount")
    donor = donors.find_survivor(donor_id)
    if donor is None:
        raise NotFound(f"there is no donor {donor_id}", field="/donor_id")
    _refuse_unknown_purpose(Fund, fund_id)
    _refuse_unknown_purpose(Campaign, campaign_id)
    gift = RecurringGift(
        donor_id=donor.id,
        kind=kind,
        charged_by=charged_by or CHARGED_BY[kind],
        state=state,
        currency=amount.currency,
        start_on=start_on,
        source=source,
        source_ref=source_ref,
        created_at=now,
        ends_on=ends_on,
        origin=origin,
        instalments_total=instalments_total,
        campaign_id=campaign_id,
        fund_id=fund_id,
        payer_iban=payer_iban,
        is_test=is_test,
    )
    db.session.add(gift)
    db.session.flush()  # the term needs its id
    term = Term(
        recurring_gift_id=gift.id,
        amount_minor=amount.minor,
        currency=amount.currency,
        period=period,
        every=every,
        day_of_month=day_of_month,
        anchor_on=start_on,
        from_on=start_on,
    )
    _refuse_impossible(term)
    db.session.add(term)
    _note_change(gift, "started", key="started", after=str(amount), effective_at=now, now=now, actor=actor)
    return gift, True


def _refuse_unknown_purpose(kind: type[Fund | Campaign], id_: int | None) -> None:
    if id_ is not None and db.session.get(kind, id_) is None:
        raise Rejected(f"there is no {kind.__tablename__} {id_}", field=f"/{kind.__tablename__}_id")


def change_amount(
    gift: RecurringGift,
    amount: Money,
    *,
    from_on: date,
    now: datetime,
    actor: str,
    key: str | None = None,
    period: Period | None = None,
    every: int | None = None,
) -> bool:
    """Promise another amount or interval from a day on: closes the term and opens the next. False when
    nothing differs. Instalments from that day on that nobody has paid or tried follow the new term.

    A pause stays one, and what goes on after a planned one goes on with the new amount.
    """
    _refuse_closed(gift)
    if amount.currency != gift.currency:
        raise Rejected(
            f"this recurring gift is in {gift.currency}",
            code="currency_differs",
            field="/amount/currency",
            currency=gift.currency,
        )
    term = recurring_terms.current_term(gift, from_on)
    period, every = period or term.period, every or term.every
    keeps_rhythm = (period, every) == (term.period, term.every)
    if keeps_rhythm and amount.minor == term.amount_minor:
        return False
    before = str(Money(term.amount_minor, term.currency))
    rhythm = recurring_terms.Rhythm(
        amount.minor, period, every, anchor_on=term.anchor_on if keeps_rhythm else from_on
    )
    recurring_terms.change_later_terms(gift, term, from_on, rhythm)
    recurring_terms.open_next_term(gift, term, rhythm, from_on=from_on, is_pause=term.is_pause)
    _note_change(
        gift,
        "amount",
        key=key or f"amount:{from_on}:{amount.minor}",
        before=before,
        after=str(amount),
        effective_at=now,
        now=now,
        actor=actor,
    )
    return True


def pause(
    gift: RecurringGift,
    *,
    from_on: date,
    until: date | None,
    now: datetime,
    actor: str,
    reason: str = "",
    key: str | None = None,
) -> bool:
    """Expect nothing from a day on, until another or until resumed. Paused already: nothing changes."""
    if gift.state == "paused":
        return False
    if until is not None and until <= from_on:
        raise Rejected("a pause ends after it begins", field="/until")
    term = recurring_terms.current_term(gift, from_on)
    step(gift, "pause", reason=reason)
    rhythm = recurring_terms.read_rhythm(term)
    pause_term = recurring_terms.open_next_term(gift, term, rhythm, from_on=from_on, is_pause=True)
    pause_term.reason = reason
    if until is not None:
        recurring_terms.open_next_term(gift, pause_term, rhythm, from_on=until, is_pause=False)
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
    term = recurring_terms.current_term(gift, from_on)
    step(gift, "resume")
    if term.is_pause:
        recurring_terms.open_next_term(
            gift, term, recurring_terms.read_rhythm(term), from_on=from_on, is_pause=False
        )
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
            code="recurring_gift_state",
            state=gift.state,
        )
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


def choose(
    *, donor_id: int | None = None, state: RecurringState | None = None, kind: RecurringKind | None = None
) -> Select[RecurringGift]:
    """Return a query for the recurring gifts that fit all that is given, terms with them."""
    return (
        select(RecurringGift)
        .where(
            *if_given(RecurringGift.donor_id, donor_id),
            *if_given(RecurringGift.state, state),
            *if_given(RecurringGift.kind, kind),
        )
        .options(selectinload(RecurringGift.terms))
    )


def refuse_providers(gift: RecurringGift) -> None:
    """What a provider collects is changed there: its next event would undo a change of ours."""
    if gift.origin == "provider":
        raise Rejected(
            f"recurring gift {gift.id} is run by {gift.source}: change it there", code="run_by_provider"
        )


def _note_change(
    gift: RecurringGift,
    what: RecurringChange,
    *,
    key: str,
    effective_at: datetime,
    now: datetime,
    actor: str,
    before: str = "",
    after: str = "",
) -> None:
    new = db.session.execute(
        insert_or_ignore(
            RecurringGiftChange,
            on=(
                RecurringGiftChange.recurring_gift_id,
                RecurringGiftChange.key,
            ),
        )
        .values(
            recurring_gift_id=gift.id,
            key=key,
            what=what,
            before=before,
            after=after,
            effective_at=effective_at,
            recorded_at=now,
        )
        .returning(RecurringGiftChange.id)
    ).scalar_one_or_none()
    if new is None:
        return
    events.tell(
        _EVENTS[what],
        ("recurring_gift", gift.id),
        occurred_at=effective_at,
        now=now,
        donor_id=gift.donor_id,
        data={"before": before, "after": after},
    )
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
        recurring_terms.plain_term(term)
    except ValueError as e:
        raise Rejected(str(e), field="/day_of_month") from e
