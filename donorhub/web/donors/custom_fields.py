"""The settings page of fields: those added to donors and gifts, their options, and who sees which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import MAX_ID
from donorhub.domain.access.donor_fields import HIDEABLE, list_hideable_roles
from donorhub.models import CustomField
from donorhub.models.states import LANGS, CustomEntity
from donorhub.schemas.custom import (
    HIDEABLE_ROLES,
    CustomFieldChangesSchema,
    Hiding,
    HidingSchema,
    LabelsSchema,
    NewCustomFieldSchema,
    NewOptionSchema,
    OptionChangesSchema,
)
from donorhub.services.access import hidden_fields
from donorhub.services.donors import custom_fields
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("custom_fields", __name__, url_prefix="/settings/fields")
Answer = Response | str | tuple[str, int]
LABELS: Final[Mapping[str, str]] = {lang: f"label_{lang}" for lang in LANGS}
OPTION_LABELS: Final[Mapping[str, str]] = {lang: f"option_{lang}" for lang in LANGS}
ENTITIES: Final = get_args(CustomEntity)
_SERVICE_NAMES: Final = {"labels": "label_en"}
_OPTION_NAMES: Final = {"labels": "option_en", "key": "option_en"}
_NEW: Final = NewCustomFieldSchema(exclude=("labels",))
_CHANGES: Final = CustomFieldChangesSchema(exclude=("labels", "is_archived", "place"))
_NEW_OPTION: Final = NewOptionSchema(exclude=("labels",))


@bp.get("")
@require_permission("settings:write")
def list_fields() -> str:
    """Show all fields that were added, in the order of the form, and the form for another."""
    return _render_fields(Form(start={"kind": "text"}))


@bp.post("")
@require_permission("settings:write")
def add_field() -> Answer:
    """Add a field behind the others."""
    form = Form(request.form)
    with form.start_saving(_SERVICE_NAMES):
        labels: Mapping[str, str] = form.load_fields(LabelsSchema(), LABELS)
        new: dict[str, Any] = form.load_fields(_NEW)
        roles = new.pop("hidden_roles", [])
        now, actor = clock.now(), get_principal().actor
        field = custom_fields.create_field(labels=labels, **new, now=now, actor=actor)
        hidden_fields.hide_field(custom_fields.name_field(field), roles, now=now, actor=actor)
        field_id = field.id
        commit()
        tell_reader(gettext("The field is added."))
        return redirect(url_for("custom_fields.show_field", field_id=field_id))
    return _render_fields(form), 422


@bp.post("/hidden")
@require_permission("settings:write")
def hide_field() -> Answer:
    """Hide a field of ours from exactly the roles that are ticked."""
    form = Form(request.form)
    with form.start_saving({"field": ""}):
        hiding: Hiding = form.load_fields(HidingSchema())
        hidden_fields.hide_field(
            hiding["field"], hiding["hidden_roles"], now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("It is said who does not see the field."))
        return redirect(url_for("custom_fields.list_fields", _anchor="ours"))
    return _render_fields(Form(start={"kind": "text"}), hiding=form), 422


@bp.get("/<int:field_id>")
@require_permission("settings:write")
def show_field(field_id: int) -> str:
    """Show one field with its options, and the forms that change them."""
    return _render_field(custom_fields.get_field(field_id))


@bp.post("/<int:field_id>")
@require_permission("settings:write")
def save_field(field_id: int) -> Answer:
    """Name a field anew, and say whether it is required and who does not see it."""
    field = custom_fields.get_field(field_id)
    form = Form(request.form)
    with form.start_saving(_SERVICE_NAMES):
        labels: Mapping[str, str] = form.load_fields(LabelsSchema(), LABELS)
        changes: dict[str, Any] = form.load_fields(_CHANGES)
        now, actor = clock.now(), get_principal().actor
        hidden_fields.hide_field(
            custom_fields.name_field(field), changes["hidden_roles"], now=now, actor=actor
        )
        custom_fields.change_field(
            field, {"labels": labels, "is_required": changes["is_required"]}, now=now, actor=actor
        )
        commit()
        tell_reader(gettext("The field is saved."))
        return redirect(url_for("custom_fields.list_fields"))
    return _render_field(custom_fields.get_field(field_id), form), 422


@bp.post("/<int:field_id>/archive")
@require_permission("settings:write")
def archive_field(field_id: int) -> Answer:
    """Take a field out of use, or back: what stands in it is kept."""
    field = custom_fields.get_field(field_id)
    is_archived = request.form.get("is_archived") == "1"
    custom_fields.change_field(
        field, {"is_archived": is_archived}, now=clock.now(), actor=get_principal().actor
    )
    commit()
    tell_reader(gettext("The field is archived.") if is_archived else gettext("The field is in use again."))
    return redirect(url_for("custom_fields.list_fields"))


@bp.post("/<int:field_id>/place")
@require_permission("settings:write")
def move_field(field_id: int) -> Answer:
    """Put a field at another place of the form."""
    field = custom_fields.get_field(field_id)
    form = Form(request.form)
    place = form.read_number("place", 1, MAX_ID)
    if place is not None:
        custom_fields.move_field(field, place, now=clock.now(), actor=get_principal().actor)
        commit()
    return redirect(url_for("custom_fields.list_fields"))


@bp.post("/<int:field_id>/options")
@require_permission("settings:write")
def add_option(field_id: int) -> Answer:
    """Add an option behind the others."""
    field = custom_fields.get_field(field_id)
    form = Form(request.form)
    with form.start_saving(_OPTION_NAMES):
        labels: Mapping[str, str] = form.load_fields(LabelsSchema(), OPTION_LABELS)
        new: dict[str, Any] = form.load_fields(_NEW_OPTION)
        custom_fields.add_option(field, labels, **new, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The option is added."))
        return redirect(url_for("custom_fields.show_field", field_id=field_id))
    return _render_field(custom_fields.get_field(field_id), option=form), 422


@bp.post("/<int:field_id>/options/<int:option_id>")
@require_permission("settings:write")
def save_option(field_id: int, option_id: int) -> Answer:
    """Name an option anew, or close it: nobody chooses it any more, and who has it keeps it."""
    field = custom_fields.get_field(field_id)
    option = custom_fields.get_option(field, option_id)
    form = Form(request.form)
    with form.start_saving(_OPTION_NAMES):
        labels: Mapping[str, str] = form.load_fields(LabelsSchema(), OPTION_LABELS)
        changes: dict[str, Any] = form.load_fields(OptionChangesSchema(only=("is_archived",)))
        custom_fields.change_option(
            option, labels=labels, **changes, now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("The option is saved."))
        return redirect(url_for("custom_fields.show_field", field_id=field_id))
    return _render_field(custom_fields.get_field(field_id), option=form), 422


def _render_fields(form: Form, hiding: Form | None = None) -> str:
    fields = [field for entity in ENTITIES for field in custom_fields.list_fields(entity)]
    return render_template(
        "donors/custom_fields.html",
        form=form,
        fields={
            entity: [field for field in fields if field.entity == entity and field.archived_at is None]
            for entity in ENTITIES
        },
        archived_fields=[field for field in fields if field.archived_at is not None],
        hidden=hidden_fields.list_hidden(),
        name_field=custom_fields.name_field,
        hiding=hiding or Form(),
        our_fields={field: list_hideable_roles(field) for field in HIDEABLE},
        roles=HIDEABLE_ROLES,
    )


def _render_field(field: CustomField, form: Form | None = None, option: Form | None = None) -> str:
    start: dict[str, object] = {name: field.labels.get(lang, "") for lang, name in LABELS.items()}
    start["is_required"] = field.is_required
    start["hidden_roles"] = hidden_fields.list_hidden().get(custom_fields.name_field(field), [])
    return render_template(
        "donors/custom_field.html",
        field=field,
        form=form or Form(start=start),
        option_form=option or Form(),
        options=custom_fields.list_options([field.id]).get(field.id, []),
        roles=HIDEABLE_ROLES,
    )
