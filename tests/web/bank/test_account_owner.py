"""Whose task it is to decide what waits in an account, on its page."""

from __future__ import annotations

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import BankAccount, Task, User
from donorhub.services.bank.matching import waiting_tasks
from tests.web.bank.bank_world import Staff, let_write
from tests.web.bank.test_entries import statement
from tests.web.bank.test_unclaimed import LINE


def test_account_has_an_owner(accountant: Staff) -> None:
    statement(accountant, LINE)
    row = db.session.scalars(select(BankAccount)).one()
    user = db.session.scalars(select(User).order_by(User.id.desc()).limit(1)).one()
    path = f"/bank/accounts/{row.id}"
    said = {"name": row.name, "matching": row.matching, "closed_on": ""}
    assert "Any accountant" in accountant.text(path)
    for owner, kept in ((user.id, user.id), ("", None), (user.id, user.id)):
        assert accountant.post(path, **said, owner_id=owner).status_code == 302
        db.session.refresh(row)
        assert row.owner_id == kept
    assert accountant.post(path, **said, owner_id=4711).status_code == 422
    let_write()
    waiting_tasks.ask_about_waiting(now=clock.now())
    db.session.commit()
    task = db.session.scalars(select(Task).where(Task.kind == "money_waits")).one()
    assert "Decide what waits in this account" in accountant.text(f"/tasks/{task.id}")
    assert path in accountant.get(f"/tasks/{task.id}").text
