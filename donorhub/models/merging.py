"""Which records are one person: what was asked and answered, and what a merge moved, for the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import DuplicateAnswer, DuplicateState, DuplicateVerdictWord

_IS_DONE = text("undone_at IS NULL")


class DuplicateVerdict(Base):
    """What a person said of two records. It names them as they were then, and is read through merges, so that
    nobody is asked again."""

    __tablename__ = "duplicate_verdict"
    __table_args__ = (
        UniqueConstraint("left_id", "right_id"),
        CheckConstraint("left_id < right_id", "left_is_the_older"),
        make_word_check("verdict", DuplicateVerdictWord),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    left_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    right_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    verdict: Mapped[DuplicateVerdictWord]
    actor: Mapped[str]
    at: Mapped[datetime]


class DuplicateQuestion(Base):
    """How many people some records are: one question for a group, which a person answers once."""

    __tablename__ = "duplicate_question"
    __table_args__ = (
        make_word_check("state", DuplicateState),
        make_word_check("answer", DuplicateAnswer),
        Index("ix_duplicate_question_state_id", "state", "id"),
        Index(
            "uq_duplicate_question_merge_id",
            "merge_id",
            unique=True,
            sqlite_where=text("merge_id IS NOT NULL"),
            postgresql_where=text("merge_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[DuplicateState] = mapped_column(default="open")
    # Set: whether this merge was right, since all that spoke for it says nothing any more.
    merge_id: Mapped[int | None] = mapped_column(ForeignKey("merge_log.id", ondelete="RESTRICT"))
    found_at: Mapped[datetime]
    answer: Mapped[DuplicateAnswer | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]


class DuplicateMember(Base):
    """A record that a question is about."""

    __tablename__ = "duplicate_member"
    __table_args__ = (UniqueConstraint("question_id", "donor_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("duplicate_question.id", ondelete="RESTRICT"))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)


class MergeLog(Base):
    """That a record became a part of another, which goes on under its own number."""

    __tablename__ = "merge_log"
    __table_args__ = (
        Index("uq_merge_log_done", "loser_id", unique=True, sqlite_where=_IS_DONE, postgresql_where=_IS_DONE),
        Index("ix_merge_log_at_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    survivor_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    loser_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # kind, points, holders of each
    # What the merge wrote besides moving rows: table, row, column, before and after, in order.
    field_choices: Mapped[list[dict[str, Any]]] = mapped_column(default=list, info=PERSONAL)
    marks: Mapped[dict[str, int]] = mapped_column(default=dict)  # the last id of each table at that moment
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class MergeMove(Base):
    """A row that a merge gave to another donor; one without ``from_id`` the merge made."""

    __tablename__ = "merge_move"
    __table_args__ = (Index("ix_merge_move_row", "table_name", "row_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    merge_id: Mapped[int] = mapped_column(ForeignKey("merge_log.id", ondelete="RESTRICT"), index=True)
    table_name: Mapped[str]
    row_id: Mapped[int]
    column_name: Mapped[str]
    from_id: Mapped[int | None]
    to_id: Mapped[int]


class MergeDrop(Base):
    """A row that a merge folded into an equal one of the other donor, whole, so that it can come back."""

    __tablename__ = "merge_drop"
    __table_args__ = (Index("ix_merge_drop_row", "table_name", "row_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    merge_id: Mapped[int] = mapped_column(ForeignKey("merge_log.id", ondelete="RESTRICT"), index=True)
    table_name: Mapped[str]
    row_id: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(info=PERSONAL)
