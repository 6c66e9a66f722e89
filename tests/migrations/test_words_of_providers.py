"""What the last release kept in Stripe's words is translated: the inbox worked off again finds it all there.

The dump holds sixteen stories of Stripe as that release worked them off: payments, refunds, disputes, a
payout, subscriptions, checkouts, methods, mandates and notices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from donorhub import clock, config, vault
from donorhub.app import create_app
from donorhub.db import db
from donorhub.jobs.kinds import inbox
from donorhub.migrations import run
from donorhub.services.access import audit
from donorhub.services.reports import invariants
from tests.migrations import last_release
from tests.migrations.databases import Rows, list_changes, list_new_rows, read_rows
from tests.migrations.last_release import KEY, NOW, REVISION

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
# What the adapter keeps beside an attempt or order that the last release did not.
NOTED_SINCE = {"failed", "money", "refunded"}
OLD_WORDS = (
    "charge",
    "payment_intent",
    "session",
    "txn",
    "setup_intent",
    "payment_method",
    "sepa_debit",
    "p24",
    "billing_reason",
    "early_fraud_warning",
    "account_deauthorized",
    "mandate_notification",
)


@pytest.fixture
def stripes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The database of the last release that had worked Stripe's stories off."""
    monkeypatch.setattr(vault, "_key", None)
    vault.use_key(KEY)
    before = clock.use_clock(lambda: NOW)
    with engine.begin() as connection:
        last_release.load(connection, f"{REVISION}_stripe")
    yield engine
    clock.use_clock(before)


@contextmanager
def application(engine: Engine, home: Path, servers: dict[str, str]) -> Iterator[Flask]:
    url = engine.url.render_as_string(hide_password=False)
    place = {"DATABASE_URL": url, "DONORHUB_MODE": "test", "DONORHUB_HOME": str(home)}
    app = create_app(config.load_settings({**servers, **place, "DONORHUB_FIELD_KEY": KEY}))
    clock.use_clock(lambda: NOW)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def work_off_again(app: Flask) -> int:
    """Let every event of the inbox be due, and work all off; return how many."""
    db.session.execute(text("UPDATE provider_event SET state = 'received', next_attempt_at = NULL"))
    db.session.commit()
    return inbox.drain_inbox(app.extensions["donorhub.settings"])


def words_of(value: Any) -> set[str]:
    """Return all keys and texts of a register's state."""
    if isinstance(value, dict):
        return set(value).union(*(words_of(inner) for inner in value.values()))
    return {value} if isinstance(value, str) else set()


def contents(rows: Rows) -> Rows:
    """Return the rows without what only says when they were worked off."""
    told = {"processed_at", "state", "reason"}
    events = {
        key: {column: value for column, value in row.items() if column not in told}
        for key, row in rows["provider_event"].items()
    }
    return {**rows, "provider_event": events}


def without_new_words(registers: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Return the registers without what the last release did not keep: how much came in when a payment
    succeeded, when it failed, and how much was given back in all."""
    rows_by_table = {}
    for key, row in registers.items():
        state, moment = row["state"], row["ref"].partition("/")[2]
        if row["kind"] == "payment" and moment in NOTED_SINCE:
            continue
        if row["kind"] == "payment" and moment == "succeeded":
            state = {word: value for word, value in state.items() if word not in ("amount_minor", "currency")}
        rows_by_table[key] = {**row, "state": state}
    return rows_by_table


def test_a_replay_after_the_translation_changes_nothing(
    stripes: Engine, tmp_path: Path, servers: dict[str, str]
) -> None:
    run.upgrade(stripes)
    before = contents(read_rows(stripes))
    with application(stripes, tmp_path, servers) as app:
        assert work_off_again(app) == len(before["provider_event"]) > 100
        audit.seal_records()
        db.session.commit()
        checks = invariants.check_all(now=NOW)
        assert {name: sentences for name, sentences in checks.items() if sentences} == {}
    after = contents(read_rows(stripes))
    assert list_changes(before, after) == {}
    assert {table for table in after if list_new_rows(before, after, table)} == {"provider_register"}
    new_rows = list_new_rows(before, after, "provider_register", "kind", "ref")
    assert {kind for kind, _ref in new_rows} == {"payment"}
    assert {ref.partition("/")[2] for _kind, ref in new_rows} == NOTED_SINCE


def test_translated_registers_equal_the_adapters(
    stripes: Engine, tmp_path: Path, servers: dict[str, str]
) -> None:
    """The registers that the migration translated are what the adapter makes of the same events."""
    run.upgrade(stripes)
    translated = read_rows(stripes)["provider_register"]
    with application(stripes, tmp_path, servers) as app:
        db.session.execute(text("DELETE FROM provider_register"))
        work_off_again(app)
    assert without_new_words(read_rows(stripes)["provider_register"]) == translated
    states = [row["state"] for row in translated.values()]
    assert {state.get("object") for state in states} == {
        None,
        "attempt",
        "order",
        "checkout",
        "moment",
        "subscription",
        "method",
        "mandate",
        "setup",
    }
    values = {word for state in states for word in words_of({**state, "type": None, "source_ref": None})}
    assert values.isdisjoint(set(OLD_WORDS) - {"charge"}) and "charge" not in set().union(*states)


def test_what_a_provider_charges_says_so(stripes: Engine) -> None:
    before = read_rows(stripes)["recurring_gift"]
    run.upgrade(stripes)
    after = read_rows(stripes)
    assert {row["kind"] for row in before.values()} == {"card"}
    assert {(row["kind"], row["charged_by"]) for row in after["recurring_gift"].values()} == {
        ("provider", "provider")
    }
    assert any(row["donor_fields"] for row in after["provider_map"].values())
