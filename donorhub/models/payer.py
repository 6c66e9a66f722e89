"""What people decided of many payers at once."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import Base


class PayerBatch(Base):
    """Donors made of unknown payers by one click, with the gifts recorded for them; undone as one."""

    __tablename__ = "payer_batch"
    __table_args__ = (Index("ix_payer_batch_digest", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]  # of what was shown and chosen
    made_at: Mapped[datetime]  # also when its matches were decided
    made_by: Mapped[str]
    donors_count: Mapped[int]  # who are new
    gifts_count: Mapped[int]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class PayerBatchEntry(Base):
    """An entry that a batch decided, and until when it had waited before."""

    __tablename__ = "payer_batch_entry"
    __table_args__ = (UniqueConstraint("batch_id", "entry_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("payer_batch.id", ondelete="RESTRICT"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="RESTRICT"), index=True)
    decide_by: Mapped[date | None]
