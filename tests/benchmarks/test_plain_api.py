"""The yardstick of bench_api answers what the API answers: else the two are not compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.services.access import users
from tests.benchmarks.bench_api import Caller, same_content
from tests.benchmarks.plain_api import LIMIT, create_plain_app
from tests.web.desk import add_donor


@pytest.mark.once
def test_plain_list_is_that_of_the_api(database: Flask, home: Path) -> None:
    for number in range(LIMIT + 1):
        add_donor(f"Łucja Żółć{number}", email=f"lucja{number}@example.org")
    _, token = users.create_token("bench", PERMISSIONS, now=clock.now(), actor="system:0")
    db.session.commit()
    db.session.remove()
    plain = Caller(create_plain_app(home / "donorhub.sqlite3"), "/donors")
    ours = Caller(database, "/api/v1/donors?limit=50", {"Authorization": f"Bearer {token}"})
    same_content(plain(), ours())
