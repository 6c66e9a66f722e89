"""The copy of all that is held about a donor: a page to be saved and printed, and the same for programs."""

from __future__ import annotations

import json

from flask import Response, current_app
from flask_babel import force_locale

from donorhub import clock
from donorhub.db import db, set_reading
from donorhub.services.access import organisation
from donorhub.services.moving import subject_access
from donorhub.services.moving.subject_access import SubjectCopy
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors.consents import bp
from donorhub.web.donors.copied_rows import find_currencies, write_row, write_source, write_sources
from donorhub.web.showing import show_day
from donorhub.web.words import rights

__all__ = ["bp"]
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@bp.get("/<int:donor_id>/copy.html")
@require_permission("donors:erase")
def send_readable_copy(donor_id: int) -> Response:
    """Send all that is held about the donor as a page in their language."""
    copy = _take_copy(donor_id, "html")
    return _answer_file(render_copy(copy), copy, "html", "text/html; charset=utf-8")


@bp.get("/<int:donor_id>/copy.json")
@require_permission("donors:erase")
def send_copy_for_programs(donor_id: int) -> Response:
    """Send all that is held about the donor as JSON."""
    copy = _take_copy(donor_id, "json")
    text = json.dumps(subject_access.describe_copy(copy), ensure_ascii=False, indent=1)
    return _answer_file(text, copy, "json", "application/json")


def _take_copy(donor_id: int, form: str) -> SubjectCopy:
    """Return the copy, recorded before anybody has it."""
    copy = subject_access.collect_copy(donor_id, now=clock.now())
    db.session.rollback()  # it only read until here
    set_reading(False)
    subject_access.record_copy(copy, form=form, actor=get_principal().actor)
    db.session.commit()
    set_reading(True)
    return copy


def render_copy(copy: SubjectCopy) -> str:
    """Return a copy as a page of its own, in the donor's language; needs no request."""
    ours = organisation.get_organisation()
    with force_locale(copy.donor.lang):
        template = current_app.jinja_env.get_template("donors/copy.html")
        return template.render(
            copy=copy,
            lang=copy.donor.lang,
            ours=ours,
            made_on=organisation.get_day(copy.made_at),
            titles=rights.PURPOSE_TITLES,
            reasons=rights.PURPOSE_REASONS,
            name_table=rights.name_table,
            currencies=find_currencies(copy),
            write_row=write_row,
            write_source=write_source,
            write_sources=write_sources,
            show_day=show_day,
        )


def _answer_file(text: str, copy: SubjectCopy, ending: str, media_type: str) -> Response:
    name = f"donor-{copy.donor.id}-{organisation.get_day(copy.made_at)}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": _POLICY}
    return Response(text, content_type=media_type, headers=headers)
