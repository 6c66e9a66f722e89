"""Several bank files are imported together as they were shown, at the page and over the API, with one digest.

They are tried one after the other: what overlaps counts once in what is shown, as it does in the ledger.
"""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import Entry
from donorhub.services.access import users
from tests.api.conftest import Caller
from tests.contents import Contents
from tests.services.bank.bank import Paid, camt, ledger, send
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write, words_of, work
from tests.web.desk import rows

DAY, NEXT = date(2026, 10, 5), date(2026, 10, 6)
FIRST = [Paid(DAY, 5000, ref="R1"), Paid(NEXT, 3000, name="Besa Krasniqi", account="", ref="R2")]
SECOND = [*FIRST, Paid(date(2026, 10, 7), 700, name="Cela", account="", ref="R3")]
FILES = [(camt(FIRST), "first.xml"), (camt(SECOND, name="S2"), "second.xml")]


class Api:
    """A program with a token."""

    def __init__(self, app: Flask) -> None:
        _, token = users.create_token("doors", PERMISSIONS, now=clock.now(), actor="system:0")
        db.session.commit()
        self.caller = Caller(app, token)

    def send(self, path: str, **parts: str) -> Any:
        files = [(io.BytesIO(content), name) for content, name in FILES]
        data = {"file": files, "create_accounts": "true", **parts}
        return self.caller.post(path, data=data, content_type="multipart/form-data")

    def show(self) -> dict[str, Any]:
        answer = self.send("/imports/several/preview").get_json()
        assert [one["preview"]["new_count"] for one in answer["data"]] == [2, 1]
        return {"digest": answer["digest"]}

    def confirm(self, fields: dict[str, Any]) -> bool:
        answer = self.send("/imports/several", **fields)
        if answer.status_code == 409:
            assert answer.get_json()["code"] == "changed"
            assert answer.get_json()["preview"]["digest"] not in ("", fields["digest"])
        return answer.status_code == 202


class Page:
    """Somebody at a browser who dropped both files."""

    def __init__(self, app: Flask) -> None:
        self.staff = Staff(app, "accountant")

    def show(self) -> dict[str, Any]:
        answer = self.staff.post("/bank/files", file=[(io.BytesIO(data), name) for data, name in FILES])
        work()
        page = self.staff.get(answer.headers["Location"]).text
        words = words_of(page)
        assert "first.xml 2 entries, PLN 80.00" in words and "second.xml 1 entry, PLN 7.00" in words
        assert "They are ours: import 2 files" in words
        return {**fields_with_digest(page), "file": ["1", "2"]}

    def confirm(self, fields: dict[str, Any]) -> bool:
        answer = self.staff.post("/bank/files/sent", **fields)
        if answer.status_code == 422:
            assert "This changed since it was shown" in words_of(answer.text)
        return answer.status_code == 302


@pytest.fixture(params=["page", "api"])
def door(request: pytest.FixtureRequest, database: Flask) -> Api | Page:
    return Api(database) if request.param == "api" else Page(database)


def read_rows() -> Contents:
    """Every row but the keys of programs and what was shown."""
    contents = rows()
    for table in ("idempotency_key", "import_plan"):
        contents.pop(table, None)
    return contents


def test_shown_files_are_imported_once(door: Api | Page) -> None:
    """What was shown of both is imported, and the same once more changes nothing."""
    fields = door.show()
    assert not ledger()
    assert door.confirm(fields)
    work()
    assert sum(minor * count for (_, minor), count in ledger().items()) == 8700
    after = read_rows()
    door.confirm(fields)
    work()
    assert read_rows() == after


def test_changed_ledger_imports_neither(door: Api | Page) -> None:
    """Where another file brought a payment of the second since, neither is imported."""
    fields = door.show()
    send(camt(SECOND[2:], name="S3"), "other.xml", create_accounts=True)
    work()
    let_write()
    before = read_rows()
    assert not door.confirm(fields)
    work()
    assert read_rows() == before


def test_form_without_digest_imports_nothing(database: Flask) -> None:
    """A form that says nothing of what was shown imports nothing, and the page shows it."""
    page = Page(database)
    page.show()
    answer = page.staff.post("/bank/files/sent", file=["1", "2"])
    work()
    assert answer.status_code == 422 and "first.xml" in words_of(answer.text)
    assert db.session.query(Entry).count() == 0
