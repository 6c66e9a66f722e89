"""Money that waits in an older base has the whole time from the upgrade on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.migrations.databases import list_changes, read_rows, upgrade_to

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
BEFORE, UNKNOWN_DONOR = "20261201_0340", "20261201_0400"
WAITING = "SELECT id, decide_by FROM entry WHERE state = 'suspense' ORDER BY id"


def test_waiting_money_has_its_time_from_now(release_engine: Engine) -> None:
    upgrade_to(release_engine, BEFORE)
    before = read_rows(release_engine)
    with release_engine.connect() as connection:
        ids = [row.id for row in connection.execute(text(WAITING))]
    upgrade_to(release_engine, UNKNOWN_DONOR)
    least = datetime.now(UTC).date() + timedelta(days=90)
    with release_engine.connect() as connection:
        days = {id_: day for id_, day in connection.execute(text(WAITING))}  # noqa: C416
        assert list(days) == ids
        assert all(date.fromisoformat(str(day)) >= least for day in days.values())
        assert connection.execute(text("SELECT suspense_days, unknown_donor_id FROM organisation")).all() == [
            (90, None)
        ]
    changed = {table for table, *_ in list_changes(before, read_rows(release_engine))}
    assert changed <= {"entry", "organisation"}
