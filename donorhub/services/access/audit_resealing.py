"""Sealing the audit of another installation with the key of this one, when its records were brought in.

What each record says stays word for word; its digest, the digests of the values beside it and the chain are
worked out anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, update

from donorhub.db import Base, db
from donorhub.models import AuditHead, AuditRecord, AuditValue
from donorhub.services.access import audit
from donorhub.services.paging import AnyRow

_RECORDS = Base.metadata.tables["audit_record"]


def forget_digests(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says without its digests of the values beside it, which a key made."""
    return {**data, "sealed": dict.fromkeys(data["sealed"])} if "sealed" in data else dict(data)


def reseal_records() -> None:
    """Work out every digest and the whole chain anew, in one transaction; again changes nothing."""
    chain, last_seq = audit.FIRST_LINK, 0
    while records := _read_next(AuditRecord.seq > last_seq, AuditRecord.seq):
        chain = _reseal_chunk(records, chain)
        last_seq = records[-1].seq
    last_id = 0
    while records := _read_next(AuditRecord.seq.is_(None) & (AuditRecord.id > last_id), AuditRecord.id):
        _reseal_chunk(records, chain)  # these have no place in the chain yet
        last_id = records[-1].id
    db.session.execute(update(AuditHead).values(chain=chain))
    db.session.expire_all()  # what was read before is another now


def _read_next(condition: ColumnElement[bool], order: Any) -> Sequence[AnyRow]:
    return db.session.execute(
        select(
            AuditRecord.id,
            AuditRecord.seq,
            AuditRecord.at,
            AuditRecord.actor,
            AuditRecord.what,
            AuditRecord.subject_type,
            AuditRecord.subject_id,
            AuditRecord.data,
        )
        .where(condition)
        .order_by(order)
        .limit(audit.CHUNK)
    ).all()


def _reseal_chunk(records: Sequence[AnyRow], chain: str) -> str:
    """Reseal some records that follow each other; return the chain up to the last of them."""
    digests_by_record = _compute_value_digests([record.id for record in records])
    new_rows = []
    for record in records:
        data = dict(record.data)
        if "sealed" in data:
            digests = digests_by_record.get(record.id, {})
            data["sealed"] = {field: digests.get(field) for field in data["sealed"]}
        digest = audit.compute_digest(
            at=record.at,
            actor=record.actor,
            what=record.what,
            subject_type=record.subject_type,
            subject_id=record.subject_id,
            data=data,
        )
        if record.seq is not None:
            chain = audit.compute_link(chain, record.seq, digest)
        link = chain if record.seq is not None else None
        new_rows.append({"row_id": record.id, "data": data, "digest": digest, "chain": link})
    statement = update(_RECORDS).where(_RECORDS.c.id == bindparam("row_id"))
    db.session.connection().execute(
        statement.values(
            data=bindparam("data", type_=_RECORDS.c.data.type),
            digest=bindparam("digest"),
            chain=bindparam("chain"),
        ),
        new_rows,
    )
    return chain


def _compute_value_digests(record_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    digests: dict[int, dict[str, str]] = {}
    values = db.session.execute(
        select(AuditValue.record_id, AuditValue.field, AuditValue.before, AuditValue.after).where(
            AuditValue.record_id.in_(record_ids)
        )
    )
    for record_id, field, before, after in values:
        digests.setdefault(record_id, {})[field] = audit.compute_value_digest(field, before, after)
    return digests
