"""What was confirmed is what was shown, at each door and for each kind of thing that is shown first.

The digest of a preview is posted after the ledger, the mapping or the file changed: nothing is written and
the new preview comes back. Posted twice it acts once.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.cli import context
from donorhub.cli.imports import import_files
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import BankAccount, Entry, ImportFile, Task
from donorhub.services.access import users
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import column_mappings
from tests.api.conftest import Caller
from tests.services.bank.bank import CSV_LAYOUT, Paid, camt, csv, ledger, open_account, send
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write, words_of, work
from tests.web.bank.test_wizard import answers

DAY = date(2026, 10, 5)
PAYMENTS = [Paid(DAY, 5000, ref="R1"), Paid(DAY, 3000, name="Besa Krasniqi", account="", ref="R2")]
# A day's direct debits: the account books the sum, the report says whose they were.
REPORT = f"""\
H,REPPZ,2026-10-05\r
P,{DAY},50.00,D1,"Anna Kowalska",27114020040000300201355387,"darowizna"\r
P,{DAY},30.00,D2,"Besa Krasniqi",83101010230000261395100000,"darowizna"\r
F,2,80.00\r
""".encode()


class Answer(NamedTuple):
    """What a door said, and whether it did what it was told."""

    words: str
    was_done: bool


class Door(Protocol):
    """One way in: it shows what would be done and gives what confirms it."""

    def preview(self, kind: Kind) -> Any: ...

    def confirm(self, kind: Kind, token: Any) -> Answer: ...


@dataclass(frozen=True)
class Kind:
    """A file, what makes the world fit it, and what in the ledger changes what it does."""

    name: str
    data: bytes
    filename: str
    prepare: Callable[[], None]
    change_ledger: Callable[[], None]
    shown: str  # in the preview at first
    account_id: int | None = None


def no_preparation() -> None:
    """Nothing: the file names an account that nobody knows yet."""


def open_table_account() -> None:
    account = open_account()
    column_mappings.save_mapping(
        CSV_LAYOUT, name="ours", bank_account_id=account.id, now=clock.now(), actor="user:1"
    )
    db.session.commit()


def open_account_with_batch() -> None:
    open_account()
    send(camt([Paid(DAY, 8000, name="", account="", text="", ref="B1")]), "batch.xml")


def bring_first_payment() -> None:
    send(camt(PAYMENTS[:1]), "other.xml")


def bring_other_batch() -> None:
    """Another booking of the same day and sum in place of the one that the report was about."""
    file_id = db.session.scalars(select(ImportFile.id).where(ImportFile.filename == "batch.xml")).one()
    import_undo.take_back_import(file_id, reason="wrong", now=clock.now(), actor="user:1")
    db.session.commit()
    send(camt([Paid(DAY, 8000, name="", account="", text="", ref="B2")], name="S2"), "other.xml")


STATEMENT = Kind("statement", camt(PAYMENTS), "may.xml", no_preparation, bring_first_payment, "80.00")
TABLE = Kind("table", csv(PAYMENTS), "may.csv", open_table_account, bring_first_payment, "80.00")
LIST = Kind("list", REPORT, "report.txt", open_account_with_batch, bring_other_batch, "more", account_id=1)


class Api:
    """A program with a token."""

    def __init__(self, app: Flask) -> None:
        _, token = users.create_token("doors", PERMISSIONS, now=clock.now(), actor="system:0")
        db.session.commit()
        self.caller = Caller(app, token)

    def post(self, path: str, kind: Kind, **parts: str) -> Any:
        account = {"bank_account_id": str(kind.account_id)} if kind.account_id else {}
        file = (io.BytesIO(kind.data), kind.filename)
        data = {"file": file, "create_accounts": "true", **account, **parts}
        return self.caller.post(path, data=data, content_type="multipart/form-data")

    def preview(self, kind: Kind) -> Any:
        answer = self.post("/imports/preview", kind)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["digest"]

    def confirm(self, kind: Kind, token: Any) -> Answer:
        answer = self.post("/imports", kind, digest=token)
        body = answer.get_json()
        if answer.status_code == 409:
            assert body["code"] == "changed"
            assert body["preview"]["digest"] not in ("", token)
        return Answer(str(body), answer.status_code < 300)


class Cli:
    """Somebody at the command line, without a terminal to be asked at."""

    def __init__(self, app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(context, "make_app", lambda: app)
        monkeypatch.setattr(context, "refuse_old_database", lambda: None)
        self.folder = folder

    def run(self, kind: Kind, *arguments: str) -> Any:
        let_write()
        path = self.folder / kind.filename
        path.write_bytes(kind.data)
        account = ["--account", str(kind.account_id)] if kind.account_id else []
        return CliRunner().invoke(import_files, [*account, *arguments, str(path)])

    def preview(self, kind: Kind) -> Any:
        shown = self.run(kind)
        assert shown.exit_code == 1 and "nothing was done" in shown.output, shown.output
        assert kind.shown in shown.output
        found = re.search(r"--digest ([0-9a-f]{16})", shown.output)
        assert found
        return found.group(1)

    def confirm(self, kind: Kind, token: Any) -> Answer:
        result = self.run(kind, "--digest", token)
        return Answer(result.output, "nothing was done" not in result.output)


class Page:
    """Somebody at a browser: the file was sent and asks, and its page shows what an import would do."""

    def __init__(self, app: Flask) -> None:
        self.staff = Staff(app, "accountant")

    def preview(self, kind: Kind) -> Any:
        page = self.staff.upload(kind.data, kind.filename)
        if kind.name == "table":
            shown = self.staff.get(f"{page}/columns?account=1&amounts=signed").text
            return f"{page}/columns", answers(shown, remember="1")
        if kind.account_id:
            shown = self.staff.post(f"{page}/answer", account=str(kind.account_id)).text
        else:
            shown = self.staff.get(page).text
        assert kind.shown in words_of(shown)
        return f"{page}/answer", fields_with_digest(shown)

    def confirm(self, kind: Kind, token: Any) -> Answer:
        path, fields = token
        answer = self.staff.post(path, **fields)
        if answer.status_code == 422:
            assert fields_with_digest(answer.text).get("digest") not in ("", fields["digest"])
        return Answer(words_of(answer.text), answer.status_code == 302)


@pytest.fixture(params=["page", "api", "cli"])
def door(
    request: pytest.FixtureRequest, database: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Door:
    if request.param == "cli":
        return Cli(database, tmp_path, monkeypatch)
    return Api(database) if request.param == "api" else Page(database)


@pytest.fixture(params=[STATEMENT, TABLE, LIST], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, door: Door) -> Kind:
    """A file in a world that it fits. At the page a table that is known asks nothing: it is unknown there."""
    if isinstance(door, Page) and request.param is TABLE:
        open_account()
    else:
        request.param.prepare()
    let_write()
    found: Kind = request.param
    return found


def read_state() -> Mapping[str, Any]:
    """What may not change where nothing is written."""
    let_write()
    return {"ledger": ledger(), "accounts": db.session.query(BankAccount).count(), "filled": list_filled()}


def list_filled() -> list[tuple[str, bool]]:
    return [(row.counterparty_name, row.has_details) for row in db.session.query(Entry).order_by(Entry.id)]


def test_shown_import_is_done_once(door: Door, kind: Kind) -> None:
    """What was shown is imported when its digest is posted; posted twice it acts once."""
    token = door.preview(kind)
    before = read_state()
    assert door.confirm(kind, token).was_done
    work()
    after = read_state()
    assert after != before
    door.confirm(kind, token)
    work()
    assert read_state() == after


def test_changed_ledger_shows_the_new_preview(door: Door, kind: Kind) -> None:
    """Where the ledger changed since, nothing is written, and what would be done now is shown."""
    token = door.preview(kind)
    kind.change_ledger()
    before = read_state()
    answer = door.confirm(kind, token)
    work()
    assert not answer.was_done, answer.words
    assert read_state() == before


def test_changed_file_is_not_what_was_shown(door: Door, kind: Kind) -> None:
    """The digest of one file confirms no other."""
    other = replace(kind, data=kind.data + b"\r\n", filename=f"x{kind.filename}")
    token = door.preview(kind)
    if isinstance(door, Page):
        other_path, other_fields = door.preview(other)
        token = other_path, {**other_fields, "digest": token[1]["digest"]}
    before = read_state()
    assert not door.confirm(other, token).was_done
    work()
    assert read_state() == before


def test_changed_mapping_shows_the_new_preview(door: Door) -> None:
    """Where the columns were said to be others since, nothing is written."""
    if isinstance(door, Page):
        open_account()
        path, fields = door.preview(TABLE)
        token = path, fields | {"role1": ""}
    else:
        TABLE.prepare()
        token = door.preview(TABLE)
        columns = [column for column in CSV_LAYOUT["columns"] if column["role"] != "name"]
        column_mappings.save_mapping(
            CSV_LAYOUT | {"columns": columns}, name="ours", bank_account_id=1, now=clock.now(), actor="user:1"
        )
        db.session.commit()
    before = read_state()
    assert not door.confirm(TABLE, token).was_done
    work()
    assert read_state() == before


def test_form_without_digest_is_shown_first(database: Flask) -> None:
    """A form of before, which has no digest, is shown what would be done and books nothing."""
    staff = Staff(database, "accountant")
    page = staff.upload(STATEMENT.data)
    answer = staff.post(f"{page}/answer", create="1")
    work()
    assert answer.status_code == 200 and "80.00" in words_of(answer.text)
    assert not ledger()
    assert staff.post(f"{page}/answer", **fields_with_digest(answer.text)).status_code == 302
    work()
    assert sum(minor * count for (_, minor), count in ledger().items()) == 8000


def test_late_change_is_shown_on_page(database: Flask) -> None:
    """Where the ledger changes between the click and the worker, the page shows what the file does now."""
    staff = Staff(database, "accountant")
    page = staff.upload(STATEMENT.data)
    assert staff.confirm(page).status_code == 302
    let_write()
    waiting = db.session.query(Task).filter_by(kind="import_file", state="planned").one()
    waiting_id, waiting.state = waiting.id, "done"  # the worker is slow
    db.session.commit()
    bring_first_payment()
    db.session.get_one(Task, waiting_id).state = "planned"
    db.session.commit()
    before = read_state()
    work()
    assert read_state() == before
    assert "This changed since it was shown" in staff.text(page) and "30.00" in staff.text(page)
    assert staff.confirm(page).status_code == 302
    work()
    assert sum(minor * count for (_, minor), count in ledger().items()) == 8000
