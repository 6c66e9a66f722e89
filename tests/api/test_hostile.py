"""Wrong input at every door: a problem that names the field, and not one row changed."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from donorhub.models import Donor, Gift
from tests.api.conftest import Caller, apart, dump, problem
from tests.api.routes import Route, routes

NOT_JSON = {
    "empty": b"",
    "cut off": b'{"name": "A"',
    "NaN": b'{"name": NaN}',
    "a key twice": b'{"name": "A", "name": "B"}',
    "too deep": b"[" * 70 + b"]" * 70,
    "not UTF-8": b'{"name": "\xff"}',
    "half a pair": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "\\u0000"}',
    "too many digits": b'{"name": ' + b"9" * 5000 + b"}",
    "too large a float": b'{"name": 1e400}',
}
NOT_AN_OBJECT = [[], "text", 1, None, True, [{}]]


def writes(app: Flask) -> list[Route]:
    return [route for route in routes(app) if route.writes]


def with_json(app: Flask) -> list[Route]:
    return [route for route in writes(app) if not route.takes_upload]


def send(api: Caller, route: Route, **more: Any) -> Any:
    headers = {"Idempotency-Key": "k", "If-Match": '"0"'} | more.pop("headers", {})
    return api.send(route.method, route.path, headers=headers, **more)


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=list(NOT_JSON))
def test_body_of_no_json_is_refused(database: Flask, api: Caller, raw: bytes) -> None:
    """A body that is no JSON is refused by every route, and nothing changes."""
    before = dump()
    for route in with_json(database):
        said = problem(send(api, route, data=raw, content_type="application/json"))
        assert (said["status"], said["code"]) == (400, "bad_request"), route
        assert said["errors"][0]["pointer"] == "/", route
    assert dump() == before


def test_body_of_no_object_is_refused(database: Flask, api: Caller) -> None:
    """A body that is no object is refused by every route, and nothing changes."""
    before = dump()
    for route in with_json(database):
        for body in NOT_AN_OBJECT:
            said = problem(send(api, route, data=json.dumps(body), content_type="application/json"))
            assert said["status"] == 422 and said["errors"], (route, body)
    assert dump() == before


def test_unknown_field_is_refused_everywhere(database: Flask, api: Caller) -> None:
    """A field that nobody knows is refused by name by every route, so no typing error is lost."""
    before = dump()
    for route in with_json(database):
        said = problem(send(api, route, body={"surprise/~": 1}))
        assert said["status"] == 422, (route, said)
        assert "/surprise~1~0" in [error["pointer"] for error in said["errors"]], route
    assert dump() == before


def test_unknown_query_is_refused_everywhere(database: Flask, api: Caller) -> None:
    """A query that nobody knows is refused by name by every route."""
    before = dump()
    for route in routes(database):
        if "/health" in route.path:
            continue
        more = {"data": b"{}", "content_type": "application/json"} if route.writes else {}
        if route.takes_upload:
            more = {"data": b"--b--", "content_type": "multipart/form-data; boundary=b"}
        said = problem(send(api, route._replace(path=f"{route.path}?surprise=1"), **more))
        assert said["status"] == 422, (route, said)
        assert "/surprise" in [error["pointer"] for error in said["errors"]], route
    assert dump() == before


@pytest.mark.parametrize(
    ("goal", "pointer"),
    [({}, "/goal/amount"), ({"amount": "1"}, "/goal/currency"), ({"currency": "PLN"}, "/goal/amount")],
)
def test_amount_is_always_given_whole(api: Caller, goal: dict[str, str], pointer: str) -> None:
    """An amount is given whole, also in a change: without its currency it means nothing."""
    made = api.post("/campaigns", {"code": "winter", "name": "Winter"})
    before = dump()
    answer = api.patch("/campaigns/1", {"goal": goal}, etag=api.get("/campaigns/1").headers["ETag"])
    assert made.status_code == 201
    assert pointer in [error["pointer"] for error in problem(answer)["errors"]]
    assert dump() == before


@pytest.mark.parametrize("cursor", ["x", "2026-11-20~gift~1", "9999-12-31T23:59:59-12:00~gift~1", "1~gift~²"])
def test_damaged_timeline_cursor_is_refused(api: Caller, donor: Donor, cursor: str) -> None:
    """A damaged place in a timeline is refused by name."""
    said = problem(api.get(f"/donors/{donor.id}/timeline?after={quote(cursor)}"))
    assert (said["status"], said["code"], said["errors"][0]["pointer"]) == (422, "bad_cursor", "/after")


def test_another_type_of_body_is_refused_everywhere(database: Flask, api: Caller) -> None:
    before = dump()
    for route in writes(database):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
            said = problem(send(api, route, data=b"{}", content_type=content_type))
            assert (said["status"], said["code"]) == (415, "unsupported_media_type"), route
        packed = send(
            api, route, data=b"{}", content_type="application/json", headers={"Content-Encoding": "gzip"}
        )
        assert problem(packed)["status"] == 415
    assert dump() == before


def test_a_body_too_large_is_refused_everywhere(database: Flask, api: Caller) -> None:
    before = dump()
    for route in with_json(database):
        large = send(api, route, data=b" " * (256 * 1024 + 1), content_type="application/json")
        assert (problem(large)["status"], problem(large)["code"]) == (413, "too_large"), route
    assert dump() == before


def test_an_upload_larger_than_the_setting_is_refused(api: Caller) -> None:
    before = dump()
    parts = {"file": (io.BytesIO(b"x"), "a.sta")}
    said = {"CONTENT_LENGTH": str(50 * 1024 * 1024 + 1)}
    answer = api.post("/imports", data=parts, content_type="multipart/form-data", environ_overrides=said)
    assert problem(answer)["status"] == 413
    assert dump() == before


def test_a_body_without_a_length_is_refused_everywhere(database: Flask, api: Caller) -> None:
    before = dump()
    for route in writes(database):
        environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
        answer = apart(
            database.test_client().open,
            "/api/v1" + route.path,
            method=route.method,
            headers=headers,
            input_stream=io.BytesIO(b"{}"),
            environ_overrides=environ,
        )
        assert (problem(answer)["status"], problem(answer)["code"]) == (411, "length_required"), route
    assert dump() == before


def test_unknown_ids_are_not_found(database: Flask, api: Caller) -> None:
    """Ids that no row has are not found by any route."""
    for route in routes(database):
        if "/4711" in route.path and not route.writes:
            assert problem(send(api, route))["code"] == "not_found", route


GOOD_GIFT = {"donor_id": 1, "amount": {"amount": "10.00", "currency": "PLN"}, "received_on": "2026-11-01"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"donor_id": "1"}, "/donor_id"),
        ({"donor_id": 1.0}, "/donor_id"),
        ({"donor_id": True}, "/donor_id"),
        ({"donor_id": 0}, "/donor_id"),
        ({"donor_id": 2**31}, "/donor_id"),
        ({"donor_id": 10**400}, "/donor_id"),
        ({"donor_id": None}, "/donor_id"),
        ({"donor_id": 99}, "/donor_id"),
        ({"amount": 10}, "/amount"),
        ({"amount": {"amount": 10, "currency": "PLN"}}, "/amount/amount"),
        ({"amount": {"amount": "10,00", "currency": "PLN"}}, "/amount/amount"),
        ({"amount": {"amount": "1e3", "currency": "PLN"}}, "/amount/amount"),
        ({"amount": {"amount": "٣", "currency": "PLN"}}, "/amount/amount"),
        ({"amount": {"amount": "10.001", "currency": "PLN"}}, "/amount/amount"),
        ({"amount": {"amount": "0", "currency": "PLN"}}, "/amount"),
        ({"amount": {"amount": "-1", "currency": "PLN"}}, "/amount"),
        ({"amount": {"amount": "9" * 15, "currency": "PLN"}}, "/amount/amount"),
        ({"amount": {"amount": "1", "currency": "pln"}}, "/amount/currency"),
        ({"amount": {"amount": "1", "currency": "PLN\n"}}, "/amount/currency"),
        ({"amount": {"amount": "1", "currency": "PLN", "x": 1}}, "/amount/x"),
        ({"received_on": "2026-02-31"}, "/received_on"),
        ({"received_on": "01.11.2026"}, "/received_on"),
        ({"received_on": "20261101"}, "/received_on"),
        ({"received_on": "2030-01-01"}, "/received_on"),
        ({"received_on": "0001-01-01"}, "/received_on"),
        ({"received_on": 20261101}, "/received_on"),
        ({"method": "barter"}, "/method"),
        ({"thank": "yes"}, "/thank"),
        ({"note": "a\u0007b"}, "/note"),
        ({"note": "z" + "\u0301" * 20}, "/note"),
        ({"note": "x" * 2001}, "/note"),
        ({"source": "bank"}, "/source"),
        ({"source": "import:civicrm"}, "/source_ref"),
        ({"campaign_id": 77}, "/campaign_id"),
        ({"appeal_id": 77}, "/appeal_id"),
        ({"designations": [{"fund_id": 77, "amount": GOOD_GIFT["amount"]}]}, "/designations"),
        ({"designations": [{"fund_id": 1, "amount": {"amount": "9", "currency": "PLN"}}]}, "/designations"),
        ({"designations": [{"fund_id": 1, "amount": {"amount": "9", "currency": "EUR"}}]}, "/designations"),
        ({"designations": {"fund_id": 1}}, "/designations"),
        ({"designations": [{}]}, "/designations/0/fund_id"),
    ],
)
def test_wrong_gift_field_is_named(api: Caller, donor: Donor, change: dict[str, Any], pointer: str) -> None:
    """A gift with a wrong field is refused with the name of the field."""
    before = dump()
    said = problem(api.post("/gifts", GOOD_GIFT | change))
    assert said["status"] in (422, 404) and pointer in [error["pointer"] for error in said["errors"]], said
    assert dump() == before


@pytest.mark.parametrize("name", ["donor_id", "amount", "received_on"])
def test_missing_gift_field_is_named(api: Caller, donor: Donor, name: str) -> None:
    """A gift without a field that it needs is refused with the name of the field."""
    body = {key: value for key, value in GOOD_GIFT.items() if key != name}
    assert [error["pointer"] for error in problem(api.post("/gifts", body))["errors"]] == [f"/{name}"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "A\nB"}, "/name"),
        ({"name": "\ue000"}, "/name"),
        ({"name": ["A"]}, "/name"),
        ({"email": "no address"}, "/email"),
        ({"email": "a@b.pl\r\nBcc: c@d.pl"}, "/email"),
        ({"country": "Poland"}, "/country"),
        ({"lang": "de"}, "/lang"),
        ({"kind": "robot"}, "/kind"),
        ({"do_not_contact": "true"}, "/do_not_contact"),
        ({"id": 7}, "/id"),
        ({"code": "DH-1-1"}, "/code"),
        ({"version": 9}, "/version"),
    ],
)
def test_wrong_donor_field_is_named(api: Caller, change: dict[str, Any], pointer: str) -> None:
    """A donor with a wrong field is refused with the name of the field."""
    before = dump()
    said = problem(api.post("/donors", {"name": "A"} | change))
    assert said["status"] == 422 and pointer in [error["pointer"] for error in said["errors"]], said
    assert dump() == before


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"file": "text, not a file"},
        {"file": (io.BytesIO(b""), "empty.sta")},
        {"file": (io.BytesIO(b"x"), "a.sta"), "surprise": "1"},
        {"file": (io.BytesIO(b"x"), "a.sta"), "bank_account_id": "99"},
        {"file": (io.BytesIO(b"x"), "a.sta"), "currency": "zł"},
    ],
)
def test_an_upload_with_a_wrong_part_is_refused(api: Caller, parts: dict[str, Any]) -> None:
    before = dump()
    answer = api.post("/imports", data=parts or {"x": ""}, content_type="multipart/form-data")
    assert problem(answer)["status"] in (404, 422) and problem(answer)["errors"]
    assert dump() == before


def test_a_multipart_of_endless_parts_is_refused_quickly(api: Caller) -> None:
    before = dump()
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n for n in range(5000)
    )
    answer = api.post("/imports", data=parts + b"--b--\r\n", content_type="multipart/form-data; boundary=b")
    assert problem(answer)["status"] == 413
    assert dump() == before


def test_receipted_or_foreign_gift_is_refused(api: Caller, donor: Donor, gift: Gift) -> None:
    """A gift on a receipt, a gift that does not exist and no gift at all are refused, and nothing changes."""
    api.post("/receipts", {"gift_ids": [gift.id]})
    before = dump()
    assert problem(api.post("/receipts", {"gift_ids": [gift.id]}))["code"] == "gift_not_receiptable"
    assert problem(api.post(f"/gifts/{gift.id}/corrections", {"reason": "x"}))["code"] == "gift_on_receipt"
    assert problem(api.post("/receipts", {"gift_ids": [99]}))["code"] == "not_found"
    assert problem(api.post("/receipts", {"gift_ids": []}))["errors"][0]["pointer"] == "/gift_ids"
    assert problem(api.post("/receipts/1/void", {"reason": " "}))["errors"][0]["pointer"] == "/reason"
    assert dump() == before


def test_wrong_method_names_allowed_ones(api: Caller) -> None:
    """A method that the address does not allow names those that it allows."""
    answer = api.send("DELETE", "/donors")
    assert problem(answer)["code"] == "method_not_allowed"
    assert {"GET", "POST"} <= set(answer.headers["Allow"].replace(" ", "").split(","))
    assert problem(api.get("/nothing"))["code"] == "not_found"
