"""In closed books people change nothing; what banks tell of those days still comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Entry, Gift
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import imports
from donorhub.services.bank.matching import entries
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from tests.services.bank.bank import Paid, assert_sound, camt, ledger, match, rows, send
from tests.web.bank.bank_world import Staff

DAY = date(2026, 10, 5)
PAID = [Paid(DAY, 5000, ref="R1"), Paid(date(2026, 11, 3), 700, ref="R2")]


def close_books(until: date | None) -> None:
    organisation.change_organisation({"closed_until": until}, now=clock.now(), actor="user:1")
    db.session.commit()


def record_gift(donor_id: int, source: str, on: date = DAY) -> Gift:
    gift, _ = gifts.record_gift(
        donor_id,
        Money(100, "PLN"),
        received_on=on,
        source=source,
        source_ref=f"{source}{on}",
        now=clock.now(),
        actor="user:1",
    )
    db.session.commit()
    return gift


@pytest.fixture
def file_id(database: Flask, now: datetime) -> int:
    """A file whose first entry somebody decided to be a gift, on a day whose books are closed then."""
    made = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor="user:1")
    db.session.commit()
    file = send(camt(PAID))
    match()
    first = db.session.scalars(select(Entry.id).order_by(Entry.id).limit(1)).one()
    entries.accept_shares(first, [Share(made.id, 5000)], now=now, actor="user:1")
    db.session.commit()
    close_books(DAY)
    return file.id


def test_nothing_that_people_do_reaches_into_closed_books(file_id: int, now: datetime) -> None:
    gift = db.session.scalars(select(Gift)).one()
    entry_id = db.session.scalars(select(Entry.id).order_by(Entry.id).limit(1)).one()
    attempts: list[Callable[[], object]] = [
        lambda: import_undo.take_back_import(
            file_id, reason="x", undo_decisions=True, now=now, actor="user:1"
        ),
        lambda: entries.undo_entry(entry_id, now=now, actor="user:1"),
        lambda: gifts.correct_gift(gift.id, reason="typo", source_ref="c", now=now, actor="user:1"),
        lambda: record_gift(gift.donor_id, "manual"),
        lambda: record_gift(gift.donor_id, "api:1"),
    ]
    before = rows()
    for attempt in attempts:
        with pytest.raises(Rejected) as refusal:
            attempt()
        assert (refusal.value.specific_code, refusal.value.facts["until"]) == ("books_closed", "2026-10-05")
        db.session.rollback()
        assert rows() == before


def test_later_days_and_bank_entries_are_open(file_id: int) -> None:
    """The day after the closed books is open, and so is all that banks and providers bring."""
    donor_id = db.session.scalars(select(Gift.donor_id)).one()
    assert record_gift(donor_id, "manual", date(2026, 10, 6)).id
    assert record_gift(donor_id, "stripe").received_on == DAY
    late = send(camt([Paid(date(2026, 10, 2), 900, ref="R0")]))
    assert (late.state, late.new_count) == ("done", 1)
    assert_sound()


def test_opened_again_the_import_can_be_taken_back(file_id: int, now: datetime) -> None:
    kinds = [one.kind for one in import_undo.list_obstacles(file_id)]
    assert kinds == ["closed_books", "decision"]
    close_books(None)
    assert [one.kind for one in import_undo.list_obstacles(file_id)] == ["decision"]
    import_undo.take_back_import(file_id, reason="x", undo_decisions=True, now=now, actor="user:1")
    db.session.commit()
    assert (imports.get_file(file_id).state, ledger()) == ("taken_back", {})


def test_pages_let_admin_open_books(database: Flask, file_id: int) -> None:
    """The pages say that the books are closed, and let an admin open them."""
    accountant = Staff(database, "accountant")
    page = f"/bank/files/{file_id}/take-back"
    assert "closed books, up to" in accountant.text(page)
    assert accountant.post(page, reason="wrong", undo_decisions="1").status_code == 422
    admin = Staff(database, "admin")
    assert 'value="2026-10-05"' in admin.get("/settings/organisation").text
    start = {name: getattr(organisation.get_organisation(), name) for name in organisation.FIELDS}
    sent = {name: value for name, value in start.items() if isinstance(value, str)} | {"legal_name": "F"}
    answer = admin.post("/settings/organisation", **sent, closed_until="")
    assert answer.status_code == 302
    db.session.rollback()
    assert organisation.get_organisation().closed_until is None
