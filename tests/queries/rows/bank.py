"""The bank files of the large base, their entries and what is inside an entry."""

from __future__ import annotations

from tests.queries.large_base import FIRST, Rows, Sql
from tests.queries.rows.numbers import ENTRY_STATE, ID


def list_bank_rows(sql: Sql, count: int, content: bytes) -> tuple[Rows, ...]:
    """Return the rows of the bank; ``content`` is the sealed content of each file."""
    return (*_list_file_rows(sql, count // 100, content), *_list_entry_rows(sql, count))


def _list_file_rows(sql: Sql, count: int, content: bytes) -> tuple[Rows, ...]:
    ago = f"({count} - i) * 3650.0 / {count}"
    return (
        Rows(
            "bank_account",
            3,
            {
                "name": "'Account ' || i",
                "number": "'PL00' || i",
                "currency": "'PLN'",
                "created_at": sql.moment("3650"),
            },
        ),
        Rows(
            "import_file",
            count,
            {
                "sha256": "'f' || i",
                "filename": "'file-' || i || '.csv'",
                "size": "4000",
                "content": sql.data(content),
                "format": "'table'",
                "uploaded_by": "'user:1'",
                "state": "CASE WHEN i % 300 = 7 THEN 'held' WHEN i % 300 = 8 THEN 'asking' ELSE 'done' END",
                "uploaded_at": sql.moment(ago),
                "statements_count": "1",
                "entries_count": "100",
            },
        ),
        Rows(
            "statement",
            count,
            {
                "import_file_id": ID,
                "number": "0",
                "bank_account_id": f"{FIRST} + i % 3",
                "format": "'camt'",
                "period_from": sql.day(ago),
                "period_to": sql.day(ago),
                "currency": "'PLN'",
                "sum_minor": "500000",
                "entries_count": "100",
                "new_count": "100",
                "integrity": "'proved'",
                "posted_at": sql.moment(ago),
                "opening_minor": "i / 3 * 500000",
                "closing_minor": "(i / 3 + 1) * 500000",
                "matching_done_at": sql.moment(ago),
                "state": "CASE WHEN i % 300 = 7 THEN 'held' ELSE 'posted' END",
            },
        ),
    )


def _list_entry_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    files = count // 100
    ago = f"({files} - i / 100) * 3650.0 / {files}"
    return (
        Rows(
            "entry",
            count,
            {
                "bank_account_id": f"{FIRST} + (i / 100) % 3",
                "statement_id": f"{FIRST} + i / 100",
                "position": "i % 100",
                "fingerprint": "'e' || i",
                "occurrence": "1",
                "booked_on": sql.day(ago),
                "amount_minor": "5000 + i % 1000",
                "currency": "'PLN'",
                "counterparty_name": "'Payer ' || i",
                "counterparty_account": "'PL' || i",
                "bank_ref": "'b' || i",
                "remittance": "'darowizna'",
                "state": ENTRY_STATE,
                "has_details": f"CASE i % 100 WHEN 8 THEN {sql.boolean(True)} ELSE {sql.boolean(False)} END",
            },
        ),
        Rows(
            "detail",
            count // 10,
            {
                "entry_id": f"{FIRST} + (i / 10) * 100 + 8",
                "position": "i % 10",
                "amount_minor": "500",
                "currency": "'PLN'",
            },
        ),
        Rows(
            "entry_alias",
            count // 3,
            {
                "entry_id": ID,
                "statement_id": f"{FIRST} + i / 100",
                "kind": "'bank_ref'",
                "ref": "'a' || i",
            },
        ),
    )
