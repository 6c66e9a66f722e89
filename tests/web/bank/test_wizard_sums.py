"""The sums that the wizard shows are the sums that it books, the first time and every time after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue.run import run_task
from donorhub.models import ColumnMapping, Entry
from donorhub.services.bank.files import imports
from tests.shared import BANK
from tests.web.bank.bank_world import Staff, let_write, words_of, work
from tests.web.bank.test_wizard import answers

FOLDERS = (
    Path(__file__).parents[2] / "files" / "csv",
    BANK / "csv",  # where it is at hand
)
SAMPLES = [path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.rglob("*.[ct][sx][vt]"))]
COUNTS = Entry.state.not_in(("taken_back", "duplicate", "doubtful"))
HEAD = "Nr;Dzień wpłaty;Od kogo;Opis;Ile zł"
LEFT_OUT = {"role0": "", "role2": "name", "role4": "amount", "amounts": "signed", "account": "1"}


def numbered_table(month: str, *, head: str = HEAD) -> bytes:
    """Six payments, PLN 525.00 together, behind the numbers of their rows, 21 together."""
    rows = (f"{n};{12 + n}.{month}.2026;Darczyńca {n};darowizna;{25 * n},00" for n in range(1, 7))
    return "\n".join((head, *rows, "")).encode()


@pytest.fixture
def columns_said(accountant: Staff) -> Staff:
    """The accountant, who said which columns the first file has: the row number is left out."""
    accountant.post("/bank/accounts", number="PL61109010140000071219812874", new_currency="PLN")
    page = accountant.upload(numbered_table("08"), "q1.csv")
    form_fields = answers(accountant.get(f"{page}/columns").text, **LEFT_OUT)
    tried = accountant.get(f"{page}/columns?{urlencode(form_fields)}").text
    assert "Money in PLN 525.00" in words_of(tried)
    assert accountant.post(f"{page}/columns", **answers(tried, remember="1")).status_code == 302
    work()
    assert sum_ledger() == 52500
    return accountant


def sum_ledger() -> int:
    """What counts in the ledger, in minor units."""
    let_write()
    return int(db.session.scalar(select(func.sum(Entry.amount_minor)).where(COUNTS)) or 0)


def list_versions() -> list[tuple[int, dict[str, object]]]:
    let_write()
    rows = db.session.scalars(select(ColumnMapping).order_by(ColumnMapping.id))
    return [(row.version, row.layout) for row in rows]


def test_remembered_columns_book_what_they_show(columns_said: Staff) -> None:
    """A mapping remembers what was left out: the wizard opened again shows, sends and books the same."""
    before = list_versions()
    page = columns_said.upload(numbered_table("09"), "q2.csv")
    assert sum_ledger() == 105000  # read by itself
    assert columns_said.take_back(page, reason="another look").status_code == 302
    assert sum_ledger() == 52500
    shown = columns_said.get(f"{page}/columns").text
    assert "Money in PLN 525.00" in words_of(shown)
    assert answers(shown)["role0"] == "" and answers(shown)["role4"] == "amount"
    assert columns_said.post(f"{page}/columns", **answers(shown, remember="1")).status_code == 302
    work()
    assert sum_ledger() == 105000
    assert list_versions() == before
    columns_said.upload(numbered_table("10"), "q3.csv")
    assert sum_ledger() == 157500


@pytest.mark.parametrize(
    "samples",
    [pytest.param(SAMPLES[::4], id="some"), pytest.param(SAMPLES, id="all", marks=pytest.mark.slow)],
)
def test_wizard_books_each_sample_as_shown(
    database: Flask, subtests: pytest.Subtests, samples: Sequence[Path]
) -> None:
    """Every sample table books, by hand and then by what was remembered, the sums that its page showed."""
    accountant = Staff(database, "accountant")
    accountant.post("/bank/accounts", number="PL61109010140000071219812874", new_currency="PLN")
    imported = 0
    for path in samples:
        with subtests.test(path.name):
            data = path.read_bytes()
            end = b"\n\0" if b"\0" in data else b"\n"
            page = accountant.upload(data, path.name)
            take_back(accountant, page)
            shown = answer_all(accountant, page)
            if 'formmethod="post"' not in shown:
                continue
            sums = read_sums(words_of(shown))
            assert accountant.post(f"{page}/columns", **answers(shown, remember="1")).status_code == 302
            work()
            if "is not known yet" in accountant.text(page):
                accountant.confirm(page)  # accounts that the rows name are added
            work()
            is_held = "This statement is held" in accountant.text(page)
            assert sum_each_currency() == ({} if is_held else sums)
            imported += not is_held
            take_back(accountant, page)
            again = accountant.upload(data + end, path.name)
            assert is_held or sum_each_currency() == sums
            take_back(accountant, again)
    assert imported


def take_back(accountant: Staff, page: str) -> None:
    """Empty the ledger of what a file brought, where it brought anything."""
    accountant.take_back(page, reason="another look")
    assert not sum_each_currency()


def answer_all(accountant: Staff, page: str) -> str:
    """The wizard's page with the first choice for every question, as often as it asks."""
    shown = accountant.get(f"{page}/columns").text
    for _ in range(4):
        asked = dict(re.findall(r'<input type="radio" name="([^"]+)" value="([^"]+)"', shown)[::-1])
        if not asked and 'id="ask-' not in shown:
            break
        form_fields = answers(shown, **asked)
        form_fields["account"] = form_fields.get("account") or "1"
        shown = accountant.get(f"{page}/columns?{urlencode(form_fields)}").text
    return shown


