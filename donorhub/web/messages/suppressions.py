"""Addresses that nothing is sent to: which there are, one more, one less, each with its reason."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import Suppression
from donorhub.schemas.fields import Reason
from donorhub.schemas.messages import LiftSchema, NewSuppression, NewSuppressionSchema
from donorhub.services.donors import donors
from donorhub.services.messages import suppressions
from donorhub.services.paging import newest_first, read_page
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("suppressions", __name__, url_prefix="/messages/suppressions")


@bp.get("")
@require_permission("messages:read")
def list_suppressions() -> str:
    """Show the addresses that nothing is sent to; of a donor, with the address filled in."""
    donor_id = Form(request.args).read_id("donor")
    address = donors.get_donor(donor_id).email if donor_id and get_principal().may_see_field("email") else ""
    return _render_suppressions(Form(start={"address": address, "source": "told"}))


def _render_suppressions(form: Form) -> str:
    order = newest_first(Suppression.created_at, Suppression.id)
    address = form.get_value("address").strip()
    return render_template(
        "messages/suppressions.html",
        form=form,
        known=suppressions.find_suppression(address) if address else None,
        page=read_page(suppressions.select_suppressions(), order, after=request.args.get("after")),
    )


@bp.post("")
@require_permission("messages:read", "donors:write")
def suppress_address() -> Response | tuple[str, int]:
    """Send nothing more to an address; a second time changes nothing."""
    form = Form(request.form)
    with form.start_saving():
        new: NewSuppression = form.load_fields(NewSuppressionSchema())
        _, is_new = suppressions.record_suppression(
            new["address"],
            reason=new["reason"],
            source=new["source"],
            scope=new["scope"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(
            gettext("Nothing is sent to this address any more.")
            if is_new
            else gettext("Nothing was sent to this address before. Nothing was changed.")
        )
        return redirect(url_for("suppressions.list_suppressions"))
    return _render_suppressions(form), 422


@bp.post("/<int:suppression_id>/lift")
@require_permission("messages:read", "donors:write")
def lift_suppression(suppression_id: int) -> Response | tuple[str, int]:
    """Let an address be written to again, with the reason."""
    form = Form(request.form)
    with form.start_saving():
        new: Reason = form.load_fields(LiftSchema())
        suppressions.lift_suppression(
            suppression_id, reason=new["reason"], now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("This address may be written to again."))
        return redirect(url_for("suppressions.list_suppressions"))
    return _render_suppressions(form), 422
