"""The audit trail: who did what, sealed into a hash chain that shows later changes.

Records are written in the transaction of the change itself. They are numbered and
chained a moment later by :func:`seal_records`, so that writers never wait for each other.
A head beside them holds how far the chain goes, and so shows when its end was cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, insert, select, text, true

from donorhub import vault
from donorhub.db import Base, db, insert_or_update
from donorhub.domain.access.donor_fields import FIELD_OF_COLUMN
from donorhub.domain.access.permissions import Principal
from donorhub.models import AuditHead, AuditRecord, AuditValue
from donorhub.services.paging import AnyRow, equals_if_given

FIRST_LINK = "0" * 64
CHUNK = 500  # records in memory at a time
_RECORDS: Final = Base.metadata.tables["audit_record"]
Change = tuple[object, object]  # what a field was, and what it became
_WHOLE_CHANGES = {  # the one field that each of these changes
    "user.roles_changed": "roles",
    "field.hidden": "hidden_roles",
    "team.changed": "members",
    "mandate.changed": "mandate_state",
    "instalment.judged_again": "instalment_state",
    "recurring_gift.judged_again": "recurring_state",
}
_CHAIN_COLUMNS = (
    AuditRecord.seq,
    AuditRecord.at,
    AuditRecord.actor,
    AuditRecord.what,
    AuditRecord.subject_type,
    AuditRecord.subject_id,
    AuditRecord.data,
    AuditRecord.digest,
    AuditRecord.chain,
)


def make_record(
    actor: str,
    what: str,
    subject: tuple[str, int],
    *,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the columns of one record; ``data`` holds ids, amounts and words of ours, no personal data."""
    subject_type, subject_id = subject
    facts = dict(data or {})
    return {
        "at": now,
        "actor": actor,
        "what": what,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "data": facts,
        "digest": compute_digest(
            at=now, actor=actor, what=what, subject_type=subject_type, subject_id=subject_id, data=facts
        ),
    }


