"""The yardstick of bench_api answers what the API answers: else the two are not compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from donorhub import config
from donorhub.app import create_app
from donorhub.db import db
from donorhub.migrations.run import upgrade
from tests.benchmarks.bench_api import Caller, fill_base, same_content
from tests.benchmarks.plain_api import create_plain_app


@pytest.mark.once
def test_plain_list_is_that_of_the_api(tmp_path: Path) -> None:
    app = create_app(config.load_settings({"DONORHUB_HOME": str(tmp_path), "DONORHUB_MODE": "test"}))
    with app.app_context():
        upgrade(db.engine)
        token = fill_base(tmp_path, 60)
    plain = Caller(create_plain_app(tmp_path / "donorhub.sqlite3"), "/donors")
    ours = Caller(app, "/api/v1/donors?limit=50", {"Authorization": f"Bearer {token}"})
    same_content(plain(), ours())
