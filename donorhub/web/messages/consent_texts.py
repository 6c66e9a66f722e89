"""What donors agree to, word for word, and what each country asks for before marketing."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.messages import packs
from donorhub.schemas.consents import NewConsentText, NewConsentTextSchema
from donorhub.services.messages import consent_texts
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("consent_texts", __name__, url_prefix="/messages/consent-texts")


@bp.get("")
@require_permission("donors:read")
def list_texts() -> str:
    """Show all wordings, and the rules of each country with the day on which they were last checked."""
    return _render_texts(Form(start={"valid_from": get_today().isoformat()}))


@bp.post("")
@require_permission("donors:read", "settings:write")
def add_text() -> Response | tuple[str, int]:
    """Keep a wording as the next version; the newest again changes nothing."""
    form = Form(request.form)
    with form.start_saving():
        new: NewConsentText = form.load_fields(NewConsentTextSchema())
        text, _ = consent_texts.add_text(
            new["kind"],
            new["lang"],
            new["body"],
            valid_from=new["valid_from"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        version = text.version
        commit()
        tell_reader(gettext("The wording is kept as version %(version)s.", version=version))
        return redirect(url_for("consent_texts.list_texts"))
    return _render_texts(form), 422


def _render_texts(form: Form) -> str:
    return render_template(
        "messages/consent_texts.html",
        form=form,
        texts=consent_texts.list_texts(),
        packs=[packs.load_pack(name) for name in (*packs.list_countries(), packs.DEFAULT)],
    )
