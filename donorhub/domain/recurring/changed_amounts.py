"""Money of another amount on the day of an instalment: the order may have been changed.

It pays nothing by itself. It keeps its instalment from being late or missed; the second time running
with the same amount a new term is proposed, from the first of them on. Nothing is decided here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log
from typing import Final

EARLY_DAYS: Final = 5
LATE_DAYS: Final = 10
_REPEAT_DISCOUNT: Final = 2.0
PROPOSED_AFTER: Final = 2  # payments running of the same other amount


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """An instalment that is not paid, of one donor."""

    instalment_id: int
    recurring_gift_id: int
    due_on: date
    minor: int
    nominal_on: date | None = None  # before it was rolled to a banking day

    def is_on(self, day: date) -> bool:
        """Return whether money of a day may be for it: from some days before the nominal one on."""
        nominal_on = self.nominal_on or self.due_on
        return (day - nominal_on).days >= -EARLY_DAYS and (day - self.due_on).days <= LATE_DAYS


@dataclass(frozen=True, slots=True)
class LooseGift:
    """A gift of the same donor that settles nothing."""

    gift_id: int
    received_on: date
    minor: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A gift that fell on an instalment."""

    gift: LooseGift
    slot: OpenSlot


def find_claims(gifts: Iterable[LooseGift], slots: Iterable[OpenSlot]) -> list[Claim]:
    """Return which gift fell on which instalment, each at most once, in order of days.

    Those of the same amount go first, then the nearest: three days are as far as nearly three times the
    amount, and what comes again on another day of the promise is nearer than what came once.
    """
    every_slot = list(slots)
    on_days = [Claim(gift, slot) for gift in gifts for slot in every_slot if slot.is_on(gift.received_on)]
    repeats = _find_repeated(on_days)
    claims: list[Claim] = []
    used_gift_ids: set[int] = set()
    used_slot_ids: set[int] = set()
    for claim in sorted(on_days, key=lambda one: _reckon_claim(one, repeats)):
        if claim.gift.gift_id not in used_gift_ids and claim.slot.instalment_id not in used_slot_ids:
            used_gift_ids.add(claim.gift.gift_id)
            used_slot_ids.add(claim.slot.instalment_id)
            claims.append(claim)
    return sorted(claims, key=lambda claim: (claim.slot.due_on, claim.slot.instalment_id))


def _reckon_claim(claim: Claim, repeats: Collection[tuple[int, int]]) -> tuple[bool, float, int, int]:
    gift, slot = claim.gift, claim.slot
    cost = abs((gift.received_on - slot.due_on).days) / 3 + abs(log(gift.minor / slot.minor))
    if (slot.recurring_gift_id, gift.minor) in repeats:
        cost -= _REPEAT_DISCOUNT
    return gift.minor != slot.minor, cost, gift.gift_id, slot.instalment_id


def _find_repeated(claims: Iterable[Claim]) -> set[tuple[int, int]]:
    """Return the recurring gifts with the amounts that may be for several instalments of theirs."""
    pairs: dict[tuple[int, int], tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for claim in claims:
        gift_ids, slot_ids = pairs[claim.slot.recurring_gift_id, claim.gift.minor]
        gift_ids.add(claim.gift.gift_id)
        slot_ids.add(claim.slot.instalment_id)
    return {key for key, (gift_ids, slot_ids) in pairs.items() if min(len(gift_ids), len(slot_ids)) > 1}


def find_touched(gifts: Iterable[LooseGift], slots: Iterable[OpenSlot]) -> set[int]:
    """Return the instalments on whose days any of these gifts came: as long as nobody has said which of them
    it is for, none of them is known to be unpaid.
    """
    every = list(gifts)
    return {slot.instalment_id for slot in slots if any(slot.is_on(gift.received_on) for gift in every)}


def find_streak(instalment_ids: Sequence[int], claims: Iterable[Claim]) -> list[Claim]:
    """Return the newest claims of one recurring gift that follow each other with the same amount.

    ``instalment_ids`` are all its instalments in order without those that are not owed.
    """
    claim_of_slot = {claim.slot.instalment_id: claim for claim in claims}
    streak: list[Claim] = []
    for id_ in reversed(instalment_ids):
        claim = claim_of_slot.get(id_)
        if claim is not None and (not streak or claim.gift.minor == streak[0].gift.minor):
            streak.append(claim)
        elif streak:
            break
    return streak[::-1]


def find_pieces(slot: OpenSlot, gifts: Sequence[LooseGift], slots: Sequence[OpenSlot]) -> list[LooseGift]:
    """Return the gifts of an instalment's days if several are exactly its amount together; else none.

    What came nearer to another of ``slots``, all of the same promise, is no piece of this one: a weekly order
    that was halved brings the old amount in two weeks.
    """
    pieces = [
        gift
        for gift in gifts
        if slot.is_on(gift.received_on)
        and min(slots, key=lambda one: abs((gift.received_on - one.due_on).days)) == slot
    ]
    return pieces if len(pieces) > 1 and sum(gift.minor for gift in pieces) == slot.minor else []
