"""What the calendar does to recurring gifts: pauses end, what is coming is made, what is unpaid grows late.

One hourly round looks at all of them. What a gift does to an instalment is in :mod:`.instalments`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.recurring.recurring_states import (
    LapseRule,
    Windows,
    find_step_of_misses,
    find_step_of_time,
)
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


def advance_recurring_gifts(*, today: date, now: datetime, actor: str = "system:0") -> int:
    """Create what is coming and move what is overdue, for every recurring gift; return how many rows
    changed.

    On the same day a second call changes nothing.
    """
    count = 0
    promises = db.session.scalars(select(RecurringGift).where(RecurringGift.state.in_(LIVE_PROMISES))).all()
    for gift in promises:
        count += _resume_after_pause(gift, today=today, now=now, actor=actor)
    count += instalments.make_instalments_of_all(promises, today=today)
    count += _move_overdue_instalments(today=today, now=now)
    ids_behind = _find_ids_behind(today)
    for gift in promises:
        if gift.id in ids_behind:
            count += _lapse_if_unpaid(gift, today=today, now=now, actor=actor)
    return count


def _find_ids_behind(today: date) -> set[int]:
    """Return the recurring gifts with something unpaid beyond its grace: no others can lapse."""
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


def _resume_after_pause(gift: RecurringGift, *, today: date, now: datetime, actor: str) -> int:
    if gift.state != "paused" or not recurring_terms.is_pause_over(gift, today):
        return 0
    return int(recurring_gifts.resume_recurring_gift(gift, from_on=today, now=now, actor=actor))


def _move_overdue_instalments(*, today: date, now: datetime) -> int:
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
    return sum(_move_instalment(instalment, today=today, now=now) for instalment in waiting)


def _move_instalment(instalment: Instalment, *, today: date, now: datetime) -> int:
    count = 0
    while word := find_step_of_time(
        instalment.state,
        instalment.due_on,
        today,
        windows=WINDOWS,
        next_attempt_on=instalment.next_attempt_on,
    ):
        instalments.change_state(instalment, word)
        count += 1
        if word == "grace_over":
            _record_missed(instalment, now=now)
    return count


def _record_missed(instalment: Instalment, *, now: datetime) -> None:
    instalment.missed_at = instalment.missed_at or now
    gift = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    facts = {
        "amount": instalment.amount.as_text(),
        "currency": instalment.currency,
        "due_on": instalment.due_on.isoformat(),
    }
    tasks.plan_task(
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
    events.record_event(
        "instalment.missed", ("instalment", instalment.id), occurred_at=now, now=now, donor_id=gift.donor_id
    )


def _lapse_if_unpaid(gift: RecurringGift, *, today: date, now: datetime, actor: str) -> int:
    if gift.state not in EXPECTING_PROMISES:
        return 0
    term = recurring_terms.get_term_on(gift, today)
    unpaid_days = _list_unpaid_days(gift.id, today)
    word = find_step_of_misses(unpaid_days, term.period, term.every, today, rule=LAPSE, windows=WINDOWS)
    if word == "lapse" and recurring_gifts.is_step_allowed(gift, "lapse"):
        events.record_event(
            "recurring_gift.lapsed",
            ("recurring_gift", gift.id),
            occurred_at=now,
            now=now,
            donor_id=gift.donor_id,
        )
        return int(recurring_gifts.change_state(gift, "lapse", reason="missed"))
    if word == "close":
        return int(
            recurring_gifts.close_recurring_gift(gift, reason="unpaid", now=now, actor=actor, on=today)
        )
    return 0


def _list_unpaid_days(recurring_gift_id: int, today: date) -> list[date]:
    """Return the due dates of the unpaid instalments after the last paid one, oldest first."""
    rows = db.session.execute(
        select(Instalment.due_on, Instalment.state)
        .where(Instalment.recurring_gift_id == recurring_gift_id, Instalment.due_on < today)
        .order_by(Instalment.due_on.desc())
        .limit(60)
    ).all()
    unpaid_days: list[date] = []
    for due_on, state in rows:
        if state == "paid":
            break
        if state not in FREED_INSTALMENTS:
            unpaid_days.append(due_on)
    return unpaid_days[::-1]
