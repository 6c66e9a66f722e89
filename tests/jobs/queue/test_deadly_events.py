"""A provider event that kills its worker stops no other, is set aside in the end and can be tried again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select, update

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import perform, timer
from donorhub.models import Gift, ProviderEvent
from donorhub.services.providers import deadly_events, endpoints, inbox, projection
from tests.load.posting import gift_events
from tests.web.bank.bank_world import Staff, let_write
from tests.webhooks.scenarios import to_raw

COUNT = 5
DEADLY = "evt_load2"
Drain = Callable[[], int]


@pytest.fixture
def charges(database: Flask, now: datetime) -> list[str]:
    """The ids of events that wait in the inbox."""
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", account="acct_1", now=now, actor="t")
    db.session.flush()
    events = [to_raw(event | {"account": "acct_1"}) for event in gift_events(COUNT, donors=COUNT)]
    rows = [inbox.make_event_row(endpoint.id, "stripe", event, now=now, source="http") for event in events]
    inbox.store_events(db.session.connection(), rows)
    db.session.commit()
    return [event.external_id for event in events]


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one event kill the process that works it off."""
    apply_events = projection.apply_events

    def apply_or_die(events: list[ProviderEvent], *rest: object, **options: object) -> None:
        if any(event.external_id == DEADLY for event in events):
            os.kill(os.getpid(), signal.SIGKILL)
        apply_events(events, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(projection, "apply_events", apply_or_die)


def drain_in_child() -> int:
    """Work off the inbox in a process of its own; gives the number of the signal that ended it, else 0."""
    db.session.remove()
    db.engine.dispose()  # SQLite's connections do not survive a fork
    child = os.fork()
    if child == 0:
        code = 1
        try:
            perform.drain_inbox()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def drain_until_survived() -> int:
    """Put a new worker in the place of each that was killed; gives how many were."""
    for kills in range(deadly_events.MAX_KILLS):
        if not drain_in_child():
            return kills
    pytest.fail("the inbox never comes to its end")


def read_states() -> dict[str, str]:
    states = {event.external_id: event.state for event in db.session.scalars(select(ProviderEvent))}
    db.session.rollback()
    return states


def set_kills(kills: int) -> None:
    db.session.execute(update(ProviderEvent).where(ProviderEvent.kills > 0).values(kills=kills))
    db.session.commit()


def test_killing_event_stops_no_other(charges: list[str], poison: None, now: datetime) -> None:
    """An event that kills whoever works it off lets all the others through after a few kills, and waits
    between those that follow."""
    assert drain_until_survived() == deadly_events.FREED_KILLS + 1
    states = read_states()
    assert states.pop(DEADLY) == "error" and set(states.values()) == {"done"}
    assert db.session.scalar(select(func.count()).select_from(Gift)) == COUNT - 1
    assert drain_in_child() == 0  # it is not due again for a while
    clock.use_clock(lambda: now + deadly_events.WAIT)
    assert (drain_in_child(), drain_in_child()) == (signal.SIGKILL, 0)
    kills = db.session.scalars(select(ProviderEvent.kills).filter_by(external_id=DEADLY)).one()
    assert kills == deadly_events.FREED_KILLS + 2


def test_killing_event_is_set_aside(database: Flask, charges: list[str], poison: None, now: datetime) -> None:
    """After its last kill an event lies in the error inbox, which says why, and no worker touches it."""
    drain_until_survived()
    set_kills(deadly_events.MAX_KILLS - 1)
    now += deadly_events.WAIT
    clock.use_clock(lambda: now)
    assert drain_in_child() == signal.SIGKILL
    timer.bury_dead_tasks()
    assert read_states()[DEADLY] == "error"  # for all that is known its last attempt still runs
    now += deadly_events.WAIT
    for _again in range(2):
        assert drain_in_child() == 0
        timer.bury_dead_tasks()
        assert read_states()[DEADLY] == "dead"
    for lang, words in (
        ("en", "The program broke off each time"),
        ("pl", "Program przerywał pracę za każdym razem"),
        ("sq", "Programi ndërpritej sa herë"),
    ):
        assert words in Staff(database, "admin", lang=lang).text("/errors")


def test_set_aside_event_is_tried_again(database: Flask, charges: list[str], now: datetime) -> None:
    """What was set aside for its kills is worked off once a person lets it be tried again."""
    db.session.execute(
        update(ProviderEvent)
        .where(ProviderEvent.external_id == DEADLY)
        .values(state="dead", kills=deadly_events.MAX_KILLS, reason=deadly_events.REASON)
    )
    db.session.commit()
    assert drain_in_child() == 0
    event_id = db.session.scalars(select(ProviderEvent.id).filter_by(external_id=DEADLY)).one()
    staff = Staff(database, "admin")
    assert staff.post(f"/errors/events/{event_id}/release").status_code == 302
    let_write()
    event = db.session.get_one(ProviderEvent, event_id, populate_existing=True)
    assert (event.state, event.kills) == ("received", 0)
    db.session.commit()
    perform.drain_inbox()
    assert set(read_states().values()) == {"done"}
    assert db.session.scalar(select(func.count()).select_from(Gift)) == COUNT


def test_failing_event_counts_no_kill(
    charges: list[str], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that somebody could note is none of the kills, for the event and for those beside it."""
    apply_events = projection.apply_events
    kills: set[int] = set()

    def apply_or_fail(events: list[ProviderEvent], *rest: object, **options: object) -> None:
        kills.update(event.kills for event in events)
        if any(event.external_id == DEADLY for event in events):
            raise ZeroDivisionError
        apply_events(events, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(projection, "apply_events", apply_or_fail)
    for attempts in (1, 2):
        perform.drain_inbox()
        event = db.session.scalars(select(ProviderEvent).filter_by(external_id=DEADLY)).one()
        assert (event.state, event.attempts, event.kills) == ("error", attempts, 0)
        assert event.next_attempt_at
        at = event.next_attempt_at + timedelta(seconds=1)
        db.session.commit()
        clock.use_clock(lambda at=at: at)  # type: ignore[misc]
    assert kills == {1}  # however often they were taken in halves
    assert not db.session.scalar(select(func.count()).where(ProviderEvent.kills > 0))


def test_burying_reads_no_other_events(database: Flask, now: datetime) -> None:
    """Looking for events to set aside does not read all that ever came."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("it is SQLite that tells its plan in words")
    seen: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        seen.append((statement, values))

    sqlalchemy_event.listen(db.engine, "before_cursor_execute", note)
    deadly_events.bury_deadly_events(now=now)
    sqlalchemy_event.remove(db.engine, "before_cursor_execute", note)
    ((statement, values),) = [one for one in seen if "provider_event" in one[0]]
    plan = str(db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())  # type: ignore[arg-type]
    assert "SCAN" not in plan
