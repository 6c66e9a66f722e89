"""What runs where: tests without a database once, those with one on both (tests/conftest.py)."""

from __future__ import annotations

import pytest
from flask import Flask


def test_what_has_no_database_runs_once(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("once")


def test_what_has_a_database_runs_on_both(request: pytest.FixtureRequest, database: Flask) -> None:
    assert request.node.get_closest_marker("once") is None
