"""Rows whose money is here already, from another door."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from donorhub.domain.moving.ledger import GiftFacts, Ledger
from donorhub.domain.moving.plan_rows import DonorPlan, RowPlan
from donorhub.domain.moving.records import GiftDraft
from donorhub.domain.payer_text import make_name_key

SAME_MONEY: Final = timedelta(days=3)


def find_same_money(rows: list[RowPlan], donors: list[DonorPlan], ledger: Ledger) -> None:
    """Take rows for gifts that came by another door: amount, about the day, and the donor or the name."""
    by_amount: dict[tuple[int, str], list[GiftFacts]] = {}
    for gift in ledger.other_gifts:
        by_amount.setdefault((gift.minor, gift.currency), []).append(gift)
    candidates = []
    for at, row in enumerate(rows):
        draft = row.record.gift
        if row.group is None or row.state != "made" or draft is None or row.record.is_another_gift:
            continue
        donor_id, name_key = donors[row.group].donor_id, make_name_key(row.record.person.name)
        for gift in by_amount.get((draft.amount.minor, draft.amount.currency), ()):
            distance = _find_distance(gift, draft)
            is_donor = gift.donor_id == donor_id
            if distance <= SAME_MONEY and (is_donor or (donor_id is None and gift.name_key == name_key)):
                candidates.append((not is_donor, distance, at, gift.id, gift))
    taken_ids: set[int] = set()
    for _, _, at, gift_id, gift in sorted(candidates, key=lambda item: item[:4]):
        row = rows[at]
        if row.state == "made" and gift_id not in taken_ids:
            taken_ids.add(gift_id)
            row.state, row.reason, row.gift_id = "known", "already_here", gift.id
            if row.group is not None and donors[row.group].donor_id is None and _is_alone(donors[row.group]):
                donors[row.group].donor_id = gift.donor_id
    _find_months(rows, donors, ledger, taken_ids)


def _find_months(rows: list[RowPlan], donors: list[DonorPlan], ledger: Ledger, taken_ids: set[int]) -> None:
    """Take rows of a month, a quarter or a year for several gifts of it that came by another door: all that
    this donor gave then, if it comes to the amount."""
    by_donor: dict[int, list[GiftFacts]] = {}
    for gift in ledger.other_gifts_of_spans:
        by_donor.setdefault(gift.donor_id, []).append(gift)
    for row in rows:
        draft = row.record.gift
        donor_id = None if row.group is None else donors[row.group].donor_id
        if row.state != "made" or draft is None or draft.span is None or row.record.is_another_gift:
            continue
        first, last = draft.span
        gifts = [
            gift
            for gift in by_donor.get(donor_id or 0, ())
            if first <= gift.received_on <= last
            and gift.currency == draft.amount.currency
            and gift.id not in taken_ids
        ]
        if len(gifts) > 1 and sum(gift.minor for gift in gifts) == draft.amount.minor:
            taken_ids.update(gift.id for gift in gifts)
            row.state, row.reason, row.gift_id = "known", "already_here", gifts[0].id


def _is_alone(donor: DonorPlan) -> bool:
    """Return whether the person of a row is named by no other row."""
    return donor.group.row_count == 1


def _find_distance(gift: GiftFacts, draft: GiftDraft) -> timedelta:
    """Return how far a gift is from the day of a row; one of a month may be of any day of it."""
    first, last = draft.span or (draft.received_on, draft.received_on)
    return max(first - gift.received_on, gift.received_on - last, timedelta(0))
