"""PostgreSQL's workers share the inbox by account: nobody works on what another one has, and one person
who gives through two accounts at once stays one donor. SQLite has one writer."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from donorhub.db import db
from donorhub.jobs.kinds import inbox as inbox_job
from donorhub.models import Donor, Gift, ProviderEvent
from donorhub.services.donors import donors
from donorhub.services.providers import endpoints, inbox
from tests.load.posting import gift_events
from tests.webhooks.scenarios import to_raw

ACCOUNTS = ("acct_one", "acct_two")


@pytest.fixture
def postgres(database: Flask) -> Flask:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer")
    return database


def store(accounts: tuple[str, ...], now: datetime, *, count: int = 3) -> None:
    """Open an endpoint for each account and store the same people's charges there."""
    for n, account in enumerate(accounts):
        endpoint = endpoints.create_endpoint("stripe", "whsec_x", account=account, now=now, actor="t")
        events = gift_events(100 + count, donors=50)[n * 50 : n * 50 + count]
        rows = [
            inbox.make_event_row(
                endpoint.id, "stripe", to_raw(event | {"account": account}), now=now, source="http"
            )
            for event in events
        ]
        inbox.store_events(db.session.connection(), rows)
    db.session.commit()


def drain(app: Flask) -> int:
    return inbox_job.drain_inbox(app.extensions["donorhub.settings"])


def states() -> dict[str, set[str]]:
    rows = db.session.execute(select(ProviderEvent.account, ProviderEvent.state).distinct()).all()
    db.session.rollback()
    found: dict[str, set[str]] = {}
    for account, state in rows:
        found.setdefault(account, set()).add(state)
    return found


@pytest.mark.parametrize(
    ("turn", "left"),
    [("stripe:acct_one", {"acct_one"}), ("stripe:acct_two", {"acct_two"}), ("stripe", set())],
)
def test_busy_account_is_left_alone(postgres: Flask, now: datetime, turn: str, left: set[str]) -> None:
    """An account that another worker has is left to it, and the others are worked off."""
    store(ACCOUNTS, now)
    with db.engine.begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(727275, hashtext(:turn))"), {"turn": turn})
        assert drain(postgres) == 3 * (len(ACCOUNTS) - len(left))
        assert states() == {name: {"received" if name in left else "done"} for name in ACCOUNTS}
    drain(postgres)
    assert states() == {name: {"done"} for name in ACCOUNTS}


def test_nameless_account_is_one_turn(postgres: Flask, now: datetime) -> None:
    """Where an endpoint names no account, the whole provider is one turn."""
    store(("", "acct_one"), now)
    with db.engine.begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(727275, hashtext('stripe'))"))
        assert drain(postgres) == 0
    assert drain(postgres) == 6


def test_person_at_two_accounts_is_one_donor(
    postgres: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person who pays at two accounts at once is one donor."""
    store(ACCOUNTS, now)
    both_looked = threading.Barrier(2, timeout=1)
    make = donors.create_donor

    def make_late(*args: Any, **more: Any) -> Donor:
        with contextlib.suppress(threading.BrokenBarrierError):  # after a second: the other waits for us
            both_looked.wait()
        return make(*args, **more)

    monkeypatch.setattr(donors, "create_donor", make_late)

    def work(turn: int) -> None:
        with postgres.app_context():
            drain(postgres)
            db.session.remove()

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert states() == {name: {"done"} for name in ACCOUNTS}
    assert db.session.scalar(select(func.count()).select_from(Gift)) == 6
    emails = db.session.scalars(select(Donor.email)).all()
    assert sorted(emails) == sorted(set(emails)) and len(emails) == 3
