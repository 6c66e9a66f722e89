"""Bringing donors and past gifts: a file is sent, what it would do is shown, and exactly that is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db
from donorhub.domain.moving.custom_names import name_custom
from donorhub.domain.moving.field_words import FIELDS as ALL_FIELDS
from donorhub.errors import Changed
from donorhub.models import Campaign, ImportFile, RecordRow
from donorhub.models.states import RECORD_ROW_STATES, RecordRowState
from donorhub.money import OFFERED_CURRENCIES, Money
from donorhub.services.access import organisation
from donorhub.services.giving import funds
from donorhub.services.moving import (
    held_rows,
    record_confirming,
    record_deliveries,
    record_files,
    record_plans,
    record_presets,
    record_undo,
)
from donorhub.services.moving.record_hiding import hide_examples, hide_samples, list_hidden_places
from donorhub.services.paging import newest_first, read_page
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.bank.blueprint import get_actor
from donorhub.web.donors import custom_values
from donorhub.web.forms import Form
from donorhub.web.moving import record_forms
from donorhub.web.moving.gift_differences import list_differences
from donorhub.web.moving.wording import SEPARATORS
from donorhub.web.reader import get_lang
from donorhub.web.saving import commit, tell_reader
from donorhub.web.showing import show_money
from donorhub.web.words import record_words

bp = Blueprint("moving", __name__, url_prefix="/moving-in")
_MOST_ROWS: Final = 50  # of a state on one page


@bp.get("")
@require_permission("imports:read", "donors:read")
def list_files() -> str:
    """Show a place to drop a file of donors and gifts, and the files of late."""
    return _render_files(Form())


def _render_files(form: Form) -> str:
    page = read_page(
        record_files.select_files(),
        newest_first(ImportFile.uploaded_at, ImportFile.id),
        after=request.args.get("after"),
        limit=20,
    )
    return render_template(
        "moving/files.html",
        form=form,
        page=page,
        limit_mb=_get_settings().upload_limit_mb,
        file_states=record_words.FILE_STATES,
    )


def _get_settings() -> Settings:
    settings: Settings = current_app.extensions["donorhub.settings"]
    return settings


@bp.post("")
@require_permission("imports:write", "donors:write", "gifts:write")
def upload_file() -> Response | tuple[str, int]:
    """Keep a file and show what bringing it would do; the same file again leads to what became of it."""
    form = Form(request.form)
    upload = request.files.get("file")
    data = upload.read() if upload is not None else b""
    if not data:
        form.add_error("file", gettext("Please choose a file; it may not be empty."))
    with form.start_saving() as saving:
        saving.refuse_errors()
        name = (upload.filename if upload is not None else "") or "people"
        tables = record_deliveries.open_tables(data, name)  # what is no table is not kept
        files = record_deliveries.keep_tables(
            tables, now=clock.now(), actor=get_actor(), limit_mb=_get_settings().upload_limit_mb
        )
        new_count, file_id = sum(is_new for _, is_new in files), files[0][0].id
        commit()
        if len(files) > 1:
            count = len(files)
            tell_reader(
                ngettext("%(num)d file came.", "%(num)d files came: bring one after the other.", count)
            )
            return redirect(url_for("moving.list_files"))
        if not new_count:
            tell_reader(gettext("This file came before: here is what became of it."), "info")
        return redirect(url_for("moving.show_file", file_id=file_id))
    return _render_files(form), 422


@bp.get("/<int:file_id>")
@require_permission("imports:read", "donors:read")
def show_file(file_id: int) -> str:
    """Show what bringing a file would do and what it asks; of one that was brought, the report."""
    return _render_file(record_files.get_file(file_id), Form())


def _render_file(file: ImportFile, form: Form) -> str:
    summary: dict[str, Any] = dict(file.summaries[0]) if file.summaries else {}
    hidden_places = list_hidden_places(file, get_principal())
    summary["columns"] = hide_samples(summary.get("columns", ()), hidden_places)
    summary["questions"] = hide_examples(summary.get("questions", ()), hidden_places)
    figures: dict[str, Any] = summary.get("figures", {})
    answers = record_files.read_answers(file)
    rows = {state: _list_rows(file.id, state) for state in RECORD_ROW_STATES}
    return render_template(
        "moving/file.html",
        file=file,
        form=form,
        told=summary,
        figures=figures,
        button=_write_button(figures) if figures else "",
        sums=_write_sums(figures) if figures else "",
        sheets=_list_sheet_totals(figures),
        years=_list_year_totals(figures),
        answers=answers,
        rows=rows,
        differences=list_differences(rows["held"], summary["columns"]),
        most_rows=_MOST_ROWS,
        all_fields=ALL_FIELDS,
        shapes=[*custom_values.list_shapes(), *custom_values.list_shapes("gift")],
        name_custom=name_custom,
        custom_label=custom_values.write_label,
        words_of=record_words,
        funds=funds.list_open_funds(),
        campaigns=funds.list_purposes(Campaign),
        places=_find_places(summary),
        presets=record_presets.list_presets(),
        is_purged=record_files.is_purged(file),
        can_come_again=record_files.can_come_again(file),
        keep_days=_get_settings().record_rows_days,
        currencies=OFFERED_CURRENCIES,
        letter_lang=organisation.get_organisation().lang,
        last_day=date.fromisoformat(figures["last_day"]) if figures.get("last_day") else None,
        is_changed=any(problem["code"] == "plan_changed" for problem in file.problems),
    )


def _list_rows(file_id: int, state: RecordRowState) -> Sequence[RecordRow]:
    """Return the first rows in a state, with their names; those that come without a question need no look."""
    query = select(RecordRow).where(RecordRow.import_file_id == file_id, RecordRow.state == state)
    return db.session.scalars(query.order_by(RecordRow.id).limit(_MOST_ROWS)).all()


def _find_places(summary: dict[str, Any]) -> dict[str, list[int]]:
    """Return the columns of each field, so that a held row offers the cells that hold it."""
    places: dict[str, list[int]] = {}
    for column in summary.get("columns", ()):
        places.setdefault(column["field"], []).append(column["position"])
    return places


@bp.post("/<int:file_id>/answers")
@require_permission("imports:write", "donors:write", "gifts:write")
def answer_file(file_id: int) -> Response | tuple[str, int]:
    """Keep what a person says of columns, questions and rows, and show anew what the file would do."""
    form = Form(request.form)
    file = record_files.lock_file(file_id)
    with form.start_saving():
        columns = file.summaries[0]["columns"] if file.summaries else ()
        rows = db.session.scalars(
            select(RecordRow).where(
                RecordRow.import_file_id == file.id,
                RecordRow.id.in_(form.list_ids("row")),
            )
        ).all()
        answers = record_forms.read_answers(request.form, record_files.read_answers(file), columns, rows)
        record_plans.plan_file(file, now=clock.now(), answers=answers)
        commit()
        return redirect(url_for("moving.show_file", file_id=file_id) + "#what")
    return _render_file(record_files.get_file(file_id), form), 422


@bp.post("/<int:file_id>/write")
@require_permission("imports:write", "donors:write", "gifts:write")
def write_file(file_id: int) -> Response | tuple[str, int]:
    """Have a file written exactly as the page showed it; where it would do something else now, show that."""
    form = Form(request.form)
    with form.start_saving():
        try:
            record_confirming.confirm_file(
                file_id, form.get_value("digest"), now=clock.now(), actor=get_actor()
            )
        except Changed:  # the plan of now is kept, for the page to show
            tell_reader(gettext("What this file does changed since it was shown: look at it again."), "warn")
        commit()
        return redirect(url_for("moving.show_file", file_id=file_id))
    return _render_file(record_files.get_file(file_id), form), 422


@bp.post("/<int:file_id>/again")
@require_permission("imports:write", "donors:write", "gifts:write")
def reopen_file(file_id: int) -> Response | tuple[str, int]:
    """Show anew what a file would do that was taken away."""
    form = Form(request.form)
    file = record_files.lock_file(file_id)
    with form.start_saving():
        if record_files.reopen_file(file, now=clock.now(), actor=get_actor()):
            record_plans.plan_file(file, now=clock.now())
        commit()
        return redirect(url_for("moving.show_file", file_id=file_id))
    return _render_file(record_files.get_file(file_id), form), 422


@bp.get("/<int:file_id>/held-rows")
@require_permission("imports:read", "donors:read", "gifts:read")
def send_held_rows(file_id: int) -> Response:
    """Send the rows that are held, with the reason, as a table to mend and bring again."""
    file = record_files.get_file(file_id)
    content = held_rows.write_held_rows(
        file,
        lambda code: str(record_words.REASONS.get(code, code)),
        separator=SEPARATORS.get(get_lang(), ";"),
        hidden_places=list_hidden_places(file, get_principal()),
    )
    answer = make_response(content)
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="held-rows-{file.id}.csv"'
    return answer


@bp.get("/<int:file_id>/take-back")
@require_permission("imports:write", "donors:write", "gifts:write")
def show_take_back(file_id: int) -> str:
    """Show what taking a file back would do, and what stands in the way."""
    return _render_take_back(file_id, Form())


def _render_take_back(file_id: int, form: Form) -> str:
    return render_template(
        "moving/take_back.html",
        file=record_files.get_file(file_id),
        form=form,
        view=record_undo.show_taking_back(file_id),
        words_of=record_words,
    )


@bp.post("/<int:file_id>/take-back")
@require_permission("imports:write", "donors:write", "gifts:write")
def take_back_file(file_id: int) -> Response | tuple[str, int]:
    """Take a file back as the page showed it; what stands in the way stays."""
    form = Form(request.form)
    with form.start_saving():
        record_undo.take_back_file(file_id, form.get_value("digest"), now=clock.now(), actor=get_actor())
        commit()
        tell_reader(gettext("What this file brought is taken away. It may be brought again."))
        return redirect(url_for("moving.show_file", file_id=file_id))
    return _render_take_back(file_id, form), 422


def _write_button(figures: Mapping[str, Any]) -> str:
    """Return what the button says that it does, with its numbers."""
    parts = []
    if figures["new_donors"]:
        parts.append(ngettext("%(num)d new donor", "%(num)d new donors", figures["new_donors"]))
    if figures["gifts"]:
        gifts = ngettext("%(num)d gift", "%(num)d gifts", figures["gifts"])
        parts.append(f"{gifts} ({_write_sums(figures)})")
    if not parts:
        changed_count = figures["changed_donors"]
        parts.append(ngettext("what is new of %(num)d donor", "what is new of %(num)d donors", changed_count))
    return str(gettext("Bring %(what)s", what=", ".join(parts)))


def _write_sums(figures: Mapping[str, Any]) -> str:
    return ", ".join(show_money(Money(minor, currency)) for currency, minor in figures["sums"].items())


def _list_sheet_totals(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sums of each sheet as money, with the file's own and the difference."""
    return [
        {
            **total,
            "money": Money(total["minor"], total["currency"]),
            "own": None if total["own_minor"] is None else Money(total["own_minor"], total["currency"]),
            "difference": None
            if total["own_minor"] is None
            else Money(total["own_minor"] - total["minor"], total["currency"]),
        }
        for total in figures.get("sheets", ())
    ]


def _list_year_totals(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sums of each sheet, year and currency as money: new, and here already."""
    return [
        {
            **total,
            "new": Money(total["new_minor"], total["currency"]),
            "known": Money(total["known_minor"], total["currency"]),
        }
        for total in figures.get("years", ())
    ]
