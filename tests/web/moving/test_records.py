"""Bringing donors and gifts in the browser, by forms alone: sent, answered, mended, written, taken away."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Gift, RecordRow
from donorhub.services.moving import record_purging
from tests import record_books
from tests.services.moving.records import count
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write, words_of, work
from tests.web.desk import rows

TWO_WAYS = "Darczyńca;Data;Kwota;Cel\nAnna Lis;03/02/2024;50;Psy\nJan Lis;04/02/2024;60;\n"


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "admin")


def send(staff: Staff, data: bytes, name: str = "plik.xlsx") -> str:
    """Send a file and return the address of its page."""
    answer = staff.post("/moving-in", file=(io.BytesIO(data), name))
    assert answer.status_code == 302, words_of(answer.text)
    return str(answer.headers["Location"])


def bring(staff: Staff, page: str) -> None:
    """Click the button that brings a file as its page shows it, and let the worker write it."""
    fields = fields_with_digest(staff.get(page).text)
    assert fields, staff.text(page)
    assert staff.post(f"{page}/write", **fields).status_code == 302
    work()


def count_all() -> tuple[int, int]:
    """Return how many donors and gifts there are."""
    let_write()
    counts = count(Donor), count(Gift)
    let_write()
    return counts


def test_months_are_brought_in_few_clicks(staff: Staff) -> None:
    """A column a month and no year: three answers at once, a name mended for its row, the button."""
    lines = ["Imię i nazwisko;I;II;III;Razem zł", "Anna Lis;10;20;;30", ";5;5;x;10", "Razem;15;25;;40"]
    page = send(staff, "\n".join(lines).encode(), "skladki.csv")
    text = staff.text(page)
    assert "In which year does the first month of this sheet lie?" in text
    assert "which day of it counts?" in text
    staff.post(f"{page}/answers", **{"year-sheet": "", "year": "2024", "month_day": "last"})
    text = staff.text(page)
    assert "cell B3" in text
    assert "a cross tells no amount" in text
    let_write()
    held_row = db.session.scalars(select(RecordRow).filter_by(row_no=3).order_by(RecordRow.id)).first()
    assert held_row is not None
    row_id = held_row.id
    let_write()
    staff.post(f"{page}/answers", **{"row": str(row_id), f"cell-{row_id}-0": "Jan Wilk"})
    assert "agrees with the months beside it in 2 rows" in staff.text(page)
    staff.post(f"{page}/answers", periods="columns")
    assert "each filled cell below one is a gift" not in staff.text(page)
    staff.post(f"{page}/answers", periods="gifts")
    assert "each filled cell below one is a gift" in staff.text(page)
    bring(staff, page)
    assert count_all() == (2, 4)
    again = send(staff, "\n".join(lines[:3]).encode(), "skladki-2.csv")
    staff.post(f"{again}/answers", **{"year-sheet": "", "year": "2024", "month_day": "first"})
    assert "here already 2" in staff.text(again)
    assert count_all() == (2, 4)


def test_a_workbook_is_brought_whole(staff: Staff) -> None:
    """A currency is asked, the held row is mended in place, sums and button agree with what is written."""
    page = send(staff, record_books.make_polish_years())
    text = staff.text(page)
    assert "In which currency are the amounts?" in text
    assert count_all() == (0, 0)
    staff.post(f"{page}/answers", currency="PLN")
    text = staff.text(page)
    assert "Bring 4 new donors, 6 gifts (PLN 1,684.50)" in text
    assert "2024 not counted: rows 8 3 PLN 300.00 PLN 330.00 PLN 30.00" in text
    assert "the day cannot be read" in text
    let_write()
    row = db.session.scalars(select(RecordRow).where(RecordRow.state == "held")).one()
    row_id = row.id
    let_write()
    staff.post(f"{page}/answers", row=row_id, **{f"cell-{row_id}-4": "20.04.2024"})
    text = staff.text(page)
    assert "Bring 5 new donors, 7 gifts (PLN 1,714.50)" in text
    assert "2024 4 PLN 330.00 PLN 330.00 PLN 0.00" in text
    bring(staff, page)
    assert count_all() == (5, 7)
    assert "brought" in staff.text(page)


def test_twice_in_a_row_changes_nothing(staff: Staff) -> None:
    """The same file again leads to what became of it, and a button pressed twice writes once."""
    page = send(staff, record_books.make_albanian_text(), "a.csv")
    fields = fields_with_digest(staff.get(page).text)
    staff.post(f"{page}/write", **fields)
    staff.post(f"{page}/write", **fields)
    work()
    assert count_all() == (2, 3)
    assert send(staff, record_books.make_albanian_text(), "b.csv") == page
    assert count_all() == (2, 3)
    longer = send(staff, record_books.make_albanian_text() + b"\n", "c.csv")
    assert "Nothing of this file is new" in staff.text(longer)


def test_questions_are_answered_on_the_page(staff: Staff) -> None:
    """The order of days and a new fund are asked, and a column that is left out stays out."""
    page = send(staff, TWO_WAYS.encode(), "a.csv")
    staff.post(f"{page}/answers", date_order="dmy", currency="PLN")
    assert "Nobody knows these funds yet" in staff.text(page)
    staff.post(f"{page}/answers", **{"fund-value": "Psy", "fund-choice": "new"})
    assert "Bring 2 new donors, 2 gifts" in staff.text(page)
    staff.post(f"{page}/answers", **{"column-3": "left_out"})
    bring(staff, page)
    let_write()
    assert [gift.received_on.isoformat() for gift in db.session.scalars(select(Gift))] == [
        "2024-02-03",
        "2024-02-04",
    ]
    second = send(staff, (TWO_WAYS + "Ida Lis;05/03/2024;70;Koty\n").encode(), "b.csv")
    text = staff.text(second)
    assert "Bring 1 new donor, 1 gift (PLN 70.00)" in text


def test_a_row_is_left_out_and_taken_in(staff: Staff) -> None:
    """A held row may be left out, and taken in again; the numbers follow."""
    page = send(staff, b"Name;Date;Amount EUR\nA Lis;wczoraj;10\nB Lis;2024-02-02;50\n", "a.csv")
    for deed, state in (("leave", "left_out"), ("restore", "held")):
        let_write()
        row_id = db.session.scalars(select(RecordRow.id).where(RecordRow.row_no == 2)).one()
        let_write()
        staff.post(f"{page}/answers", row=row_id, **{deed: row_id})
        let_write()
        assert db.session.scalars(select(RecordRow.state).where(RecordRow.row_no == 2)).one() == state
        let_write()


def test_what_was_brought_is_taken_away(staff: Staff) -> None:
    """One button takes the file away, and it can be brought again."""
    page = send(staff, record_books.make_albanian_text(), "a.csv")
    bring(staff, page)
    text = staff.text(f"{page}/take-back")
    assert "3 gifts are corrected, 2 donors are taken away." in text
    fields = fields_with_digest(staff.get(f"{page}/take-back").text)
    assert staff.post(f"{page}/take-back", **fields).status_code == 302
    assert "taken away" in staff.text(page)
    assert send(staff, record_books.make_albanian_text(), "a.csv") == page
    bring(staff, page)
    assert count_all()[1] == 6


def test_taken_away_file_comes_again_by_a_button(staff: Staff) -> None:
    """Once taken away, a file is shown anew with all answers; pressed twice it is shown once, and a file
    that is brought, or whose content is forgotten, is refused.
    """
    page = send(staff, TWO_WAYS.encode(), "a.csv")
    again = f"{page}/again"
    staff.post(f"{page}/answers", date_order="dmy", currency="PLN", **{"column-3": "left_out"})
    bring(staff, page)
    assert staff.post(again).status_code == 422
    assert "To the donors" in staff.text(page)
    fields = fields_with_digest(staff.get(f"{page}/take-back").text)
    staff.post(f"{page}/take-back", **fields)
    assert "Bring it again" in staff.text(page)
    for _ in range(2):
        assert staff.post(again).status_code == 302
    assert "Bring 2 new donors, 2 gifts" in staff.text(page)
    bring(staff, page)
    assert count_all()[1] == 4
    fields = fields_with_digest(staff.get(f"{page}/take-back").text)
    staff.post(f"{page}/take-back", **fields)
    let_write()
    record_purging.purge_files(keep=timedelta(0), now=clock.now() + timedelta(days=1))
    db.session.commit()
    assert "Bring it again" not in staff.text(page)
    assert staff.post(again).status_code == 422


def test_what_changed_is_shown_again(staff: Staff) -> None:
    """A digest of before does nothing."""
    page = send(staff, record_books.make_albanian_text(), "a.csv")
    before = rows().get("gift", [])
    answer = staff.post(f"{page}/write", digest="0" * 64)
    assert answer.status_code == 302
    work()
    assert rows().get("gift", []) == before
    assert "not brought yet" in staff.text(page)


def test_what_is_no_table_is_refused(staff: Staff) -> None:
    """A PDF and nothing at all are refused, and nothing is kept."""
    before = rows()
    for data, name in ((b"%PDF-1.7", "a.pdf"), (b"", "a.csv"), (b"Name;Amount\n", "a.csv")):
        answer = staff.post("/moving-in", file=(io.BytesIO(data), name))
        assert answer.status_code == 422
    assert rows() == before


def test_pages_speak_the_readers_language(database: Flask) -> None:
    """No English sentence stands on the Polish and Albanian pages."""
    for lang, button in (("pl", "Wprowadź: 4 nowych darczyńców"), ("sq", "Sill: 4 donatorë të rinj")):
        staff = Staff(database, "admin", lang=lang)
        page = send(staff, record_books.make_polish_years())
        staff.post(f"{page}/answers", currency="PLN")
        text = staff.text(page)
        assert button in text
        assert not re.search(r"\b(the|gift|rows|donor)\b", text.replace("donor hub", ""))


def test_a_bank_page_leads_here(staff: Staff) -> None:
    """A file of people is in no list of bank files, and its address there leads to its own page."""
    page = send(staff, record_books.make_albanian_text(), "ludzie.csv")
    number = page.rpartition("/")[2]
    assert "ludzie.csv" not in staff.text("/bank/files")
    assert staff.get(f"/bank/files/{number}").headers["Location"] == page


def test_held_rows_are_taken_out(staff: Staff) -> None:
    """The page leads to the held rows with their reason in the reader's words, before and after."""
    page = send(staff, record_books.make_polish_years())
    staff.post(f"{page}/answers", currency="PLN")
    assert f'href="{page}/held-rows"' in staff.get(page).text
    bring(staff, page)
    assert f'href="{page}/held-rows"' in staff.get(page).text
    answer = staff.get(f"{page}/held-rows")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, row = answer.data.decode("utf-8-sig").splitlines()
    assert header.endswith(",DonorHub: why,DonorHub: row")
    assert row.endswith(",the day cannot be read,2024 8")


def test_a_forgotten_file_says_so(staff: Staff) -> None:
    """After its days the page tells that the cells are gone, and still takes the file away."""
    page = send(staff, record_books.make_polish_years())
    staff.post(f"{page}/answers", currency="PLN")
    bring(staff, page)
    let_write()
    assert record_purging.purge_files(keep=timedelta(0), now=clock.now() + timedelta(days=1)) == 1
    db.session.commit()
    text = staff.text(page)
    assert "What the file says was forgotten, as it is after 90 days" in text
    assert "held-rows" not in staff.get(page).text
    fields = fields_with_digest(staff.get(f"{page}/take-back").text)
    assert staff.post(f"{page}/take-back", **fields).status_code == 302
    assert count_all() == (4, 6)
