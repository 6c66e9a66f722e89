"""From a receipt that lacks the donor's address to their form, and back to the receipt."""

from __future__ import annotations

from flask import Flask

from donorhub.db import db
from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import add_donor


def test_mended_gap_leads_back_to_the_receipt(database: Flask) -> None:
    """Who came from a receipt that lacked the address goes on with it; who did not is at the donor."""
    donor = add_donor(street="", postcode="", city="")
    staff = Staff(database, "admin")
    address = {"street": "Długa 4", "postcode": "00-241", "city": "Warszawa", "country": "PL"}
    for then, place in (("receipt", f"/receipts/new?donor={donor.id}"), ("", f"/donors/{donor.id}")):
        path = f"/donors/{donor.id}/edit"
        form = staff.get(f"{path}?then={then}")
        assert f'name="then" value="{then}"' in form.text
        person = {"name": donor.name, "kind": "person", "version": str(donor.version)}
        answer = staff.post(path, **person, **address, then=then)
        assert (answer.status_code, answer.headers.get("Location")) == (302, place), words_of(answer.text)
        db.session.refresh(donor)
    assert "address is missing" not in words_of(staff.get(f"/receipts/new?donor={donor.id}").text)
