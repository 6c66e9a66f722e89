"""What waits in an account is one task of whoever looks after it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import BankAccount, Entry, Task
from donorhub.services.access import organisation, users
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import deadlines, entries, waiting_tasks
from donorhub.services.work import tasks
from tests.services.bank.bank import ANNA, BESA, Paid, camt, match, rows, send
from tests.services.bank.matching.matching_world import DAY, import_and_match

ME = "user:1"


def ask(days: int = 0) -> int:
    count = waiting_tasks.ask_about_waiting(now=clock.now() + timedelta(days=days))
    db.session.commit()
    return count


def list_tasks() -> list[tuple[str, date, int | None]]:
    found = db.session.scalars(
        select(Task).where(Task.kind == "money_waits").execution_options(populate_existing=True)
    )
    return [(task.state, organisation.get_day(task.due_at), task.assignee_id) for task in found]


def test_many_entries_are_one_task(database: Flask) -> None:
    """Due two weeks before the first of them is the unknown donor's; asked again, nothing changes."""
    today = organisation.get_day(clock.now())
    import_and_match(
        Paid(DAY, 5000, name="Olga Lis", account=BESA), Paid(DAY, 700, name="Jan Wilk", account=ANNA)
    )
    assert ask() == 1
    assert list_tasks() == [("planned", today + timedelta(days=90 - 14), None)]
    before = rows()
    assert ask() == 0
    assert rows() == before
    deadlines.settle_expired_entries(now=clock.now() + timedelta(days=91))
    db.session.commit()
    assert ask() == 1
    assert [state for state, *_ in list_tasks()] == ["cancelled"]
    assert ask() == 0


def test_done_task_comes_with_other_money(database: Flask) -> None:
    import_and_match(Paid(DAY, 5000, name="Olga Lis", account=BESA))
    ask()
    task = db.session.scalars(select(Task).where(Task.kind == "money_waits")).one()
    tasks.complete_task(task.id, outcome="", now=clock.now(), actor=ME)
    db.session.commit()
    assert ask(1) == 0
    assert [state for state, *_ in list_tasks()] == ["done"]
    deadlines.settle_expired_entries(now=clock.now() + timedelta(days=91))
    db.session.commit()
    ask(91)
    send(camt([Paid(DAY + timedelta(days=9), 700, name="Jan Wilk")], opening=5000, name="S2"), "b.xml")
    match()
    organisation.change_organisation({"suspense_days": 30}, now=clock.now(), actor=ME)
    entry_id = db.session.scalars(select(Entry.id).where(Entry.state == "suspense")).one()
    entries.mark_not_a_gift(entry_id, "x", now=clock.now(), actor=ME)
    entries.undo_entry(entry_id, now=clock.now(), actor=ME)
    db.session.commit()
    assert ask() == 1
    assert [state for state, *_ in list_tasks()] == ["planned"]


def test_task_comes_again_with_its_money(database: Flask) -> None:
    import_and_match(Paid(DAY, 5000, name="Olga Lis", account=BESA))
    ask()
    entry_id = db.session.scalars(select(Entry.id)).one()
    for state in ("cancelled", "planned"):
        if state == "cancelled":
            entries.mark_not_a_gift(entry_id, "x", now=clock.now(), actor=ME)
        else:
            entries.undo_entry(entry_id, now=clock.now(), actor=ME)
        db.session.commit()
        ask()
        assert [one for one, *_ in list_tasks()] == [state]


def test_task_is_the_owners(database: Flask) -> None:
    """An account's owner has its task; where they may come in no more, any accountant."""
    import_and_match(Paid(DAY, 5000, name="Olga Lis", account=BESA))
    account = db.session.scalars(select(BankAccount)).one()
    with pytest.raises(Rejected, match="no user"):
        bank_accounts.change_account(account, owner_id=4711, now=clock.now(), actor=ME)
    owner = users.create_user(
        "ola@example.org",
        name="Ola",
        password="quite-long-enough-1",
        roles=["accountant"],
        now=clock.now(),
        actor=ME,
    )
    db.session.flush()
    bank_accounts.change_account(account, owner_id=owner.id, now=clock.now(), actor=ME)
    ask()
    assert [assignee for *_, assignee in list_tasks()] == [owner.id]
    owner.active = False
    db.session.commit()
    assert ask() == 1
    assert [assignee for *_, assignee in list_tasks()] == [None]
