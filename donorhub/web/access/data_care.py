"""How long data is kept, and the record of processing: pages of the settings."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from donorhub import clock
from donorhub.config import Settings
from donorhub.errors import NotFound
from donorhub.models.states import find_word
from donorhub.services.moving import processing_record, retention
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import rights
from donorhub.web.words.column_words import name_column

bp = Blueprint("data_care", __name__, url_prefix="/settings/data")
Answer = AnyResponse | str | tuple[str, int]


@bp.get("")
@require_permission("settings:write")
def show_data_care() -> str:
    """Show how long each kind of data is kept, what was deleted, and what data is held for."""
    return _render_page(Form())


@bp.post("/<kind>")
@require_permission("settings:write")
def set_clock(kind: str) -> Answer:
    """Keep one kind of data for another time."""
    word = find_word(kind, retention.KINDS)
    if word is None:
        raise NotFound("there is no such kind")
    form = Form(request.form)
    with form.start_saving():
        text = form.get_value("keep").strip()
        keep = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004
        retention.set_clock(word, keep, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("Saved."))
        return redirect(url_for("data_care.show_data_care"))
    return _render_page(form), 422


@bp.get("/processing.json")
@require_permission("settings:write")
def send_record() -> Response:
    """Send the record of processing for programs."""
    record = processing_record.describe_record(processing_record.make_record(today=get_today()))
    headers = {"Content-Disposition": 'attachment; filename="processing.json"'}
    text = json.dumps(record, ensure_ascii=False, indent=1)
    return Response(text, content_type="application/json", headers=headers)


def _render_page(form: Form) -> str:
    settings: Settings = current_app.extensions["donorhub.settings"]
    record = processing_record.make_record(today=get_today())
    return render_template(
        "access/data_care.html",
        form=form,
        record=record,
        kinds=rights.RETENTION_KINDS,
        titles=rights.PURPOSE_TITLES_OF_DONORS,
        reasons=rights.PURPOSE_REASONS,
        name_table=rights.name_table,
        name_column=name_column,
        settings=settings,
    )
