"""The audit for people: who did what when, and from what to what; it only reads."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from donorhub.services.access import audit, audit_lists, users
from donorhub.services.moving.lists.description import Filters, get_day, get_number, get_text, keep_filters
from donorhub.web.access import audit_lines
from donorhub.web.admission import require_permission
from donorhub.web.forms import Form
from donorhub.web.words import audit_words

bp = Blueprint("audit", __name__, url_prefix="/audit")


@bp.get("")
@require_permission("audit:read")
def list_records() -> str | tuple[str, int]:
    """Show the records, the newest first, by who, what, subject and days."""
    form = Form(request.args)
    actors = audit.list_actors()
    names = users.find_actor_names(actors)
    filters = _read_filters_of(form)
    page = audit_lists.list_records(
        first=get_day(filters, "recorded_from"),
        last=get_day(filters, "recorded_to"),
        actor=get_text(filters, "actor"),
        what=get_text(filters, "what"),
        subject_type=get_text(filters, "subject_type"),
        subject_id=get_number(filters, "subject_id"),
        after=request.args.get("after"),
    )
    page_text = render_template(
        "access/audit.html",
        form=form,
        page=page,
        lines=audit_lines.make_lines(page.rows),
        actors=sorted(
            ((actor, audit_lines.write_actor(actor, names)) for actor in actors), key=lambda pair: pair[1]
        ),
        what=sorted(((word, str(text)) for word, text in audit_words.WHAT.items()), key=lambda pair: pair[1]),
        subjects=audit_words.SUBJECTS.items(),
    )
    return (page_text, 422) if form.errors else page_text


def read_filters() -> Filters:
    """Return what the list of this address is narrowed by."""
    return _read_filters_of(Form(request.args))


def _read_filters_of(form: Form) -> Filters:
    return keep_filters(
        recorded_from=form.read_day("first"),
        recorded_to=form.read_day("last"),
        actor=form.read_line("actor"),
        what=form.read_line("what"),
        subject_type=form.read_line("subject_type"),
        subject_id=form.read_id("subject_id"),
    )
