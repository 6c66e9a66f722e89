"""Files that people keep with a donor: letters, scans, declarations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import DonorFileKind


class DonorFile(Base):
    """One file of a donor. It is handed out as it came and never shown in a page; it is not edited.

    Not unique by its bytes: whoever is merged may have the same letter twice.
    """

    __tablename__ = "donor_file"
    __table_args__ = (make_word_check("kind", DonorFileKind), CheckConstraint("size > 0", "size_is_positive"))

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[DonorFileKind]  # what its bytes are, whatever its name said
    name: Mapped[str] = mapped_column(info=PERSONAL)  # as domain.donors.file_kinds makes it fit to be saved
    note: Mapped[str] = mapped_column(default="", info=PERSONAL)
    size: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, info=PERSONAL
    )  # compressed and encrypted
    added_by: Mapped[str]
    added_at: Mapped[datetime]
