"""Messages: what is said to donors and staff, once for each reason, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Select, select, update

from donorhub.db import db, insert_or_ignore
from donorhub.errors import Conflict, NotFound
from donorhub.models import AuditRecord, Donor, Message, Task, User
from donorhub.models.states import (
    UNDELIVERED_MESSAGES,
    UNSENT_MESSAGES,
    UNTRIED_TASKS,
    Channel,
    Lang,
    MessageCategory,
    MessageState,
    TemplateKind,
)
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.messages import texts
from donorhub.services.messages.texts import FilledText
from donorhub.services.paging import equals_if_given
from donorhub.services.shown import ShownRow
from donorhub.services.work import tasks

STAFF_OF_DONORS: Final = frozenset({"admin", "fundraiser", "steward"})
CATEGORIES: Final[Mapping[TemplateKind, MessageCategory]] = {
    "thank_you": "thanks",
    "receipt": "transactional",
    "new_donor": "transactional",
    "mail_test": "transactional",
    "personal": "transactional",
}


def plan_note_to_staff(task: Task, *, facts: Mapping[str, object], now: datetime, domain: str) -> str:
    """Write what a task says to the staff who look after donors; return the task's outcome.

    Who did it themselves is not told of it. A second call writes nothing to those who have it already.
    """
    doer = db.session.scalar(
        select(AuditRecord.actor)
        .where(AuditRecord.subject_type == "donor", AuditRecord.subject_id == task.subject_id)
        .where(AuditRecord.what == "donor.created")
        .limit(1)
    )
    staff = db.session.scalars(select(User).where(User.active).order_by(User.id)).all()
    recipients = [
        user
        for user in staff
        if {role.name for role in user.roles} & STAFF_OF_DONORS and f"user:{user.id}" != doer
    ]
    for user in recipients:
        plan_message(
            "new_donor",
            facts,
            key=f"{task.key}:{user.id}",
            task_id=task.id,
            donor=None,
            to_address=user.email,
            lang=user.lang,
            now=now,
            domain=domain,
        )
    return f"told {len(recipients)}"


def plan_message(
    kind: TemplateKind,
    facts: Mapping[str, object],
    *,
    key: str,
    task_id: int | None,
    donor: Donor | None,
    to_address: str,
    lang: Lang,
    now: datetime,
    domain: str,
    not_before: datetime | None = None,
) -> str:
    """Write a message and plan the task that sends it, at once or not before a moment; return the outcome.

    The same key again changes nothing and returns ``known``.
    """
    message_id = write_message(
        texts.fill_in_text(kind, facts, lang),
        key=key,
        category=CATEGORIES[kind],
        task_id=task_id,
        donor=donor,
        to_address=to_address,
        now=now,
        domain=domain,
    )
    if message_id is None:
        return "known"
    plan_sending(message_id, donor=donor, now=now, not_before=not_before)
    return "planned"


def write_message(
    text: FilledText,
    *,
    key: str,
    category: MessageCategory,
    task_id: int | None,
    donor: Donor | None,
    to_address: str,
    now: datetime,
    domain: str,
    channel: Channel = "email",
) -> int | None:
    """Write a message that nothing sends yet and return its id; None where the key is known, which changes
    nothing.
    """
    send_key = _make_send_key(key)
    return db.session.execute(
        insert_or_ignore(Message, on=(Message.send_key,))
        .values(
            send_key=send_key,
            task_id=task_id,
            donor_id=donor.id if donor else None,
            channel=channel,
            category=category,
            template=text.template,
            lang=text.lang,
            to_address=to_address,
            subject=text.subject,
            body=text.body,
            message_id=f"<{send_key[:40]}@{domain}>",
            state="planned",
            suppressed_reason="",
            last_error="",
            planned_at=now,
        )
        .returning(Message.id)
    ).scalar_one_or_none()


def plan_sending(
    message_id: int, *, donor: Donor | None, now: datetime, not_before: datetime | None = None
) -> None:
    """Plan the task that sends a message, at once or not before a moment."""
    tasks.plan_task(
        f"send_message:{message_id}",
        kind="send_message",
        performer="worker",
        subject=("message", message_id),
        now=now,
        due_at=not_before,
        donor_id=donor.id if donor else None,
    )


def rewrite_message(
    message: Message, kind: TemplateKind, facts: Mapping[str, object], *, to_address: str, lang: Lang
) -> None:
    """Write a message anew that has not left yet; it stays the same message, with its key and its task."""
    text = texts.fill_in_text(kind, facts, lang)
    message.template, message.subject, message.body = text.template, text.subject, text.body
    message.to_address, message.lang = to_address, lang


def find_message(key: str) -> Message | None:
    """Return the message that was planned under this key, or None."""
    return db.session.scalar(select(Message).filter_by(send_key=_make_send_key(key)))


def find_leaving(message: Message) -> datetime | None:
    """Return the moment before which a message does not leave; None where it may leave as soon as it is
    written, or nothing will send it.
    """
    query = select(Task.due_at).where(
        Task.kind == "send_message",
        Task.subject_type == "message",
        Task.subject_id == message.id,
        Task.state.in_(UNTRIED_TASKS),
        Task.due_at > message.planned_at,
    )
    return db.session.scalar(query.order_by(Task.id.desc()).limit(1))


def _make_send_key(key: str) -> str:
    return hashlib.sha256(f"{key}|email".encode()).hexdigest()


def claim_message(message_id: int) -> Message | None:
    """Take a message for sending, to be committed before it is handed over; return None when it was sent
    or taken.
    """
    claimed_id = db.session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(UNSENT_MESSAGES))
        .values(state="claimed")
        .returning(Message.id)
    )
    return db.session.get(Message, claimed_id, populate_existing=True) if claimed_id else None


def mark_as_sent(message: Message, *, now: datetime) -> None:
    """Record that the message was handed over."""
    message.state, message.sent_at, message.last_error = "sent", now, ""


def mark_as_unsent(message: Message, state: Literal["failed", "unknown"], error: str) -> None:
    """Record ``failed`` (nothing was sent) or ``unknown`` (nobody can know; never sent again by itself)."""
    message.state, message.last_error = state, error[:300]


def strand_claimed_message(message_id: int) -> bool:
    """Mark a message unknown that is still claimed when its task is tried again; return whether it was.

    The process died while it handed the message over.
    """
    stranded_id = db.session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state == "claimed")
        .values(state="unknown", last_error="the program stopped while the message was being sent")
        .returning(Message.id)
    )
    return stranded_id is not None


def compute_message_digest(message: Message) -> str:
    """Return the digest of a message as it stands, and whom it goes to."""
    return shown.compute_digest([message.id, message.state, message.to_address, message.last_error])


def decide_uncertain_message(
    message_id: int, *, was_received: bool, now: datetime, actor: str, digest: str | None = None
) -> Message:
    """Record what a person says of an uncertain message: it arrived, or it is to be sent again.

    Raise Changed where it is not what was shown under ``digest``, Conflict for a message that is not
    uncertain.
    """
    message = get_message(message_id)
    shown.refuse_changed(digest, ShownRow(message, compute_message_digest(message)))
    if message.state not in UNDELIVERED_MESSAGES:
        raise Conflict(
            f"message {message_id} is {message.state}: only one that is uncertain is decided",
            code="message_state",
            state=message.state,
        )
    tasks.supersede_tasks("send_message", ("message", message.id), now=now, actor=actor)
    if was_received:
        mark_as_sent(message, now=now)
    else:
        message.state, message.planned_at = "planned", now
        tasks.plan_task(
            f"send_message:{message_id}:{now.timestamp()}",
            kind="send_message",
            performer="worker",
            subject=("message", message_id),
            now=now,
            donor_id=message.donor_id,
        )
    audit.record_action(
        actor, "message.decided", ("message", message.id), now=now, data={"was_received": was_received}
    )
    return message


def select_messages(
    *, donor_id: int | None = None, task_id: int | None = None, state: MessageState | None = None
) -> Select[Message]:
    """Return a query for the messages that fit all that is given."""
    return select(Message).where(
        *equals_if_given(Message.donor_id, donor_id),
        *equals_if_given(Message.task_id, task_id),
        *equals_if_given(Message.state, state),
    )


def get_message(message_id: int) -> Message:
    """Return the message; raise NotFound where there is none."""
    message = db.session.get(Message, message_id)
    if message is None:
        raise NotFound(f"there is no message {message_id}")
    return message