def read_sums(words: str) -> dict[tuple[str, bool], int]:
    """The sums on a page in minor units, by currency and whether the money came in."""
    match = re.search(r"Rows that fail \d+ Money in (.*?) Money out (.*?) Period", words)
    assert match, words
    sums = {}
    for part, is_in in zip(match.groups(), (True, False), strict=True):
        for currency, amount in re.findall(r"([A-Z]{3}) (-?[0-9,.]+)", part):
            minor = int(re.sub(r"[,.]", "", amount))
            if minor:
                sums[currency, is_in] = minor
    return sums


def sum_each_currency() -> dict[tuple[str, bool], int]:
    """The same of what counts in the ledger."""
    let_write()
    is_in = Entry.amount_minor > 0
    rows = db.session.execute(
        select(Entry.currency, is_in, func.sum(Entry.amount_minor))
        .where(COUNTS)
        .group_by(Entry.currency, is_in)
    )
    return {(currency, bool(side)): int(minor) for currency, side, minor in rows}


def test_asked_amount_shows_both_sums(accountant: Staff) -> None:
    """Two columns that could be the amount are asked for with their sums; only answers are "you said"."""
    accountant.post("/bank/accounts", number="PL61109010140000071219812874", new_currency="PLN")
    rows = "Dzień;Od kogo;Ile;Punkty\n13.09.2026;Anna;25,00;3\n14.09.2026;Jan;50,00;9\n"
    page = accountant.upload(rows.encode(), "points.csv")
    shown = accountant.get(f"{page}/columns").text
    words = words_of(shown)
    assert "Which column is the amount? Ile: 75.00 together Punkty: 12.00 together" in words
    assert "you said" not in words
    form_fields = answers(shown, amount_at="2", account="1", amounts="signed")
    for _ in range(2):
        shown = accountant.get(f"{page}/columns?{urlencode(form_fields)}").text
        words = words_of(shown)
        assert "Money in PLN 75.00" in words and "12.00" not in words
        assert words.count("you said") == 3  # the account, plus and minus, the column
        form_fields = answers(shown)


def open_second_table(accountant: Staff) -> tuple[str, dict[str, str]]:
    """A table that asks and has its plan on the page: its address, and the form as the page sent it."""
    accountant.post("/bank/accounts", number="PL61109010140000071219812874", new_currency="PLN")
    page = accountant.upload(numbered_table("08"), "q1.csv")
    form_fields = answers(accountant.get(f"{page}/columns").text, amounts="signed", account="1")
    shown = accountant.get(f"{page}/columns?{urlencode(form_fields)}").text
    assert "Import 6 entries" in words_of(shown)
    return page, answers(shown, remember="1")


