"""A payer over the API: what they pay for, and ending a use as the payer was shown."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Entry
from donorhub.services.bank.matching import entries
from donorhub.services.bank.matching.entries import Share
from tests.api.conftest import Caller
from tests.web.bank.bank_world import let_write
from tests.web.bank.test_payer_page import list_uses
from tests.web.bank.test_payer_page import payer_id as make_payer

payer_id = make_payer  # the fixture


def test_programs_end_a_use_as_shown(database: Flask, api: Caller, payer_id: int) -> None:
    """A stale digest is 409 with the payer of now; the right one ends the use, and again changes nothing."""
    shown: dict[str, Any] = api.get(f"/payers/{payer_id}").json
    assert [(use["words"], use["hits"]) for use in shown["uses"]] == [("anny", 3), ("za jana", 2)]
    assert [one["outcome"] for one in shown["payments"]].count("same") >= 3
    assert shown["keys"][0]["kind"] == "account" and len(shown["keys"][0]["account_end"]) == 4
    use = shown["uses"][1]
    let_write()
    entry = db.session.scalars(select(Entry).filter_by(state="suspense")).one()
    share = Share(use["donor_id"], entry.amount_minor)
    entries.accept_shares(entry.id, [share], now=clock.now(), actor="user:2")
    db.session.commit()
    path = f"/payers/{payer_id}/uses/{use['id']}/end"
    answer = api.post(path, {"digest": shown["digest"]})
    assert (answer.status_code, answer.json["code"]) == (409, "changed")
    assert list_uses() == [(3, False), (3, False)]
    digest = answer.json["preview"]["digest"]
    for _ in range(2):
        answer = api.post(path, {"digest": digest})
        assert answer.status_code == 200
        assert [bool(one["ended_on"]) for one in answer.json["uses"]] == [False, True]
    assert list_uses() == [(3, False), (3, True)]


def test_unknown_payers_are_not_found(database: Flask, api: Caller, payer_id: int) -> None:
    assert api.get("/payers/999").status_code == 404
    assert api.post(f"/payers/{payer_id}/uses/999/end", {}).status_code == 404
