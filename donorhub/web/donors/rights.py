"""What a donor has a right to, on one page: restricting what is done with their data, and erasing it."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.models import Donor
from donorhub.money import Money
from donorhub.schemas.rights import RestrictionSchema
from donorhub.services.donors import donors, erasure, restriction
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors.contact_points import bp
from donorhub.web.donors.donors import Answer
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words.rights import group_rows

__all__ = ["bp"]
_WHY: Final = RestrictionSchema(exclude=("is_restricted",))  # the button says what is done


@bp.get("/<int:donor_id>/rights")
@require_permission("donors:erase")
def show_rights(donor_id: int) -> str:
    """Show what can be done when a donor asks about their data."""
    return _render_rights(donors.get_donor(donor_id), Form())


@bp.post("/<int:donor_id>/restriction")
@require_permission("donors:erase")
def restrict_donor(donor_id: int) -> Answer:
    """Let the donor's data only be kept, or be used again."""
    donor = donors.get_donor(donor_id)
    form = Form(request.form)
    is_restricted = form.get_value("is_restricted") == "1"
    with form.start_saving():
        reason: str = form.load_fields(_WHY)["reason"]
        restriction.set_restriction(
            donor, is_restricted, reason=reason, now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(
            gettext("The donor's data is only kept from now on.")
            if is_restricted
            else gettext("The donor's data may be used again.")
        )
        return redirect(url_for("donors.show_rights", donor_id=donor_id))
    return _render_rights(donors.get_donor(donor_id), form), 422


@bp.post("/<int:donor_id>/erase")
@require_permission("donors:erase")
def erase_donor(donor_id: int) -> Answer:
    """Erase the donor as the page showed it; where it would do something else, show that."""
    form = Form(request.form)
    with form.start_saving():
        if not form.is_ticked("is_sure"):
            form.add_error("is_sure", gettext("Tick the box to erase the donor."))
        form.refuse_errors()
        erasure.erase_donor(
            donor_id, digest=form.get_value("digest"), now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(
            gettext("The donor is erased. What is left of bytes is overwritten within a day, mostly minutes.")
        )
        return redirect(url_for("donors.list_donors"))
    return _render_rights(donors.get_donor(donor_id), form), 422


def _render_rights(donor: Donor, form: Form) -> str:
    preview = erasure.preview_erasure(donor.id)
    return render_template(
        "donors/rights.html",
        donor=donor,
        form=form,
        preview=preview,
        goes=group_rows(preview.goes),
        sums=[Money(minor, currency) for currency, minor in preview.sums.items()],
    )
