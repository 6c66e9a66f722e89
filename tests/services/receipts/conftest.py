"""A donor whose gifts can be receipted."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.models import Donor
from donorhub.services.access import organisation
from donorhub.services.donors import donors


def make_receiptable(donor_id: int, now: datetime) -> None:
    """What a Polish receipt needs of the organisation and the donor."""
    organisation.change_organisation(
        {
            "street": "ul. Krótka 2",
            "city": "Warszawa",
            "postcode": "00-002",
            "ids": {"KRS": "0000123456", "NIP": "5252810770", "REGON": "123456785"},
        },
        now=now,
        actor="t",
    )
    donors.change_donor(
        donors.get_donor(donor_id),
        {"street": "ul. Długa 1", "postcode": "00-001", "city": "Łódź", "country": "PL", "lang": "pl"},
        now=now,
        actor="t",
    )
    db.session.commit()


@pytest.fixture
def donor(database: Flask, now: datetime) -> Donor:
    made = donors.create_donor({"name": "Łucja Żółć"}, source="test", now=now, actor="t")
    db.session.commit()
    make_receiptable(made.id, now)
    return made
