"""Tasks of people: today's, later ones, mine and all; done with a note, or put off."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Task, User
from donorhub.models.states import OPEN_TASKS, find_word
from donorhub.schemas.work import Done, DoneSchema
from donorhub.services.access import organisation
from donorhub.services.messages import gate
from donorhub.services.moving.lists.description import Filters, keep_filters
from donorhub.services.work import tasks, worklist
from donorhub.services.work.worklist import VIEWS, View
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels

bp = Blueprint("tasks", __name__, url_prefix="/tasks")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("tasks:read")
def list_tasks() -> str:
    """List the tasks of a view, the first due first."""
    view = _read_view()
    page = worklist.list_tasks(
        view,
        user_id=get_principal().id,
        end_of_today=get_end_of_today(),
        is_narrowed=get_own_list() is not None,
        after=request.args.get("after"),
    )
    return render_template(
        "work/tasks.html",
        page=page,
        view=view,
        tabs=labels.TASK_VIEWS,
        people=worklist.find_donor_names(page.rows),
        now=clock.now(),
    )


def read_filters() -> Filters:
    """Return what the list of this address is narrowed by: it always shows one view."""
    return keep_filters(view=_read_view())


def _read_view() -> View:
    return find_word(request.args.get("view"), VIEWS) or "today"


@bp.get("/<int:task_id>")
@require_permission("tasks:read")
def show_task(task_id: int) -> str:
    """Show one task with its forms."""
    return _render_task(worklist.get_task(task_id, owner_id=get_own_list()), Form())


@bp.post("/<int:task_id>/done")
@require_permission("tasks:write")
def complete_task(task_id: int) -> Answer:
    """Mark a task as done; the note says what came of it."""
    task = worklist.get_task(task_id, owner_id=get_own_list())
    form = Form(request.form)
    with form.start_saving():
        new: Done = form.load_fields(DoneSchema())
        tasks.complete_task(task.id, outcome=new["outcome"], now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("Done."))
        return redirect(url_for("tasks.list_tasks"))
    return _render_task(worklist.get_task(task_id), form), 422


@bp.post("/<int:task_id>/later")
@require_permission("tasks:write")
def postpone_task(task_id: int) -> Answer:
    """Put a task off until the morning of a day."""
    task = worklist.get_task(task_id, owner_id=get_own_list())
    form = Form(request.form)
    day = form.get_day("until")
    if day <= get_today():
        form.add_error("until", gettext("Please choose a day after today."))
    with form.start_saving() as saving:
        saving.refuse_errors()
        morning = datetime.combine(day, time(9), organisation.get_zone())
        tasks.postpone_task(task.id, due_at=morning, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The task is put off."))
        return redirect(url_for("tasks.list_tasks"))
    return _render_task(worklist.get_task(task_id), form), 422


def _render_task(task: Task, form: Form) -> str:
    donor = db.session.get(Donor, task.donor_id) if task.donor_id else None
    is_open = donor is not None and task.performer == "person" and task.state in OPEN_TASKS
    return render_template(
        "work/task.html",
        task=task,
        form=form,
        donor=donor,
        verdicts=gate.judge_task(task, donor, at=clock.now()) if donor is not None and is_open else (),
        assignee=db.session.get(User, task.assignee_id) if task.assignee_id else None,
        now=clock.now(),
    )


def get_end_of_today() -> datetime:
    """Return the instant at which the organisation's day ends."""
    return organisation.get_midnight(get_today() + timedelta(days=1))
