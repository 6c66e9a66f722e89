"""Donors and what they are known by."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, select, text, true
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import DonorKind, IdentityKind, Lang, Stage, ValueKind, ValueState


class DonorStage(Base):
    """Where a donor is in the journey, worked out of gifts and recurring gifts: never typed by hand.

    It is written with what it follows from (:mod:`donorhub.services.donors.stages`) and each night.
    """

    __tablename__ = "donor_stage"
    __table_args__ = (
        make_word_check("stage", Stage),
        Index("ix_donor_stage_stage_donor_id", "stage", "donor_id"),
    )

    donor_id: Mapped[int] = mapped_column(
        ForeignKey("donor.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    stage: Mapped[Stage] = mapped_column(default="prospect")
    overlays: Mapped[list[str]] = mapped_column(default=list)  # what is true beside the stage: lapse_soon
    as_of: Mapped[date]  # the day on which this was found, and not what was before
    rule_version: Mapped[int]


class Donor(Base):
    """Anyone we keep in the base: person, organisation or household, gift or none yet."""

    __tablename__ = "donor"
    __table_args__ = (
        make_word_check("kind", DonorKind),
        make_word_check("lang", Lang),
        Index("ix_donor_created_at_id", "created_at", "id"),
        Index("ix_donor_updated_at_id", "updated_at", "id"),
        Index("ix_donor_name_id", "name", "id"),
        Index("ix_donor_lang_id", "lang", "id"),
        Index(
            "ix_donor_merged_into_id",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(
        unique=True, info=PERSONAL
    )  # DH-1001-7: what the donor writes in a transfer
    kind: Mapped[DonorKind] = mapped_column(default="person")
    name: Mapped[str] = mapped_column(info=PERSONAL)  # as it is shown and addressed, "Anna Kowalska"
    given_name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    family_name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    salutation: Mapped[str] = mapped_column(
        default="", info=PERSONAL
    )  # what the donor wants to be called; wins always
    # The preferred contact of each kind, for lists and letters; "" where there is none. contact_point is the
    # truth and has all others; services.donors.contact_rows alone writes here. The country may be known
    # without an address.
    email: Mapped[str] = mapped_column(default="", info=PERSONAL)
    phone: Mapped[str] = mapped_column(default="", info=PERSONAL)
    street: Mapped[str] = mapped_column(default="", info=PERSONAL)
    postcode: Mapped[str] = mapped_column(default="", info=PERSONAL)
    city: Mapped[str] = mapped_column(default="", info=PERSONAL)
    country: Mapped[str] = mapped_column(default="", info=PERSONAL)
    tax_number: Mapped[str] = mapped_column(
        default="", server_default="", info=PERSONAL
    )  # as domain.tax_numbers writes it
    born_on: Mapped[date | None] = mapped_column(info=PERSONAL)  # as somebody said it; never worked out
    lang: Mapped[Lang] = mapped_column(default="en")  # in which letters and receipts are written
    # False: the donor named none, and it follows the country. Before there was a choice, all count as told.
    lang_is_told: Mapped[bool] = mapped_column(default=False, server_default=true())
    search: Mapped[str] = mapped_column(
        default="", info=PERSONAL
    )  # folded: names, e-mail, code, city (domain.names.fold)
    # Whether an opt-out of every purpose and channel holds; consent is the truth, and
    # services.donors.consent_rows alone writes here.
    do_not_contact: Mapped[bool] = mapped_column(default=False)
    do_not_solicit: Mapped[bool] = mapped_column(default=False, server_default=false())  # gives unasked
    is_deceased: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    # Made by an import or decision that was undone: a donor no more, kept for the gifts that were taken out.
    # The organisation's unknown donor bears it from the first: nobody, for gifts whose giver is not known.
    removed_at: Mapped[datetime | None]
    # Art. 18: kept, and used for nothing: in no list that goes out and no mail.
    is_restricted: Mapped[bool] = mapped_column(default=False, server_default=false())
    erased_at: Mapped[datetime | None]  # then removed_at too; the row stays for the gifts
    source: Mapped[
        str
    ]  # where we know the donor from: "form", "api", "bank", "stripe:acct_1", "import:civicrm"
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)  # counts changes; the ETag of the API

    # Only where it is asked for: most who read a donor need neither.
    stage: Mapped[Stage] = deferred(
        select(DonorStage.stage).where(DonorStage.donor_id == id).scalar_subquery(),
        group="stage",
    )
    stage_as_of: Mapped[date] = deferred(
        select(DonorStage.as_of).where(DonorStage.donor_id == id).scalar_subquery(),
        group="stage",
    )

    identity_keys: Mapped[list[IdentityKey]] = relationship(back_populates="donor")


class ExternalId(Base):
    """A donor's key in another system."""

    __tablename__ = "external_id"
    __table_args__ = (UniqueConstraint("source", "ref"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    source: Mapped[str]
    ref: Mapped[str] = mapped_column(info=PERSONAL)


class IdentityKey(Base):
    """A thing by which donors are looked up and compared, such as an e-mail, a phone, a name: only its keyed
    hash, so that the table tells nothing by itself.

    Not unique: two donors may share a mailbox or an account, and matching must see that. The readable values
    stand in the donor's row and its contact points; see :mod:`donorhub.services.donors.identity_keys`.
    """

    __tablename__ = "identity_key"
    __table_args__ = (
        UniqueConstraint("kind", "value_hash", "donor_id"),
        make_word_check("kind", IdentityKind),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[IdentityKind]
    value_hash: Mapped[str] = mapped_column(info=PERSONAL)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    is_learned: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # of a decision, not typed

    donor: Mapped[Donor] = relationship(back_populates="identity_keys")


class IdentityValue(Base):
    """How many people have an e-mail, phone or account that several donors share; how common a surname is.

    What one person alone has, has no row. Once generic a value stays so: what a third person has says nothing
    of who somebody is.
    """

    __tablename__ = "identity_value"
    __table_args__ = (make_word_check("kind", ValueKind), make_word_check("state", ValueState))

    kind: Mapped[ValueKind] = mapped_column(primary_key=True)
    value_hash: Mapped[str] = mapped_column(primary_key=True)
    holders: Mapped[int]  # people and not rows: records whose names agree are one
    state: Mapped[ValueState] = mapped_column(default="normal")
