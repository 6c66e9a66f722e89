"""Letters and labels: what is printed, where it lies, and what a text cannot do there."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader

from receipts import (
    LETTERS_IN_A_FILE,
    SHEET_FORMS,
    LabelSheet,
    Letter,
    Organisation,
    SheetForm,
    UnprintableText,
    Window,
    convert_markdown,
    escape_markdown,
    render_labels,
    render_letters,
)
from tests.receipts.reading import pages, streams

MM = 72 / 25.4
OURS = Organisation(
    legal_name="Fundacja Dobra Wola",
    address_lines=("ul. Długa 5", "00-001 Warszawa"),
    ids={"KRS": "0000123456"},
    place="Warszawa",
)
LETTER = Letter(
    "pl",
    OURS,
    ("Łucja Żółć", "ul. Lipowa 3", "90-001 Łódź"),
    date(2026, 11, 30),
    "Podziękowanie",
    "Szanowna Pani Łucjo,\n\ndziękujemy za **50,00 zł**.\n\n- raz\n- dwa",
    "DH-1001-7",
)


def find_places(pdf: bytes, words: str) -> list[tuple[int, float, float]]:
    """Page, millimetres from the left and from the top of each piece of text that begins so."""
    places: list[tuple[int, float, float]] = []
    for number, page in enumerate(PdfReader(io.BytesIO(pdf)).pages):
        height = float(page.mediabox.height)

        def visit(
            text: str,
            cm: list[float],
            tm: list[float],
            *_: object,
            number: int = number,
            height: float = height,
        ) -> None:
            if text.strip().startswith(words):
                x = cm[0] * tm[4] + cm[2] * tm[5] + cm[4]
                y = cm[1] * tm[4] + cm[3] * tm[5] + cm[5]
                places.append((number, x / MM, (height - y) / MM))

        page.extract_text(visitor_text=visit)
    return places


def test_letter_has_head_address_and_words() -> None:
    (page,) = pages(render_letters([LETTER]))
    for words in (
        "Fundacja Dobra Wola",
        "KRS 0000123456",
        "Łucja Żółć ul. Lipowa 3 90-001 Łódź",
        "Warszawa, 30 listopada 2026 r.",
        "DH-1001-7",
        "Podziękowanie",
        "dziękujemy za 50,00 zł.",
    ):
        assert words in page


@pytest.mark.parametrize(("window", "left", "right"), [("left", 20, 110), ("right", 110, 200)])
def test_address_lies_in_the_window(window: Window, left: float, right: float) -> None:
    """The window of a DL or C5 envelope: 45 to 90 mm from the top edge of the folded sheet."""
    ((_, x, y),) = find_places(render_letters([LETTER], window=window), "Łucja")
    assert left - 0.5 <= x < right and 45 < y < 90


def test_many_letters_are_one_file_again_the_same() -> None:
    """Each letter begins on its own page, and the same letters give the same bytes."""
    letters = [replace(LETTER, address_lines=(f"Osoba {n}", "90-001 Łódź")) for n in range(LETTERS_IN_A_FILE)]
    first, second = render_letters(letters), render_letters(letters)
    assert first == second
    shown = pages(first)
    assert len(shown) == LETTERS_IN_A_FILE
    assert [f"Osoba {n} 90-001" in page for n, page in enumerate(shown)] == [True] * LETTERS_IN_A_FILE
    with pytest.raises(ValueError, match="holds 50 letters"):
        render_letters([*letters, LETTER])


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src='file:///etc/passwd'>",
        "![x](http://127.0.0.1/x.png)",
        "[x](javascript:alert(1))",
        "<link rel=attachment href='file:///etc/passwd'>",
        "<style>@import url(http://127.0.0.1/)</style>",
        "{{ 7*7 }}{% include 'receipt-1.html' %}",
    ],
)
def test_words_of_a_letter_load_and_run_nothing(attack: str) -> None:
    """What somebody writes is printed or left out; it is no page of its own (trust.md, R1 and R2)."""
    html = convert_markdown(attack)
    assert not re.search(r"<(?:script|img|a|style|link)\b", html)
    pdf = render_letters([replace(LETTER, body=attack)])
    assert not any(b"root:" in stream or b"/URI" in stream for stream in streams(pdf))
    assert "49" not in pages(pdf)[0].replace("7*7", "")


def test_values_are_no_markdown() -> None:
    """A name with stars and brackets is printed with them."""
    name = "Jan *Lis* [x](y) <b> _ł_ # 1"
    assert convert_markdown(escape_markdown(name)) == "<p>Jan *Lis* [x](y) &lt;b&gt; _ł_ # 1</p>\n"


def test_letter_with_unprintable_sign_is_refused() -> None:
    with pytest.raises(UnprintableText, match="line 1 of the letter has a direction mark"):
        render_letters([replace(LETTER, body="abc\u202edef")])


@pytest.mark.parametrize("form", SHEET_FORMS, ids=lambda form: form.name)
def test_labels_lie_where_the_sheet_has_them(form: SheetForm) -> None:
    """Each label begins within half a millimetre of its place, from the first unused one on."""
    used = 2
    names = [f"Osoba{n:02}" for n in range(form.count)]
    pdf = render_labels(LabelSheet(form, tuple((name, "90-001 Łódź") for name in names), used=used))
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 2
    for n, name in enumerate(names, used):
        ((page, x, y),) = find_places(pdf, name)
        row, column = divmod(n % form.count, form.columns)
        assert page == n // form.count
        assert x == pytest.approx(form.left + column * (form.width + form.gap) + 6, abs=0.5)
        assert 0 < y - (form.top + row * form.height) - 5 < 5


def test_sheets_fit_on_the_paper() -> None:
    """Sheets of labels are as wide and high as A4 leaves them, the same margin on both sides."""
    for form in SHEET_FORMS:
        across = form.columns * form.width + (form.columns - 1) * form.gap
        assert across + 2 * form.left == pytest.approx(210, abs=0.5)
        assert form.rows * form.height + 2 * form.top == pytest.approx(297, abs=0.5)
