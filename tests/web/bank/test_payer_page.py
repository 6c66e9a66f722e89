"""A payer's page: what they pay for, what a year would become, and ending a use; the same over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import AuditRecord, Entry, PayerUse
from donorhub.services.bank.matching import entries, payer_pages
from donorhub.services.bank.matching.entries import Share
from tests.services.bank.bank import Paid
from tests.services.bank.matching.matching_world import DAY, donor, import_and_match
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write

KIN = (("darowizna Anny", 5000), ("za Jana", 3000))


@pytest.fixture
def payer_id(database: Flask) -> int:
    """Anna's account pays for her and for Jan; people said so of the first five payments of six."""
    anna, jan = donor(), donor("Jan Lis")
    paid = [
        Paid(DAY + timedelta(days=2 * n + place), minor + n, name="Anna Osoba", text=text)
        for n in range(3)
        for place, (text, minor) in enumerate(KIN)
    ]
    import_and_match(*paid)
    for entry in db.session.scalars(select(Entry).order_by(Entry.booked_on)).all()[:5]:
        giver = anna if "Anny" in entry.remittance else jan
        entries.accept_shares(
            entry.id, [Share(giver.id, entry.amount_minor)], now=clock.now(), actor="user:1"
        )
    db.session.commit()
    return db.session.scalars(select(PayerUse.payer_id)).first() or 0


def list_uses() -> list[tuple[int, bool]]:
    let_write()
    uses = db.session.scalars(select(PayerUse).order_by(PayerUse.id))
    return [(use.hits, use.ended_on is not None) for use in uses]


def test_page_shows_uses_and_a_year(database: Flask, payer_id: int) -> None:
    page = Staff(database, "accountant").get(f"/bank/payers/{payer_id}").text
    assert "darowizna anny" in page.lower() and "za jana" in page
    view = payer_pages.view_payer(payer_id, today=DAY + timedelta(days=30))
    assert [(one.use.hits, one.donor.name) for one in view.uses] == [
        (3, view.uses[0].donor.name),
        (2, "Jan Lis"),
    ]
    assert len(view.payments) == 5
    assert {one.outcome for one in view.payments} <= {"same", "asks"}
    assert view.counts["same"] >= 3


def test_page_ends_a_use_once(database: Flask, payer_id: int) -> None:
    """Ended, it counts no more and the page says so; a second time nothing changes."""
    staff = Staff(database, "accountant")
    page = staff.get(f"/bank/payers/{payer_id}").text
    use_id = db.session.scalars(select(PayerUse.id).order_by(PayerUse.id)).first()
    fields = fields_with_digest(page)
    path = f"/bank/payers/{payer_id}/uses/{use_id}/end"
    assert staff.post(path, **fields).status_code == 302
    assert list_uses() == [(3, True), (2, False)]
    staff.post(path, **fields)
    assert list_uses() == [(3, True), (2, False)]
    assert len(db.session.scalars(select(AuditRecord).filter_by(what="payer_use.ended")).all()) == 1


def test_page_refuses_what_changed(database: Flask, payer_id: int) -> None:
    """Somebody answered about the payer since: nothing is ended, and the page is that of now."""
    staff = Staff(database, "accountant")
    fields = fields_with_digest(staff.get(f"/bank/payers/{payer_id}").text)
    let_write()
    use = db.session.scalars(select(PayerUse).order_by(PayerUse.id)).all()[1]
    last = db.session.scalars(select(Entry).where(Entry.state == "suspense")).one()
    share = Share(use.donor_id, last.amount_minor)
    entries.accept_shares(last.id, [share], now=clock.now(), actor="user:2")
    db.session.commit()
    answer = staff.post(f"/bank/payers/{payer_id}/uses/{use.id}/end", **fields)
    assert answer.status_code in (409, 422)
    assert list_uses() == [(3, False), (3, False)]


def test_ended_use_is_not_trusted(database: Flask, payer_id: int) -> None:
    """Without the use the year would ask where it decided; nothing that was decided is changed."""
    today = DAY + timedelta(days=30)
    before = payer_pages.view_payer(payer_id, today=today).counts
    for use in db.session.scalars(select(PayerUse)).all():
        payer_pages.end_use(payer_id, use.id, today=today, now=clock.now(), actor="user:1")
    db.session.commit()
    after = payer_pages.view_payer(payer_id, today=today).counts
    assert before["same"] > after["same"] == 0
    assert sum(before.values()) == sum(after.values()) == 5
