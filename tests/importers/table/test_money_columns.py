"""Which column is the amount: no row number, none of two that could be it, first what a balance proves."""

from __future__ import annotations

import pytest

from importers import tabular
from importers.table.answers import Answers
from importers.tabular import Draft

WORDS = ("Anna", "Jan", "Ewa", "Bank")


def make_table(head: str, *columns: list[str]) -> bytes:
    """A table of these columns behind its days and names."""
    days = [f"{13 + n}.09.2026" for n in range(len(columns[0]))]
    rows = zip(days, WORDS, *columns, strict=False)
    return "\n".join((f"Dzień;Kto wpłacił;{head}", *(";".join(row) for row in rows), "")).encode()


def roles(draft: Draft) -> dict[str, str | None]:
    return {column.header: column.role for column in draft.columns[2:]}


@pytest.mark.parametrize(
    ("head", "numbers"),
    [
        ("Lp", ["1", "2", "3"]),
        ("Nr", ["7", "8", "9"]),
        ("Nr rend.", ["9", "8", "7"]),
        ("#", ["4", "9", "2"]),
        ("Xyz", ["1", "2", "3"]),
        ("Xyz", ["41", "42", "43"]),
        ("Lp.", ["1.", "2.", "3."]),
        ("Kwota", ["1", "2", "3"]),
    ],
)
def test_row_number_is_never_the_amount(head: str, numbers: list[str]) -> None:
    """What counts the rows is no amount, beside one and alone, whatever stands above it."""
    draft = tabular.draft_layout(make_table(f"{head};Ile zł", numbers, ["25,00", "50,00", "75,00"]))
    assert roles(draft) == {head: None, "Ile zł": "amount"}
    assert draft.columns[2].reason.code == "row_number" and draft.writing.decimal == ","
    alone = tabular.draft_layout(make_table(f"{head};Opis", numbers, ["a", "b", "c"]))
    assert [question.gap for question in alone.questions if question.code == "columns"] == ["amount"]


def test_whole_amounts_under_their_name_stay_amounts() -> None:
    """Gifts in round sums are no row numbers: neither 50, 20, 100 nor 50, 51."""
    for numbers in (["50", "20", "100"], ["50", "51"]):
        assert roles(tabular.draft_layout(make_table("Kwota", numbers))) == {"Kwota": "amount"}


def test_two_possible_amounts_are_a_question() -> None:
    """Two columns that could be the amount are asked for with their sums; the answer re-reads the signs."""
    data = make_table("Ile;Punkty", ["25,00", "50,00", "75,50"], ["3", "9", "4"])
    draft = tabular.draft_layout(data)
    assert roles(draft) == {"Ile": None, "Punkty": None}
    asked = next(question for question in draft.questions if question.gap == "amount")
    assert [(at, str(draft.sum_column(int(at)))) for at in asked.choices] == [("2", "150.50"), ("3", "16")]
    for at, decimal in ((2, ","), (3, ".")):
        person_answers = Answers(basis=draft.writing.basis, roles={at: "amount"})
        answered = tabular.draft_layout(data, person_answers)
        assert answered.writing.decimal == decimal
        assert all(question.gap != "amount" for question in answered.questions)


def test_proved_balance_goes_before_every_guess() -> None:
    """Names that lie, in and out in unknown words, newest first: what the balances prove is taken."""
    moves, balances = ["50,00", "20,00", "-5,00"], ["1050,00", "1070,00", "1065,00"]
    swapped = tabular.draft_layout(make_table("Saldo;Kwota", moves, balances))
    assert (roles(swapped), swapped.is_proved) == ({"Saldo": "amount", "Kwota": "balance"}, True)
    sides = (["50,00", "20,00", ""], ["", "", "5,00"])
    unknown = tabular.draft_layout(make_table("A;B;C", *sides, balances))
    assert (roles(unknown), unknown.is_proved) == ({"A": "credit", "B": "debit", "C": "balance"}, True)
    newest_first = tabular.draft_layout(make_table("A;B", moves[::-1], balances[::-1]))
    assert (roles(newest_first), newest_first.is_proved) == ({"A": "amount", "B": "balance"}, True)
    broken = tabular.draft_layout(make_table("Saldo;Kwota", moves, ["1050,00", "1071,00", "1065,00"]))
    assert (roles(broken), broken.is_proved) == ({"Saldo": "balance", "Kwota": "amount"}, False)


def test_albanian_in_and_out_are_known() -> None:
    """The columns of an Albanian table in and out are known, and proved without an answer."""
    head = "Datum;Kush;Përshkrimi;Shuma hyrëse;Shuma dalëse;Bilanci"
    rows = ("15.11.2026;ARBEN;dhurim;50,00;;1050,00", "16.11.2026;ARTA;dhurim;20,00;;1070,00")
    data = "\n".join((head, *rows, "17.11.2026;BANKA;komision;;5,00;1065,00", "")).encode()
    draft = tabular.draft_layout(data)
    roles = [column.role for column in draft.columns]
    assert roles == ["booked_on", "name", "remittance", "credit", "debit", "balance"]
    assert draft.is_proved and [question.code for question in draft.questions] == ["currency"]
    assert draft.layout is not None
    statement = tabular.read(data, profile=draft.layout, currency="EUR").statements[0]
    assert [str(entry.amount) for entry in statement.entries] == ["50.00 EUR", "20.00 EUR", "-5.00 EUR"]


@pytest.mark.parametrize("name", ["Imię i nazwisko", "Kto wpłacił", "Od kogo", "Kush", "Emri"])
def test_columns_of_payers_are_known(name: str) -> None:
    data = f"Data;{name};Kwota\n2026-09-13;Anna Nowak;50,00\n2026-09-14;Jan;20,50\n".encode()
    assert [column.role for column in tabular.draft_layout(data).columns] == ["booked_on", "name", "amount"]
