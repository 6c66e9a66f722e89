"""Contacts over the API: added once, changed by who saw the last state, ended, asked about when shared."""

from __future__ import annotations

from typing import Any

import pytest

from donorhub.db import db
from donorhub.models import Donor
from donorhub.services.donors import donors
from tests.api.conftest import Caller, dump, problem
from tests.conftest import NOW

IBAN = "PL61109010140000071219812874"
WORK = {"kind": "email", "value": "work@firma.example", "label": "at work", "since_on": "2026-01-02"}


def list_values(api: Caller, donor: Donor, query: str = "") -> list[tuple[str, bool]]:
    rows = api.get(f"/donors/{donor.id}/contacts{query}").get_json()["data"]
    return [(row["value"], row["is_preferred"]) for row in rows]


def read_etag(api: Caller, donor: Donor) -> str:
    return api.get(f"/donors/{donor.id}").headers["ETag"]


def test_contact_is_added_once(api: Caller, donor: Donor) -> None:
    """A contact is added with what is known of it; the same again is answered and changes nothing."""
    made = api.post(f"/donors/{donor.id}/contacts", WORK)
    assert made.status_code == 201
    row = made.get_json()
    assert {name: row[name] for name in WORK} == WORK
    assert (row["source"], row["state"], row["is_preferred"], row["until_on"]) == ("api", "ok", False, None)
    assert api.get(made.headers["Location"].removeprefix("/api/v1")).get_json() == row
    assert list_values(api, donor, "?kind=email") == [
        ("lucja@example.org", True),
        ("work@firma.example", False),
    ]
    before = dump()
    again = api.post(f"/donors/{donor.id}/contacts", {**WORK, "label": "other"})
    assert (again.status_code, again.get_json()) == (200, row)
    kept = "idempotency_key"  # of this request too
    assert {**dump(), kept: ()} == {**before, kept: ()}


def test_contact_is_preferred_and_ended(api: Caller, donor: Donor) -> None:
    """The donor's own e-mail follows what is preferred and what has ended."""
    path = f"/donors/{donor.id}/contacts/{api.post(f'/donors/{donor.id}/contacts', WORK).get_json()['id']}"
    preferred = api.patch(path, {"is_preferred": True}, etag=read_etag(api, donor))
    assert (preferred.status_code, preferred.get_json()["is_preferred"]) == (200, True)
    assert api.get(f"/donors/{donor.id}").get_json()["email"] == "work@firma.example"
    ended = api.patch(path, {"until_on": NOW.date().isoformat()}, etag=preferred.headers["ETag"])
    assert (ended.get_json()["is_preferred"], ended.get_json()["until_on"]) == (False, "2026-11-22")
    assert api.get(f"/donors/{donor.id}").get_json()["email"] == ""


def test_address_and_account_have_their_forms(api: Caller, donor: Donor) -> None:
    """An address is told in parts and shown in a line; an account is an IBAN, however it is spaced."""
    post = {"kind": "post", "street": "Leśna 1", "town": "Gdynia", "country": "PL"}
    assert api.post(f"/donors/{donor.id}/contacts", post).get_json()["value"] == "Leśna 1, Gdynia, PL"
    account = {"kind": "account", "value": "PL61 1090 1014 0000 0712 1981 2874"}
    assert api.post(f"/donors/{donor.id}/contacts", account).get_json()["value"] == IBAN


