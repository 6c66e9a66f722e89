"""Held rows go out with their reason, come back mended, and what a file says is forgotten after a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.errors import Rejected
from donorhub.models import AuditRecord, Donor, Gift, ImportFile, ImportPlan, RecordRow
from donorhub.services.bank.files import imports
from donorhub.services.moving import held_rows, record_files, record_plans, record_purging, record_undo
from tests import record_books
from tests.services.moving.records import ME, PLN, bring, count, show

DAYS = timedelta(days=90)


def take_out(file: ImportFile) -> str:
    """The held rows of a file as its page gives them."""
    return held_rows.write_held_rows(file, lambda code: code, separator=";").decode("utf-8-sig")


def test_held_rows_come_back_mended(database: Flask) -> None:
    """A mended row is read with the answers of the first file, and only it is added, once."""
    file = bring(record_books.make_polish_years())
    header, row, *rest = take_out(file).splitlines()
    assert rest == []
    assert header.endswith("Zgoda;DonorHub: why;DonorHub: row")
    assert row.split(";")[-2:] == ["unreadable_date", "2024 8"]
    cells = row.split(";")
    cells[4] = "2024-05-01"
    mended = f"{header}\n{';'.join(cells)}\n".encode("utf-8-sig")
    file, _ = record_files.receive_file(mended, "mended.csv", now=clock.now(), actor=ME)
    plan = record_plans.plan_file(file, now=clock.now())
    assert plan.questions == ()
    assert plan.figures["counts"] == {"made": 1, "joined": 0, "known": 0, "held": 0, "left_out": 0}
    bring(mended, plan.answers, "mended.csv")
    assert count(Gift) == 7
    _, again = show(mended + b"\n", plan.answers, "again.csv")
    assert not again.can_be_written


def test_a_formula_goes_out_harmless(database: Flask) -> None:
    """A cell that a spreadsheet would compute has its mark, which is taken off when it comes back."""
    file, _ = show(b"Name;Date;Amount\n=HYPERLINK(1);x;5\nAnna Lis;2024-02-01;5\n", PLN)
    assert "'=HYPERLINK(1);x;5;unreadable_date;2" in take_out(file)


def purge(after: timedelta) -> int:
    count_purged = record_purging.purge_files(keep=DAYS, now=clock.now() + after)
    db.session.commit()
    db.session.expire_all()
    return count_purged


def test_cells_are_forgotten_after_a_while(database: Flask) -> None:
    """After the days no cell of the file is anywhere, what came of it stays, and it can be taken back."""
    data = record_books.make_polish_years()
    answers = Answers(currency="PLN", funds=PLN.funds, rows={})
    file = bring(data, answers)
    assert purge(timedelta(days=89)) == 0
    before = record_undo.show_taking_back(file.id)
    assert purge(timedelta(days=91)) == 1
    assert purge(timedelta(days=92)) == 0
    purged = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "import_file.purged")).one()
    assert (purged.actor, purged.subject_id) == ("system:0", file.id)
    rows = db.session.scalars(select(RecordRow)).all()
    assert {(len(row.raw), len(row.plan)) for row in rows} == {(0, 0)}
    assert db.session.scalars(select(ImportPlan)).all() == []
    assert imports.read_content(file) == b""
    assert file.summaries[0]["figures"]["gifts"] == 6
    assert [column["samples"] for column in file.summaries[0]["columns"]] == [[]] * 8
    assert record_undo.show_taking_back(file.id) == before
    assert count(Donor) == 4


def test_a_forgotten_file_is_sent_again(database: Flask) -> None:
    """One that was taken back, or that nobody brought, is whole again when it is sent again."""
    data = record_books.make_polish_years()
    file, plan = show(data)
    assert purge(timedelta(days=91)) == 1
    assert (file.state, db.session.scalars(select(RecordRow)).all()) == ("refused", [])
    with pytest.raises(Rejected):
        record_plans.plan_file(file, now=clock.now())
    file, again = show(data)
    assert again.digest == plan.digest
    bring(data)
    assert count(Gift) == 6


def test_a_file_sent_again_has_its_days_anew(database: Flask) -> None:
    """What is asked of a file is kept for as long after it was sent again as after the first time."""
    data = record_books.make_polish_years()
    file, _ = show(data)
    assert purge(timedelta(days=91)) == 1
    later = clock.now() + timedelta(days=92)
    record_files.receive_file(data, "years.xlsx", now=later, actor="user:9")
    record_plans.plan_file(file, now=later)
    db.session.commit()
    assert (file.uploaded_at, file.uploaded_by) == (later, "user:9")
    assert purge(timedelta(days=93)) == 0
    assert imports.read_content(file) == data
    assert purge(timedelta(days=183)) == 1
