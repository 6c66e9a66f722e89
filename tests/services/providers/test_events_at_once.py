"""Each lock of PostgreSQL on provider events and payouts: what two who write at once would do without it."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy import text

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import Entry, Payout
from donorhub.services.bank.matching import entries
from donorhub.services.providers import inbox
from tests.races import run_second
from tests.services.bank.bank import assert_sound, send, work_off
from tests.services.bank.matching.matching_world import only_entry
from tests.services.providers.test_failed_payouts import FAILED, MONEY, only_payout, steps
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.scenarios import one_off, to_raw


def test_account_events_have_one_worker(locks: Flask, now: datetime) -> None:
    """The events of one account are worked off by one at a time."""
    endpoint = open_endpoint(now)
    raw = [to_raw(event) for event in one_off("aa")]
    rows = [inbox.make_event_row(endpoint.id, "stripe", event, now=now, source="http") for event in raw]
    inbox.store_events(db.session.connection(), rows)
    db.session.commit()
    (due,) = inbox.find_due(50, now=now).values()
    ids = [event.id for event in due]
    assert len(inbox.take_events(ids, "stripe") or ()) == len(rows)
    second = run_second(locks, lambda: inbox.take_events(ids, "stripe"))
    assert (second.result, second.error, second.waited) == (None, None, False)
    assert len(inbox.take_events(ids, "stripe") or ()) == len(rows)


def test_failing_payout_sees_joined_entry(locks: Flask, now: datetime) -> None:
    """A payout that fails sees the entry that is being joined."""
    do = steps(locks, now)
    do["paid"]()
    send(MONEY)
    work_off("match_statement")
    entry = only_entry()
    if entry.state == "matched":  # by itself: undone, so that a person joins it while the payout fails
        entries.undo_entry(entry.id, now=now, actor="user:1")
        db.session.commit()
    endpoint = open_endpoint(now)
    db.session.commit()
    entry_id, payout_id = only_entry().id, only_payout().id
    entries.join_payout(entry_id, payout_id, now=now, actor="user:1")
    second = run_second(locks, lambda: deliver(locks, endpoint, [FAILED], now))
    assert second.error is None
    db.session.expire_all()
    payout = db.session.get_one(Payout, payout_id)
    assert (payout.state, payout.entry_id) == ("failed", None)
    assert db.session.get_one(Entry, entry_id).state == "suspense"
    assert_sound()


def test_failing_payout_is_not_joined(locks: Flask, now: datetime) -> None:
    """An entry is not joined to a payout that fails meanwhile."""
    do = steps(locks, now)
    do["paid"]()
    send(MONEY)
    entry_id, payout_id = only_entry().id, only_payout().id
    db.session.execute(text("UPDATE payout SET state = 'failed' WHERE id = :id"), {"id": payout_id})
    second = run_second(locks, lambda: entries.join_payout(entry_id, payout_id, now=now, actor="user:1"))
    assert isinstance(second.error, Conflict), second.error
    db.session.expire_all()
    assert db.session.get_one(Payout, payout_id).entry_id is None
