"""Promises for which money of another amount came: what it may mean, and what a person says of it.

Such a gift is recorded and thanked for, and settles nothing. Its instalment is neither late nor missed while
it stands; two running with the same amount propose a new term. See
:mod:`donorhub.domain.recurring.changed_amounts`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import exists, func, or_, select, update

from donorhub.db import cut_query_values, db
from donorhub.domain.recurring import changed_amounts as rules
from donorhub.domain.recurring.changed_amounts import Claim, LooseGift, OpenSlot
from donorhub.errors import Conflict, Rejected
from donorhub.models import Allocation, Gift, Instalment, RecurringGift
from donorhub.models.states import (
    FREED_INSTALMENTS,
    LIVE_PROMISES,
    UNPAID_INSTALMENTS,
    GiftMethod,
)
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, recurring_gifts
from donorhub.services.work import tasks

BY_BANK: Final[tuple[GiftMethod, ...]] = ("transfer", "standing_order", "direct_debit")
_MISSED_BACK: Final = timedelta(days=400)  # what is not missed yet is looked at however old it is
_AHEAD: Final = timedelta(days=rules.EARLY_DAYS + 5)  # an instalment may be rolled over a long weekend
Purse = tuple[int, str]  # a donor and a currency


@dataclass(frozen=True, slots=True)
class ChangedAmount:
    """Payments running of the same other amount than the one that is promised, the oldest first."""

    amount: Money
    promised: Money
    claims: Sequence[Claim]
    came_before: bool = False  # just before the first of them, and paid what was owed then

    @property
    def is_proposed(self) -> bool:
        """Return whether it came often enough to be proposed as the new amount."""
        return len(self.claims) + self.came_before >= rules.PROPOSED_AFTER

    @property
    def from_on(self) -> date:
        """Return the day of the first instalment that it came for."""
        return self.claims[0].slot.due_on


def find_claims(*, today: date, donor_ids: Collection[int] | None = None) -> list[Claim]:
    """Return the gifts that settle nothing and fell on an unpaid instalment of their donor, with it."""
    slots = _list_open_slots(today, donor_ids)
    loose = _list_loose_gifts_of(slots, today)
    return _claim_slots(loose, slots)


def find_touched_instalments(*, today: date, donor_ids: Collection[int] | None = None) -> set[int]:
    """Return the unpaid instalments on whose days something came that settles nothing."""
    slots = _list_open_slots(today, donor_ids)
    return _touch_slots(_list_loose_gifts_of(slots, today), slots)


def find_changed_amount(gift: RecurringGift, *, today: date) -> ChangedAmount | None:
    """Return what of another amount came for a recurring gift last, if anything did."""
    claims = find_claims(today=today, donor_ids=[gift.donor_id])
    return _find_changed_amounts([gift], claims).get(gift.id)


def _find_changed_amounts(
    promises: Iterable[RecurringGift], claims: Iterable[Claim]
) -> dict[int, ChangedAmount]:
    """Return what of another amount came last for those of these recurring gifts for which it did."""
    currencies = {gift.id: gift.currency for gift in promises if gift.state in LIVE_PROMISES}
    claims_of: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.slot.recurring_gift_id in currencies:
            claims_of[claim.slot.recurring_gift_id].append(claim)
    ids_of = _list_owed_ids(claims_of)
    changed_amounts = {}
    for id_, some in claims_of.items():
        streak = rules.find_streak(ids_of[id_], some)
        last = streak[-1]
        place = ids_of[id_].index(streak[0].slot.instalment_id)
        came_before = len(streak) == 1 and place > 0 and _is_paid_by(ids_of[id_][place - 1], last.gift.minor)
        amounts = Money(last.gift.minor, currencies[id_]), Money(last.slot.minor, currencies[id_])
        changed_amounts[id_] = ChangedAmount(*amounts, streak, came_before=came_before)
    return changed_amounts


def _list_owed_ids(recurring_gift_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the instalments of recurring gifts that are owed or were, in order, by the gift."""
    ids_of: dict[int, list[int]] = defaultdict(list)
    for chunk in cut_query_values(sorted(recurring_gift_ids)):
        rows = db.session.execute(
            select(Instalment.recurring_gift_id, Instalment.id)
            .where(Instalment.recurring_gift_id.in_(chunk), Instalment.state.not_in(FREED_INSTALMENTS))
            .order_by(Instalment.nominal_on)
        )
        for gift_id, id_ in rows:
            ids_of[gift_id].append(id_)
    return ids_of


def _is_paid_by(instalment_id: int, minor: int) -> bool:
    """Return whether a gift of that amount paid an instalment, and others with it."""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    Allocation.instalment_id == instalment_id,
                    Allocation.gift_id == Gift.id,
                    Gift.amount_minor == minor,
                    Allocation.amount_minor < minor,
                )
            )
        )
    )


