"""The API refuses what may be there already, with the ids, until it is told that it is another."""

from __future__ import annotations

from tests.api.conftest import Caller

ANNA = {"name": "Anna Kowalska", "email": "anna@example.org"}
GIFT = {"amount": {"amount": "50.00", "currency": "PLN"}, "received_on": "2026-11-20"}


def test_a_known_donor_is_not_added_unasked(api: Caller) -> None:
    """A donor with a known e-mail is refused with the ids of those there, and added where that is said."""
    first = api.post("/donors", ANNA).get_json()
    refused = api.post("/donors", ANNA)
    assert refused.status_code == 409
    assert refused.get_json()["code"] == "possible_duplicate"
    assert refused.get_json()["donor_ids"] == [first["id"]]
    assert api.post("/donors?allow_duplicate=true", ANNA).status_code == 201


def test_an_equal_gift_is_not_added_unasked(api: Caller) -> None:
    """An equal gift is refused with the ids of those there; the same key and a source of its own are not."""
    donor_id = api.post("/donors", ANNA).get_json()["id"]
    new = {"donor_id": donor_id, **GIFT}
    first = api.post("/gifts", new, key="the-first-of-them")
    assert api.post("/gifts", new, key="the-first-of-them").get_json()["id"] == first.get_json()["id"]
    refused = api.post("/gifts", new)
    assert refused.status_code == 409
    assert refused.get_json()["code"] == "possible_duplicate_gift"
    assert refused.get_json()["gift_ids"] == [first.get_json()["id"]]
    assert api.post("/gifts?allow_duplicate=true", new).status_code == 201
    assert api.post("/gifts", {**new, "source": "import:old", "source_ref": "7"}).status_code == 201