def send_other_export() -> None:
    """The same bank tells two of the six payments in another export, with the columns as they are known."""
    rows = numbered_table("08").decode().splitlines()[:3]
    let_write()
    file, _ = imports.receive_file(
        "\n".join((*rows, "")).replace("Nr", "Lp").encode(),
        "other.csv",
        bank_account_id=1,
        layout={
            "name": "q1",
            "header": rows[0].replace("Nr", "Lp").split(";"),
            "columns": [
                {"role": "booked_on", "name": "Dzień wpłaty"},
                {"role": "name", "name": "Od kogo"},
                {"role": "remittance", "name": "Opis"},
                {"role": "amount", "name": "Ile zł"},
            ],
        },
        now=clock.now(),
        actor="user:1",
    )
    db.session.commit()
    task = imports.find_reading_task(file)
    assert task is not None and run_task(task.id)
    let_write()
    assert (file.state, sum_ledger()) == ("done", 7500)


def test_changed_ledger_shows_the_new_plan(accountant: Staff) -> None:
    """Where the ledger changed since the page, nothing is stored and the page shows what is left."""
    page, form = open_second_table(accountant)
    send_other_export()
    answer = accountant.post(f"{page}/columns", **form)
    assert answer.status_code == 422
    words = words_of(answer.text)
    assert "nothing was imported: 6 entries, PLN 525.00 then, 4 entries, PLN 450.00 now." in words
    work()
    assert (sum_ledger(), list_versions()) == (7500, [])
    for _ in range(2):
        assert accountant.post(f"{page}/columns", **answers(answer.text)).status_code == 302
        work()
        assert sum_ledger() == 52500


def test_changed_form_is_shown_before_it_counts(accountant: Staff) -> None:
    """A choice that the page has not shown yet is shown first, also where a browser does not refresh."""
    page, form = open_second_table(accountant)
    answer = accountant.post(f"{page}/columns", **{**form, "amounts": "inverse"})
    assert answer.status_code == 422 and "PLN -525.00 now" in words_of(answer.text)
    for digest in ("", "0" * 64):
        assert accountant.post(f"{page}/columns", **{**form, "digest": digest}).status_code == 422
    work()
    assert (sum_ledger(), list_versions()) == (0, [])


def test_late_change_gives_the_import_up(accountant: Staff) -> None:
    """Between the button and the worker the ledger changes: the transaction is given up and the file asks."""
    page, form = open_second_table(accountant)
    assert accountant.post(f"{page}/columns", **form).status_code == 302
    send_other_export()
    work()
    assert sum_ledger() == 7500
    assert "What this file does changed since it was shown" in accountant.text(page)
    shown = accountant.get(f"{page}/columns").text
    assert "Import 4 entries" in words_of(shown)
    assert accountant.post(f"{page}/columns", **answers(shown)).status_code == 302
    work()
    assert sum_ledger() == 52500


def test_asked_fee_shows_both_sums(accountant: Staff) -> None:
    """What a fee does is asked with the sum of each answer, and what is chosen is shown and booked."""
    accountant.post("/bank/accounts", number="PL61109010140000071219812874", new_currency="PLN")
    rows = "Dzień;Od kogo;Ile;Prowizja\n13.09.2026;Anna;100,00;1,00\n14.09.2026;Jan;-30,00;0,30\n"
    page = accountant.upload(rows.encode(), "fees.csv")
    asked = accountant.get(f"{page}/columns").text
    words = words_of(asked)
    assert "How much was booked for 100,00 with the fee 1,00?" in words
    assert "99.00 100.00" in words
    form_fields = answers(asked, fees="beside", account="1", amounts="signed")
    shown = accountant.get(f"{page}/columns?{urlencode(form_fields)}").text
    assert "Money in PLN 99.00 Money out PLN -30.30" in words_of(shown)
    assert accountant.post(f"{page}/columns", **answers(shown, remember="1")).status_code == 302
    work()
    assert sum_ledger() == 6870
    accountant.upload(rows.replace(".09.", ".10.").encode(), "october.csv")
    assert sum_ledger() == 2 * 6870
