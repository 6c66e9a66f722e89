"""What is to be done and what happened: tasks, messages, templates, suppressions, domain events."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check, write_word_condition
from donorhub.models.states import (
    OPEN_TASKS,
    AttachmentKind,
    Channel,
    EventKind,
    EventOrigin,
    Lang,
    MessageCategory,
    MessageState,
    MessageSubjectType,
    SuppressionScope,
    SuppressionSource,
    TaskKind,
    TaskPerformer,
    TaskRole,
    TaskState,
    TemplateKind,
    UpgradeNoteKind,
    UpgradeSubject,
)

_HAS_BODY = text("length(body) > 0")  # what is not forgotten yet

OPEN_TASKS_OF_PEOPLE: Final = f"performer = 'person' AND {write_word_condition('state', OPEN_TASKS)}"


class Task(Base):
    """Something to be done for a donor or a row, by a person or by a worker. For a worker ``due_at``
    is "not before", for a person "not after". The row is the truth; a queue only carries its id."""

    __tablename__ = "task"
    __table_args__ = (
        make_word_check("kind", TaskKind),
        make_word_check("performer", TaskPerformer),
        make_word_check("role", TaskRole),
        make_word_check("state", TaskState),
        Index(
            "ix_task_open",
            "performer",
            "due_at",
            "id",
            sqlite_where=text(write_word_condition("state", OPEN_TASKS)),
            postgresql_where=text(write_word_condition("state", OPEN_TASKS)),
        ),
        Index("ix_task_subject", "subject_type", "subject_id"),
        Index(
            "ix_task_open_id",
            "id",
            sqlite_where=text(write_word_condition("state", OPEN_TASKS)),
            postgresql_where=text(write_word_condition("state", OPEN_TASKS)),
        ),
        Index(
            "ix_task_people",
            "state",
            "id",
            sqlite_where=text("performer = 'person'"),
            postgresql_where=text("performer = 'person'"),
        ),
        Index(  # what people have to do in the order of ids, and what is to be done for one's own donors
            "ix_task_people_open",
            "performer",
            "id",
            sqlite_where=text(OPEN_TASKS_OF_PEOPLE),
            postgresql_where=text(OPEN_TASKS_OF_PEOPLE),
        ),
        Index(
            "ix_task_people_donor",
            "performer",
            "donor_id",
            "due_at",
            sqlite_where=text(OPEN_TASKS_OF_PEOPLE),
            postgresql_where=text(OPEN_TASKS_OF_PEOPLE),
        ),
        Index("ix_task_state_id", "state", "id"),
        Index("ix_task_kind_id", "kind", "id"),
        Index("ix_task_due_at_id", "due_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # thank_you:gift:42
    kind: Mapped[TaskKind]
    performer: Mapped[TaskPerformer]
    role: Mapped[TaskRole] = mapped_column(default="")  # of staff, where no one in particular is named
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    title: Mapped[str] = mapped_column(
        default="", server_default="", info=PERSONAL
    )  # of one that a person planned
    facts: Mapped[dict[str, Any]] = mapped_column(
        default=dict
    )  # what the title needs; ids and amounts, no names
    due_at: Mapped[datetime]
    state: Mapped[TaskState] = mapped_column(default="planned")
    attempts: Mapped[int] = mapped_column(default=0)  # how often a worker began with it
    failures: Mapped[int] = mapped_column(default=0, server_default="0")  # how often that ended in an error
    next_attempt_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="", info=PERSONAL)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    outcome: Mapped[str] = mapped_column(default="", info=PERSONAL)


class Message(Base):
    """One sending to one donor or one of the staff."""

    __tablename__ = "message"
    __table_args__ = (
        make_word_check("channel", Channel),
        make_word_check("category", MessageCategory),
        make_word_check("lang", Lang),
        make_word_check("state", MessageState),
        Index("ix_message_planned_at_id", "planned_at", "id"),
        Index("ix_message_with_body", "planned_at", sqlite_where=_HAS_BODY, postgresql_where=_HAS_BODY),
        Index("ix_message_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    send_key: Mapped[str] = mapped_column(unique=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="RESTRICT"), index=True)
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    channel: Mapped[Channel] = mapped_column(default="email")
    category: Mapped[MessageCategory] = mapped_column(default="transactional")
    template: Mapped[str]  # kind and version, "thank_you@shipped-1"
    lang: Mapped[Lang]
    to_address: Mapped[str] = mapped_column(info=PERSONAL)
    subject: Mapped[str] = mapped_column(info=PERSONAL)
    body: Mapped[str] = mapped_column(info=PERSONAL)
    message_id: Mapped[str] = mapped_column(unique=True)  # the Message-ID header: the same at every attempt
    state: Mapped[MessageState] = mapped_column(default="planned")
    suppressed_reason: Mapped[str] = mapped_column(default="")
    last_error: Mapped[str] = mapped_column(default="", info=PERSONAL)
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class MessageSubject(Base):
    """What a message speaks of: a thank-you names every gift that came before it left."""

    __tablename__ = "message_subject"
    __table_args__ = (
        UniqueConstraint("message_id", "subject_type", "subject_id"),
        make_word_check("subject_type", MessageSubjectType),
        Index("ix_message_subject_subject", "subject_type", "subject_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="RESTRICT"))
    subject_type: Mapped[MessageSubjectType]
    subject_id: Mapped[int]


class MessageAttachment(Base):
    """A file that goes with a message: the stored PDF of a receipt. Its bytes are those of the receipt;
    here stands what they were when they left."""

    __tablename__ = "message_attachment"
    __table_args__ = (
        UniqueConstraint("message_id", "receipt_id"),
        make_word_check("kind", AttachmentKind),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="RESTRICT"))
    kind: Mapped[AttachmentKind]
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id", ondelete="RESTRICT"), index=True)
    filename: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str | None]  # None until it leaves
    size: Mapped[int | None]


class Template(Base):
    """One version of the organisation's own wording of a message, in Liquid. The newest is used; without a
    row the shipped one is, which is version 0. No version is ever edited: what was sent names its own."""

    __tablename__ = "template"
    __table_args__ = (
        UniqueConstraint("kind", "channel", "lang", "version"),
        make_word_check("kind", TemplateKind),
        make_word_check("channel", Channel),
        make_word_check("lang", Lang),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TemplateKind]
    channel: Mapped[Channel] = mapped_column(default="email", server_default="email")
    lang: Mapped[Lang]
    version: Mapped[int] = mapped_column(default=1)
    subject: Mapped[str]
    body: Mapped[str]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    # Nothing is written in this language: its readers get the text of the one that stands in for it.
    is_left_out: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class Suppression(Base):
    """An address that nothing of a scope is sent to, kept as a keyed hash so that it outlives the donor.
    Lifted, it stays; suppressed again, it is the same row, and the audit holds what was before."""

    __tablename__ = "suppression"
    __table_args__ = (
        UniqueConstraint("channel", "address_hash"),
        make_word_check("channel", Channel),
        make_word_check("scope", SuppressionScope),
        make_word_check("source", SuppressionSource),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(default="email")
    address_hash: Mapped[str]
    reason: Mapped[str] = mapped_column(info=PERSONAL)
    scope: Mapped[SuppressionScope] = mapped_column(default="everything", server_default="everything")
    source: Mapped[SuppressionSource] = mapped_column(default="told", server_default="told")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(default="system:0", server_default="system:0")
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    lift_reason: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)


class DomainEvent(Base):
    """What happened with us (gift.recorded, instalment.missed), written with the data it tells of."""

    __tablename__ = "domain_event"
    __table_args__ = (
        make_word_check("kind", EventKind),
        make_word_check("origin", EventOrigin),
        Index("ix_domain_event_donor_id_occurred_at", "donor_id", "occurred_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EventKind]
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    origin: Mapped[EventOrigin] = mapped_column(default="live", server_default="live")
    data: Mapped[dict[str, object]] = mapped_column(default=dict, info=PERSONAL)


class UpgradeNote(Base):
    """What an upgrade mended of what an older program left, once for each kind; none of it changed a sum.
    A count of zero says that there was nothing to mend."""

    __tablename__ = "upgrade_note"
    __table_args__ = (
        UniqueConstraint("kind"),
        make_word_check("kind", UpgradeNoteKind),
        make_word_check("subject_type", UpgradeSubject),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[UpgradeNoteKind]
    subject_type: Mapped[UpgradeSubject]
    count: Mapped[int]
    subject_ids: Mapped[list[int]] = mapped_column(default=list)  # where, the first of them
    noted_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None]
