"""What joins donors to words of ours and to each other, and what they are to the organisation."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, Minor, make_word_check
from donorhub.models.states import MemberRole, RelationshipKind, RoleOfDonor
from donorhub.money import Money

_GOES_ON = text("until_on IS NULL")


def _make_index_of_now(name: str, *columns: str) -> Index:
    """Return the index that lets one row with these columns go on at a time; many may have ended."""
    return Index(name, *columns, unique=True, sqlite_where=_GOES_ON, postgresql_where=_GOES_ON)


class Tag(Base):
    """A word by which the organisation gathers donors; two that differ in capitals or accents are one."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class DonorTag(Base):
    """That a donor has a tag."""

    __tablename__ = "donor_tag"
    # In this order, since a tag's donors are listed by their ids.
    __table_args__ = (UniqueConstraint("tag_id", "donor_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="RESTRICT"))
    source: Mapped[str]  # "form", "api", "import:civicrm"
    at: Mapped[datetime]


class Relationship(Base):
    """That one donor is something to another: ``from`` is the spouse, parent, employee … of ``to``. One row,
    which either end shows in its own words. Of two spouses the older row is ``from``."""

    __tablename__ = "relationship"
    __table_args__ = (
        make_word_check("kind", RelationshipKind),
        CheckConstraint("from_id <> to_id", "joins_two"),
        CheckConstraint("until_on >= since_on", "ends_after_it_begins"),
        _make_index_of_now("uq_relationship_now", "from_id", "to_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[RelationshipKind]
    title: Mapped[str] = mapped_column(default="", info=PERSONAL)  # "treasurer"
    since_on: Mapped[date | None]  # None: nobody knows
    until_on: Mapped[date | None]  # None: it goes on
    recorded_at: Mapped[datetime]


class HouseholdMember(Base):
    """That a person belongs to a household, which is a donor of its own. Receipts stay one for each payer."""

    __tablename__ = "household_member"
    __table_args__ = (
        make_word_check("role", MemberRole),
        UniqueConstraint("household_id", "donor_id"),
        CheckConstraint("household_id <> donor_id", "joins_two"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    role: Mapped[MemberRole]
    is_head: Mapped[bool]  # whom letters to the household name
    recorded_at: Mapped[datetime]


class Membership(Base):
    """That a donor is a member of the organisation, from one day to another."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint("until_on >= since_on", "ends_after_it_begins"),
        CheckConstraint("fee_minor > 0", "fee_is_positive"),
        CheckConstraint("(fee_minor IS NULL) = (currency IS NULL)", "fee_has_a_currency"),
        Index("uq_membership_donor_id_kind_since_on", "donor_id", "kind", "since_on", unique=True),
        Index("ix_membership_since_on_id", "since_on", "id"),
        _make_index_of_now("uq_membership_now", "donor_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[str]  # in the organisation's own words: "regular", "honorary"
    since_on: Mapped[date]
    until_on: Mapped[date | None]  # None: it goes on
    fee_minor: Mapped[Minor | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    recorded_at: Mapped[datetime]

    @property
    def fee(self) -> Money | None:
        """Return what is asked of the member; None where nothing is."""
        if self.fee_minor is None or self.currency is None:
            return None
        return Money(self.fee_minor, self.currency)


class DonorRole(Base):
    """What a donor is to the organisation beside giving. Who is a target is never asked nor thanked."""

    __tablename__ = "donor_role"
    __table_args__ = (
        make_word_check("role", RoleOfDonor),
        CheckConstraint("until_on >= since_on", "ends_after_it_begins"),
        _make_index_of_now("uq_donor_role_now", "donor_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    role: Mapped[RoleOfDonor]
    stance: Mapped[str] = mapped_column(default="", info=PERSONAL)  # of a target: what they stand for
    since_on: Mapped[date]
    until_on: Mapped[date | None]  # None: it goes on
    recorded_at: Mapped[datetime]
