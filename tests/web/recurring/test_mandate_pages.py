"""Mandates on the page of a direct debit: written down once, followed, and told in every list."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Instalment, Mandate, RecurringGift
from tests.web.bank.bank_world import Staff, let_write
from tests.web.desk import add_donor, key_in, rows

WAITS = "waits for its mandate"


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "fundraiser")


def start_debit(staff: Staff) -> str:
    """Start a direct debit by its form; return the address of its page."""
    donor = add_donor()
    page = staff.get(f"/recurring-gifts/new?donor={donor.id}").text
    answer = staff.post(
        "/recurring-gifts/new",
        kind="direct_debit",
        amount="30,00",
        currency="PLN",
        every="1",
        period="M",
        start_on="2026-11-25",
        donor_id=str(donor.id),
        key=key_in(page),
    )
    return str(answer.headers["Location"])


def expected_count() -> int:
    let_write()
    return len(db.session.scalars(select(Instalment).where(Instalment.state == "expected")).all())


def test_pages_say_what_waits_for_mandate(staff: Staff) -> None:
    """The debit's own page, the list and the donor's page say that it waits, until a mandate is active."""
    path = start_debit(staff)
    donor_id = db.session.scalars(select(RecurringGift.donor_id)).one()
    pages = (path, "/recurring-gifts", f"/donors/{donor_id}")
    for page in pages:
        assert WAITS in staff.text(page), page
    assert expected_count() == 0
    answer = staff.click(
        f"{path}/mandates", reference="DH1000177", mandate_state="active", active_from="2026-11-20"
    )
    assert answer.status_code == 302 and expected_count() == 3
    for page in pages:
        assert WAITS not in staff.text(page), page
    shown = staff.text(path)
    assert "DH1000177" in shown and "active from 20 Nov 2026" in shown


def test_mandate_form_sent_twice_writes_one(staff: Staff) -> None:
    """The same form again changes nothing, and a form without the day says what is missing."""
    path = start_debit(staff)
    before = rows()
    refused = staff.click(f"{path}/mandates", reference="DH1", mandate_state="active", active_from="")
    assert refused.status_code == 422 and rows() == before
    assert "Say from which day it is active" in refused.text
    fields = {"reference": "DH1", "mandate_state": "active", "active_from": "2026-11-20"}
    staff.click(f"{path}/mandates", **fields)
    before = rows()
    staff.click(f"{path}/mandates", **fields)
    assert rows() == before


def test_person_ends_mandate_with_reason(staff: Staff) -> None:
    """The donor withdraws it: nothing is expected any more, and the page says why and since when."""
    path = start_debit(staff)
    staff.click(f"{path}/mandates", reference="DH1", mandate_state="active", active_from="2026-11-20")
    mandate = db.session.scalars(select(Mandate)).one()
    ending = {"new_state": "withdrawn", "mandate_on": "2026-11-22", "mandate_reason": "told us by phone"}
    answer = staff.click(f"/recurring-gifts/mandates/{mandate.id}", at=path, **ending)
    assert answer.headers["Location"] == path and expected_count() == 0
    shown = staff.text(path)
    assert "withdrawn by the donor" in shown and "told us by phone" in shown and WAITS in shown
    before = rows()
    assert staff.click(f"/recurring-gifts/mandates/{mandate.id}", at=path, **ending).status_code == 302
    assert rows() == before
