"""Recurring gifts: the promise, its terms, the instalments it makes, and what settled them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from donorhub.db import PERSONAL, Base, Currency, Minor, make_word_check, write_word_condition
from donorhub.models.donor import Donor
from donorhub.models.states import (
    RUNNING_PROMISES,
    ChargedBy,
    InstalmentState,
    MandateKind,
    MandateState,
    Period,
    RecurringChange,
    RecurringKind,
    RecurringOrigin,
    RecurringState,
)
from donorhub.money import Money


class RecurringGift(Base):
    """An open-ended promise; how much and when stands in its terms."""

    __tablename__ = "recurring_gift"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        make_word_check("kind", RecurringKind),
        make_word_check("charged_by", ChargedBy),
        make_word_check("state", RecurringState),
        make_word_check("origin", RecurringOrigin),
        Index("ix_recurring_gift_state", "state"),
        Index("ix_recurring_gift_donor_id_state", "donor_id", "state"),
        Index("ix_recurring_gift_created_at_id", "created_at", "id"),
        Index(  # written so that only a list of those that run asks for it: see promises.IS_RUNNING
            "ix_recurring_gift_running",
            "id",
            sqlite_where=text(f"({write_word_condition('state', RUNNING_PROMISES)}) IS 1"),
            postgresql_where=text(f"({write_word_condition('state', RUNNING_PROMISES)}) IS TRUE"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(
        ForeignKey("donor.id", ondelete="RESTRICT"), index=True, active_history=True
    )
    kind: Mapped[RecurringKind]
    charged_by: Mapped[ChargedBy] = mapped_column(default="none", server_default="none")
    state: Mapped[RecurringState]
    state_reason: Mapped[str] = mapped_column(default="", info=PERSONAL)
    currency: Mapped[Currency]
    start_on: Mapped[date]
    ends_on: Mapped[date | None]
    instalments_total: Mapped[int | None]  # None: open-ended
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id", ondelete="RESTRICT"))
    fund_id: Mapped[int | None] = mapped_column(ForeignKey("fund.id", ondelete="RESTRICT"))
    payer_iban: Mapped[str] = mapped_column(default="", index=True, info=PERSONAL)
    origin: Mapped[RecurringOrigin] = mapped_column(default="declared")
    # Of one that was found in payments: how sure it is in thousandths, how many came, of how many due then.
    confidence: Mapped[int | None]
    found_count: Mapped[int | None]
    slot_count: Mapped[int | None]
    source: Mapped[str]
    source_ref: Mapped[str]
    is_test: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    donor: Mapped[Donor] = relationship()
    terms: Mapped[list[Term]] = relationship(back_populates="recurring_gift", order_by="Term.from_on")
    instalments: Mapped[list[Instalment]] = relationship(
        back_populates="recurring_gift", order_by="Instalment.nominal_on"
    )


class Term(Base):
    """Amount, interval and day from one date to another; a change closes one and opens the next."""

    __tablename__ = "term"
    __table_args__ = (
        UniqueConstraint("recurring_gift_id", "from_on"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
        CheckConstraint("every > 0", "every_is_positive"),
        make_word_check("period", Period),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recurring_gift_id: Mapped[int] = mapped_column(ForeignKey("recurring_gift.id", ondelete="RESTRICT"))
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    period: Mapped[Period] = mapped_column(default="M")
    every: Mapped[int] = mapped_column(default=1)
    day_of_month: Mapped[int | None]  # 1..31, 32 = the last; None: the anchor's day
    anchor_on: Mapped[date]
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    is_pause: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="", info=PERSONAL)

    recurring_gift: Mapped[RecurringGift] = relationship(back_populates="terms")


class Instalment(Base):
    """One expected payment of a recurring gift."""

    __tablename__ = "instalment"
    __table_args__ = (
        UniqueConstraint("recurring_gift_id", "nominal_on"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
        make_word_check("state", InstalmentState),
        Index("ix_instalment_state_due_on", "state", "due_on"),
        Index("ix_instalment_state_id", "state", "id"),
        Index("ix_instalment_due_on_id", "due_on", "id"),
        Index("ix_instalment_recurring_gift_id_state_due_on", "recurring_gift_id", "state", "due_on"),
        Index("ix_instalment_recurring_gift_id_id", "recurring_gift_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recurring_gift_id: Mapped[int] = mapped_column(ForeignKey("recurring_gift.id", ondelete="RESTRICT"))
    term_id: Mapped[int | None] = mapped_column(ForeignKey("term.id", ondelete="RESTRICT"))
    nominal_on: Mapped[date]
    due_on: Mapped[date]  # the nominal date rolled to a banking day
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    state: Mapped[InstalmentState] = mapped_column(default="expected")
    state_reason: Mapped[str] = mapped_column(default="")
    attempt: Mapped[int] = mapped_column(default=0)
    next_attempt_on: Mapped[date | None]
    failure_code: Mapped[str] = mapped_column(default="")
    source_ref: Mapped[str | None] = mapped_column(index=True)  # the provider's invoice
    missed_at: Mapped[datetime | None]

    recurring_gift: Mapped[RecurringGift] = relationship(back_populates="instalments")
    allocations: Mapped[list[Allocation]] = relationship(back_populates="instalment")

    @property
    def amount(self) -> Money:
        """Return the amount with its currency."""
        return Money(self.amount_minor, self.currency)


class Allocation(Base):
    """The part of a gift that settles one instalment."""

    __tablename__ = "allocation"
    __table_args__ = (
        UniqueConstraint("gift_id", "instalment_id"),
        CheckConstraint("amount_minor > 0", "amount_is_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gift_id: Mapped[int] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"))
    instalment_id: Mapped[int] = mapped_column(ForeignKey("instalment.id", ondelete="RESTRICT"), index=True)
    amount_minor: Mapped[Minor]

    instalment: Mapped[Instalment] = relationship(back_populates="allocations")


class Mandate(Base):
    """A donor's consent that we collect a recurring gift from their account; what it allows, it allows from
    ``active_from`` to ``ended_on``. Another consent of the same donor is another row.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        UniqueConstraint("reference", "creditor_id"),
        make_word_check("kind", MandateKind),
        make_word_check("state", MandateState),
        Index("ix_mandate_recurring_gift_id", "recurring_gift_id"),
        Index(
            "uq_mandate_active",
            "recurring_gift_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recurring_gift_id: Mapped[int] = mapped_column(ForeignKey("recurring_gift.id", ondelete="RESTRICT"))
    kind: Mapped[MandateKind]
    creditor_id: Mapped[str] = mapped_column(default="")  # under which we collect, where we have several
    reference: Mapped[str] = mapped_column(info=PERSONAL)
    state: Mapped[MandateState]
    state_reason: Mapped[str] = mapped_column(default="", info=PERSONAL)
    signed_on: Mapped[date | None]
    active_from: Mapped[date | None]
    ended_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]

    recurring_gift: Mapped[RecurringGift] = relationship()


class RecurringGiftChange(Base):
    """What changed in a recurring gift, for the donor's timeline and the reports."""

    __tablename__ = "recurring_gift_change"
    __table_args__ = (UniqueConstraint("recurring_gift_id", "key"), make_word_check("what", RecurringChange))

    id: Mapped[int] = mapped_column(primary_key=True)
    recurring_gift_id: Mapped[int] = mapped_column(ForeignKey("recurring_gift.id", ondelete="RESTRICT"))
    key: Mapped[str]  # makes the same change, reported twice, one row
    what: Mapped[RecurringChange]
    before: Mapped[str] = mapped_column(default="")
    after: Mapped[str] = mapped_column(default="", info=PERSONAL)  # of one that ended the reason, as typed
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Coverage(Base):
    """Up to which day a source of money is known; rows are only added, and the newest of a source holds."""

    __tablename__ = "coverage"
    __table_args__ = (Index("ix_coverage_source_id", "source", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]  # "bank:<id of the account>"
    known_from: Mapped[date | None]  # None: of no day
    known_to: Mapped[date | None]
    recorded_at: Mapped[datetime]
