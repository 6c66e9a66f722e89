"""Rows that cannot be read are named before the post, and mended or left out, each before the post.

"Import 6 entries" never ends as "held, 0 entries".
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import AuditRecord, Entry, ImportFile, ImportRow
from donorhub.services.access import users
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import column_mappings, import_rows
from importers import tabular
from importers.tabular import Layout, RowChange
from tests.api.conftest import Caller
from tests.contents import read_contents
from tests.services.bank.bank import CSV_LAYOUT, ledger, open_account, send
from tests.web.bank.bank_world import Staff, let_write, words_of, work
from tests.web.bank.test_wizard import answers

DAY = date(2026, 10, 5)
TABLE = "\r\n".join(
    (
        "Data księgowania;Nadawca;Rachunek;Tytuł;Kwota;Waluta",
        "2026-10-05;Anna Kowalska;;darowizna;50,00;PLN",
        "2026-10-05;Besa Krasniqi;;darowizna;3O,00;PLN",  # the letter O
        "2026-10-05;Cela Hoxha;;darowizna;70,00;PLN",
        "2026-13-05;Dana Nowak;;darowizna;20,00;PLN",
        "",
    )
).encode()
BESA, DANA = 3, 5  # their lines


@pytest.fixture
def held_file(database: Flask) -> int:
    """A known table with two rows that cannot be read: all of it is held."""
    account = open_account()
    column_mappings.save_mapping(
        CSV_LAYOUT, name="ours", bank_account_id=account.id, now=clock.now(), actor="user:1"
    )
    db.session.commit()
    file = send(TABLE, "may.csv")
    assert file.state == "held" and not ledger()
    return file.id


def mend(file_id: int, line: int = BESA, cells: tuple[str, ...] = ()) -> None:
    texts = cells or ("2026-10-05", "Besa Krasniqi", "", "darowizna", "30,00", "PLN")
    import_rows.mend_row(file_id, line, texts, now=clock.now(), actor="user:1")
    db.session.commit()


@pytest.fixture
def api(database: Flask) -> Caller:
    _, token = users.create_token("rows", PERMISSIONS, now=clock.now(), actor="system:0")
    db.session.commit()
    return Caller(database, token)


def test_rows_are_mended_and_left_out_over_api(held_file: int, api: Caller) -> None:
    """The API names what cannot be read; mended and left out it imports what its preview showed."""
    path = f"/imports/{held_file}"
    rows = api.get(f"{path}/rows").get_json()["data"]
    assert [(row["line"], row["state"], row["code"]) for row in rows] == [
        (BESA, "unreadable", "unreadable_amount"),
        (DANA, "unreadable", "unreadable_date"),
    ]
    assert rows[0]["raw"].startswith("2026-10-05;Besa Krasniqi") and "3O,00" in rows[0]["cells"]
    before = api.post(f"{path}/preview", {}).get_json()
    assert (before["state"], before["new_count"]) == ("held", 0)
    cells = ["2026-10-05", "Besa Krasniqi", "", "darowizna", "30,00", "PLN"]
    assert api.post(f"{path}/rows/{BESA}/mend", {"cells": cells}).status_code == 200
    rows = api.post(f"{path}/rows/{DANA}/leave-out", {}).get_json()["data"]
    assert [(row["state"], bool(row["actor"])) for row in rows] == [("mended", True), ("left_out", True)]
    preview = api.post(f"{path}/preview", {}).get_json()
    assert (preview["state"], preview["new_count"]) == ("done", 3)
    assert {problem["code"] for problem in preview["problems"]} >= {"rows_mended", "rows_left_out"}
    assert preview["statements"][0]["money_in"]["amount"] == "150.00"
    stale = api.post(f"{path}/answers", {"digest": before["digest"]})
    assert (stale.status_code, stale.get_json()["code"]) == (409, "changed")
    assert api.post(f"{path}/answers", {"digest": preview["digest"]}).status_code == 202
    work()
    assert sorted(ledger().elements()) == [(DAY, 3000), (DAY, 5000), (DAY, 7000)]
    assert api.get(path).get_json()["state"] == "done"
    assert api.post(f"{path}/rows/{BESA}/restore", {}).status_code == 409


def test_change_after_preview_imports_nothing(held_file: int, api: Caller) -> None:
    """A row that is mended in another way after the preview is in its digest: nothing is imported."""
    mend(held_file)
    import_rows.leave_row_out(held_file, DANA, now=clock.now(), actor="user:1")
    db.session.commit()
    digest = api.post(f"/imports/{held_file}/preview", {}).get_json()["digest"]
    mend(held_file, cells=("2026-10-05", "Besa Krasniqi", "", "darowizna", "300,00", "PLN"))
    refused = api.post(f"/imports/{held_file}/answers", {"digest": digest})
    assert refused.status_code == 409
    assert refused.get_json()["preview"]["statements"][0]["money_in"]["amount"] == "420.00"
    work()
    assert not ledger()


def test_other_words_of_a_row_are_shown_first(held_file: int, api: Caller) -> None:
    """A row mended in other letters only, which is the same money, is not what was shown either."""
    mend(held_file)
    digest = api.post(f"/imports/{held_file}/preview", {}).get_json()["digest"]
    mend(held_file, cells=("2026-10-05", "Besa Krasniqi", "", "DAROWIZNA", "30,00", "PLN"))
    assert api.post(f"/imports/{held_file}/answers", {"digest": digest}).status_code == 409


def test_page_mends_and_leaves_out_before_post(held_file: int, database: Flask) -> None:
    """The wizard names what cannot be read, takes what a person says of it, and books what it shows then."""
    staff = Staff(database, "accountant")
    page = f"/bank/files/{held_file}"
    shown = staff.get(f"{page}/columns").text
    words = words_of(shown)
    assert "2 rows cannot be read: mend them below, or leave them out." in words and "3O,00" in words
    assert "would be held" in words
    cells = ["2026-10-05", "Besa Krasniqi", "", "darowizna", "30,00", "PLN"]
    answer = staff.post(f"{page}/rows/{BESA}", cell=cells, deed="mend", query="")
    assert answer.status_code == 302, words_of(answer.text)[:600]
    assert staff.post(f"{page}/rows/{DANA}", deed="leave_out", query="").status_code == 302
    shown = staff.get(f"{page}/columns").text
    words = words_of(shown)
    assert "1 row that cannot be read stays out, as you said." in words
    assert "Import 3 entries" in words and "would be held" not in words
    assert staff.post(f"{page}/columns", **answers(shown, remember="1")).status_code == 302
    work()
    assert sorted(ledger().elements()) == [(DAY, 3000), (DAY, 5000), (DAY, 7000)]
    words = staff.text(page)
    assert "Rows that a person mended or left out" in words
    assert "3O,00" in words and "30,00" in words and "Ann accountant" in words
    assert "2026-13-05" in words


def test_row_still_unreadable_says_so(held_file: int, database: Flask) -> None:
    """A row mended into what cannot be read either goes on failing, with the new reason."""
    staff = Staff(database, "accountant")
    page = f"/bank/files/{held_file}"
    cells = ["2026-10-05", "Besa Krasniqi", "", "darowizna", "thirty", "PLN"]
    staff.post(f"{page}/rows/{BESA}", cell=cells, deed="mend", query="")
    words = staff.text(f"{page}/columns")
    assert "2 rows cannot be read" in words and "would be held" in words
    assert staff.post(f"{page}/rows/{BESA}", cell=[""], deed="mend", query="").status_code == 422
    assert staff.post(f"{page}/rows/{BESA}", deed="restore", query="").status_code == 302
    let_write()
    assert not import_rows.list_changes(held_file)
    told = select(AuditRecord.what).where(AuditRecord.what.like("import_row.%")).order_by(AuditRecord.id)
    assert db.session.scalars(told).all() == ["import_row.mended", "import_row.restored"]


def test_readable_row_cannot_be_changed(held_file: int) -> None:
    """A row that can be read as it is, or is not there, is neither mended nor left out."""
    before = read_contents()
    for line in (1, 2, 4, 99):
        with pytest.raises(NotFound):
            mend(held_file, line)
        with pytest.raises(NotFound):
            import_rows.leave_row_out(held_file, line, now=clock.now(), actor="user:1")
    with pytest.raises(Rejected):
        mend(held_file, cells=(" ", ""))
    db.session.rollback()
    assert read_contents() == before


def test_undone_import_forgets_its_mended_rows(held_file: int, api: Caller) -> None:
    """What was said of rows goes when the import is taken back, and stays in the audit."""
    mend(held_file)
    import_rows.leave_row_out(held_file, DANA, now=clock.now(), actor="user:1")
    db.session.commit()
    digest = api.post(f"/imports/{held_file}/preview", {}).get_json()["digest"]
    api.post(f"/imports/{held_file}/answers", {"digest": digest})
    work()
    assert len(import_rows.list_changes(held_file)) == 2
    with pytest.raises(Conflict):
        mend(held_file)
    import_undo.take_back_import(held_file, reason="x", undo_decisions=True, now=clock.now(), actor="user:1")
    db.session.commit()
    assert not import_rows.list_changes(held_file) and not ledger()
    told = select(AuditRecord.what).where(AuditRecord.what.like("import_row.%")).order_by(AuditRecord.id)
    assert db.session.scalars(told).all() == ["import_row.mended", "import_row.left_out"]
    rows = api.get(f"/imports/{held_file}/rows").get_json()["data"]
    assert [row["state"] for row in rows] == ["unreadable", "unreadable"]


def test_left_out_row_is_missing_in_balance() -> None:
    """What is left out is never silent: where balances tell the sum, the table does not add up."""
    layout = Layout.from_dict(
        CSV_LAYOUT
        | {
            "columns": [*CSV_LAYOUT["columns"], {"role": "balance", "name": "Saldo"}],
            "header": [*CSV_LAYOUT["header"], "Saldo"],
        }
    )
    rows = TABLE.decode().split("\r\n")
    balances = ("Saldo", "150,00", "180,00", "250,00", "270,00")
    text = "\r\n".join([*(f"{row};{saldo}" for row, saldo in zip(rows, balances, strict=False)), ""])
    left_out = {BESA: RowChange(), DANA: RowChange()}
    reading = tabular.read(text.encode(), profile=layout, changes=left_out)
    assert reading.facts["failed"] == "0" and reading.facts["skipped.by_choice"] == "2"
    assert {problem.code for problem in reading.problems} >= {"rows_left_out", "balance_mismatch"}
    assert reading.statements[0].integrity == "mismatch"
    mended = {BESA: RowChange(("2026-10-05", "B", "", "x", "30,00", "PLN", "180,00"))}
    reading = tabular.read(text.encode(), profile=layout, changes=mended)
    assert [entry.amount.minor for entry in reading.statements[0].entries] == [5000, 3000, 7000]
    assert reading.statements[0].entries[1].raw == f"{rows[2]};180,00"


def test_readable_row_is_read_as_it_is() -> None:
    """What is said of a row that can be read changes nothing, whatever way it came there."""
    changes = {2: RowChange(("2026-10-05", "X", "", "x", "5000,00", "PLN")), 4: RowChange()}
    reading = tabular.read(TABLE, profile=Layout.from_dict(CSV_LAYOUT), changes=changes)
    assert [entry.amount.minor for entry in reading.statements[0].entries] == [5000, 7000]


def test_unread_quote_is_mended_too() -> None:
    """A row that could not even be cut into cells is mended, and the rows after it are read."""
    layout = Layout.from_dict(CSV_LAYOUT)
    broken = TABLE.replace(b"Besa Krasniqi;;", b'"Besa;;').replace(b"2026-13-05", b"2026-10-05")
    cells = ("2026-10-05", "Besa", "", "x", "30,00", "PLN")
    reading = tabular.read(broken, profile=layout, changes={BESA: RowChange(cells)})
    assert sorted(entry.amount.minor for entry in reading.statements[0].entries) == [2000, 3000, 5000, 7000]


def test_all_rows_are_accounted_for(held_file: int) -> None:
    """Read, left out and failed are all rows of the file, whatever was said of them."""
    changes: dict[int, Any] = {}
    for change in ({}, {BESA: RowChange()}, {DANA: RowChange(("2026-10-05", "D", "", "x", "20,00", "PLN"))}):
        changes |= change
        facts = tabular.read(TABLE, profile=Layout.from_dict(CSV_LAYOUT), changes=changes).facts
        skipped = sum(int(count) for name, count in facts.items() if re.match(r"skipped\.", name))
        assert int(facts["entries"]) + skipped + int(facts["failed"]) == int(facts["rows"])
    assert db.session.get_one(ImportFile, held_file).state == "held"
    assert not db.session.scalars(select(Entry)).all() and not db.session.scalars(select(ImportRow)).all()
