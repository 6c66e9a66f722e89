"""Entries that are gifts recorded already, over the API: as they were shown, or shown again."""

from __future__ import annotations

from typing import Any

from flask import Flask

from donorhub.models import Gift
from tests.api.conftest import Caller
from tests.services.moving.records import count
from tests.web.bank.test_same_gifts import decide_first, prepare_both, read_states


def test_programs_join_what_they_were_shown(database: Flask, api: Caller) -> None:
    """A stale digest is 409 with the preview of now; the right one joins, and again finds none left."""
    prepare_both()
    shown: dict[str, Any] = api.get("/entries/same-gifts").json
    assert [one["amount"]["amount"] for one in shown["entries"]] == ["50.00", "60.00"]
    decide_first()
    answer = api.post("/entries/join-same-gifts", {"digest": shown["digest"]})
    assert (answer.status_code, answer.json["code"]) == (409, "changed")
    assert read_states() == ["not_gift", "suspense"]
    digest = answer.json["preview"]["digest"]
    assert api.post("/entries/join-same-gifts", {"digest": digest}).json == {"joined": 1}
    assert api.post("/entries/join-same-gifts", {"digest": digest}).json == {"joined": 0}
    assert (count(Gift), read_states()) == (2, ["not_gift", "matched"])
