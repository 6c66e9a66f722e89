"""Money of another amount on the day of an instalment: the order may have been changed.

It pays nothing by itself. It keeps its instalment from being late or missed; the second time running
with the same amount a new term is proposed, from the first of them on. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

EARLY_DAYS: Final = 5
LATE_DAYS: Final = 10
PROPOSED_AFTER: Final = 2  # payments running of the same other amount


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """An instalment that is not paid, of one donor."""

    instalment_id: int
    recurring_gift_id: int
    due_on: date
    minor: int


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
    """Return which gift fell on which instalment, each at most once, in order of days: first those of the
    same amount, then the nearest.
    """
    pairs = sorted(
        (
            (
                gift.minor != slot.minor,
                abs((gift.received_on - slot.due_on).days),
                abs(gift.minor - slot.minor) / slot.minor,
                gift,
                slot,
            )
            for gift in gifts
            for slot in slots
            if -EARLY_DAYS <= (gift.received_on - slot.due_on).days <= LATE_DAYS
        ),
        key=lambda pair: (*pair[:3], pair[3].gift_id, pair[4].instalment_id),
    )
    claims: list[Claim] = []
    taken_gifts: set[int] = set()
    taken_slots: set[int] = set()
    for *_, gift, slot in pairs:
        if gift.gift_id not in taken_gifts and slot.instalment_id not in taken_slots:
            taken_gifts.add(gift.gift_id)
            taken_slots.add(slot.instalment_id)
            claims.append(Claim(gift, slot))
    return sorted(claims, key=lambda claim: (claim.slot.due_on, claim.slot.instalment_id))


def find_touched(gifts: Iterable[LooseGift], slots: Iterable[OpenSlot]) -> set[int]:
    """Return the instalments on whose days any of these gifts came: as long as nobody has said which of them
    it is for, none of them is known to be unpaid.
    """
    every = list(gifts)
    return {
        slot.instalment_id
        for slot in slots
        if any(-EARLY_DAYS <= (gift.received_on - slot.due_on).days <= LATE_DAYS for gift in every)
    }


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


def find_pieces(slot: OpenSlot, gifts: Sequence[LooseGift]) -> list[LooseGift]:
    """Return the gifts of an instalment's days if several are exactly its amount together; else none."""
    pieces = [gift for gift in gifts if -EARLY_DAYS <= (gift.received_on - slot.due_on).days <= LATE_DAYS]
    return pieces if len(pieces) > 1 and sum(gift.minor for gift in pieces) == slot.minor else []
