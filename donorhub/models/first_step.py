"""What a new installation needs first: steps that somebody put off, and mails that try the way out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import Base, make_word_check
from donorhub.models.states import FirstStepKind


class FirstStepDelay(Base):
    """A first step that somebody put off; whether a step is done, the facts say."""

    __tablename__ = "first_step_delay"
    __table_args__ = (make_word_check("kind", FirstStepKind),)

    kind: Mapped[FirstStepKind] = mapped_column(primary_key=True)
    put_off_at: Mapped[datetime]
    put_off_by: Mapped[str]


class MailTest(Base):
    """A mail to oneself; it has arrived when whoever asked for it opened the address in it."""

    __tablename__ = "mail_test"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="RESTRICT"), unique=True)
    token_hash: Mapped[str] = mapped_column(unique=True)  # of the address in the mail
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    arrived_at: Mapped[datetime | None]
