"""Letters and sheets of address labels as PDF: plain values in, the bytes of A4 pages out.

What is printed is cleaned as the texts of receipts are, and no page fetches anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from receipts import figures
from receipts.document import LabelSheet, Letter, SheetForm, Window
from receipts.markdown import convert_markdown
from receipts.render import draw_pdf, make_environment
from receipts.text import make_printable

LETTERS_IN_A_FILE: Final = 50  # more in one file take memory and stop printers
LABELS_IN_A_FILE: Final = 500
_LONGEST_LINE: Final = 200


def render_letters(letters: Sequence[Letter], *, window: Window = "left") -> bytes:
    """Return letters as one file, each beginning on a page of its own; the same letters give the same bytes.

    Raise ValueError for more than a file holds, UnprintableText for a text that cannot be printed,
    Unrenderable where WeasyPrint's libraries are missing.
    """
    if len(letters) > LETTERS_IN_A_FILE:
        raise ValueError(f"a file holds {LETTERS_IN_A_FILE} letters, and these are {len(letters)}")
    pages = [_make_values(letter) for letter in letters]
    html = (
        make_environment()
        .get_template("letter-1.html")
        .render(letters=pages, window=window, lang=letters[0].lang)
    )
    pictures = {_name_picture(letter.logo): letter.logo for letter in letters if letter.logo}
    return draw_pdf(html, "letter-1", _make_identifier(html), pictures)


def render_labels(sheet: LabelSheet) -> bytes:
    """Return addresses on as many sheets as they need, each label where the sheet has it.

    Raise as :func:`render_letters` does.
    """
    if len(sheet.addresses) > LABELS_IN_A_FILE:
        raise ValueError(f"a file holds {LABELS_IN_A_FILE} labels, and these are {len(sheet.addresses)}")
    pages = list(_place_labels(sheet))
    html = make_environment().get_template("labels-1.html").render(pages=pages, form=sheet.form)
    return draw_pdf(html, "labels-1", _make_identifier(html))


def _name_picture(content: bytes) -> str:
    """Return the address by which a page shows a picture: the same bytes have the same one."""
    return f"letter-picture:{hashlib.sha256(content).hexdigest()}"


def _make_identifier(html: str) -> bytes:
    return hashlib.sha256(html.encode()).digest()[:16]


def _make_values(letter: Letter) -> dict[str, Any]:
    ours = letter.organisation
    return {
        "lang": letter.lang,
        "organisation": replace(
            ours,
            legal_name=make_printable(ours.legal_name, "organisation"),
            address_lines=_clean_lines(ours.address_lines),
        ),
        "address_lines": _clean_lines(letter.address_lines),
        "place": ours.place,
        "written_on": figures.write_long_date(letter.written_on, letter.lang),
        "subject": make_printable(letter.subject, "subject"),
        "body": convert_markdown("\n".join(_clean_body(letter.body))),
        "code": letter.code,
        "logo": _name_picture(letter.logo) if letter.logo else "",
    }


def _clean_lines(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(make_printable(line, "address", longest=_LONGEST_LINE) for line in lines)


def _clean_body(body: str) -> Iterator[str]:
    """Return the lines of a letter, each printable; what Markdown means by blanks in front stays."""
    for number, line in enumerate(body.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip(" "))]
        yield indent + make_printable(line, f"line {number} of the letter", longest=10_000)


def _place_labels(sheet: LabelSheet) -> Iterator[list[dict[str, Any]]]:
    """Return for each sheet its labels with their places in millimetres."""
    form = sheet.form
    page: list[dict[str, Any]] = []
    for number, lines in enumerate(sheet.addresses, sheet.used):
        place = number % form.count
        if place == 0 and page:
            yield page
            page = []
        left, top = _find_corner(form, place)
        page.append({"left": f"{left:.2f}", "top": f"{top:.2f}", "lines": _clean_lines(lines)})
    if page:
        yield page


def _find_corner(form: SheetForm, place: int) -> tuple[float, float]:
    row, column = divmod(place, form.columns)
    return form.left + column * (form.width + form.gap), form.top + row * form.height
