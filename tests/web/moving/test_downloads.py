"""Files of lists: what is in their cells, who took them, and what is refused."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from unittest import mock

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, User
from donorhub.money import Money
from donorhub.services.giving import gifts
from donorhub.services.moving import downloads, xlsx_file
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import TODAY, add_donor, add_gift, rows
from tests.web.moving.list_world import read_csv

HOSTILE = "=HYPERLINK(1)"


@pytest.fixture
def staff(database: Flask) -> Staff:
    """An administrator, and two donors with three gifts, one of them named as a formula."""
    donor = add_donor("Anna Kowalska", phone="+48 501 234 567", email="anna@example.org")
    other = add_donor(HOSTILE, city="@Łódź")
    add_gift(donor, "1234.50", date(2026, 11, 20), "a")
    add_gift(other, "70.00", date(2026, 11, 21), "b", method="cash")
    gifts.record_gift(
        donor.id,
        Money(1500, "JPY"),
        received_on=TODAY,
        source="manual",
        source_ref="c",
        method="card",
        now=datetime.fromisoformat("2026-11-22T09:00:00+00:00"),
        actor="system:0",
    )
    db.session.commit()
    return Staff(database, "admin")


def find_downloads() -> list[AuditRecord]:
    let_write()
    query = select(AuditRecord).filter_by(what="export.list").order_by(AuditRecord.id)
    return list(db.session.scalars(query))


def test_csv_is_as_spreadsheets_read_it(staff: Staff) -> None:
    """It has its mark, plain amounts with the currency beside them, ISO days, and no formula."""
    answer = staff.get("/gifts/download?form=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gifts-2026-11-22.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    head, *cells = read_csv(answer.data, ",")
    assert head[-2:] == ["Amount", "Currency"]
    assert [(row[0], row[1], row[-2], row[-1]) for row in cells] == [
        ("2026-11-22", "Anna Kowalska", "1500", "JPY"),
        ("2026-11-21", f"'{HOSTILE}", "70.00", "PLN"),
        ("2026-11-20", "Anna Kowalska", "1234.50", "PLN"),
    ]


def test_separator_is_that_of_the_language(staff: Staff, database: Flask) -> None:
    """Polish and Albanian spreadsheets divide cells by a semicolon."""
    heads = {
        lang: Staff(database, "admin", lang=lang)
        .get("/gifts/download")
        .data.splitlines()[0]
        .decode("utf-8-sig")
        for lang in ("en", "pl", "sq")
    }
    assert {lang: (head.count(","), head.count(";")) for lang, head in heads.items()} == {
        "en": (7, 0),
        "pl": (0, 7),
        "sq": (0, 7),
    }


def test_workbook_has_typed_cells(staff: Staff) -> None:
    """Days are days, amounts numbers with their decimals, texts texts; the head stays in view."""
    answer = staff.get("/gifts/download?form=xlsx&method=cash")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    sheet = book.worksheets[0]
    assert (book.sheetnames, sheet.freeze_panes) == (["Gifts", "About this list"], "A2")
    head, row = sheet.iter_rows()
    assert [cell.value for cell in head] == [
        *("Received", "Donor", "Method", "Test", "Taken away", "Fund", "Amount", "Currency"),
    ]
    assert [cell.value for cell in row] == [
        *(datetime(2026, 11, 21), HOSTILE, "Cash", None, None, "Not earmarked", 70, "PLN"),
    ]
    assert row[0].number_format == "yyyy-mm-dd" and row[6].number_format == "#,##0.00"
    assert (row[1].data_type, row[1].hyperlink) == ("s", None)


def test_workbook_tells_where_it_is_from(staff: Staff) -> None:
    """Its second sheet has the filter, the time, the reader and the number of rows."""
    answer = staff.get("/gifts/download?form=xlsx&first=2026-11-21&donor=1")
    about = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[1]
    assert list(about.iter_rows(values_only=True)) == [
        ("List", "Gifts"),
        ("Filter: Received from", datetime(2026, 11, 21)),
        ("Filter: Donor", "Anna Kowalska"),
        ("As of", datetime(2026, 11, 22, 10, 0)),
        ("Time zone", "Europe/Warsaw"),
        ("Made for", "Ann admin"),
        ("Rows", 1),
    ]


def test_amounts_keep_the_decimals_of_their_currency(staff: Staff) -> None:
    """A yen has none, and no amount is off by a coin."""
    sheet = openpyxl.load_workbook(io.BytesIO(staff.get("/gifts/download?form=xlsx").data)).worksheets[0]
    amounts = [(row[6].value, row[6].number_format, row[7].value) for row in sheet.iter_rows(min_row=2)]
    assert [(Decimal(str(value)), form, currency) for value, form, currency in amounts] == [
        (Decimal(1500), "#,##0", "JPY"),
        (Decimal(70), "#,##0.00", "PLN"),
        (Decimal("1234.5"), "#,##0.00", "PLN"),
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_again_is_the_same_file(staff: Staff, form: str) -> None:
    """The same list at the same moment is the same file, byte by byte."""
    first, second = (staff.get(f"/donors/download?form={form}").data for _ in range(2))
    assert first == second and len(first) > 100


def test_audit_names_list_filter_and_rows(staff: Staff) -> None:
    """Each file is in the audit, with its list, filter and number of rows, and nobody's name."""
    staff.get("/gifts/download?form=csv&method=cash&first=2026-11-01")
    staff.get("/donors/download?form=xlsx&q=anna")
    gift_record, donor_record = find_downloads()
    assert gift_record.data == {
        "list": "gifts",
        "filters": {"method": "cash", "received_from": "2026-11-01"},
        "form": "csv",
        "rows": 1,
    }
    assert donor_record.data == {"list": "donors", "filters": {"text": True}, "form": "xlsx", "rows": 1}
    assert gift_record.actor.startswith("user:")
    assert "A list was taken as a file Gifts, 1 row" in staff.text("/audit?what=export.list")


