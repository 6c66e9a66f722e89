"""Receipts: numbered, frozen when issued, never edited."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from donorhub.db import PERSONAL, Base, Currency, Minor, make_word_check
from donorhub.models.donor import Donor
from donorhub.models.states import Lang, ReceiptKind, ReceiptState


class ReceiptCounter(Base):
    """The last number of a series and year; raised in the transaction that issues."""

    __tablename__ = "receipt_counter"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class Receipt(Base):
    """The document with legal weight. ``payload`` is all that is printed, frozen; the PDF is made after."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("series", "year", "number"),
        make_word_check("state", ReceiptState),
        make_word_check("kind", ReceiptKind),
        make_word_check("lang", Lang),
        Index("ix_receipt_donor_id", "donor_id"),
        Index("ix_receipt_state_id", "state", "id"),
        Index(
            "ix_receipt_unprinted",
            "series",
            sqlite_where=text("pdf_sha256 IS NULL"),
            postgresql_where=text("pdf_sha256 IS NULL"),
        ),
        Index("ix_receipt_year_id", "year", "id"),
        Index("ix_receipt_issued_on_id", "issued_on", "id"),
        Index("ix_receipt_number_id", "number", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[str]
    year: Mapped[int]
    number: Mapped[int]
    kind: Mapped[ReceiptKind]
    state: Mapped[ReceiptState] = mapped_column(default="issued")
    jurisdiction: Mapped[str]
    rule_pack_version: Mapped[str]
    template_version: Mapped[str]
    lang: Mapped[Lang]
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    total_minor: Mapped[Minor]
    currency: Mapped[Currency]
    payload: Mapped[dict[str, Any]] = mapped_column(info=PERSONAL)
    payload_sha256: Mapped[str]
    pdf_sha256: Mapped[str | None]
    waits_because: Mapped[str] = mapped_column(default="")  # why there is no PDF yet, for people
    issued_at: Mapped[datetime]
    issued_on: Mapped[date]
    issued_by: Mapped[str]
    replaces_id: Mapped[int | None] = mapped_column(
        ForeignKey("receipt.id", ondelete="RESTRICT"), unique=True
    )
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str | None]
    # Of an erased donor: the payload as it was issued, under the key of the year; what stands in ``payload``
    # then names nobody. The bytes of the PDFs are sealed with it.
    sealed_payload: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    void_reason: Mapped[str | None] = mapped_column(info=PERSONAL)

    donor: Mapped[Donor] = relationship()
    lines: Mapped[list[ReceiptLine]] = relationship(back_populates="receipt", order_by="ReceiptLine.position")


class ReceiptLine(Base):
    """A gift on a receipt; a gift is on one live receipt at most."""

    __tablename__ = "receipt_line"
    __table_args__ = (
        UniqueConstraint("receipt_id", "position"),
        Index(
            "uq_receipt_line_live_gift",
            "gift_id",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id", ondelete="RESTRICT"))
    position: Mapped[int]
    gift_id: Mapped[int] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"), index=True)
    amount_minor: Mapped[Minor]
    released_at: Mapped[datetime | None]  # the receipt was voided: the gift is free again

    receipt: Mapped[Receipt] = relationship(back_populates="lines")


class ReceiptPdf(Base):
    """The bytes of a receipt, apart from it so that lists stay light."""

    __tablename__ = "receipt_pdf"
    __table_args__ = (UniqueConstraint("receipt_id", "mark"), make_word_check("mark", ReceiptState))

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id", ondelete="RESTRICT"))
    mark: Mapped[ReceiptState] = mapped_column(default="issued")
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
    sha256: Mapped[str]
