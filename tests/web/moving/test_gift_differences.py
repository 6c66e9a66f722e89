"""A page of a file that says something else of a gift than stands here."""

from __future__ import annotations

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.services.donors import custom_fields
from tests.services.moving.records import ME
from tests.web.bank.bank_world import Staff
from tests.web.moving.test_records import bring, send

TABLE = "Name;E-mail;Date;Amount zł;Occasion\nAnn Lis;ann@example.org;2025-04-13;50;{}\n"


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "admin")


def test_both_values_are_shown(staff: Staff) -> None:
    """The held row names field and both values; one choice for the file lets the file's be written."""
    custom_fields.create_field("text", {"en": "Occasion"}, entity="gift", now=clock.now(), actor=ME)
    db.session.commit()
    bring(staff, send(staff, TABLE.format("Wedding").encode(), "a.csv"))
    page = send(staff, TABLE.format("Birthday").encode(), "b.csv")
    assert "Occasion: here Wedding, in the file Birthday" in staff.text(page)
    staff.post(f"{page}/answers", gift_values="change")
    assert "changes fields of a gift that is here" in staff.text(page)
    bring(staff, page)
    page = send(staff, TABLE.format("Birthday").encode() + b"\n", "c.csv")
    assert "Nothing of this file is new" in staff.text(page)
