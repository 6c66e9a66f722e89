"""Tables as banks and payment services of Europe write them: which column is which, and what is no money.

The headers are theirs, people and amounts are ours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from importers import tabular
from importers.statement import Entry, Reading
from importers.text import find_date_orders, parse_amount

NRB = "61109010140000071219812874"
HEADERS = {
    "Nest Bank": (
        "Data księgowania,Data operacji,Kwota,Waluta,Dane kontrahenta,Tytuł operacji,Saldo po operacji",
        "30-09-2026,29-09-2026,50.00,PLN,ANNA NOWAK,gift,1050.00",
        {"booked_on": 0, "value_on": 1, "amount": 2, "currency": 3, "name": 4, "remittance": 5, "balance": 6},
    ),
    "BNP Paribas PL": (
        "Data transakcji,Data zaksięgowania,Kwota,Waluta,Nadawca / Odbiorca,Waluta zlecenia,Status",
        "29.09.2026,30.09.2026,50.00,PLN,ANNA NOWAK,EUR,Zrealizowana",
        {"booked_on": 1, "value_on": 0, "amount": 2, "currency": 3, "name": 4, "status": 6},
    ),
    "Revolut": (
        "Type,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance",
        "TRANSFER,2026-09-29 10:00:00,2026-09-30 11:12:13,Anna Nowak,50.00,0.00,EUR,COMPLETED,1050.00",
        {"booked_on": 2, "value_on": 1, "amount": 4, "currency": 6, "status": 7, "balance": 8},
    ),
    "N26": (
        "Booking Date,Value Date,Partner Name,Partner Iban,Payment Reference,Amount (EUR),Original Amount,"
        "Original Currency",
        "2026-09-30,2026-09-29,Erika Muster,DE89370400440532013000,gift,50.00,60.00,USD",
        {"booked_on": 0, "value_on": 1, "name": 2, "account": 3, "remittance": 4, "amount": 5},
    ),
    "DKB": (
        "Buchungsdatum;Wertstellung;Status;Zahlungspflichtige*r;Zahlungsempfänger*in;Betrag (€)",
        "30.09.26;29.09.26;Gebucht;Erika Muster;Verein;50,00",
        {"booked_on": 0, "value_on": 1, "status": 2, "name_from": 3, "name_to": 4, "amount": 5},
    ),
    "Sparkasse": (
        "Auftragskonto;Buchungstag;Beguenstigter/Zahlungspflichtiger;Lastschrift Ursprungsbetrag;Betrag;Info",
        "DE89370400440532013000;30.09.26;Erika Muster;20,00;50,00;Umsatz vorgemerkt",
        {"own_account": 0, "booked_on": 1, "name": 2, "amount": 4, "status": 5},
    ),
    "ING NL": (
        "Datum;Naam / Omschrijving;Rekening;Tegenrekening;Af Bij;Bedrag (EUR);Mededelingen",
        "20260930;J JANSEN;NL91ABNA0417164300;NL02ABNA0123456789;Bij;50,00;gift",
        {"booked_on": 0, "name": 1, "own_account": 2, "account": 3, "direction": 4, "amount": 5},
    ),
    "Raiffeisen Kosovo": (
        "Data e procesimit;Data e valutës;Pala;Përshkrimi;Hyrje;Dalje;Gjendja",
        "30.09.2026;29.09.2026;ARBEN HOXHA;dhuratë;50,00;-;1.050,00",
        {"booked_on": 0, "value_on": 1, "name": 2, "remittance": 3, "credit": 4, "balance": 6},
    ),
}


def entries(reading: Reading) -> list[Entry]:
    return [entry for statement in reading.statements for entry in statement.entries]


def preview_text(text: str, **answer_fields: Any) -> tabular.Preview:
    """What the draft for a table makes of it, once the person has said what it leaves open."""
    data = text.encode()
    layout = tabular.draft_layout(data).layout
    assert layout is not None
    return tabular.preview_table(data, replace(layout, **answer_fields), currency="PLN")


@pytest.mark.parametrize("bank", HEADERS)
def test_bank_columns_are_known_by_name(bank: str) -> None:
    """The columns of a bank are known by their names."""
    header, row, roles = HEADERS[bank]
    seen = tabular.draft_layout(f"{header}\n{row}\n".encode())
    found = {guess.role: guess.position for guess in seen.columns if guess.role}
    assert {role: found.get(role) for role in roles} == roles  # type: ignore[call-overload]


def test_original_amount_is_not_taken() -> None:
    """What stands beside the amount, such as the original amount or a fee, is never taken for it.

    The fee has a role of its own, which says how it moves the balance.
    """
    seen = tabular.draft_layout(b"Date,Original Amount,Original Currency,Fee\n2026-09-30,60.00,USD,1.00\n")
    assert {guess.role for guess in seen.columns} == {"booked_on", "fee", None}


def test_waiting_and_undone_rows_are_skipped() -> None:
    """Rows whose state says waiting or undone are no money; they are skipped with a warning."""
    rows = "Completed Date,Description,Amount,Currency,State\n2026-09-30,A,50.00,EUR,COMPLETED\n"
    rows += ",B,-5.00,EUR,PENDING\n2026-09-30,C,-7.00,EUR,REVERTED\n"
    preview = preview_text(rows, amounts="signed")
    assert [row.status for row in preview.rows[1:]] == ["entry", "skipped", "skipped"]
    assert [problem.level for problem in preview.reading.problems] == ["warning"]


@pytest.mark.parametrize(
    "footer", ["Razem;;30,00", ";Suma;30,00", "Gjithsej: 2;;30,00", "Razem 2 operacje;;30,00"]
)
def test_row_of_sums_is_no_entry(footer: str) -> None:
    """A row of sums is no entry and no error."""
    preview = preview_text(
        f"Data;Opis;Kwota\n30.09.2026;A;50,00\n29.09.2026;B;-20,00\n{footer}\n", amounts="signed"
    )
    assert not preview.reading.problems
    assert len(entries(preview.reading)) == 2


def test_missing_date_is_always_an_error() -> None:
    """A row whose date is missing is an error, even if its text begins like a row of sums."""
    preview = preview_text("Opis;Data;Kwota\nA;30.09.2026;50,00\nSuma z puszki;;20,00\n", amounts="signed")
    assert [problem.where for problem in preview.reading.problems if problem.level == "error"] == ["line 3"]


def test_a_dash_says_that_there_is_no_amount() -> None:
    preview = preview_text("Data;Opis;Wpływy;Wydatki\n30.09.2026;A;50,00;-\n29.09.2026;B;—;20,00\n")
    assert [entry.amount.minor for entry in entries(preview.reading)] == [5000, -2000]


def test_guarded_number_and_two_line_text() -> None:
    """A number that was kept from rounding and a text of two lines are read plainly."""
    text = f'Data;Opis;Rachunek;Kwota\n30.09.2026;"for\nDH-1001-7";="{NRB}";50,00\n'
    (entry,) = entries(preview_text(text, amounts="signed").reading)
    assert entry.details[0].counterparty.account == f"PL{NRB}"
    assert entry.details[0].remittance == "for DH-1001-7"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("30-SEP-2026", {"dmy"}),
        ("1 May 26", {"dmy"}),
        ("2026-09-30T10:00:00+02:00", {"ymd"}),
        ("31-FEB-2026", set()),
        ("30-XYZ-2026", set()),
    ],
)
def test_months_in_words_and_zones(text: str, order: set[str]) -> None:
    """Days are read with months in words and with a time zone."""
    assert find_date_orders((text,)) == order


def test_credit_and_debit_behind_the_amount() -> None:
    """The words for credit and debit behind an amount give its sign; two signs are refused."""
    assert [parse_amount(text, "EUR").minor for text in ("50.00 CR", "50.00 Dr", "50,00DR")] == [
        5000,
        -5000,
        -5000,
    ]
    for text in ("-50.00 DR", "CR 50.00"):
        with pytest.raises(ValueError, match="not in EUR"):
            parse_amount(text, "EUR")
