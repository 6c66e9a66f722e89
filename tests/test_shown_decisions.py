"""Decisions of many entries do what was shown of them, at each door: accepting what is certain, answering all
questions of a file and reason, taking an import back.

The digest of what was shown is posted after somebody decided one of the entries: nothing is done, and what
would be done now comes back. Posted twice it acts once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.cli import context, run_command
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import Donor, Entry, EntryQuestion, Gift, ImportFile, Match
from donorhub.services.access import users
from donorhub.services.bank.matching import entries, entry_answers, payer_batches, unknown_payers
from donorhub.services.donors import donors
from tests.api.conftest import Caller
from tests.services.bank.bank import ANNA, BESA, Paid, camt, match, open_account, send
from tests.shown_worlds import prepare_doubts
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write, words_of

DAY = date(2026, 10, 5)
ME = "user:1"


def prepare_certain() -> None:
    """Two payments that carry their donors' codes, and one of a stranger."""
    open_account()
    codes = [
        donors.create_donor({"name": name}, source="form", now=clock.now(), actor=ME).code
        for name in ("Anna Kowalska", "Besa Krasniqi")
    ]
    db.session.commit()
    payments = [
        Paid(DAY, 5000, text=codes[0]),
        Paid(DAY, 3000, name="Besa Krasniqi", account=BESA, text=codes[1]),
        Paid(DAY, 700, name="Stranger", account="", text="?"),
    ]
    send(camt(payments))
    match()


def prepare_questions() -> None:
    """A statement told again with three other amounts."""
    prepare_doubts([("Anna", ANNA), ("Besa", BESA), ("Cela", "")])


def decide_first_entry() -> None:
    entry = db.session.scalars(select(Entry.id).order_by(Entry.id)).first()
    assert entry is not None
    entries.mark_not_a_gift(entry, "own_transfer", now=clock.now(), actor=ME)
    db.session.commit()


def answer_first_question() -> None:
    question = db.session.scalars(select(EntryQuestion.id).order_by(EntryQuestion.id)).first()
    assert question is not None
    entry_answers.answer_question(question, "corrected", now=clock.now(), actor=ME)
    db.session.commit()


def prepare_payers() -> None:
    """Two payers whom nobody knows, one of them twice, and one whose name is not certain."""
    open_account()
    payments = [
        Paid(DAY, 5000, name="KOWALSKA ANNA"),
        Paid(DAY, 6000, name="KOWALSKA ANNA", text="pomoc"),
        Paid(DAY, 3000, name="Besa Krasniqi", account=BESA),
        Paid(DAY, 700, name="ANTON JEREMI", account="PL10105000997603123456789123"),
    ]
    send(camt(payments))
    match()


def make_payers() -> None:
    """Donors made of the certain ones of these."""
    prepare_payers()
    view = unknown_payers.find_unknown_payers()
    payer_batches.make_donors(view.digest, now=clock.now(), actor=ME)
    db.session.commit()


def change_donor() -> None:
    row = db.session.scalars(select(Donor).order_by(Donor.id)).first()
    assert row is not None
    donors.change_donor(row, {"city": "Berat"}, now=clock.now(), actor=ME)
    db.session.commit()


def find_file_id() -> int:
    let_write()
    return db.session.scalars(select(func.max(ImportFile.id))).one()


@dataclass(frozen=True)
class Deed:
    """A decision of many entries, and what changes what it would do."""

    name: str
    prepare: Callable[[], None]
    change: Callable[[], None]
    api_preview: Callable[[], str]
    api_post: Callable[[], tuple[str, dict[str, Any]]]
    page: Callable[[], str]
    page_fields: dict[str, str]
    command: Callable[[], list[str]]
    page_post: str = ""  # where the page posts to, if not to itself


DEEDS = (
    Deed(
        "accept",
        prepare_certain,
        decide_first_entry,
        lambda: "/entries/certain",
        lambda: ("/entries/accept-certain", {}),
        lambda: "/bank/accept-sure",
        {},
        lambda: ["entries", "accept-certain"],
    ),
    Deed(
        "payers",
        prepare_payers,
        decide_first_entry,
        lambda: "/unknown-payers",
        lambda: ("/unknown-payers", {}),
        lambda: "/bank/payers",
        {"numbers": "2/3/PLN:14000"},
        lambda: ["payers", "make-donors"],
    ),
    Deed(
        "undo-payers",
        make_payers,
        change_donor,
        lambda: "/payer-batches/1",
        lambda: ("/payer-batches/1/undo", {}),
        lambda: "/bank/payers/batches/1",
        {},
        lambda: ["payers", "undo", "1"],
        page_post="/bank/payers/batches/1/undo",
    ),
    Deed(
        "questions",
        prepare_questions,
        answer_first_question,
        lambda: f"/entry-questions/group?import_file_id={find_file_id()}&kind=amount_changed",
        lambda: (
            "/entry-questions/answer-all",
            {"import_file_id": find_file_id(), "kind": "amount_changed", "answer": "other_money"},
        ),
        lambda: f"/bank/questions/{find_file_id()}/amount_changed",
        {"answer": "other_money"},
        lambda: ["entries", "answer-all", str(find_file_id()), "amount_changed", "other_money"],
    ),
    Deed(
        "take-back",
        prepare_certain,
        decide_first_entry,
        lambda: f"/imports/{find_file_id()}/take-back",
        lambda: (f"/imports/{find_file_id()}/take-back", {"reason": "wrong", "undo_decisions": True}),
        lambda: f"/bank/files/{find_file_id()}/take-back",
        {"reason": "wrong", "undo_decisions": "1"},
        lambda: ["entries", "take-back", str(find_file_id()), "--reason", "wrong", "--undo-decisions"],
    ),
)