def record_action(
    actor: str,
    what: str,
    subject: tuple[str, int],
    *,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    """Record who did what to which row, in the present transaction."""
    write_records([make_record(actor, what, subject, now=now, data=data)])


def record_change(
    actor: str,
    what: str,
    subject: tuple[str, int],
    changes: Mapping[str, Change],
    *,
    now: datetime,
    personal: Collection[str] = (),
    donor_id: int | None = None,
) -> None:
    """Record who changed which fields of a row from what to what, in the present transaction.

    The values of ``personal`` fields, which are about ``donor_id``, stand beside the chain, so that they
    can be erased; the record holds a keyed digest of them.
    """
    plain = {field: [_make_plain(before), _make_plain(after)] for field, (before, after) in changes.items()}
    values = {field: plain.pop(field) for field in changes if field in personal}
    data: dict[str, object] = {"changes": plain}
    if values:
        data["sealed"] = {field: compute_value_digest(field, *value) for field, value in values.items()}
    record = make_record(actor, what, subject, now=now, data=data)
    record_id = db.session.scalars(insert(AuditRecord).returning(AuditRecord.id), [record]).one()
    if values:
        rows = [
            {"record_id": record_id, "donor_id": donor_id, "field": field, "before": before, "after": after}
            for field, (before, after) in values.items()
        ]
        db.session.execute(insert(AuditValue), rows)


def _make_plain(value: object) -> object:
    """Return a value as JSON holds it: days and moments as text, moments in UTC with a Z."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    return value.isoformat() if isinstance(value, date) else value


def compute_value_digest(field: str, before: object, after: object) -> str:
    """Return the keyed digest of a value that stands beside the chain."""
    return vault.compute_keyed_hash(
        json.dumps([field, before, after], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    )


def read_changes(records: Collection[AuditRecord]) -> dict[int, dict[str, Change | None]]:
    """Return what each record says of changed fields, by record and field, as (before, after).

    None stands for a value that was erased, or that was not kept when the record was written.
    """
    changes: dict[int, dict[str, Change | None]] = {}
    for record in records:
        data: Mapping[str, Any] = record.data
        changes[record.id] = {
            **_read_whole_change(record.what, data),
            **dict.fromkeys(data.get("fields", ())),
            **dict.fromkeys(data.get("sealed", ())),
            **{field: (before, after) for field, (before, after) in data.get("changes", {}).items()},
        }
    if not changes:
        return changes
    values = db.session.execute(
        select(AuditValue.record_id, AuditValue.field, AuditValue.before, AuditValue.after)
        .where(AuditValue.record_id.in_(list(changes)))
        .order_by(AuditValue.id)
    )
    for record_id, field, before, after in values:
        changes[record_id][field] = (before, after)
    return changes


def read_shown_changes(
    records: Collection[AuditRecord], reader: Principal
) -> dict[int, dict[str, Change | None]]:
    """Return what :func:`read_changes` does, without the fields of donors that are hidden from the reader."""
    return {
        record_id: {
            field: change
            for field, change in changes.items()
            if reader.may_see_field(FIELD_OF_COLUMN.get(field, field))
        }
        for record_id, changes in read_changes(records).items()
    }


def _read_whole_change(what: str, data: Mapping[str, Any]) -> dict[str, Change | None]:
    """Return the one field of a record that tells of no other: a user's roles, a promise's terms."""
    if "before" not in data:
        return {}
    return {_WHOLE_CHANGES.get(what, "terms"): (data["before"], data["after"])}


def write_records(rows: Iterable[Mapping[str, object]]) -> None:
    """Write many records that :func:`make_record` made, in one statement."""
    rows = list(rows)
    if rows:
        db.session.flush()  # past the ORM, which takes longer than the database for tens of thousands
        db.session.execute(insert(_RECORDS), rows)


def compute_digest(
    *, at: datetime, actor: str, what: str, subject_type: str, subject_id: int, data: Mapping[str, object]
) -> str:
    """Return a keyed digest of all that a record says; it can be checked only with the key."""
    content = [at.astimezone(UTC).isoformat(), actor, what, subject_type, subject_id, data]
    return vault.compute_keyed_hash(
        json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    )


def compute_link(before: str, seq: int, record_digest: str) -> str:
    """Return the hash that joins a record to the one before it."""
    return hashlib.sha256(f"{before}|{seq}|{record_digest}".encode()).hexdigest()


def seal_records(limit: int = 5000) -> int:
    """Number and chain up to ``limit`` records that are not yet; return how many there were."""
    if db.session.get_bind().dialect.name == "postgresql":
        # Two sealers at once would give one number twice; the lock ends with the transaction.
        db.session.execute(text("SELECT pg_advisory_xact_lock(727274)"))
    # The chain goes on from its head, not from the last record: what was cut off stays missing.
    seq, chain = find_head() or (0, FIRST_LINK)
    waiting = db.session.execute(
        select(AuditRecord.id, AuditRecord.digest)
        .where(AuditRecord.seq.is_(None))
        .order_by(AuditRecord.id)
        .limit(limit)
    ).all()
    new_links = []
    for id_, record_digest in waiting:
        seq += 1
        chain = compute_link(chain, seq, record_digest)
        new_links.append({"id": id_, "seq": seq, "chain": chain})
    if new_links:
        db.session.bulk_update_mappings(AuditRecord, new_links)
        _move_head(seq, chain)
    return len(new_links)


def find_head() -> tuple[int, str] | None:
    """Return number and hash of the last record that was sealed; None before the first."""
    row = db.session.execute(select(AuditHead.seq, AuditHead.chain)).first()
    return (row.seq, row.chain) if row else None


def _move_head(seq: int, chain: str) -> None:
    statement = insert_or_update(AuditHead, on=(AuditHead.id,), columns=(AuditHead.seq, AuditHead.chain))
    db.session.execute(statement.values(id=1, seq=seq, chain=chain))


def select_records(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    actor: str | None = None,
    what: str | None = None,
    subject_type: str | None = None,
    subject_id: int | None = None,
) -> Select[AuditRecord]:
    """Return a query for the records that fit all that is given: at ``since`` or later, before ``until``."""
    query = select(AuditRecord).where(
        *equals_if_given(AuditRecord.actor, actor),
        *equals_if_given(AuditRecord.what, what),
        *equals_if_given(AuditRecord.subject_type, subject_type),
        *equals_if_given(AuditRecord.subject_id, subject_id),
    )
    if since is not None:
        query = query.where(AuditRecord.at >= since)
    return query if until is None else query.where(AuditRecord.at < until)


def list_actors() -> list[str]:
    """Return everybody who did something, in order.

    Each is sought behind the one before, which an index answers at once: of many records few have another.
    """
    actors = select(func.min(AuditRecord.actor).label("actor")).cte("actors", recursive=True)
    following = (
        select(func.min(AuditRecord.actor)).where(AuditRecord.actor > actors.c.actor).scalar_subquery()
    )
    actors = actors.union_all(select(following).where(actors.c.actor.is_not(None)))
    return list(db.session.scalars(select(actors.c.actor).where(actors.c.actor.is_not(None))))


def find_broken_links(*, after_seq: int = 0, after_chain: str = "") -> Iterator[str]:
    """Return a sentence on each record that does not fit the chain or its head; none if nobody changed any.

    ``after_seq`` and ``after_chain`` are a place of the chain that was proved: from there on.
    """
    # The head is read before the records: more may be sealed meanwhile.
    last_seq, last_chain = find_head() or (0, FIRST_LINK)
    chain, seq = (after_chain, after_seq) if after_seq else (FIRST_LINK, 0)
    if after_seq and not _is_sealed(after_seq, after_chain):
        yield f"audit record {after_seq} is not the one that was proved"
    for record in _stream_sealed(after_seq):
        seq += 1
        if record.seq != seq:
            yield f"audit record {seq} is missing"
            seq = record.seq
        if _compute_row_digest(record) != record.digest:
            yield f"audit record {record.seq} was changed"
        chain = compute_link(chain, record.seq, record.digest)
        if chain != record.chain:
            yield f"audit record {record.seq} does not follow from the one before"
            chain = record.chain or chain
        if record.seq == last_seq and record.chain != last_chain:
            yield f"audit record {last_seq} is not the one that was sealed last"
    if seq < last_seq:
        yield f"audit records {seq + 1} to {last_seq} are missing: the end was cut off"
    if seq and not last_seq:
        yield "the audit has no head that tells how far it went"


def find_changed_values(is_concerned: ColumnElement[bool] | None = None) -> Iterator[str]:
    """Return a sentence on each value beside the chain that is not the one its record was sealed with.

    One that is missing was erased, which is allowed.
    """
    rows = db.session.execute(
        select(AuditValue.field, AuditValue.before, AuditValue.after, AuditRecord.id, AuditRecord.data)
        .join(AuditRecord, AuditRecord.id == AuditValue.record_id)
        .where(true() if is_concerned is None else is_concerned)
        .execution_options(yield_per=CHUNK)
    )
    for field, before, after, record_id, data in rows:
        digests: Mapping[str, Any] = data
        if digests.get("sealed", {}).get(field) != compute_value_digest(field, before, after):
            yield f"the {field} that audit record {record_id} tells of was changed"


def _is_sealed(seq: int, chain: str) -> bool:
    """Return whether the record of this number is there, unchanged, and has this place in the chain."""
    record = db.session.execute(select(*_CHAIN_COLUMNS).where(AuditRecord.seq == seq)).first()
    return record is not None and record.chain == chain and _compute_row_digest(record) == record.digest


def _stream_sealed(after_seq: int) -> Iterator[AnyRow]:
    query = select(*_CHAIN_COLUMNS).where(AuditRecord.seq > after_seq).order_by(AuditRecord.seq)
    return iter(db.session.execute(query.execution_options(yield_per=CHUNK)))


def _compute_row_digest(record: AnyRow) -> str:
    return compute_digest(
        at=record.at,
        actor=record.actor,
        what=record.what,
        subject_type=record.subject_type,
        subject_id=record.subject_id,
        data=record.data,
    )
