"""How the one process shares itself between answering and working."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.jobs.kinds.inbox import AMOUNTS
from donorhub.jobs.queue import pace
from donorhub.jobs.queue.inbox_writer import InboxWriter
from donorhub.jobs.queue.worker import WorkerThread
from donorhub.models import ProviderEvent
from donorhub.services.providers import endpoints, inbox
from tests.webhooks.scenarios import one_off, to_raw


@pytest.mark.parametrize(
    ("worked_s", "waited_s", "behind_s", "rest_s"),
    [
        (0.04, 0.0, 0.0, 0.0),  # nobody waits
        (0.04, 0.0005, 0.0, 0.01),  # answers are quick: a quarter of the work
        (0.04, 0.002, 0.0, 0.04),  # as long as the work
        (0.04, 0.008, 0.0, 0.16),
        (0.04, 60.0, 0.0, 0.36),  # never more than nine times the work
        (30.0, 60.0, 0.0, 0.5),  # nor more than half a second
        (0.04, 60.0, 2.0, 0.36),  # work of two seconds ago gives way still
        (0.04, 60.0, 3.0, 0.18),  # that of three gives way half as much
        (0.04, 60.0, 4.0, 0.01),  # and that of four to nobody
        (0.04, 60.0, 900.0, 0.01),
        (0.04, 0.002, 2.0, 0.04),
    ],
)
def test_rest_grows_with_waiting(worked_s: float, waited_s: float, behind_s: float, rest_s: float) -> None:
    assert pace.choose_rest(worked_s, waited_s, behind_s) == pytest.approx(rest_s)


@pytest.mark.parametrize(
    ("due", "do_messages_come", "size"),
    [(20, False, 24), (192, False, 48), (192, True, 24), (20, True, 24)],
)
def test_batches_stay_small_while_messages_come(due: int, do_messages_come: bool, size: int) -> None:
    """Whoever posts waits for the commit of a whole batch: a long backlog takes larger ones only alone."""
    assert AMOUNTS["sqlite"].choose_batch(due, do_messages_come=do_messages_come) == size


def count_unread(app: Flask) -> int:
    with app.app_context():
        count = db.session.scalar(select(func.count()).where(ProviderEvent.state == "received"))
        db.session.remove()
    return count or 0


def test_inbox_is_read_while_messages_come(database: Flask, now: datetime) -> None:
    """Messages that come close together do not lie unread until they end."""
    if not database.extensions["donorhub.settings"].is_embedded:
        pytest.skip("where there is Redis, other processes work")
    endpoint_id = endpoints.create_endpoint("stripe", "whsec_x", now=now, actor="t").id
    db.session.commit()
    writer = database.extensions["donorhub.inbox_writer"]
    is_over = threading.Event()
    at = datetime.now(UTC)

    def post_messages() -> None:
        number = 0
        while not is_over.wait(0.05):
            event = to_raw(one_off(f"pace{number}")[0])
            writer.store_rows([inbox.make_event_row(endpoint_id, "stripe", event, now=at, source="http")])
            number += 1

    worker, provider = WorkerThread(database, pause=0.05), threading.Thread(target=post_messages)
    provider.start()
    worker.start_thread()
    try:
        time.sleep(1)
        least = count_unread(database)
        for _ in range(80):  # the provider never stops meanwhile
            least = min(least, count_unread(database))
            if least <= 1:
                break
            time.sleep(0.1)
    finally:
        is_over.set()
        provider.join()
        worker.stop_thread()
    assert least <= 1


def test_wait_is_forgotten_after_messages(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    endpoint_id = endpoints.create_endpoint("stripe", "whsec_x", now=now, actor="t").id
    db.session.commit()
    writer = InboxWriter(db.engine)
    assert writer.measure_wait() == 0.0
    row = inbox.make_event_row(endpoint_id, "stripe", to_raw(one_off("w")[0]), now=now, source="http")
    writer.store_rows([row])
    assert writer.measure_wait() > 0.0
    monkeypatch.setattr("donorhub.jobs.queue.inbox_writer.QUIET_S", 0.0)
    assert writer.measure_wait() == 0.0
