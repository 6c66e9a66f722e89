"""The audit for people: who did what when, and from what to what; it only reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, render_template, request

from donorhub.models import AuditRecord
from donorhub.services.access import audit, organisation, users
from donorhub.services.paging import Order, newest_first, read_page
from donorhub.web.access import audit_lines
from donorhub.web.admission import require_permission
from donorhub.web.forms import Form
from donorhub.web.words import audit_words

bp = Blueprint("audit", __name__, url_prefix="/audit")
BY_DAY: Final = newest_first(AuditRecord.at, AuditRecord.id)
BY_NUMBER: Final = newest_first(AuditRecord.id)


@bp.get("")
@require_permission("audit:read")
def list_records() -> str | tuple[str, int]:
    """Show the records, the newest first, by who, what, subject and days."""
    form = Form(request.args)
    first, last = form.read_day("first"), form.read_day("last")
    subject_id = form.read_id("subject_id")
    actors = audit.list_actors()
    names = users.find_actor_names(actors)
    query = audit.select_records(
        since=organisation.get_midnight(first) if first else None,
        until=organisation.get_midnight(last + timedelta(days=1)) if last else None,
        actor=form.read_line("actor") or None,
        what=form.read_line("what") or None,
        subject_type=form.read_line("subject_type") or None,
        subject_id=subject_id,
    )
    # By days an index finds them in the order of their moments, else each index has them in that of numbers.
    order: Order = BY_DAY if first or last else BY_NUMBER
    page = read_page(query, order, after=request.args.get("after"))
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
