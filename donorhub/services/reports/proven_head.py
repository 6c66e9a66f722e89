"""How far all invariants were seen to hold: the quick check goes on from there.

What is kept are the last id of each table and the place in the audit's chain. A transaction may commit
rows with lower ids after those that were checked, so the mark moves to where the check was some minutes
ago: each row is looked at until no transaction that could have written it is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from donorhub.db import Base, db, insert_or_ignore
from donorhub.models import (
    Allocation,
    AuditRecord,
    AuditValue,
    ContactPoint,
    Correction,
    Designation,
    Detail,
    Dispute,
    Donor,
    Entry,
    Gift,
    IdentityKey,
    Instalment,
    Match,
    Message,
    MessageSubject,
    Payment,
    Payout,
    PayoutItem,
    ProvenHead,
    ProviderEvent,
    Receipt,
    ReceiptLine,
    ReceiptPdf,
    Refund,
    Statement,
    Task,
)
from donorhub.services.access import audit
from donorhub.services.reports.invariants import Scope

OPEN_FOR: Final = timedelta(minutes=5)  # no transaction of ours is open longer: PostgreSQL ends idle ones
WHOLE_EVERY: Final = timedelta(days=1)
TABLES: Final[tuple[type[Base], ...]] = (
    Allocation,
    AuditRecord,
    AuditValue,
    ContactPoint,
    Correction,
    Designation,
    Detail,
    Dispute,
    Donor,
    Entry,
    Gift,
    IdentityKey,
    Instalment,
    Match,
    Message,
    MessageSubject,
    Payment,
    Payout,
    PayoutItem,
    ProviderEvent,
    Receipt,
    ReceiptLine,
    ReceiptPdf,
    Refund,
    Statement,
    Task,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the tables and the audit's chain go at one moment."""

    ids: dict[str, int]
    audit_seq: int
    audit_chain: str


def read_mark() -> Mark:
    """Return how far everything goes now; read it before what it stands for is checked."""
    ids = {
        table.__tablename__: db.session.scalar(select(func.max(table.__table__.c.id))) or 0
        for table in TABLES
    }
    seq, chain = audit.find_head() or (0, "")
    return Mark(ids, seq, chain)


def find_head() -> ProvenHead | None:
    """Return how far all was seen to hold; None before the first check."""
    head: ProvenHead | None = db.session.get(ProvenHead, 1)
    return head


def make_scope(head: ProvenHead | None) -> Scope:
    """Return what a check that goes on from the head has to look at."""
    if head is None:
        return Scope({})
    return Scope(head.ids, audit_seq=head.audit_seq, audit_chain=head.audit_chain)


def is_whole_due(head: ProvenHead | None, now: datetime) -> bool:
    """Return whether everything is to be looked at again, whatever holds of what came since."""
    return head is None or head.whole_at is None or now - head.whole_at >= WHOLE_EVERY


def move_head(mark: Mark, *, now: datetime) -> None:
    """Record that everything up to the mark holds.

    Rows count as proved up to where a check was that is so long ago that no transaction from then is open.
    """
    head = _get_head()
    head.audit_seq, head.audit_chain = mark.audit_seq, mark.audit_chain
    if head.next_at is not None and now - head.next_at < OPEN_FOR:
        return
    if head.next_at is not None:
        head.ids, head.proved_at = head.next_ids, head.next_at
    head.next_ids, head.next_at = mark.ids, now


def note_whole(*, now: datetime) -> None:
    """Record that all rows were looked at, whatever was found."""
    _get_head().whole_at = now


def _get_head() -> ProvenHead:
    insertion = insert_or_ignore(ProvenHead, on=(ProvenHead.id,))
    db.session.execute(insertion.values(id=1, ids={}, next_ids={}, audit_seq=0, audit_chain=""))
    return db.session.get_one(ProvenHead, 1, with_for_update=True, populate_existing=True)
