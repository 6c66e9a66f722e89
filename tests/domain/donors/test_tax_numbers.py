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
def test_a_right_number_is_kept_without_what_separates_it(
    text: str, country: str, is_organisation: bool, number: str
) -> None:
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
def test_a_wrong_number_is_refused_with_what_it_should_look_like(text: str, country: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        normalise_number(text, country, is_organisation=True)


def test_one_wrong_digit_of_a_nip_is_always_noticed() -> None:
    right = "5252810770"
    for place in range(10):
        for digit in "0123456789":
            text = right[:place] + digit + right[place + 1 :]
            if text != right:
                with pytest.raises(ValueError, match="NIP"):
                    normalise_number(text, "PL", is_organisation=True)


def test_the_number_is_called_as_its_country_calls_it() -> None:
    names = [get_number_label(country, is_organisation=True) for country in ("PL", "AL", "XK", "DE")]
    assert names == ["NIP", "NIPT", "NUI", "Tax no."]
    assert get_number_label("XK", is_organisation=False) == "ID"
