"""Every entry of a statement is looked at in the end, whoever held it in the meantime."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.kinds import imports
from donorhub.jobs.queue import run
from donorhub.models import Allocation, Entry, Instalment, RecurringGift, Statement, Task
from donorhub.services.bank.matching import matching
from donorhub.services.donors import donors
from tests.services.bank.bank import Paid, assert_sound, camt, match, open_account, send

DAY = date(2026, 10, 5)


def states() -> list[str]:
    return list(db.session.scalars(select(Entry.state).order_by(Entry.id)))


def looks() -> list[Task]:
    query = select(Task).where(Task.kind == "match_statement").order_by(Task.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def matching_done_at() -> datetime | None:
    query = select(Statement.matching_done_at)
    return db.session.scalars(query).one()


def import_three_entries(now: datetime) -> None:
    anna = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor="user:1")
    db.session.commit()
    open_account("auto")
    send(camt([Paid(DAY, 5000 + n, text=anna.code) for n in range(3)]))


def run_first_look() -> None:
    task_id = looks()[0].id
    db.session.rollback()
    assert run.run_task(task_id)


def test_locked_entry_is_matched_later(database: Flask, now: datetime) -> None:
    """An entry that another held is matched by a later look, and the statement is done only then."""
    if db.session.get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: nobody holds an entry while another writes")
    import_three_entries(now)
    with db.engine.connect() as other:
        other.execute(text("SELECT id FROM entry ORDER BY id LIMIT 1 FOR UPDATE"))
        run_first_look()
        assert states() == ["new", "matched", "matched"]
        assert matching_done_at() is None
    assert [task.state for task in looks()] == ["done", "planned"]
    clock.use_clock(lambda: now + imports.AGAIN)
    match()
    assert states() == ["matched"] * 3
    assert matching_done_at() == clock.now()
    assert_sound()


def test_look_counts_unmatched_entries(database: Flask, now: datetime) -> None:
    """A look returns how many entries behind it are still unmatched."""
    import_three_entries(now)
    *_, last_id = db.session.scalars(select(Entry.id).order_by(Entry.id))
    statement_id = db.session.scalars(select(Statement.id)).one()
    done = matching.match_next_entries(statement_id, last_id, now=now, actor="system:matching")
    assert done == matching.ChunkResult(None, left_count=3)
    assert matching_done_at() is None


def test_complete_look_plans_no_other(database: Flask, now: datetime) -> None:
    """A look that finds all entries free plans no other."""
    import_three_entries(now)
    match()
    assert states() == ["matched"] * 3
    assert len(looks()) == 1


def test_import_finds_standing_order(database: Flask, now: datetime) -> None:
    """Five months of one donor in a file are a recurring gift as soon as it is matched, with its payer."""
    anna = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor="user:1")
    db.session.commit()
    open_account("auto")
    send(camt([Paid(date(2026, month, 5), 5000, text=anna.code) for month in (6, 7, 8, 9, 10)]))
    run_first_look()
    gift = db.session.scalars(select(RecurringGift)).one()
    assert (gift.donor_id, gift.origin, gift.state, gift.found_count) == (anna.id, "inferred", "active", 5)
    assert gift.payer_iban == db.session.scalars(select(Entry.counterparty_account)).first()
    paid = select(func.count(Allocation.id)).join(Instalment).where(Instalment.state == "paid")
    assert db.session.scalar(paid) == 5
    assert_sound()
