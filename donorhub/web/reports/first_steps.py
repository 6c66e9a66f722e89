"""The first steps of an empty installation, the mail to oneself, and what is wrong with this installation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.config import Settings
from donorhub.errors import NotFound
from donorhub.jobs import soundness
from donorhub.jobs.soundness import Finding
from donorhub.models.states import FIRST_STEPS, FirstStepKind, find_word
from donorhub.services.access import users
from donorhub.services.messages import mail_tests
from donorhub.services.reports import first_steps
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader
from donorhub.web.showing import show_day
from donorhub.web.words import first_step_words

bp = Blueprint("first_steps", __name__)


@bp.get("/first-steps")
@require_permission("settings:write")
def list_steps() -> str:
    """Show all steps, those that were put off too."""
    return render_template("reports/first_steps.html", **make_page_values())


def make_page_values() -> dict[str, object]:
    """Return what the list of steps shows, for its page and the dashboard."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    return {
        "steps": first_steps.read_steps(today=get_today()),
        "sends_mail": bool(settings.smtp_url),
        "step_words": first_step_words.STEPS,
    }


@bp.post("/first-steps/<kind>/put-off")
@require_permission("settings:write")
def put_off_step(kind: str) -> Response:
    """Leave a step for later."""
    first_steps.put_off_step(_read_kind(kind), now=clock.now(), actor=get_principal().actor)
    commit()
    return redirect(url_for("first_steps.list_steps"))


@bp.post("/first-steps/<kind>/resume")
@require_permission("settings:write")
def resume_step(kind: str) -> Response:
    """Take up a step that was put off."""
    first_steps.resume_step(_read_kind(kind), now=clock.now(), actor=get_principal().actor)
    commit()
    return redirect(url_for("first_steps.list_steps"))


def _read_kind(text: str) -> FirstStepKind:
    kind = find_word(text, FIRST_STEPS)
    if kind is None:
        raise NotFound(f"there is no first step {text}")
    return kind


@bp.post("/mail-test")
@require_permission("settings:write")
def send_mail_test() -> Response:
    """Send a mail to whoever asks for it."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    user = users.get_user(get_principal().id)
    mail_tests.send_test(user, public_url=settings.public_url, domain=settings.mail_domain, now=clock.now())
    commit()
    tell_reader(gettext("A mail goes to %(address)s. Open the address in it.", address=user.email))
    return redirect(url_for("first_steps.list_steps"))


@bp.get("/mail-test/<token>")
@require_permission("settings:write")
def show_mail_arrival(token: str) -> str:
    """Ask whoever followed the address of a mail whether it came; a program that looks at it says nothing."""
    return render_template("reports/mail_arrival.html", token=token)


@bp.post("/mail-test/<token>")
@require_permission("settings:write")
def note_mail_arrival(token: str) -> Response:
    """Note that the mail came."""
    mail_tests.note_arrival(token, now=clock.now())
    commit()
    tell_reader(gettext("Mail arrives. Messages to donors can go out."))
    return redirect(url_for("first_steps.list_steps"))


@bp.get("/settings/soundness")
@require_permission("settings:write")
def show_soundness() -> str:
    """Show what `donorhub doctor` finds, in the reader's words, each with the way out."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    findings = soundness.list_findings(settings, soundness.check_database(now=clock.now()))
    return render_template(
        "reports/soundness.html",
        findings=[(finding, describe_finding(finding)) for finding in findings],
    )


def describe_finding(finding: Finding) -> tuple[str, str]:
    """Return what is wrong and the way out, with a day as the reader writes it."""
    made_on = finding.facts.get("made")
    if made_on is not None:
        finding = replace(finding, facts={**finding.facts, "made": show_day(date.fromisoformat(made_on))})
    return first_step_words.describe_finding(finding)