def follow_payments(*, today: date, now: datetime, actor: str = "system:0") -> tuple[set[int], int]:
    """Settle what several payments add up to, and ask once for each promise about another amount; return
    the instalments that such money is there for, and how many rows changed.
    """
    slots = _list_open_slots(today, None)
    loose = _list_loose_gifts_of(slots, today)
    count = _settle_pieces(loose, slots, now=now, actor=actor)
    if count:
        slots = _list_open_slots(today, None)
        loose = _list_loose_gifts_of(slots, today)
    claims = _claim_slots(loose, slots)
    asked_ids = {claim.slot.recurring_gift_id for claim in claims}
    promises = _read_promises(asked_ids)
    for id_, changed_amount in sorted(_find_changed_amounts(promises.values(), claims).items()):
        count += _ask_about(promises[id_], changed_amount, now=now)
    count += tasks.withdraw_questions("amount_differs", asked_ids, now=now, actor=actor, reason="settled")
    return _touch_slots(loose, slots), count


def _read_promises(recurring_gift_ids: Iterable[int]) -> dict[int, RecurringGift]:
    return {
        gift.id: gift
        for chunk in cut_query_values(sorted(recurring_gift_ids))
        for gift in db.session.scalars(select(RecurringGift).where(RecurringGift.id.in_(chunk)))
    }


def accept_changed_amount(gift: RecurringGift, *, now: datetime, actor: str) -> ChangedAmount:
    """Promise the amount that came last from its first payment on, and let those payments pay their
    instalments; return what was accepted. Raise Conflict where none came.
    """
    recurring_gifts.refuse_gift_of_provider(gift)
    today = organisation.get_day(now)
    changed_amount = find_changed_amount(gift, today=today)
    if changed_amount is None or changed_amount.amount == changed_amount.promised:
        raise Conflict(f"no other amount came for recurring gift {gift.id}", code="amount_unchanged")
    first = instalments.get_instalment(changed_amount.claims[0].slot.instalment_id)
    recurring_gifts.change_amount(
        gift, changed_amount.amount, from_on=first.nominal_on, now=now, actor=actor, key=f"amended:{first.id}"
    )
    instalments.make_instalments(gift, today=today)
    term_id = _update_unpaid(gift, first.nominal_on, changed_amount.amount.minor)
    for claim in changed_amount.claims:
        instalment = instalments.get_instalment(claim.slot.instalment_id)
        db.session.refresh(instalment)
        instalment.term_id = term_id or instalment.term_id
        instalments.settle_instalments(
            db.session.get_one(Gift, claim.gift.gift_id),
            {instalment.id: changed_amount.amount.minor},
            now=now,
            actor=actor,
        )
    tasks.cancel_task(_name_task(gift.id), now=now, actor=actor, reason="accepted")
    return changed_amount


def count_gift(instalment_id: int, gift_id: int, *, now: datetime, actor: str) -> Instalment:
    """Let a gift that settles nothing pay an instalment of its donor, wholly or in part: a person says so.

    Raise Rejected for a gift of somebody else or one that settles something.
    """
    instalment = instalments.get_instalment(instalment_id)
    promise = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    gift = db.session.get(Gift, gift_id)
    if gift is None or gift.donor_id != promise.donor_id:
        raise Rejected(f"gift {gift_id} is none of this donor's", code="gift_of_other", field="/gift_id")
    left_minor = gifts.compute_remainder(gift).minor - instalments.sum_allocations_of_gift(gift_id)
    open_minor = instalment.amount_minor - instalments.compute_settled_minor(instalment_id)
    minor = min(left_minor, open_minor)
    if minor <= 0:
        raise Rejected("nothing is left to be settled", code="allocated_too_much", field="/gift_id")
    instalments.settle_instalments(gift, {instalment_id: minor}, now=now, actor=actor)
    return instalment


def _name_task(recurring_gift_id: int) -> str:
    return f"amount_differs:{recurring_gift_id}"


def _ask_about(gift: RecurringGift, changed_amount: ChangedAmount, *, now: datetime) -> int:
    """Plan the one task of a promise; bring an open one up to what has come since."""
    facts = {
        "amount": changed_amount.amount.as_text(),
        "promised": changed_amount.promised.as_text(),
        "currency": gift.currency,
        "from_on": changed_amount.from_on.isoformat(),
        "count": len(changed_amount.claims),
    }
    key = _name_task(gift.id)
    if tasks.plan_task(
        key,
        kind="amount_differs",
        role="fundraiser",
        subject=("recurring_gift", gift.id),
        donor_id=gift.donor_id,
        now=now,
        facts=facts,
    ):
        return 1
    is_proposed_now = len(changed_amount.claims) == rules.PROPOSED_AFTER
    return tasks.update_question(
        key, facts, is_other=lambda before: is_proposed_now or before.get("from_on") != facts["from_on"]
    )


def _update_unpaid(gift: RecurringGift, from_on: date, minor: int) -> int | None:
    """Give the instalments that are owed from a day on the new amount; return the term they are of."""
    db.session.execute(
        update(Instalment)
        .where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.nominal_on >= from_on,
            Instalment.state.in_(("expected", "late", "missed")),
        )
        .values(amount_minor=minor)
    )
    term_id: int | None = db.session.scalar(
        select(Instalment.term_id)
        .where(Instalment.recurring_gift_id == gift.id, Instalment.nominal_on >= from_on)
        .order_by(Instalment.nominal_on.desc())
        .limit(1)
    )
    return term_id


