"""The form of a new receipt: in which year it begins."""

from __future__ import annotations

import re
from datetime import date

from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import add_donor, add_gift
from tests.web.receipts.test_receipt_pages import confirm, staff  # noqa: F401  a fixture


def test_form_begins_where_gifts_wait(staff: Staff) -> None:  # noqa: F811  the fixture
    """Without a year, the newest one in which the donor gave what is on no receipt is shown."""
    donor = add_donor()
    place = f"/receipts/new?donor={donor.id}"
    assert re.search(r'aria-current="page">\s*2026', staff.get(place).text)
    add_gift(donor, "10.00", date(2023, 5, 5))
    last_year = add_gift(donor, "20.00", date(2025, 5, 5))
    page = staff.get(place).text
    assert "PLN 20.00" in words_of(page) and re.search(r'aria-current="page">\s*2025', page)
    confirm(staff, "/receipts/new", donor_id=str(donor.id), gift_ids=str(last_year.id), lang="pl")
    assert "PLN 10.00" in staff.text(place)
