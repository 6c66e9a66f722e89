"""Letters on pages: the PDF of one, and that it was posted or is none after all."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.errors import NotFound
from donorhub.models import Message
from donorhub.models.states import find_word
from donorhub.services.messages import letters, messages
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.message_titles import can_read_text
from donorhub.web.saving import commit, tell_reader
from receipts import Window, render_letters

bp = Blueprint("letters", __name__, url_prefix="/messages")
WINDOWS: Final[tuple[Window, ...]] = ("left", "right")


@bp.get("/<int:message_id>/letter.pdf")
@require_permission("messages:read")
def show_pdf(message_id: int) -> Response:
    """Draw a letter for an envelope whose window is on the left, or with ``window=right`` on the right."""
    message = _get_letter(message_id)
    window = find_word(request.args.get("window"), WINDOWS) or "left"
    pdf = render_letters(letters.make_letters([message]), window=window)
    return Response(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="letter-{message.id}.pdf"'},
    )


@bp.post("/<int:message_id>/posted")
@require_permission("messages:read", "messages:write")
def mark_as_posted(message_id: int) -> Response:
    """Record that a letter was posted; a second time changes nothing."""
    letters.mark_as_posted([_get_letter(message_id)], now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The letter is posted."))
    return redirect(url_for("messages.show_message", message_id=message_id))


@bp.post("/<int:message_id>/discard")
@require_permission("messages:read", "messages:write")
def discard_letter(message_id: int) -> Response:
    """Let a letter that was not posted be none."""
    letters.discard_letter(_get_letter(message_id), now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The letter is not sent. A thank-you that it stood for does not go out by itself."))
    return redirect(url_for("messages.show_message", message_id=message_id))


def _get_letter(message_id: int) -> Message:
    message = messages.get_message(message_id)
    if message.channel != "post" or not can_read_text(message.template.partition("@")[0]):
        raise NotFound(f"there is no letter {message_id}")
    return message
