"""Sending a bank's file in the browser: what is refused, what came of it, what it asks, what is held."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import AuditRecord, BankAccount, Entry, ImportFile, Statement, Task
from tests.web.bank.bank_world import OURS, PAYER, UNKNOWN_CSV, Staff, camt, words_of, work

LINES = [
    ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "darowizna"),
    ("2026-11-20", "-12.50", "BANK", "", "opłata za prowadzenie rachunku"),
]


def import_file(staff: Staff, data: bytes) -> str:
    """Upload a statement of an account that is new, and say that it is ours."""
    page = staff.upload(data)
    staff.confirm(page)
    work()
    return page


def test_unknown_account_is_added_by_click(accountant: Staff) -> None:
    """A file of an unknown account asks, and is imported with one click."""
    page = accountant.upload(camt(LINES))
    text = accountant.text(page)
    assert "PL61 1090 1014 0000 0712 1981 2874 in PLN is not known yet" in text
    assert accountant.confirm(page).status_code == 302
    work()
    text = accountant.text(page)
    assert "Opening balance PLN 100.00" in text
    assert "Money in PLN 50.00" in text
    assert "Money out PLN -12.50" in text
    assert "Closing balance PLN 137.50" in text
    assert "2 new entries" in text
    assert db.session.scalar(select(BankAccount.number)) == OURS


def test_waiting_page_renews_itself(accountant: Staff) -> None:
    """While the worker has not come, the page shows progress, and offers a look without loading itself."""
    answer = accountant.post("/bank/files", file=(io.BytesIO(camt(LINES)), "a.xml"))
    page = accountant.get(answer.headers["Location"])
    assert "http-equiv" not in page.text and "data-waits" in page.text and "Look again" in page.text
    assert "The file is being read." in words_of(page.text)


def test_same_file_leads_to_first(accountant: Staff) -> None:
    """The same file again changes nothing, and leads to what came of it."""
    first = import_file(accountant, camt(LINES))
    assert accountant.upload(camt(LINES), "another-name.xml") == first
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 2
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 1


def test_nothing_chosen_is_refused_beside_the_field(accountant: Staff) -> None:
    answer = accountant.post("/bank/files", file=(io.BytesIO(b""), ""))
    assert answer.status_code == 422
    assert "Please choose a file; it may not be empty." in words_of(answer.text)


def test_a_currency_that_is_none_is_refused(accountant: Staff) -> None:
    answer = accountant.post("/bank/files", file=(io.BytesIO(b"x"), "a.csv"), currency="zloty")
    assert answer.status_code == 422
    assert "Three letters" in words_of(answer.text)
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0


def test_held_statement_needs_a_reason(
    accountant: Staff,
) -> None:
    """A statement that does not add up is held with its figures, and released only with a reason."""
    import_file(accountant, camt(LINES))
    page = accountant.upload(
        camt([("2026-11-21", "20.00", "NOWAK JAN", PAYER, "x")], opening="137.50", closing="999.00")
    )
    text = accountant.text(page)
    assert "PLN 157.50 was reckoned, the bank says PLN 999.00. The difference is PLN 841.50" in text
    held = db.session.scalar(select(Statement).filter_by(state="held"))
    assert held is not None
    path = f"/bank/statements/{held.id}/release"
    assert accountant.click(path, reason=" ").status_code == 422
    db.session.expire_all()
    assert db.session.get_one(Statement, held.id).state == "held"
    assert accountant.click(path, reason="The bank confirmed it by phone").status_code == 302
    work()
    assert "Released on" in accountant.text(page) and "by Ann accountant" in accountant.text(page)
    assert "Reason: The bank confirmed it by phone" in accountant.text(page)
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 3
    record = db.session.scalar(select(AuditRecord).filter_by(what="statement.released"))
    assert record is not None and record.actor.startswith("user:")


def test_steward_releases_no_statement(database: Flask) -> None:
    """A steward sees a held statement and may not release it."""
    accountant = Staff(database, "accountant")
    import_file(accountant, camt(LINES))
    page = accountant.upload(camt([LINES[0]], opening="1.00", closing="2.00"))
    steward = Staff(database, "steward")
    assert "An accountant or an administrator can release it." in steward.text(page)
    held = db.session.scalar(select(Statement.id).filter_by(state="held"))
    assert steward.post(f"/bank/statements/{held}/release", reason="x").status_code == 403


@pytest.mark.parametrize("role", ["fundraiser", "caller", "communications"])
def test_other_roles_see_no_bank(database: Flask, role: str) -> None:
    """Who has nothing to do with the bank sees none of its pages."""
    staff = Staff(database, role)
    for path in ("/bank", "/bank/files", "/bank/to-decide", "/bank/files/1", "/bank/files/1/columns"):
        assert staff.get(path).status_code == 403, path
    assert "/bank" not in staff.get("/").text


def test_a_steward_reads_and_may_not_upload(database: Flask) -> None:
    steward = Staff(database, "steward")
    assert "Import a file from the bank" not in steward.text("/bank")
    assert steward.post("/bank/files", file=(io.BytesIO(b"x"), "a")).status_code == 403


@pytest.mark.parametrize("path", ["/bank/files", "/bank/accounts", "/bank/files/1/columns"])
def test_a_form_without_its_token_is_refused(accountant: Staff, path: str) -> None:
    assert accountant.client.post(path, data={}).status_code == 400


def test_no_bank_file_is_refused(accountant: Staff) -> None:
    """What is no bank file is refused in words."""
    page = accountant.upload(b"<html><body>Sign in</body></html>", "statement.html")
    text = accountant.text(page)
    assert "refused" in text
    assert "What you should know" in text


def test_an_unknown_table_leads_to_its_columns(accountant: Staff) -> None:
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    answer = accountant.get(page)
    assert f'href="{page}/columns"' in answer.text
    assert "DonorHub does not know this table yet" in words_of(answer.text)


def test_gaps_show_what_is_missing(accountant: Staff) -> None:
    """Gaps between statements are listed, with what is missing."""
    import_file(accountant, camt(LINES))
    accountant.upload(camt([("2026-11-21", "5.00", "X Y", PAYER, "z")], opening="140.00"))
    account = db.session.scalars(select(BankAccount.id)).one()
    assert "1 gap" in accountant.text("/bank")
    text = accountant.text(f"/bank/accounts/{account}")
    assert "Entries that add up to PLN 2.50 are not here" in text


def test_account_is_added_and_set(accountant: Staff) -> None:
    """An account is added, renamed and set to a way of matching; a wrong one is refused."""
    made = accountant.post("/bank/accounts", number="61 1090 1014 0000 0712 1981 2874", new_currency="pln")
    assert made.status_code == 302
    page = made.headers["Location"]
    assert accountant.post(page, name="Darowizny", matching="auto").status_code == 302
    row = db.session.scalars(select(BankAccount)).one()
    assert (row.name, row.matching, row.number) == ("Darowizny", "auto", OURS)
    assert accountant.post(page, name="Darowizny", matching="always").status_code == 422
    assert accountant.post("/bank/accounts", number="", new_currency="PLN").status_code == 422


def test_the_pages_speak_polish_and_albanian(database: Flask) -> None:
    assert "Wyciągi bankowe" in Staff(database, "accountant", lang="pl").text("/bank")
    assert "Pasqyrat" in Staff(database, "accountant", lang="sq").text("/bank")


def test_given_up_file_is_read_again(
    accountant: Staff,
) -> None:
    """A file whose reading was given up says so, and is read again with one click."""
    answer = accountant.post("/bank/files", file=(io.BytesIO(camt(LINES)), "a.xml"))
    page = answer.headers["Location"]
    task = db.session.scalars(select(Task).filter_by(kind="import_file")).one()
    task.state, task.last_error = "dead", "the worker stopped while it was doing this"
    db.session.commit()
    timer.bury_dead_tasks()
    text = accountant.text(page)
    assert "failed" in text and "Reading failed several times and was given up" in text
    assert "Read it again" in text and "This page renews itself" not in text
    accountant.post(f"{page}/again")
    work()
    assert "is not known yet" in accountant.text(page)
