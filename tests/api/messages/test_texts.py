"""The organisation's own texts over the API."""

from __future__ import annotations

from donorhub.db import db
from tests.api.conftest import Caller, problem
from tests.contents import read_contents
from tests.services.messages.test_one_thank_you import add_donor

PLACE = "/texts/thank_you-email/pl"
BODY = "{{ salutation }}\n\nprogram's words for {{ amount }}\n\n{{ how_to_stop }}"


def test_program_writes_a_version(api: Caller) -> None:
    """A version is written once, stands above the shipped one, and is read for a donor."""
    new = {"subject": "Thanks", "body": BODY, "reason": "by a program", "base_version": 0}
    first, again = api.post(f"{PLACE}/versions", new), api.post(f"{PLACE}/versions", new)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["version"] == again.json["version"] == 1
    assert [row["version"] for row in api.get(f"{PLACE}/versions").json["data"]] == [1, 0]
    donor = add_donor()
    read = api.post(f"{PLACE}/preview", {"donor_id": donor.id}).json
    assert (
        read["body"].startswith("Szanowna Pani Olu,\n\nprogram's words for 50,00 zł") and read["is_made_up"]
    )
    states = {(row["name"], row["lang"]): row for row in api.get("/texts").json["data"]}
    assert states["thank_you-email", "pl"]["version"] == 1
    assert states["thank_you-email", "sq"]["newer"] == ["pl"]


def test_refusals_name_line_and_change_nothing(api: Caller) -> None:
    before = read_contents()
    new = {"subject": "Thanks", "body": "{{ salutation }}\n{{ x }}", "reason": "r", "base_version": 0}
    refused = api.post(f"{PLACE}/versions", new)
    assert (refused.status_code, problem(refused)["code"]) == (422, "text_faulty")
    assert "line 2" in problem(refused)["detail"]
    shown = api.post(f"{PLACE}/preview", {"body": "{{ x }}"})
    assert problem(shown)["code"] == "text_faulty"
    assert api.get("/texts/mail_test-email/pl/versions").status_code == 404
    assert api.get("/texts/thank_you-email/de/versions").status_code == 404
    late = {"subject": "Thanks", "body": BODY, "reason": "r", "base_version": 3}
    assert problem(api.post(f"{PLACE}/versions", late))["code"] == "text_changed"
    db.session.rollback()
    assert read_contents() == before


def test_program_restores_and_leaves_out(api: Caller) -> None:
    new = {"subject": "Thanks", "body": BODY, "reason": "r", "base_version": 0}
    api.post(f"{PLACE}/versions", new)
    back = api.post(f"{PLACE}/restore", {"version": 0, "base_version": 1, "reason": "back"})
    assert (back.status_code, back.json["version"]) == (201, 2)
    gone = api.post(f"{PLACE}/leave-out", {"base_version": 2, "reason": "nobody reads it"})
    again = api.post(f"{PLACE}/leave-out", {"base_version": 3, "reason": "nobody reads it"})
    assert (gone.status_code, again.status_code, again.json["is_left_out"]) == (201, 200, True)