def _settle_pieces(
    loose: Mapping[Purse, Sequence[LooseGift]],
    slots: Mapping[Purse, Sequence[OpenSlot]],
    *,
    now: datetime,
    actor: str,
) -> int:
    """Let several payments that add up to the one instalment of their days pay it together."""
    count = 0
    for key, some in loose.items():
        slots_of_donor = slots.get(key, ())
        if len(some) < rules.PROPOSED_AFTER or len({s.recurring_gift_id for s in slots_of_donor}) != 1:
            continue
        used_ids: set[int] = set()
        for slot in slots_of_donor:
            loose_ones = [one for one in some if one.gift_id not in used_ids]
            for piece in rules.find_pieces(slot, loose_ones, slots_of_donor):
                gift = db.session.get_one(Gift, piece.gift_id)
                instalments.settle_instalments(gift, {slot.instalment_id: piece.minor}, now=now, actor=actor)
                used_ids.add(piece.gift_id)
        count += len(used_ids)
    return count


def _claim_slots(
    loose: Mapping[Purse, Sequence[LooseGift]], slots: Mapping[Purse, Sequence[OpenSlot]]
) -> list[Claim]:
    return [claim for key, some in loose.items() for claim in rules.find_claims(some, slots.get(key, ()))]


def _touch_slots(
    loose: Mapping[Purse, Sequence[LooseGift]], slots: Mapping[Purse, Sequence[OpenSlot]]
) -> set[int]:
    return {id_ for key, some in loose.items() for id_ in rules.find_touched(some, slots.get(key, ()))}


def _list_loose_gifts_of(
    slots: Mapping[Purse, Sequence[OpenSlot]], today: date
) -> dict[Purse, list[LooseGift]]:
    """Return what settles nothing and may have come for one of these instalments."""
    first_on = min((slot.due_on for some in slots.values() for slot in some), default=today)
    return list_loose_gifts(first_on - _AHEAD, today, {donor_id for donor_id, _ in slots})


def list_loose_gifts(first_on: date, last_on: date, donor_ids: Iterable[int]) -> dict[Purse, list[LooseGift]]:
    """Return the gifts by bank that settle nothing, of these donors if they promise in that currency."""
    query = (
        select(Gift.id, Gift.donor_id, Gift.currency, Gift.received_on, Gift.amount_minor)
        .where(
            Gift.received_on.between(first_on, last_on),
            func.coalesce(Gift.method, "").in_(BY_BANK),  # the index of donors serves, not that of methods
            ~exists().where(Allocation.gift_id == Gift.id),
            exists().where(
                RecurringGift.donor_id == Gift.donor_id,
                RecurringGift.currency == Gift.currency,
                RecurringGift.state.in_(LIVE_PROMISES),
                RecurringGift.charged_by != "provider",
            ),
        )
        .order_by(Gift.received_on, Gift.id)
    )
    rows = [
        row
        for chunk in cut_query_values(sorted(donor_ids))
        for row in db.session.execute(query.where(Gift.donor_id.in_(chunk)))
    ]
    deductions = gifts.sum_deductions([row.id for row in rows])
    loose: dict[Purse, list[LooseGift]] = defaultdict(list)
    for id_, donor_id, currency, received_on, minor in rows:
        if minor > deductions[id_]:
            loose[donor_id, currency].append(LooseGift(id_, received_on, minor))
    return loose


def _list_open_slots(today: date, donor_ids: Iterable[int] | None) -> dict[Purse, list[OpenSlot]]:
    """Return the unpaid instalments, of all donors or these, that are due by now, or nearly."""
    query = (
        select(
            Instalment.id,
            Instalment.recurring_gift_id,
            Instalment.due_on,
            Instalment.amount_minor,
            RecurringGift.donor_id,
            Instalment.currency,
            Instalment.nominal_on,
        )
        .join(RecurringGift)
        .where(
            RecurringGift.state.in_(LIVE_PROMISES),
            RecurringGift.charged_by != "provider",
            Instalment.state.in_(UNPAID_INSTALMENTS),
            Instalment.due_on <= today + _AHEAD,
            or_(Instalment.state != "missed", Instalment.due_on >= today - _MISSED_BACK),
            ~exists().where(Allocation.instalment_id == Instalment.id),
        )
        .order_by(Instalment.due_on, Instalment.id)
    )
    if donor_ids is None:
        rows = list(db.session.execute(query))
    else:
        rows = [
            row
            for chunk in cut_query_values(sorted(donor_ids))
            for row in db.session.execute(query.where(RecurringGift.donor_id.in_(chunk)))
        ]
    slots: dict[Purse, list[OpenSlot]] = defaultdict(list)
    for id_, gift_id, due_on, minor, donor_id, currency, nominal_on in rows:
        slots[donor_id, currency].append(OpenSlot(id_, gift_id, due_on, minor, nominal_on))
    return slots
