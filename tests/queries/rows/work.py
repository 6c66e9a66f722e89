"""The tasks and messages of the large base, and what is written down about all that happens."""

from __future__ import annotations

from tests.queries.large_base import FIRST, Rows, Sql
from tests.queries.rows.numbers import AGO, ID, TASK_STATE, pick_name


def list_work_rows(sql: Sql, count: int, donors: int) -> tuple[Rows, ...]:
    donor_id = f"{FIRST} + i % {donors}"
    return (*_list_task_rows(sql, count, donor_id), *_list_record_rows(sql, count, donor_id))


def _list_task_rows(sql: Sql, count: int, donor_id: str) -> tuple[Rows, ...]:
    ago = f"({count} - i) * 3650.0 / {count}"
    return (
        Rows(
            "task",
            count,
            {
                "key": f"'thank_you:gift:' || ({ID})",
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
    )


def _list_record_rows(sql: Sql, count: int, donor_id: str) -> tuple[Rows, ...]:
    ago = f"({count} - i) * 3650.0 / {count}"
    return (
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
                "what": pick_name(("gift.recorded", "receipt.issued", "donor.changed", "task.done"), "i"),
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
                "key": f"'thank_you:gift:' || ({ID})",
                "fingerprint": "'f'",
                "status": "201",
                "headers": sql.json({}),
                "body": sql.data(b"{}"),
                "expires_at": sql.moment("-(1 + i % 30)"),
            },
        ),
    )
