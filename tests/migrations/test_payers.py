"""What was learned of payers moves over with what people said of it; nothing that was booked changes."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from tests.migrations.databases import list_changes, read_rows, upgrade_to

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
BEFORE, PAYERS = "20261201_0130", "20261201_0135"
LEARNED = (
    "INSERT INTO payer_key (value, donor_id, hits, misses, last_seen_on) VALUES"
    " ('iban:PL00000000000000000000000001', 1, 4, 1, '2026-05-03'),"
    " ('iban:PL00000000000000000000000001', 2, 2, 0, '2026-06-01'),"
    " ('name:wzor zofia', 2, 3, 0, NULL),"
    " ('said:00ff', 2, 3, 0, '2026-06-01')"
)
USES = (
    "SELECT k.kind, k.value, u.donor_id, u.hits, u.misses, u.words FROM payer_use u"
    " JOIN payer_key k ON k.payer_id = u.payer_id"
    " WHERE k.value IN ('PL00000000000000000000000001', 'wzor zofia') ORDER BY k.kind, u.donor_id"
)
MOVED = {"payer_key", "payer", "payer_use", "merge_move", "merge_drop", "upgrade_note"}


def test_payers_move_over(release_engine: Engine) -> None:
    """Each account and each name is a payer; one that pays for two has two uses. Whatever the upgrade of the
    payers touches, no entry, match, gift, allocation, instalment and account of a donor is among it."""
    upgrade_to(release_engine, BEFORE)
    with release_engine.begin() as connection:
        connection.execute(text(LEARNED))
        count = connection.scalar(text("SELECT count(*) FROM payer_key WHERE value NOT LIKE 'said:%'"))
    before = read_rows(release_engine)
    upgrade_to(release_engine, PAYERS)
    after = read_rows(release_engine)
    with release_engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(USES))] == [
            ("account", "PL00000000000000000000000001", 1, 4, 1, "#"),
            ("account", "PL00000000000000000000000001", 2, 2, 0, "#"),
            ("name", "wzor zofia", 2, 3, 0, "#"),
        ]
        assert connection.scalar(text("SELECT count(*) FROM payer_use")) == count
    stays = [{name: rows for name, rows in all_.items() if name not in MOVED} for all_ in (before, after)]
    assert list_changes(*stays) == {}
    assert {name: len(rows) for name, rows in stays[0].items()} == {
        name: len(rows) for name, rows in stays[1].items()
    }
