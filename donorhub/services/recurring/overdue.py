"""What time does to recurring gifts: pauses end, what is coming is made, what is unpaid grows late.

One hourly round looks at all of them. What a gift does to an instalment is in :mod:`.instalments`.
That nothing came is said only of days that are known (:mod:`.known_banks`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import exists, func, or_, select

from donorhub.db import cut_query_values, db
from donorhub.domain.recurring.recurring_states import (
    LapseRule,
    Windows,
    find_closing_day,
    find_step_of_misses,
    find_step_of_time,
)
from donorhub.models import Allocation, Instalment, RecurringGift
from donorhub.models.states import (
    AGEING_INSTALMENTS,
    EXPECTING_PROMISES,
    FREED_INSTALMENTS,
    LIVE_PROMISES,
    UNPAID_INSTALMENTS,
)
from donorhub.services.access import organisation
from donorhub.services.donors import donor_roles
from donorhub.services.recurring import (
    changed_amounts,
    ended_promises,
    instalments,
    known_banks,
    recurring_gifts,
    recurring_terms,
)
from donorhub.services.recurring.known_banks import KnownBanks
from donorhub.services.work import events, tasks

WINDOWS = Windows()
LAPSE = LapseRule()
_DAY: Final = timedelta(days=1)


def advance_recurring_gifts(
    *, today: date, now: datetime, held_ids: Collection[int] = (), actor: str = "system:0"
) -> int:
    """Create what is coming and move what is overdue, for every recurring gift; return how many rows
    changed.

    ``held_ids`` are instalments that a person may find paid by what waits to be decided; they, and those
    that money of another amount came for, are neither late nor missed. On the same day a second call
    changes nothing.
    """
    count = 0
    promises = db.session.scalars(select(RecurringGift).where(RecurringGift.state.in_(LIVE_PROMISES))).all()
    paused_ids = recurring_terms.find_paused_ids(today)
    for gift in promises:
        count += _follow_pause(gift, is_paused=gift.id in paused_ids, today=today, now=now, actor=actor)
    count += instalments.make_instalments_of_all(promises, today=today)
    claimed_ids, changed_count = changed_amounts.follow_payments(today=today, now=now, actor=actor)
    held_ids, count = claimed_ids.union(held_ids), count + changed_count
    count += ended_promises.ask_about_ended(today=today, now=now, actor=actor)
    ids_behind = _find_ids_behind(today)
    banks = known_banks.read_known_banks(ids_behind, today=today, now=now)
    waiting = _list_waiting(today)
    last_rows = _list_last_instalments(ids_behind, today)
    for gift in promises:
        if gift.state not in EXPECTING_PROMISES:
            continue
        unpaid = _list_unpaid(gift, last_rows.get(gift.id, ()), banks, held_ids, today)
        closing_on = _find_closing_day(gift, banks, unpaid, today)
        last_on = min(today, closing_on) if closing_on else today
        for instalment in waiting.get(gift.id, ()):
            if instalment.id not in held_ids:
                count += _move_instalment(instalment, gift, banks, today=last_on, now=now)
        if closing_on is not None:
            recurring_gifts.close_recurring_gift(gift, reason="unpaid", now=now, actor=actor, on=closing_on)
            count += 1 + _let_go_of_rest(gift, closing_on, now=now, actor=actor)
        elif unpaid:
            count += _lapse_if_unpaid(gift, banks, unpaid, today=today, now=now)
    return count


def _find_ids_behind(today: date) -> set[int]:
    """Return the recurring gifts with something unpaid beyond its grace: no others can lapse."""
    return set(
        db.session.scalars(
            select(Instalment.recurring_gift_id)
            .join(RecurringGift)
            .where(
                Instalment.due_on < today - timedelta(days=WINDOWS.grace),
                Instalment.state.in_(UNPAID_INSTALMENTS),
                RecurringGift.state.in_(EXPECTING_PROMISES),
            )
            .distinct()
        )
    )


def _follow_pause(gift: RecurringGift, *, is_paused: bool, today: date, now: datetime, actor: str) -> int:
    """Let the state follow the calendar: a pause begins on its first day and ends after its last."""
    if is_paused and recurring_gifts.is_step_allowed(gift, "pause"):
        reason = recurring_terms.get_term_on(gift, today).reason
        return int(recurring_gifts.change_state(gift, "pause", reason=reason))
    if gift.state == "paused" and not is_paused:
        return int(recurring_gifts.resume_recurring_gift(gift, from_on=today, now=now, actor=actor))
    return 0


def _list_waiting(today: date) -> dict[int, list[Instalment]]:
    """Return the instalments that time may move, by recurring gift."""
    rows = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(
            Instalment.state.in_(AGEING_INSTALMENTS),
            Instalment.due_on < today,
            RecurringGift.state.in_(EXPECTING_PROMISES),
        )
        .order_by(Instalment.id)
    )
    waiting: dict[int, list[Instalment]] = defaultdict(list)
    for row in rows:
        waiting[row.recurring_gift_id].append(row)
    return waiting


def _move_instalment(
    instalment: Instalment, gift: RecurringGift, banks: KnownBanks, *, today: date, now: datetime
) -> int:
    count = 0
    while word := find_step_of_time(
        instalment.state,
        instalment.due_on,
        today,
        known_to=banks.find_last_day(gift, instalment, today),
        windows=WINDOWS,
        next_attempt_on=instalment.next_attempt_on,
    ):
        instalments.change_state(instalment, word)
        count += 1
        if word == "grace_over":
            _record_missed(instalment, gift, banks, now=now)
    return count


def _record_missed(instalment: Instalment, gift: RecurringGift, banks: KnownBanks, *, now: datetime) -> None:
    """Record when the grace ended, and since when it is known that nothing came until then."""
    last_on = instalment.due_on + timedelta(days=WINDOWS.grace)
    known_at = banks.find_known_at(gift, last_on, now)
    instalment.missed_at = instalment.missed_at or known_at
    if not donor_roles.is_target(gift.donor_id, today=organisation.get_day(now)):
        _plan_question(instalment, gift, now=now)
    events.record_event(
        "instalment.missed",
        ("instalment", instalment.id),
        occurred_at=organisation.get_midnight(last_on),
        now=known_at,
        donor_id=gift.donor_id,
    )


def _plan_question(instalment: Instalment, gift: RecurringGift, *, now: datetime) -> None:
    """Plan that somebody asks the donor about an instalment that did not come."""
    tasks.plan_task(
        instalments.name_missed_task(instalment),
        kind="missed_instalment",
        role="fundraiser",
        subject=("instalment", instalment.id),
        donor_id=gift.donor_id,
        now=now,
        facts={
            "amount": instalment.amount.as_text(),
            "currency": instalment.currency,
            "due_on": instalment.due_on.isoformat(),
        },
    )


def _find_closing_day(
    gift: RecurringGift, banks: KnownBanks, unpaid: Sequence[Instalment], today: date
) -> date | None:
    """Return the day on which a recurring gift is closed for want of money, where it is known by now."""
    if not unpaid:
        return None
    closing_on = find_closing_day([one.due_on for one in unpaid], rule=LAPSE)
    return closing_on if closing_on <= _find_judging_day(gift, banks, unpaid, today) else None


def _let_go_of_rest(gift: RecurringGift, closing_on: date, *, now: datetime, actor: str) -> int:
    """Expect nothing any more that was due so near to the closing day, or after it, that it could not be
    missed by then.

    So a recurring gift that is closed late, because its statements came late, ends as one closed in time.
    """
    rows = db.session.scalars(
        select(Instalment).where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.due_on >= closing_on - timedelta(days=WINDOWS.grace),
            Instalment.state.in_(("expected", "late", "missed")),
        )
    ).all()
    for row in rows:
        if row.state == "missed":
            tasks.cancel_task(instalments.name_missed_task(row), now=now, actor=actor, reason="closed")
            instalments.change_state(row, "waive", reason="closed")
        else:
            row.state, row.state_reason = "skipped", "closed"
    return len(rows)


def judge_promise(
    gift: RecurringGift, banks: KnownBanks, held_ids: Collection[int], *, today: date
) -> Literal["lapse", "close"] | None:
    """Return what is to become of a recurring gift for want of money, as far as it is known today."""
    last_rows = _list_last_instalments([gift.id], today).get(gift.id, ())
    unpaid = _list_unpaid(gift, last_rows, banks, held_ids, today)
    if _find_closing_day(gift, banks, unpaid, today) is not None:
        return "close"
    return "lapse" if unpaid and _is_to_lapse(gift, banks, unpaid, today) else None


def _is_to_lapse(gift: RecurringGift, banks: KnownBanks, unpaid: Sequence[Instalment], today: date) -> bool:
    term = recurring_terms.get_term_on(gift, today)
    day = _find_judging_day(gift, banks, unpaid, today)
    unpaid_days = [one.due_on for one in unpaid]
    word = find_step_of_misses(unpaid_days, term.period, term.every, day, rule=LAPSE, windows=WINDOWS)
    return word == "lapse"


def _lapse_if_unpaid(
    gift: RecurringGift, banks: KnownBanks, unpaid: Sequence[Instalment], *, today: date, now: datetime
) -> int:
    if not recurring_gifts.is_step_allowed(gift, "lapse") or not _is_to_lapse(gift, banks, unpaid, today):
        return 0
    events.record_event(
        "recurring_gift.lapsed",
        ("recurring_gift", gift.id),
        occurred_at=now,
        now=now,
        donor_id=gift.donor_id,
    )
    return int(recurring_gifts.change_state(gift, "lapse", reason="missed"))


def _find_judging_day(
    gift: RecurringGift, banks: KnownBanks, unpaid: Sequence[Instalment], today: date
) -> date:
    """Return the day as of which it is judged what did not come: the day after the last one that is known."""
    if gift.charged_by == "provider":
        return today
    days = [banks.find_last_day(gift, one, today) for one in unpaid]
    return min([today, *(day + _DAY for day in days if day is not None)])


def _list_last_instalments(
    recurring_gift_ids: Collection[int], today: date
) -> dict[int, list[tuple[Instalment, bool]]]:
    """Return by recurring gift the instalments due by now from the last paid one on, the newest first, and
    whether money came for each.
    """
    last_rows: dict[int, list[tuple[Instalment, bool]]] = defaultdict(list)
    for chunk in cut_query_values(sorted(recurring_gift_ids)):
        last_paid = (
            select(Instalment.recurring_gift_id, func.max(Instalment.due_on).label("due_on"))
            .where(
                Instalment.recurring_gift_id.in_(chunk),
                Instalment.state == "paid",
                Instalment.due_on < today,
            )
            .group_by(Instalment.recurring_gift_id)
            .subquery()
        )
        rows = db.session.execute(
            select(Instalment, exists().where(Allocation.instalment_id == Instalment.id))
            .outerjoin(last_paid, last_paid.c.recurring_gift_id == Instalment.recurring_gift_id)
            .where(
                Instalment.recurring_gift_id.in_(chunk),
                Instalment.due_on < today,
                or_(last_paid.c.due_on.is_(None), Instalment.due_on >= last_paid.c.due_on),
            )
            .order_by(Instalment.due_on.desc())
        )
        for instalment, has_money in rows:
            last_rows[instalment.recurring_gift_id].append((instalment, has_money))
    return last_rows


def _list_unpaid(
    gift: RecurringGift,
    last_rows: Sequence[tuple[Instalment, bool]],
    banks: KnownBanks,
    held_ids: Collection[int],
    today: date,
) -> list[Instalment]:
    """Return the unpaid instalments after the last that money came for, the oldest first, of days that are
    known.
    """
    unpaid: list[Instalment] = []
    for instalment, has_money in last_rows:
        was_taken_back = instalment.state == "returned"
        if instalment.id in held_ids or instalment.state == "paid" or (has_money and not was_taken_back):
            break
        if instalment.state_reason == "pause":
            break  # what was owed before a pause is no reason to end the promise after it
        if instalment.state in FREED_INSTALMENTS:
            continue
        if instalment.state == "missed" or banks.find_last_day(gift, instalment, today) is not None:
            unpaid.append(instalment)
    return unpaid[::-1]
