"""The data of the last release lives on: upgraded on both databases, sound afterwards, and once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from donorhub import config
from donorhub.app import create_app
from donorhub.db import db
from donorhub.migrations import run
from donorhub.services.access import audit
from donorhub.services.reports import invariants
from donorhub.services.work import error_inbox
from tests.migrations.databases import list_changes, list_new_rows, read_rows
from tests.migrations.last_release import KEY, NOW, REVISION

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")


def test_the_upgraded_release_is_sound(
    release_engine: Engine, tmp_path: Path, servers: dict[str, str]
) -> None:
    """What stands adds up again, the audit's chain goes on, and the error inbox names what was taken back."""
    run.upgrade(release_engine)
    url = release_engine.url.render_as_string(hide_password=False)
    settings = config.load_settings(
        {
            **servers,
            "DATABASE_URL": url,
            "DONORHUB_MODE": "test",
            "DONORHUB_HOME": str(tmp_path),
            "DONORHUB_FIELD_KEY": KEY,
        }
    )
    app = create_app(settings)
    with app.app_context():
        audit.seal_records()
        db.session.commit()
        checks = invariants.check_all(now=NOW)
        assert {name: sentences for name, sentences in checks.items() if sentences} == {}
        named = sorted(task.subject_id for task in error_inbox.read_error_inbox().tasks)
        assert named == [1, 2, 3, 4, 6, 7, 7, 8]
        db.session.remove()
        db.engine.dispose()


def test_upgrading_the_release_again_changes_nothing(release_engine: Engine) -> None:
    assert run.upgrade(release_engine) == (REVISION, run.find_newest_revision())
    before = read_rows(release_engine)
    assert run.upgrade(release_engine) == (run.find_newest_revision(), run.find_newest_revision())
    after = read_rows(release_engine)
    assert list_changes(before, after) == {}
    assert [table for table in after if list_new_rows(before, after, table)] == []


def test_the_upgrade_refuses_a_second_live_decision(release_engine: Engine) -> None:
    run.upgrade(release_engine)
    row = read_rows(release_engine)["match"][1,]
    columns = [column for column in row if column != "id"]
    copy = f"INSERT INTO match ({', '.join(columns)}) SELECT {', '.join(columns)} FROM match WHERE id = 1"
    with pytest.raises(IntegrityError), release_engine.begin() as connection:
        connection.execute(text(copy))
