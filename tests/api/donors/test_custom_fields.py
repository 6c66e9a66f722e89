"""Fields that the organisation adds, over the API: added, filled in, looked for, audited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from donorhub.db import db, read_only
from donorhub.models import AuditRecord, Donor
from donorhub.services.access import audit
from tests.api.conftest import Caller, dump, problem

FIELDS: list[dict[str, Any]] = [
    {"key": "nickname", "labels": {"en": "Nickname", "pl": "Ksywka"}, "kind": "text"},
    {"key": "story", "labels": {"en": "Story"}, "kind": "long_text"},
    {"key": "shoe_size", "labels": {"pl": "Rozmiar butów"}, "kind": "number", "decimals": 1},
    {"key": "children", "labels": {"en": "Children"}, "kind": "number"},
    {"key": "met_on", "labels": {"en": "Met on"}, "kind": "day"},
    {"key": "drives", "labels": {"en": "Drives"}, "kind": "yes_no"},
    {"key": "shirt", "labels": {"en": "Shirt"}, "kind": "choice"},
    {"key": "helps", "labels": {"en": "Helps with"}, "kind": "choices"},
]
FILLED: dict[str, Any] = {
    "nickname": "Żaba",
    "story": "one\ntwo",
    "shoe_size": "41.5",
    "children": 3,
    "met_on": "2026-02-01",
    "drives": True,
    "shirt": "large",
    "helps": ["cooking", "driving"],
}
OPTIONS: Mapping[str, list[str]] = {"shirt": ["Small", "Large"], "helps": ["Cooking", "Driving"]}
NOTHING = dict.fromkeys(FILLED)


@pytest.fixture
def fields(api: Caller) -> dict[str, int]:
    """Return the ids of one field of each kind."""
    ids = {}
    for new in FIELDS:
        answer = api.post("/custom-fields", new)
        assert answer.status_code == 201, answer.get_json()
        ids[new["key"]] = answer.get_json()["id"]
        for label in OPTIONS.get(new["key"], ()):
            added = api.post(f"/custom-fields/{ids[new['key']]}/options", {"labels": {"en": label}})
            assert added.status_code == 201, added.get_json()
    return ids


def add(api: Caller, name: str, **custom: Any) -> int:
    answer = api.post("/donors", {"name": name, "custom": custom})
    assert answer.status_code == 201, answer.get_json()
    return int(answer.get_json()["id"])


def find(api: Caller, query: str) -> list[int]:
    return [row["id"] for row in api.get(f"/donors?{query}").get_json()["data"]]


@pytest.mark.usefixtures("fields")
def test_each_kind_is_kept_as_sent(api: Caller) -> None:
    """What is sent is answered by every door, and a field that is left out stays as it is."""
    donor_id = add(api, "Anna", **FILLED)
    path = f"/donors/{donor_id}"
    assert api.get(path).get_json()["custom"] == FILLED
    (row,) = api.get("/donors").get_json()["data"]
    assert row["custom"] == FILLED
    changed = api.patch(path, {"custom": {"children": 4, "helps": []}}, etag=api.get(path).headers["ETag"])
    assert changed.get_json()["custom"] == {**FILLED, "children": 4, "helps": None}
    assert find(api, "q=zaba") == [donor_id]


@pytest.mark.usefixtures("fields")
def test_same_values_again_change_nothing(api: Caller) -> None:
    """What stands there already makes no version and no record, and null takes it away once."""
    path = f"/donors/{add(api, 'Anna', **FILLED)}"
    etag = api.get(path).headers["ETag"]
    before = dump()
    assert api.patch(path, {"custom": FILLED}, etag=etag).headers["ETag"] == etag
    assert dump() == before
    cleared = api.patch(path, {"custom": NOTHING}, etag=etag)
    assert cleared.get_json()["custom"] == NOTHING
    before = dump()
    assert api.patch(path, {"custom": NOTHING}, etag=cleared.headers["ETag"]).status_code == 200
    assert dump() == before


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("custom", "pointer", "code"),
    [
        ({"nobody": "x"}, "/custom/nobody", "unknown_field"),
        ({"children": "1.5"}, "/custom/children", "number_invalid"),
        ({"children": 1.0}, "/custom/children", "number_invalid"),
        ({"children": True}, "/custom/children", "number_invalid"),
        ({"shoe_size": "41.55"}, "/custom/shoe_size", "number_invalid"),
        ({"met_on": "1.2.2026"}, "/custom/met_on", "date_invalid"),
        ({"drives": "yes"}, "/custom/drives", "wrong_type"),
        ({"shirt": "Large"}, "/custom/shirt", "unknown_choice"),
        ({"helps": ["cooking", "golf"]}, "/custom/helps/1", "unknown_choice"),
        ({"nickname": "x" * 201}, "/custom/nickname", "too_long"),
    ],
)
def test_wrong_value_is_refused(
    api: Caller, donor: Donor, custom: dict[str, Any], pointer: str, code: str
) -> None:
    """A value of another kind is refused with its place, at every door, and nothing is kept."""
    etag = api.get(f"/donors/{donor.id}").headers["ETag"]
    before = dump()
    answers = (
        api.post("/donors", {"name": "New", "custom": custom}),
        api.patch(f"/donors/{donor.id}", {"custom": custom}, etag=etag),
        api.put("/donors/by-external-id/civicrm/1", {"name": "New", "custom": custom}),
    )
    for answer in answers:
        (error,) = problem(answer)["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)
    assert dump() == before


@pytest.mark.usefixtures("fields")
def test_donors_are_found_by_values(api: Caller) -> None:
    """A filter finds who has a value, in pages that stay put; a range comes by its values."""
    anna = add(api, "Anna", nickname="Żaba", children=3, shirt="large", helps=["cooking", "driving"])
    ewa = add(api, "Ewa", nickname="zaba", children=1, shirt="small", helps=["driving"], drives=False)
    jan = add(api, "Jan", children=2, met_on="2026-02-01", drives=True, shoe_size="41.5")
    assert find(api, "custom=nickname:ŻABA") == [ewa, anna]
    assert find(api, "custom=shirt:large") == [anna]
    assert find(api, "custom=helps:driving") == [ewa, anna]
    assert find(api, "custom=drives:true") == [jan]
    assert find(api, "custom=drives:false") == [ewa]
    assert find(api, "custom=shoe_size:41.50") == [jan]
    assert find(api, "custom=children:1..2") == [ewa, jan]
    assert find(api, "custom=children:2..") == [jan, anna]
    assert find(api, "custom=met_on:2026-01-01..2026-12-31") == [jan]
    assert find(api, "custom=helps:driving&q=ewa") == [ewa]
    for query in ("custom=helps:driving", "custom=children:1.."):
        first = api.get(f"/donors?{query}&limit=1").get_json()
        second = api.get(first["next"].removeprefix("/api/v1")).get_json()
        assert [row["id"] for row in first["data"] + second["data"]] == find(api, query)[:2]
    for wrong in ("custom=nobody:1", "custom=children:many", "custom=shirt:huge", "custom=story:one"):
        assert problem(api.get(f"/donors?{wrong}"))["status"] == 422, wrong


def test_required_field_has_to_be_filled_in(api: Caller, donor: Donor) -> None:
    """Who adds a donor fills it in, nobody takes it away, and what other systems send goes on."""
    new = {"key": "region", "labels": {"en": "Region"}, "kind": "text", "is_required": True}
    assert api.post("/custom-fields", new).status_code == 201
    before = dump()
    for custom in ({}, {"region": ""}, {"region": None}):
        (error,) = problem(api.post("/donors", {"name": "New", "custom": custom}))["errors"]
        assert (error["pointer"], error["code"]) == ("/custom/region", "required"), custom
    assert dump() == before
    etag = api.get(f"/donors/{donor.id}").headers["ETag"]
    patched = api.patch(f"/donors/{donor.id}", {"city": "Lublin"}, etag=etag)
    assert patched.status_code == 200  # of one who came before the field
    empty = api.patch(f"/donors/{donor.id}", {"custom": {"region": None}}, etag=patched.headers["ETag"])
    assert problem(empty)["status"] == 422
    assert api.put("/donors/by-external-id/civicrm/1", {"name": "New"}).status_code == 201


def test_archived_field_keeps_what_stands_in_it(api: Caller, fields: dict[str, int]) -> None:
    """An archived field is asked for and answered no more; taken back it holds what it held."""
    donor_id = add(api, "Anna", nickname="Żaba")
    path = f"/custom-fields/{fields['nickname']}"
    for is_archived in (True, True):
        etag = api.get(path).headers["ETag"]
        assert api.patch(path, {"is_archived": is_archived}, etag=etag).status_code == 200
    assert "nickname" not in api.get(f"/donors/{donor_id}").get_json()["custom"]
    assert problem(api.get("/donors?custom=nickname:Żaba"))["status"] == 422
    assert find(api, "q=żaba") == []
    api.patch(path, {"is_archived": False}, etag=api.get(path).headers["ETag"])
    assert api.get(f"/donors/{donor_id}").get_json()["custom"]["nickname"] == "Żaba"


def test_fields_are_named_moved_and_refused(api: Caller, fields: dict[str, int]) -> None:
    """A field is renamed and moved once; its key is taken for good, and what is no field is refused."""
    path = f"/custom-fields/{fields['helps']}"
    for _ in range(2):
        etag = api.get(path).headers["ETag"]
        moved = api.patch(path, {"place": 1, "labels": {"pl": "Pomaga"}}, etag=etag).get_json()
        assert (moved["place"], moved["labels"]) == (1, {"pl": "Pomaga"})
    keys = [field["key"] for field in api.get("/custom-fields").get_json()["data"]]
    assert keys == ["helps", *(field["key"] for field in FIELDS if field["key"] != "helps")]
    before = dump()
    refusals = (
        ({**FIELDS[0]}, 409),
        ({"labels": {}, "kind": "text"}, 422),
        ({"labels": {"en": "x"}, "kind": "text", "decimals": 2}, 422),
        ({"labels": {"en": "x"}, "kind": "money"}, 422),
        ({"labels": {"en": "x"}, "kind": "text", "key": "Ą"}, 422),
        ({"labels": {"en": "x"}, "kind": "text", "hidden_roles": ["admin"]}, 422),
    )
    for new, status in refusals:
        assert problem(api.post("/custom-fields", new))["status"] == status, new
    refused = api.post(f"/custom-fields/{fields['nickname']}/options", {"labels": {"en": "x"}})
    assert problem(refused)["code"] == "no_field_of_choices"
    assert dump() == before


def test_closed_option_is_kept_and_not_chosen(api: Caller, fields: dict[str, int]) -> None:
    """Nobody chooses a closed option any more; who has it keeps it through other changes."""
    anna, ewa = add(api, "Anna", shirt="large", helps=["cooking"]), add(api, "Ewa")
    path = f"/custom-fields/{fields['shirt']}"
    (large,) = [one for one in api.get(path).get_json()["options"] if one["key"] == "large"]
    closed = api.post(f"{path}/options/{large['id']}/change", {"is_archived": True})
    assert closed.get_json()["is_archived"] is True
    etag = api.get(f"/donors/{anna}").headers["ETag"]
    kept = api.patch(f"/donors/{anna}", {"custom": {"shirt": "large", "children": 1}}, etag=etag)
    assert kept.get_json()["custom"]["shirt"] == "large"
    before = dump()
    etag = api.get(f"/donors/{ewa}").headers["ETag"]
    refused = api.patch(f"/donors/{ewa}", {"custom": {"shirt": "large"}}, etag=etag)
    assert problem(refused)["code"] == "unknown_choice"
    assert problem(api.post("/donors", {"name": "Jan", "custom": {"shirt": "large"}}))["status"] == 422
    assert dump() == before


@pytest.mark.usefixtures("fields")
def test_change_is_audited_beside_the_chain(api: Caller) -> None:
    """The audit tells what a field was and became, where it can be erased."""
    path = f"/donors/{add(api, 'Anna', nickname='Żaba')}"
    api.patch(path, {"custom": {"nickname": "Ropucha", "children": 2}}, etag=api.get(path).headers["ETag"])
    with read_only():
        record = db.session.query(AuditRecord).filter_by(what="donor.changed").one()
        changes = audit.read_changes([record])[record.id]
        data = record.data
        db.session.rollback()
    assert changes == {"custom.nickname": ("Żaba", "Ropucha"), "custom.children": (None, 2)}
    assert "Ropucha" not in str(data)


def test_who_may_not_set_up_adds_no_field(caller_with: Callable[..., Caller]) -> None:
    """Fields are read by who reads donors and set up by who sets things up."""
    reader = caller_with(["donors:read", "donors:write"])
    assert reader.get("/custom-fields").get_json() == {"data": []}
    assert problem(reader.post("/custom-fields", FIELDS[0]))["status"] == 403


def test_setting_up_is_audited(api: Caller, fields: dict[str, int]) -> None:
    """Each step of setting a field up is in the audit by its word, and a second time adds none."""
    path = f"/custom-fields/{fields['helps']}"
    for _ in range(2):
        etag = api.get(path).headers["ETag"]
        api.patch(path, {"place": 1, "hidden_roles": ["caller"]}, etag=etag)
        api.post("/hidden-fields", {"field": "phone", "hidden_roles": ["caller"]})
    with read_only():
        words = [record.what for record in db.session.query(AuditRecord)]
        db.session.rollback()
    assert words.count("custom_field.created") == len(FIELDS)
    assert words.count("custom_option.created") == 4
    assert (words.count("custom_field.changed"), words.count("field.hidden")) == (1, 2)
    hidden = api.get("/hidden-fields").get_json()["data"]
    assert [(one["field"], one["hidden_roles"]) for one in hidden] == [
        ("custom.helps", ["caller"]),
        ("phone", ["caller"]),
    ]
