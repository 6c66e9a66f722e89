"""The audit trail: who did what, sealed into a hash chain that shows later changes.

Records are written in the transaction of what they tell of. They are numbered and
chained a moment later by :func:`seal`, so that writers never wait for each other. A head
beside them tells how far the chain goes, and so when its end was cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from sqlalchemy import Select, func, insert, select, text

from donorhub import vault
from donorhub.db import db, insert_or_update
from donorhub.models import AuditHead, AuditRecord
from donorhub.services.paging import AnyRow, if_given

FIRST_LINK = "0" * 64
CHUNK = 500  # records in memory at a time
_SEALED = (
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


def row(
    actor: str,
    what: str,
    subject: tuple[str, int],
    *,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The columns of one record; ``data`` holds ids, amounts and words of ours, never personal data."""
    subject_type, subject_id = subject
    facts = dict(data or {})
    return {
        "at": now,
        "actor": actor,
        "what": what,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "data": facts,
        "digest": digest(
            at=now, actor=actor, what=what, subject_type=subject_type, subject_id=subject_id, data=facts
        ),
    }


def record(
    actor: str,
    what: str,
    subject: tuple[str, int],
    *,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    """Write who did what to which row, in the present transaction."""
    record_many([row(actor, what, subject, now=now, data=data)])


def record_many(rows: Iterable[Mapping[str, object]]) -> None:
    """Write many records made by :func:`row` at once."""
    rows = list(rows)
    if rows:
        db.session.execute(insert(AuditRecord), rows)


def digest(
    *, at: datetime, actor: str, what: str, subject_type: str, subject_id: int, data: Mapping[str, object]
) -> str:
    """A keyed digest of what a record says; it can be checked only with the key."""
    said = [at.astimezone(UTC).isoformat(), actor, what, subject_type, subject_id, data]
    return vault.keyed_hash(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def link(before: str, seq: int, digest_: str) -> str:
    return hashlib.sha256(f"{before}|{seq}|{digest_}".encode()).hexdigest()


def seal(limit: int = 5000) -> int:
    """Number and chain up to ``limit`` records that are not yet; gives how many. Again changes nothing."""
    if db.session.get_bind().dialect.name == "postgresql":
        # Two sealers at once would give one number twice; the lock ends with the transaction.
        db.session.execute(text("SELECT pg_advisory_xact_lock(727274)"))
    # The chain goes on from its head, not from the last record: what was cut off stays missing.
    seq, chain = head() or (0, FIRST_LINK)
    waiting = db.session.execute(
        select(AuditRecord.id, AuditRecord.digest)
        .where(AuditRecord.seq.is_(None))
        .order_by(AuditRecord.id)
        .limit(limit)
    ).all()
    sealed = []
    for id_, digest_ in waiting:
        seq += 1
        chain = link(chain, seq, digest_)
        sealed.append({"id": id_, "seq": seq, "chain": chain})
    if sealed:
        db.session.bulk_update_mappings(AuditRecord, sealed)
        _move_head(seq, chain)
    return len(sealed)


def head() -> tuple[int, str] | None:
    """Number and hash of the last record that was sealed; None before the first."""
    known = db.session.execute(select(AuditHead.seq, AuditHead.chain)).first()
    return (known.seq, known.chain) if known else None


def _move_head(seq: int, chain: str) -> None:
    moved = insert_or_update(AuditHead, on=(AuditHead.id,), columns=(AuditHead.seq, AuditHead.chain))
    db.session.execute(moved.values(id=1, seq=seq, chain=chain))


def choose(
    *,
    since: datetime | None = None,
    actor: str | None = None,
    what: str | None = None,
    subject_type: str | None = None,
    subject_id: int | None = None,
) -> Select[AuditRecord]:
    """Return a query for the records that fit all that is given."""
    query = select(AuditRecord).where(
        *if_given(AuditRecord.actor, actor),
        *if_given(AuditRecord.what, what),
        *if_given(AuditRecord.subject_type, subject_type),
        *if_given(AuditRecord.subject_id, subject_id),
    )
    return query if since is None else query.where(AuditRecord.at >= since)


def unsealed_count() -> int:
    return db.session.scalar(select(func.count()).where(AuditRecord.seq.is_(None))) or 0


def find_broken_links(*, after_seq: int = 0, after_chain: str = "") -> Iterator[str]:
    """A sentence on each record that does not fit the chain or its head, none when nobody touched it.

    ``after_seq`` and ``after_chain`` are a place of the chain that was proved: from there on.
    """
    last, last_chain = head() or (0, FIRST_LINK)  # read before the records: more may be sealed meanwhile
    chain, expected = (after_chain, after_seq) if after_seq else (FIRST_LINK, 0)
    if after_seq and not _is_sealed(after_seq, after_chain):
        yield f"audit record {after_seq} is not the one that was proved"
    for one in _stream_sealed(after_seq):
        expected += 1
        if one.seq != expected:
            yield f"audit record {expected} is missing"
            expected = one.seq
        if _digest_of(one) != one.digest:
            yield f"audit record {one.seq} was changed"
        chain = link(chain, one.seq, one.digest)
        if chain != one.chain:
            yield f"audit record {one.seq} does not follow from the one before"
            chain = one.chain or chain
        if one.seq == last and one.chain != last_chain:
            yield f"audit record {last} is not the one that was sealed last"
    if expected < last:
        yield f"audit records {expected + 1} to {last} are missing: the end was cut off"
    if expected and not last:
        yield "the audit has no head that tells how far it went"


def _is_sealed(seq: int, chain: str) -> bool:
    """Whether the record of this number is there, says what it said, and has this place in the chain."""
    one = db.session.execute(select(*_SEALED).where(AuditRecord.seq == seq)).first()
    return one is not None and one.chain == chain and _digest_of(one) == one.digest


def _stream_sealed(after_seq: int) -> Iterator[AnyRow]:
    query = select(*_SEALED).where(AuditRecord.seq > after_seq).order_by(AuditRecord.seq)
    return iter(db.session.execute(query.execution_options(yield_per=CHUNK)))


def _digest_of(one: AnyRow) -> str:
    return digest(
        at=one.at,
        actor=one.actor,
        what=one.what,
        subject_type=one.subject_type,
        subject_id=one.subject_id,
        data=one.data,
    )
