"""Cells that begin a formula are made harmless, and come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.moving.formulas import guard_text, unguard_text

FORMULAS = (
    "=1+1",
    "+48 501 234 567",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\0x",
    "\N{FULLWIDTH EQUALS SIGN}1",
    "\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}x",
    "  =1",
    "\N{NO-BREAK SPACE}=1",
    "\ufeff=1",
    "\n=1",
    "'=1",
    "''=1",
)
HARMLESS = ("", "Anna", "1-2", "a=b", "a@example.org", "'Ndrangheta", "–", "(=1", "'", " Anna")


@pytest.mark.parametrize("text", FORMULAS)
def test_formula_begins_with_a_mark(text: str) -> None:
    """What a spreadsheet might run is a text in it, and one mark is all that is added."""
    assert guard_text(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str) -> None:
    """What is no formula is written, and read, as it is."""
    assert (guard_text(text), unguard_text(text)) == (text, text)


SIGNS = st.sampled_from("'=+-@\t\r\0 \nax1\N{FULLWIDTH EQUALS SIGN}\ufeff")


@given(st.text(SIGNS, max_size=8) | st.text(max_size=8))
def test_every_text_comes_back(text: str) -> None:
    """A text is the same after it went out and came in, and what goes out begins no formula."""
    cell = guard_text(text)
    assert unguard_text(cell) == text
    assert cell.lstrip()[:1] not in tuple("=+-@\t\r\0") or cell == ""
