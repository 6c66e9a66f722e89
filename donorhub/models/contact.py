"""How a donor is reached and pays: e-mails, phones, postal addresses and accounts, each with its story."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import ContactKind, ContactRole, ContactState

_IS_LIVE = text("until_on IS NULL")
_IS_ADDRESS = text("kind = 'post' AND until_on IS NULL")
_IS_PREFERRED = text("is_preferred")
_REACHES_SOMEBODY = text("person_id IS NOT NULL")


class ContactPoint(Base):
    """One e-mail address, phone number, postal address or account of a donor.

    It is live until it has an ``until_on``; a former one stays, so that what was sent can be explained. The
    donor's columns ``email``, ``phone``, ``street`` … are those of the preferred one of each kind, kept equal
    by :mod:`donorhub.services.donors.contact_rows` for lists and letters.
    """

    __tablename__ = "contact_point"
    __table_args__ = (
        make_word_check("kind", ContactKind),
        make_word_check("state", ContactState),
        make_word_check("role", ContactRole),
        CheckConstraint("role IS NULL OR person_id IS NULL", "of_role_or_person"),
        CheckConstraint("NOT is_preferred OR until_on IS NULL", "preferred_is_live"),
        CheckConstraint("NOT is_preferred OR kind != 'account'", "preferred_is_for_writing"),
        Index(
            "uq_contact_point_live",
            "donor_id",
            "kind",
            "value_hash",
            unique=True,
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
        Index(
            "uq_contact_point_preferred",
            "donor_id",
            "kind",
            unique=True,
            sqlite_where=_IS_PREFERRED,
            postgresql_where=_IS_PREFERRED,
        ),
        Index(
            "ix_contact_point_person_id",
            "person_id",
            sqlite_where=_REACHES_SOMEBODY,
            postgresql_where=_REACHES_SOMEBODY,
        ),
        Index(
            "ix_contact_point_town",
            "donor_id",
            "town",
            sqlite_where=_IS_ADDRESS,
            postgresql_where=_IS_ADDRESS,
        ),
        # Not by the kind first: SQLite would look through all phones for one donor's.
        Index("ix_contact_point_value_hash_kind", "value_hash", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[ContactKind]
    value: Mapped[str] = mapped_column(
        info=PERSONAL
    )  # as it is shown, in one line; of a postal address put together of its parts
    street: Mapped[str] = mapped_column(default="", info=PERSONAL)
    postcode: Mapped[str] = mapped_column(default="", info=PERSONAL)
    town: Mapped[str] = mapped_column(default="", info=PERSONAL)
    country: Mapped[str] = mapped_column(default="", info=PERSONAL)
    value_hash: Mapped[str] = mapped_column(
        info=PERSONAL
    )  # keyed, of what equal values have in common (domain.donors.contact_values)
    label: Mapped[str] = mapped_column(default="", info=PERSONAL)  # "at work", "his mother's"
    is_preferred: Mapped[bool] = mapped_column(default=False)
    state: Mapped[ContactState] = mapped_column(default="ok")
    since_on: Mapped[date | None]  # None: for as long as we know it
    until_on: Mapped[date | None]  # its last day; None: it is live
    # Of an organisation: a role's, which survives a change of staff, or that of somebody who has a position
    # there, for as long.
    role: Mapped[ContactRole | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    source: Mapped[str]  # "form", "api", "typed", "bank", "import:civicrm"; "moved" by an upgrade
    collected_at: Mapped[datetime]
