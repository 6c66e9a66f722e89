"""Working on a donor's page: a note, a call with what came of it, a visit, a task by hand; and correcting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.models import Donor, Interaction
from donorhub.schemas.interactions import InteractionFields, NewInteractionSchema
from donorhub.schemas.work import NewTaskSchema, PlannedTask
from donorhub.services.access import idempotency
from donorhub.services.donors import donors, interactions
from donorhub.services.donors.interactions import NewInteraction
from donorhub.services.work import tasks_by_hand
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.donors.donor_page import WorkForms, render_donor
from donorhub.web.donors.donors import Answer, bp
from donorhub.web.forms import Form, write_local_moment
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]
_WITHOUT_TIME: Final = NewInteractionSchema(exclude=("at",))  # a page has a field for it in local time
_NEXT_TASK: Final = {name: f"next_{name}" for name in ("title", "due_on", "assignee_id")}


@bp.post("/<int:donor_id>/notes")
@require_permission("donors:read", "tasks:write")
def add_note(donor_id: int) -> Answer:
    """Add a note; the same form sent twice adds one."""
    donor = _get_donor(donor_id)
    form = Form(request.form)
    with form.start_saving():
        new_fields: InteractionFields = form.load_fields(_NOTE, {"text": "note"})
        new = NewInteraction(kind="note", at=clock.now(), text=new_fields["text"])
        _do_once(form, "notes", lambda: _record_one(donor.id, new))
        commit()
        tell_reader(gettext("The note is kept."))
        return _lead_back(donor)
    return render_donor(_get_donor(donor_id), WorkForms(note=form)), 422


class _NoteSchema(NewInteractionSchema):
    """A note, of which the page sends nothing but its text."""

    class Meta(NewInteractionSchema.Meta):
        exclude = ("at", "kind", "direction", "outcome")


_NOTE: Final = _NoteSchema()


@bp.post("/<int:donor_id>/contacts")
@require_permission("donors:read", "tasks:write")
def add_contact(donor_id: int) -> Answer:
    """Record a call, meeting, visit or letter, and plan what is to be done next where somebody says so."""
    donor = _get_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(_NEXT_TASK) as saving:
        at = form.get_moment("at")
        plans_task = bool(form.get_value("next_title").strip())
        saving.refuse_errors()
        new_fields: InteractionFields = form.load_fields(_WITHOUT_TIME)
        new_task: PlannedTask | None = form.load_fields(NewTaskSchema(), _NEXT_TASK) if plans_task else None
        new = _make_new(new_fields, at)

        def record_contact() -> None:
            row = _record_one(donor.id, new)
            if new_task is not None:
                row.task_id = _plan_task(donor.id, new_task)

        _do_once(form, "contacts", record_contact)
        commit()
        tell_reader(
            gettext("It is recorded, and the task is planned.") if new_task else gettext("It is recorded.")
        )
        return _lead_back(donor)
    return render_donor(_get_donor(donor_id), WorkForms(contact=form)), 422


@bp.post("/<int:donor_id>/tasks")
@require_permission("donors:read", "tasks:write")
def add_task(donor_id: int) -> Answer:
    """Plan a task for a donor; the same form sent twice plans one."""
    donor = _get_donor(donor_id)
    form = Form(request.form)
    with form.start_saving():
        new_task: PlannedTask = form.load_fields(NewTaskSchema())
        _do_once(form, "tasks", lambda: _plan_task(donor.id, new_task))
        commit()
        tell_reader(gettext("The task is planned."))
        return _lead_back(donor)
    return render_donor(_get_donor(donor_id), WorkForms(task=form)), 422


@bp.get("/<int:donor_id>/interactions/<int:interaction_id>")
@require_permission("donors:read")
def show_interaction(donor_id: int, interaction_id: int) -> str:
    """Show one interaction with what it corrects, and the form that corrects it."""
    donor = _get_donor(donor_id)
    row = interactions.get_interaction(interaction_id, donor.id)
    start = {
        "kind": row.kind,
        "direction": row.direction or "",
        "outcome": row.outcome or "",
        "text": row.text,
        "at": write_local_moment(row.at),
    }
    return _render_interaction(donor, row, Form(start=start))


@bp.post("/<int:donor_id>/interactions/<int:interaction_id>")
@require_permission("donors:read", "tasks:write")
def correct_interaction(donor_id: int, interaction_id: int) -> Answer:
    """Record anew what happened; refused where somebody did so in the meantime."""
    donor = _get_donor(donor_id)
    form = Form(request.form)
    with form.start_saving() as saving:
        at = form.get_moment("at")
        saving.refuse_errors()
        new_fields: InteractionFields = form.load_fields(_WITHOUT_TIME)
        row = interactions.get_interaction(interaction_id, donor.id)
        if write_local_moment(row.at) == form.get_value("at"):
            at = row.at  # the field holds no seconds
        interactions.correct_interaction(
            row, _make_new(new_fields, at), source="form", now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("It is corrected; what was written before is kept."))
        return _lead_back(donor)
    donor = _get_donor(donor_id)
    return _render_interaction(donor, interactions.get_interaction(interaction_id, donor.id), form), 422


def _render_interaction(donor: Donor, row: Interaction, form: Form) -> str:
    return render_template(
        "donors/interaction.html",
        donor=donor,
        row=row,
        form=form,
        earlier=interactions.list_corrected(row),
        later=interactions.find_correction(row.id),
    )


def _get_donor(donor_id: int) -> Donor:
    return donors.get_donor(donor_id, owner_id=get_own_list())


def _record_one(donor_id: int, new: NewInteraction) -> Interaction:
    return interactions.record_interaction(
        donor_id, new, source="form", now=clock.now(), actor=get_principal().actor
    )


def _plan_task(donor_id: int, new_task: PlannedTask) -> int:
    return tasks_by_hand.plan_by_hand(
        donor_id,
        new_task["title"],
        due_on=new_task["due_on"],
        assignee_id=new_task["assignee_id"],
        now=clock.now(),
        actor=get_principal().actor,
    ).id


def _do_once(form: Form, name: str, act: Callable[[], object]) -> None:
    """Do what a form asks for; nothing where the same form was done before."""
    key = form.read_key()
    form.refuse_errors()
    once = idempotency.take_key(
        get_principal().actor, f"form:donors.{name}", key, fingerprint="form", now=clock.now()
    )
    if not once.status:
        act()
        idempotency.store_answer(once, status=302, headers={}, body=b"")


def _make_new(new_fields: InteractionFields, at: datetime) -> NewInteraction:
    """Return what somebody told, as the service takes it."""
    return NewInteraction(
        kind=new_fields["kind"],
        at=at,
        text=new_fields["text"],
        direction=new_fields["direction"],
        outcome=new_fields["outcome"],
    )


def _lead_back(donor: Donor) -> Answer:
    return redirect(url_for("donors.show_donor", donor_id=donor.id))
