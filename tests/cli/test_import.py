"""``donorhub import`` says file by file what was in it and whether it holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zipfile import ZIP_STORED

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.cli import context
from donorhub.cli import imports as imports_command
from donorhub.cli.imports import import_files as import_command
from donorhub.db import db
from donorhub.models import Entry, ImportFile, Statement, Task
from donorhub.services.bank.files import column_mappings, imports
from donorhub.services.work import claims
from tests.importers.bank_writers import plain_entries
from tests.importers.samples import WRITE
from tests.importers.zips import damage_member, pack_files
from tests.services.bank.bank import CSV_LAYOUT, OURS, Paid, camt, csv, open_account, rows, work_off
from tests.shared import BANK, needs_shared

DAY = date(2026, 10, 5)
Run = Callable[..., Result]


@pytest.fixture
def run(database: Flask, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command inside the test's application."""
    monkeypatch.setattr(context, "make_app", lambda: database)
    monkeypatch.setattr(context, "refuse_old_database", lambda: None)

    def call(*arguments: str | Path, asks: bool = False) -> Result:
        db.session.rollback()  # the command has a session of its own, which waits for nobody here
        texts = [str(argument) for argument in arguments]
        return CliRunner().invoke(import_command, texts if asks else ["--yes", *texts])

    return call


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.xml"
    path.write_bytes(camt([Paid(DAY, 5000, ref="R1"), Paid(DAY, -300, name="Bank", account="")], opening=100))
    return path


def test_import_prints_account_sums_and_proof(run: Run, sound: Path) -> None:
    """The command prints account, period and sums, and that the balances hold."""
    result = run(sound)
    assert result.exit_code == 0, result.output
    assert f"{sound}: camt.053, done" in result.output
    assert (
        f"{OURS} PLN, 2026-10-05 to 2026-10-05, 2 entries: 2 new, 0 known; in 50.00, out -3.00; "
        "opening 1.00 + 47.00 = closing 48.00: holds"
    ) in result.output


def test_table_without_account_prints_it(run: Run, tmp_path: Path, now: datetime) -> None:
    """A table that names no account is printed with the account that it was taken into."""
    account = open_account()
    column_mappings.save_mapping(CSV_LAYOUT, name="ours", bank_account_id=account.id, now=now, actor="user:1")
    db.session.commit()
    path = tmp_path / "table.csv"
    path.write_bytes(csv([Paid(DAY, 5000)]))
    assert f"{OURS} PLN, 2026-10-05 to 2026-10-05, 1 entries: 1 new" in run(path).output


def test_import_matches_at_once(run: Run, sound: Path) -> None:
    """What an import brought is matched at once."""
    run(sound)
    assert db.session.scalar(select(func.count()).where(Entry.state == "new")) == 0
    assert set(db.session.scalars(select(Task.state).where(Task.kind == "match_statement"))) == {"done"}


def test_the_same_file_again_changes_nothing(run: Run, sound: Path) -> None:
    run(sound)
    before = rows()
    result = run(sound)
    assert result.exit_code == 0
    assert "known already: nothing changed" in result.output
    assert "0 new, 2 known" in result.output
    assert rows() == before


def test_a_dry_run_reads_and_stores_nothing(run: Run, sound: Path) -> None:
    before = rows()
    result = run("--dry-run", sound)
    assert result.exit_code == 0
    assert "only read" in result.output and "= closing 48.00: holds" in result.output
    assert rows() == before


def test_dry_run_describes_unknown_table(run: Run, tmp_path: Path) -> None:
    """A dry run prints what an unknown table seems to hold, and stores nothing."""
    table = tmp_path / "list.csv"
    table.write_text("Date;Payer;Fee;Amount\n03/04/2026;Anna;1,00;50,00\n05/06/2026;Bank;0,50;-2,00\n")
    before = rows()
    result = run("--dry-run", table)
    assert result.exit_code == 1
    assert "error layout_unknown" in result.output
    assert "  column Date: Booking date (told by its name)" in result.output
    assert "  column Fee: Fee (told by its name)" in result.output
    assert "  open fees: No balance proves it: does the fee come off the amount (beside)" in result.output
    assert (
        "  open date_order: All days are 12 or less: which comes first in a date? (dmy, mdy)" in result.output
    )
    assert "  open currency: The table has no currency column: which is the account's?" in result.output
    assert rows() == before


