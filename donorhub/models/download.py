"""What is taken out of the program: files of long lists that a worker prepares, kept for a day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import DownloadForm, Lang


class Download(Base):
    """A list that somebody asked for as a file, to be prepared by a worker: it is theirs alone."""

    __tablename__ = "download"
    __table_args__ = (make_word_check("form", DownloadForm), make_word_check("lang", Lang))

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # of the form that asked: sent twice it asks once
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    list_name: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(info=PERSONAL)
    form: Mapped[DownloadForm]
    lang: Mapped[Lang]
    asked_at: Mapped[datetime]
    row_count: Mapped[int] = mapped_column(default=0, server_default="0")  # written so far
    ready_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]  # who asked may see the list no more
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DownloadPart(Base):
    """A piece of such a file, encrypted; the pieces go with their download."""

    __tablename__ = "download_part"
    __table_args__ = (UniqueConstraint("download_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    download_id: Mapped[int] = mapped_column(ForeignKey("download.id", ondelete="RESTRICT"))
    position: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
