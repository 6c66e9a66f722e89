"""The address that providers post to: what is answered 2xx is kept, what is not theirs leaves a count."""

from __future__ import annotations

import io
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, func, select
from werkzeug.test import TestResponse

from donorhub import clock
from donorhub.api.providers import webhooks as route
from donorhub.db import db
from donorhub.jobs.kinds import inbox as inbox_job
from donorhub.models import Gift, ProviderEvent, Task, WebhookEndpoint
from donorhub.services.providers import endpoints, inbox
from tests.api.conftest import apart, dump, problem
from tests.webhooks.scenarios import Event, Story, one_off, sign, to_body
from tests.webhooks.stripe.stripe_objects import payout

SECRET = "whsec_of_this_test"


class Stripe:
    """Posts signed messages as Stripe does."""

    def __init__(self, app: Flask, endpoint: WebhookEndpoint) -> None:
        self._app = app
        self.path = f"/webhooks/stripe/{endpoint.slug}"

    def post(self, event: Event, *, secret: str = SECRET, path: str = "", **more: Any) -> TestResponse:
        body = to_body(event)
        headers = {"Stripe-Signature": sign(body, secret, int(clock.now().timestamp()))}
        return self.send(body, headers | more.pop("headers", {}), path=path, **more)

    def send(self, body: bytes, headers: dict[str, str], *, path: str = "", **more: Any) -> TestResponse:
        return apart(
            self._app.test_client().post,
            path or self.path,
            data=body,
            headers=headers,
            content_type="application/json",
            **more,
        )


@pytest.fixture
def stripe(database: Flask, now: datetime) -> Iterator[Stripe]:
    route.forget_endpoints()
    endpoint = endpoints.create_endpoint("stripe", SECRET, now=now, actor="t")
    db.session.commit()
    yield Stripe(database, endpoint)
    route.forget_endpoints()


def events() -> list[ProviderEvent]:
    db.session.rollback()
    return list(db.session.scalars(select(ProviderEvent).order_by(ProviderEvent.id)))


