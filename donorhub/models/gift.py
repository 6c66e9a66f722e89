"""Gifts, what they are for, and what is later taken away from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from donorhub.db import PERSONAL, Base, Currency, Minor, make_word_check
from donorhub.models.donor import Donor
from donorhub.models.states import (
    COUNTED_REFUNDS,
    DisputeKind,
    DisputeState,
    GiftMethod,
    PurposeKind,
    RefundState,
)
from donorhub.money import Money


class Fund(Base):
    """How money must be used."""

    __tablename__ = "fund"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    is_closed: Mapped[bool] = mapped_column(default=False)


class Campaign(Base):
    """An effort and its goal."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    goal_minor: Mapped[Minor | None]
    currency: Mapped[Currency | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]


class Appeal(Base):
    """The one ask that brought a gift: a mailing, a page, a call."""

    __tablename__ = "appeal"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(
        ForeignKey("campaign.id", ondelete="RESTRICT"), index=True
    )


class Gift(Base):
    """Money received from a donor, once. It is never edited to another amount: a
    refund or a dispute is a new row that points at it, so that a receipt already
    sent can always be explained from the table."""

    __tablename__ = "gift"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),  # one reference makes one gift, however often it comes
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
        make_word_check("method", GiftMethod),
        Index("ix_gift_received_on_id", "received_on", "id"),
        Index("ix_gift_recorded_at_id", "recorded_at", "id"),
        Index("ix_gift_source_id", "source", "id"),
        Index("ix_gift_method_id", "method", "id"),
        Index("ix_gift_amount_minor_received_on_id", "amount_minor", "received_on", "id"),
        Index("ix_gift_method_received_on_id", "method", "received_on", "id"),
        Index("ix_gift_test", "id", sqlite_where=text("is_test = 1"), postgresql_where=text("is_test")),
        Index("ix_gift_donor_id_received_on", "donor_id", "received_on"),
        Index(  # all that the dashboard's figures read, so that they need not visit the rows
            "ix_gift_figures", "received_on", "currency", "method", "is_test", "donor_id", "amount_minor"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), active_history=True)
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    received_on: Mapped[date]  # the bank's or the provider's value date, not ours
    recorded_at: Mapped[datetime]
    source: Mapped[str]  # "bank", "manual", "stripe:acct_1", "import:civicrm"
    source_ref: Mapped[str]  # unique within the source
    method: Mapped[GiftMethod] = mapped_column(default="other")
    campaign_id: Mapped[int | None] = mapped_column(
        ForeignKey("campaign.id", ondelete="RESTRICT"), index=True
    )
    appeal_id: Mapped[int | None] = mapped_column(ForeignKey("appeal.id", ondelete="RESTRICT"), index=True)
    note: Mapped[str] = mapped_column(default="", info=PERSONAL)
    goods: Mapped[str] = mapped_column(
        default="", server_default="", info=PERSONAL
    )  # what was given in kind, for the receipt
    receipted_elsewhere: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # the number of the receipt that another system issued: we issue no second one
    is_test: Mapped[bool] = mapped_column(default=False)  # of a provider's test mode: no receipt, in no total
    thank: Mapped[bool] = mapped_column(default=True)  # False: the one who recorded it asked for no thank-you

    donor: Mapped[Donor] = relationship()
    designations: Mapped[list[Designation]] = relationship(back_populates="gift")

    @property
    def amount(self) -> Money:
        """Return the amount with its currency."""
        return Money(self.amount_minor, self.currency)


class Designation(Base):
    """The part of a gift that goes to one fund; a gift's designations add up to it."""

    __tablename__ = "designation"
    __table_args__ = (
        UniqueConstraint("gift_id", "fund_id"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
        Index("ix_designation_fund_id_gift_id", "fund_id", "gift_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gift_id: Mapped[int] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"))
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id", ondelete="RESTRICT"))
    amount_minor: Mapped[Minor]

    gift: Mapped[Gift] = relationship(back_populates="designations")
    fund: Mapped[Fund] = relationship()


class PurposeSum(Base):
    """What a fund, campaign or appeal had received at a moment in one currency; not the books themselves."""

    __tablename__ = "purpose_sum"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "currency"),
        make_word_check("kind", PurposeKind),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[PurposeKind]
    subject_id: Mapped[int]
    currency: Mapped[Currency]
    gift_count: Mapped[int]
    amount_minor: Mapped[Minor]
    as_of: Mapped[datetime]


class SoftCredit(Base):
    """Recognition of another donor for a gift; it is in no total."""

    __tablename__ = "soft_credit"
    __table_args__ = (
        UniqueConstraint("gift_id", "donor_id"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gift_id: Mapped[int] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    amount_minor: Mapped[Minor]


class Refund(Base):
    """Money that we give back, or try to."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
        make_word_check("state", RefundState),
        Index("ix_refund_refunded_on", "refunded_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gift_id: Mapped[int] = mapped_column(
        ForeignKey("gift.id", ondelete="RESTRICT"), index=True, active_history=True
    )
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    state: Mapped[RefundState]
    refunded_on: Mapped[date]
    recorded_at: Mapped[datetime]
    source: Mapped[str]
    source_ref: Mapped[str]


class Dispute(Base):
    """Money that the donor's bank takes back. A bank's return of a debit is one of kind ``return``,
    lost from the start."""

    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
        make_word_check("state", DisputeState),
        make_word_check("kind", DisputeKind),
        Index("ix_dispute_opened_on", "opened_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gift_id: Mapped[int] = mapped_column(
        ForeignKey("gift.id", ondelete="RESTRICT"), index=True, active_history=True
    )
    kind: Mapped[DisputeKind] = mapped_column(default="dispute")
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    state: Mapped[DisputeState]
    reason: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime | None]  # evidence is wanted until then
    opened_on: Mapped[date]
    recorded_at: Mapped[datetime]
    source: Mapped[str]
    source_ref: Mapped[str]


class Correction(Base):
    """Takes out a gift, or a part of one, that was recorded wrongly."""

    __tablename__ = "correction"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gift_id: Mapped[int] = mapped_column(
        ForeignKey("gift.id", ondelete="RESTRICT"), index=True, active_history=True
    )
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    reason: Mapped[str] = mapped_column(info=PERSONAL)
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    source: Mapped[str]
    source_ref: Mapped[str]


def _sum_taken(kind: type[Refund | Dispute | Correction], *conditions: ColumnElement[bool]) -> Any:
    sum_query = select(func.sum(kind.amount_minor)).where(kind.gift_id == Gift.id, *conditions)
    return func.coalesce(sum_query.correlate(Gift).scalar_subquery(), 0)


# What was taken away from a gift, as a column beside it.
TAKEN_MINOR: Final = (
    _sum_taken(Refund, Refund.state.in_(COUNTED_REFUNDS))
    + _sum_taken(Dispute, Dispute.state == "lost")
    + _sum_taken(Correction)
)
