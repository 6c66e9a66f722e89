"""This installation, as a thing of its own: a copy of the base is another one. There is one row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import Base, make_word_check
from donorhub.models.states import HoldReason, InstanceState


class Instance(Base):
    """Which installation this base belongs to, and where it runs; held, it sends and calls nothing.

    A base that was copied brings the place of the original along, and so does not fit its own.
    """

    __tablename__ = "instance"
    __table_args__ = (
        CheckConstraint("id = 1", "there_is_one"),
        make_word_check("state", InstanceState),
        make_word_check("held_reason", HoldReason),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str]  # random; tells two installations apart
    made_at: Mapped[datetime]
    epoch: Mapped[int] = mapped_column(default=1, server_default="1")  # how often it was adopted, plus one
    # Keyed hashes of what tells the place, by name; {} until a server has started here.
    place: Mapped[dict[str, str]] = mapped_column(default=dict)
    state: Mapped[InstanceState] = mapped_column(default="normal", server_default="normal")
    held_reason: Mapped[HoldReason | None]
    held_at: Mapped[datetime | None]
    origin: Mapped[
        dict[str, object] | None
    ]  # the export that was brought in: whose, when, and its audit's end
    adopted_at: Mapped[datetime | None]
    adopted_by: Mapped[str | None]
