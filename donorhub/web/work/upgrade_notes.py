"""What the upgrade mended: one page for those who run the organisation, until they have seen it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models.states import UpgradeSubject
from donorhub.services.work import upgrade_notes
from donorhub.web.addresses import build_address
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.saving import commit

bp = Blueprint("upgrade_notes", __name__, url_prefix="/settings/upgrade")
MOST_LINKED: Final = 50  # rows of one note that the page links to
_PLACES: Final[Mapping[UpgradeSubject, tuple[str, str]]] = {
    "bank_account": ("bank.show_account", "account_id"),
    "entry": ("bank.show_entry", "entry_id"),
    "gift": ("gifts.show_gift", "gift_id"),
    "donor": ("donors.show_donor", "donor_id"),
    "recurring_gift": ("recurring.show_recurring_gift", "recurring_gift_id"),
}


@bp.get("")
@require_permission("settings:write")
def list_notes() -> str:
    """Show what was mended, how many of each, where and when."""
    notes = upgrade_notes.list_notes()
    return render_template(
        "work/upgrade_notes.html",
        notes=notes,
        places={
            note.id: [(id_, find_place(note.subject_type, id_)) for id_ in note.subject_ids[:MOST_LINKED]]
            for note in notes
        },
        is_new=any(note.seen_at is None for note in notes),
    )


def find_place(subject_type: UpgradeSubject, subject_id: int) -> str:
    """Return the address of the page of what was mended."""
    endpoint, argument = _PLACES[subject_type]
    return build_address(endpoint, **{argument: subject_id})


@bp.post("/seen")
@require_permission("settings:write")
def mark_seen() -> Response:
    """Take it off the dashboard; again changes nothing."""
    upgrade_notes.mark_seen(now=clock.now(), actor=get_principal().actor)
    commit()
    return redirect(url_for("upgrade_notes.list_notes"))
