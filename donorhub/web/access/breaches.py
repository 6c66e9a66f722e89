"""Settings, breaches: whose data somebody had before them, what was written down of it, and who was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db
from donorhub.errors import NotFound
from donorhub.models import Breach, Donor
from donorhub.models.states import find_word
from donorhub.services.access import audit, users
from donorhub.services.moving import breaches
from donorhub.services.moving.breach_reports import BreachReport
from donorhub.services.moving.breaches import NewBreach
from donorhub.services.paging import newest_first, read_page
from donorhub.web.access import audit_lines
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form, make_key, write_local_moment
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import audit_words

bp = Blueprint("breaches", __name__, url_prefix="/settings/data/breaches")
Answer = Response | str | tuple[str, int]
MOST_SHOWN: Final = 200  # donors by name, and rows of what was taken


@bp.get("")
@require_permission("settings:write", "audit:read")
def list_breaches() -> Answer:
    """Show what was written down, and look who had whose data before them in some days."""
    form = Form(request.args)
    first_on, last_on = form.read_day("first_on"), form.read_day("last_on")
    report = None
    if first_on is not None:
        with form.start_saving() as saving:
            saving.refuse_errors()
            report = breaches.read_report(first_on, last_on or get_today(), form.read_line("suspect"))
    new = None if report is None else _start_new(form, first_on, last_on)
    page_text = _render_list(form, new, report)
    return (page_text, 422) if form.errors else page_text


def _render_list(form: Form, new: Form | None, report: BreachReport | None) -> str:
    page = read_page(
        breaches.select_breaches(),
        newest_first(Breach.noticed_at, Breach.id),
        after=request.args.get("after"),
        limit=20,
    )
    actors = audit.list_actors()
    names = users.find_actor_names(actors)
    return render_template(
        "access/breaches.html",
        form=form,
        page=page,
        actors=sorted(
            ((actor, audit_lines.write_actor(actor, names)) for actor in actors), key=lambda pair: pair[1]
        ),
        new=new,
        **_describe_report(report),
    )


@bp.post("")
@require_permission("settings:write", "audit:read")
def record_breach() -> Answer:
    """Write down what happened, once, with whom it reached by what is known now."""
    form = Form(request.form)
    with form.start_saving() as saving:
        key = form.read_key()
        new = NewBreach(
            noticed_at=form.get_moment("noticed_at"),
            first_on=form.get_day("first_on"),
            last_on=form.get_day("last_on"),
            suspect=form.read_line("suspect"),
            text=form.read_lines("text"),
        )
        saving.refuse_errors()
        breach, _is_new = breaches.record_breach(new, key=key, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("It is written down."))
        return redirect(url_for("breaches.show_breach", breach_id=breach.id))
    return _render_list(Form(), form, None), 422


@bp.get("/<int:breach_id>")
@require_permission("settings:write", "audit:read")
def show_breach(breach_id: int) -> str:
    """Show a breach as it was written down, whom to tell by when, and what is known of it now."""
    breach = breaches.get_breach(breach_id)
    report = breaches.read_report(breach.first_on, breach.last_on, breach.suspect)
    names = users.find_actor_names({breach.suspect, breach.recorded_by})
    return render_template(
        "access/breach.html",
        breach=breach,
        tell_until=breach.noticed_at + breaches.TIME_TO_TELL,
        suspect=audit_lines.write_actor(breach.suspect, names) if breach.suspect else "",
        author=audit_lines.write_actor(breach.recorded_by, names),
        **_describe_report(report),
    )


@bp.post("/<int:breach_id>/told")
@require_permission("settings:write", "audit:read")
def mark_as_told(breach_id: int) -> Response:
    """Keep that the authority or the donors were told; a second time changes nothing."""
    breach = breaches.get_breach(breach_id)
    whom = find_word(request.form.get("whom"), breaches.ADDRESSEES)
    if whom is None:
        raise NotFound("nobody of this name is told")
    breaches.mark_as_told(breach, whom, now=clock.now(), actor=get_principal().actor)
    commit()
    return redirect(url_for("breaches.show_breach", breach_id=breach_id))


def _start_new(form: Form, first_on: date | None, last_on: date | None) -> Form:
    """Return the form that writes down what was looked for."""
    return Form(
        start={
            "key": make_key(),
            "first_on": str(first_on or ""),
            "last_on": str(last_on or get_today()),
            "suspect": form.get_value("suspect"),
            "noticed_at": write_local_moment(clock.now()),
        }
    )


def _describe_report(report: BreachReport | None) -> dict[str, object]:
    """Return a report as pages show it: donors by name, and what was done in words."""
    if report is None:
        return {"report": None}
    rows = [*report.taken, *report.doors]
    names = users.find_actor_names({str(row["actor"]) for row in rows})
    donor_rows = db.session.execute(
        select(Donor.id, Donor.name, Donor.code)
        .where(Donor.id.in_(report.donor_ids[:MOST_SHOWN]))
        .order_by(Donor.id)
    ).all()
    return {
        "report": report,
        "donors": donor_rows,
        "actions": [_describe_action(row, names) for row in rows[:MOST_SHOWN]],
        "action_count": len(rows),
        "most": MOST_SHOWN,
    }


def _describe_action(row: Mapping[str, object], names: Mapping[str, str]) -> tuple[datetime, str, object]:
    """Return when, who and what of one row."""
    at, who, what = (str(row[name]) for name in ("at", "actor", "what"))
    return datetime.fromisoformat(at), audit_lines.write_actor(who, names), audit_words.WHAT[what]
