"""What may stand in a field that was added, told by hand."""

from __future__ import annotations

from datetime import date

import pytest

from donorhub.domain.donors.custom_shapes import (
    Option,
    Range,
    Shape,
    choose_label,
    make_key,
    read_wanted,
    scale_number,
    write_number,
)

SIZE = Shape(1, "size", "number", {"en": "Size"}, decimals=1)
BORN = Shape(2, "born", "day", {"en": "Born"})
HOBBY = Shape(3, "hobby", "choice", {"en": "Hobby"}, options=(Option(7, "chess", {"en": "Chess"}),))


@pytest.mark.parametrize(
    ("text", "decimals", "number"),
    [("12", 0, 12), ("-7", 0, -7), ("12.5", 1, 125), ("12.50", 1, 125), ("0.05", 2, 5), ("3", 2, 300)],
)
def test_number_is_kept_whole(text: str, decimals: int, number: int) -> None:
    """A number is scaled by its decimals, without a float, and written back."""
    assert scale_number(text, decimals) == number
    assert scale_number(write_number(number, decimals), decimals) == number


@pytest.mark.parametrize(
    ("text", "decimals"),
    [("", 0), ("1.5", 0), ("1.25", 1), ("1e3", 0), ("١٢", 0), ("1 2", 0), ("NaN", 2), ("9" * 15, 2)],
)
def test_what_is_no_number_is_refused(text: str, decimals: int) -> None:
    """Other signs, finer parts than the field has, and what is too large are no number of it."""
    with pytest.raises(ValueError, match=r".+"):
        scale_number(text, decimals)


def test_negative_parts_are_written_with_zeros() -> None:
    """A part of one below nothing keeps its zeros."""
    assert (write_number(-5, 2), write_number(5, 2), write_number(-1234, 2)) == ("-0.05", "0.05", "-12.34")


def test_label_of_another_language_stands_in() -> None:
    """Where a language has no name, English stands in, else any other."""
    assert choose_label({"pl": "Buty", "en": "Shoes"}, "pl") == "Buty"
    assert choose_label({"pl": "Buty", "en": "Shoes"}, "sq") == "Shoes"
    assert choose_label({"pl": "Buty"}, "en") == "Buty"


def test_key_is_made_of_the_name() -> None:
    """A key is plain letters, and of two equal names the second has a number."""
    assert make_key("Rozmiar butów (EU)", ()) == "rozmiar_butow_eu"
    assert make_key("Rozmiar butów (EU)", ("rozmiar_butow_eu",)) == "rozmiar_butow_eu_2"
    assert make_key("2. telefon", ()) == "field_2_telefon"


def test_what_is_looked_for_is_read() -> None:
    """Numbers and days may be looked for from one to another, choices by their keys."""
    assert read_wanted(SIZE, "41.5") == 415
    assert read_wanted(SIZE, "40..41.5") == Range(400, 415)
    assert read_wanted(BORN, "..1980-12-31") == Range(None, date(1980, 12, 31))
    assert read_wanted(HOBBY, "chess") == "chess"


@pytest.mark.parametrize(
    ("shape", "text"),
    [(SIZE, ".."), (SIZE, "big"), (BORN, "1980"), (HOBBY, "golf"), (Shape(4, "x", "long_text", {}), "x")],
)
def test_what_can_stand_nowhere_is_refused(shape: Shape, text: str) -> None:
    """What no donor can have in a field is said, and finds not everybody."""
    with pytest.raises(ValueError, match=r".+"):
        read_wanted(shape, text)
