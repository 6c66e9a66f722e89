"""Decisions to look at over the API, and the rules that decide alone."""

from __future__ import annotations

from flask import Flask

from tests.api.conftest import Caller
from tests.services.bank.matching.matching_world import donor, import_and_match
from tests.services.bank.matching.test_looks import pay_with_code


def test_programs_look_and_let_rules_go_on(database: Flask, api: Caller) -> None:
    """What is put up, answering it, the figures of the rule, and letting it go on again."""
    anna = donor()
    import_and_match(*pay_with_code(anna, 2), mode="auto")
    rows = api.get("/looks?is_open=true").json["data"]
    assert [(row["rule"], row["donor_id"], row["is_right"]) for row in rows] == [("code", anna.id, None)] * 2
    for row in rows:
        answer = api.post(f"/looks/{row['id']}/answer", {"is_right": False})
        assert (answer.status_code, answer.json["is_right"]) == (200, False)
    assert api.get("/looks?is_open=true").json["data"] == []
    (figures,) = api.get("/match-rules").json["data"]
    assert (figures["looked_at_count"], figures["right_count"], figures["reason"]) == (2, 0, "looks")
    again = api.post(f"/match-rules/{figures['stop_id']}/restart", {})
    assert (again.status_code, again.json["stopped_at"]) == (200, None)
    assert api.post(f"/match-rules/{figures['stop_id']}/restart", {}).json == again.json
    assert api.post("/looks/999/answer", {"is_right": True}).status_code == 404


def test_programs_stop_a_rule_everywhere(database: Flask, api: Caller) -> None:
    stop = api.post("/match-rules/stop", {"rule": "account"}).json
    assert (stop["rule"], stop["bank_account_id"], stop["reason"]) == ("account", None, "person")
    assert api.post("/match-rules/stop", {"rule": "account"}).json == stop
    assert api.post("/match-rules/stop", {"rule": "guess"}).status_code == 422
    assert api.post("/match-rules/stop", {"rule": "ref", "bank_account_id": 99}).status_code in (404, 422)
