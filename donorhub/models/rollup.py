"""What is kept of gifts added up, so that no page reads them all: a projection, not the books."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import Base, Currency, Minor, make_word_check
from donorhub.models.states import GiftMethod


class DayTotal(Base):
    """What a day brought by one method in one currency, and what was given back or lost that day.

    A correction takes its gift out of the gift's own day; gifts of a provider's test mode are left out.
    """

    __tablename__ = "day_total"
    __table_args__ = (
        UniqueConstraint("day", "method", "currency"),
        make_word_check("method", GiftMethod),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    method: Mapped[GiftMethod]
    currency: Mapped[Currency]
    gross_minor: Mapped[Minor]
    refunded_minor: Mapped[Minor]
    gift_count: Mapped[int]


class KeptRetention(Base):
    """How many donors gave in the year before the twelve months up to a day, and how many of them again."""

    __tablename__ = "kept_retention"
    __table_args__ = (UniqueConstraint("currency"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[Currency]
    before_count: Mapped[int]
    again_count: Mapped[int]
    as_of: Mapped[datetime]
