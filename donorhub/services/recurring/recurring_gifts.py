"""Recurring gifts: the promise starts, changes, pauses and closes.

What is paid of it is :mod:`donorhub.services.recurring.instalments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from donorhub.db import db, insert_or_ignore
from donorhub.domain.recurring.recurring_states import RecurringStep, find_next_recurring_state
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
from donorhub.services.recurring import mandate_days, recurring_terms
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecurringGift:
    """A promise that is to be recorded: whose, how much and how often, and where it came from."""

    donor_id: int
    amount: Money
    kind: RecurringKind
    start_on: date
    source: str
    source_ref: str
    charged_by: ChargedBy | None = None  # None: whoever charges gifts of this kind
    period: Period = "M"
    every: int = 1
    day_of_month: int | None = None
    ends_on: date | None = None
    instalments_total: int | None = None
    campaign_id: int | None = None
    fund_id: int | None = None
    payer_iban: str = ""
    state: RecurringState = "active"
    origin: RecurringOrigin = "declared"
    is_test: bool = False


def start_recurring_gift(new: NewRecurringGift, *, now: datetime, actor: str) -> tuple[RecurringGift, bool]:
    """Record a promise with its first term; return it and whether it is new. A direct debit waits for its
    mandate.

    The same source and ref again return the first row. Raise Rejected for an amount of zero, an unknown
    fund or campaign, or an impossible day or interval, NotFound for an unknown donor.
    """
    earlier_gift = find_recurring_gift(new.source, new.source_ref)
    if earlier_gift is not None:
        return earlier_gift, False
    if new.amount.minor <= 0:
        raise Rejected("a recurring gift is more than nothing", field="/amount")
    donor = donors.find_survivor(new.donor_id)
    if donor is None:
        raise NotFound(f"there is no donor {new.donor_id}", field="/donor_id")
    _refuse_unknown_purpose(Fund, new.fund_id)
    _refuse_unknown_purpose(Campaign, new.campaign_id)
    is_debit = new.kind == "direct_debit"
    gift = RecurringGift(
        donor_id=donor.id,
        kind=new.kind,
        charged_by=new.charged_by or CHARGED_BY[new.kind],
        state="pending" if is_debit else new.state,
        state_reason=mandate_days.NO_MANDATE if is_debit else "",
        currency=new.amount.currency,
        start_on=new.start_on,
        source=new.source,
        source_ref=new.source_ref,
        created_at=now,
        ends_on=new.ends_on,
        origin=new.origin,
        instalments_total=new.instalments_total,
        campaign_id=new.campaign_id,
        fund_id=new.fund_id,
        payer_iban=new.payer_iban,
        is_test=new.is_test,
    )
    db.session.add(gift)
    db.session.flush()  # the term needs its id
    _add_first_term(gift, new)
    record_change(
        gift, "started", key="started", after=str(new.amount), effective_at=now, now=now, actor=actor
    )
    return gift, True


def _add_first_term(gift: RecurringGift, new: NewRecurringGift) -> None:
    term = Term(
        recurring_gift_id=gift.id,
        amount_minor=new.amount.minor,
        currency=new.amount.currency,
        period=new.period,
        every=new.every,
        day_of_month=new.day_of_month,
        anchor_on=new.start_on,
        from_on=new.start_on,
    )
    _refuse_impossible_term(term)
    db.session.add(term)


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
    """Promise another amount or interval from a day on: close the term and open the next.

    Return False when nothing differs. Instalments from that day on that nobody has paid or tried follow
    the new term. A pause stays one, and what goes on after a planned one goes on with the new amount.
    Raise Conflict when the recurring gift is closed, Rejected for another currency.
    """
    _refuse_if_closed(gift)
    if amount.currency != gift.currency:
        raise Rejected(
            f"this recurring gift is in {gift.currency}",
            code="currency_differs",
            field="/amount/currency",
            currency=gift.currency,
        )
    term = recurring_terms.get_term_on(gift, from_on)
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
    record_change(
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


def pause_recurring_gift(
    gift: RecurringGift,
    *,
    from_on: date,
    until: date | None,
    now: datetime,
    actor: str,
    reason: str = "",
    key: str | None = None,
) -> bool:
    """Expect nothing from a day on, until another day or until resumed; the state follows on that day.

    A pause that is still to come gives way to the new one. Return False when it is paused already. Raise
    Rejected for a pause that ends before it begins.
    """
    if gift.state == "paused":
        return False
    if until is not None and until <= from_on:
        raise Rejected("a pause ends after it begins", field="/until")
    if not is_step_allowed(gift, "pause") or from_on <= organisation.get_day(now):
        change_state(gift, "pause", reason=reason)
    planned_pause = recurring_terms.find_planned_pause(gift, organisation.get_day(now))
    if planned_pause is not None:
        recurring_terms.take_back_pause(gift, planned_pause)
    recurring_terms.open_pause(gift, from_on=from_on, until=until, reason=reason)
    record_change(
        gift,
        "paused",
        key=key or f"paused:{from_on}",
        after=str(until or ""),
        effective_at=now,
        now=now,
        actor=actor,
    )
    return True


def resume_recurring_gift(
    gift: RecurringGift, *, from_on: date, now: datetime, actor: str, key: str | None = None
) -> bool:
    """Expect instalments again from a day on, and take back a pause to come; return False without one."""
    planned_pause = recurring_terms.find_planned_pause(gift, organisation.get_day(now))
    if planned_pause is not None:
        recurring_terms.take_back_pause(gift, planned_pause)
    if gift.state != "paused":
        if planned_pause is not None:
            record_change(
                gift,
                "resumed",
                key=key or f"pause_taken_back:{planned_pause.id}:{now.timestamp()}",
                effective_at=now,
                now=now,
                actor=actor,
            )
        return planned_pause is not None
    term = recurring_terms.get_term_on(gift, from_on)
    change_state(gift, "resume")
    if term.is_pause:
        recurring_terms.open_next_term(
            gift, term, recurring_terms.make_rhythm(term), from_on=from_on, is_pause=False
        )
    record_change(gift, "resumed", key=key or f"resumed:{from_on}", effective_at=now, now=now, actor=actor)
    return True


def close_recurring_gift(
    gift: RecurringGift,
    *,
    reason: str,
    now: datetime,
    actor: str,
    on: date | None = None,
    effective_at: datetime | None = None,
) -> bool:
    """End the promise with a reason; return False when it is closed already. Instalments that are not due
    yet are owed no more; ``effective_at`` is when it ended, if that is no news.
    """
    if gift.state == "closed":
        return False
    day = on or organisation.get_day(now)
    change_state(gift, "close", reason=reason)
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
    at = effective_at or now
    record_change(gift, "closed", key="closed", after=reason, effective_at=at, now=now, actor=actor)
    return True


def reopen_recurring_gift(gift: RecurringGift, *, from_on: date, now: datetime, actor: str) -> None:
    """Let a promise that has ended go on from a day: by a term, and nothing is owed from between."""
    ended_on = gift.ends_on or from_on - timedelta(days=1)
    change_state(gift, "reopen")
    gift.ends_on, gift.closed_at = None, None
    recurring_terms.open_break(gift, after_on=ended_on, until=from_on)
    record_change(gift, "resumed", key=f"resumed:{from_on}", effective_at=now, now=now, actor=actor)


def change_state(gift: RecurringGift, word: RecurringStep, *, reason: str = "") -> bool:
    """Take one step of the table of states; return whether the state differs now.

    A direct debit without an active mandate goes on waiting for one. Raise Conflict when the step is not
    allowed from here.
    """
    after = find_next_recurring_state(gift.state, word)
    if after is None:
        raise Conflict(
            f"recurring gift {gift.id} is {gift.state}: it cannot {word} now",
            code="recurring_gift_state",
            state=gift.state,
        )
    if after == "active" and mandate_days.lacks_mandate(gift):
        after, reason = "pending" if gift.state == "pending" else "failing", gift.state_reason
    is_new_state = after != gift.state
    gift.state = after
    if is_new_state:
        gift.state_reason = reason
    return is_new_state


def is_step_allowed(gift: RecurringGift, word: RecurringStep) -> bool:
    """Return whether the table of states allows a step from here."""
    return find_next_recurring_state(gift.state, word) is not None


def find_recurring_gift(source: str, source_ref: str) -> RecurringGift | None:
    """Return the recurring gift that a source knows by a ref; None where there is none."""
    return db.session.scalar(select(RecurringGift).filter_by(source=source, source_ref=source_ref))


def get_recurring_gift(recurring_gift_id: int) -> RecurringGift:
    """Return the recurring gift; raise NotFound where there is none."""
    gift = db.session.get(RecurringGift, recurring_gift_id)
    if gift is None:
        raise NotFound(f"there is no recurring gift {recurring_gift_id}")
    return gift


def refuse_gift_of_provider(gift: RecurringGift) -> None:
    """Raise Rejected for what a provider collects: its next event would undo a change of ours."""
    if gift.origin == "provider":
        raise Rejected(
            f"recurring gift {gift.id} is run by {gift.source}: change it there", code="run_by_provider"
        )


def record_change(
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
    """Record a change once for its key, with its event and audit; what is older than news is history."""
    change_id = db.session.execute(
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
    if change_id is None:
        return
    events.record_event(
        _EVENTS[what],
        ("recurring_gift", gift.id),
        occurred_at=effective_at,
        now=now,
        donor_id=gift.donor_id,
        data={"before": before, "after": after},
    )
    subject, kind = ("recurring_gift", gift.id), f"recurring_gift.{what}"
    if what == "closed":  # the reason is what somebody typed, and may tell of the donor
        changes, names = {"reason": (before, after)}, ("reason",)
        audit.record_change(actor, kind, subject, changes, now=now, personal=names, donor_id=gift.donor_id)
        return
    audit.record_action(actor, kind, subject, now=now, data={"before": before, "after": after})


def _refuse_if_closed(gift: RecurringGift) -> None:
    if gift.state == "closed":
        raise Conflict(f"recurring gift {gift.id} is closed: start a new one", code="recurring_gift_closed")


def _refuse_impossible_term(term: Term) -> None:
    try:
        recurring_terms.make_plain_term(term)
    except ValueError as e:
        raise Rejected(str(e), field="/day_of_month") from e
