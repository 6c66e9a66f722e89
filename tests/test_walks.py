"""How deep and how long the three walks are that money takes: a paid invoice, a bank entry, a gift by hand.

Depth and statements are pinned; a step more raises the figure in the same commit, which says why. How many
functions of ours a walk calls is printed (``pytest -s``), with the chain that leads down the deepest.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import event, select

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs.kinds import imports as import_jobs
from donorhub.jobs.kinds import inbox as inbox_jobs
from donorhub.models import Allocation, Fund, Gift, Instalment, Task
from donorhub.services.bank.files import imports
from donorhub.services.donors import donors
from donorhub.services.providers import endpoints, inbox
from donorhub.web.giving import gifts as gift_pages
from tests.services.bank.bank import Paid, camt, open_account
from tests.web.bank.bank_world import Staff, let_write, token_in
from tests.web.desk import key_in
from tests.webhooks import scenarios
from webhooks.stripe.events import Stripe

ROOT: Final = Path(__file__).resolve().parents[1]
OURS: Final = tuple(f"{ROOT / name}/" for name in ("donorhub", "importers", "webhooks"))
NO_STATEMENT: Final = ("BEGIN", "PRAGMA", "SET ", "SAVEPOINT", "RELEASE", "ROLLBACK")
NO_CALL: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
COMPREHENSIONS: Final = ("<listcomp>", "<setcomp>", "<dictcomp>")
pytestmark = pytest.mark.once  # PostgreSQL sends the same, and its locks
DAY: Final = date(2026, 10, 5)


# Lower a figure where its walk becomes shorter; raise it only in the commit that adds the step.
INVOICE_DEPTH, INVOICE_STATEMENTS = 9, 25
ENTRY_DEPTH = 12
GIFT_STATEMENTS = 14  # two of them keep what its day brought, so that no page adds up a year


@dataclass
class Walk:
    """What a piece of work called and sent. ``depth`` counts from its entry point, which is 1."""

    statements: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    deepest: list[str] = field(default_factory=list)
    _entry: CodeType | None = None
    _stack: list[FrameType] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return len(self.deepest)

    def follow(self, frame: FrameType, happened: str, _value: object) -> None:
        """Note a call or return; see sys.setprofile."""
        if happened == "return" and self._stack and self._stack[-1] is frame:
            self._stack.pop()
        if happened != "call" or not _is_counted(frame.f_code):
            return
        self.calls[_name(frame.f_code)] += 1
        if self._stack or self._entry in (None, frame.f_code):
            self._stack.append(frame)
            if len(self._stack) > self.depth:
                self.deepest = [_name(one.f_code) for one in self._stack]

    def note(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if not text.startswith(NO_STATEMENT):
            self.statements.append(" ".join(text.split()))

    def print(self, title: str, depth: int | None, statements: int | None) -> None:
        print(f"\n{title}: {self.depth} deep ({_say_limit(depth)}), {len(self.statements)} statements")
        print(f"   statements: {_say_limit(statements)}; own calls: {self.calls.total()}")
        print("   the deepest chain:", *self.deepest, sep="\n      ")
        print("   the statements:", *(text[:160] for text in self.statements), sep="\n      ")
        often = [f"{name} {count}" for name, count in self.calls.most_common(12)]
        print("   called most often:", *often, sep="\n      ")


def _say_limit(limit: int | None) -> str:
    return "not pinned" if limit is None else f"at most {limit}"


def _is_counted(code: CodeType) -> bool:
    """Whether code is a function of ours that a reader would follow: no generator, no module or class."""
    if not code.co_filename.startswith(OURS) or code.co_flags & NO_CALL:
        return False
    return bool(code.co_flags & inspect.CO_OPTIMIZED) and code.co_name not in COMPREHENSIONS


def _name(code: CodeType) -> str:
    return f"{Path(code.co_filename).relative_to(ROOT)}:{code.co_firstlineno} {code.co_qualname}"


@contextmanager
def follow_walk(entry: Any = None) -> Iterator[Walk]:
    """Follow what is done inside; with ``entry``, depth is counted from that function."""
    walk = Walk(_entry=entry.__code__ if entry else None)
    engine = db.engine
    event.listen(engine, "before_cursor_execute", walk.note)
    before = sys.getprofile()
    sys.setprofile(walk.follow)
    try:
        yield walk
    finally:
        sys.setprofile(before)
        event.remove(engine, "before_cursor_execute", walk.note)


def check(walk: Walk, title: str, *, depth: int | None = None, statements: int | None = None) -> None:
    walk.print(title, depth, statements)
    if depth:
        assert walk.depth <= depth, f"{title} is {walk.depth} deep, at most {depth}; see pytest -s"
    if statements:
        count = len(walk.statements)
        assert count <= statements, f"{title} sends {count} statements, at most {statements}; see pytest -s"


def settings_of(app: Flask) -> Settings:
    settings: Settings = app.extensions["donorhub.settings"]
    return settings


def store(events: list[dict[str, Any]], slug: str, endpoint_id: int) -> None:
    """Lay events into the inbox, as the address for webhooks does."""
    seen = endpoints.open_endpoint("stripe", slug, now=clock.now()).seen_by_adapter
    rows = [
        inbox.make_event_row(endpoint_id, "stripe", one, now=clock.now(), source="http")
        for said in events
        for one in Stripe().split_message(scenarios.to_body(said), {}, seen)
    ]
    for row in rows:
        inbox.store_events(db.session.connection(), [row])
    db.session.commit()


def claim_only_task(kind: str) -> Task:
    """The only planned task of a kind, as a worker holds it."""
    task = db.session.scalars(select(Task).where(Task.kind == kind, Task.state == "planned")).one()
    db.session.commit()
    return task


@pytest.fixture
def endpoint(database: Flask) -> tuple[str, int]:
    row = endpoints.create_endpoint("stripe", "whsec_test", now=clock.now(), actor="t")
    db.session.commit()
    return row.slug, row.id


def test_invoice_walks_to_settled_instalment(database: Flask, endpoint: tuple[str, int]) -> None:
    """A paid invoice is walked to its settled instalment. The subscription and the charge are known, the
    invoice that joins them comes last."""
    *before, paid = scenarios.old_subscription("w")[:3]
    assert paid["type"] == "invoice.paid"
    store(before, *endpoint)
    inbox_jobs.drain_inbox(settings_of(database))
    assert db.session.scalars(select(Instalment.state)).all() == []
    db.session.commit()
    store([paid], *endpoint)
    db.session.remove()
    with follow_walk() as walk:
        inbox_jobs.drain_inbox(settings_of(database))
    settled = select(Instalment.state, Allocation.amount_minor, Allocation.gift_id).join(Allocation)
    assert [tuple(row) for row in db.session.execute(settled)] == [("paid", 2500, 1)]
    check(walk, "a paid invoice", depth=INVOICE_DEPTH, statements=INVOICE_STATEMENTS)


def test_entry_walks_from_file_to_gift(database: Flask) -> None:
    """A bank entry is walked from its file to its gift. The file is read and stored, its one entry matched by
    the donor's code."""
    anna = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=clock.now(), actor="user:1")
    open_account("auto")
    imports.receive_file(camt([Paid(DAY, 5000, text=anna.code)]), "a.xml", now=clock.now(), actor="user:1")
    db.session.commit()
    reading, settings = claim_only_task("import_file"), settings_of(database)
    with follow_walk() as read:
        import_jobs.import_file(reading, settings)
        db.session.commit()
    matching = claim_only_task("match_statement")
    with follow_walk() as matched:
        import_jobs.match_statement(matching, settings)
        db.session.commit()
    assert db.session.scalars(select(Gift.amount_minor)).all() == [5000]
    check(read, "a bank file read and stored", depth=ENTRY_DEPTH)
    check(matched, "a bank entry matched", depth=ENTRY_DEPTH)


def test_manual_gift_walks_to_its_row(database: Flask) -> None:
    """A gift by hand is walked to its row. The form of one donor with a fund, from who is signed in to the
    address of the new gift."""
    donor = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=clock.now(), actor="user:1")
    fund_id = db.session.scalars(select(Fund.id)).one()
    db.session.commit()
    staff = Staff(database, "fundraiser")
    page = staff.get(f"/gifts/new?donor={donor.id}").text
    fields = {
        "csrf_token": token_in(page),
        "key": key_in(page),
        "donor_id": str(donor.id),
        "fund_id": str(fund_id),
        "amount": "50,00",
        "currency": "PLN",
        "received_on": "2026-11-20",
        "method": "cash",
        "thank": "1",
    }
    db.session.remove()
    let_write()
    with follow_walk(gift_pages.record_gift) as walk:
        answer = staff.client.post("/gifts/new", data=fields)
    let_write()
    assert answer.status_code == 302
    assert db.session.scalars(select(Gift.amount_minor)).all() == [5000]
    check(walk, "a gift by hand", statements=GIFT_STATEMENTS)
