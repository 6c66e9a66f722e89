"""What stands in the way of a receipt, each with the field where it is mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import url_for

from donorhub.models import Donor
from donorhub.services.receipts import receipt_drafts
from donorhub.services.receipts.receipt_previews import Preview
from donorhub.web.admission import get_principal
from donorhub.web.reader import get_today
from donorhub.web.words.refusals import word_receipt_problem

# The fields of our settings, and of a donor, that fill a place of the receipt; else it has the field's name.
_OUR_FIELDS: Final = {"address_lines": "street", "place": "city"}
_DONOR_FIELDS: Final = {"name_line": "name", "address_lines": "street"}


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing or wrong, in the reader's language, and where it is mended; empty if not by them."""

    sentence: str
    url: str


def list_gaps(donor: Donor) -> list[Gap]:
    """Return what the organisation and the donor lack before a receipt can be issued."""
    return [
        Gap(word_receipt_problem(problem.code, problem.where), _find_url(problem.where, donor))
        for problem in receipt_drafts.list_gaps(donor, today=get_today())
    ]


def _find_url(where: str, donor: Donor) -> str:
    owner, _, place = where.partition(".")
    name, _, number = place.partition(".")
    if owner == "organisation" and get_principal().has_permission("settings:write"):
        field = f"id_{number}" if name == "ids" else _OUR_FIELDS.get(name, name)
        return url_for("settings.show_organisation", _anchor=f"f-{field}")
    if owner == "donor" and get_principal().has_permission("donors:write"):
        field = "tax_number" if name == "ids" else _DONOR_FIELDS.get(name, name)
        return url_for("donors.show_edit_form", donor_id=donor.id, then="receipt", _anchor=f"f-{field}")
    return ""


def list_warnings(preview: Preview) -> list[Gap]:
    """Return what does not stop a receipt and should be looked at before it takes a number."""
    return [
        Gap(word_receipt_problem(problem.code, problem.where), _find_url(problem.where, preview.donor))
        for problem in receipt_drafts.list_warned(preview.document)
    ]
