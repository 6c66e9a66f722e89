"""Fields that the organisation added to its donors and gifts, over the API: listed, added and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response
from marshmallow import fields

from donorhub import clock
from donorhub.api import etags
from donorhub.api.answers import answer_new_resource, answer_with_etag, compute_etag, make_json_answer
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.api.serialiser import serialiser_for_reader
from donorhub.errors import NotFound
from donorhub.models import CustomField, CustomOption
from donorhub.schemas.custom import (
    CustomFieldChangesSchema,
    Hiding,
    HidingSchema,
    NewCustomFieldSchema,
    NewOptionSchema,
    OptionChangesSchema,
)
from donorhub.services.access import hidden_fields
from donorhub.services.donors import custom_fields

bp = HouseBlueprint(
    "custom_fields",
    __name__,
    path="/custom-fields",
    description="Fields that the organisation added to donors and gifts.",
)
_ADMINS_ONLY: Final = "settings:write"


class OptionSchema(AnswerSchema):
    """An option of a field of choices."""

    id = fields.Integer(required=True)
    key = fields.String(required=True)
    labels = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    is_archived = fields.Boolean(required=True)


class CustomFieldSchema(AnswerSchema):
    """A field that was added. Who may not set fields up sees not from whom it is hidden."""

    id = fields.Integer(required=True)
    entity = fields.String(required=True, metadata={"description": "What it was added to: donor, gift"})
    key = fields.String(required=True)
    labels = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    kind = fields.String(required=True)
    decimals = fields.Integer(required=True)
    is_required = fields.Boolean(required=True)
    is_archived = fields.Boolean(required=True)
    place = fields.Integer(required=True, allow_none=True, metadata={"description": "`null`: archived"})
    options = fields.List(fields.Nested(OptionSchema), required=True)
    hidden_roles = fields.List(fields.String())


class CustomFieldsSchema(AnswerSchema):
    """All fields, those of donors first, each in the order of its form."""

    data = fields.List(fields.Nested(CustomFieldSchema), required=True)


@bp.get("")
@require_permission("donors:read")
@bp.response(200, CustomFieldsSchema)
def list_custom_fields() -> Response:
    """List the fields that the reader sees; archived ones only who may set them up.

    Those of gifts see who may see gifts.
    """
    serialiser = serialiser_for_reader(CustomFieldSchema)
    return make_json_answer({"data": [serialiser.dump(one) for one in _describe_all()]})


@bp.post("")
@require_permission("settings:write")
@do_once
@bp.arguments(NewCustomFieldSchema)
@bp.response(201, CustomFieldSchema)
def create_custom_field(new: Mapping[str, Any]) -> Response:
    """Add a field of donors, or of gifts, behind the others."""
    now, actor = clock.now(), get_principal().actor
    roles = new.get("hidden_roles", [])
    parts = {name: value for name, value in new.items() if name != "hidden_roles"}
    field = custom_fields.create_field(**parts, now=now, actor=actor)
    hidden_fields.hide_field(custom_fields.name_field(field), roles, now=now, actor=actor)
    return answer_new_resource(CustomFieldSchema, _describe_one(field.id))


@bp.get(f"/<{ID}:field_id>")
@require_permission("donors:read")
@etags.mark_versioned
@bp.response(200, CustomFieldSchema)
def get_custom_field(field_id: int) -> Response:
    """Show a field."""
    return answer_with_etag(CustomFieldSchema, _describe_one(field_id))


@bp.patch(f"/<{ID}:field_id>")
@require_permission("settings:write")
@commit_work
@etags.mark_versioned
@bp.arguments(CustomFieldChangesSchema)
@bp.response(200, CustomFieldSchema)
def change_custom_field(changes: Mapping[str, Any], field_id: int) -> Response:
    """Name a field anew, move it, archive it or take it back, and say who does not see it."""
    field = custom_fields.get_field(field_id)
    etags.require_match(compute_etag(CustomFieldSchema, _describe_one(field_id)))
    now, actor = clock.now(), get_principal().actor
    if "hidden_roles" in changes:
        hidden_fields.hide_field(
            custom_fields.name_field(field), changes["hidden_roles"], now=now, actor=actor
        )
    own: custom_fields.FieldChanges = {}
    for name in ("labels", "is_required", "is_archived"):
        if name in changes:
            own[name] = changes[name]
    custom_fields.change_field(field, own, now=now, actor=actor)
    if "place" in changes:
        custom_fields.move_field(field, changes["place"], now=now, actor=actor)
    return answer_with_etag(CustomFieldSchema, _describe_one(field_id))


@bp.post(f"/<{ID}:field_id>/options")
@require_permission("settings:write")
@do_once
@bp.arguments(NewOptionSchema)
@bp.response(201, OptionSchema)
def add_option(new: Mapping[str, Any], field_id: int) -> Response:
    """Add an option to a field of choices."""
    field = custom_fields.get_field(field_id)
    option = custom_fields.add_option(field, **new, now=clock.now(), actor=get_principal().actor)
    return make_json_answer(serialiser_for_reader(OptionSchema).dump(_describe_option(option)), status=201)


@bp.post(f"/<{ID}:field_id>/options/<{ID}:option_id>/change")
@require_permission("settings:write")
@do_once
@bp.arguments(OptionChangesSchema)
@bp.response(200, OptionSchema)
def change_option(changes: Mapping[str, Any], field_id: int, option_id: int) -> Response:
    """Name an option anew, close it or open it again."""
    option = custom_fields.get_option(custom_fields.get_field(field_id), option_id)
    custom_fields.change_option(option, **changes, now=clock.now(), actor=get_principal().actor)
    return make_json_answer(serialiser_for_reader(OptionSchema).dump(_describe_option(option)))


def _describe_one(field_id: int) -> dict[str, Any]:
    """Return one field as it is answered; raise NotFound for one that the reader does not see."""
    for one in _describe_all():
        if one["id"] == field_id:
            return one
    raise NotFound(f"there is no custom field {field_id}")


def _describe_all() -> list[dict[str, Any]]:
    reader = get_principal()
    is_admin = reader.has_permission(_ADMINS_ONLY)
    entities = custom_fields.list_entities(reader)
    rows = [
        field
        for entity in entities
        for field in custom_fields.list_fields(entity)
        if is_admin or (field.archived_at is None and reader.may_see_field(custom_fields.name_field(field)))
    ]
    options = custom_fields.list_options([field.id for field in rows])
    roles = hidden_fields.list_hidden() if is_admin else {}
    places: dict[int, int] = {}
    for entity in entities:
        used_ids = [row.id for row in rows if row.entity == entity and row.archived_at is None]
        places |= {id_: place for place, id_ in enumerate(used_ids, 1)}
    answers = [_describe_field(field, places.get(field.id), options.get(field.id, [])) for field in rows]
    if is_admin:
        for field, answer in zip(rows, answers, strict=True):
            answer["hidden_roles"] = roles.get(custom_fields.name_field(field), [])
    return answers


def _describe_field(field: CustomField, place: int | None, options: list[CustomOption]) -> dict[str, Any]:
    return {
        "id": field.id,
        "entity": field.entity,
        "key": field.key,
        "labels": field.labels,
        "kind": field.kind,
        "decimals": field.decimals,
        "is_required": field.is_required,
        "is_archived": field.archived_at is not None,
        "place": place,
        "options": [_describe_option(option) for option in options],
    }


def _describe_option(option: CustomOption) -> dict[str, Any]:
    return {
        "id": option.id,
        "key": option.key,
        "labels": option.labels,
        "is_archived": option.archived_at is not None,
    }


hiding = HouseBlueprint(
    "hidden_fields",
    __name__,
    path="/hidden-fields",
    description="Which roles do not see which field of donors and gifts.",
)


class HiddenFieldSchema(AnswerSchema):
    """A field and the roles that do not see it; of one that was added it is `custom.<key>`, of a gift's
    `gift.custom.<key>`."""

    field = fields.String(required=True)
    hidden_roles = fields.List(fields.String(), required=True)


class HiddenFieldsSchema(AnswerSchema):
    """All fields that some role does not see."""

    data = fields.List(fields.Nested(HiddenFieldSchema), required=True)


@hiding.get("")
@require_permission("settings:write")
@hiding.response(200, HiddenFieldsSchema)
def list_hidden_fields() -> Response:
    """List the fields that some role does not see."""
    return _answer_hidden()


@hiding.post("")
@require_permission("settings:write")
@do_once
@hiding.arguments(HidingSchema)
@hiding.response(200, HiddenFieldsSchema)
def hide_field(new: Hiding) -> Response:
    """Hide a field of ours from exactly these roles, and answer with all that is hidden.

    A field that was added is hidden by `PATCH /custom-fields/{id}`.
    """
    hidden_fields.hide_field(new["field"], new["hidden_roles"], now=clock.now(), actor=get_principal().actor)
    return _answer_hidden()


def _answer_hidden() -> Response:
    rows = sorted(hidden_fields.list_hidden().items())
    return make_json_answer({"data": [{"field": field, "hidden_roles": roles} for field, roles in rows]})
