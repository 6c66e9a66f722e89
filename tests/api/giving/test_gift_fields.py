"""Fields that the organisation adds to its gifts, over the API: filled in, changed, looked for, audited."""

from __future__ import annotations

from typing import Any

import pytest

from donorhub.db import db
from donorhub.models import AuditRecord, Gift
from donorhub.services.access import audit
from tests.api.conftest import Caller, dump, problem

FIELDS: list[dict[str, Any]] = [
    {"key": "occasion", "labels": {"en": "Occasion", "pl": "Okazja"}, "kind": "text"},
    {"key": "candles", "labels": {"en": "Candles"}, "kind": "number", "decimals": 1},
    {"key": "held_on", "labels": {"en": "Held on"}, "kind": "day"},
    {"key": "places", "labels": {"en": "Places"}, "kind": "choices"},
]


@pytest.fixture
def donor_id(api: Caller) -> int:
    """Return a donor; gifts have four fields of their own, and donors one of the same key and name."""
    for new in FIELDS:
        answer = api.post("/custom-fields", {"entity": "gift", **new})
        assert answer.status_code == 201, answer.get_json()
        assert answer.get_json()["entity"] == "gift"
        if new["key"] == "places":
            for label in ("Hall", "Park"):
                api.post(f"/custom-fields/{answer.get_json()['id']}/options", {"labels": {"en": label}})
    assert api.post("/custom-fields", FIELDS[0]).get_json()["entity"] == "donor"
    return int(api.post("/donors", {"name": "Anna Lis", "custom": {"occasion": "of Anna"}}).get_json()["id"])


def give(api: Caller, donor_id: int, amount: str, **custom: Any) -> dict[str, Any]:
    body = {
        "donor_id": donor_id,
        "amount": {"amount": amount, "currency": "PLN"},
        "received_on": "2026-11-20",
        "custom": custom,
    }
    answer = api.post("/gifts", body)
    assert answer.status_code == 201, answer.get_json()
    return dict(answer.get_json())


def test_gift_holds_what_stands_in_its_fields(api: Caller, donor_id: int) -> None:
    """Each value comes back as it was sent, the donor's field of the same key has its own; PATCH changes what
    is sent, once, and says so in the audit."""
    custom = {"occasion": "Wesele", "candles": "12.5", "held_on": "2026-11-14", "places": ["park", "hall"]}
    gift = give(api, donor_id, "50.00", **custom)
    path = f"/gifts/{gift['id']}"
    assert gift["custom"] == custom
    assert api.get(path).get_json()["custom"] == custom
    assert api.get(f"/donors/{donor_id}").get_json()["custom"] == {"occasion": "of Anna"}
    etag = api.get(path).headers["ETag"]
    changed = api.patch(path, {"custom": {"occasion": None, "candles": 3}}, etag=etag)
    assert changed.status_code == 200, changed.text
    assert changed.get_json()["custom"] == {**custom, "occasion": None, "candles": "3.0"}
    before = dump()
    again = api.patch(path, {"custom": {"candles": "3.0"}}, etag=changed.headers["ETag"])
    assert again.status_code == 200 and dump() == before
    record = db.session.query(AuditRecord).filter_by(what="gift.changed").one()
    assert audit.read_changes([record])[record.id] == {
        "gift.custom.occasion": ("Wesele", None),
        "gift.custom.candles": ("12.5", "3.0"),
    }
    assert "Wesele" not in str(record.data)  # it stands beside the chain, from which it can go


@pytest.mark.parametrize(
    "custom", [{"shoe": "1"}, {"candles": "many"}, {"held_on": "14.11.2026"}, {"places": ["moon"]}]
)
def test_value_that_no_field_takes_is_refused(api: Caller, donor_id: int, custom: dict[str, Any]) -> None:
    """An unknown field, and what cannot stand in one, is refused, and no gift is recorded."""
    amount = {"amount": "5.00", "currency": "PLN"}
    body = {"donor_id": donor_id, "amount": amount, "received_on": "2026-11-20", "custom": custom}
    before = dump()
    refused = problem(api.post("/gifts", body))
    assert refused["status"] == 422 and "/custom" in str(refused)
    assert dump() == before and db.session.query(Gift).count() == 0


def test_gifts_are_found_by_a_value(api: Caller, donor_id: int) -> None:
    """A value, a range in its order page by page, and a choice find just their gifts."""
    ids = [
        give(api, donor_id, f"{n}.00", candles=n, occasion="Ślub" if n % 2 else "Inne")["id"]
        for n in range(1, 7)
    ]
    give(api, donor_id, "9.00", places=["hall"])

    def find(query: str) -> list[int]:
        return [row["id"] for row in api.get(f"/gifts?{query}").get_json()["data"]]

    assert find("custom=occasion:slub") == [ids[4], ids[2], ids[0]]
    assert find("custom=candles:2..5") == ids[1:5]
    assert find("custom=candles:6&method=card") == []
    assert len(find("custom=places:hall")) == 1 and find("custom=places:park") == []
    first = api.get("/gifts?custom=candles:2..5&limit=3").get_json()
    assert [row["id"] for row in first["data"]] == ids[1:4]
    second = api.get(first["next"].removeprefix("/api/v1")).get_json()
    assert [row["id"] for row in second["data"]] == ids[4:5] and second["next"] is None
    first = api.get("/gifts?custom=occasion:slub&limit=2").get_json()
    rest = api.get(first["next"].removeprefix("/api/v1")).get_json()
    assert [row["id"] for row in rest["data"]] == [ids[0]]
    assert problem(api.get("/gifts?custom=shoe:1"))["code"] == "unknown_field"
    assert problem(api.get("/gifts?custom=candles:many"))["code"] == "custom_value_invalid"


def test_field_of_gifts_is_no_field_of_donors(api: Caller, donor_id: int) -> None:
    """Keys and places are counted for each apart; a donor does not take a field of gifts."""
    fields = api.get("/custom-fields").get_json()["data"]
    assert [(one["entity"], one["key"], one["place"]) for one in fields] == [
        ("donor", "occasion", 1),
        *(("gift", new["key"], place) for place, new in enumerate(FIELDS, 1)),
    ]
    assert problem(api.post("/donors", {"name": "Jan Mak", "custom": {"candles": 3}}))["status"] == 422
    again = problem(api.post("/custom-fields", {"entity": "gift", **FIELDS[0]}))
    assert again["code"] == "key_taken"


def test_required_field_of_gifts_is_asked_for(api: Caller, donor_id: int) -> None:
    """Who records a gift has to fill a required field in; a gift that lacks it is changed in other fields."""
    gift = give(api, donor_id, "5.00")
    api.post(
        "/custom-fields",
        {"entity": "gift", "key": "why", "labels": {"en": "Why"}, "kind": "text", "is_required": True},
    )
    body = {
        "donor_id": donor_id,
        "amount": {"amount": "6.00", "currency": "PLN"},
        "received_on": "2026-11-20",
    }
    assert problem(api.post("/gifts", body))["status"] == 422
    assert api.post("/gifts", {**body, "custom": {"why": "x"}}).status_code == 201
    etag = api.get(f"/gifts/{gift['id']}").headers["ETag"]
    assert api.patch(f"/gifts/{gift['id']}", {"note": "n"}, etag=etag).status_code == 200
