"""Who we are: the organisation that keeps this base. There is one row."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, false
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import STAFF, Base, make_word_check
from donorhub.domain.bank.matching.words_against import WORDS_AGAINST
from donorhub.models.states import Lang


class Organisation(Base):
    """The organisation and its settings that people change in the program, not in the environment."""

    __tablename__ = "organisation"
    __table_args__ = (CheckConstraint("id = 1", "there_is_one"), make_word_check("lang", Lang))

    id: Mapped[int] = mapped_column(primary_key=True)
    legal_name: Mapped[str]
    street: Mapped[str] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="PL")  # ISO 3166, XK for Kosovo
    ids: Mapped[dict[str, str]] = mapped_column(default=dict)  # {"KRS": "…", "NIP": "…"}
    contact: Mapped[str] = mapped_column(default="")
    signatory_name: Mapped[str] = mapped_column(default="", info=STAFF)
    signatory_role: Mapped[str] = mapped_column(default="")
    exemption: Mapped[str] = mapped_column(default="")
    lang: Mapped[Lang] = mapped_column(default="en")
    time_zone: Mapped[str] = mapped_column(default="Europe/Warsaw")
    home_currency: Mapped[str] = mapped_column(default="PLN")
    jurisdiction: Mapped[str] = mapped_column(default="PL")  # whose receipts: PL, AL, XK, XX
    code_prefix: Mapped[str] = mapped_column(default="DH")
    receipt_series: Mapped[str] = mapped_column(default="R")
    # One a line: what in a bank's text says that money is no gift.
    words_against: Mapped[str] = mapped_column(default=WORDS_AGAINST, server_default="")
    # One amount a line, such as ``10000 PLN``: above it a person is asked.
    ask_above: Mapped[str] = mapped_column(default="", server_default="")
    # Whether donors who are surely one become one without a person; off until the organisation says so.
    merges_alone: Mapped[bool] = mapped_column(default=False, server_default=false())
    # From how many points on two records are one without a person, and from how many a person is asked.
    merge_from_points: Mapped[int] = mapped_column(default=80, server_default="80")
    ask_from_points: Mapped[int] = mapped_column(default=52, server_default="52")
    unmerge_days: Mapped[int] = mapped_column(default=30, server_default="30")  # a merge can be undone for
    duplicates_seen_at: Mapped[datetime | None]  # up to when what changed was looked through for duplicates
    # From how many points on a series of payments is a recurring gift, and from how many a person is asked.
    recurring_from_points: Mapped[int] = mapped_column(default=80, server_default="80")
    propose_from_points: Mapped[int] = mapped_column(default=60, server_default="60")
    inferred_until: Mapped[datetime | None]  # up to when new gifts were looked through for series
    # After so many days money that waits is the unknown donor's; 0: it waits for a person for ever.
    suspense_days: Mapped[int] = mapped_column(default=90, server_default="90")
    unknown_donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    closed_until: Mapped[date | None]  # what was received up to this day, people change no more
    created_at: Mapped[datetime]


class Logo(Base):
    """The organisation's logo as it was drawn anew when it came; there is one row, or none."""

    __tablename__ = "logo"
    __table_args__ = (CheckConstraint("id = 1", "there_is_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)  # a PNG of some dozen kB
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str]
    kept_at: Mapped[datetime]
    kept_by: Mapped[str]
