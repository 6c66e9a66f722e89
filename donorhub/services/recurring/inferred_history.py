"""The past of a recurring gift that was found in payments: its instalments, paid by the gifts that made it.

No task, no message and no news follow from it: a payment that did not come then is noted as missed, and
that is all.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from donorhub.db import db
from donorhub.domain.recurring.inferred_series import Series, find_nominal_on
from donorhub.domain.recurring.recurring_states import find_closing_day, find_step_of_misses
from donorhub.models import Allocation, Gift, Instalment, RecurringGift
from donorhub.services.access import organisation
from donorhub.services.recurring import instalments, known_banks, overdue, recurring_gifts, recurring_terms
from donorhub.services.recurring.changed_amounts import BY_BANK


def write_history(gift: RecurringGift, series: Series, *, now: datetime, actor: str) -> int:
    """Make the instalments of a series and let its gifts pay them; return how many rows changed.

    A gift pays its own slot, and those just before it that were not paid where it is so much more.
    """
    today = organisation.get_day(now)
    count = instalments.make_instalments(gift, today=today)
    rows = {
        row.nominal_on: row
        for row in db.session.scalars(select(Instalment).where(Instalment.recurring_gift_id == gift.id))
    }
    paid_ids = set(
        db.session.scalars(
            select(Allocation.instalment_id).join(Instalment).where(Instalment.recurring_gift_id == gift.id)
        )
    )
    used_ids = _list_used_ids(series)
    for hit in series.hits:
        if hit.credit.credit_id in used_ids:
            continue
        left_minor = hit.credit.minor
        for step in range(len(series.hits)):
            slot = hit.slot - step * series.rhythm.months
            row = rows.get(find_nominal_on(slot, series.rhythm.day))
            if (
                row is None
                or row.id in paid_ids
                or left_minor < row.amount_minor
                or left_minor % row.amount_minor
            ):
                break
            db.session.add(
                Allocation(gift_id=hit.credit.credit_id, instalment_id=row.id, amount_minor=row.amount_minor)
            )
            row.state, row.state_reason = "paid", ""
            paid_ids.add(row.id)
            left_minor -= row.amount_minor
            count += 1
    db.session.flush()
    return count + _note_misses(gift, series, rows, today=today, now=now, actor=actor)


def _list_used_ids(series: Series) -> set[int]:
    """Return the gifts of a series that pay an instalment already."""
    ids = [hit.credit.credit_id for hit in series.hits]
    return set(db.session.scalars(select(Allocation.gift_id).where(Allocation.gift_id.in_(ids))))


def _note_misses(
    gift: RecurringGift,
    series: Series,
    rows: dict[date, Instalment],
    *,
    today: date,
    now: datetime,
    actor: str,
) -> int:
    """Note what did not come long ago, as far as the bank is known, and end what has ended by then."""
    banks = known_banks.read_known_banks([gift.id], today=today, now=now)
    newest_on = _find_newest_day() if not banks.list_sources(gift) else None
    grace = timedelta(days=overdue.WINDOWS.grace)
    is_news_since = today - timedelta(days=30) - grace
    count = 0
    unpaid: list[date] = []
    known_days = [today]
    for _, row in sorted(rows.items()):
        known_on = newest_on or banks.find_last_day(gift, row, today)
        if (
            row.state == "expected"
            and row.due_on < is_news_since
            and known_on
            and row.due_on + grace <= known_on
        ):
            row.state, row.missed_at = "missed", now
            count += 1
        if row.state == "missed" and row.nominal_on > series.last_on:
            unpaid.append(row.due_on)
            known_days.append(known_on or today)
    if count and unpaid:
        _end_if_unpaid(gift, unpaid, day=min(known_days), now=now, actor=actor)
    return count


def _end_if_unpaid(gift: RecurringGift, unpaid: list[date], *, day: date, now: datetime, actor: str) -> None:
    term = recurring_terms.get_term_on(gift, day)
    step = find_step_of_misses(
        unpaid, term.period, term.every, day, rule=overdue.LAPSE, windows=overdue.WINDOWS
    )
    if step == "lapse" and recurring_gifts.is_step_allowed(gift, "lapse"):
        recurring_gifts.change_state(gift, "lapse", reason="missed")
    elif step == "close":
        closing_on = find_closing_day(unpaid, rule=overdue.LAPSE)
        recurring_gifts.close_recurring_gift(
            gift,
            reason="unpaid",
            now=now,
            actor=actor,
            on=closing_on,
            effective_at=organisation.get_midnight(closing_on),
        )


def _find_newest_day() -> date | None:
    """Return the day of the newest gift by bank: so far the past is known that came without statements."""
    days = [
        db.session.scalar(select(func.max(Gift.received_on)).where(Gift.method == word)) for word in BY_BANK
    ]
    return max((day for day in days if day is not None), default=None)
