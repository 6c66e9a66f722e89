"""Stripe asked over a loopback server that speaks its protocol: pages of a payout's items, errors, no key."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.gateways.providers import ProviderAway
from donorhub.gateways.stripe import StripeGateway
from donorhub.jobs.kinds import inbox as inbox_job
from donorhub.jobs.queue.run import run_task
from donorhub.jobs.queue.worker import work_once
from donorhub.models import Gift, Payout, PayoutItem, Task
from donorhub.services.access import instance
from donorhub.services.providers import endpoints, inbox
from donorhub.services.reports import invariants
from tests.copies import copied
from tests.webhooks import scenarios
from webhooks.fact import RawEvent
from webhooks.stripe.events import Stripe


class Api:
    """A Stripe that knows one listing of balance transactions and hands it out in pages of two."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.asked, self.status = rows, [], 200
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                api.asked.append((self.headers["Authorization"], urlsplit(self.path).path, query))
                body = json.dumps(api.page(query)).encode()
                self.send_response(api.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        if self.status != 200:
            return {"error": {"type": "invalid_request_error", "message": "no"}}
        after = query.get("starting_after", [""])[0]
        ids = [row["id"] for row in self.rows]
        start = ids.index(after) + 1 if after else 0
        return {
            "object": "list",
            "data": self.rows[start : start + 2],
            "has_more": start + 2 < len(self.rows),
            "url": "/v1/balance_transactions",
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    listing = json.loads(scenarios.payout_listing("a").body)["data"]["object"]["data"]
    api = Api(listing)
    yield api
    api.stop()


def ask_for_items(api: Api) -> Iterator[RawEvent]:
    gateway = StripeGateway("sk_test_1", api.url)
    return gateway.list_payout_items("po_a1", at=1, account="acct_1", livemode=True)


def test_all_pages_are_fetched_with_the_key(api: Api) -> None:
    pages = list(ask_for_items(api))
    rows = [json.loads(page.body)["data"]["object"]["data"] for page in pages]
    assert [len(page) for page in rows] == [2, 2]
    assert {call[0] for call in api.asked} == {"Bearer sk_test_1"}
    assert api.asked[0][2]["payout"] == ["po_a1"]


def test_stripes_refusal_is_reported_without_words(api: Api) -> None:
    """A refusal of Stripe is reported without its words, which could hold a secret."""
    api.status = 401
    with pytest.raises(ProviderAway, match="Stripe did not answer"):
        list(ask_for_items(api))


def take_in(app: Flask, now: datetime) -> None:
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", now=now, actor="t", account="acct_1")
    seen = endpoints.open_endpoint("stripe", endpoint.slug, now=now).seen_by_adapter
    paid = [{**event, "id": f"{event['id']}p"} for event in scenarios.paid_out("a")]  # ids of their own
    bodies = [scenarios.to_body(event) for event in (*scenarios.partial_refund("a"), *paid)]
    events = [event for body in bodies for event in Stripe().split_message(body, {}, seen)]
    rows = [inbox.make_event_row(endpoint.id, "stripe", event, now=now, source="http") for event in events]
    for row in rows:
        inbox.store_events(db.session.connection(), [row])
    db.session.commit()
    inbox_job.drain_inbox(app.extensions["donorhub.settings"])


def fetch(app: Flask, api: Api, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Payout:
    settings = app.extensions["donorhub.settings"]
    told = dataclasses.replace(settings, stripe_api_key="sk_test_1", stripe_api_base=api.url)
    monkeypatch.setitem(app.extensions, "donorhub.settings", told)
    task_id = db.session.scalars(select(Task.id).where(Task.kind == "fetch_payout_items")).one()
    assert run_task(task_id)
    inbox_job.drain_inbox(told)
    return db.session.scalars(select(Payout)).one()


def test_fetched_items_explain_payout(
    database: Flask, now: datetime, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fetched items of a payout explain it to the cent, in the rows and under verify."""
    take_in(database, now)
    payout = fetch(database, api, now, monkeypatch)
    items = db.session.scalars(select(PayoutItem).where(PayoutItem.payout_id == payout.id)).all()
    assert sum(item.net_minor for item in items if item.kind != "payout") == payout.net_minor == 9300
    gift = db.session.scalars(select(Gift).where(Gift.source_ref == "pi_a1")).one()
    assert next(item.fee_minor for item in items if item.gift_id == gift.id and item.kind == "charge") == 150
    assert invariants.check_all(now=now)["items make the payout"] == []


def test_without_a_key_a_person_is_asked_once(database: Flask, now: datetime) -> None:
    take_in(database, now)
    task_id = db.session.scalars(select(Task.id).where(Task.kind == "fetch_payout_items")).one()
    assert run_task(task_id)
    assert not run_task(task_id)
    assert len(db.session.scalars(select(Task).where(Task.kind == "payout_unexplained")).all()) == 1


def test_a_copy_asks_stripe_nothing(
    database: Flask, now: datetime, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy asks for no items, whatever keys it has; adopted, it does."""
    take_in(database, now)
    task_id = db.session.scalars(select(Task.id).where(Task.kind == "fetch_payout_items")).one()
    settings = database.extensions["donorhub.settings"]
    keyed = dataclasses.replace(settings, stripe_api_key="sk_test_1", stripe_api_base=api.url)
    monkeypatch.setitem(database.extensions, "donorhub.settings", keyed)
    with copied():
        work_once(database)
        assert not run_task(task_id) and api.asked == []
        instance.adopt_instance(now=now, actor="user:1")
        db.session.commit()
        assert run_task(task_id) and api.asked
