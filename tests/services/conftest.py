"""What the tests of several areas of services share."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.races import skip_without_locks


@pytest.fixture
def locks(database: Flask) -> Flask:
    """The application, where its database locks rows."""
    skip_without_locks(database)
    return database
