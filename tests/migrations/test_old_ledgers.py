"""Ledgers that an older version left wrong: the upgrade asks, changes no sum, and lets the bank's ids count.

The dump was written by the program of that revision, from six files of three accounts. In the first account
R1 was corrected from 110 to 100 and counts twice; in the second an id stands on a payment and its fee; in the
third a file was numbered anew, so that four entries wait in doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from donorhub import clock, config, vault
from donorhub.app import create_app
from donorhub.cli import upgrading
from donorhub.db import db
from donorhub.models import BankAccount, Entry, EntryQuestion, UpgradeNote
from donorhub.models.states import UNCOUNTED_ENTRIES
from donorhub.services.access import audit
from donorhub.services.bank.files import asking_again, ref_trust
from donorhub.services.bank.matching import entry_answers
from donorhub.services.reports import invariants
from tests.contents import read_contents
from tests.migrations import last_release
from tests.migrations.databases import new_database
from tests.services.bank.bank import Paid, camt, send
from tests.web.bank.bank_world import Staff

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
CORRECTED, WITH_FEE, ANEW = 1, 2, 3  # the accounts of the dump
R1_BEFORE: Final = 1  # the entry that the bank corrected
LACKING: Final = 7  # an entry of 50 zl that a proved file tells
BALANCES: Final = "opening and entries make closing"


@pytest.fixture(scope="module")
def old_image(home: Path, servers: dict[str, str]) -> Iterator[Engine]:
    """The base as it was left, to be copied."""
    with new_database(home, servers) as engine:
        with engine.begin() as connection:
            last_release.load(connection, f"{last_release.REVISION}_bank")
        engine.dispose()
        yield engine


@pytest.fixture
def old_base(
    old_image: Engine, home: Path, servers: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Flask]:
    """The base as it was left, and this program started on it but for its upgrade."""
    monkeypatch.setattr(vault, "_key", None)
    vault.use_key(last_release.KEY)
    before = clock.use_clock(lambda: last_release.NOW)
    with new_database(home, servers, like=old_image) as engine:
        settings = {
            **servers,
            "DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "DONORHUB_MODE": "test",
            "DONORHUB_HOME": str(tmp_path),
            "DONORHUB_FIELD_KEY": last_release.KEY,
        }
        app = create_app(config.load_settings(settings))
        clock.use_clock(lambda: last_release.NOW)
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()
    clock.use_clock(before)


def sum_accounts() -> dict[int, int]:
    """What counts in each account."""
    rows = db.session.execute(
        select(Entry.bank_account_id, func.sum(Entry.amount_minor))
        .where(Entry.state.not_in(UNCOUNTED_ENTRIES))
        .group_by(Entry.bank_account_id)
    )
    return {account_id: int(minor) for account_id, minor in rows}


def read_notes() -> dict[str, list[int]]:
    rows = db.session.scalars(select(UpgradeNote).where(UpgradeNote.count > 0))
    return {row.kind: row.subject_ids for row in rows}


def test_upgrade_asks_where_ledger_differs(old_base: Flask) -> None:
    """The entry that counts although the bank corrected it is asked about; no sum changes before the answer,
    and what the bank proves stands after it."""
    upgrading.bring_up_to_date()
    assert sum_accounts() == {CORRECTED: 26000, WITH_FEE: 16300, ANEW: 10000}
    kinds = Counter(db.session.scalars(select(EntryQuestion.kind).where(EntryQuestion.state == "open")))
    assert kinds.pop("no_longer_told") == 1
    question = db.session.scalars(select(EntryQuestion).filter_by(kind="no_longer_told")).one()
    assert question.entry_id == R1_BEFORE
    assert kinds == {"other_bank_ref": 5}  # those that waited before
    notes = read_notes()
    assert (notes["ledger_differs"], notes["ids_counted_again"]) == ([CORRECTED], [CORRECTED, WITH_FEE])
    assert len(notes["doubts_asked"]) == 5
    assert len(invariants.check_all(now=last_release.NOW)[BALANCES]) == 1
    entry_answers.answer_question(question.id, "withdrawn", now=last_release.NOW, actor="user:1")
    db.session.commit()
    assert sum_accounts()[CORRECTED] == 15000
    assert invariants.check_all(now=last_release.NOW)[BALANCES] == []


def test_mending_old_ledgers_twice_changes_nothing(old_base: Flask) -> None:
    """The second start finds nothing to mend."""
    upgrading.bring_up_to_date()
    audit.seal_records()
    db.session.commit()
    before = read_contents()
    db.session.remove()
    upgrading.bring_up_to_date()
    assert read_contents() == before


def test_ids_of_an_old_account_earn_trust(old_base: Flask) -> None:
    """An account whose ids were ignored keeps those alone from counting that stood on different money; where
    its files begin to be numbered anew that is noted, and after three files that agree they count again."""
    upgrading.bring_up_to_date()
    (account,) = db.session.scalars(select(BankAccount).where(BankAccount.id == WITH_FEE))
    weak_refs, count = ref_trust.list_weak_refs(WITH_FEE)
    assert ([(row.ref, row.why) for row in weak_refs], count) == ([("R1", "two_sums")], 1)
    assert ref_trust.list_habits(WITH_FEE) == []
    days = [date(2026, 10, 12 + n // 2) for n in range(8)]

    def tell(prefix: str, name: str) -> None:
        paid = [Paid(day, 1000 + n, text=f"dar {n}", ref=f"{prefix}{n}") for n, day in enumerate(days)]
        send(camt(paid, opening=50000, account=account.number, name=name), f"{name}.xml")

    tell("X", "T1")
    tell("Y", "T2")
    assert [(row.habit, row.agreeing_files) for row in ref_trust.list_habits(WITH_FEE)] == [("per_file", 0)]
    for n in range(3):
        tell("X", f"T{n + 3}")
    assert [row.habit for row in ref_trust.list_habits(WITH_FEE)] == ["stable"]
    assert sum_accounts()[WITH_FEE] == 16300 + sum(1000 + n for n in range(8))


def lose_entry() -> None:
    """Leave the ledger as a program did that took in less than its file told."""
    with db.engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM entry WHERE id = {LACKING}")
        connection.exec_driver_sql("UPDATE statement SET new_count = 2 WHERE id = 3")
    db.engine.dispose()


def find_lacking_question() -> EntryQuestion:
    return db.session.scalars(select(EntryQuestion).filter_by(kind="not_in_ledger")).one()


def test_upgrade_asks_about_lacking_money(old_base: Flask) -> None:
    """Money that a file tells and the ledger lacks is a question of the upgrade; it counts nothing until a
    person says so, and then the ledger is what the bank proves. The answer can be undone."""
    lose_entry()
    upgrading.bring_up_to_date()
    assert sum_accounts() == {CORRECTED: 26000, WITH_FEE: 11300, ANEW: 10000}
    question = find_lacking_question()
    entry = db.session.get_one(Entry, question.entry_id)
    assert (entry.amount_minor, entry.booked_on, entry.state) == (5000, date(2026, 10, 5), "doubtful")
    assert read_notes()["entries_lacking"] == [WITH_FEE]
    assert len(invariants.check_all(now=last_release.NOW)[BALANCES]) == 2
    for _again in range(2):
        entry_answers.answer_question(question.id, "other_money", now=last_release.NOW, actor="user:1")
        db.session.commit()
        assert sum_accounts()[WITH_FEE] == 16300
    checks = invariants.check_all(now=last_release.NOW)
    assert [sentence for sentence in checks[BALANCES] if f"account {WITH_FEE}:" in sentence] == []
    assert {name for name, sentences in checks.items() if sentences} == {BALANCES}
    entry_answers.undo_answer(question.id, now=last_release.NOW, actor="user:1")
    entry_answers.answer_question(question.id, "known", now=last_release.NOW, actor="user:1")
    db.session.commit()
    assert sum_accounts()[WITH_FEE] == 11300


def test_lacking_money_is_asked_once(old_base: Flask) -> None:
    """The second start asks nothing again, nor does it after the answer that the money stays out, nor does
    the same file when it is sent again."""
    lose_entry()
    upgrading.bring_up_to_date()
    audit.seal_records()
    db.session.commit()
    before = read_contents()
    db.session.remove()
    upgrading.bring_up_to_date()
    assert read_contents() == before
    question = find_lacking_question()
    entry_answers.answer_question(question.id, "known", now=last_release.NOW, actor="user:1")
    assert asking_again.ask_about_lacking(WITH_FEE) == 0
    db.session.commit()
    assert db.session.scalars(select(EntryQuestion.id).filter_by(kind="not_in_ledger")).all() == [question.id]
    assert sum_accounts()[WITH_FEE] == 11300


def test_lacking_money_is_shown(old_base: Flask) -> None:
    """The page of the question shows the file's row beside an empty one, in the reader's language."""
    lose_entry()
    upgrading.bring_up_to_date()
    question = find_lacking_question()
    for lang, words, answer in (
        ("en", "The bank tells this entry, and the ledger lacks it", "It was left out by mistake: it counts"),
        ("pl", "a w księdze jej brakuje", "Pominięto ją przez pomyłkę: liczy się"),
        ("sq", "por librit i mungon", "U la jashtë gabimisht: vlen"),
    ):
        staff = Staff(old_base, "admin", lang=lang)
        page = staff.text(f"/bank/questions/{question.import_file_id}/not_in_ledger")
        assert words in page and answer in page and page.count("Jan Nowak") == 1
        assert words in staff.text("/bank/questions")
