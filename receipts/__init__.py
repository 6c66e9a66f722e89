"""Receipts: a frozen document in, a PDF out, with the country's rules beside it.

Nothing here sees a database, a donor or a clock. WeasyPrint is loaded by the first PDF.
"""

from receipts.checks import Problem, check_receipt
from receipts.document import DonorBlock, Line, Organisation, Receipt, UnprintableText, Unrenderable
from receipts.packs import NoPack, Pack, get_pack
from receipts.render import TEMPLATE_VERSION, preload_engine, render_html, render_pdf, render_pdfs
from receipts.words import write_in_words

__all__ = [
    "TEMPLATE_VERSION",
    "DonorBlock",
    "Line",
    "NoPack",
    "Organisation",
    "Pack",
    "Problem",
    "Receipt",
    "UnprintableText",
    "Unrenderable",
    "check_receipt",
    "get_pack",
    "preload_engine",
    "render_html",
    "render_pdf",
    "render_pdfs",
    "write_in_words",
]
