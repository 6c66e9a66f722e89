"""What people did and said with a donor: notes, calls, meetings, visits, letters."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import CallOutcome, InteractionDirection, InteractionKind

_FIRST_OF_LETTER: Final = "message_id IS NOT NULL AND corrects_id IS NULL"


class Interaction(Base):
    """One thing that somebody did or heard. It is never edited: a correction is a new row that names it."""

    __tablename__ = "interaction"
    __table_args__ = (
        make_word_check("kind", InteractionKind),
        make_word_check("direction", InteractionDirection),
        make_word_check("outcome", CallOutcome),
        Index("ix_interaction_donor_id_at_id", "donor_id", "at", "id"),
        Index(  # a letter is posted once; a correction of what was said of it names it too
            "uq_interaction_message_id",
            "message_id",
            unique=True,
            sqlite_where=text(_FIRST_OF_LETTER),
            postgresql_where=text(_FIRST_OF_LETTER),
        ),
        Index(
            "ix_interaction_message_id",
            "message_id",
            sqlite_where=text("message_id IS NOT NULL"),
            postgresql_where=text("message_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    kind: Mapped[InteractionKind]
    direction: Mapped[InteractionDirection | None]  # None: nobody began, as with a note
    at: Mapped[datetime]  # when it happened; when we knew it is recorded_at
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    text: Mapped[str] = mapped_column(info=PERSONAL)
    outcome: Mapped[CallOutcome | None]  # of a call
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="RESTRICT"), index=True)
    # The letter that was posted: while it counts as posted, so does this.
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="RESTRICT"))
    # What this says anew: one row is corrected once, and then the correction is.
    corrects_id: Mapped[int | None] = mapped_column(
        ForeignKey("interaction.id", ondelete="RESTRICT"), unique=True
    )
    source: Mapped[str]  # "form", "api", "import:civicrm"
