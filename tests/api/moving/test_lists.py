"""Whole lists over the API: stable keys, the token's own columns, the audit, and what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from unittest import mock

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select, update

from donorhub.db import db
from donorhub.models import AuditRecord, Donor, Instalment
from donorhub.services.donors import donors, restriction
from donorhub.services.moving import downloads
from donorhub.services.moving.lists import LISTS
from tests.api.conftest import Caller
from tests.conftest import NOW
from tests.web.desk import add_donor, add_gift, add_recurring, rows

MakeCaller = Callable[..., Caller]


@pytest.fixture
def base(database: Flask) -> Flask:
    donor = add_donor("Anna Kowalska", phone="+48 501 234 567")
    add_gift(donor, "1234.50", date(2026, 11, 20), "a")
    add_gift(donor, "70.00", date(2026, 11, 21), "b", method="cash")
    return database


def read_table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def find_records() -> list[AuditRecord]:
    return db.session.query(AuditRecord).filter_by(what="export.list").order_by(AuditRecord.id).all()


def test_list_comes_by_keys_and_codes(base: Flask, caller_with: MakeCaller) -> None:
    """Heads are keys, words are codes, moments are told in UTC, whoever asks in whatever language."""
    caller = caller_with(["gifts:read", "donors:read", "audit:read"])
    answer = caller.get("/gifts.csv?received_from=2026-11-21")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert read_table(answer.data) == [
        ["received_on", "donor", "method", "test", "taken", "funds", "amount", "currency"],
        ["2026-11-21", "Anna Kowalska", "cash", "", "", "", "70.00", "PLN"],
    ]
    _head, first, *_ = read_table(caller.get("/audit-records.csv").data)
    assert first[0] == "2026-11-22T09:00:00Z" and first[1].startswith("token:") and first[2] == "export.list"
    record = find_records()[0]
    assert record.data == {
        "list": "gifts",
        "filters": {"received_from": "2026-11-21"},
        "form": "csv",
        "rows": 1,
    }


def test_columns_are_those_of_the_token(base: Flask, caller_with: MakeCaller) -> None:
    """Without a scope for donors or amounts their columns are not there."""
    caller = caller_with(["gifts:read"])
    sheet = openpyxl.load_workbook(io.BytesIO(caller.get("/gifts.xlsx").data)).worksheets[0]
    head, row, _ = sheet.iter_rows(values_only=True)
    assert head == ("received_on", "method", "test", "taken", "funds", "amount", "currency")
    assert row == (datetime(2026, 11, 21), "cash", None, None, None, 70, "PLN")
    (head, *_) = read_table(caller_with(["recurring:read"]).get("/recurring-gifts.csv").data)
    assert not {"donor", "amount", "currency"} & set(head)


def test_audit_hides_personal_changes(base: Flask, caller_with: MakeCaller) -> None:
    """What was changed of a donor is not told to a token that may not read donors."""
    donor = db.session.scalars(select(Donor)).one()
    donors.change_donor(donor, {"city": "Zamość"}, now=NOW, actor="system:0", version=donor.version)
    db.session.commit()
    told = [
        caller_with(scopes).get("/audit-records.csv?what=donor.changed").data.decode()
        for scopes in (("audit:read",), ("audit:read", "donors:read"))
    ]
    assert ["Zamość" in content for content in told] == [False, True]


@pytest.mark.parametrize("name", sorted(LISTS))
def test_every_list_is_there(base: Flask, caller_with: MakeCaller, name: str) -> None:
    """Each list has an address in both forms, with its keys as heads."""
    list_out = next(one for key, one in LISTS.items() if key == name)
    caller = caller_with([list_out.permission, "donors:read", "gifts:read"])
    head, *_ = read_table(caller.get(f"/{name}.csv").data)
    assert [key for key in head if key != "currency"] == [column.key for column in list_out.columns]
    assert caller.get(f"/{name}.xlsx").data[:2] == b"PK"


@pytest.mark.parametrize(
    "query", ["method=gold", "received_from=soon", "donor_id=0", "colour=red", "donor_id=x"]
)
def test_wrong_filter_is_refused(base: Flask, caller_with: MakeCaller, query: str) -> None:
    """A filter that the list has not, or that holds what it cannot, is refused and no file is made."""
    before = rows()
    assert caller_with(["gifts:read"]).get(f"/gifts.csv?{query}").status_code == 422
    assert find_records() == [] and rows()["gift"] == before["gift"]


def test_too_long_list_is_refused(base: Flask, caller_with: MakeCaller) -> None:
    """More rows than are made while somebody waits are a problem with a code, and in no audit."""
    with mock.patch.object(downloads, "MOST_AT_ONCE", 1):
        answer = caller_with(["gifts:read"]).get("/gifts.csv")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "list_too_long")
    assert find_records() == []


def test_lists_of_people_leave_out_the_restricted(database: Flask, caller_with: MakeCaller) -> None:
    """A restricted donor is in no file by which people are written to or called; the books stay whole."""
    for name in ("Anna Nowak", "Jan Lis"):
        donor = add_donor(name, phone="+48 501 234 567")
        add_gift(donor, ref=name, thank=False)
        add_recurring(donor)
    db.session.execute(update(Instalment).values(state="late"))
    db.session.commit()
    caller = caller_with()

    def find_names(name: str, text: str = "") -> set[str]:
        file = caller.get(f"/{name}.csv{text}").text
        return {one for one in ("Anna Nowak", "Jan Lis") if one in file}

    people = ("donors", "late-instalments")
    assert [find_names(name) for name in people] == [{"Anna Nowak", "Jan Lis"}] * 2
    restriction.set_restriction(donor, True, reason="asked", now=NOW, actor="system:0")
    db.session.commit()
    assert [find_names(name) for name in people] == [{"Anna Nowak"}] * 2
    assert find_names("donors", "?text=Jan") == set()
    assert [find_names(name) for name in ("gifts", "recurring-gifts")] == [{"Anna Nowak", "Jan Lis"}] * 2
    for name, is_said in (("donors", True), ("gifts", False)):
        book = openpyxl.load_workbook(io.BytesIO(caller.get(f"/{name}.xlsx").data))
        facts = [(row[0].value, row[1].value) for row in book.worksheets[1].iter_rows()]
        assert (("left_out", "restricted") in facts) is is_said
    restriction.set_restriction(donor, False, reason="mended", now=NOW, actor="system:0")
    db.session.commit()
    assert [find_names(name) for name in people] == [{"Anna Nowak", "Jan Lis"}] * 2
