"""What was decided of bank entries, and what was learned of their payers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, Minor, make_word_check
from donorhub.models.matching_states import RuleName, StopReason
from donorhub.models.states import MatchKind, Settles

PayerKeyKind = Literal["account", "name"]


class Match(Base):
    """One decision on what an entry, or one payment of it, pays; undone, the row stays."""

    __tablename__ = "match"
    __table_args__ = (
        make_word_check("kind", MatchKind),
        make_word_check("settles", Settles),
        make_word_check("rule", RuleName),
        Index("ix_match_entry_id", "entry_id"),
        Index(
            "uq_match_live",
            "entry_id",
            text("coalesce(detail_id, 0)"),
            "part",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        # A gift is one entry's, also one that was recorded before its entry came.
        Index(
            "uq_match_live_gift",
            "gift_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL AND kind = 'gift'"),
            postgresql_where=text("undone_at IS NULL AND kind = 'gift'"),
        ),
        Index(
            "ix_match_rule_decided_at_id",
            "rule",
            "decided_at",
            "id",
            sqlite_where=text("rule IS NOT NULL"),
            postgresql_where=text("rule IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="RESTRICT"))
    detail_id: Mapped[int | None] = mapped_column(ForeignKey("detail.id", ondelete="RESTRICT"))
    part: Mapped[int] = mapped_column(default=0)  # one payment may make gifts of several donors
    kind: Mapped[MatchKind]
    settles: Mapped[Settles | None]  # of a gift; None of those that were decided before it was kept
    gift_id: Mapped[int | None] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"), index=True)
    payout_id: Mapped[int | None] = mapped_column(ForeignKey("payout.id", ondelete="RESTRICT"), index=True)
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    amount_minor: Mapped[Minor]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(default=list, info=PERSONAL)
    engine_version: Mapped[str]
    rule: Mapped[RuleName | None]  # by which the engine decided alone; None before rules were kept
    actor: Mapped[str]
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class Payer(Base):
    """Who the bank shows behind money: they may pay for several donors, and be none themselves."""

    __tablename__ = "payer"

    id: Mapped[int] = mapped_column(primary_key=True)
    name_read: Mapped[str] = mapped_column(info=PERSONAL)  # as the bank wrote it last
    first_on: Mapped[date]
    last_on: Mapped[date]  # of what people said of them
    version: Mapped[int] = mapped_column(default=1)  # goes up with each answer about them


class PayerKey(Base):
    """What a payer is recognised by: their account, or their name in files without accounts."""

    __tablename__ = "payer_key"
    __table_args__ = (UniqueConstraint("kind", "value"), make_word_check("kind", PayerKeyKind))

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[PayerKeyKind]
    value: Mapped[str] = mapped_column(info=PERSONAL)  # IBAN, or folded name without digits


class PayerUse(Base):
    """One thing that a payer pays for, with the words by which it is told from their others.

    ``hits`` are what people said, ``misses`` what they took back; what was decided without a person is
    neither.
    """

    __tablename__ = "payer_use"
    __table_args__ = (UniqueConstraint("payer_id", "donor_id", "name_key", "words"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id", ondelete="RESTRICT"))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    name_key: Mapped[str] = mapped_column(default="", info=PERSONAL)  # under which the bank showed the payer
    words: Mapped[str] = mapped_column(info=PERSONAL)  # the saying; of what a code decided other_payers.CODED
    amount_minor: Mapped[Minor | None]  # last
    currency: Mapped[str | None]
    day: Mapped[int | None]  # of the month, last
    hits: Mapped[int] = mapped_column(default=0)
    misses: Mapped[int] = mapped_column(default=0)
    last_on: Mapped[date | None]
    ended_on: Mapped[date | None]  # a person said that it is no more


class MatchLook(Base):
    """A decision of the engine put up for a person to look at, or one that a person took back."""

    __tablename__ = "match_look"
    __table_args__ = (
        make_word_check("rule", RuleName),
        Index("ix_match_look_looked_at_id", "looked_at", "id"),
        Index("ix_match_look_rule_bank_account_id", "rule", "bank_account_id", "looked_at"),
        Index("ix_match_look_drawn_at", "drawn_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id", ondelete="RESTRICT"), unique=True)
    rule: Mapped[RuleName]
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id", ondelete="RESTRICT"))
    drawn_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    looked_by: Mapped[str | None]
    is_right: Mapped[bool | None]


class MatchRule(Base):
    """A rule of matching that was stopped, on one account or on all; it stays when the rule goes on again."""

    __tablename__ = "match_rule"
    __table_args__ = (
        make_word_check("rule", RuleName),
        make_word_check("reason", StopReason),
        Index("uq_match_rule_place", "rule", text("coalesce(bank_account_id, 0)"), unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[RuleName]
    bank_account_id: Mapped[int | None] = mapped_column(
        ForeignKey("bank_account.id", ondelete="RESTRICT")
    )  # None: on all
    reason: Mapped[StopReason]
    stopped_at: Mapped[datetime | None]  # None where it goes on
    stopped_by: Mapped[str]
    since_at: Mapped[datetime | None]  # looks before are not counted: it was let go on then
