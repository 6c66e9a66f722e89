"""What the tests of the bank pages share."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.web.bank.bank_world import Staff


@pytest.fixture
def accountant(database: Flask) -> Staff:
    return Staff(database, "accountant")
