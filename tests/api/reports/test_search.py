"""One search over the API."""

from __future__ import annotations

from donorhub.models import Donor
from tests.api.conftest import Caller, dump, problem


def test_search_answers_by_kind(api: Caller, donor: Donor) -> None:
    """A text finds donors, gifts and receipts, each in its own list, and changes nothing."""
    gift = api.post(
        "/gifts",
        {
            "donor_id": donor.id,
            "amount": {"amount": "123.45", "currency": "PLN"},
            "received_on": "2026-11-20",
        },
    ).get_json()
    before = dump()
    hits = api.get(f"/search?q={donor.code}").get_json()
    assert hits["donors"][0] | {"town": ""} == {
        "id": donor.id,
        "code": donor.code,
        "kind": donor.kind,
        "name": donor.name,
        "town": "",
        "last_gift_on": "2026-11-20",
    }
    amounts = api.get("/search?q=123,45").get_json()
    assert [one["id"] for one in amounts["gifts"]] == [gift["id"]]
    assert amounts["gifts"][0]["amount"] == {"amount": "123.45", "currency": "PLN"}
    assert amounts["donors"] == amounts["receipts"] == amounts["entries"] == []
    assert dump() == before


def test_search_without_a_text_is_refused(api: Caller) -> None:
    """What is missing, too long or too many is refused."""
    for query in ("", "q=" + "x" * 201, "q=a&limit=21", "q=a&limit=0", "q=a&sort=name"):
        assert problem(api.get(f"/search?{query}"))["status"] == 422, query
    assert api.get("/search?q=zzzz").get_json() == {"donors": [], "receipts": [], "gifts": [], "entries": []}
