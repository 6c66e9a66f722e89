"""Codes are found however a bank writes them, and only with the right check digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.donors.codes import (
    compute_luhn_digit,
    find_codes,
    find_emails,
    find_rf,
    format_code,
    is_right_rf,
)


def test_glossarys_code_is_made() -> None:
    """The code that stands in the glossary is the one that is made."""
    assert format_code("DH", 1001) == "DH-1001-7"
    assert compute_luhn_digit(7992739871) == 3  # the number Luhn's method is explained with


@pytest.mark.parametrize(
    "text",
    [
        "DH-1001-7",
        "dh1001 7",
        "DH 1001-7",
        "DH10017",
        "D H - 1001 - 7",
        "Darowizna DH/1001/7, maj",
        "wplata:DH-1001-7 50 zl",
        "DH.1001.7.",
        "DH 10 01 7",
        "nr DH#1001-7 i DH-1001-7",
    ],
)
def test_a_code_is_found_as_banks_write_it(text: str) -> None:
    assert find_codes(text, "DH") == (1001,)


@pytest.mark.parametrize(
    "text",
    ["DH-1001-8", "DH-1010-7", "XDH-1001-7", "1001-7", "DH", "", "DH-0101-7", "DH 50", "ADHD 10017"],
)
def test_what_is_no_code_is_not_found(text: str) -> None:
    assert find_codes(text, "DH") == ()


def test_two_readings_are_two_codes() -> None:
    """Digits that can be read as two codes give both, so that none of them is certain."""
    longer = format_code("DH", 10017).replace("-", "")  # DH10017 is also DH-1001-7
    written = longer[:-1] + " " + longer[-1]
    assert set(find_codes(written, "DH")) == {1001, 10017}


@given(
    st.integers(1001, 10**9),
    st.sampled_from(["", " ", "-", "/", " - ", "."]),
    st.sampled_from(["", " ", "-", "/", "."]),
    st.booleans(),
    st.text(st.sampled_from("abc ,łë"), max_size=8),
)
def test_any_donors_code_is_among_the_readings(
    number: int, before: str, between: str, is_lower: bool, around: str
) -> None:
    code = f"DH{before}{number}{between}{compute_luhn_digit(number)}"
    text = f"{around} {code.lower() if is_lower else code} {around}"
    assert number in find_codes(text, "DH")


@given(st.integers(1001, 10**9), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_never_another_donors_code(number: int, place: int, added: int) -> None:
    digits = list(f"{number}{compute_luhn_digit(number)}")
    place %= len(digits) - 1
    digits[place] = str((int(digits[place]) + added) % 10)
    written = f"DH-{''.join(digits[:-1])}-{digits[-1]}"
    assert number not in find_codes(written, "DH")
    assert int("".join(digits[:-1])) not in find_codes(written, "DH")


@pytest.mark.parametrize(
    "text", ["RF18539007547034", "rf18 5390 0754 7034", "wpłata RF18 5390 0754 7034 od Jana"]
)
def test_creditor_reference_found_despite_blanks(text: str) -> None:
    """A creditor reference (RF) is found with and without blanks in it."""
    assert find_rf(text) == ("RF18539007547034",)


def test_wrong_creditor_reference_is_none() -> None:
    """A creditor reference with wrong check digits is no reference."""
    assert find_rf("RF19539007547034") == ()
    assert not is_right_rf("RF19539007547034")


def test_addresses_are_found_in_lower_case_and_once() -> None:
    text = "Mail: Anna.K+x@Example.org. anna.k+x@example.org, b@c"
    assert find_emails(text) == ("anna.k+x@example.org",)
