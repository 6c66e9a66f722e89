"""The mapping wizard: a table that nobody knows is looked at, asked about, tried out, imported and known."""

from __future__ import annotations

import io
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.models import BankAccount, ColumnMapping, Entry, ImportFile
from tests.web.bank.bank_world import UNKNOWN_CSV, Staff, let_write, token_in, words_of, work

BARE = (
    b"Dita;Prej;Pse;Sa\n"
    b"03.09.2026;Arben Gashi;dhurim;50,00\n"
    b"04.09.2026;Besa Krasniqi;Donacion;1234,50\n"
    b"05.09.2026;Banka;Komision;-1,20\n"
)


def answers(page: str, **said: str) -> dict[str, str]:
    """Every field of the wizard as the page has it, but for what is ``said``."""
    form = page[page.index('id="wizard"') : page.index("</form>", page.index('id="wizard"'))]
    fields = {}
    for name, body in re.findall(r'<select[^>]* name="([^"]+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        fields[name] = chosen.group(1) if chosen else ""
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="radio"' not in tag:
            fields[name.group(1)] = value.group(1) if value else ""
    return {name: unescape(value) for name, value in fields.items()} | said


def query(fields: dict[str, str]) -> str:
    return urlencode(fields)


def entries_count() -> int:
    let_write()
    return db.session.scalar(select(func.count()).select_from(Entry)) or 0


def test_open_questions_show_examples(
    accountant: Staff,
) -> None:
    """What is found is shown, and what is open is asked with examples of the file."""
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    words = accountant.text(f"{page}/columns")
    assert "All days are 12 or less. What is 03.09.2026? 3 September 2026 9 March 2026" in words
    assert "6 of 6 columns are used" in words
    assert "XK05 1212 0123 4567 8906" in words
    assert "New: it is added when you import." in words
    assert "What an import would do" not in words


def test_looking_stores_nothing(accountant: Staff) -> None:
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    words = accountant.text(f"{page}/columns?date_order=dmy")
    assert "New entries 3" in words and "Rows that fail 0" in words
    assert "Money in EUR 1,284.50" in words and "Money out EUR -1.20" in words
    assert "3 Sept 2026 – 5 Sept 2026" in words
    assert "each balance follows from the one before" in words or "proved by the balances" in words
    assert entries_count() == 0
    assert db.session.scalar(select(func.count()).select_from(ColumnMapping)) == 0


def test_import_remembers_its_columns(accountant: Staff) -> None:
    """An import stores and remembers, and the next file is read without asking."""
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    shown = accountant.get(f"{page}/columns?date_order=dmy").text
    answer = accountant.post(f"{page}/columns", **answers(shown, remember="1", name="Banka Shembull"))
    assert answer.status_code == 302
    work()
    assert entries_count() == 3
    assert db.session.scalar(select(BankAccount.number)) == "XK051212012345678906"
    mapping = db.session.scalars(select(ColumnMapping)).one()
    assert (mapping.name, mapping.layout["date_order"]) == ("Banka Shembull", "dmy")
    later = UNKNOWN_CSV.replace(b".09.2026", b".10.2026")
    words = accountant.text(accountant.upload(later, "october.csv"))
    assert "3 new entries" in words and "imported" in words
    assert entries_count() == 6


def test_known_table_counts_known_entries(accountant: Staff) -> None:
    """A known table says so, and counts what the ledger has already."""
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    shown = accountant.get(f"{page}/columns?date_order=dmy").text
    accountant.post(f"{page}/columns", **answers(shown, remember="1", name="Banka Shembull"))
    work()
    words = accountant.text(f"{page}/columns")
    assert "These columns are known as “Banka Shembull”" in words
    assert "New entries 0 Known already 3" in words
    assert "This file is imported. To import it with other columns, take the import back first." in words


def test_changed_header_is_explained(accountant: Staff) -> None:
    """A changed header is noticed, explained, and mapped as far as before."""
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    shown = accountant.get(f"{page}/columns?date_order=dmy").text
    accountant.post(f"{page}/columns", **answers(shown, remember="1", name="Banka Shembull"))
    work()
    changed = UNKNOWN_CSV.replace("Përfituesi".encode("cp1250"), b"Kush") + b"\r\n"
    other = accountant.upload(changed, "november.csv")
    words = accountant.text(f"{other}/columns")
    assert "The bank changed the columns of “Banka Shembull”." in words
    assert "Not there any more: Përfituesi" in words and "New: Kush" in words
    assert "as the last time" in words
    assert "All days are 12 or less" not in words  # this bank writes the day first, as was said before
    assert entries_count() == 3


def test_headless_table_waits_for_person(
    accountant: Staff,
) -> None:
    """A table without column names is proposed as the last time and waits for a person."""
    accountant.post("/bank/accounts", number="PL61109010140000071219812874", new_currency="PLN")
    rows = "2026-09-21;Anna Nowak;dar;50,00;PLN\n2026-09-22;Bank;oplata;-1,00;PLN\n"
    page = accountant.upload(rows.encode(), "rows.csv")
    said = "amounts=signed&account=1&role1=name&role2=remittance"
    first = answers(accountant.get(f"{page}/columns").text)
    shown = accountant.get(f"{page}/columns?basis={first['basis']}&{said}").text
    accountant.post(f"{page}/columns", **answers(shown, remember="1", name="Rows"))
    work()
    assert entries_count() == 2
    other = accountant.upload(rows.replace("-09-", "-10-").encode(), "rows2.csv")
    words = accountant.text(f"{other}/columns")
    assert entries_count() == 2
    assert "These columns are known as “Rows”" in words and "New entries 2" in words
    assert "Please answer" not in words
    accountant.post(f"{other}/columns", **answers(accountant.get(f"{other}/columns").text))
    work()
    assert entries_count() == 4
    strange = accountant.upload(b"Anna;2026-11-21;7,00;PLN\nJan;2026-11-22;8,00;PLN\n", "other.csv")
    assert "known as" not in accountant.text(f"{strange}/columns")


def test_open_questions_stop_the_import(accountant: Staff) -> None:
    """Every open thing must be answered before anything is imported."""
    accountant.post("/bank/accounts", number="XK051212012345678906", new_currency="EUR")
    page = accountant.upload(BARE, "bare.csv")
    shown = accountant.get(f"{page}/columns").text
    words = words_of(shown)
    assert "Did 50,00 come in or go out? The row: 03.09.2026 · Arben Gashi · dhurim · 50,00" in words
    assert "Which of our accounts is this?" in words
    assert "No column holds a name or a text yet" in words
    answer = accountant.post(f"{page}/columns", **answers(shown, remember="1"))
    assert answer.status_code == 422
    assert entries_count() == 0
    account = db.session.scalars(select(BankAccount.id)).one()
    said = answers(
        shown, date_order="dmy", amounts="signed", account=str(account), role1="name", role2="remittance"
    )
    tried = accountant.get(f"{page}/columns?{query(said)}").text
    assert "Money in EUR 1,284.50" in words_of(tried)
    assert accountant.post(f"{page}/columns", **answers(tried, remember="1")).status_code == 302
    work()
    names = list(db.session.scalars(select(Entry.counterparty_name).order_by(Entry.id)))
    assert names == ["Arben Gashi", "Besa Krasniqi", "Banka"]


def test_person_decides_plus_and_minus(accountant: Staff) -> None:
    """What plus and minus mean is decided by the person."""
    accountant.post("/bank/accounts", number="XK051212012345678906", new_currency="EUR")
    page = accountant.upload(BARE, "bare.csv")
    words = accountant.text(f"{page}/columns?date_order=mdy&amounts=inverse&account=1")
    assert "Money in EUR 1.20" in words and "Money out EUR -1,284.50" in words
    assert "9 Mar 2026 – 9 May 2026" in words


def test_failing_rows_show_their_reason(accountant: Staff) -> None:
    """Rows that fail are shown with the reason, beyond the first twenty."""
    accountant.post("/bank/accounts", number="XK051212012345678906", new_currency="EUR")
    good = b"".join(b"13.09.2026;Arben %d;dhurim;1,00\n" % n for n in range(25))
    page = accountant.upload(b"Dita;Prej;Pse;Sa\n" + good + b"31.02.2026;Besa;dhurim;2,00\n", "long.csv")
    words = accountant.text(f"{page}/columns?amounts=signed&account=1")
    assert "Rows that fail 1" in words
    assert re.search(r"27 fails .*31\.02\.2026", words)


def test_polish_wizard_has_no_english(database: Flask) -> None:
    """A Polish reader meets no English in the wizard."""
    accountant = Staff(database, "accountant", lang="pl")
    accountant.post("/bank/accounts", number="XK051212012345678906", new_currency="EUR")
    rows = "Data;Data waluty;Kwota;Kwota zlecenia;Opis\n13.09.2026;13.09.2026;1,00;2,00;dar\n"
    page = accountant.upload(f"{rows}31.02.2026;31.02.2026;2,00;2,00;dar\n".encode(), "lista.csv")
    shown = accountant.get(f"{page}/columns?amounts=signed&account=1").text
    words = words_of(shown)
    assert "'31.02.2026' nie jest datą w kolejności dzień-miesiąc-rok." in words
    assert "stoi obok właściwej kolumny operacji: Kwota" in words
    assert 'lang="en"' not in shown[shown.index('id="wizard"') :]


def test_other_currency_account_is_refused(accountant: Staff) -> None:
    """An account in another currency is refused before the import."""
    accountant.post("/bank/accounts", number="XK051212012345678906", new_currency="EUR")
    page = accountant.upload(BARE, "bare.csv")
    words = accountant.text(f"{page}/columns?date_order=dmy&amounts=signed&account=1&currency=ALL")
    assert "The rows are in ALL, the account is in EUR: choose another account." in words


@pytest.mark.parametrize(
    "wrong",
    [
        "header_line=999",
        "delimiter=%7C",
        "encoding=utf-16",
        "encoding=klingon",
        "account=77",
        "account=x",
        "currency=1",
        "date_order=never",
        "role0=amount&basis=x",
        "header_line=-1",
    ],
)
def test_no_choice_breaks_the_page(accountant: Staff, wrong: str) -> None:
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    assert accountant.get(f"{page}/columns?{wrong}").status_code == 200


def test_what_is_no_table_gets_a_sentence(accountant: Staff) -> None:
    page = accountant.upload(b"%PDF-1.7 nothing", "a.pdf")
    words = accountant.text(f"{page}/columns")
    assert "The file is no bank statement that we know" in words


def test_direction_words_are_asked(accountant: Staff) -> None:
    """The words of a direction column are asked and used."""
    accountant.post("/bank/accounts", number="XK051212012345678906", new_currency="EUR")
    rows = "Dita;Kush;Sa;Kahu\n13.09.2026;Arben;50,00;ardhje\n14.09.2026;Banka;1,20;shkuarje\n"
    page = accountant.upload(rows.encode(), "words.csv")
    shown = accountant.get(f"{page}/columns").text
    said = answers(shown, role1="name", role3="direction", account="1")
    asked = accountant.get(f"{page}/columns?{query(said)}").text
    assert "Say which words of the direction column mean money in and money out." in words_of(asked)
    told = answers(asked, **{"word:ardhje": "in", "word:shkuarje": "out"})
    words = words_of(accountant.get(f"{page}/columns?{query(told)}").text)
    assert "Money in EUR 50.00" in words and "Money out EUR -1.20" in words


def test_unbooked_entries_are_left_out(accountant: Staff) -> None:
    """Entries that are not booked are left out by their status."""
    accountant.post("/bank/accounts", number="XK051212012345678906", new_currency="EUR")
    rows = "Data;Nadawca;Kwota;Status\n13.09.2026;Arben;50,00;wykonana\n14.09.2026;Besa;9,00;oczekuje\n"
    page = accountant.upload(rows.encode(), "status.csv")
    words = accountant.text(f"{page}/columns?amounts=signed&account=1")
    assert "Which of these entries are booked?" in words
    assert "New entries 1" in words and "Money in EUR 50.00" in words


def test_the_form_sent_twice_imports_once(accountant: Staff) -> None:
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    fields = answers(accountant.get(f"{page}/columns?date_order=dmy").text, remember="1", name="B")
    for _ in range(2):
        assert accountant.post(f"{page}/columns", **fields).status_code == 302
    work()
    assert entries_count() == 3
    assert db.session.scalar(select(func.count()).select_from(ColumnMapping)) == 1


def test_token_stays_out_of_addresses(accountant: Staff) -> None:
    """The token travels with the import only, and never in an address."""
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    shown = accountant.get(f"{page}/columns?date_order=dmy").text
    form = shown[shown.index('id="wizard"') :]
    assert 'type="hidden" name="csrf_token"' not in form
    assert re.search(r'<button[^>]*formmethod="post"[^>]*name="csrf_token"', form)
    assert accountant.client.post(f"{page}/columns", data=answers(shown, csrf_token="")).status_code == 400
    assert token_in(shown)


def test_a_steward_may_look_and_not_import(database: Flask) -> None:
    accountant = Staff(database, "accountant")
    page = accountant.upload(UNKNOWN_CSV, "export.csv")
    steward = Staff(database, "steward")
    shown = steward.get(f"{page}/columns?date_order=dmy")
    assert shown.status_code == 200 and "formmethod" not in shown.text
    assert steward.post(f"{page}/columns", remember="1").status_code == 403


def test_a_workbook_needs_no_encoding_and_no_separator(accountant: Staff) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Data", "Nadawca", "Tytuł", "Kwota"], ["2026-09-13", "Anna", "dar", 50.5]):
        sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    accountant.post("/bank/accounts", number="PL61109010140000071219812874", new_currency="PLN")
    page = accountant.upload(kept.getvalue(), "book.xlsx")
    words = accountant.text(f"{page}/columns?amounts=signed&account=1")
    assert "Separator" not in words and "Money in PLN 50.50" in words
    assert db.session.scalar(select(ImportFile.state)) == "asking"
