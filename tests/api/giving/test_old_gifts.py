"""Old money over the API: nobody is written to, and a program thanks for chosen gifts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Gift
from tests.api.conftest import Caller
from tests.conftest import NOW
from tests.web.bank.bank_world import PAYER, Staff, work
from tests.web.bank.test_entries import statement
from tests.web.bank.test_old_gifts import list_addresses, take_as_gifts


def test_program_thanks_for_old_gifts(database: Flask, api: Caller) -> None:
    """Over the API an old gift of a file is found and thanked for, once."""
    accountant = Staff(database, "accountant")
    statement(accountant, ("2024-11-18", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    take_as_gifts(accountant)
    assert api.get("/imports/1/old-gifts").json == {"count": 1, "gift_ids": [1]}
    assert api.post("/gifts/1/thank-you", {}).json == {"gift_id": 1, "is_new": True}
    assert api.post("/gifts/1/thank-you", {}).json == {"gift_id": 1, "is_new": False}
    work()
    assert list_addresses() == ["p1@example.org"]
    assert api.get("/imports/1/old-gifts").json == {"count": 0, "gift_ids": []}


@pytest.mark.parametrize("source", ["import:civicrm", ""])
def test_five_years_over_api_write_to_nobody(database: Flask, api: Caller, source: str) -> None:
    """Five years of gifts, loaded under the name of the system that kept them, write to nobody.

    Without that name only the newest month is thanked for.
    """
    Staff(database, "steward")
    put = api.put("/donors/by-external-id/civicrm/7", {"name": "Anna", "email": "anna@example.org"})
    assert put.status_code == 201, put.text
    for month in range(60):
        body = {
            "donor_id": put.json["id"],
            "amount": {"amount": "50.00", "currency": "PLN"},
            "received_on": f"{2021 + (month + 11) // 12}-{(month + 11) % 12 + 1:02d}-20",
        }
        if source:
            body |= {"source": source, "source_ref": str(month)}
        assert api.post("/gifts", body).status_code == 201
    clock.use_clock(lambda: NOW + timedelta(hours=1))
    work()
    assert db.session.scalar(select(func.count(Gift.id))) == 60
    assert list_addresses() == ([] if source else ["anna@example.org"])
