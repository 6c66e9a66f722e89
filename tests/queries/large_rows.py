"""Which rows the large base has: a foundation with 100,000 donors after ten years.

An entry's number decides its state, so that the rows that hang on it can be told by the same number:
one in a hundred waits, a fifth is no gift, the rest is matched.
"""

from __future__ import annotations

import zlib
from typing import Final

from tests.queries.large_base import FIRST, Rows, Sql

AGO: Final = "((i * 1009) % 3650)"  # ten years, in no order
ID: Final = f"{FIRST} + i"
GIVEN: Final = ("Anna", "Jan", "Zofia", "Piotr", "Maria", "Agim", "Arta", "Besnik", "Ewa", "Adam", "Luan")
FAMILY: Final = (
    "Kowalska",
    "Nowak",
    "Mazur",
    "Wilk",
    "Hoxha",
    "Krasniqi",
    "Lewandowska",
    "Sikora",
    "Gashi",
    "Baran",
    "Pawlak",
    "Berisha",
    "Duda",
    "Kubiak",
    "Shehu",
    "Jankowska",
    "Kelmendi",
)
ENTRY_STATE: Final = (
    "CASE WHEN i % 100 = 7 THEN 'suspense' WHEN i % 1000 = 9 THEN 'doubtful'"
    " WHEN i % 5 = 2 THEN 'not_gift' ELSE 'matched' END"
)
TASK_STATE: Final = (
    "CASE WHEN i % 100 = 0 OR i % 1000 = 1 THEN 'planned' WHEN i % 5000 = 3 THEN 'dead'"
    " WHEN i % 5000 = 5 THEN 'failed' WHEN i % 50 = 6 THEN 'cancelled' ELSE 'done' END"
)


