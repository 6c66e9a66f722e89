"""Fees beside an amount: what moved the balance, what the payer gave, and what the bank took of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import importers
from importers import tabular
from importers.statement import FEE, Entry, Reading
from importers.tabular import Answers, Layout

SAMPLES = Path(__file__).parents[2] / "files" / "csv"


def list_sums(entries: Sequence[Entry]) -> list[list[str]]:
    """Each entry's amount and those of its details."""
    return [[entry.amount.as_text(), *(d.amount.as_text() for d in entry.details)] for entry in entries]


def read_sample(name: str) -> Reading:
    reading = importers.read((SAMPLES / name).read_bytes())
    assert [problem.code for problem in reading.problems if problem.level == "error"] == []
    return reading


def test_revolut_books_what_moved_the_balance() -> None:
    """Money in 100.00 with a fee of 1.00 is an entry of 99.00 whose payer gave 100.00; each product and
    currency is a statement; what waits or was undone is no money.
    """
    current, savings, zloty = read_sample("revolut.csv").statements
    assert [s.account for s in (current, savings, zloty)] == [
        "REVOLUT CURRENT",
        "REVOLUT SAVINGS",
        "REVOLUT CURRENT",
    ]
    assert {s.integrity for s in (current, savings, zloty)} == {"proved"}
    assert list_sums(current.entries) == [
        ["99.00", "100.00", "-1.00"],
        ["-30.30", "-30.00", "-0.30"],
        ["25.50", "25.50"],
    ]
    assert list_sums(zloty.entries) == [["80.00", "80.00"], ["-5.00", "-5.00"]]
    names = [entry.details[0].counterparty.name for entry in (*current.entries, *savings.entries)]
    assert names == ["Anna Kowalska", "Drukarnia Kwiatek", "Besa Hoxha", None, None]
    fee = current.entries[0].details[1]
    assert (fee.purpose, fee.remittance, fee.counterparty.name) == (FEE, "Fee", None)


def test_revolut_business_tells_payer_and_id() -> None:
    """The business statement tells who paid, the id and whose account money went to."""
    (statement,) = read_sample("revolut-business.csv").statements
    out, gift = statement.entries
    assert (statement.integrity, list_sums([out])) == ("proved", [["-30.30", "-30.00", "-0.30"]])
    assert (gift.bank_ref, gift.details[0].counterparty.name) == ("6f1c-1", "Anna Kowalska")
    assert out.details[0].counterparty.account == "DE89370400440532013000"


def test_wise_fees_stand_in_rows_of_their_own() -> None:
    """The column of fees repeats the rows of fees, and is left out: nothing is taken twice."""
    (statement,) = read_sample("wise.csv").statements
    assert (statement.currency, statement.integrity) == ("EUR", "proved")
    assert list_sums(statement.entries) == [
        ["-4.20", "-4.20"],
        ["-30.00", "-30.00"],
        ["-0.90", "-0.90"],
        ["100.00", "100.00"],
    ]
    assert [entry.bank_ref for entry in statement.entries][1:3] == ["TRANSFER-9002", "FEE-TRANSFER-9002"]
    assert statement.entries[3].details[0].counterparty.name == "Anna Kowalska"


def test_paypal_gifts_are_gross_and_entries_net() -> None:
    """An entry is the net sum, the gift in it the gross one; what only blocks money is none, and the balance
    holds all the same; a conversion is rows of both currencies.
    """
    euro, zloty = read_sample("paypal-en.csv").statements
    booked = [entry for entry in euro.entries if entry.status == "booked"]
    assert list_sums(booked) == [
        ["1513.20", "1560.00", "-46.80"],
        ["23.90", "25.00", "-1.10"],
        ["-50.00", "-50.00"],
        ["-58.20", "-60.00", "1.80"],
    ]
    assert [s.integrity for s in (euro, zloty)] == ["proved", "proved"]
    assert euro.opening is not None and euro.closing is not None
    assert (euro.opening.amount.as_text(), euro.closing.amount.as_text()) == ("1000.00", "2428.90")
    assert list_sums(zloty.entries) == [["212.50", "212.50"], ["-212.50", "-212.50"]]
    assert "anna@example.org" in booked[0].details[0].remittance


def test_blocked_money_makes_no_balance() -> None:
    """While money is blocked, PayPal's balance is not what the account holds, and proves no closing."""
    lines = (SAMPLES / "paypal-en.csv").read_text("utf-8").splitlines()
    (statement,) = importers.read("\n".join([*lines[:5], ""]).encode()).statements
    assert (statement.opening, statement.closing) == (None, None)
    assert [entry.amount.as_text() for entry in statement.entries if entry.status == "booked"] == [
        "1513.20",
        "23.90",
    ]


@pytest.mark.parametrize(
    ("name", "fee"),
    [("paypal-de.csv", "Gebühr"), ("paypal-de-2024.csv", "Entgelt"), ("paypal-pl.csv", "Opłata")],
)
def test_paypal_is_known_in_other_languages(name: str, fee: str) -> None:
    """Labels in German and Polish are known, and what waits is left out."""
    reading = read_sample(name)
    (statement,) = reading.statements
    assert statement.integrity == "proved"
    assert list_sums(statement.entries)[0] == ["1513.20", "1560.00", "-46.80"]
    assert statement.entries[0].details[1].remittance == fee
    assert reading.facts["skipped.pending"] == "1"


