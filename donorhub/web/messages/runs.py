"""Post to many: letters and address labels for all of a list of donors, and posting them."""

from __future__ import annotations

from collections import Counter
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.messages.written import WRITING_CATEGORIES
from donorhub.errors import NotFound
from donorhub.models import Donor
from donorhub.models.states import find_word
from donorhub.schemas.limits import SUBJECT
from donorhub.services.messages import letter_runs, letters, writing
from donorhub.services.messages.letter_runs import Audience
from donorhub.services.messages.writing import Draft, Wish
from donorhub.services.paging import Page
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors.donors import read_list
from donorhub.web.forms import Form, make_key
from donorhub.web.messages.letters import WINDOWS
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import text_words
from receipts import (
    LETTERS_IN_A_FILE,
    SHEET_FORMS,
    LabelSheet,
    convert_markdown,
    render_labels,
    render_letters,
)

bp = Blueprint("runs", __name__)
Answer = Response | str | tuple[str, int]
SHOWN: Final = 50  # of those who are left out, by name
_SHEETS: Final = [
    (one.name, f"{one.columns} × {one.rows}: {one.width:g} × {one.height:g} mm") for one in SHEET_FORMS
]
_FORMS: Final = {form.name: form for form in SHEET_FORMS}


@bp.get("/donors/post")
@require_permission("donors:read", "messages:write")
def show_audience() -> str:
    """Show who of the list gets post and who is left out and why, with forms for letters and labels."""
    start = {"key": make_key(), "sheet": SHEET_FORMS[0].name, "used": "0"}
    return _render_audience(Form(start=start))


@bp.post("/donors/post/labels")
@require_permission("donors:read", "messages:write")
def print_labels() -> Answer:
    """Draw the labels of those who were shown, from the first unused place on."""
    form = Form(request.form)
    sheet = _FORMS[form.read_choice("sheet", tuple(_FORMS))]
    used = form.read_number("used", 0, sheet.count - 1)
    with form.start_saving() as saving:
        saving.refuse_errors()
        audience = _read_audience()
        addresses = tuple(lines for _donor, lines in audience.recipients)
        letter_runs.record_labels(
            audience, form.get_value("digest"), now=clock.now(), actor=get_principal().actor
        )
        commit()
        pdf = render_labels(LabelSheet(sheet, addresses, used=used or 0))
        return _answer_pdf(pdf, f"labels-{sheet.name}.pdf")
    return _render_audience(form), 422


@bp.post("/donors/post/letters")
@require_permission("donors:read", "messages:write")
def write_letters() -> Answer:
    """Show the letter as the first of the list gets it; or write what was shown to all of them."""
    form = Form(request.form)
    act = form.read_choice("act", ("preview", "write"))
    with form.start_saving() as saving:
        key, wish = form.read_key(), _read_wish(form)
        saving.refuse_errors()
        audience = _read_audience()
        if act == "preview":
            return _render_audience(form, wish)
        task, _is_new = letter_runs.plan_letters(
            audience,
            wish,
            digest=form.get_value("digest"),
            key=key,
            author=get_principal().name,
            now=clock.now(),
            actor=get_principal().actor,
            title=gettext("Print and post the letters: %(subject)s", subject=wish.subject),
        )
        commit()
        tell_reader(
            gettext("The letters are being written. Print them then, and say here when they are posted.")
        )
        return redirect(url_for("runs.show_run", task_id=task.id))
    return _render_audience(form, _find_wish(form)), 422


@bp.get("/messages/runs/<int:task_id>")
@require_permission("messages:read", "messages:write")
def show_run(task_id: int) -> str:
    """Show the letters of a run, and its files to print."""
    return _render_run(task_id, Form())


def _render_run(task_id: int, form: Form) -> str:
    run = letter_runs.get_run(task_id)
    count = len(run.letters)
    return render_template(
        "messages/run.html",
        run=run,
        form=form,
        files=[
            (first // LETTERS_IN_A_FILE + 1, first + 1, min(first + LETTERS_IN_A_FILE, count))
            for first in range(0, count, LETTERS_IN_A_FILE)
        ],
        left_out=[(one, text_words.word_hold(one.reason)) for one in run.left_out],
        states=Counter(message.state for message in run.letters),
    )


@bp.get("/messages/runs/<int:task_id>/<int:part>.pdf")
@require_permission("messages:read", "messages:write")
def show_part(task_id: int, part: int) -> Response:
    """Draw fifty letters of a run as one file: so each part is small, however many there are."""
    start = (part - 1) * LETTERS_IN_A_FILE
    chosen = letter_runs.get_run(task_id).letters[start : start + LETTERS_IN_A_FILE] if part >= 1 else ()
    if not chosen:
        raise NotFound(f"run {task_id} has no part {part}")
    window = find_word(request.args.get("window"), WINDOWS) or "left"
    pdf = render_letters(letters.make_letters(chosen), window=window)
    return _answer_pdf(pdf, f"letters-{task_id}-{part}.pdf")


@bp.post("/messages/runs/<int:task_id>/posted")
@require_permission("messages:read", "messages:write")
def mark_run_as_posted(task_id: int) -> Answer:
    """Record that all letters of a run were posted; a second time changes nothing."""
    form = Form(request.form)
    with form.start_saving():
        letter_runs.mark_run_as_posted(task_id, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The letters are posted."))
        return redirect(url_for("runs.show_run", task_id=task_id))
    return _render_run(task_id, form), 422


def _read_page(after: str | None, limit: int) -> Page[Donor]:
    return read_list(after=after, limit=limit)[0]


def _read_audience() -> Audience:
    why = find_word(request.args.get("why"), WRITING_CATEGORIES) or "stewardship"
    return letter_runs.read_audience(_read_page, why, now=clock.now())


def _read_wish(form: Form) -> Wish:
    why = find_word(request.args.get("why"), WRITING_CATEGORIES) or "stewardship"
    subject, text = form.read_line("subject", SUBJECT), form.read_lines("text")
    for name, value in (("subject", subject), ("text", text)):
        if not value:
            form.add_error(name, gettext("Please write a subject and a text."))
    return Wish("post", "personal", why, subject, text)


def _find_wish(form: Form) -> Wish | None:
    return None if form.errors.keys() - {""} else _read_wish(form)


def _draft_first(audience: Audience, wish: Wish | None) -> Draft | None:
    """Return the letter to the first of an audience, by which all of them are seen."""
    if wish is None or not audience.recipients:
        return None
    donor = audience.recipients[0][0]
    return writing.draft_message(donor, wish, author=get_principal().name, now=clock.now())


def _render_audience(form: Form, wish: Wish | None = None) -> str:
    audience = None
    with form.start_saving():
        audience = _read_audience()
    draft = _draft_first(audience, wish) if audience else None
    return render_template(
        "messages/post.html",
        form=form,
        audience=audience,
        reasons=Counter(text_words.word_hold(one.reason) for one in audience.left_out) if audience else {},
        left_out=[(one, text_words.word_hold(one.reason)) for one in audience.left_out[:SHOWN]]
        if audience
        else [],
        draft=draft,
        letter=convert_markdown(draft.text.body) if draft else None,
        letter_digest=audience.compute_digest_of(wish) if audience and wish else "",
        sheets=[
            (one.name, f"{one.columns} × {one.rows}: {one.width:g} × {one.height:g} mm")
            for one in SHEET_FORMS
        ],
        filters=request.args.to_dict(),
    )


def _answer_pdf(pdf: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(pdf, content_type="application/pdf", headers=headers)