def large_rows(sql: Sql, *, share: int = 1, sealed: bytes = b"", payload: object = None) -> tuple[Rows, ...]:
    """The rows of every table that grows, parents before children; ``share`` 10 makes a tenth of them.

    ``sealed`` is the content of a bank file, ``payload`` what a receipt prints.
    """
    return (
        *_donors(sql, 100_000 // share),
        *_bank(sql, 300_000 // share, sealed),
        *_giving(sql, 300_000 // share, 100_000 // share),
        *_receipts(sql, 50_000 // share, payload),
        *_recurring(sql, 5_000 // share, 100_000 // share),
        *_work(sql, 300_000 // share, 100_000 // share),
        *_providers(sql, 100_000 // share, 100_000 // share),
    )


def _named(names: tuple[str, ...], number: str) -> str:
    cases = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(names))
    return f"CASE {number} % {len(names)} {cases} END"


def _donors(sql: Sql, count: int) -> tuple[Rows, ...]:
    given, family = f"({_named(GIVEN, 'i')})", f"({_named(FAMILY, '(i / 11)')}) || ' ' || i"
    return (
        Rows(
            "donor",
            count,
            {
                "code": "'DH-' || (2001 + i) || '-0'",
                "name": f"{given} || ' ' || {family}",
                "given_name": given,
                "family_name": family,
                "email": "'d' || i || '@example.org'",
                "lang": _named(("pl", "sq", "en"), "i"),
                "city": "'Łódź'",
                "search": f"lower({given} || ' ' || {family} || ' d' || i || '@example.org lodz')",
                "owner_id": "CASE WHEN i % 500 = 0 THEN 1 END",
                "source": "'form'",
                "merged_into_id": f"CASE WHEN i % 1000 = 999 THEN {FIRST} END",
                "created_at": sql.moment(AGO),
                "updated_at": sql.moment("(i * 31) % 3650"),
            },
        ),
        Rows(
            "identity_key",
            count,
            {
                "kind": "'email'",
                "value": "'d' || i || '@example.org'",
                "donor_id": ID,
            },
        ),
        Rows("external_id", count // 2, {"donor_id": ID, "source": "'crm'", "ref": "'r' || i"}),
        Rows("payer_key", count // 2, {"value": "'PL' || i", "donor_id": ID, "hits": "3"}),
    )


def _bank(sql: Sql, count: int, sealed: bytes) -> tuple[Rows, ...]:
    files = count // 100
    ago, entry_ago = f"({files} - i) * 3650.0 / {files}", f"({files} - i / 100) * 3650.0 / {files}"
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
            files,
            {
                "sha256": "'f' || i",
                "filename": "'file-' || i || '.csv'",
                "size": "4000",
                "content": sql.data(sealed),
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
            files,
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
        Rows(
            "entry",
            count,
            {
                "bank_account_id": f"{FIRST} + (i / 100) % 3",
                "statement_id": f"{FIRST} + i / 100",
                "position": "i % 100",
                "fingerprint": "'e' || i",
                "occurrence": "1",
                "booked_on": sql.day(entry_ago),
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


def _giving(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    taken = {"currency": "'PLN'", "recorded_at": sql.moment(AGO)}
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
                "method": _named(("card", "transfer", "standing_order"), "i"),
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
        Rows("designation", count // 3, {"gift_id": ID, "fund_id": "1", "amount_minor": "5000"}),
        Rows("soft_credit", count // 300, {"gift_id": ID, "donor_id": ID, "amount_minor": "5000"}),
        Rows(
            "refund",
            count // 200,
            {
                **taken,
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
                **taken,
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
                **taken,
                "gift_id": f"{FIRST} + i * 7",
                "amount_minor": "100",
                "reason": "'wrong'",
                "actor": "'user:1'",
                "source": "'manual'",
                "source_ref": "'co' || i",
            },
        ),
    )


def _receipts(sql: Sql, count: int, payload: object) -> tuple[Rows, ...]:
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


def _recurring(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    nominal_on = sql.day(f"(i / {count}) * 30 - 15")
    return (
        Rows(
            "recurring_gift",
            count,
            {
                "donor_id": f"{FIRST} + (i * 13) % {donors}",
                "currency": "'PLN'",
                "start_on": sql.day("400"),
                "source": "'manual'",
                "source_ref": "'rg' || i",
                "kind": _named(("provider", "standing_order"), "i"),
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
                "anchor_on": sql.day("400"),
                "from_on": sql.day("400"),
            },
        ),
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


def _work(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    ago = f"({count} - i) * 3650.0 / {count}"
    donor_id = f"{FIRST} + i % {donors}"
    return (
        Rows(
            "task",
            count,
            {
                "key": "'k' || i",
                "kind": "CASE WHEN i % 100 = 0 THEN 'call' ELSE 'thank_you' END",
                "performer": "CASE WHEN i % 100 = 0 OR i % 50 = 6 THEN 'person' ELSE 'worker' END",
                "state": TASK_STATE,
                "donor_id": donor_id,
                "subject_type": "'gift'",
                "subject_id": ID,
                "due_at": sql.moment(f"{ago} - 30"),
                "created_at": sql.moment(ago),
                "assignee_id": "CASE WHEN i % 700 = 0 THEN 1 END",
                "done_at": f"CASE WHEN ({TASK_STATE}) = 'done' THEN {sql.moment(ago)} END",
            },
        ),
        Rows(
            "message",
            count * 2 // 3,
            {
                "send_key": "'s' || i",
                "task_id": ID,
                "donor_id": donor_id,
                "template": "'thank_you@1'",
                "lang": "'pl'",
                "to_address": "'d' || i || '@example.org'",
                "subject": "'Thank you'",
                "body": "'Thank you for your gift'",
                "message_id": "'<m' || i || '>'",
                "state": "CASE WHEN i % 5000 = 1 THEN 'unknown' WHEN i % 5000 = 2 THEN 'failed'"
                " WHEN i % 10000 = 3 THEN 'planned' WHEN i % 100 = 4 THEN 'suppressed' ELSE 'sent' END",
                "planned_at": sql.moment(f"{ago} * 2 / 3"),
                "sent_at": sql.moment(f"{ago} * 2 / 3"),
            },
        ),
        Rows(
            "domain_event",
            count,
            {
                "kind": "'gift.recorded'",
                "donor_id": donor_id,
                "subject_type": "'gift'",
                "subject_id": ID,
                "occurred_at": sql.moment(AGO),
                "recorded_at": sql.moment(AGO),
            },
        ),
        Rows(
            "audit_record",
            count,
            {
                "seq": ID,
                "at": sql.moment(ago),
                "actor": "'user:' || (i % 40)",
                "what": _named(("gift.recorded", "receipt.issued", "donor.changed", "task.done"), "i"),
                "subject_type": "'gift'",
                "subject_id": ID,
                "digest": "'d'",
                "chain": "'c' || i",
            },
        ),
        Rows(
            "idempotency_key",
            count // 15,
            {
                "principal": "'token:1'",
                "route": "'POST /gifts'",
                "key": "'k' || i",
                "fingerprint": "'f'",
                "status": "201",
                "headers": sql.json({}),
                "body": sql.data(b"{}"),
                "expires_at": sql.moment("-(1 + i % 30)"),
            },
        ),
    )


def _providers(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    theirs = {"provider": "'stripe'", "account": "'acct_1'"}
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
                **theirs,
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
                **theirs,
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
                **theirs,
                "kind": "'customer'",
                "ref": "'cus_' || i",
                "subject_id": ID,
            },
        ),
        Rows(
            "payment",
            count,
            {
                **theirs,
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
                **theirs,
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
