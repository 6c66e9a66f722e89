"""Who is recognised for gifts of others: found among the people and gifts of a file, and never money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from donorhub.domain.moving.grouping import People
from donorhub.domain.moving.ledger import Ledger
from donorhub.domain.moving.plan_rows import DonorPlan, RowPlan


def group_credited_people(rows: Sequence[RowPlan], people: People) -> None:
    """Give each gift the group of who is recognised for it, each row about another's gift its own."""
    for row in rows:
        record = row.record
        if row.group is None or record.credit is None:
            continue
        if record.credited_person is None:
            row.credited_group = row.group
        elif record.credited_person.name:
            row.credited_group = people.add_companion(record.credited_person, row.group)
        else:
            row.credited_group = people.add_person(record.credited_person)


def find_credited_gifts(rows: Sequence[RowPlan], donors: Sequence[DonorPlan], ledger: Ledger) -> None:
    """Find the gift of each credit; leave out a row whose gift is neither here nor in the file."""
    by_ref = {row.source_ref: row for row in rows if row.record.gift is not None and row.source_ref}
    for row in rows:
        credit = row.record.credit
        if row.credited_group is None or credit is None:
            continue
        if row.record.gift is not None:
            row.credited_gift = row if row.state == "made" else row.gift_id
            _refuse_nameless(row, donors[row.credited_group])
            continue
        gift_row, known_gift = by_ref.get(credit.gift_ref), ledger.own_gifts.get(credit.gift_ref)
        if known_gift is not None and known_gift.currency == credit.amount.currency:
            row.credited_gift = known_gift.id
        elif gift_row is not None and gift_row.gift is not None and known_gift is None:
            row.credited_gift = gift_row
        else:
            row.state, row.reason = "left_out", "gift_missing"


def _refuse_nameless(row: RowPlan, donor: DonorPlan) -> None:
    """Note a number that nobody here has: no donor is made without a name."""
    if donor.donor_id is None and not donor.group.person.name:
        row.credited_group = row.credited_gift = None
        refused_cells = (*row.record.refused_cells, ("credited_id", "unknown_credited"))
        row.record = replace(row.record, refused_cells=refused_cells)


def judge_credits(rows: Sequence[RowPlan], donors: Sequence[DonorPlan], ledger: Ledger) -> None:
    """Say of rows that recognise somebody whether that is new; one known, or of the giver, is none."""
    for row in rows:
        if row.credited_group is None or row.credited_gift is None or row.state in ("held", "left_out"):
            row.credited_gift = None
            continue
        donor = donors[row.credited_group]
        gift, donor_id = row.credited_gift, donor.donor_id
        is_givers = isinstance(gift, RowPlan) and gift.group == row.credited_group
        is_known = isinstance(gift, int) and donor_id is not None and (gift, donor_id) in ledger.credits
        if is_known or is_givers or donor.is_erased:
            row.credited_gift = None
            continue
        donor.is_used = True
        if row.state in ("known", "joined"):
            row.state, row.reason = "joined", "recognised"
