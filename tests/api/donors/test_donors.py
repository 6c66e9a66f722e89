"""Donors over the API: what is sent is what is kept, and nobody overwrites a change unseen."""

from __future__ import annotations

from datetime import datetime

from donorhub.db import db
from donorhub.models import Donor, Gift
from donorhub.services.donors import donors
from tests.api.conftest import Caller, dump, problem


def test_donor_is_added_and_found(api: Caller) -> None:
    """A donor is added with a code, and is found by parts of the name and by the code."""
    made = api.post("/donors", {"given_name": "Çlirim", "family_name": "Gjoka", "lang": "sq"})
    assert made.status_code == 201
    said = made.get_json()
    assert (said["name"], said["code"], said["source"]) == ("Çlirim Gjoka", "DH-1001-7", "api")
    assert api.get(made.headers["Location"].removeprefix("/api/v1")).get_json() == said
    for query in ("q=clirim", "q=gjok", "code=DH-1001-7"):
        assert [row["id"] for row in api.get(f"/donors?{query}").get_json()["data"]] == [said["id"]]
    assert api.get("/donors?q=nobody").get_json() == {"data": [], "has_more": False, "next": None}


def test_donor_is_found_by_any_address_spelling(api: Caller, donor: Donor) -> None:
    """A donor is found by the e-mail address however it is written."""
    found = api.get("/donors?email=LUCJA%2Bnews@example.org").get_json()["data"]
    assert [row["id"] for row in found] == [donor.id]


def test_change_needs_its_version(api: Caller, donor: Donor) -> None:
    """A change needs the version that it was made from, so nobody overwrites another's change."""
    etag = api.get(f"/donors/{donor.id}").headers["ETag"]
    before = dump()
    assert problem(api.patch(f"/donors/{donor.id}", {"city": "X"}))["status"] == 428
    assert (
        problem(api.patch(f"/donors/{donor.id}", {"city": "X"}, etag='"99"'))["code"] == "changed_meanwhile"
    )
    assert dump() == before
    changed = api.patch(f"/donors/{donor.id}", {"city": "Gdynia"}, etag=etag)
    assert (changed.get_json()["city"], changed.headers["ETag"]) == ("Gdynia", '"2-prospect"')
    assert problem(api.patch(f"/donors/{donor.id}", {"city": "X"}, etag=etag))["status"] == 412


def test_empty_change_keeps_the_version(api: Caller, donor: Donor) -> None:
    """A change that changes nothing leaves version and audit alone."""
    before = dump()
    assert api.patch(f"/donors/{donor.id}", {"city": "Łódź"}, etag='"1"').headers["ETag"] == '"1-prospect"'
    assert dump() == before


def test_known_version_gets_no_body(api: Caller, donor: Donor) -> None:
    """Who has the version already gets 304 and no body."""
    answer = api.get(f"/donors/{donor.id}", headers={"If-None-Match": '"1-prospect"'})
    assert (answer.status_code, answer.data) == (304, b"")
    assert api.get(f"/donors/{donor.id}", headers={"If-None-Match": '"0-prospect"'}).status_code == 200


def test_new_stage_is_no_version_known(api: Caller, donor: Donor, gift: Gift) -> None:
    """A gift that moves the donor on makes another answer, and yet overwrites nobody's change."""
    seen = api.get(f"/donors/{donor.id}", headers={"If-None-Match": '"1-prospect"'})
    assert (seen.status_code, seen.get_json()["stage"], seen.headers["ETag"]) == (200, "new", '"1-new"')
    changed = api.patch(f"/donors/{donor.id}", {"city": "Gdynia"}, etag='"1-prospect"')
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2-new"')


def test_stage_is_shown_and_filtered(api: Caller, donor: Donor, gift: Gift, now: datetime) -> None:
    """Lists, one donor and every answer of a change say the stage, and lists ask for one."""
    made = api.post("/donors", {"name": "Ewa"}).get_json()
    assert (made["stage"], made["stage_as_of"]) == ("prospect", now.date().isoformat())
    assert {row["name"]: row["stage"] for row in api.get("/donors").get_json()["data"]} == {
        "Łucja Żółć": "new",
        "Ewa": "prospect",
    }
    for stage, names in (("new", ["Łucja Żółć"]), ("prospect", ["Ewa"]), ("lapsed", [])):
        for order in ("", "&sort=-name", "&sort=updated_at"):
            listed = api.get(f"/donors?stage={stage}{order}").get_json()["data"]
            assert [row["name"] for row in listed] == names
    assert [row["id"] for row in api.get("/donors?stage=prospect&q=ew").get_json()["data"]] == [made["id"]]
    assert api.get("/donors?stage=new&q=ewa").get_json()["data"] == []
    assert problem(api.get("/donors?stage=lapsing_soon"))["status"] == 422
    dead = api.patch(f"/donors/{donor.id}", {"is_deceased": True}, etag='"1"').get_json()
    assert dead["stage"] == api.get(f"/donors/{donor.id}").get_json()["stage"] == "deceased"


