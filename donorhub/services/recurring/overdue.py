"""What the calendar does to recurring gifts: pauses end, what is coming is made, what is unpaid grows late.

One hourly round looks at all of them. What a gift does to an instalment is in :mod:`.instalments`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.recurring.recurring_states import LapseRule, Windows, step_of_misses, step_of_time
from donorhub.models import Instalment, RecurringGift
from donorhub.models.states import (
    AGEING_INSTALMENTS,
    EXPECTING_PROMISES,
    FREED_INSTALMENTS,
    LIVE_PROMISES,
    UNPAID_INSTALMENTS,
)
from donorhub.services.recurring import instalments, recurring_gifts, recurring_terms
from donorhub.services.work import events, tasks

WINDOWS = Windows()
LAPSE = LapseRule()


def advance_all(*, today: date, now: datetime, actor: str = "system:0") -> int:
    """Make what is coming and move what is overdue, for every recurring gift; gives how many rows moved.

    On the same day again it changes nothing.
    """
    moved = 0
    promises = db.session.scalars(select(RecurringGift).where(RecurringGift.state.in_(LIVE_PROMISES))).all()
    for gift in promises:
        moved += _resume_when_over(gift, today=today, now=now, actor=actor)
    moved += instalments.materialise_all(promises, today=today)
    moved += _move_overdue(today=today, now=now)
    behind = _behind(today)
    for gift in promises:
        if gift.id in behind:
            moved += _lapse(gift, today=today, now=now, actor=actor)
    return moved


def _behind(today: date) -> set[int]:
    """The recurring gifts with something unpaid beyond its grace: no others can lapse."""
    return set(
        db.session.scalars(
            select(Instalment.recurring_gift_id)
            .where(
                Instalment.due_on < today - timedelta(days=WINDOWS.grace),
                Instalment.state.in_(UNPAID_INSTALMENTS),
            )
            .distinct()
        )
    )


def _resume_when_over(gift: RecurringGift, *, today: date, now: datetime, actor: str) -> int:
    if gift.state != "paused" or not recurring_terms.is_pause_over(gift, today):
        return 0
    return int(recurring_gifts.resume(gift, from_on=today, now=now, actor=actor))


def _move_overdue(*, today: date, now: datetime) -> int:
    waiting = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(
            Instalment.state.in_(AGEING_INSTALMENTS),
            Instalment.due_on < today,
            RecurringGift.state.in_(EXPECTING_PROMISES),
        )
        .order_by(Instalment.id)
    ).all()
    return sum(_move(instalment, today=today, now=now) for instalment in waiting)


def _move(instalment: Instalment, *, today: date, now: datetime) -> int:
    moved = 0
    while word := step_of_time(
        instalment.state,
        instalment.due_on,
        today,
        windows=WINDOWS,
        next_attempt_on=instalment.next_attempt_on,
    ):
        instalments.step(instalment, word)
        moved += 1
        if word == "grace_over":
            _missed(instalment, now=now)
    return moved


def _missed(instalment: Instalment, *, now: datetime) -> None:
    instalment.missed_at = instalment.missed_at or now
    gift = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    facts = {
        "amount": instalment.amount.as_text(),
        "currency": instalment.currency,
        "due_on": instalment.due_on.isoformat(),
    }
    tasks.plan(
        f"missed_instalment:{instalment.id}",
        kind="missed_instalment",
        performer="person",
        role="fundraiser",
        subject=("instalment", instalment.id),
        donor_id=gift.donor_id,
        due_at=now + tasks.SOON,
        now=now,
        facts=facts,
    )
    events.tell(
        "instalment.missed", ("instalment", instalment.id), occurred_at=now, now=now, donor_id=gift.donor_id
    )


def _lapse(gift: RecurringGift, *, today: date, now: datetime, actor: str) -> int:
    if gift.state not in EXPECTING_PROMISES:
        return 0
    term = recurring_terms.current_term(gift, today)
    unpaid = _unpaid_in_a_row(gift.id, today)
    word = step_of_misses(unpaid, term.period, term.every, today, rule=LAPSE, windows=WINDOWS)
    if word == "lapse" and recurring_gifts.may(gift, "lapse"):
        events.tell(
            "recurring_gift.lapsed",
            ("recurring_gift", gift.id),
            occurred_at=now,
            now=now,
            donor_id=gift.donor_id,
        )
        return int(recurring_gifts.step(gift, "lapse", reason="missed"))
    if word == "close":
        return int(recurring_gifts.close(gift, reason="unpaid", now=now, actor=actor, on=today))
    return 0


def _unpaid_in_a_row(recurring_gift_id: int, today: date) -> list[date]:
    """Due dates of the unpaid instalments after the last paid one, oldest first."""
    rows = db.session.execute(
        select(Instalment.due_on, Instalment.state)
        .where(Instalment.recurring_gift_id == recurring_gift_id, Instalment.due_on < today)
        .order_by(Instalment.due_on.desc())
        .limit(60)
    ).all()
    unpaid: list[date] = []
    for due_on, state in rows:
        if state == "paid":
            break
        if state not in FREED_INSTALMENTS:
            unpaid.append(due_on)
    return unpaid[::-1]
