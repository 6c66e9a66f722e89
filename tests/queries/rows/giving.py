"""The gifts of the large base, and what takes money away from them."""

from __future__ import annotations

from donorhub.models.states import CUSTOM_KINDS
from tests.queries.large_base import FIRST, Rows, Sql
from tests.queries.rows.donors import make_custom_values
from tests.queries.rows.numbers import AGO, ENTRY_STATE, ID, pick_name


def list_giving_rows(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    return (*_list_gift_rows(sql, count, donors), *_list_reversal_rows(sql, count))


def _list_gift_rows(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    return (
        Rows(
            "gift",
            count,
            {
                "donor_id": f"{FIRST} + i % {donors}",
                "amount_minor": "5000 + i % 1000",
                "currency": "'PLN'",
                "received_on": sql.day(AGO),
                "recorded_at": sql.moment(AGO),
                "source_ref": "'g' || i",
                "source": "CASE WHEN i % 3 = 0 THEN 'stripe:acct_1' ELSE 'bank' END",
                "method": pick_name(("card", "transfer", "standing_order"), "i"),
            },
        ),
        Rows(
            "match",
            count,
            {
                "entry_id": ID,
                "kind": "'gift'",
                "gift_id": ID,
                "amount_minor": "5000 + i % 1000",
                "engine_version": "'1'",
                "actor": "'user:1'",
                "decided_at": sql.moment(AGO),
            },
            where=f"({ENTRY_STATE}) = 'matched'",
        ),
        Rows(
            "payer_batch",
            50,
            {
                "digest": "'d' || i",
                "made_at": sql.moment("i"),
                "made_by": "'user:1'",
                "donors_count": "100",
                "gifts_count": "1000",
            },
        ),
        Rows("payer_batch_entry", count // 10, {"batch_id": f"{FIRST} + i % 50", "entry_id": ID}),
        Rows("gift_custom_value", count, make_custom_values(sql, f"{FIRST} + {len(CUSTOM_KINDS)}")),
        Rows("designation", count // 3, {"gift_id": ID, "fund_id": "1", "amount_minor": "5000"}),
        Rows("soft_credit", count // 300, {"gift_id": ID, "donor_id": ID, "amount_minor": "5000"}),
    )


def _list_reversal_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    recorded_money = {"currency": "'PLN'", "recorded_at": sql.moment(AGO)}
    return (
        Rows(
            "refund",
            count // 200,
            {
                **recorded_money,
                "gift_id": f"{FIRST} + i * 3",
                "amount_minor": "100",
                "state": "'succeeded'",
                "refunded_on": sql.day(AGO),
                "source": "'stripe:acct_1'",
                "source_ref": "'rf' || i",
            },
        ),
        Rows(
            "dispute",
            count // 1000,
            {
                **recorded_money,
                "gift_id": f"{FIRST} + i * 6",
                "amount_minor": "5000",
                "state": "'lost'",
                "opened_on": sql.day(AGO),
                "source": "'stripe:acct_1'",
                "source_ref": "'dp' || i",
            },
        ),
        Rows(
            "correction",
            count // 1000,
            {
                **recorded_money,
                "gift_id": f"{FIRST} + i * 7",
                "amount_minor": "100",
                "reason": "'wrong'",
                "actor": "'user:1'",
                "source": "'manual'",
                "source_ref": "'co' || i",
            },
        ),
    )
