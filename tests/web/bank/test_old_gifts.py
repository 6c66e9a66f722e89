"""Old money in a bank's file: booked like any other; nobody is written to unless a person asks for it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Entry, Message, Task
from tests.conftest import NOW
from tests.web.bank.bank_world import PAYER, Staff, let_write, work
from tests.web.bank.test_entries import statement
from tests.web.desk import rows

OTHER = "PL83101010230000261395100000"


def take_as_gifts(staff: Staff) -> None:
    """Make a donor with an address of each entry that waits."""
    let_write()
    waiting = select(Entry.id).where(Entry.state == "suspense").order_by(Entry.id)
    for number, entry_id in enumerate(db.session.scalars(waiting).all(), start=1):
        fields = {
            "kind": "person",
            "name": f"Payer {number}",
            "city": f"Town {number}",
            "email": f"p{number}@example.org",
            "lang": "pl",
        }
        answer = staff.click(f"/bank/entries/{entry_id}/new-donor", **fields)
        assert answer.status_code == 302, answer.text
    clock.use_clock(lambda: NOW + timedelta(hours=1))
    work()


def list_addresses() -> list[str]:
    let_write()
    return list(db.session.scalars(select(Message.to_address).order_by(Message.id)))


def test_old_statement_writes_to_nobody(accountant: Staff) -> None:
    """A statement of two years ago writes neither to its donors nor to the staff, one of last week does."""
    old = [("2024-11-19", "50.00", "KOWALSKA ANNA", PAYER, "x"), ("2024-11-19", "70.00", "HOXHA", OTHER, "y")]
    Staff(accountant.client.application, "steward")
    page = statement(accountant, *old)
    take_as_gifts(accountant)
    assert list_addresses() == []
    assert "2 gifts are too old to be thanked for by themselves: nobody is written to." in accountant.text(
        page
    )
    clock.use_clock(lambda: NOW + timedelta(days=200))
    work()
    assert list_addresses() == []


def test_statement_of_last_week_thanks(accountant: Staff) -> None:
    page = statement(accountant, ("2026-11-16", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    take_as_gifts(accountant)
    assert list_addresses() == ["p1@example.org"]
    assert "too old" not in accountant.text(page)


def test_chosen_old_gift_is_thanked_once(accountant: Staff) -> None:
    """Of old gifts the ticked ones are thanked for, once however often the form is sent."""
    old = [("2024-11-18", "50.00", "KOWALSKA ANNA", PAYER, "x"), ("2024-11-19", "70.00", "HOXHA", OTHER, "y")]
    page = statement(accountant, *old)
    take_as_gifts(accountant)
    shown = accountant.text(f"{page}/old-gifts")
    assert "Payer 1" in shown and "Payer 2" in shown
    for _ in range(2):
        answer = accountant.click(f"{page}/old-gifts", gift_ids="1")
        assert answer.status_code == 302
        work()
    assert list_addresses() == ["p1@example.org"]
    asked_task, held_task = db.session.scalars(
        select(Task).filter_by(kind="thank_you").order_by(Task.id)
    ).all()
    assert (asked_task.state, asked_task.outcome, held_task.state, held_task.outcome) == (
        "done",
        "planned",
        "cancelled",
        "too_old",
    )
    assert "Payer 1" not in accountant.text(f"{page}/old-gifts")
    assert "Payer 2" in accountant.text(f"{page}/old-gifts")


def test_list_that_changed_thanks_nobody(accountant: Staff) -> None:
    """Where somebody thanked for one of them since, nobody is thanked, and the page shows who is left."""
    old = [("2024-11-18", "50.00", "KOWALSKA ANNA", PAYER, "x"), ("2024-11-19", "70.00", "HOXHA", OTHER, "y")]
    page = f"{statement(accountant, *old)}/old-gifts"
    take_as_gifts(accountant)
    digest = accountant.digest_of(page)
    accountant.click(page, gift_ids="1")
    before = rows()
    for sent in (digest, ""):
        answer = accountant.post(page, gift_ids="2", digest=sent)
        assert answer.status_code == 422 and "This changed since it was shown" in answer.text
        assert rows() == before
    assert accountant.click(page, gift_ids="2").status_code == 302


def test_nothing_ticked_thanks_for_nothing(accountant: Staff) -> None:
    page = statement(accountant, ("2024-11-18", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    take_as_gifts(accountant)
    answer = accountant.click(f"{page}/old-gifts")
    assert answer.status_code == 422
    work()
    assert list_addresses() == []


def test_old_gift_is_thanked_on_its_page(accountant: Staff) -> None:
    """The page of an old gift says why nobody is thanked, and thanks when a person wants it."""
    statement(accountant, ("2024-11-18", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    take_as_gifts(accountant)
    assert "it came too long ago" in accountant.text("/gifts/1")
    accountant.click("/gifts/1/thank")
    work()
    assert list_addresses() == ["p1@example.org"]
    assert "Thank for it now" not in accountant.text("/gifts/1")
