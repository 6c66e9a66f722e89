"""The wizard: a table nobody knows is looked at, mapped once, saved, recognised, and its changes noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import importers
from importers import tabular
from importers.statement import Reading
from importers.table.answers import Answers
from importers.table.layout import Column, Layout, LayoutError

FILES = Path(__file__).resolve().parents[2] / "files" / "csv"
UNKNOWN = (FILES / "unknown-bank.csv").read_bytes()
SIMPLE = Layout(
    name="mine",
    columns=(
        Column("booked_on", "Data"),
        Column("remittance", "Opis"),
        Column("amount", "Kwota"),
        Column("currency", "Waluta"),
    ),
    header=("Data", "Opis", "Kwota", "Waluta"),
    exact=True,
    date_order="ymd",
    decimal=",",
)


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


@pytest.mark.parametrize(
    ("header", "row", "roles"),
    [
        (
            "Датум;Сврха;Износ;Валута;Стање",
            "21.09.2026;Поклон;1.000,00;RSD;5.000,00",
            ["booked_on", "remittance", "amount", "currency", "balance"],
        ),
        (
            "Datum;Uplatilac;Svrha uplate;Isplata;Uplata",
            "21.09.2026;Jović Đ.;poklon;;1.000,00",
            ["booked_on", "name", "remittance", "debit", "credit"],
        ),
        (
            "Data e transaksionit;Emri i dërguesit;Mesazhi;Vlera",
            "21.09.2026;Arben Gashi;dhurim;50,00",
            ["booked_on", "name", "remittance", "amount"],
        ),
    ],
)
def test_serbian_and_albanian_headings(header: str, row: str, roles: list[str]) -> None:
    """Headings in Serbian, in either alphabet, and in Albanian give their columns."""
    seen = tabular.draft_layout(f"{header}\r\n{row}\r\n{row}\r\n".encode())
    assert [column.role for column in seen.columns] == roles


def table(*rows: str) -> bytes:
    return "\r\n".join(["Data;Opis;Kwota;Waluta", *rows, ""]).encode()


def amounts(reading: Reading) -> list[str]:
    return [entry.amount.as_text() for statement in reading.statements for entry in statement.entries]


def test_a_table_that_nobody_knows_is_not_guessed() -> None:
    reading = importers.read(UNKNOWN)
    assert (reading.statements, codes(reading)) == ((), ["layout_unknown"])
    assert "once" in reading.problems[0].message


def test_wizard_leads_to_saved_layout() -> None:
    """The wizard leads from the first sight of a table to a saved layout that reads it."""
    seen = tabular.draft_layout(UNKNOWN)
    assert seen.known_layout is None
    assert {guess.header: guess.role for guess in seen.columns} == {
        "Data e postimit": "booked_on",
        "Përfituesi": "name",
        "Qëllimi": "remittance",
        "Shuma": "amount",
        "Monedha": "currency",
        "Gjendja": "balance",
    }
    assert all(guess.reason for guess in seen.columns)
    assert (
        seen.header_line == 4
        and seen.facts["encoding"] == "cp1250"
        and seen.facts["delimiter"] == "semicolon"
    )
    assert seen.is_proved and seen.layout is not None
    assert (seen.layout.decimal, seen.layout.amounts) == (",", "signed")  # proved by the balances
    assert [question.code for question in seen.questions] == ["date_order"]  # 3, 4 and 5 September, or March…

    mine = replace(seen.layout, name="bank.shembull", date_order="dmy")
    shown = tabular.preview_table(UNKNOWN, mine, limit=6)
    assert [row.status for row in shown.rows] == ["skipped"] * 4 + ["entry"] * 2
    assert shown.rows[4].entry is not None and shown.rows[4].cells[1] == "ARBËR GASHI"
    assert str(shown.total_in["EUR"]) == "1284.50 EUR" and str(shown.total_out["EUR"]) == "-1.20 EUR"
    assert [str(day) for day in shown.period] == ["2026-09-03", "2026-09-05"]
    assert shown.integrity == "proved"

    saved = Layout.from_dict(json.loads(json.dumps(mine.to_dict())))
    assert saved == mine
    assert tabular.recognise_table(UNKNOWN, [saved]) == saved
    assert tabular.draft_layout(UNKNOWN, saved_layouts=[saved]).known_layout == saved
    assert amounts(importers.read(UNKNOWN, profile=saved)) == ["50.00", "1234.50", "-1.20"]


def test_renamed_columns_stop_the_import() -> None:
    """Columns in another order are the same layout, but a renamed or new column stops the import."""
    layout = tabular.draft_layout(UNKNOWN).layout
    assert layout is not None
    mine = replace(layout, name="bank.shembull", date_order="dmy")
    lines = UNKNOWN.decode("cp1250").split("\r\n")
    moved = [";".join(reversed(line.split(";"))) if line.count(";") == 5 else line for line in lines]
    assert amounts(tabular.read("\r\n".join(moved).encode(), profile=mine)) == ["50.00", "1234.50", "-1.20"]

    renamed = "\r\n".join(lines).replace("Gjendja", "Gjendja e re").encode("cp1250")
    added = "\r\n".join(line + ";x" if line.count(";") == 5 else line for line in lines).encode("cp1250")
    for data, named in ((renamed, "Gjendja e re"), (added, "new: x")):
        reading = tabular.read(data, profile=mine)
        assert (reading.statements, codes(reading)) == ((), ["header_changed"])
        assert named in reading.problems[0].message
        assert tabular.recognise_table(data, [mine]) is None
    assert codes(tabular.read(table("2026-09-01;a;1,00;PLN"), profile=mine)) == ["layout_does_not_fit"]


def test_header_signature_ignores_order_and_case() -> None:
    """The signature of a header knows no order, no accents and no case, but every column counts."""
    one = tabular.make_header_signature(["Data księgowania", "#Kwota", "Tytuł"])
    assert one == tabular.make_header_signature(["TYTUŁ:", "Kwota", "", "data ksiegowania"])
    assert one != tabular.make_header_signature(["Data księgowania", "Kwota"])
    assert one != tabular.make_header_signature(["Data księgowania", "Kwota", "Tytuł", "Kwota"])


def test_ambiguous_values_are_asked() -> None:
    """What can be read in two ways is asked, and is never guessed."""
    data = b'Data,Opis,Kwota,Waluta\r\n03/04/2026,a,"1,234",PLN\r\n05/06/2026,b,"5,678",PLN\r\n'
    seen = tabular.draft_layout(data)
    assert {question.code: question.choices for question in seen.questions} == {
        "date_order": ("dmy", "mdy"),
        "decimal": (",", "."),
        "amounts": ("signed", "inverse"),
    }
    open_ = replace(SIMPLE, date_order="", decimal="", delimiter=",")
    assert codes(tabular.read(data, profile=open_)) == ["ambiguous_dates"]
    assert codes(tabular.read(data, profile=replace(open_, date_order="dmy"))) == ["ambiguous_amounts"]
    assert codes(tabular.read(data, profile=replace(open_, amounts=""))) == ["layout_unfinished"]
    settled = replace(open_, date_order="mdy", decimal=".")
    assert amounts(tabular.read(data, profile=settled)) == ["1234.00", "5678.00"]


def test_balances_and_days_prove_a_layout() -> None:
    """Balances prove the signs, and the days prove their order, so that nobody need be asked."""
    rows = ["Date,Text,Amount,Balance", '01/02/2026,a,"1,234","5,678"', '03/02/2026,b,"1,000","6,678"']
    rows += ['01/03/2026,c,"2,000","8,678"']
    seen = tabular.draft_layout("\r\n".join([*rows, ""]).encode())
    assert seen.is_proved and seen.layout is not None
    assert (seen.layout.date_order, seen.layout.decimal, seen.layout.amounts) == ("dmy", ".", "signed")
    inverse = [
        row.replace('"5,678"', '"7,912"').replace('"6,678"', '"6,912"').replace('"8,678"', '"4,912"')
        for row in rows
    ]
    turned = tabular.draft_layout("\r\n".join([*inverse, ""]).encode()).layout
    assert turned is not None and turned.amounts == "inverse"


def test_a_table_without_header_is_mapped_by_position() -> None:
    data = b"15.09.2026;Anna;Darowizna;50,00\r\n16.09.2026;Jan;Datek;60,00\r\n"
    seen = tabular.draft_layout(data)
    assert seen.header_line == 0 and seen.layout is not None
    layout = replace(seen.layout, name="bez", amounts="signed", currency="PLN")
    assert amounts(tabular.read(data, profile=layout)) == ["50.00", "60.00"]


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "blue"},
        {"columns": [{"role": "amount", "name": "x", "price": 1}]},
        {"columns": [{"role": "spaceship", "name": "x"}]},
        {"columns": [{"role": "amount"}]},
        {"columns": "amount"},
        {"columns": [{"role": "amount", "position": True}]},
        {"columns": [{"role": "amount", "position": -1}]},
        {"columns": [{"role": "amount", "name": "x"}] * 500},
        {"name": 5},
        {"name": "x" * 1000},
        {"delimiter": "x"},
        {"quote": '"\n'},
        {"decimal": ";"},
        {"encoding": "rot13"},
        {"version": "1"},
        {"keys": [["a", "b", "c"]]},
        {"found": [{"fact": "secret"}]},
        {"date_order": ["dmy"]},
    ],
)
def test_foreign_layout_is_checked_by_key(change: dict[str, Any]) -> None:
    """A layout from outside is checked key by key, and what is unknown or missing is refused."""
    good = {"name": "x", "columns": [{"role": "amount", "name": "Kwota"}]}
    assert Layout.from_dict(good).name == "x"
    with pytest.raises(LayoutError):
        Layout.from_dict({**good, **change})
    for missing in good:
        with pytest.raises(LayoutError, match=missing):
            Layout.from_dict({key: value for key, value in good.items() if key != missing})


def test_left_out_columns_stay_left_out() -> None:
    """What a mapping left out is guessed anew in no later file, under any name it shares, nor as balance."""
    head = "Kwota;Kwota;Data;Nadawca;Reszta\r\n"
    data = f"{head}1,00;50,00;2026-09-15;Anna;150,00\r\n2,00;60,00;2026-09-16;Jan;210,00\r\n".encode()
    first = tabular.draft_layout(data)
    person_answers = Answers(
        basis=first.writing.basis,
        roles={0: None, 1: "amount", 2: "booked_on", 3: "name", 4: None},
        amounts="signed",
        currency="PLN",
    )
    layout = tabular.draft_layout(data, person_answers).layout
    assert layout is not None and amounts(tabular.read(data, profile=layout)) == ["50.00", "60.00"]
    again = tabular.draft_layout(data, saved_layouts=[layout])
    assert [column.role for column in again.columns] == [None, "amount", "booked_on", "name", None]
    assert again.layout == again.known_layout == layout
    wider = data.replace(b"Reszta\r", b"Reszta;Wartosc\r").replace(b",00\r", b",00;7,00\r")
    changed = tabular.draft_layout(wider, saved_layouts=[layout])
    assert [column.role for column in changed.columns].count("amount") == 1