def test_gift_over_api_moves_its_donor(api: Caller, donor: Donor) -> None:
    """The answer after a gift is recorded or taken out shows the stage that follows from it."""
    body = {
        "donor_id": donor.id,
        "amount": {"amount": "50.00", "currency": "PLN"},
        "received_on": "2026-11-20",
        "method": "cash",
    }
    gift = api.post("/gifts", body).get_json()
    assert api.get(f"/donors/{donor.id}").get_json()["stage"] == "new"
    assert api.post(f"/gifts/{gift['id']}/corrections", {"reason": "typo"}).status_code == 201
    assert api.get(f"/donors/{donor.id}").get_json()["stage"] == "prospect"


def test_external_key_makes_one_donor(api: Caller) -> None:
    """Another system's key makes the donor once and changes it afterwards."""
    path = "/donors/by-external-id/civicrm/C-77"
    assert problem(api.get(path))["status"] == 404
    made = api.put(path, {"name": "Anna"})
    assert made.status_code == 201
    before = dump()
    again = api.put(path, {"name": "Anna"})
    assert (again.status_code, again.get_json()) == (200, made.get_json())
    assert dump() == before
    changed = api.put(path, {"name": "Anna", "city": "Wrocław"})
    assert (changed.get_json()["id"], changed.get_json()["version"]) == (made.get_json()["id"], 2)
    assert api.get(path).get_json() == changed.get_json()


def test_merged_donor_redirects(api: Caller, donor: Donor, now: datetime) -> None:
    """A donor that was merged into another is at the other's address."""
    twin = donors.create_donor({"name": "Lucja Zolc"}, source="test", now=now, actor="t")
    twin.merged_into_id = donor.id
    db.session.commit()
    for answer in (api.get(f"/donors/{twin.id}"), api.patch(f"/donors/{twin.id}", {"city": "X"}, etag='"1"')):
        assert (answer.status_code, answer.headers["Location"]) == (308, f"/api/v1/donors/{donor.id}")
    assert api.get(f"/donors/{twin.id}/timeline").headers["Location"].endswith(f"/{donor.id}/timeline")
    assert [row["id"] for row in api.get("/donors").get_json()["data"]] == [donor.id]


def test_timeline_holds_all_events_in_pages(api: Caller, donor: Donor, gift: Gift) -> None:
    """A timeline holds all that happened, in pages."""
    api.post("/receipts", {"gift_ids": [gift.id]})
    first = api.get(f"/donors/{donor.id}/timeline?limit=2").get_json()
    rest = api.get(first["next"].removeprefix("/api/v1")).get_json()
    kinds = [event["kind"] for event in first["data"] + rest["data"]]
    assert sorted(kinds) == ["donor", "gift", "receipt"]
    assert not rest["has_more"]


def test_a_donor_nobody_knows_is_not_found(api: Caller) -> None:
    for path in ("/donors/99", "/donors/99/timeline", f"/donors/{2**31}", f"/donors/{10**40}", "/donors/0"):
        assert problem(api.get(path))["code"] == "not_found"


def test_unknown_owner_is_refused(api: Caller) -> None:
    """An owner who is no user is refused with the name of the field, and nothing changes."""
    before = dump()
    said = problem(api.post("/donors", {"name": "A", "owner_id": 77}))
    assert (said["status"], said["errors"][0]["pointer"]) == (422, "/owner_id")
    assert dump() == before


def test_wrong_tax_number_names_its_field(api: Caller) -> None:
    """A tax number is kept without dashes, and a wrong one is refused with the name of its field."""
    fields = {"kind": "organisation", "name": "Spółka", "country": "PL", "tax_number": "525-281-07-70"}
    assert api.post("/donors", fields).get_json()["tax_number"] == "5252810770"
    before = dump()
    refusal = problem(api.post("/donors?allow_duplicate=true", {**fields, "tax_number": "5252810771"}))
    assert (refusal["status"], refusal["code"]) == (422, "tax_number_invalid")
    assert [error["pointer"] for error in refusal["errors"]] == ["/tax_number"]
    assert dump() == before


def test_birth_date_is_of_a_person_who_lives(api: Caller) -> None:
    """A day of birth is kept and taken away as it is sent; a day to come, long ago, or of an organisation is
    refused and changes nothing."""
    added = api.post("/donors", {"name": "Anna Lis", "born_on": "1980-04-03"})
    assert added.get_json()["born_on"] == "1980-04-03"
    path = f"/donors/{added.get_json()['id']}"
    etag = added.headers["ETag"]
    before = dump()
    for body in (
        {"born_on": "2126-01-01"},
        {"born_on": "1780-01-01"},
        {"born_on": "3.4.1980"},
        {"kind": "organisation"},
    ):
        assert problem(api.patch(path, body, etag=etag))["status"] == 422, body
    assert problem(api.post("/donors", {"name": "Ala", "kind": "organisation", "born_on": "1980-04-03"}))
    assert dump() == before
    again = api.patch(path, {"born_on": "1980-04-03"}, etag=etag)
    assert again.headers["ETag"] == etag and dump() == before
    gone = api.patch(path, {"born_on": None, "kind": "organisation"}, etag=etag)
    assert (gone.status_code, gone.get_json()["born_on"]) == (200, None)
