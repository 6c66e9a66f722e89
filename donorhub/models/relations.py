"""What joins donors to words of ours and to each other: tags."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import Base


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
