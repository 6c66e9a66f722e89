"""Entries that are gifts recorded already are joined as they were shown: on the page and over the API."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import AuditRecord, Entry, Gift
from donorhub.services.bank.matching import entries
from tests.services.bank.bank import ANNA, Paid, camt, match, open_account, send
from tests.services.moving.records import bring, count
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write

PAGE = "/bank/same-gifts"
DAY = date(2026, 10, 5)


def prepare_both() -> None:
    """Bring two gifts of a move, and the bank's entries for both."""
    rows = f"Anna Kowalska;2026-10-04;50;{ANNA}\nAnna Kowalska;2026-10-06;60;{ANNA}\n"
    bring(f"Name;Date;Amount;IBAN\n{rows}".encode())
    open_account("auto")
    send(camt([Paid(DAY, 5000, ref="R1"), Paid(DAY, 6000, ref="R2")]))
    match()
    db.session.commit()


@pytest.fixture
def base(database: Flask) -> Flask:
    """An installation with both."""
    prepare_both()
    return database


def read_states() -> list[str]:
    let_write()
    return list(db.session.scalars(select(Entry.state).order_by(Entry.id)))


def decide_first() -> None:
    let_write()
    entry_id = db.session.scalars(select(Entry.id).order_by(Entry.id)).first()
    assert entry_id is not None
    entries.mark_not_a_gift(entry_id, "own_transfer", now=clock.now(), actor="user:1")
    db.session.commit()


def test_the_page_joins_what_it_showed(base: Flask) -> None:
    """The list leads there, one click joins both, and sent twice it joins nothing more."""
    staff = Staff(base, "accountant")
    assert f'href="{PAGE}"' in staff.get("/bank/to-decide").text
    fields = fields_with_digest(staff.get(PAGE).text)
    assert "These 2 entries are these gifts" in staff.text(PAGE)
    assert staff.post(PAGE, **fields).status_code == 302
    assert read_states() == ["matched", "matched"]
    assert count(Gift) == 2
    assert staff.post(PAGE, **fields).status_code == 302
    assert count(Gift) == 2
    assert "No entry here is a gift that is recorded already." in staff.text(PAGE)
    joined = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "entries.joined")).one()
    assert joined.actor.startswith("user:") and joined.data == {"count": 2}


def test_the_page_shows_what_changed(base: Flask) -> None:
    """Where one was decided since, nothing is joined and the page shows the other."""
    staff = Staff(base, "accountant")
    fields = fields_with_digest(staff.get(PAGE).text)
    decide_first()
    answer = staff.post(PAGE, **fields)
    assert answer.status_code == 422
    assert "nothing was joined" in answer.text
    assert read_states() == ["not_gift", "suspense"]


def test_one_entry_is_joined_from_its_page(base: Flask) -> None:
    """The entry's page leads to the join of it alone."""
    staff = Staff(base, "accountant")
    let_write()
    first, _ = db.session.scalars(select(Entry.id).order_by(Entry.id)).all()
    page = f"{PAGE}?entry={first}"
    assert f'href="{page}"' in staff.get(f"/bank/entries/{first}").text
    staff.post(PAGE, **fields_with_digest(staff.get(page).text))
    assert read_states() == ["matched", "suspense"]
