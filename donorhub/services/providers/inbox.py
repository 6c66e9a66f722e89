"""The inbox: provider events as they came, stored before they are answered, worked off later."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    case,
    not_,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.orm import defer

from donorhub.db import Base, db, insert_for
from donorhub.errors import Conflict, NotFound
from donorhub.models import ProviderEvent
from donorhub.models.states import STUCK_EVENTS, ProviderEventState
from donorhub.services.access import audit
from donorhub.services.paging import equals_if_given
from donorhub.services.providers import deadly_events
from webhooks.fact import RawEvent

BACK_OFF: Final = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 720, 1440))
MAX_ATTEMPTS: Final = 8
WRONG_ENDPOINT_REASONS: Final = ("unknown_account", "mode_mismatch")
_LATER_COLUMNS: Final = (
    "endpoint_id",
    "type",
    "livemode",
    "api_version",
    "occurred_at",
    "received_at",
    "object_kind",
    "object_id",
    "body",
    "body_sha256",
    "needs_fetch",
    "source",
    "state",
    "reason",
    "attempts",
    "kills",
)


def make_event_row(
    endpoint_id: int, provider: str, event: RawEvent, *, now: datetime, source: str
) -> dict[str, Any]:
    """Return the columns of one event, made outside the transaction: packing takes longer than inserting."""
    return {
        "endpoint_id": endpoint_id,
        "provider": provider,
        "account": event.account,
        "external_id": event.external_id,
        "type": event.type,
        "livemode": event.livemode,
        "api_version": event.api_version,
        "occurred_at": event.occurred_at,
        "received_at": now,
        "object_kind": event.object_kind,
        "object_id": event.object_id,
        "body": zlib.compress(event.body, 6),
        "body_sha256": hashlib.sha256(event.body).digest(),
        "needs_fetch": event.needs_fetch,
        "source": source,
        "state": "received",
        "reason": "",
        "attempts": 0,
        "kills": 0,
        "deliveries": 1,
        "other_body": False,
    }


def store_events(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Insert events; one there already counts a delivery more and is marked if its bytes differ.

    One that could not be booked takes over what comes now if that can be: the snapshot of a thin
    message, or the same event at the endpoint that it belongs to.
    """
    dialect = connection.dialect.name
    if dialect not in _inserts:
        _inserts[dialect] = _make_insert(connection)
    connection.execute(_inserts[dialect], rows)


_inserts: Final[dict[str, Any]] = {}  # building the statement takes longer than the insert


def _make_insert(connection: Connection) -> object:
    statement = insert_for(connection, ProviderEvent)
    new, row = statement.excluded, ProviderEvent
    is_snapshot = and_(row.needs_fetch, not_(new.needs_fetch))
    is_better = or_(
        is_snapshot,
        and_(
            row.state == "quarantined",
            # Many rows at once allow no IN.
            or_(*(row.reason == reason for reason in WRONG_ENDPOINT_REASONS)),
            row.endpoint_id != new.endpoint_id,
        ),
    )
    is_other = and_(new.body_sha256 != row.body_sha256, new.needs_fetch == row.needs_fetch)
    return statement.on_conflict_do_update(
        index_elements=["provider", "account", "external_id"],
        set_={
            **{name: case((is_better, new[name]), else_=getattr(row, name)) for name in _LATER_COLUMNS},
            "deliveries": row.deliveries + 1,
            "other_body": or_(row.other_body, is_other),
        },
    )


def measure_backlog(*, now: datetime) -> timedelta:
    """Return for how long the oldest event has waited unread; zero when all are read."""
    received_at: datetime | None = db.session.scalar(
        select(ProviderEvent.received_at)
        .where(ProviderEvent.state == "received")
        .order_by(ProviderEvent.next_attempt_at, ProviderEvent.id)
        .limit(1)
    )
    return max(now - received_at, timedelta()) if received_at else timedelta()


class DueEvent(NamedTuple):
    """An event to be worked off, with how often a worker began with it and came to no end."""

    id: int
    kills: int


def find_due(limit: int, *, now: datetime) -> dict[tuple[str, str], list[DueEvent]]:
    """Return the next events to work off, oldest first, by provider and account."""
    event = ProviderEvent
    columns = select(event.id, event.kills, event.provider, event.account)
    # Each in the order of its index, so that a long backlog is not sorted anew for every few of it.
    new_events, failed_events = (
        columns.where(*conditions).order_by(event.next_attempt_at, event.id).limit(limit).subquery()
        for conditions in (
            [event.state == "received"],
            [event.state == "error", event.next_attempt_at <= now, event.kills < deadly_events.MAX_KILLS],
        )
    )
    either = union_all(select(new_events), select(failed_events))
    rows = sorted(db.session.execute(either))
    due: defaultdict[tuple[str, str], list[DueEvent]] = defaultdict(list)
    for id_, kills, provider, account in rows[:limit]:
        due[provider, account].append(DueEvent(id_, kills))
    return due


