"""What must hold of work and its records: one thank-you a gift, no sending that hangs, all audited."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from sqlalchemy import String, and_, cast, exists, literal, select
from sqlalchemy.orm import aliased

from donorhub.models import AuditRecord, AuditValue, Gift, Message, MessageSubject, Task
from donorhub.services.access import audit
from donorhub.services.reports.invariants.scope import Scope, find_broken, show_some

STUCK_AFTER: Final = timedelta(hours=1)


def check_thank_yous(scope: Scope, _now: datetime) -> list[str]:
    """Return gifts that want a thank-you and have none planned, or got two, and plans that wrote two."""
    key = literal("thank_you:gift:") + cast(Gift.id, String)
    gifts_without_thanks = select(Gift.id).where(
        scope.is_concerned(Gift), Gift.thank, ~exists(select(Task.id).where(Task.key == key))
    )
    first, second = aliased(Message), aliased(Message)
    tasks_with_two_messages = (
        select(first.task_id)
        .join(second, and_(second.task_id == first.task_id, second.id > first.id))
        .join(Task, Task.id == first.task_id)
        .where(Task.kind == "thank_you", scope.is_concerned(Task, Message.task_id))
    )
    first_subject, second_subject = aliased(MessageSubject), aliased(MessageSubject)
    gifts_thanked_twice = (
        select(Gift.id)
        .join(
            first_subject,
            and_(first_subject.subject_type == "gift", first_subject.subject_id == Gift.id),
        )
        .join(
            second_subject,
            and_(
                second_subject.subject_type == first_subject.subject_type,
                second_subject.subject_id == first_subject.subject_id,
                second_subject.id > first_subject.id,
            ),
        )
        .join(first, first.id == first_subject.message_id)
        .join(second, second.id == second_subject.message_id)
        .where(
            scope.is_concerned(Gift, MessageSubject.subject_id),
            first.state == "sent",
            second.state == "sent",
        )
    )
    return [
        *find_broken(gifts_thanked_twice, lambda id_: f"gift {id_} is in two thank-yous that were sent"),
        *find_broken(gifts_without_thanks, lambda id_: f"gift {id_} has no thank-you planned"),
        *find_broken(tasks_with_two_messages, lambda id_: f"task {id_} wrote two thank-yous"),
    ]


def check_sendings(_scope: Scope, now: datetime) -> list[str]:
    """Return messages that are being sent for long; an index leads to them, so all are looked at each
    time.
    """
    query = select(Message.id).where(Message.state == "claimed", Message.planned_at < now - STUCK_AFTER)
    return find_broken(query, lambda id_: f"message {id_} is being sent for more than an hour")


def check_audited_gifts(scope: Scope, _now: datetime) -> list[str]:
    """Return gifts of which no record says who recorded them."""
    record = exists(
        select(AuditRecord.id).where(
            AuditRecord.subject_type == "gift",
            AuditRecord.subject_id == Gift.id,
            AuditRecord.what == "gift.recorded",
        )
    )
    query = select(Gift.id).where(scope.is_concerned(Gift), ~record)
    return find_broken(query, lambda id_: f"nobody says who recorded gift {id_}")


def check_audit(scope: Scope, _now: datetime) -> list[str]:
    """Return where the audit is not one chain up to its head, or a value beside it is another."""
    return show_some(
        chain(
            audit.find_broken_links(after_seq=scope.audit_seq, after_chain=scope.audit_chain),
            audit.find_changed_values(scope.is_new(AuditValue)),
        )
    )