def test_change_of_contact_needs_its_version(api: Caller, donor: Donor) -> None:
    """Nobody overwrites a change of the donor that they did not see."""
    old = read_etag(api, donor)
    path = f"/donors/{donor.id}/contacts/{api.post(f'/donors/{donor.id}/contacts', WORK).get_json()['id']}"
    before = dump()
    assert problem(api.patch(path, {"label": "x"}))["status"] == 428
    assert problem(api.patch(path, {"label": "x"}, etag=old))["status"] == 412
    assert dump() == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "email"}, "required"),
        ({"kind": "email", "value": "no address"}, "email_invalid"),
        ({"kind": "email", "value": "a@example.org", "town": "Łódź"}, "unknown_field"),
        ({"kind": "post", "country": "PL"}, "required"),
        ({"kind": "post", "town": "Łódź", "value": "Łódź"}, "unknown_field"),
        ({"kind": "fax", "value": "1"}, "unknown_choice"),
        ({"kind": "phone", "value": "1", "source": "x"}, "unknown_field"),
    ],
)
def test_wrong_contact_changes_nothing(api: Caller, donor: Donor, body: dict[str, Any], code: str) -> None:
    before = dump()
    answer = problem(api.post(f"/donors/{donor.id}/contacts", body))
    assert (answer["status"], answer["errors"][0]["code"]) == (422, code)
    assert dump() == before


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"state": "unconfirmed"}, 422, "invalid"),
        ({"town": "Łódź"}, 422, "contact_kind"),
        ({"value": "no address"}, 422, "email_invalid"),
        ({"value": "lucja@example.org"}, 409, "contact_known"),
        ({"until_on": "2027-01-01"}, 422, "day_to_come"),
    ],
)
def test_wrong_change_changes_nothing(
    api: Caller, donor: Donor, changes: dict[str, Any], status: int, code: str
) -> None:
    path = f"/donors/{donor.id}/contacts/{api.post(f'/donors/{donor.id}/contacts', WORK).get_json()['id']}"
    etag = read_etag(api, donor)
    before = dump()
    answer = problem(api.patch(path, changes, etag=etag))
    assert (answer["status"], answer["code"]) == (status, code)
    assert dump() == before


def test_shared_contact_is_asked_about(api: Caller, donor: Donor) -> None:
    """An e-mail that another donor has is refused until somebody says that they share it."""
    other = donors.create_donor(
        {"name": "Jan", "email": "home@example.org"}, source="form", now=NOW, actor="t"
    )
    db.session.commit()
    body, path = {"kind": "email", "value": "home@example.org"}, f"/donors/{donor.id}/contacts"
    before = dump()
    refusal = problem(api.post(path, body))
    assert (refusal["code"], refusal["donor_ids"]) == ("possible_duplicate", [other.id])
    assert dump() == before
    assert api.post(f"{path}?allow_duplicate=true", body).status_code == 201


def test_contact_of_another_donor_is_hidden(api: Caller, donor: Donor) -> None:
    other = donors.create_donor({"name": "Jan", "phone": "+48 1"}, source="form", now=NOW, actor="t")
    db.session.commit()
    contact = api.get(f"/donors/{other.id}/contacts").get_json()["data"][0]["id"]
    assert api.get(f"/donors/{donor.id}/contacts/{contact}").status_code == 404
    assert api.get("/donors/4711/contacts").status_code == 404


def test_address_of_a_role_takes_over(api: Caller, donor: Donor) -> None:
    """An organisation's contact is a role's or a person's; the end of a position prefers the role's."""
    firm = api.post("/donors", {"name": "Fundacja", "kind": "organisation"}).get_json()["id"]
    position = {"kind": "employee_of", "to_id": firm}
    position_id = api.post(f"/donors/{donor.id}/relationships", position).get_json()["id"]
    hers = {"kind": "email", "value": "lucja@fundacja.example", "person_id": donor.id}
    office = {"kind": "email", "value": "biuro@fundacja.example", "role": "office"}
    answers = [api.post(f"/donors/{firm}/contacts", new) for new in (hers, office)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [(row["role"], row["person_id"]) for row in (one.get_json() for one in answers)] == [
        (None, donor.id),
        ("office", None),
    ]
    assert api.get(f"/donors/{firm}").get_json()["email"] == hers["value"]
    path = f"/donors/{firm}/contacts/{answers[1].get_json()['id']}"
    before = dump()
    both = api.patch(path, {"person_id": donor.id}, etag=api.get(path).headers["ETag"])
    assert problem(both)["code"] == "role_or_person"
    assert problem(api.post(f"/donors/{donor.id}/contacts", {**office, "value": "x@y.pl"}, key=None))[
        "code"
    ] == ("no_organisation")
    assert dump() == before
    end = {"until_on": NOW.date().isoformat()}
    assert api.post(f"/donors/{donor.id}/relationships/{position_id}/end", end).status_code == 200
    assert api.get(f"/donors/{firm}").get_json()["email"] == office["value"]
