"""From a message to the event that is kept, or a refusal that says why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.webhooks.scenarios import ENDPOINT, one_off, to_body, to_raw
from webhooks import UnknownProvider, get_provider
from webhooks.fact import BadBody, RawEvent
from webhooks.stripe.fetch_events import make_fetch_event

STRIPE = get_provider("stripe")
EVENT = one_off("x")[1]


def split(event: Any) -> RawEvent:
    (event_read,) = STRIPE.split_message(to_body(event), {}, ENDPOINT)
    return event_read


def with_object(**changes: Any) -> dict[str, Any]:
    return {**EVENT, "data": {"object": {**EVENT["data"]["object"], **changes}}}


def test_a_snapshot_event_is_kept_byte_for_byte() -> None:
    found = split(EVENT)
    assert found.body == to_body(EVENT)
    assert (found.external_id, found.type, found.occurred_at) == (
        "evt_x998",
        "charge.succeeded",
        EVENT["created"],
    )
    assert (found.object_kind, found.object_id) == ("charge", "ch_x1")
    assert (found.account, found.livemode, found.api_version) == ("acct_1", True, "2026-10-28.endive")
    assert not found.needs_fetch


def test_an_event_of_a_connected_account_says_so() -> None:
    assert split({**EVENT, "account": "acct_9"}).account == "acct_9"


THIN = {
    "id": "evt_thin",
    "object": "v2.core.event",
    "type": "v1.invoice.paid",
    "created": "2026-10-26T07:33:20.000Z",
    "livemode": True,
    "context": "acct_9",
    "related_object": {"id": "in_1", "type": "invoice", "url": "/v1/invoices/in_1"},
}


def test_thin_event_waits_to_be_fetched() -> None:
    """A thin event waits to be fetched and gives no facts before."""
    found = split(THIN)
    assert (found.external_id, found.type, found.needs_fetch) == ("evt_thin", "invoice.paid", True)
    assert (found.object_kind, found.object_id, found.account) == ("invoice", "in_1", "acct_9")
    assert found.occurred_at == 1_793_000_000
    assert STRIPE.read_facts(found) == []


def test_thin_event_equals_its_snapshot() -> None:
    """A thin event and its snapshot twin are one event, so nothing is counted twice."""
    assert split({**THIN, "snapshot_event": EVENT["id"]}).external_id == split(EVENT).external_id


def test_fetched_object_is_an_own_event() -> None:
    """A fetched object comes back as an event of its own, newer than the one that it was fetched for."""
    payload = {**EVENT["data"]["object"], "balance_transaction": "txn_1"}
    raw = make_fetch_event(payload, at=1_793_500_000, account="acct_1", livemode=True)
    assert raw.type == "fetch.charge" and raw.external_id == "fetch.charge:ch_x1:1793500000"
    newest = max(STRIPE.read_facts(raw), key=lambda fact: fact.kind == "payment")
    assert newest.state["fee_ref"] == "txn_1"
    assert newest.version > STRIPE.read_facts(to_raw(EVENT))[0].version


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"evt"',
        b"{}",
        b"\xff",
        b'{"object": "event"}',
        b'{"object": "list", "data": []}',
        *(
            to_body({**EVENT, **change})
            for change in (
                {"id": None},
                {"id": ""},
                {"id": 5},
                {"id": "e" * 256},
                {"type": None},
                {"type": "a b"},
                {"type": "x" * 200},
                {"created": None},
                {"created": "now"},
                {"created": True},
                {"created": -1},
                {"created": 10**13},
                {"livemode": None},
                {"livemode": "true"},
                {"data": None},
                {"data": {}},
                {"data": {"object": []}},
            )
        ),
        *(
            to_body({**THIN, **change})
            for change in (
                {"created": 5},
                {"created": "yesterday"},
                {"id": None},
                {"type": None},
                {"livemode": None},
                {"related_object": "in_1"},
            )
        ),
    ],
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadBody):
        STRIPE.split_message(body, {}, ENDPOINT)


@pytest.mark.parametrize(
    "value",
    [
        "-1",
        "true",
        "false",
        "1.0",
        "50.5",
        "1e3",
        '"5000"',
        '"50.00"',
        "1000000000001",
        "9" * 30,
        '""',
        '"NaN"',
    ],
)
def test_wrong_amount_is_refused_before_keeping(value: str) -> None:
    """An amount that is none is refused before the event is kept."""
    body = to_body(with_object(amount="AMOUNT")).replace(b'"AMOUNT"', value.encode())
    with pytest.raises(BadBody, match="amount"):
        STRIPE.split_message(body, {}, ENDPOINT)


@pytest.mark.parametrize("key", ["amount_captured", "amount_refunded"])
def test_every_amount_of_the_object_is_looked_at(key: str) -> None:
    with pytest.raises(BadBody, match=key):
        split(with_object(**{key: True}))


@pytest.mark.parametrize("value", ["", "zl", "zzz", "PLNN", 985, True])
def test_wrong_currency_is_refused_before_keeping(value: object) -> None:
    """A currency that is none is refused before the event is kept."""
    with pytest.raises(BadBody, match="ISO 4217"):
        split(with_object(currency=value))


def test_uninteresting_event_is_always_kept() -> None:
    """An event of no interest is kept whatever its object holds, and gives no facts."""
    payload = {"object": "tax_rate", "id": "txr_1", "percentage": 23.5, "currency": "none", "amount": -5}
    raw = split({**EVENT, "type": "tax_rate.created", "data": {"object": payload}})
    assert STRIPE.read_facts(raw) == []


def test_ack_is_what_stripe_wants_to_hear() -> None:
    status, body, kind = STRIPE.make_answer(1)
    assert (status, json.loads(body), kind) == (200, {"received": 1}, "application/json")


def test_an_unknown_provider_is_named_in_a_sentence() -> None:
    with pytest.raises(KeyError) as error:
        get_provider("paypul")
    assert isinstance(error.value, UnknownProvider)
    assert str(error.value) == "there is no payment provider 'paypul'; known are stripe"


def test_odd_amount_in_unused_event() -> None:
    """An event that gives no facts is kept, whatever stands in its fields that look like amounts."""
    event = {**one_off("x")[1], "type": "product.created"}
    event["data"] = {"object": {"object": "product", "id": "prod_1", "amount_label": "from 5"}}
    assert to_raw(event).object_id == "prod_1"
