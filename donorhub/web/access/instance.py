"""Whether this installation is held because it may be a copy, and ending that."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.services.access import instance
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import holds

bp = Blueprint("instance", __name__, url_prefix="/settings/instance")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("settings:write")
def show_instance() -> str:
    """Show whether things may leave, why not, and how to end that."""
    return _render_instance(Form())


@bp.post("/adopt")
@require_permission("settings:write")
def adopt_instance() -> Answer:
    """Let things leave again, where it is held for what was shown; again changes nothing."""
    form = Form(request.form)
    with form.start_saving():
        hold = instance.adopt_instance(
            digest=form.get_value("digest"), now=clock.now(), actor=get_principal().actor
        )
        commit()
        if hold is not None:
            tell_reader(gettext("Messages leave again, and payment providers' messages are worked off."))
        return redirect(url_for("instance.show_instance"))
    return _render_instance(form), 422


def _render_instance(form: Form) -> str:
    row = instance.get_instance()
    hold = instance.find_hold(row)
    return render_template(
        "access/instance.html",
        form=form,
        instance=row,
        hold=hold,
        reasons=[holds.REASONS[reason] for reason in hold.reasons] if hold else [],
    )
