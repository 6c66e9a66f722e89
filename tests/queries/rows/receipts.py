"""The receipts of the large base."""

from __future__ import annotations

from tests.queries.large_base import Rows, Sql
from tests.queries.rows.numbers import ID


def list_receipt_rows(sql: Sql, count: int, payload: object) -> tuple[Rows, ...]:
    ago = f"({count} - i) * 3500.0 / {count}"
    voided_at = f"CASE WHEN i % 200 = 0 THEN {sql.moment(ago)} END"
    return (
        Rows(
            "receipt",
            count,
            {
                "series": "'R'",
                "year": f"2017 + i * 10 / {count}",
                "number": "i + 1",
                "kind": "'single'",
                "jurisdiction": "'PL'",
                "rule_pack_version": "'PL-1'",
                "template_version": "'1'",
                "lang": "'pl'",
                "donor_id": ID,
                "total_minor": "5000",
                "currency": "'PLN'",
                "payload": sql.json(payload),
                "payload_sha256": "'p'",
                "issued_by": "'user:1'",
                "pdf_sha256": "CASE WHEN i % 5000 <> 17 THEN 's' END",
                "issued_at": sql.moment(ago),
                "issued_on": sql.day(ago),
                "state": "CASE WHEN i % 200 = 0 THEN 'void' ELSE 'issued' END",
                "voided_at": voided_at,
            },
        ),
        Rows(
            "receipt_line",
            count,
            {
                "receipt_id": ID,
                "position": "1",
                "gift_id": ID,
                "amount_minor": "5000",
                "released_at": voided_at,
            },
        ),
        Rows(
            "receipt_pdf",
            count,
            {
                "receipt_id": ID,
                "content": sql.data(b"%PDF-1.7"),
                "sha256": "'s'",
            },
            where="i % 5000 <> 17",
        ),
    )
