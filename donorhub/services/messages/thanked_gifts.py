"""Which gifts a thank-you speaks of: one message for all that came before it left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select

from donorhub.db import db, insert_or_ignore
from donorhub.models import Donor, Gift, Message, MessageSubject, Task
from donorhub.models.states import OPEN_TASKS, UNSENT_MESSAGES
from donorhub.services.access import organisation

MORNING: Final = time(8)  # of the organisation: when what waits for another day leaves


def add_gifts(message: Message, gift_ids: Collection[int]) -> None:
    """Let a message speak of these gifts too; those that it speaks of already stay."""
    columns = (MessageSubject.message_id, MessageSubject.subject_type, MessageSubject.subject_id)
    rows = [{"message_id": message.id, "subject_type": "gift", "subject_id": gift_id} for gift_id in gift_ids]
    if rows:
        db.session.execute(insert_or_ignore(MessageSubject, on=columns), rows)


def drop_gifts(message: Message, gift_ids: Collection[int]) -> None:
    """Let a message speak of these gifts no more."""
    db.session.execute(
        delete(MessageSubject).where(
            MessageSubject.message_id == message.id,
            MessageSubject.subject_type == "gift",
            MessageSubject.subject_id.in_(gift_ids),
        )
    )


def list_gifts(message: Message) -> Sequence[Gift]:
    """Return the gifts that a message speaks of, by the days on which they came."""
    gift_ids = select(MessageSubject.subject_id).where(
        MessageSubject.message_id == message.id, MessageSubject.subject_type == "gift"
    )
    query = select(Gift).where(Gift.id.in_(gift_ids)).order_by(Gift.received_on, Gift.id)
    return db.session.scalars(query).all()


def is_in_message(gift: Gift) -> bool:
    """Return whether a thank-you speaks of the gift that was sent or may still be."""
    query = (
        select(Message.id)
        .join(MessageSubject, MessageSubject.message_id == Message.id)
        .where(
            MessageSubject.subject_type == "gift",
            MessageSubject.subject_id == gift.id,
            Message.state != "suppressed",
        )
    )
    return db.session.scalar(select(exists(query))) or False


def find_waiting_letter(gift_ids: Collection[int]) -> int | None:
    """Return the letter that speaks of one of these gifts and waits to be posted; None without any."""
    query = (
        select(Message.id)
        .join(MessageSubject, MessageSubject.message_id == Message.id)
        .where(
            MessageSubject.subject_type == "gift",
            MessageSubject.subject_id.in_(gift_ids),
            Message.channel == "post",
            Message.state == "planned",
        )
    )
    return db.session.scalar(query.order_by(Message.id).limit(1))


def lock_donor(donor: Donor) -> None:
    """Let nobody else plan a thank-you of this donor until the transaction ends: two would make two."""
    db.session.execute(select(Donor.id).where(Donor.id == donor.id).with_for_update())


def find_waiting_message(donor: Donor) -> Message | None:
    """Return the donor's thank-you that is still to leave, held so until the transaction ends; None where
    there is none. One that was given up leaves no more.
    """
    will_leave = exists(
        select(Task.id).where(
            Task.kind == "send_message",
            Task.subject_type == "message",
            Task.subject_id == Message.id,
            Task.state.in_(OPEN_TASKS),
        )
    )
    query = (
        select(Message)
        .where(_is_thanks_of(donor), Message.state.in_(UNSENT_MESSAGES), will_leave)
        .order_by(Message.id.desc())
        .limit(1)
        .with_for_update()
    )
    return db.session.scalar(query.execution_options(populate_existing=True))


def find_next_leaving(donor: Donor, now: datetime) -> datetime | None:
    """Return when the donor may next be thanked: at once (None), or in the morning after a day on which a
    thank-you left or may have.
    """
    today = organisation.get_day(now)
    midnight = organisation.get_midnight(today)
    left_today = or_(
        Message.sent_at >= midnight,
        and_(Message.state.in_(("claimed", "unknown")), Message.planned_at >= midnight),
    )
    if not db.session.scalar(select(exists(select(Message.id).where(_is_thanks_of(donor), left_today)))):
        return None
    return datetime.combine(today + timedelta(days=1), MORNING, organisation.get_zone())


def list_waiting_gifts(donor: Donor) -> Sequence[tuple[Gift, Task]]:
    """Return the donor's gifts whose thank-yous are planned and not written yet, with their tasks."""
    query: Select[Gift, Task] = (
        select(Gift, Task)
        .join(Task, and_(Task.subject_type == "gift", Task.subject_id == Gift.id))
        .where(Task.kind == "thank_you", Task.state.in_(OPEN_TASKS), Gift.donor_id.in_(_select_ids(donor)))
        .order_by(Gift.received_on, Gift.id)
    )
    return [(gift, task) for gift, task in db.session.execute(query)]


def _is_thanks_of(donor: Donor) -> ColumnElement[bool]:
    return and_(Message.donor_id.in_(_select_ids(donor)), Message.category == "thanks")


def _select_ids(donor: Donor) -> Select[int]:
    """Return a query for the ids of the donor and of those who were merged into them."""
    return select(Donor.id).where(or_(Donor.id == donor.id, Donor.merged_into_id == donor.id))
