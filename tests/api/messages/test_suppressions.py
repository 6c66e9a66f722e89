"""Addresses that nothing is sent to, over the API."""

from __future__ import annotations

from tests.api.conftest import Caller, problem


def test_program_suppresses_and_lifts(api: Caller) -> None:
    """A program suppresses an address once, finds it by its address, and lifts it with a reason."""
    body = {"address": "anna@example.org", "reason": "unsubscribed in the shop"}
    first, again = api.post("/suppressions", body), api.post("/suppressions", body)
    assert (first.status_code, again.status_code, again.json["id"]) == (201, 200, first.json["id"])
    assert "anna" not in first.text.replace("unsubscribed", "")
    rows = api.get("/suppressions?address=Anna@example.org").json["data"]
    assert [row["reason"] for row in rows] == ["unsubscribed in the shop"]
    assert api.get("/suppressions?address=besa@example.org").json["data"] == []
    assert api.post("/suppressions/1/lift", {"reason": ""}).status_code == 422
    lifted = api.post("/suppressions/1/lift", {"reason": "asked again"})
    assert (lifted.status_code, lifted.json["lift_reason"]) == (200, "asked again")
    assert api.get("/suppressions").json["data"] == []


def test_complaint_is_not_lifted_by_program(api: Caller) -> None:
    body = {"address": "a@example.org", "reason": "spam button", "source": "complained"}
    api.post("/suppressions", body)
    refused = api.post("/suppressions/1/lift", {"reason": "please"})
    assert (refused.status_code, problem(refused)["code"]) == (409, "complaint_stays")
