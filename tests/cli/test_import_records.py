"""``donorhub import people`` and ``gifts`` show, ask, and bring exactly what was shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from donorhub.cli import context
from donorhub.cli.importing import import_group
from donorhub.db import db
from donorhub.models import Donor, Gift
from tests import record_books
from tests.contents import read_contents
from tests.services.moving.records import count

Run = Callable[..., Result]


@pytest.fixture
def run(database: Flask, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command inside the test's application."""
    monkeypatch.setattr(context, "make_app", lambda: database)
    monkeypatch.setattr(context, "refuse_old_database", lambda: None)

    def call(*arguments: str | Path) -> Result:
        db.session.rollback()
        return CliRunner().invoke(import_group, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def years(tmp_path: Path) -> Path:
    path = tmp_path / "years.xlsx"
    path.write_bytes(record_books.make_polish_years())
    return path


def test_a_dry_run_shows_and_stores_nothing(run: Run, years: Path) -> None:
    """Figures, the file's own sums and the held row are shown, and no row of any table changes."""
    before = read_contents()
    result = run("gifts", years, "--currency", "PLN", "--dry-run")
    assert read_contents() == before
    assert "7 rows: 6 made, 0 joined, 0 known, 1 held, 0 left out" in result.output
    assert "4 new donors, 0 known; 6 gifts, 1684.50 PLN" in result.output
    assert "sheet 2024: 3 gifts, 300.00 PLN; the file says 330.00 PLN, difference 30.00 PLN" in result.output
    assert "held 2024!8: the day cannot be read" in result.output
    assert result.exit_code == 1  # a row waits for a person


def test_only_what_was_shown_is_brought(run: Run, years: Path) -> None:
    """Without a terminal nothing is done; the digest brings exactly what was shown, once."""
    shown = run("gifts", years, "--currency", "PLN")
    assert "nothing was done" in shown.output
    assert (count(Donor), count(Gift)) == (0, 0)
    match = re.search(r"digest ([0-9a-f]{16})", shown.output)
    assert match is not None
    result = run("gifts", years, "--currency", "PLN", "--digest", match[1])
    assert "years.xlsx: done, 6 rows brought, 0 known already" in result.output
    assert (count(Donor), count(Gift)) == (4, 6)
    again = run("gifts", years, "--currency", "PLN", "--yes")
    assert "6 known, 1 held" in again.output
    assert (count(Donor), count(Gift)) == (4, 6)


def test_people_come_without_gifts(run: Run, years: Path) -> None:
    """The same file brings its people alone, and asks no currency for it."""
    result = run("people", years, "--yes")
    assert result.exit_code == 0, result.output
    assert (count(Donor), count(Gift)) == (5, 0)


def test_what_is_asked_is_not_done(run: Run, tmp_path: Path) -> None:
    """A question ends it; a column said by its name answers one."""
    path = tmp_path / "two.csv"
    path.write_text("Darczyńca;Data;Kwota;Suma\nAnna Lis;13.02.2024;50;70\nJan Lis;14.02.2024;60;50\n")
    result = run("gifts", path, "--currency", "PLN", "--yes")
    assert result.exit_code == 1
    assert "asks amount_column : Say which column holds the amount of the gift." in result.output
    assert count(Gift) == 0
    result = run(
        "gifts", path, "--currency", "PLN", "--yes", "--column", "Kwota=amount", "--column", "Suma=left_out"
    )
    assert result.exit_code == 0, result.output
    assert count(Gift) == 2
    wrong = run("gifts", path, "--column", "Ile=amount")
    assert wrong.exit_code == 1


def test_what_is_no_table_is_refused(run: Run, tmp_path: Path) -> None:
    """A file without a table is refused with its reason."""
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7")
    result = run("people", path, "--yes")
    assert result.exit_code == 1
    assert count(Donor) == 0
