"""All that the engine is sure of is accepted at one click, however many entries wait before it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.models import AuditRecord, BankAccount, Donor, Entry, Statement
from donorhub.services.bank.matching import certain_entries
from donorhub.services.donors import donors
from tests.services.bank.bank import BESA, Paid, assert_sound, camt, match, open_account, rows, send

DAY = date(2026, 10, 5)


def anna(now: datetime) -> Donor:
    made = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor="user:1")
    db.session.commit()
    return made


def import_and_match(*payments: Paid) -> None:
    open_account("suggest")
    send(camt(payments))
    match()


def accept(now: datetime, **which: int) -> int:
    count = 0
    for accepted in certain_entries.accept_certain_entries(**which, now=now, actor="user:5"):
        db.session.commit()
        count += accepted
    return count


def states() -> dict[str, int]:
    found = db.session.execute(select(Entry.state, func.count()).group_by(Entry.state))
    return {state: count for state, count in found}  # noqa: C416  a Row is no pair for dict


def test_accepting_certain_leaves_the_rest(database: Flask, now: datetime) -> None:
    """Accepting all that is certain leaves the rest, and doing it again finds none."""
    import_and_match(Paid(DAY, 5000, text=anna(now).code), Paid(DAY, 700, name="Nobody", account=BESA))
    account_id = db.session.scalars(select(BankAccount.id)).one()
    assert accept(now, bank_account_id=account_id) == 1
    assert states() == {"matched": 1, "suspense": 1}
    before = rows()
    assert accept(now, bank_account_id=account_id) == 0
    assert rows() == before


def test_preview_looks_at_some_entries_at_once(database: Flask, now: datetime) -> None:
    """A preview weighs a bounded number of entries, and goes on behind them where it is asked to."""
    donor = anna(now)
    count = certain_entries.AT_ONCE * certain_entries.LOOKS
    older = [Paid(DAY, 700 + n, name="Nobody", account="", text="?") for n in range(count)]
    import_and_match(*older, Paid(DAY + timedelta(days=1), 5000, text=donor.code))
    first = certain_entries.list_certain_payments()
    assert not first.decisions and first.last_entry_id is not None
    behind = certain_entries.list_certain_payments(after_entry_id=first.last_entry_id)
    assert [one.place.credit.amount.minor for one in behind.decisions] == [5000]
    assert behind.last_entry_id is None
    where = {"after_entry_id": first.last_entry_id, "now": now, "actor": "user:5"}
    assert certain_entries.accept_shown_payments(behind.digest, **where) == 1
    db.session.commit()
    assert certain_entries.accept_shown_payments(behind.digest, **where) == 0


def test_certain_is_found_behind_older_entries(database: Flask, now: datetime) -> None:
    """What is certain is found behind any number of older entries."""
    donor = anna(now)
    older = [
        Paid(DAY, 700 + n, name="Nobody", account="", text="?") for n in range(certain_entries.AT_ONCE + 3)
    ]
    sure = [Paid(DAY + timedelta(days=n // 300), 5000, text=donor.code, ref=f"R{n}") for n in range(3)]
    import_and_match(*older, *sure)
    assert accept(now) == 3
    assert states() == {"matched": 3, "suspense": len(older)}
    assert_sound()


def test_every_chunk_is_audited(database: Flask, now: datetime) -> None:
    """Every chunk is written to the audit, and all of them are counted."""
    donor = anna(now)
    many = certain_entries.AT_ONCE + 20
    import_and_match(*(Paid(DAY, 5000 + n, text=donor.code) for n in range(many)))
    assert accept(now, statement_id=db.session.scalars(select(Statement.id)).one()) == many
    told = db.session.scalars(
        select(AuditRecord).where(AuditRecord.what == "entries.accepted").order_by(AuditRecord.id)
    ).all()
    assert [record.data["count"] for record in told] == [certain_entries.AT_ONCE, 20]
    assert_sound()
