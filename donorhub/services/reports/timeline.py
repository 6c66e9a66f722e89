"""A donor's timeline: everything that happened with them, newest first, in pages that stay put."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, Date, and_, exists, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import db
from donorhub.models import (
    Consent,
    Correction,
    Dispute,
    Donor,
    Gift,
    Interaction,
    Message,
    Receipt,
    RecurringGift,
    RecurringGiftChange,
    Refund,
    Task,
)
from donorhub.money import Money
from donorhub.services import paging
from donorhub.services.access import organisation
from donorhub.services.donors import interactions
from donorhub.services.giving import history
from donorhub.services.paging import LIMIT, AnySelect, Page
from donorhub.services.receipts import receipts


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``kind`` and ``id`` name its row; ``facts`` are plain values of it.

    What has a date and no time of day stands at the organisation's midnight and before all else of that day.
    """

    at: datetime
    kind: str
    id: int
    has_time: bool
    amount: Money | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_by_person(self) -> bool:
        """Return whether the facts name who did it."""
        return "actor" in self.facts

    @property
    def cursor(self) -> str:
        """Return the place of this event, from which the next page goes on."""
        return paging.write_cursor(CURSOR_NAME, self.key)

    @property
    def key(self) -> tuple[datetime, str, int]:
        """Return what events are sorted by."""
        return self.at, self.kind, self.id


Cursor = tuple[datetime, str, int]
CURSOR_NAME: Final = "timeline"
Moment = ColumnElement[Any] | InstrumentedAttribute[Any]  # of a date or an instant


def read_timeline(
    donor_id: int, before: str | None = None, limit: int = LIMIT, *, part: TimelinePart | None = None
) -> Page[Event]:
    """Return a page of a donor's timeline, or of one part of it; ``before`` is the cursor of the page before.

    Rows recorded in the meantime never shift a page, nor show a row twice. Raise Rejected for a damaged
    cursor.
    """
    cursor = _read_cursor(before) if before else None
    events = [event for source in _list_sources(part) for event in source(donor_id, cursor, limit + 1)]
    events.sort(key=lambda event: event.key, reverse=True)
    page = events[:limit]
    return Page(page, page[-1].cursor if len(events) > limit else None)


def _read_cursor(text: str) -> Cursor:
    at, kind, id_ = paging.read_cursor(text, CURSOR_NAME, (datetime, str, int))
    return at, kind, id_


def _read_newest_rows(
    query: AnySelect,
    at: Moment,
    id_: ColumnElement[int] | InstrumentedAttribute[int],
    kind: str,
    cursor: Cursor | None,
    limit: int,
) -> Iterator[Any]:
    """Return the newest rows of one source that come after the cursor in (at, kind, id) falling."""
    if cursor is not None:
        query = query.where(_make_cursor_condition(at, id_, kind, cursor))
    return iter(db.session.execute(query.order_by(at.desc(), id_.desc()).limit(limit)))


def _make_cursor_condition(
    at: Moment, id_: ColumnElement[int] | InstrumentedAttribute[int], kind: str, cursor: Cursor
) -> ColumnElement[bool]:
    moment, cursor_kind, cursor_id = cursor
    earlier, same = _make_moment_conditions(at, moment)
    if kind < cursor_kind:
        return or_(earlier, same)
    if kind > cursor_kind:
        return earlier
    return or_(earlier, and_(same, id_ < cursor_id))


