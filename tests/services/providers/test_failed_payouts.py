"""A payout that fails after all brought no entry: in whatever order that is told, the entry waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from donorhub.db import db
from donorhub.domain.bank.matching import clues
from donorhub.errors import Conflict, Rejected
from donorhub.models import AuditRecord, Entry, Gift, Match, Payout, Task
from donorhub.services.bank.matching import certain_entries, credits, decisions, entries, entry_views
from tests.api.conftest import dump
from tests.services.bank.bank import Paid, assert_sound, camt, match, open_account, send
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.scenarios import Story, paid_out
from tests.webhooks.stripe.stripe_objects import payout

ARRIVAL = date(2026, 10, 28)
*PAID, FAILED = paid_out("f")
STEPS = ("paid", "failed", "entry")
MONEY = camt([Paid(ARRIVAL, 9300, name="STRIPE PAYMENTS", account="", text="DOGS FUND")])


def bank_entry() -> None:
    send(MONEY)
    match()


def steps(app: Flask, now: datetime) -> dict[str, Callable[[], None]]:
    open_account("auto")
    endpoint = open_endpoint(now)
    return {
        "paid": lambda: deliver(app, endpoint, PAID, now),
        "failed": lambda: deliver(app, endpoint, [FAILED], now),
        "entry": bank_entry,
    }


def only_payout() -> Payout:
    return db.session.scalars(select(Payout).execution_options(populate_existing=True)).one()


def only_entry() -> Entry:
    return db.session.scalars(select(Entry).execution_options(populate_existing=True)).one()


def live() -> int:
    query = select(func.count()).select_from(Match).where(Match.undone_at.is_(None))
    return db.session.scalar(query) or 0


def count_audit_records(what: str) -> int:
    query = select(func.count()).select_from(AuditRecord).where(AuditRecord.what == what)
    return db.session.scalar(query) or 0


def ours() -> dict[str, object]:
    """All rows but the inbox, which counts how often an event came."""
    return {name: found for name, found in dump().items() if name != "provider_event"}


def test_entry_joins_its_payout(database: Flask, now: datetime) -> None:
    """An entry is matched to the payout that brought it."""
    do = steps(database, now)
    do["paid"]()
    do["entry"]()
    assert (only_payout().entry_id, only_entry().state, live()) == (only_entry().id, "matched", 1)


def test_money_taken_by_provider_is_payout(database: Flask, now: datetime) -> None:
    """A payout below zero is kept, and the debit by which the provider took the money is matched to it."""
    open_account("auto")
    story = Story("n")
    story.tell("payout.paid", payout("po_n1", -1200, status="paid", arrival_date=1_793_145_600))
    deliver(database, open_endpoint(now), story.events, now)
    assert (only_payout().net_minor, only_payout().state) == (-1200, "paid")
    send(camt([Paid(ARRIVAL, -1200, name="STRIPE PAYMENTS", account="", text="DOGS FUND")], opening=5000))
    match()
    assert (only_payout().entry_id, only_entry().state, live()) == (only_entry().id, "matched", 1)
    assert db.session.scalars(select(Gift)).all() == []
    assert_sound()


@pytest.mark.parametrize("order", list(permutations(STEPS)), ids=" ".join)
def test_failed_payout_frees_its_entry(database: Flask, now: datetime, order: tuple[str, ...]) -> None:
    """After a failed payout the entry waits, in any order of the events, and a second time changes
    nothing."""
    do = steps(database, now)
    for name in order:
        do[name]()
    payout, entry = only_payout(), only_entry()
    assert (payout.state, payout.entry_id, live()) == ("failed", None, 0)
    assert entry.state == "suspense"
    assert entry.decide_by is not None and entry.decide_by > ARRIVAL + timedelta(days=80)
    assert db.session.scalar(select(func.count()).select_from(Gift)) == 0
    assert db.session.scalars(select(Task.state).filter_by(kind="payout_failed")).all() == ["planned"]
    was_joined = order == ("paid", "entry", "failed")
    assert [count_audit_records(f"payout.{what}") for what in ("failed", "joined", "parted")] == [
        1,
        was_joined,
        was_joined,
    ]
    before = ours()
    for name in order:
        do[name]()
    assert ours() == before
    assert_sound()


def test_failed_payout_is_never_joined(database: Flask, now: datetime) -> None:
    """A failed payout is neither offered nor joined nor accepted as certain."""
    do = steps(database, now)
    for name in ("failed", "paid", "entry"):
        do[name]()
    assert entry_views.list_payouts_like(only_entry()) == []
    before = dump()
    assert sum(certain_entries.accept_certain_entries(now=now, actor="user:1")) == 0
    with pytest.raises(Rejected, match="failed") as refused:
        entries.join_payout(only_entry().id, only_payout().id, now=now, actor="user:1")
    assert refused.value.specific_code == "payout_failed"
    db.session.rollback()
    assert dump() == before


def test_payout_failing_during_matching(database: Flask, now: datetime) -> None:
    """A payout that failed while the entry was being matched is not joined."""
    do = steps(database, now)
    do["paid"]()
    send(MONEY)
    place = credits.read_places([only_entry().id])[0]
    payout = only_payout()
    decided = decisions.CreditDecision(place, clues.read_clues([place.credit], "DH")[0], payout_id=payout.id)
    db.session.execute(text("UPDATE payout SET state = 'failed'"))  # as another worker did meanwhile
    with pytest.raises(Conflict, match="look again"):
        decisions.settle_matches([decided], now=now, actor="system:matching")


def test_other_decision_survives_failed_payout(database: Flask, now: datetime) -> None:
    """What else was decided of the entry stays when its payout fails. An entry that a person decided
    otherwise meanwhile is not thrown open again."""
    do = steps(database, now)
    do["paid"]()
    do["entry"]()
    entry_id = only_entry().id
    entries.undo_entry(entry_id, now=now, actor="user:1")
    entries.mark_not_a_gift(entry_id, "our own money", now=now, actor="user:1")
    db.session.commit()
    do["failed"]()
    assert (only_entry().state, live(), count_audit_records("payout.parted")) == ("not_gift", 1, 0)
    assert_sound()
