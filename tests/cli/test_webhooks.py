"""``donorhub webhooks``: addresses and secrets, the inbox, the error inbox, signed samples."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from donorhub.db import db
from donorhub.jobs.queue import perform
from donorhub.models import Gift, ProviderEvent, WebhookEndpoint, WebhookSecret
from donorhub.services.providers import inbox
from tests.cli.conftest import Donorhub
from tests.webhooks.scenarios import one_off, to_raw
from webhooks import get_provider
from webhooks.fact import Endpoint, Secret


def store_events(now: datetime, *, livemode: bool = True) -> None:
    """The events of one gift lie in the inbox."""
    rows = [
        inbox.make_event_row(1, "stripe", to_raw(event), now=now, source="http")
        for event in one_off("aa", livemode=livemode)
    ]
    for row in rows:
        inbox.store_events(db.session.connection(), [row])
    db.session.commit()


def test_new_address_hides_its_secret(donorhub: Donorhub) -> None:
    """An address is opened, and its secret is nowhere to be read."""
    ended = donorhub("webhooks", "create", "stripe", "--secret", "whsec_one", "--account", "acct_1")
    assert ended.code == 0
    endpoint = db.session.query(WebhookEndpoint).one()
    assert ended.out == f"http://127.0.0.1:8080/webhooks/stripe/{endpoint.slug}\n"
    assert (endpoint.account, endpoint.livemode) == ("acct_1", True)
    assert b"whsec_one" not in db.session.query(WebhookSecret).one().sealed_secret
    listed = donorhub("webhooks", "endpoints").out
    assert endpoint.slug in listed and "live" in listed and "whsec" not in listed


def test_second_secret_replaces_the_first(donorhub: Donorhub) -> None:
    """A second secret is added, and the first is expired."""
    donorhub("webhooks", "create", "stripe", "--secret", "whsec_one", "--test-mode")
    assert "test" in donorhub("webhooks", "endpoints").out
    assert donorhub("webhooks", "add-secret", "1", "--secret", "whsec_two", "--label", "new").code == 0
    assert donorhub("webhooks", "expire-secret", "1").out == "secret 1 is expired\n"
    first, second = db.session.query(WebhookSecret).order_by(WebhookSecret.id)
    assert first.expires_at is not None and second.expires_at is None


def test_inbox_is_shown_without_personal_data(donorhub: Donorhub, now: datetime) -> None:
    """The inbox is listed without what it says of people; only one shown message has it."""
    donorhub("webhooks", "create", "stripe", "--secret", "whsec_one")
    store_events(now)
    tail = donorhub("webhooks", "tail", "-n", "2")
    assert len(tail.lines) == 2 and "ola@example.org" not in tail.out
    assert donorhub("webhooks", "tail", "--state", "dead").out == ""
    shown = donorhub("webhooks", "show", "2")
    assert json.loads(shown.out)["type"] == "charge.succeeded" and "ola@example.org" in shown.out


def test_quarantined_events_are_released_by_a_person(donorhub: Donorhub, now: datetime) -> None:
    donorhub("webhooks", "create", "stripe", "--secret", "whsec_one", "--account", "acct_2")
    store_events(now)
    perform.drain_inbox()
    assert {event.state for event in db.session.query(ProviderEvent)} == {"quarantined"}
    ids = [str(event.id) for event in db.session.query(ProviderEvent)]
    ended = donorhub("webhooks", "release", *ids)
    assert ended.code == 0
    assert {line[1] for line in ended.lines} <= {"done", "ignored"}
    assert db.session.query(Gift).count() == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("create", "stripe", "--secret", " "), 1, "secret: Please fill this in"),
        (("create", "piggybank", "--secret", "x"), 2, "'piggybank' is not"),
        (("create",), 2, "Missing argument"),
        (("add-secret", "9", "--secret", "whsec_long"), 1, "there is no endpoint 9"),
        (("expire-secret", "9"), 1, "there is no secret 9"),
        (("show", "9"), 1, "there is no provider event 9"),
        (("release", "9"), 1, "there is no provider event 9"),
        (("release",), 2, "Missing argument"),
        (("send", "http://127.0.0.1:1/x", "missing.json", "--secret", "x"), 2, "does not exist"),
    ],
)
def test_wrong_use_changes_nothing(
    donorhub: Donorhub, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """Wrong use is answered with a sentence and changes nothing."""
    ended = donorhub("webhooks", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert sentence in ended.err and "Traceback" not in ended.err
    assert not db.session.query(WebhookEndpoint).count() + db.session.query(WebhookSecret).count()


def test_an_event_that_is_done_is_not_released(donorhub: Donorhub, now: datetime) -> None:
    donorhub("webhooks", "create", "stripe", "--secret", "whsec_one")
    store_events(now)
    db.session.execute(text("UPDATE provider_event SET state = 'done'"))
    db.session.commit()
    ended = donorhub("webhooks", "release", "1")
    assert ended.code == 1 and "provider event 1 is done: there is nothing to release" in ended.err


class _Listener(BaseHTTPRequestHandler):
    """A web server that keeps what is posted to it."""

    taken: list[tuple[bytes, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((body, self.headers["Stripe-Signature"]))  # type: ignore[attr-defined]
        self.send_response(404 if b"charge.updated" in body else 200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Listener)
    server.taken = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_samples_are_signed_so_that_the_signature_holds(
    donorhub: Donorhub, listener: HTTPServer, tmp_path: Path
) -> None:
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(one_off("aa")))
    url = f"http://127.0.0.1:{listener.server_port}/webhooks/stripe/x"
    ended = donorhub("webhooks", "send", url, sample, "--secret", "whsec_one")
    assert ["charge.succeeded", "200"] in ended.lines and ["charge.updated", "404"] in ended.lines
    endpoint, secret = Endpoint("", True, {}), Secret(1, "whsec_one")
    for body, signature in listener.taken:  # type: ignore[attr-defined]
        get_provider("stripe").verify_message(
            body, {"Stripe-Signature": signature}, endpoint, [secret], int(time.time())
        )


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/webhooks/stripe/x", "file:///etc/passwd"])
def test_sending_to_nobody_is_an_error(donorhub: Donorhub, tmp_path: Path, url: str) -> None:
    """Sending a sample to an address where nobody listens is an error with a sentence."""
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(one_off("aa")[0]))
    ended = donorhub("webhooks", "send", url, sample, "--secret", "whsec_one")
    assert ended.code == 1 and ("nothing answers at" in ended.err or "is no web address" in ended.err)


def test_sample_of_no_json_is_an_error(donorhub: Donorhub, tmp_path: Path) -> None:
    """A sample that is no JSON is an error with a sentence."""
    sample = tmp_path / "sample.json"
    sample.write_text("{not json")
    ended = donorhub("webhooks", "send", "http://127.0.0.1:1/x", sample, "--secret", "whsec_one")
    assert ended.code == 1 and "sample.json" in ended.err and "Traceback" not in ended.err