def _make_moment_conditions(at: Moment, moment: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions for "before this moment" and "at it"; a date stands for its midnight."""
    if not isinstance(at.type, Date):
        return at < moment, at == moment
    day = organisation.get_day(moment)
    if moment == organisation.get_midnight(day):
        return at < day, at == day
    return at <= day, false()


def _read_gifts(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    query = select(Gift).where(Gift.donor_id == donor_id)
    rows = [gift for (gift,) in _read_newest_rows(query, Gift.received_on, Gift.id, "gift", cursor, limit)]
    deduction_states = history.find_deduction_states(rows)
    for gift in rows:
        facts = {
            "method": gift.method,
            "note": gift.note,
            "is_test": gift.is_test,
            "deduction": deduction_states.get(gift.id, ""),
        }
        yield Event(organisation.get_midnight(gift.received_on), "gift", gift.id, False, gift.amount, facts)


def _make_reader_of_gift_rows(
    model: type[Refund] | type[Dispute] | type[Correction], kind: str, at: Moment
) -> Callable[[int, Cursor | None, int], Iterator[Event]]:
    def read_events(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
        query = select(model, at).join(Gift, Gift.id == model.gift_id).where(Gift.donor_id == donor_id)
        for row, moment in _read_newest_rows(query, at, model.id, kind, cursor, limit):
            has_time = isinstance(moment, datetime)
            facts = {
                "gift_id": row.gift_id,
                "state": getattr(row, "state", ""),
                "reason": getattr(row, "reason", ""),
            }
            yield Event(
                moment if has_time else organisation.get_midnight(moment),
                kind,
                row.id,
                has_time,
                Money(row.amount_minor, row.currency),
                facts,
            )

    return read_events


def _make_reader_of_receipts(kind: str, at: Moment) -> Callable[[int, Cursor | None, int], Iterator[Event]]:
    def read_events(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
        query = select(Receipt, at).where(Receipt.donor_id == donor_id, at.is_not(None))
        for receipt, moment in _read_newest_rows(query, at, Receipt.id, kind, cursor, limit):
            facts = {"number": receipts.format_number_of(receipt), "reason": receipt.void_reason or ""}
            yield Event(moment, kind, receipt.id, True, Money(receipt.total_minor, receipt.currency), facts)

    return read_events


def _read_tasks(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    at = func.coalesce(Task.done_at, Task.created_at, type_=Task.created_at.type)
    query = select(Task, at).where(Task.donor_id == donor_id, Task.performer == "person")
    for task, moment in _read_newest_rows(query, at, Task.id, "task", cursor, limit):
        facts = {
            "task": task.kind,
            "title": task.title,
            "state": task.state,
            "outcome": task.outcome,
            "due_at": task.due_at,
        }
        yield Event(moment, "task", task.id, True, None, facts)


_MESSAGE_AT: Final = func.coalesce(Message.sent_at, Message.planned_at, type_=Message.planned_at.type)


def _read_messages(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    query = select(Message, _MESSAGE_AT).where(Message.donor_id == donor_id)
    yield from _read_chosen_messages(query, cursor, limit)


def _read_unposted_messages(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    """Return the messages but letters that are among what happened already."""
    is_posted = exists().where(Interaction.message_id == Message.id, Interaction.corrects_id.is_(None))
    query = select(Message, _MESSAGE_AT).where(
        Message.donor_id == donor_id,
        or_(Message.channel != "post", Message.state != "sent", ~is_posted),
    )
    yield from _read_chosen_messages(query, cursor, limit)


def _read_chosen_messages(query: AnySelect, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    for message, moment in _read_newest_rows(query, _MESSAGE_AT, Message.id, "message", cursor, limit):
        facts = {
            "subject": message.subject,
            "state": message.state,
            "template": message.template.partition("@")[0],
            "reason": message.suppressed_reason,
        }
        yield Event(moment, "message", message.id, True, None, facts)


def _read_interactions(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    query = select(Interaction).where(Interaction.donor_id == donor_id, interactions.IS_LATEST)
    at, id_ = Interaction.at, Interaction.id
    for (row,) in _read_newest_rows(query, at, id_, "interaction", cursor, limit):
        facts = {
            "interaction": row.kind,
            "direction": row.direction,
            "outcome": row.outcome,
            "text": row.text,
            "actor": row.actor,
            "source": row.source.partition(":")[0],
            "corrects_id": row.corrects_id,
            "message_id": row.message_id,
        }
        yield Event(row.at, "interaction", row.id, True, None, facts)


def _read_consents(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    query = select(Consent).where(Consent.donor_id == donor_id)
    for (row,) in _read_newest_rows(query, Consent.at, Consent.id, "consent", cursor, limit):
        facts = {
            "state": row.state,
            "purpose": row.purpose,
            "channel": row.channel,
            "source": row.source.partition(":")[0],
            "reason": row.reason,
            "actor": row.actor,
        }
        yield Event(row.at, "consent", row.id, row.at == row.recorded_at, None, facts)


def _read_changes(donor_id: int, cursor: Cursor | None, limit: int) -> Iterator[Event]:
    at, id_ = RecurringGiftChange.effective_at, RecurringGiftChange.id
    query = (
        select(RecurringGiftChange)
        .join(RecurringGift, RecurringGift.id == RecurringGiftChange.recurring_gift_id)
        .where(RecurringGift.donor_id == donor_id)
    )
    for (change,) in _read_newest_rows(query, at, id_, "recurring", cursor, limit):
        facts = {
            "what": change.what,
            "before": change.before,
            "after": change.after,
            "recurring_gift_id": change.recurring_gift_id,
        }
        yield Event(change.effective_at, "recurring", change.id, True, None, facts)


def _read_donor(donor_id: int, cursor: Cursor | None, _limit: int) -> Iterator[Event]:
    donor = db.session.get(Donor, donor_id)  # who asks for a timeline has looked at its donor
    if donor is not None:
        facts = {"source": donor.source.partition(":")[0]}
        event = Event(donor.created_at, "donor", donor.id, True, None, facts)
        if cursor is None or event.key < cursor:
            yield event


Source = Callable[[int, Cursor | None, int], Iterator[Event]]
TimelinePart = Literal["gifts", "receipts", "interactions", "tasks", "messages", "consents", "promises"]
TIMELINE_PARTS: Final[tuple[TimelinePart, ...]] = get_args(TimelinePart)
_SOURCES: Final[Mapping[TimelinePart, tuple[Source, ...]]] = {
    "gifts": (
        _read_gifts,
        _make_reader_of_gift_rows(Refund, "refund", Refund.refunded_on),
        _make_reader_of_gift_rows(Dispute, "dispute", Dispute.opened_on),
        _make_reader_of_gift_rows(Correction, "correction", Correction.recorded_at),
    ),
    "receipts": (
        _make_reader_of_receipts("receipt", Receipt.issued_at),
        _make_reader_of_receipts("void", Receipt.voided_at),
    ),
    "interactions": (_read_interactions,),
    "tasks": (_read_tasks,),
    "messages": (_read_messages,),
    "consents": (_read_consents,),
    "promises": (_read_changes,),
}


def _list_sources(part: TimelinePart | None) -> Iterable[Source]:
    """Return what is read for one part of the timeline, or for all of it."""
    if part is not None:
        return _SOURCES[part]
    every: dict[TimelinePart, tuple[Source, ...]] = {**_SOURCES, "messages": (_read_unposted_messages,)}
    return (*(source for sources in every.values() for source in sources), _read_donor)