class Door(Protocol):
    """One way in: it shows what would be done and gives what confirms it."""

    def preview(self, deed: Deed) -> str: ...

    def confirm(self, deed: Deed, digest: str) -> bool: ...


class Api:
    """A program with a token."""

    def __init__(self, app: Flask) -> None:
        _, token = users.create_token("doors", PERMISSIONS, now=clock.now(), actor="system:0")
        db.session.commit()
        self.caller = Caller(app, token)

    def preview(self, deed: Deed) -> str:
        answer = self.caller.get(deed.api_preview())
        assert answer.status_code == 200, answer.text
        return str(answer.get_json()["digest"])

    def confirm(self, deed: Deed, digest: str) -> bool:
        path, body = deed.api_post()
        answer = self.caller.post(path, {**body, "digest": digest})
        if answer.status_code == 409:
            assert answer.get_json()["code"] == "changed"
            assert answer.get_json()["preview"]["digest"] not in ("", digest)
        return answer.status_code < 300


class Page:
    """Somebody at a browser."""

    def __init__(self, app: Flask) -> None:
        self.staff = Staff(app, "accountant")

    def preview(self, deed: Deed) -> str:
        return fields_with_digest(self.staff.get(deed.page()).text)["digest"]

    def confirm(self, deed: Deed, digest: str) -> bool:
        answer = self.staff.post(deed.page_post or deed.page(), **deed.page_fields, digest=digest)
        if answer.status_code == 422:
            assert "his changed since it was shown" in words_of(answer.text), words_of(answer.text)[:500]
            assert fields_with_digest(answer.text)["digest"] != digest
        return answer.status_code == 302


class Cli:
    """Somebody at the command line, without a terminal to be asked at."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(context, "make_app", lambda: app)
        monkeypatch.setattr(context, "refuse_old_database", lambda: None)

    def run(self, deed: Deed, *more: str) -> Any:
        command = deed.command()
        let_write()
        return CliRunner().invoke(run_command, [*command, *more])

    def preview(self, deed: Deed) -> str:
        result = self.run(deed)
        found = re.search(r"--digest ([0-9a-f]{16})", result.output)
        assert result.exit_code == 1 and found, result.output
        return found.group(1)

    def confirm(self, deed: Deed, digest: str) -> bool:
        result = self.run(deed, "--digest", digest)
        assert result.exit_code in (0, 1), result.output
        return "nothing was done" not in result.output


class State(NamedTuple):
    """What may not change where nothing is done."""

    gifts: int
    matches: int
    questions: int
    entries: list[tuple[int, str]]


def read_state() -> State:
    let_write()
    return State(
        db.session.scalars(select(func.count()).select_from(Gift)).one(),
        db.session.scalars(select(func.count()).where(Match.undone_at.is_(None))).one(),
        db.session.scalars(select(func.count()).where(EntryQuestion.state == "open")).one(),
        [(id_, state) for id_, state in db.session.execute(select(Entry.id, Entry.state).order_by(Entry.id))],
    )


@pytest.fixture(params=DEEDS, ids=lambda deed: deed.name)
def deed(request: pytest.FixtureRequest, database: Flask) -> Deed:
    found: Deed = request.param
    found.prepare()
    let_write()
    return found


@pytest.fixture(params=["page", "api", "cli"])
def door(request: pytest.FixtureRequest, database: Flask, monkeypatch: pytest.MonkeyPatch) -> Door:
    if request.param == "cli":
        return Cli(database, monkeypatch)
    return Api(database) if request.param == "api" else Page(database)


def test_shown_decision_is_done_once(door: Door, deed: Deed) -> None:
    """What was shown is done when its digest is posted; posted twice it acts once."""
    digest = door.preview(deed)
    before = read_state()
    assert door.confirm(deed, digest)
    after = read_state()
    assert after != before
    door.confirm(deed, digest)
    assert read_state() == after


def test_changed_entry_shows_the_new_preview(door: Door, deed: Deed) -> None:
    """Where somebody decided one of the entries since, nothing is done, and what would be is shown."""
    digest = door.preview(deed)
    deed.change()
    before = read_state()
    assert not door.confirm(deed, digest)
    assert read_state() == before


def test_form_without_digest_decides_nothing(database: Flask, deed: Deed) -> None:
    """A form of before, which has no digest, is shown what would be done and does nothing."""
    staff = Staff(database, "accountant")
    before = read_state()
    answer = staff.post(deed.page_post or deed.page(), **deed.page_fields)
    assert answer.status_code == 422 or "accept-sure" in answer.headers["Location"]
    assert read_state() == before


def test_rank_accepts_only_what_was_shown(database: Flask) -> None:
    """A proposal that is another by now is not accepted by its place in the list."""
    prepare_certain()
    api = Api(database).caller
    entry = db.session.scalars(select(Entry.id).order_by(Entry.id)).first()
    shown = api.get(f"/entries/{entry}").get_json()["proposals"][0]["candidates"][0]
    refused = api.post(f"/entries/{entry}/matches", {"rank": 0, "digest": "0" * 64})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "changed")
    assert read_state().matches == 0
    accepted = api.post(f"/entries/{entry}/matches", {"rank": 0, "digest": shown["digest"]})
    assert accepted.get_json()["state"] == "matched"
    again = api.post(f"/entries/{entry}/matches", {"rank": 0, "digest": shown["digest"]})
    assert again.status_code == 200 and read_state().matches == 1