def test_no_statement_is_refused_with_reason(run: Run, tmp_path: Path) -> None:
    """What is no statement is refused with its reason."""
    page = tmp_path / "a.ofx"
    page.write_text("<html><body>log in</body></html>")
    result = run(page)
    assert result.exit_code == 1
    assert "refused" in result.output and "error web_page: This is a web page" in result.output
    assert db.session.scalar(select(func.count()).select_from(Statement)) == 0


def test_file_over_limit_is_not_kept(
    run: Run, tmp_path: Path, database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file over the limit is refused and not kept."""
    from dataclasses import replace

    settings = replace(database.extensions["donorhub.settings"], upload_limit_mb=1)
    monkeypatch.setitem(database.extensions, "donorhub.settings", settings)
    big = tmp_path / "big.csv"
    big.write_bytes(b"x" * (1024 * 1024 + 1))
    result = run(big)
    assert result.exit_code == 1
    assert "file_too_large" in result.output
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0


def test_held_statement_needs_a_reason(run: Run, tmp_path: Path) -> None:
    """Figures that do not hold are shown, and are taken in only with a reason."""
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes(camt([Paid(DAY, 5000)], opening=0, closing=1))
    first = run(wrong)
    assert first.exit_code == 1
    assert "opening 0.00 + 50.00 = closing 0.01: does not hold" in first.output
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 0
    second = run("--accept-held", "the bank sent a correction", wrong)
    assert second.exit_code == 0, second.output
    assert db.session.scalars(select(Statement.state)).all() == ["released"]
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 1


def test_quiet_prints_only_what_needs_person(run: Run, sound: Path) -> None:
    """A folder is walked, and quiet prints only what needs a person."""
    (sound.parent / "empty.csv").write_bytes(b"")
    result = run("--quiet", sound.parent)
    assert result.exit_code == 1
    assert "sound.xml" not in result.output and "empty.csv" in result.output


def test_table_takes_account_from_command(run: Run, tmp_path: Path) -> None:
    """A table takes its account and layout from the command."""
    from donorhub import clock
    from donorhub.services.bank.files import column_mappings
    from tests.services.bank.bank import CSV_LAYOUT

    table = tmp_path / "a.csv"
    table.write_bytes(csv([Paid(DAY, 5000)]))
    asked = run(table)
    assert asked.exit_code == 1 and "asking" in asked.output
    open_account()
    column_mappings.save_mapping(CSV_LAYOUT, name="our bank", now=clock.now(), actor="user:1")
    db.session.commit()
    result = run("--account", OURS[2:], "--layout", "our bank", table)
    assert result.exit_code == 0, result.output
    assert "1 entries: 1 new, 0 known" in result.output


def test_an_unknown_account_or_layout_is_named(run: Run, sound: Path) -> None:
    assert "no single bank account" in str(run("--account", "PL00", sound).exception)
    assert "no layout nowhere" in str(run("--layout", "nowhere", sound).exception)


TRIED_AGAIN = ("task", "audit_record", "import_file")  # a refused file is read once more, and that is kept


def kept_files() -> list[tuple[object, ...]]:
    """The files and what became of them, without how often they were tried."""
    columns = (ImportFile.sha256, ImportFile.state, ImportFile.entries_count, ImportFile.new_count)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(ImportFile.id))]


def test_own_samples_twice_add_nothing(run: Run, tmp_path: Path) -> None:
    """A sample of each format that we write, and our tables, imported twice: the second adds nothing."""
    for name, write in WRITE.items():
        (tmp_path / name.replace(" ", "-")).write_bytes(write(plain_entries(6, seed=3)))
    tables = Path(__file__).parents[1] / "files" / "csv"
    first = run("--currency", "PLN", tmp_path, tables)
    assert first.exception is None or isinstance(first.exception, SystemExit), first.exception
    states = Counter(re.findall(r"^(?:/\S.*): .*?, (done|asking|held|refused)", first.output, re.M))
    assert states["done"] > 20, states
    work_off("import_file", "match_statement")  # advice is read again after what it is about
    before, files = {name: t for name, t in rows().items() if name not in TRIED_AGAIN}, kept_files()
    second = run("--currency", "PLN", tmp_path, tables)
    assert second.exception is None or isinstance(second.exception, SystemExit)
    after = rows()
    assert {name: after[name] for name in before} == before
    assert kept_files() == files


@pytest.mark.slow
@needs_shared(BANK)
def test_every_sample_twice_adds_nothing_the_second_time(run: Run) -> None:
    folders = [path for path in (BANK / "camt", BANK / "mt940", BANK / "ofx", BANK / "csv") if path.is_dir()]
    first = run(*folders)
    assert first.exception is None or isinstance(first.exception, SystemExit), first.exception
    states = re.findall(r"^(?:/\S.*): .*?, (done|asking|held|refused)", first.output, re.M)
    print(Counter(states))
    assert Counter(states)["done"] > 40
    before = {name: table for name, table in rows().items() if name not in TRIED_AGAIN}
    files = kept_files()
    second = run(*folders)
    assert second.exception is None or isinstance(second.exception, SystemExit)
    after = rows()
    assert {name: after[name] for name in before} == before
    assert kept_files() == files


def test_unreadable_file_is_read_later(run: Run, sound: Path) -> None:
    """A file that cannot be read now says why, and is read when it can be."""
    imports.receive_file(
        sound.read_bytes(), sound.name, create_accounts=True, now=clock.now(), actor="user:1"
    )
    file = db.session.scalars(select(ImportFile)).one()
    content, file.content = file.content, b"not what was kept"
    db.session.commit()
    result = run(sound)
    assert result.exit_code == 1
    assert ", received" in result.output
    assert "error reading_failed: " in result.output and "it is tried again at 2026-11-22" in result.output
    task = db.session.scalars(select(Task).filter_by(kind="import_file")).one()
    task.state, task.next_attempt_at = "dead", None
    db.session.get_one(ImportFile, file.id).content = content
    db.session.commit()
    result = run(sound)
    assert result.exit_code == 0, result.output
    assert "2 new, 0 known" in result.output


def test_zip_is_opened_file_by_file(run: Run, sound: Path, tmp_path: Path) -> None:
    """Each file of a ZIP is printed as if it stood in a folder; a damaged one makes the exit code 1."""
    content = sound.read_bytes()
    path = tmp_path / "may.zip"
    packed = pack_files({"05.xml": content, "06.xml": b"damaged"}, ZIP_STORED)
    path.write_bytes(damage_member(packed, b"damaged"))
    result = run(path)
    assert result.exit_code == 1
    assert f"{path} / 05.xml: camt.053, done" in result.output
    assert (
        f"{path} / 06.xml: refused\n  error archive: The file is damaged inside the archive" in result.output
    )
    assert db.session.scalars(select(ImportFile.filename)).all() == ["may.zip / 05.xml"]
    path.write_bytes(pack_files({"05.xml": content}))
    again = run("--dry-run", path)
    assert (again.exit_code, f"{path} / 05.xml: camt.053, only read" in again.output) == (0, True)


def test_killed_import_is_done_again_at_once(
    run: Run, sound: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who imports a file anew after a kill need not wait for the lease of the one that was killed."""

    def be_killed(file_id: int) -> None:
        task = imports.find_reading_task(imports.get_file(file_id))
        assert task is not None and claims.claim_task(task.id, now=clock.now())
        db.session.commit()
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr(imports_command, "_work_off", be_killed)
        assert run(sound).exit_code == 137
    monkeypatch.setattr(imports_command, "_PATIENCE_S", 3)
    result = run(sound)
    assert result.exit_code == 0 and "camt.053, done" in result.output, result.output
    assert db.session.scalar(select(func.count(Entry.id))) == 2
