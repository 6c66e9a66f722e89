"""``donorhub export LIST``: a whole list as a file, by keys or in words."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from flask import Flask

from donorhub.db import db
from donorhub.models import AuditRecord
from donorhub.services.moving.lists import LISTS
from tests.cli.conftest import Donorhub
from tests.web.desk import add_donor, add_gift


@pytest.fixture
def base(database: Flask) -> Flask:
    donor = add_donor("Anna Kowalska")
    add_gift(donor, "1234.50", date(2026, 11, 20), "a")
    add_gift(donor, "70.00", date(2026, 11, 21), "b", method="cash")
    return database


def test_list_by_its_keys(donorhub: Donorhub, base: Flask) -> None:
    """Without a language the heads are keys and the words codes, and the number of rows is told beside."""
    ended = donorhub("export", "gifts")
    assert (ended.code, ended.err) == (0, "gifts: 2\n")
    assert list(csv.reader(io.StringIO(ended.out.lstrip("\ufeff")))) == [
        ["received_on", "donor", "method", "test", "taken", "funds", "amount", "currency"],
        ["2026-11-21", "Anna Kowalska", "cash", "", "", "", "70.00", "PLN"],
        ["2026-11-20", "Anna Kowalska", "transfer", "", "", "", "1234.50", "PLN"],
    ]
    (record,) = db.session.query(AuditRecord).filter_by(what="export.list")
    assert record.actor.startswith("cli:")
    assert record.data == {"list": "gifts", "filters": {}, "form": "csv", "rows": 2}


def test_list_in_words_into_a_file(donorhub: Donorhub, base: Flask, tmp_path: Path) -> None:
    """With a language it is as its page says it; the file is for nobody else's eyes, and the same again."""
    path = tmp_path / "gifts.xlsx"
    arguments = (
        "export",
        "gifts",
        "--lang",
        "pl",
        "--form",
        "xlsx",
        "--filter",
        "method=cash",
        "--output",
        path,
    )
    assert donorhub(*arguments).code == 0
    first = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))
    assert rows[1][:3] == (datetime(2026, 11, 21), "Anna Kowalska", "Gotówka") and len(rows) == 2
    assert donorhub(*arguments).code == 0 and path.read_bytes() == first


@pytest.mark.parametrize("name", sorted(LISTS))
def test_every_list_can_be_had(donorhub: Donorhub, base: Flask, name: str) -> None:
    """Each list comes with its keys as heads, also one that has no rows."""
    ended = donorhub("export", name)
    assert ended.code == 0
    head = ended.out.lstrip("\ufeff").splitlines()[0].split(",")
    assert set(head) - {"currency"} == {column.key for column in LISTS[name].columns}  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gifts", "--all", "--json"), "leave them or the list away"),
        (("--all", "--json", "--lang", "pl"), "are of a list"),
        (("nothing",), "is not one of"),
        (("gifts", "--filter", "cash"), "KEY=VALUE"),
        (("gifts", "--filter", "method=gold"), "method"),
        (("gifts", "--filter", "colour=red"), "colour"),
        (("gifts", "--filter", "received_from=soon"), "received_from"),
    ],
)
def test_refused_exports_write_nothing(
    donorhub: Donorhub, base: Flask, arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    """What is asked wrongly is told, writes no file and is in no audit."""
    path = tmp_path / "x"
    ended = donorhub("export", *arguments, "--output", path)
    assert ended.code != 0 and said in ended.err and "Traceback" not in ended.err
    assert not path.exists() and db.session.query(AuditRecord).filter_by(what="export.list").count() == 0
