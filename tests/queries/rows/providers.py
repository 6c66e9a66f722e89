"""What the payment provider of the large base has sent."""

from __future__ import annotations

import zlib
from typing import Final

from tests.queries.large_base import FIRST, Rows, Sql
from tests.queries.rows.numbers import AGO, ID

AT_PROVIDER: Final = {"provider": "'stripe'", "account": "'acct_1'"}


def list_provider_rows(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    return (*_list_event_rows(sql, count, donors), *_list_payment_rows(sql, count))


def _list_event_rows(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    received_at = sql.moment(f"({count} - i) * 900.0 / {count}")
    return (
        Rows(
            "webhook_endpoint",
            2,
            {
                "provider": "'stripe'",
                "account": "'acct_' || (i + 1)",
                "slug": "'slug' || i",
                "created_at": sql.moment("900"),
            },
        ),
        Rows(
            "provider_event",
            count,
            {
                **AT_PROVIDER,
                "endpoint_id": str(FIRST),
                "external_id": "'evt_' || i",
                "type": "'charge.' || (i % 20)",
                "livemode": sql.boolean(True),
                "occurred_at": "1790000000 + i",
                "received_at": received_at,
                "object_kind": "'charge'",
                "object_id": "'ch_' || i",
                "body": sql.data(zlib.compress(b"{}")),
                "body_sha256": sql.data(b""),
                "processed_at": received_at,
                "state": "CASE i % 5000 WHEN 1 THEN 'dead' WHEN 2 THEN 'quarantined' ELSE 'done' END",
            },
        ),
        Rows(
            "provider_register",
            count,
            {
                **AT_PROVIDER,
                "kind": "CASE WHEN i % 200 = 0 THEN 'refund' WHEN i % 2 = 0 THEN 'instalment'"
                " ELSE 'attempt' END",
                "ref": "'in' || i",
                "grp": "'gr' || i",
                "v_at": "1790000000 + i",
                "v_rank": "1",
                "v_ev": "'evt_' || i",
                "state": sql.json({"state": "failed"}),
                "livemode": sql.boolean(True),
            },
        ),
        Rows(
            "provider_map",
            donors // 2,
            {
                **AT_PROVIDER,
                "kind": "'customer'",
                "ref": "'cus_' || i",
                "subject_id": ID,
            },
        ),
    )


def _list_payment_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    return (
        Rows(
            "payment",
            count,
            {
                **AT_PROVIDER,
                "payment_key": "'pi_' || i",
                "state": "'succeeded'",
                "amount_minor": "5000",
                "currency": "'PLN'",
                "occurred_at": sql.moment(AGO),
                "donor_id": ID,
                "gift_id": f"{FIRST} + i * 3",
            },
        ),
        Rows(
            "payout",
            count // 50,
            {
                **AT_PROVIDER,
                "ref": "'po_' || i",
                "state": "'paid'",
                "net_minor": "100000 + i",
                "currency": "'PLN'",
                "arrival_on": sql.day(f"{count // 50} - i"),
            },
        ),
        Rows(
            "payout_item",
            count,
            {
                "payout_id": f"{FIRST} + i / 50",
                "kind": "'charge'",
                "gross_minor": "5000",
                "fee_minor": "150",
                "net_minor": "4850",
                "currency": "'PLN'",
                "gift_id": f"{FIRST} + i * 3",
                "source": "'stripe:acct_1'",
                "source_ref": "'txn_' || i",
            },
        ),
    )
