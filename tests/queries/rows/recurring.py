"""The recurring gifts of the large base, with a year of instalments."""

from __future__ import annotations

from tests.queries.large_base import FIRST, Rows, Sql
from tests.queries.rows.numbers import ID, pick_name


def list_recurring_rows(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    return (*_list_promise_rows(sql, count, donors), *_list_instalment_rows(sql, count))


def _list_promise_rows(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    return (
        Rows(
            "recurring_gift",
            count,
            {
                "donor_id": f"{FIRST} + (i * 13) % {donors}",
                "currency": "'PLN'",
                "start_on": sql.month("11"),
                "source": "'manual'",
                "source_ref": "'rg' || i",
                "kind": pick_name(("provider", "standing_order"), "i"),
                "state": "CASE WHEN i % 3 = 0 THEN 'closed' WHEN i % 50 = 1 THEN 'paused' ELSE 'active' END",
                "created_at": sql.moment("400"),
            },
        ),
        Rows(
            "term",
            count,
            {
                "recurring_gift_id": ID,
                "amount_minor": "5000",
                "currency": "'PLN'",
                "anchor_on": sql.month("11"),
                "from_on": sql.month("11"),
            },
        ),
        Rows(
            "recurring_gift_change",
            count,
            {
                "recurring_gift_id": ID,
                "key": "'started'",
                "what": "'started'",
                "effective_at": sql.moment("400"),
                "recorded_at": sql.moment("400"),
            },
        ),
    )


def _list_instalment_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    nominal_on = sql.month(f"i / {count}")
    return (
        Rows(
            "instalment",
            count * 12,
            {
                "recurring_gift_id": f"{FIRST} + i % {count}",
                "nominal_on": nominal_on,
                "due_on": nominal_on,
                "amount_minor": "5000",
                "currency": "'PLN'",
                "source_ref": "'in' || i",
                "term_id": f"{FIRST} + i % {count}",
                "state": f"CASE WHEN i < {count} THEN 'expected'"
                " WHEN i % 100 = 4 THEN 'missed' ELSE 'paid' END",
            },
        ),
        Rows(
            "allocation",
            count * 10,
            {
                "gift_id": ID,
                "instalment_id": f"{ID} + {count}",
                "amount_minor": "5000",
            },
        ),
    )