def count(model: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def pick_paid_event() -> Event:
    return next(event for event in one_off("x") if event["type"] == "charge.succeeded")


def test_payout_below_zero_is_answered_ok(stripe: Stripe) -> None:
    """A payout below zero is money that the provider took: it is answered 2xx and kept, and not refused for
    ever."""
    story = Story("n")
    story.tell("payout.paid", payout("po_n1", -1200, status="paid"))
    assert stripe.post(story.events[0]).status_code == 200
    assert db.session.scalars(select(ProviderEvent.type)).all() == ["payout.paid"]


def test_a_message_is_kept_and_then_answered(stripe: Stripe) -> None:
    assert stripe.post(pick_paid_event()).status_code == 200
    (kept,) = events()
    assert (kept.external_id, kept.state, kept.deliveries, kept.other_body) == (
        pick_paid_event()["id"],
        "received",
        1,
        False,
    )


def test_repeated_message_is_counted(stripe: Stripe) -> None:
    """A message that is sent again is counted, and told from one with other bytes."""
    stripe.post(pick_paid_event())
    assert stripe.post(pick_paid_event()).status_code == 200
    (kept,) = events()
    assert (kept.deliveries, kept.other_body) == (2, False)
    assert stripe.post(pick_paid_event() | {"request": None}).status_code == 200
    (kept,) = events()
    assert (kept.deliveries, kept.other_body) == (3, True)


def test_forged_message_leaves_only_count(stripe: Stripe) -> None:
    """A forged message leaves no row, only a count, so nobody can fill the database."""
    body, at = to_body(pick_paid_event()), int(clock.now().timestamp())
    forged = [
        sign(body, "whsec_another", at),
        sign(body + b" ", SECRET, at),
        sign(body, SECRET, at - 301),
        sign(body, SECRET, at + 301),
        "",
        "t=,v1=",
        f"t={at}",
        "x" * 5000,
    ]
    before = {name: rows for name, rows in dump().items() if name != "webhook_endpoint"}
    for signature in forged:
        said = problem(stripe.send(body, {"Stripe-Signature": signature}))
        assert (said["status"], said["code"]) == (400, "bad_signature")
        assert "ignature" in said["detail"]
    assert {name: rows for name, rows in dump().items() if name != "webhook_endpoint"} == before
    assert db.session.scalar(select(WebhookEndpoint.bad_signatures)) == len(forged)


def test_second_secret_holds_until_expiry(stripe: Stripe, now: datetime) -> None:
    """A second secret is good until it is expired."""
    new = endpoints.add_secret(1, "whsec_new", label="new", now=now, actor="t")
    endpoints.expire_secret(1, at=now, now=now, actor="t")
    db.session.commit()
    assert new.id == 2
    assert stripe.post(pick_paid_event(), secret="whsec_new").status_code == 200
    assert stripe.post(pick_paid_event()).status_code == 400


@pytest.mark.parametrize(
    ("account", "livemode"), [("acct_other", True), ("acct_ours", False), ("acct_other", False)]
)
def test_foreign_money_is_quarantined(database: Flask, stripe: Stripe, account: str, livemode: bool) -> None:
    """Money of another account or mode is answered and set aside, and makes no gift."""
    db.session.query(WebhookEndpoint).one().account = "acct_ours"
    db.session.commit()
    route.forget_endpoints()
    for event in one_off("x"):
        assert stripe.post(event | {"account": account, "livemode": livemode}).status_code == 200
    inbox_job.drain_inbox(database.extensions["donorhub.settings"])
    assert {event.state for event in events()} == {"quarantined"}
    assert count(Gift) == 0


def test_unknown_address_has_no_listener(stripe: Stripe) -> None:
    """Nothing listens at an address that nobody gave out."""
    before = dump()
    for path in ("/webhooks/stripe/0000", stripe.path.replace("stripe", "payu"), "/webhooks/nobody/x"):
        assert stripe.post(pick_paid_event(), path=path).status_code == 404
    assert apart(stripe._app.test_client().get, stripe.path).status_code == 405
    assert dump() == before


def test_no_hook_of_pages_runs_for_a_provider(stripe: Stripe, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[str] = []
    for functions in (stripe._app.before_request_funcs, stripe._app.after_request_funcs):
        monkeypatch.setitem(functions, None, [lambda *_answer: hooks.append("ran")])
    answer = stripe.post(pick_paid_event())
    assert (answer.status_code, hooks) == (200, [])
    assert "Set-Cookie" not in answer.headers and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        stripe.post(pick_paid_event(), headers={"X-Request-Id": "of-the-caller"}).headers["X-Request-Id"]
        == "of-the-caller"
    )


def test_a_message_to_another_host_is_refused(stripe: Stripe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stripe._app.config, "TRUSTED_HOSTS", ["donors.example"])
    before = dump()
    assert stripe.post(pick_paid_event()).status_code == 400
    assert dump() == before
    assert stripe.post(pick_paid_event(), headers={"Host": "donors.example"}).status_code == 200


def test_unforeseen_error_shows_nothing(stripe: Stripe, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is answered like any other and shows nothing of its text."""

    def fail(*_args: Any, **_more: Any) -> None:
        raise ZeroDivisionError("a name that must not be shown")

    monkeypatch.setattr(inbox, "make_event_row", fail)
    monkeypatch.setitem(stripe._app.config, "PROPAGATE_EXCEPTIONS", False)
    before = dump()
    answer = stripe.post(pick_paid_event())
    assert answer.status_code == 500 and "a name" not in answer.text
    assert dump() == before


def test_an_endpoint_that_was_closed_listens_no_more(stripe: Stripe) -> None:
    db.session.query(WebhookEndpoint).one().is_active = False
    db.session.commit()
    assert stripe.post(pick_paid_event()).status_code == 404


def test_bodies_that_no_provider_sends_are_refused_unread(stripe: Stripe) -> None:
    before = dump()
    assert stripe.post(pick_paid_event(), headers={"Content-Encoding": "gzip"}).status_code == 415
    assert stripe.send(b"x" * (1024 * 1024 + 1), {}).status_code == 413
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    client = stripe._app.test_client()
    endless = apart(client.post, stripe.path, input_stream=io.BytesIO(b"{}"), environ_overrides=chunked)
    assert problem(endless)["code"] == "length_required"
    assert dump() == before


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"null", b'{"id": NaN}', b"[" * 70 + b"]" * 70, b'{"id": 7}', b"\xff"]
)
def test_meaningless_signed_body_is_refused(stripe: Stripe, body: bytes) -> None:
    """A signed body that means nothing is refused and leaves nothing."""
    before = dump()
    signed = {"Stripe-Signature": sign(body, SECRET, int(clock.now().timestamp()))}
    said = problem(stripe.send(body, signed))
    assert (said["status"], said["errors"][0]["pointer"]) == (400, "/")
    assert dump() == before


def test_unkept_message_is_asked_for_again(
    stripe: Stripe, database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that cannot be kept is asked for again, and is kept then."""
    settings = database.extensions["donorhub.settings"]
    if not settings.uses_sqlite:
        pytest.skip("the lock of another process is SQLite's")
    monkeypatch.setattr("donorhub.jobs.queue.inbox_writer.TIMEOUT_S", 0.3)
    db.session.rollback()
    with closing(sqlite3.connect(settings.home / "donorhub.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = stripe.post(pick_paid_event())
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
        other.execute("ROLLBACK")
    assert stripe.post(pick_paid_event()).status_code == 200
    assert len(events()) == 1


def test_readonly_database_loses_nothing(stripe: Stripe, database: Flask) -> None:
    """A database that takes no writes loses nothing that was answered."""
    writer = database.extensions["donorhub.inbox_writer"]
    before, writer._engine = writer._engine, _ReadOnly(writer._engine)
    try:
        assert stripe.post(pick_paid_event()).status_code == 503
    finally:
        writer._engine = before
    assert events() == []
    assert stripe.post(pick_paid_event()).status_code == 200


class _ReadOnly:
    """An engine whose disk became read-only: it takes everything but writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            if connection.dialect.name != "sqlite":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                yield connection
                return
            connection.exec_driver_sql("PRAGMA query_only=1")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("PRAGMA query_only=0")


def together(number: int, what: Callable[[int], None]) -> None:
    """Run it in so many threads that begin at once."""
    barrier = threading.Barrier(number)

    def run(n: int) -> None:
        barrier.wait()
        what(n)

    db.session.rollback()
    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_eight_threads_make_one_gift(stripe: Stripe, database: Flask) -> None:
    """The same story from eight threads makes one gift and one thank-you."""
    answers: list[int] = []

    def tell(_n: int) -> None:
        answers.extend(stripe.post(event).status_code for event in one_off("x"))

    together(8, tell)
    assert set(answers) == {200} and len(answers) == 8 * len(one_off("x"))
    assert [event.deliveries for event in events()] == [8] * len(one_off("x"))
    inbox_job.drain_inbox(database.extensions["donorhub.settings"])
    assert (count(Gift), count(Task, Task.kind == "thank_you")) == (1, 1)


@pytest.mark.slow
def test_many_threads_share_commits(stripe: Stripe, database: Flask) -> None:
    """Sixty-four threads share commits, and each message is there when it is answered."""
    missing: list[str] = []

    def tell(n: int) -> None:
        for event in one_off(f"t{n}"):
            assert stripe.post(event).status_code == 200
            with database.app_context():
                held = db.session.scalar(
                    select(ProviderEvent.id).where(ProviderEvent.external_id == event["id"])
                )
                db.session.rollback()
            if held is None:
                missing.append(event["id"])

    together(64, tell)
    assert missing == []
    assert len(events()) == 64 * len(one_off("x"))


def test_delayed_message_is_refused(stripe: Stripe, now: datetime) -> None:
    """An old message of a delayed delivery is refused by its time."""
    body = to_body(pick_paid_event())
    old = {"Stripe-Signature": sign(body, SECRET, int((now - timedelta(minutes=6)).timestamp()))}
    assert stripe.send(body, old).status_code == 400
