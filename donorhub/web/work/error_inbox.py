"""The error inbox: what failed, why, and trying it again."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.jobs.queue.dispatch import ring_inbox
from donorhub.services.providers import inbox
from donorhub.services.work import error_inbox, tasks
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("errors", __name__, url_prefix="/errors")


@bp.get("")
@require_permission("providers:read")
def show_error_inbox() -> str:
    """Show all that failed, by kind."""
    return render_template("work/error_inbox.html", inbox=error_inbox.read_error_inbox())


@bp.post("/tasks/<int:task_id>/retry")
@require_permission("providers:read", "tasks:write")
def retry_task(task_id: int) -> Response:
    """Let a worker's task be tried again at once."""
    tasks.retry_task(task_id, now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("It is tried again."))
    return redirect(url_for("errors.show_error_inbox"))


@bp.post("/events/<int:event_id>/release")
@require_permission("providers:write")
def release_event(event_id: int) -> Response:
    """Let a provider event be worked off again."""
    inbox.release_event(event_id, now=clock.now(), actor=get_principal().actor)
    commit()
    ring_inbox()
    tell_reader(gettext("The event is worked off again."))
    return redirect(url_for("errors.show_error_inbox"))
