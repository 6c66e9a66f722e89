"""A bank's table is explained once; its mapping is found again by the header."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.errors import NotFound, Rejected
from donorhub.services.bank.files import column_mappings, imports
from importers.tabular import Layout
from tests.services.bank.bank import CSV_LAYOUT, Paid, csv, ledger, open_account, rows, send

GIFTS = [Paid(date(2026, 10, 5), 5000), Paid(date(2026, 10, 6), 700, text="dhurim")]


def test_a_table_that_nobody_knows_asks(database: Flask) -> None:
    file = send(b"Kiedy;Ile;Komu\r\n2026-10-05;50,00;X\r\n2026-10-06;51,00;Y\r\n", "a.csv")
    assert (file.state, file.problems[0]["code"]) == ("asking", "layout_unknown")
    found = column_mappings.draft_layout(b"Kiedy;Ile;Komu\r\n2026-10-05;50,00;X\r\n2026-10-06;51,00;Y\r\n")
    assert found.layout is not None and found.known_layout is None


def test_saved_mapping_reads_the_next_file(database: Flask, now: datetime) -> None:
    """A saved mapping reads the next file and knows its account."""
    account = open_account()
    column_mappings.save_mapping(
        CSV_LAYOUT, name="our bank", bank_account_id=account.id, now=now, actor="user:1"
    )
    db.session.commit()
    file = send(csv(GIFTS), "a.csv")
    assert (file.state, file.new_count) == ("done", 2)
    assert sum(ledger().values()) == 2
    assert column_mappings.draft_layout(csv(GIFTS)).known_layout == Layout.from_dict(CSV_LAYOUT)


def test_changed_header_names_what_changed(database: Flask, now: datetime) -> None:
    """An unknown table that is like a saved one says what the bank changed."""
    column_mappings.save_mapping(CSV_LAYOUT, name="our bank", now=now, actor="user:1")
    db.session.commit()
    file = send(csv(GIFTS).replace("Tytuł".encode(), b"Opis").replace(b"Nadawca", b"Kto"), "a.csv")
    assert (file.state, file.problems[0]["code"]) == ("asking", "header_changed")
    assert "Gone: Nadawca, Tytuł. New: Kto, Opis." in file.problems[0]["message"]


@pytest.mark.parametrize(
    "answer",
    [{}, {"foo": 1}, {"dates": "ymd"}, {"dates": 1}, {"currency": "zł"}, {"dates": "dmy", "colums": []}],
)
def test_an_answer_that_nobody_understands_is_refused(
    database: Flask, now: datetime, answer: dict[str, object]
) -> None:
    file = send(b"Kiedy;Ile;Komu\r\n2026-10-05;50,00;X\r\n2026-10-06;51,00;Y\r\n", "a.csv")
    before = rows()
    with pytest.raises(Rejected):
        imports.answer_questions(file.id, layout=answer, now=now, actor="user:1")
    db.session.rollback()
    assert (imports.get_file(file.id).state, rows()) == ("asking", before)


def test_saving_the_same_mapping_again_changes_nothing(database: Flask, now: datetime) -> None:
    first = column_mappings.save_mapping(CSV_LAYOUT, name="our bank", now=now, actor="user:1")
    before = rows()
    again = column_mappings.save_mapping(dict(CSV_LAYOUT), name="our bank", now=now, actor="user:2")
    assert (again.id, rows()) == (first.id, before)


def test_other_layout_is_the_next_version(database: Flask, now: datetime) -> None:
    """Another layout for the same header is the next version of the mapping, and replaces the first."""
    column_mappings.save_mapping(CSV_LAYOUT, name="our bank", now=now, actor="user:1")
    changed = CSV_LAYOUT | {"amounts": "inverse"}
    second = column_mappings.save_mapping(changed, name="our bank", now=now, actor="user:1")
    assert second.version == 2
    found = column_mappings.find_by_signature(second.signature)
    assert found is not None and found.layout["amounts"] == "inverse"
    assert [mapping.version for mapping in column_mappings.list_saved_mappings()] == [2]


def test_an_unfinished_or_unknown_layout_is_refused(database: Flask, now: datetime) -> None:
    before = rows()
    without_amount = CSV_LAYOUT | {"columns": CSV_LAYOUT["columns"][:4]}
    for layout in (without_amount, CSV_LAYOUT | {"code": "import os"}):
        with pytest.raises(Rejected):
            column_mappings.save_mapping(layout, name="x", now=now, actor="user:1")
    with pytest.raises(NotFound):
        column_mappings.save_mapping(CSV_LAYOUT, name="x", bank_account_id=77, now=now, actor="user:1")
    assert rows() == before


def test_preview_stores_nothing(database: Flask) -> None:
    """A preview shows rows and sums and stores nothing."""
    before = rows()
    seen = column_mappings.preview_layout(csv(GIFTS), CSV_LAYOUT)
    assert [row.status for row in seen.rows] == ["skipped", "entry", "entry"]
    assert seen.total_in["PLN"].minor == 5700
    assert rows() == before
