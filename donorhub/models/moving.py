"""Files of donors and past gifts: what each of their rows says and what came of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import RecordRowState


class RecordRow(Base):
    """A row of a file of donors and gifts as it was planned, and what was made of it.

    Before the file is written the row tells what would come of it; ``donor_id`` and ``gift_id`` are what it
    made, or is already.
    """

    __tablename__ = "record_row"
    __table_args__ = (
        UniqueConstraint("import_file_id", "sheet", "row_no"),
        make_word_check("state", RecordRowState),
        Index("ix_record_row_import_file_id_state_id", "import_file_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    import_file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="RESTRICT"))
    sheet: Mapped[str]
    row_no: Mapped[int]
    raw: Mapped[list[str]] = mapped_column(info=PERSONAL)  # the cells as they are written
    plan: Mapped[dict[str, Any]] = mapped_column(info=PERSONAL)  # what the row is understood as
    state: Mapped[RecordRowState]
    reason: Mapped[str] = mapped_column(default="")
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    gift_id: Mapped[int | None] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"), index=True)
    made_donor: Mapped[bool] = mapped_column(default=False)
    made_gift: Mapped[bool] = mapped_column(default=False)
