"""Donors' rights: who was erased, by what they are known so as not to come back, and sealed papers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import ErasedKeyKind, RetentionKind


class Erasure(Base):
    """That a donor was erased. ``erasures.log`` beside the backups says the same, and outlives a restore."""

    __tablename__ = "erasure"
    __table_args__ = (Index("ix_erasure_bytes_erased_at", "bytes_erased_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), unique=True)
    code_hash: Mapped[str]  # keyed, of the code that the donor had: a restore knows them by it
    erased_at: Mapped[datetime]
    actor: Mapped[str]
    kept: Mapped[dict[str, int]] = mapped_column(default=dict)  # how many rows of each kind the books keep
    bytes_erased_at: Mapped[datetime | None]  # when free pages and indexes were written anew


class ErasedKey(Base):
    """A keyed hash of an address, number or foreign id of somebody erased: a file that names it again does
    not make them anew, and nothing is sent there."""

    __tablename__ = "erased_key"
    __table_args__ = (
        UniqueConstraint("kind", "value_hash", "donor_id"),
        make_word_check("kind", ErasedKeyKind),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ErasedKeyKind]
    value_hash: Mapped[str]
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)


class ReceiptKey(Base):
    """The key that papers of erased donors of one receipt year are sealed with, itself sealed with that of
    the installation; destroyed when the year need be kept no more."""

    __tablename__ = "receipt_key"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]


class DonorRead(Base):
    """That somebody looked at a donor on a day, the first time of it: whose data may be with whom."""

    __tablename__ = "donor_read"
    __table_args__ = (
        UniqueConstraint("actor", "donor_id", "day"),
        Index("ix_donor_read_first_at_id", "first_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str]
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    day: Mapped[date]
    first_at: Mapped[datetime]


class Breach(Base):
    """A breach of personal data as it was written down (Art. 33 (5) GDPR): what happened, whose data it
    reached by what was known then, and when authority and donors were told. Only the two moments change."""

    __tablename__ = "breach"
    __table_args__ = (
        CheckConstraint("first_on <= last_on", "days_in_order"),
        CheckConstraint("donor_count >= 0", "donor_count_not_negative"),
        Index("ix_breach_noticed_at_id", "noticed_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # of the form: sent twice, it is written down once
    noticed_at: Mapped[datetime]  # from here the three days of the authority count
    first_on: Mapped[date]
    last_on: Mapped[date]
    suspect: Mapped[str]  # user:3; "" for everybody
    text: Mapped[str] = mapped_column(info=PERSONAL)  # what happened, and what is done about it
    donor_count: Mapped[int]  # donors looked at or copied in these days
    concerns_all: Mapped[bool]  # everything or a backup was taken
    authority_told_at: Mapped[datetime | None]
    donors_told_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class RetentionClock(Base):
    """How long something is kept, where the organisation says another time than the program."""

    __tablename__ = "retention_clock"
    __table_args__ = (make_word_check("kind", RetentionKind), CheckConstraint("keep > 0", "keep_is_positive"))

    kind: Mapped[RetentionKind] = mapped_column(primary_key=True)
    keep: Mapped[int]  # days, or years after the end of the year: services.moving.retention
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class RetentionRun(Base):
    """That what was old enough was deleted, and how much: the proof beside the clock."""

    __tablename__ = "retention_run"
    __table_args__ = (make_word_check("kind", RetentionKind), Index("ix_retention_run_kind_id", "kind", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[RetentionKind]
    ran_at: Mapped[datetime]
    before_on: Mapped[date]  # what is older than this day went
    deleted: Mapped[int]
    left_over: Mapped[int]  # older rows that stay, as somebody must look at them first
