"""Which rows the large base has: a foundation with 100,000 donors after ten years."""

from __future__ import annotations

from tests.queries.large_base import Rows, Sql
from tests.queries.rows.bank import list_bank_rows
from tests.queries.rows.donors import list_donor_rows
from tests.queries.rows.giving import list_giving_rows
from tests.queries.rows.providers import list_provider_rows
from tests.queries.rows.receipts import list_receipt_rows
from tests.queries.rows.recurring import list_recurring_rows
from tests.queries.rows.work import list_work_rows


def list_rows(sql: Sql, *, share: int = 1, content: bytes = b"", payload: object = None) -> tuple[Rows, ...]:
    """Return the rows of every table that grows, parents before children; ``share`` 10 makes a tenth of them.

    ``content`` is the sealed content of a file, ``payload`` what a receipt prints.
    """
    donors = 100_000 // share
    return (
        *list_donor_rows(sql, donors, content),
        *list_bank_rows(sql, 300_000 // share, content),
        *list_giving_rows(sql, 300_000 // share, donors),
        *list_receipt_rows(sql, 50_000 // share, payload),
        *list_recurring_rows(sql, 5_000 // share, donors),
        *list_work_rows(sql, 300_000 // share, donors),
        *list_provider_rows(sql, 100_000 // share, donors),
    )
