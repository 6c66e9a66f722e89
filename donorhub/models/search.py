"""What searching reads: derived data, made of what stands elsewhere and left out of every archive.

The databases' own parts of it (word indexes, triggers) are in :mod:`.search_ddl`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base


class DonorDocument(Base):
    """The words by which one donor is found, of whom there are donors: none of who is merged or removed.

    Written in the transaction of what they follow from (:mod:`donorhub.services.donors.search_documents`).
    """

    __tablename__ = "donor_document"

    donor_id: Mapped[int] = mapped_column(
        ForeignKey("donor.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    words: Mapped[str] = mapped_column(info=PERSONAL)  # as domain.donors.search_words writes them


class TypoStump(Base):
    """A word of a donor's name, or what is left of it without one letter: how a typo finds the word."""

    __tablename__ = "typo_stump"
    __table_args__ = ({"sqlite_with_rowid": False},)

    stump: Mapped[str] = mapped_column(primary_key=True, info=PERSONAL)
    word: Mapped[str] = mapped_column(primary_key=True, info=PERSONAL)


class FormerName(Base):
    """A name that a donor had before, and is still looked for by."""

    __tablename__ = "former_name"

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(info=PERSONAL)
    replaced_at: Mapped[datetime]
