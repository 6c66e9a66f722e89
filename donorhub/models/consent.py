"""What donors said about being written to: their yes and no, with wording and source, and what they like."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import (
    ConsentBasis,
    ConsentChannel,
    ConsentPurpose,
    ConsentState,
    ConsentTextKind,
    Lang,
    PreferenceFormat,
    PreferenceFrequency,
    PreferenceTopic,
)


class ConsentText(Base):
    """What a donor is asked to agree to, or told, word for word. It is never edited: another wording is the
    next version, so that what was agreed to can be shown for ever."""

    __tablename__ = "consent_text"
    __table_args__ = (
        make_word_check("kind", ConsentTextKind),
        make_word_check("lang", Lang),
        UniqueConstraint("kind", "lang", "version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ConsentTextKind]
    lang: Mapped[Lang]
    version: Mapped[int]
    body: Mapped[str]
    sha256: Mapped[str]
    valid_from: Mapped[date]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class Consent(Base):
    """One thing that a donor said, or that is known of what they said: a yes or a no to a purpose by a
    channel, when and how.

    It is never edited nor deleted: a correction is a new row, and what holds is worked out of all of them
    (:mod:`donorhub.domain.messages.consents`). Only :mod:`donorhub.services.donors.consent_rows` writes here.
    """

    __tablename__ = "consent"
    __table_args__ = (
        make_word_check("purpose", ConsentPurpose),
        make_word_check("channel", ConsentChannel),
        make_word_check("state", ConsentState),
        make_word_check("basis", ConsentBasis),
        CheckConstraint("(state = 'given') = (basis IS NOT NULL)", "only_a_yes_has_a_basis"),
        CheckConstraint("expires_at IS NULL OR state = 'given'", "only_a_yes_expires"),
        Index("ix_consent_donor_id_at_id", "donor_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    purpose: Mapped[ConsentPurpose]
    channel: Mapped[ConsentChannel]
    state: Mapped[ConsentState]
    basis: Mapped[ConsentBasis | None]
    text_id: Mapped[int | None] = mapped_column(
        ForeignKey("consent_text.id", ondelete="RESTRICT"), index=True
    )
    source: Mapped[str]  # how they said it: "letter", "phone"; "import:civicrm", "upgrade"
    reason: Mapped[str] = mapped_column(
        default="", info=PERSONAL
    )  # what the donor said, or why an opt-out is lifted
    at: Mapped[datetime]  # when it was said; of a day only, a no at its end and a yes at its start
    recorded_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    actor: Mapped[str]


class Preference(Base):
    """What a donor likes to get by a channel about a topic, in which form and how often. It is no consent;
    a frequency is a cap on marketing."""

    __tablename__ = "preference"
    __table_args__ = (
        make_word_check("channel", ConsentChannel),
        make_word_check("topic", PreferenceTopic),
        make_word_check("format", PreferenceFormat),
        make_word_check("frequency", PreferenceFrequency),
        UniqueConstraint("donor_id", "channel", "topic"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    channel: Mapped[ConsentChannel] = mapped_column(default="any")
    topic: Mapped[PreferenceTopic] = mapped_column(default="any")
    format: Mapped[PreferenceFormat] = mapped_column(default="any")
    frequency: Mapped[PreferenceFrequency] = mapped_column(default="any")
    source: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
