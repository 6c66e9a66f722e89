"""Receipts: a frozen document in, a PDF out, with the country's rules beside it.

Nothing here sees a database, a donor or a clock. WeasyPrint is loaded by the first PDF.
"""

from receipts.checks import Problem, check
from receipts.document import DonorBlock, Line, Organisation, Receipt, UnprintableText, Unrenderable
from receipts.packs import NoPack, Pack, pack
from receipts.render import TEMPLATE_VERSION, preload, render, render_html, render_many
from receipts.words import in_words

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
    "check",
    "in_words",
    "pack",
    "preload",
    "render",
    "render_html",
    "render_many",
]
