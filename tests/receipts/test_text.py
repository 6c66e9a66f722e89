"""Which texts a receipt refuses, and what it makes of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receipts import UnprintableText, render_html
from receipts.text import find_undrawable, make_printable
from tests.receipts import samples


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Jan\ud800Kowalski", r"U\+D800"),
        ("Jan\x00", r"U\+0000"),
        ("Jan\x1b[31m", r"U\+001B"),
        ("Jan\u0378", r"U\+0378"),
        ("Jan\u202egnp.exe", "direction mark"),
        ("J" + "\u0301" * 12 + "an", "marks on one letter"),
        ("x" * 501, "501 characters"),
    ],
)
def test_breaking_text_is_refused_by_name(text: str, named: str) -> None:
    """A text that breaks renderers is refused, and the refusal names the field and the character."""
    with pytest.raises(UnprintableText, match=rf"donor\.name_line.*{named}"):
        make_printable(text, "donor.name_line")


def test_accents_are_composed_and_line_ends_become_blanks() -> None:
    assert make_printable("Ge\u0308zim\r\n  C\u0327ela ", "x") == "Gëzim Çela"


def test_an_emoji_family_and_vietnamese_letters_are_printable() -> None:
    for name in ("Nguyễn Thị Ánh", "Анна Ковальчук", "👩\u200d👧"):
        assert make_printable(name, "x") == name


def test_a_refused_name_stops_the_preview_too() -> None:
    bad = samples.receipt(donor=replace(samples.JAN, name_line="a\x07b"))
    with pytest.raises(UnprintableText, match=r"donor\.name_line"):
        render_html(bad)


def test_longest_name_has_200_characters() -> None:
    """A name of 200 characters is drawn and one of 201 is refused with that limit."""
    assert "x" * 200 in render_html(samples.receipt(donor=replace(samples.JAN, name_line="x" * 200)))
    with pytest.raises(UnprintableText, match="shorten it to 200"):
        render_html(samples.receipt(donor=replace(samples.JAN, name_line="x" * 201)))


def test_font_names_letters_it_cannot_draw() -> None:
    """Our font draws Polish, Albanian and Cyrillic, and the letters that it cannot draw are named."""
    assert find_undrawable("Zażółć gęślą jaźń ĄĆĘŁŃÓŚŹŻ Gëzim Çela Ђорђе Ελένη") == ""
    assert find_undrawable("王 Jan 芳") == "王芳"