def take_events(ids: Sequence[int], turn: str) -> list[ProviderEvent] | None:
    """Return those of these events that wait still, for this transaction alone; None where another
    worker has this turn, until its transaction ends.

    A turn is an account, or a provider where one account goes by several names. Two workers that turn
    events of one payment into rows would trip over each other's unique keys, and each would see only its
    own half of what is said.
    """
    if not take_turn(turn):
        return None
    waiting = ProviderEvent.state.in_(("received", "error"))
    query = select(ProviderEvent).where(ProviderEvent.id.in_(ids), waiting).order_by(ProviderEvent.id)
    return list(db.session.scalars(query))


def take_turn(turn: str) -> bool:
    """Return whether this transaction alone works off this turn's events now; on SQLite it always does."""
    if db.session.get_bind().dialect.name != "postgresql":
        return True
    lock = text("SELECT pg_try_advisory_xact_lock(727275, hashtext(:turn))")
    return bool(db.session.scalar(lock, {"turn": turn}))


def make_raw_event(row: ProviderEvent) -> RawEvent:
    """Return a stored event as its provider's adapter reads it."""
    return RawEvent(
        external_id=row.external_id,
        type=row.type,
        occurred_at=row.occurred_at,
        account=row.account,
        livemode=row.livemode,
        api_version=row.api_version,
        object_kind=row.object_kind,
        object_id=row.object_id,
        body=zlib.decompress(row.body) if row.body else b"",  # it was kept long enough
        needs_fetch=row.needs_fetch,
    )


def note_outcomes(outcomes: Mapping[int, tuple[ProviderEventState, str]], *, now: datetime) -> None:
    """Write what became of events by id: done, ignored, or quarantined with its reason."""
    same: defaultdict[tuple[ProviderEventState, str], list[int]] = defaultdict(list)
    for id_, outcome in outcomes.items():
        same[outcome].append(id_)
    for (state, reason), ids in same.items():
        db.session.execute(_SET_OUTCOME, {"ids": ids, "word": state, "because": reason, "at": now})


_TABLE: Final = Base.metadata.tables["provider_event"]
_SET_OUTCOME: Final = (
    update(_TABLE)
    .where(_TABLE.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=bindparam("word"),
        reason=bindparam("because"),
        processed_at=bindparam("at"),
        next_attempt_at=None,
        kills=0,
    )
)


def note_error(row: ProviderEvent, reason: str, *, now: datetime, is_final: bool = False) -> None:
    """Note that an attempt failed: it is made again later, and after the last the event lies in the error
    inbox; at once where it is final, since trying again cannot help."""
    row.attempts += 1
    row.kills = 0  # it ended, if badly
    row.reason = reason[:300]
    if is_final or row.attempts >= MAX_ATTEMPTS:
        row.state, row.next_attempt_at = "dead", None
        return
    row.state = "error"
    row.next_attempt_at = now + BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]


def select_events(
    *,
    provider: str | None = None,
    state: ProviderEventState | None = None,
    type: str | None = None,
    object_id: str | None = None,
    endpoint_id: int | None = None,
) -> Select[ProviderEvent]:
    """Return a query for the events that fit all that is given, without their bodies."""
    return (
        select(ProviderEvent)
        .where(
            *equals_if_given(ProviderEvent.provider, provider),
            *equals_if_given(ProviderEvent.state, state),
            *equals_if_given(ProviderEvent.type, type),
            *equals_if_given(ProviderEvent.object_id, object_id),
            *equals_if_given(ProviderEvent.endpoint_id, endpoint_id),
        )
        .options(defer(ProviderEvent.body))
    )


def get_event(event_id: int) -> ProviderEvent:
    """Return an event of the inbox; raise NotFound when there is none."""
    row = db.session.get(ProviderEvent, event_id)
    if row is None:
        raise NotFound(f"there is no provider event {event_id}")
    return row


def release_event(event_id: int, *, now: datetime, actor: str) -> ProviderEvent:
    """Let an event from the error inbox be worked off again; raise Conflict for one that is not there."""
    row = get_event(event_id)
    if row.state not in ("error", *STUCK_EVENTS):
        raise Conflict(
            f"provider event {event_id} is {row.state}: there is nothing to release",
            code="nothing_to_release",
            state=row.state,
        )
    if row.state == "quarantined":
        row.reason = "released"  # looked at by a person: account and mode are not asked again
    row.state, row.attempts, row.kills, row.next_attempt_at = "received", 0, 0, None
    audit.record_action(actor, "provider_event.released", ("provider_event", row.id), now=now)
    return row