def draft(rows: str, **said: str) -> tabular.Draft:
    """What the wizard makes of a table that nobody knows, with what a person said."""
    answers = Answers(**{"amounts": "signed", "currency": "EUR", **said})  # type: ignore[arg-type]
    return tabular.draft_layout(rows.encode(), answers)


BESIDE = "Date;Text;Amount;Fee;Balance\n13.09.2026;A;100,00;1,00;1099,00\n14.09.2026;B;-30,00;0,30;1068,70\n"
MINUS = "Date;Text;Amount;Fee;Balance\n13.09.2026;A;100,00;-1,00;1099,00\n14.09.2026;B;-30,00;-0,30;1068,70\n"
INSIDE = "Date;Text;Amount;Fee;Balance\n13.09.2026;A;99,00;1,00;1099,00\n14.09.2026;B;-30,30;0,30;1068,70\n"
BOTH_SIDES = "Date;Text;Paid in;Paid out;Fee;Balance\n13.09.2026;A;100,00;;1,00;1099,00\n"
BOTH_SIDES += "14.09.2026;B;;30,00;0,30;1068,70\n"


@pytest.mark.parametrize(
    "rows", [BESIDE, MINUS, INSIDE, BOTH_SIDES], ids=["beside", "minus", "inside", "sides"]
)
def test_balance_tells_what_a_fee_does(rows: str) -> None:
    """The balance shows the fee's sign, and whether it comes off the amount: nothing is asked."""
    seen = draft(rows)
    assert seen.questions == () and seen.is_proved and seen.layout is not None
    (statement,) = tabular.read(rows.encode(), profile=seen.layout).statements
    assert list_sums(statement.entries) == [["99.00", "100.00", "-1.00"], ["-30.30", "-30.00", "-0.30"]]
    assert statement.integrity == "proved"


def test_fee_without_balance_is_asked() -> None:
    """Without a balance nothing shows what a fee does: it is asked, and each answer books its own sum."""
    rows = "\n".join(line.rpartition(";")[0] for line in BESIDE.splitlines()) + "\n"
    assert [question.code for question in draft(rows).questions] == ["fees"]
    sums = {}
    for way in ("beside", "inside"):
        seen = draft(rows, fees=way)
        assert seen.questions == () and seen.layout is not None
        (statement,) = tabular.read(rows.encode(), profile=seen.layout).statements
        sums[way] = list_sums(statement.entries)[0]
    assert sums == {"beside": ["99.00", "100.00", "-1.00"], "inside": ["100.00", "101.00", "-1.00"]}


def test_first_fee_in_a_known_table_asks() -> None:
    """A table in whose first file no fee stood is not read by itself when one comes."""
    none = "Date;Text;Amount;Fee\n13.09.2026;A;100,00;0,00\n14.09.2026;B;-30,00;\n"
    layout = draft(none).layout
    assert layout is not None and layout.fees == "" and draft(none).questions == ()
    (statement,) = tabular.read(none.encode(), profile=layout).statements
    assert list_sums(statement.entries) == [["100.00", "100.00"], ["-30.00", "-30.00"]]
    reading = tabular.read(none.replace("0,00\n14", "1,00\n14").encode(), profile=layout)
    assert [problem.code for problem in reading.problems] == ["ambiguous_fees"]


def test_late_fee_loses_its_row_only() -> None:
    """A first fee far below what is looked at is not guessed: its row fails, with what to say."""
    rows = "Date;Text;Amount;Fee\n" + "13.09.2026;A;100,00;0,00\n" * 12_000 + "14.09.2026;B;-30,00;0,30\n"
    layout = draft(rows).layout
    assert layout is not None
    reading = tabular.read(rows.encode(), profile=layout)
    errors = [problem for problem in reading.problems if problem.level == "error"]
    assert [(problem.code, problem.where) for problem in errors] == [("unclear_fee", "line 12002")]


def test_fees_in_own_rows_are_left_out() -> None:
    """Of an unknown table in which each fee has a row of its own too, the balance decides: no fee twice."""
    rows = (
        "Date;Text;Amount;Fee;Balance\n13.09.2026;A;100,00;;1100,00\n14.09.2026;B;-30,00;0,90;1070,00\n"
        "14.09.2026;Fee of B;-0,90;;1069,10\n"
    )
    seen = draft(rows)
    (fees,) = (column for column in seen.columns if column.header == "Fee")
    assert (fees.role, fees.reason.code, seen.questions) == (None, "fees_apart", ())
    assert seen.layout is not None
    (statement,) = tabular.read(rows.encode(), profile=seen.layout).statements
    assert list_sums(statement.entries) == [["100.00", "100.00"], ["-30.00", "-30.00"], ["-0.90", "-0.90"]]


def test_saved_layout_goes_before_a_shipped_one() -> None:
    """Columns that a person saved for this very header are taken, also where the bank is known since."""
    data = (SAMPLES / "wise.csv").read_bytes()
    shipped = tabular.recognise_table(data)
    assert shipped is not None and shipped.name == "wise"
    own = Layout.from_dict(
        {
            "name": "ours",
            "header": list(shipped.header),
            "columns": [{"role": "booked_on", "name": "Date"}, {"role": "amount", "name": "Amount"}],
        }
    )
    assert tabular.recognise_table(data, [own]) == own
