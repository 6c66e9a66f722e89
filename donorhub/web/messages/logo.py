"""Settings, logo: the picture that letters and e-mails bear, sent, seen in a letter and taken away."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.access import logo_picture
from donorhub.services.access import logo, organisation
from donorhub.services.messages import letters
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_lang, get_today
from donorhub.web.saving import commit, tell_reader
from receipts import render_letters

bp = Blueprint("logo", __name__, url_prefix="/settings/logo")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("settings:write")
def show_logo() -> str:
    """Show the logo as an e-mail and a letter bear it, with a form to send another."""
    return _render_logo(Form())


@bp.post("")
@require_permission("settings:write")
def keep_logo() -> Answer:
    """Let a picture be the logo from now on; the same one again changes nothing."""
    form = Form(request.form)
    upload = request.files.get("file")
    with form.start_saving():
        content = upload.read() if upload is not None else b""
        _, is_new = logo.keep_logo(content, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(
            gettext("Letters and e-mails bear this logo from now on.")
            if is_new
            else gettext("This is the logo already.")
        )
        return redirect(url_for("logo.show_logo"))
    return _render_logo(form), 422


@bp.post("/remove")
@require_permission("settings:write")
def remove_logo() -> Response:
    """Take the logo away; a second time changes nothing."""
    logo.remove_logo(now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("Letters and e-mails bear no logo any more."))
    return redirect(url_for("logo.show_logo"))


@bp.get("/picture")
@require_permission("settings:write")
def send_picture() -> Response:
    """Send the picture as it is kept."""
    return Response(logo.get_logo().content, content_type="image/png")


@bp.get("/letter.pdf")
@require_permission("settings:write")
def show_letter() -> Response:
    """Draw a letter to nobody with our head as it is now."""
    letter = letters.make_sample(gettext("This is how a letter begins."), lang=get_lang(), day=get_today())
    return Response(
        render_letters([letter]),
        content_type="application/pdf",
        headers={"Content-Disposition": 'inline; filename="letter.pdf"'},
    )


def _render_logo(form: Form) -> str:
    row = logo.find_logo()
    return render_template(
        "messages/logo.html",
        form=form,
        logo=row,
        size=logo_picture.find_shown_size(row.width, row.height) if row else None,
        ours=organisation.get_organisation(),
        most_mb=logo_picture.LARGEST_MB,
    )
