"""The error inbox: what failed and waits for a person. It only reads; trying again is the nouns' business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import ImportFile, Message, ProviderEvent, Task
from donorhub.models.states import STUCK_EVENTS, STUCK_FILES, UNDELIVERED_MESSAGES

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class ErrorInbox:
    """What lies in the error inbox, at most :data:`MOST` of each kind, the newest first."""

    tasks: Sequence[Task]
    events: Sequence[ProviderEvent]
    files: Sequence[ImportFile]
    messages: Sequence[Message]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing failed."""
        return not (self.tasks or self.events or self.files or self.messages)


def read_error_inbox() -> ErrorInbox:
    """Return the tasks that failed for the last time, the events that did or are quarantined, the files
    that were refused, are held or failed, and the messages that were not sent or perhaps not."""
    return ErrorInbox(
        tasks=db.session.scalars(
            select(Task).where(Task.state == "dead").order_by(Task.id.desc()).limit(MOST)
        ).all(),
        events=db.session.scalars(
            select(ProviderEvent)
            .where(ProviderEvent.state.in_(STUCK_EVENTS))
            .order_by(ProviderEvent.id.desc())
            .limit(MOST)
        ).all(),
        files=db.session.scalars(
            select(ImportFile)
            .where(ImportFile.state.in_(STUCK_FILES))
            .order_by(ImportFile.id.desc())
            .limit(MOST)
        ).all(),
        messages=db.session.scalars(
            select(Message)
            .where(Message.state.in_(UNDELIVERED_MESSAGES))
            .order_by(Message.id.desc())
            .limit(MOST)
        ).all(),
    )
