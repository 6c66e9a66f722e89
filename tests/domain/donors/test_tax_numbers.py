"""A tax number is right in form or refused, and is called as its country calls it."""

from __future__ import annotations

import pytest

from donorhub.domain.donors.tax_numbers import get_number_label, normalise_number


@pytest.mark.parametrize(
    ("text", "country", "is_organisation", "number"),
    [
        ("525-281-07-70", "PL", True, "5252810770"),
        ("PL 5252810770", "PL", True, "5252810770"),
        ("5252810770", "PL", False, "5252810770"),
        ("k12345678l", "AL", True, "K12345678L"),
        ("J 12345678 N", "AL", False, "J12345678N"),
        ("810 123 456", "XK", True, "810123456"),
        ("1012345678", "XK", False, "1012345678"),
        ("DE 123456789", "DE", True, "DE123456789"),
        ("", "PL", True, ""),
        (" ", "AL", True, ""),
    ],
)
def test_right_number_loses_its_separators(
    text: str, country: str, is_organisation: bool, number: str
) -> None:
    """A right number is kept without what separates its digits, and keeping it again changes nothing."""
    assert normalise_number(text, country, is_organisation=is_organisation) == number
    assert normalise_number(number, country, is_organisation=is_organisation) == number


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("5252810771", "PL"),
        ("525281077", "PL"),
        ("٥٢٥٢٨١٠٧٧٠", "PL"),
        ("K1234567L", "AL"),
        ("12345678", "AL"),
        ("81012345", "XK"),
        ("1012345678", "XK"),
        ("!!!!!", "DE"),
        ("1" * 21, ""),
    ],
)
def test_wrong_number_names_the_right_form(text: str, country: str) -> None:
    """A wrong number is refused with what it should look like."""
    with pytest.raises(ValueError, match="digits"):
        normalise_number(text, country, is_organisation=True)


def test_wrong_nip_digit_is_always_noticed() -> None:
    """One wrong digit of a NIP is noticed at every place."""
    right = "5252810770"
    for place in range(10):
        for digit in "0123456789":
            text = right[:place] + digit + right[place + 1 :]
            if text != right:
                with pytest.raises(ValueError, match="NIP"):
                    normalise_number(text, "PL", is_organisation=True)


def test_number_has_its_countrys_label() -> None:
    """The number is called what its country calls it."""
    names = [get_number_label(country, is_organisation=True) for country in ("PL", "AL", "XK", "DE")]
    assert names == ["NIP", "NIPT", "NUI", "Tax no."]
    assert get_number_label("XK", is_organisation=False) == "ID"
