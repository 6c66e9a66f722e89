"""Money of an unknown donor on the pages, and giving it to the donor whose it is."""

from __future__ import annotations

from datetime import timedelta

from donorhub import clock
from donorhub.db import db
from donorhub.services.bank.matching import deadlines, unknown_donor
from tests.web.bank.bank_world import Staff, donor, let_write, words_of
from tests.web.bank.test_entries import entry_of, gifts_now, statement

LINE = ("2026-11-19", "50.00", "LIS OLGA", "PL83101010230000261395100000", "dar serca")


def let_days_pass() -> None:
    let_write()
    deadlines.settle_expired_entries(now=clock.now() + timedelta(days=91))
    db.session.commit()


def test_unclaimed_money_is_given_to_its_donor(accountant: Staff) -> None:
    olga = donor("Olga Lis")
    statement(accountant, LINE)
    let_days_pass()
    assert "Nothing waits to be decided." in words_of(accountant.get("/bank/to-decide").text)
    page = words_of(accountant.get("/bank/unclaimed").text)
    assert "Nobody had said in time whose it is" in page and "PLN 50.00" in page
    row = entry_of("LIS OLGA")
    assert "It is this donor's gift" in accountant.text(f"/bank/entries/{row.id}?q=Olga+Lis")
    for _ in range(2):
        assert accountant.click(f"/bank/entries/{row.id}/give", donor=olga.id).status_code == 302
    assert gifts_now() == [("Olga Lis", 5000)]
    assert "None yet." in words_of(accountant.get("/bank/unclaimed").text)


def test_unclaimed_money_is_decided_in_the_list(accountant: Staff) -> None:
    """What is proposed stands beside it, and a new donor is made of the payer."""
    statement(accountant, LINE)
    let_days_pass()
    row = entry_of("LIS OLGA")
    path = f"/bank/entries/{row.id}/new-donor"
    assert path in accountant.get("/bank/unclaimed").text
    assert accountant.click(path, name="Olga Lis").status_code == 302
    assert gifts_now() == [("Olga Lis", 5000)]


def test_list_of_unclaimed_money_is_a_file(accountant: Staff) -> None:
    statement(accountant, LINE)
    let_days_pass()
    text = accountant.get("/bank/entries/download?tab=unclaimed&format=csv").text
    assert "LIS OLGA" in text and "Unknown donor" in text


def test_page_of_unknown_donor_says_where(accountant: Staff) -> None:
    statement(accountant, LINE)
    let_days_pass()
    answer = accountant.get(f"/donors/{unknown_donor.find_id()}")
    assert answer.status_code == 404
    assert "Nobody knows yet who gave this" in words_of(answer.text)
