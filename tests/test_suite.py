"""What runs where: tests without a database once, those with one on both (tests/conftest.py), and those that
need sample files of others only where these are.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask


def test_what_has_no_database_runs_once(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("once")


def test_what_has_a_database_runs_on_both(request: pytest.FixtureRequest, database: Flask) -> None:
    assert request.node.get_closest_marker("once") is None


def test_shared_files_are_named_in_one_place() -> None:
    """A test that reads files of others takes their folder from tests.shared, which says why it skips."""
    tests = Path(__file__).parent
    naming = {
        str(path.relative_to(tests))
        for path in tests.rglob("*.py")
        if "DONORHUB_SHARED" in path.read_text("utf-8") and path.parent.name != "benchmarks"
    }
    assert naming == {"shared.py", Path(__file__).name}
    users = [
        path for path in tests.rglob("test_*.py") if "from tests.shared import" in path.read_text("utf-8")
    ]
    assert len(users) > 10
    for path in users:
        text = path.read_text("utf-8")
        assert "needs_shared(" in text or "or_skip(" in text or "where it is at hand" in text, path
