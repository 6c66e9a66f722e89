"""A tax number is right in form or refused, and is called as its country calls it."""

from __future__ import annotations

import pytest

from donorhub.domain.donors.tax_numbers import (
    get_number_label,
    is_number_of_organisation,
    normalise_number,
)


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


# 000331501 is the REGON of the statistical office that gives them.
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("KRS", "0000123456"),
        ("REGON", "000331501"),
        ("REGON", "123-456-785"),
        ("REGON", "12345678512347"),
        ("NIP", "PL 525-281-07-70"),
        ("NIPT", "K12345678L"),
        ("NUI", "810123456"),
        ("EIN", "whatever another country writes"),
    ],
)
def test_right_number_of_organisation_is_taken(name: str, number: str) -> None:
    assert is_number_of_organisation(name, number)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("KRS", "123456"),
        ("KRS", "00001234567"),
        ("REGON", "000331502"),
        ("REGON", "00033150"),
        ("REGON", "12345678512346"),
        ("REGON", "12345678612347"),
        ("REGON", "١٢٣٤٥٦٧٨٥"),
        ("NIP", "5252810771"),
        ("NIPT", "K1234567L"),
        ("NUI", "81012345"),
    ],
)
def test_wrong_number_of_organisation_is_refused(name: str, number: str) -> None:
    assert not is_number_of_organisation(name, number)


def test_wrong_regon_digit_is_always_noticed() -> None:
    """One wrong digit of a REGON is noticed at every place where its weights can notice it."""
    right = "000331501"
    for place in range(9):
        for digit in "0123456789":
            text = right[:place] + digit + right[place + 1 :]
            # A remainder of ten counts as nought, so that one digit in a hundred hides behind it.
            if text != right and is_number_of_organisation("REGON", text):
                weights = (8, 9, 2, 3, 4, 5, 6, 7)
                total = sum(weight * int(one) for weight, one in zip(weights, text, strict=False))
                assert total % 11 == 10
