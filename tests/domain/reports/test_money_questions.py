"""Amounts and numbers that somebody types into the search."""

from __future__ import annotations

import pytest

from donorhub.domain.reports.money_questions import (
    AmountQuestion,
    ReceiptQuestion,
    read_amount,
    read_gift_number,
    read_receipt_number,
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("123,45", AmountQuestion(12345)),
        ("123.4", AmountQuestion(12340)),
        ("1 200 zł", AmountQuestion(120000)),
        ("1.200,50 PLN", AmountQuestion(120050)),
        ("€ 50", AmountQuestion(5000)),
        ("50 lekë", AmountQuestion(5000)),
        ("120", AmountQuestion(12000)),
        ("about 120", AmountQuestion(12000, is_about=True)),
        ("około 120 zł", AmountQuestion(12000, is_about=True)),
        ("ok. 120", AmountQuestion(12000, is_about=True)),
        ("rreth 120", AmountQuestion(12000, is_about=True)),
        ("~120", AmountQuestion(12000, is_about=True)),
        ("0", None),
        ("12,345", None),
        ("501 234", AmountQuestion(50123400)),
        ("12 34", None),
        ("anna", None),
        ("", None),
    ],
)
def test_amount_is_read_as_people_write_it(text: str, amount: AmountQuestion | None) -> None:
    """An amount is read with comma or point, spaces, with or without its currency; nothing is guessed."""
    assert read_amount(text) == amount


def test_about_is_a_tenth_to_either_side() -> None:
    """About 120 is 108 to 132, and 120 is 120."""
    about, exact = AmountQuestion(12000, is_about=True), AmountQuestion(12000)
    assert (about.low, about.high, exact.low, exact.high) == (10800, 13200, 12000, 12000)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("R/2026/00012", ReceiptQuestion(12, 2026, "R")),
        ("r 2026-12", ReceiptQuestion(12, 2026, "R")),
        ("2026/12", ReceiptQuestion(12, 2026)),
        ("00012", ReceiptQuestion(12)),
        ("12345678", None),
        ("123,45", None),
        ("R/26/12", None),
    ],
)
def test_receipt_number_is_read_whole_or_short(text: str, question: ReceiptQuestion | None) -> None:
    """A receipt's number is read as it is printed, and without series and year."""
    assert read_receipt_number(text) == question


@pytest.mark.parametrize(
    ("text", "number"),
    [("2874", 2874), ("gift 7", 7), ("Dar #7", 7), ("#7", 7), ("7,00", None), ("x7", None)],
)
def test_gift_number_is_read_with_its_word(text: str, number: int | None) -> None:
    """A gift's number is read alone and after the word for a gift."""
    assert read_gift_number(text) == number
