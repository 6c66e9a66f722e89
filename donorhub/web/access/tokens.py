"""API tokens: making one, whose text is shown once, and taking one back."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.schemas.access import NewToken, NewTokenSchema
from donorhub.services.access import organisation, users
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("tokens", __name__, url_prefix="/settings/tokens")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("users:write")
def list_tokens() -> str:
    """Show the tokens there are."""
    return _render_tokens(Form())


@bp.post("")
@require_permission("users:write")
def create_token() -> Answer:
    """Make a token and show its text, this once."""
    form = Form(request.form)
    with form.start_saving() as saving:
        new: NewToken = form.load_fields(NewTokenSchema())
        until = new["expires_on"]
        if until is not None and until <= get_today():
            form.add_error("expires_on", gettext("Please choose a day after today."))
            saving.refuse_errors()
        token, text = users.create_token(
            new["name"],
            new["scopes"],
            now=clock.now(),
            actor=get_principal().actor,
            expires_at=organisation.get_midnight(until) if until else None,
            role=new["role"],
            row_scope=new["row_scope"],
            user_id=new["user_id"],
        )
        commit()
        return render_template("access/secret.html", secret=text, token=token, kind="token")
    return _render_tokens(form), 422


@bp.post("/<int:token_id>/revoke")
@require_permission("users:write")
def revoke_token(token_id: int) -> Response:
    """Take a token back; it is good for nothing from now on."""
    users.revoke_token(token_id, now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The token is revoked."))
    return redirect(url_for("tokens.list_tokens"))


def _render_tokens(form: Form) -> str:
    scopes = [(name, name) for name in sorted(PERMISSIONS)]
    return render_template(
        "access/tokens.html",
        staff=users.list_active_names(),
        form=form,
        tokens=users.list_tokens(),
        scopes=scopes,
        now=clock.now(),
    )
