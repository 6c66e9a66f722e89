"""The copy of one's data: every personal column that says something of them, with source and purpose."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import timedelta
from typing import get_args

import pytest
from flask import Flask, current_app
from sqlalchemy import insert, select

from donorhub.db import PERSONAL, Base, db
from donorhub.errors import NotFound
from donorhub.models import AuditRecord, Gift
from donorhub.models.states import EventKind
from donorhub.services.donors import erased_rows, erasure
from donorhub.services.moving import purposes, subject_access
from donorhub.web.words import column_words
from tests.contents import read_contents
from tests.services.donors.erasure_world import ME, NOW, RARE, make_person
from tests.web import desk


@pytest.fixture
def person(database: Flask) -> int:
    return make_person()


def list_tables(copy: subject_access.SubjectCopy) -> dict[str, subject_access.TableCopy]:
    return {table.name: table for tables in copy.sections.values() for table in tables}


def test_every_filled_personal_column_is_in_it(person: int) -> None:
    """What stands in a column marked personal, in a row of the person, stands in the copy."""
    tables = list_tables(subject_access.collect_copy(person, now=NOW))
    missing = []
    for name in {*erased_rows.DELETED, *erased_rows.EMPTIED, "donor", "receipt", "entry", "detail", "match"}:
        if name in purposes.NOT_COPIED:
            continue
        table = Base.metadata.tables[name]
        rows = db.session.execute(select(table)).mappings().all()
        for column in table.columns:
            texts = [row[column.name] for row in rows if RARE.lower() in str(row[column.name]).lower()]
            if column.info != PERSONAL or not texts or column.name == "search":
                continue
            if not any(column.name in row for row in tables.get(name, subject_access.TableCopy("", [])).rows):
                missing.append(f"{name}.{column.name}")
    assert missing == []
    assert len(tables) > 20


def test_files_of_the_person_are_in_it(person: int) -> None:
    """A file that is kept with them comes along whole, in the page as a link that saves it, with its name."""
    copy = subject_access.collect_copy(person, now=NOW)
    (row,) = list_tables(copy)["donor_file"].rows
    assert isinstance(row["content"], dict)
    content = str(row["content"]["base64"])
    assert base64.b64decode(content) == f"%PDF-1.7 {RARE}".encode()
    page = current_app.extensions["donorhub.render_copy"](copy)
    link = f'<a download="{RARE} name" href="data:application/octet-stream;base64,{content}">'
    assert link in page and page.count(content) == 1


def test_source_purpose_and_recipients_are_told(person: int) -> None:
    """Each part says what it is for and where it came from; whoever got something is named."""
    copy = subject_access.collect_copy(person, now=NOW)
    plain = json.loads(json.dumps(subject_access.describe_copy(copy)))
    by_name = {table["name"]: table for part in plain["sections"] for table in part["tables"]}
    assert by_name["contact_point"]["sources"] == ["form", "typed"]
    assert {part["purpose"] for part in plain["sections"]} >= {
        "identity",
        "contact",
        "giving",
        "bank",
        "receipts",
    }
    assert plain["recipients"]["payment_providers"] == ["stripe"]
    assert plain["first_source"] == "form"
    assert by_name["provider_event"]["rows"][0]["body"]["id"] == "evt_1"


def test_others_are_not_in_it(person: int) -> None:
    """No other donor's row is copied."""
    copy = subject_access.collect_copy(person, now=NOW)
    tables = list_tables(copy)
    assert {row["id"] for row in tables["donor"].rows} == {person}
    assert {row["donor_id"] for row in tables["gift"].rows} == {person}
    assert "jan@example.org" not in json.dumps(subject_access.describe_copy(copy))


def test_copying_writes_its_record_only(person: int) -> None:
    """Collecting changes nothing; that it was made is in the audit."""
    before = read_contents()
    copy = subject_access.collect_copy(person, now=NOW)
    assert read_contents() == before
    subject_access.record_copy(copy, form="html", actor=ME)
    record = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "donor.copied")).one()
    assert (record.subject_id, record.data) == (person, {"form": "html"})


def test_page_is_in_their_language(person: int) -> None:
    """The page needs no request, says in Polish what each part is for, and names every value once."""
    page = current_app.extensions["donorhub.render_copy"](subject_access.collect_copy(person, now=NOW))
    assert '<html lang="pl">' in page
    assert "Wszystko, co o Tobie przechowujemy" in page
    assert "ustawa o rachunkowości" in page
    assert f"{RARE} text" in page


def test_erased_donor_has_no_copy(person: int) -> None:
    """Of somebody erased nothing can be told."""
    erasure.erase_donor(person, now=NOW, actor=ME)
    with pytest.raises(NotFound, match="erased"):
        subject_access.collect_copy(person, now=NOW)


def test_every_table_has_a_purpose() -> None:
    """A new table with something of donors says what it is for, or why it is not copied."""
    personal = {table.name for table in Base.metadata.sorted_tables if erased_rows.list_personal(table)}
    said = {name for names in purposes.TABLES.values() for name in names} | purposes.NOT_COPIED.keys()
    assert personal - said == set()
    assert said - Base.metadata.tables.keys() == set()


def test_thousand_gifts_take_seconds(database: Flask) -> None:
    """A donor with a thousand gifts is copied in ten seconds of this machine's time."""
    donor = desk.add_donor()
    rows = [
        {
            "donor_id": donor.id,
            "amount_minor": 100,
            "currency": "PLN",
            "received_on": (NOW - timedelta(days=number)).date(),
            "recorded_at": NOW,
            "source": "manual",
            "source_ref": str(number),
        }
        for number in range(1000)
    ]
    db.session.execute(insert(Gift), rows)
    db.session.commit()
    begun = time.process_time()
    copy = subject_access.collect_copy(donor.id, now=NOW)
    current_app.extensions["donorhub.render_copy"](copy)
    assert time.process_time() - begun < 10
    assert len(list_tables(copy)["gift"].rows) == 1000


def test_page_speaks_to_people(person: int) -> None:
    """Amounts stand with their currency, days as they are written, and no name or word of a program."""
    page = current_app.extensions["donorhub.render_copy"](subject_access.collect_copy(person, now=NOW))
    values = re.findall(r"<dd>([^<]*)</dd>", page)
    assert any(value.endswith("zł") for value in values)
    assert not {"True", "False", "person", "email", "donor.created", "gift.recorded"} & set(values)
    assert not [value for value in values if re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", value)]
    assert get_args(EventKind) and column_words.EVENTS.keys() >= set(get_args(EventKind))
    names = set(re.findall(r"<dt>([^<]*)</dt>", page))
    assert "Kwota" in names and not {"amount minor", "recorded at", "source", "town"} & names


def test_every_personal_column_has_words() -> None:
    """What is held of donors is named on both pages: a new column needs words."""
    named = {
        column.name
        for table in Base.metadata.sorted_tables
        if purposes.find_purpose(table.name)
        for column in erased_rows.list_personal(table)
    }
    assert named - column_words.COLUMN_NAMES.keys() == set()
