"""The lists there are: what a page shows fifty rows of, a file holds whole. A new list is a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from donorhub.services.moving.lists import bank, money, people, records
from donorhub.services.moving.lists.description import ListName, ListOut

LISTS: Final[Mapping[ListName, ListOut]] = {
    list_out.name: list_out
    for list_out in (
        people.DONORS,
        money.GIFTS,
        money.RECURRING_GIFTS,
        money.LATE_INSTALMENTS,
        money.RECEIPTS,
        people.TASKS,
        bank.ENTRIES,
        bank.PAYOUTS,
        people.MESSAGES,
        records.AUDIT_RECORDS,
    )
}
