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
from donorhub.web.words import labels
from donorhub.web.words.troubles import word_trouble
from donorhub.web.work.error_groups import find_file_details, group_by_reason, word_file_reason, word_subject

bp = Blueprint("errors", __name__, url_prefix="/errors")


@bp.get("")
@require_permission("providers:read")
def show_error_inbox() -> str:
    """Show all that failed, by kind."""
    inbox_now = error_inbox.read_error_inbox()
    return render_template(
        "work/error_inbox.html",
        inbox=inbox_now,
        tasks=group_by_reason(inbox_now.tasks, lambda task: word_trouble(task.last_error)),
        events=group_by_reason(inbox_now.events, lambda event: word_trouble(event.reason)),
        files=group_by_reason(inbox_now.files, word_file_reason),
        messages=group_by_reason(inbox_now.messages, lambda message: word_trouble(message.last_error)),
        word_subject=word_subject,
        find_file_details=find_file_details,
        providers=labels.SOURCES,
    )


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
