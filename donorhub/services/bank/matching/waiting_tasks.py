"""What waits in an account as one task of whoever looks after it, not one for each entry."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from donorhub.db import db
from donorhub.models import BankAccount, Entry
from donorhub.models.states import ENTRIES_TO_DECIDE
from donorhub.services.access import organisation, users
from donorhub.services.work import tasks

AHEAD: Final = timedelta(days=14)  # so long before the first money is the unknown donor's it is due


def ask_about_waiting(*, now: datetime, actor: str = "system:0") -> int:
    """Plan a task for each account in which money waits, and take back the others; return how many changed.

    One that is done comes again when another day is the first on which money would be the unknown donor's.
    """
    rows = db.session.execute(
        select(BankAccount, func.min(Entry.decide_by))
        .join(Entry, Entry.bank_account_id == BankAccount.id)
        .where(Entry.state.in_(ENTRIES_TO_DECIDE))
        .group_by(BankAccount.id)
        .order_by(BankAccount.id)
    ).all()
    count = sum(_ask_about_account(account, until, now=now) for account, until in rows)
    waiting_ids = [account.id for account, _ in rows]
    return count + tasks.withdraw_questions(
        "money_waits", waiting_ids, now=now, actor=actor, reason="settled"
    )


def _ask_about_account(account: BankAccount, until: date | None, *, now: datetime) -> bool:
    key = f"money_waits:{account.id}"
    facts = {"until": until.isoformat() if until else ""}
    due_at = now + AHEAD if until is None else organisation.get_midnight(until - AHEAD)
    owner_id = account.owner_id
    assignee_id = owner_id if owner_id is not None and users.is_active(owner_id) else None
    if tasks.plan_task(
        key,
        kind="money_waits",
        role="accountant",
        assignee_id=assignee_id,
        subject=("bank_account", account.id),
        due_at=due_at,
        now=now,
        facts=facts,
    ):
        return True
    tasks.reopen_task(key, ("settled",))
    is_changed = tasks.update_question(key, facts, is_other=lambda before: before != facts)
    task = tasks.find_task(key)
    if task is not None and task.assignee_id != assignee_id:
        task.assignee_id, is_changed = assignee_id, True
    if task is not None and is_changed and until is not None:
        task.due_at = due_at
    return is_changed
