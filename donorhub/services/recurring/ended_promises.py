"""Promises that have ended, and whose donor pays again as was promised: does it go on?

Such money is a gift of its own. One question is asked for each promise; accepted, the promise goes on from
the first of these payments by a term, and they pay its instalments. What was owed in between stays let go.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import exists, select

from donorhub.db import db
from donorhub.domain.recurring import schedule
from donorhub.domain.recurring.changed_amounts import EARLY_DAYS, LATE_DAYS
from donorhub.errors import Conflict
from donorhub.models import Allocation, Gift, Instalment, RecurringGift
from donorhub.services.access import organisation
from donorhub.services.giving import gifts
from donorhub.services.paging import equals_if_given
from donorhub.services.recurring import instalments, recurring_gifts, recurring_terms
from donorhub.services.recurring.changed_amounts import BY_BANK
from donorhub.services.work import tasks

_BACK: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Fit:
    """A gift that came when an ended promise would have been due, and the day of its calendar."""

    gift_id: int
    received_on: date
    nominal_on: date


def find_fits(*, today: date, donor_id: int | None = None) -> dict[int, list[Fit]]:
    """Return the gifts that fit promises which have ended, of all donors or one, the oldest first, by the id
    of the promise.

    A gift that would fit two is the one's that ended last.
    """
    query = (
        select(RecurringGift.id, RecurringGift.ends_on, Gift.id, Gift.received_on, Gift.amount_minor)
        .join(Gift, (Gift.donor_id == RecurringGift.donor_id) & (Gift.currency == RecurringGift.currency))
        .where(
            RecurringGift.state == "closed",
            RecurringGift.origin != "provider",
            RecurringGift.kind == "standing_order",
            *equals_if_given(RecurringGift.donor_id, donor_id),
            Gift.received_on > RecurringGift.ends_on,
            Gift.received_on.between(today - _BACK, today),
            Gift.method.in_(BY_BANK),
            ~exists().where(Allocation.gift_id == Gift.id),
        )
        .order_by(RecurringGift.ends_on.desc(), RecurringGift.id.desc(), Gift.received_on, Gift.id)
    )
    rows = db.session.execute(query).all()
    terms = recurring_terms.list_terms({row[0] for row in rows})
    deductions = gifts.sum_deductions([row[2] for row in rows])
    fits: dict[int, list[Fit]] = defaultdict(list)
    fitted_ids: set[int] = set()
    for promise_id, ends_on, gift_id, received_on, minor in rows:
        term = recurring_terms.make_plain_term(terms[promise_id][-1])
        nominal_on = _find_slot(term, received_on) if minor == term.amount.minor else None
        is_there = minor > deductions[gift_id] and gift_id not in fitted_ids
        if nominal_on is not None and ends_on is not None and nominal_on > ends_on and is_there:
            fits[promise_id].append(Fit(gift_id, received_on, nominal_on))
            fitted_ids.add(gift_id)
    return fits


def ask_about_ended(*, today: date, now: datetime, actor: str = "system:0") -> int:
    """Ask once for each ended promise that seems to go on; take questions back whose money is gone. Return
    how many rows changed.
    """
    fits = find_fits(today=today)
    count = 0
    for promise_id, some in fits.items():
        promise = recurring_gifts.get_recurring_gift(promise_id)
        term = recurring_terms.list_terms_of_gift(promise)[-1]
        count += tasks.plan_task(
            _name_task(promise),
            kind="promise_goes_on",
            role="fundraiser",
            subject=("recurring_gift", promise_id),
            donor_id=promise.donor_id,
            now=now,
            facts={
                "amount": recurring_terms.make_plain_term(term).amount.as_text(),
                "currency": promise.currency,
                "from_on": some[0].nominal_on.isoformat(),
            },
        )
    return count + tasks.withdraw_questions("promise_goes_on", fits, now=now, actor=actor, reason="settled")


def let_promise_go_on(gift: RecurringGift, *, now: datetime, actor: str) -> date:
    """Expect an ended promise again from the first payment that fits it, which then pays its instalment, as
    the later ones do; return that day. Raise Conflict where none fits.
    """
    fits = find_fits(today=organisation.get_day(now), donor_id=gift.donor_id).get(gift.id)
    if not fits:
        raise Conflict(f"nothing came for recurring gift {gift.id} since it ended", code="nothing_goes_on")
    from_on, key = fits[0].nominal_on, _name_task(gift)
    recurring_gifts.reopen_recurring_gift(gift, from_on=from_on, now=now, actor=actor)
    instalments.make_instalments(gift, today=organisation.get_day(now))
    for fit in fits:
        row = db.session.scalar(
            select(Instalment).where(
                Instalment.recurring_gift_id == gift.id, Instalment.nominal_on == fit.nominal_on
            )
        )
        if row is not None and row.state not in ("paid", "partial"):
            settling_gift = db.session.get_one(Gift, fit.gift_id)
            instalments.settle_instalments(settling_gift, {row.id: row.amount_minor}, now=now, actor=actor)
    tasks.cancel_task(key, now=now, actor=actor, reason="accepted")
    return from_on


def _find_slot(term: schedule.Term, received_on: date) -> date | None:
    """Return the day of a term's calendar that money of a day may be for, the nearest."""
    near = []
    k = 0
    while (nominal_on := schedule.compute_nominal_on(term, k)) <= received_on + timedelta(days=EARLY_DAYS):
        days = (received_on - nominal_on).days
        if -EARLY_DAYS <= days <= LATE_DAYS:
            near.append((abs(days), nominal_on))
        k += 1
    return min(near)[1] if near else None


def _name_task(promise: RecurringGift) -> str:
    """Return the key of the question about this end of a promise: another end is another question."""
    return f"promise_goes_on:{promise.id}:{promise.ends_on}"
