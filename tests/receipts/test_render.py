"""PDFs read back: the facts on them, their marks, their pages, and their bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from donorhub.money import Money
from receipts import DonorBlock, Line, Unrenderable, figures, render_html, render_pdf, render_pdfs
from tests.receipts import reading, samples

ROOT = Path(__file__).parents[2]
GEZIM = DonorBlock("Gëzim Çela-Żądło", ("Rr. Luan Haradinaj 4", "10000 Prishtinë"))
EUROS = Line(date(2026, 3, 5), Money(124650, "EUR"), "transfer", "qëllimet statutore")
FACTS: list[tuple[str, Any, list[str]]] = [
    (
        "pl",
        samples.receipt(donor=replace(GEZIM, name_line="Łucja Ćwięk-Żółtańska")),
        [
            "Potwierdzenie darowizny",
            "2026/000123",
            "Łucja Ćwięk-Żółtańska",
            "1 246,50 zł",
            "słownie: tysiąc dwieście czterdzieści sześć złotych 50/100",
            "Data wpływu",
            "05.03.2026",
            "9 marca 2026 r.",
            "KRS 0000123456",
            "PL61 1090 1014 0000 0712 1981 2874",
            "art. 4 ustawy z dnia 24 kwietnia 2003 r.",
            "Małgorzata Święcka",
        ],
    ),
    (
        "sq",
        samples.in_country(
            "XK", "sq", donor=GEZIM, lines=(EUROS,), total=EUROS.amount, organisation=samples.SHOQATA
        ),
        [
            "Vërtetim i donacionit",
            "Gëzim Çela-Żądło",
            "1 246,50 EUR",
            "me fjalë: njëmijë e dyqind e dyzet e gjashtë euro e pesëdhjetë cent",
            "Data e pranimit",
            "transfertë bankare",
            "9 mars 2026",
            "dëshminë bankare të pagesës",
            "NUI 810123456",
        ],
    ),
    (
        "en",
        samples.in_country("XX", "en", donor=GEZIM),
        [
            "Donation receipt",
            "2026/000123",
            "Gëzim Çela-Żądło",
            "PLN 1,246.50",
            "in words: one thousand two hundred and forty-six zlotys and 50/100",
            "Date received",
            "5 Mar 2026",
            "bank transfer",
        ],
    ),
]


@pytest.mark.parametrize(("lang", "receipt", "facts"), FACTS, ids=[lang for lang, *_ in FACTS])
def test_pdf_names_donor_amount_and_date(lang: str, receipt: Any, facts: list[str]) -> None:
    """The PDF says who gave what and when, in figures and words, in its own language."""
    pdf = render_pdf(receipt)
    said = reading.text(pdf)
    assert [fact for fact in facts if fact not in said] == []
    assert PdfReader(io.BytesIO(pdf)).root_object["/Lang"] == lang


@pytest.mark.skipif(reading.POPPLER is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize(("lang", "receipt", "facts"), FACTS, ids=[lang for lang, *_ in FACTS])
def test_another_reader_sees_the_same_facts(lang: str, receipt: Any, facts: list[str]) -> None:
    printed_text = reading.poppler_text(render_pdf(receipt))
    assert [fact for fact in facts if fact not in printed_text and len(fact) < 40] == []


def test_file_is_tagged_and_dated_by_receipt() -> None:
    """The file is tagged and titled and takes its date from the receipt, not from the clock."""
    reader = PdfReader(io.BytesIO(render_pdf(samples.receipt())))
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert b"pdfuaid:part" in reader.root_object["/Metadata"].get_data()
    metadata = reader.metadata
    assert metadata is not None
    assert metadata.title == "Potwierdzenie darowizny 2026/000123"
    assert metadata.author == "Fundacja Żółty Dąb"
    assert metadata["/CreationDate"] == "D:20260309"
    width, height = reader.pages[0].mediabox.width, reader.pages[0].mediabox.height
    assert (round(width), round(height)) == (595, 842)


def test_every_letter_uses_shipped_fonts() -> None:
    """Every letter is drawn with the fonts that we ship, so a receipt looks the same everywhere."""
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in PdfReader(io.BytesIO(render_pdf(samples.annual(40)))).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts
    assert all("Receipt-Sans" in name for name in fonts)


@pytest.mark.parametrize(
    ("changes", "marks"),
    [
        ({"state": "draft", "number": ""}, ["PROJEKT", "projekt bez numeru"]),
        (
            {
                "state": "void",
                "voided_on": date(2026, 4, 1),
                "void_reason": "błędna kwota",
                "replaced_by": "2026/7",
            },
            ["ANULOWANE", "dnia 1 kwietnia 2026 r. Powód: błędna kwota. Zastąpione przez nr 2026/7."],
        ),
        ({"is_copy": True}, ["KOPIA", "2026/000123", "już pod tym samym numerem"]),
        ({"replaces": "2026/000100"}, ["Zastępuje nr 2026/000100"]),
    ],
)
def test_special_receipts_bear_their_mark(changes: dict[str, Any], marks: list[str]) -> None:
    """A draft, a void receipt, a copy and a replacement each say what they are."""
    printed_text = reading.text(render_pdf(samples.receipt(**changes)))
    assert [mark for mark in marks if mark not in printed_text] == []


@pytest.mark.parametrize(
    ("lang", "void", "copy", "draft"),
    [("en", "VOID", "COPY", "DRAFT"), ("sq", "I ANULUAR", "KOPJE", "DRAFT")],
)
def test_the_marks_are_in_the_receipt_s_language(lang: Any, void: str, copy: str, draft: str) -> None:
    both = reading.text(
        render_pdf(samples.receipt(lang=lang, state="void", voided_on=date(2026, 4, 1), is_copy=True))
    )
    assert void in both and copy in both
    assert draft in reading.text(render_pdf(samples.receipt(lang=lang, state="draft", number="")))


def test_an_issued_receipt_bears_no_mark() -> None:
    printed_text = reading.text(render_pdf(samples.receipt()))
    assert not any(mark in printed_text for mark in ("PROJEKT", "ANULOWANE", "KOPIA", "Zastępuje"))


def test_sixty_gifts_run_over_pages() -> None:
    """Sixty gifts run over three pages, each with the header and the mark, and with one total."""
    pages = reading.pages(render_pdf(samples.annual(60, is_copy=True)))
    assert len(pages) == 3
    assert all("Data wpływu" in page and "KOPIA" in page for page in pages)
    assert all("Roczne potwierdzenie darowizn nr 2026/000123" in page for page in pages)
    assert [f"strona {n} / 3" in page for n, page in enumerate(pages, 1)] == [True] * 3
    text = " ".join(pages)
    assert text.count("zlecenie stałe") == 60
    assert text.count("Razem 3 123,90 zł") == 2  # in the box and under the table
    assert "1 stycznia 2025 r. – 31 grudnia 2025 r." in text


def test_page_foot_stands_once_in_text() -> None:
    """The foot of the page stands once in the text, and its words stand nowhere else, so a screen reader
    reads them once."""
    text = reading.text(render_pdf(samples.receipt()))
    assert text.count("strona 1 / 1") == text.count("strona") == 1
    assert text.count("Potwierdzenie darowizny nr") == 2  # the title and the foot
    assert text.count("Fundacja Żółty Dąb") == 3  # its letterhead, as who received the gift, and the foot


def test_year_of_gifts_fits_one_sheet() -> None:
    """A year of monthly gifts fits on one sheet."""
    assert len(reading.pages(render_pdf(samples.annual(12)))) == 1


def test_nothing_is_lost_wherever_the_page_ends() -> None:
    """Boxes that float over the end of a page lose their last lines in WeasyPrint; ours must not."""
    for count in range(12, 30, 2):
        receipt = samples.annual(count, donor=replace(samples.JAN, name_line="Wm" * 100))
        printed_text = reading.text(render_pdf(receipt))
        shown = [figures.write_amount(line.amount, "pl").replace("\xa0", " ") for line in receipt.lines]
        ends = ["skarbniczka", "Warszawa, 9 marca 2026 r.", "dowód wpłaty na rachunek organizacji."]
        assert [part for part in shown + ends if part not in printed_text] == [], f"{count} lines"


def test_long_name_stays_on_the_sheet() -> None:
    """Two hundred letters without a blank stay on the sheet and lose none."""
    name = "Wm" * 100
    pdf = render_pdf(samples.receipt(donor=replace(samples.JAN, name_line=name)))
    assert name in reading.text(pdf).replace(" ", "")
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1


def test_same_receipt_gives_same_bytes() -> None:
    """The same receipt gives the same bytes again, also after others were drawn."""
    first = render_pdf(samples.receipt())
    others = list(render_pdfs([samples.annual(12), samples.in_country("XX", "en", donor=GEZIM)]))
    assert render_pdf(samples.receipt()) == first
    assert len({first, *others}) == 3


def test_missing_pack_or_template_is_named() -> None:
    """A release without the named pack or template says which one is missing instead of drawing another."""
    with pytest.raises(Unrenderable, match="PL-1999-01"):
        render_pdf(samples.receipt(rule_pack_version="PL-1999-01"))
    with pytest.raises(Unrenderable, match=r"receipt-9\.html"):
        render_pdf(samples.receipt(template_version="9"))


def test_too_many_lines_are_refused() -> None:
    """More lines than a document should have are refused, with their number."""
    with pytest.raises(Unrenderable, match="2001 lines"):
        render_pdf(samples.receipt(lines=(samples.GIFT,) * 2001))


def test_preview_fetches_nothing() -> None:
    """The preview holds its own style and names nothing that a browser would fetch."""
    page = render_html(samples.receipt())
    assert "<style>" in page and "1&nbsp;246" in page.replace("\xa0", "&nbsp;")
    assert not any(word in page for word in ("url(", "src=", "href=", "<script"))