def test_too_long_a_list_is_no_file(staff: Staff) -> None:
    """A list that is too long to wait for is no file, is in no audit, and the page offers the way out."""
    before = rows()
    with mock.patch.object(downloads, "MOST_AT_ONCE", 2):
        answer = staff.get("/gifts/download?form=csv")
    assert answer.status_code == 422 and "more than 2 rows" in words_of(answer.text)
    assert rows() == before and find_downloads() == []


def test_what_a_sheet_cannot_hold_is_refused(staff: Staff) -> None:
    """A sheet that is full takes no row more, and none is lost in silence."""
    before = rows()
    with mock.patch.object(xlsx_file, "MOST_ROWS", 2):
        answer = staff.get("/gifts/download?form=xlsx")
    assert answer.status_code == 422 and "CSV" in words_of(answer.text)
    assert rows() == before


@pytest.mark.parametrize("most", [2, 20_000])
def test_nothing_is_left_on_the_disk(
    staff: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whether a workbook is sent or refused, no piece of it stays among the temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(downloads, "MOST_AT_ONCE", most)
    assert staff.get("/gifts/download?form=xlsx").status_code == (200 if most > 2 else 422)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("role", ["caller", "communications"])
def test_hidden_list_is_no_file(database: Flask, staff: Staff, role: str) -> None:
    """Who may not see a list gets no file of it."""
    assert Staff(database, role).get("/gifts/download?form=csv").status_code == 403
    assert find_downloads() == []


def test_own_list_alone_for_a_caller(database: Flask, staff: Staff) -> None:
    """A caller takes the donors of their own list along, and nobody else."""
    caller = Staff(database, "caller")
    owner_id = db.session.scalars(select(User.id).order_by(User.id.desc())).first()
    add_donor("Ewa Lis", owner_id=owner_id)
    _head, *cells = csv.reader(io.StringIO(caller.get("/donors/download").data.decode("utf-8-sig")))
    assert [row[0] for row in cells] == ["Ewa Lis"]


def test_long_text_ends_with_dots_in_a_cell(staff: Staff) -> None:
    """A cell of a workbook takes 32,767 letters: a longer text is cut and says so."""
    assert xlsx_file._cut_text("a" * 32_767) == "a" * 32_767
    cut = xlsx_file._cut_text("a" * 32_768)
    assert len(cut) == 32_767 and cut.endswith("a…")
