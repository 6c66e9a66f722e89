"""Messages: the list, one as its reader gets it, and what became of one that is uncertain.

Whoever may not see amounts sees no text that may name one.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Message
from donorhub.models.states import find_word
from donorhub.services.messages import message_lists, messages, receipt_mail, thanked_gifts
from donorhub.services.moving.lists.description import Filters, keep_filters
from donorhub.services.paging import AnyRow
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.message_titles import can_read_text, choose_title
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels
from receipts import convert_markdown

bp = Blueprint("messages", __name__, url_prefix="/messages")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("messages:read")
def list_messages() -> str:
    """List messages, by state."""
    form = Form(request.args)
    page = message_lists.list_messages(
        state=find_word(form.get_value("state"), labels.MESSAGE_STATES),
        donor_id=form.read_id("donor"),
        after=request.args.get("after"),
    )
    return render_template("messages/messages.html", page=page, form=form, choose_title=_choose_title)


def read_filters() -> Filters:
    """Return what the list of this address is narrowed by."""
    form = Form(request.args)
    return keep_filters(
        state=find_word(form.get_value("state"), labels.MESSAGE_STATES), donor_id=form.read_id("donor")
    )


@bp.get("/<int:message_id>")
@require_permission("messages:read")
def show_message(message_id: int) -> str:
    """Show one message as it reaches its reader."""
    return _render_message(messages.get_message(message_id), Form())


@bp.post("/<int:message_id>/decide")
@require_permission("messages:read", "gifts:write")
def decide_message(message_id: int) -> Answer:
    """Record that an uncertain message arrived, or have it sent again, as a person says."""
    form = Form(request.form)
    answer = form.read_choice("answer", ("arrived", "again"))
    with form.start_saving() as saving:
        saving.refuse_errors()
        messages.decide_uncertain_message(
            message_id,
            was_received=answer == "arrived",
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(
            gettext("Noted: it arrived.")
            if answer == "arrived"
            else gettext("The message will be sent again.")
        )
        return redirect(url_for("messages.show_message", message_id=message_id))
    return _render_message(messages.get_message(message_id), form), 422


def find_kind(message: Message | AnyRow) -> str:
    """Return what sort of message it is, without the version of its template."""
    return str(message.template).partition("@")[0]


def _choose_title(message: Message | AnyRow) -> str:
    return choose_title(find_kind(message), str(message.subject))


def _render_message(message: Message, form: Form) -> str:
    return render_template(
        "messages/message.html",
        message=message,
        form=form,
        title=_choose_title(message),
        digest=messages.compute_message_digest(message),
        attachments=receipt_mail.list_attachments(message.id),
        gifts=thanked_gifts.list_gifts(message) if get_principal().has_permission("gifts:read") else (),
        leaves_at=messages.find_leaving(message) if message.state == "planned" else None,
        is_readable=can_read_text(find_kind(message)),
        letter=convert_markdown(message.body) if message.channel == "post" else None,
        donor=db.session.get(Donor, message.donor_id) if message.donor_id else None,
    )
