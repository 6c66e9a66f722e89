"""What the tests of pages share: a small base of donors and gifts, and counting all rows before and after."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Gift, RecurringGift
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, recurring_gifts
from tests.contents import Contents, read_contents
from tests.web.bank.bank_world import let_write

TODAY = date(2026, 11, 22)
ACTOR = "system:0"


def add_donor(name: str = "Anna Kowalska", **fields: Any) -> Donor:
    given, _, family = name.partition(" ")
    known = {"given_name": given, "family_name": family, "lang": "pl", "city": "Łódź", "postcode": "90-001"}
    donor = donors.create_donor(
        {**known, "street": "ul. Lipowa 3", **fields}, source="form", now=clock.now(), actor=ACTOR
    )
    db.session.commit()
    return donor


def add_gift(donor: Donor, amount: str = "50.00", on: date = TODAY, ref: str = "", **rest: Any) -> Gift:
    gift, _is_new = gifts.record_gift(
        donor.id,
        Money.parse(amount, "PLN"),
        received_on=on,
        source="manual",
        source_ref=ref or f"test-{donor.id}-{on}-{amount}",
        now=clock.now(),
        actor=ACTOR,
        **{"method": "transfer", **rest},
    )
    db.session.commit()
    return gift


def add_recurring(donor: Donor, amount: str = "30.00", start_on: date = date(2026, 9, 15)) -> RecurringGift:
    gift, _is_new = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money.parse(amount, "PLN"),
            kind="standing_order",
            start_on=start_on,
            source="manual",
            source_ref=f"test-{donor.id}-{start_on}",
        ),
        now=clock.now(),
        actor=ACTOR,
    )
    instalments.make_instalments(gift, today=TODAY)
    db.session.commit()
    return gift


def rows() -> Contents:
    """What every table holds: equal before and after means that nothing was changed."""
    let_write()
    contents = read_contents()
    let_write()
    return contents


def key_in(page: str) -> str:
    """The one-time key of the form on a page."""
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found, "the page has no form with a key"
    return found.group(1)


def moment(day: int, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02}T{hour:02}:00:00+00:00")
