"""Two records of one person, for the tests of merging."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from tests.services.donors.merge_world import IBANS, Pair, add_donor, fill


@pytest.fixture
def pair(database: Flask, now: datetime) -> Pair:
    """Two records of one person, each with something in every corner, and a husband of both."""
    husband = add_donor("Jan Kowalski")
    survivor = add_donor("Anna Kowalska", postcode="00-241", city="Warszawa", street="Długa 4")
    loser = add_donor("Ania Kowalska-Nowak", salutation="Droga Aniu", do_not_contact=True)
    fill(survivor, 1, other=husband, iban=IBANS[0])
    fill(loser, 2, other=husband, iban=IBANS[1])
    return survivor, loser
