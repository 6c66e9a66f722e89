"""Receipts: a frozen document in, a PDF out, with the country's rules beside it.

Nothing here sees a database, a donor or a clock. WeasyPrint is loaded by the first PDF.
"""

from receipts.checks import Problem, check_receipt
from receipts.document import (
    SHEET_FORMS,
    DonorBlock,
    LabelSheet,
    Letter,
    Line,
    Organisation,
    Receipt,
    SheetForm,
    UnprintableText,
    Unrenderable,
    Window,
)
from receipts.letters import LABELS_IN_A_FILE, LETTERS_IN_A_FILE, render_labels, render_letters
from receipts.markdown import convert_markdown, escape_markdown
from receipts.packs import NoPack, Pack, get_pack
from receipts.render import TEMPLATE_VERSION, preload_engine, render_html, render_pdf, render_pdfs
from receipts.words import write_in_words

__all__ = [
    "LABELS_IN_A_FILE",
    "LETTERS_IN_A_FILE",
    "SHEET_FORMS",
    "TEMPLATE_VERSION",
    "DonorBlock",
    "LabelSheet",
    "Letter",
    "Line",
    "NoPack",
    "Organisation",
    "Pack",
    "Problem",
    "Receipt",
    "SheetForm",
    "UnprintableText",
    "Unrenderable",
    "Window",
    "check_receipt",
    "convert_markdown",
    "escape_markdown",
    "get_pack",
    "preload_engine",
    "render_html",
    "render_labels",
    "render_letters",
    "render_pdf",
    "render_pdfs",
    "write_in_words",
]
