"""Webhook endpoints: the addresses that payment providers post to, and their signing secrets."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.schemas.providers import NewEndpoint, NewEndpointSchema, NewSecret, NewSecretSchema
from donorhub.services.providers import endpoints
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader
from webhooks import list_provider_names

bp = Blueprint("webhooks", __name__, url_prefix="/settings/webhooks")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("providers:read")
def show_endpoints() -> str:
    """Show all endpoints with their secrets, and the form for a new one."""
    return _render_page(Form(start={"livemode": "1"}))


@bp.post("")
@require_permission("providers:write")
def create_endpoint() -> Answer:
    """Open an endpoint with its first secret; show the form again with what is wrong in it."""
    form = Form(request.form)
    form.read_choice("provider", list_provider_names())
    with form.start_saving():
        new: NewEndpoint = form.load_fields(NewEndpointSchema())
        endpoints.create_endpoint(now=clock.now(), actor=get_principal().actor, **new)
        commit()
        tell_reader(gettext("The endpoint is open. Give its address to the provider."))
        return redirect(url_for("webhooks.show_endpoints"))
    return _render_page(form), 422


@bp.post("/<int:endpoint_id>/secrets")
@require_permission("providers:write")
def add_secret(endpoint_id: int) -> Answer:
    """Add a secret while the provider changes from the old one to it."""
    form = Form(request.form)
    with form.start_saving():
        new: NewSecret = form.load_fields(NewSecretSchema(only=("secret",)), {"secret": "new_secret"})
        endpoints.add_secret(
            endpoint_id, new["secret"], label="added", now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("The secret is added. The old one stays valid until you expire it."))
        return redirect(url_for("webhooks.show_endpoints"))
    return _render_page(form), 422


@bp.post("/secrets/<int:secret_id>/expire")
@require_permission("providers:write")
def expire_secret(secret_id: int) -> Response:
    """Let a secret be good no longer."""
    endpoints.expire_secret(secret_id, at=clock.now(), now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The secret is expired."))
    return redirect(url_for("webhooks.show_endpoints"))


def _render_page(form: Form) -> str:
    base = current_app.extensions["donorhub.settings"].public_url.rstrip("/")
    rows = [(row, endpoints.list_secrets(row.id)) for row in endpoints.list_endpoints()]
    return render_template(
        "providers/endpoints.html",
        form=form,
        rows=rows,
        base=base,
        providers=list_provider_names(),
        now=clock.now(),
    )
