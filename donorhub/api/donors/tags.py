"""Tags over the API: the words that there are, and which of them a donor has."""

from __future__ import annotations

from typing import TypedDict

from flask import Response
from marshmallow import fields

from donorhub import clock
from donorhub.api.answers import answer_resource, make_json_answer
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.donors.donors import bp
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.api.serialiser import serialiser_for_reader
from donorhub.models import Tag
from donorhub.schemas.donors import NewTagSchema
from donorhub.schemas.fields import Instant, NothingSchema
from donorhub.services.donors import donors, tags

all_tags = HouseBlueprint("tags", __name__, path="/tags", description="Words that gather donors.")


class TagSchema(AnswerSchema):
    """A word by which the organisation gathers donors."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    created_at = Instant(required=True)


class TagsSchema(AnswerSchema):
    """All of some tags, by their names."""

    data = fields.List(fields.Nested(TagSchema), required=True)


class NamedTag(TypedDict):
    """A tag by its name."""

    name: str


@all_tags.get("")
@require_permission("donors:read")
@all_tags.response(200, TagsSchema)
def list_tags() -> Response:
    """List all tags. `GET /donors?tag_id=` lists the donors of one."""
    return _answer_tags(tags.list_tags())


@bp.get(f"/<{ID}:donor_id>/tags")
@require_permission("donors:read")
@bp.response(200, TagsSchema)
def list_donor_tags(donor_id: int) -> Response:
    """List the tags of a donor."""
    return _list_tags_of(donors.get_donor(donor_id).id)


@bp.post(f"/<{ID}:donor_id>/tags")
@require_permission("donors:write")
@do_once
@bp.arguments(NewTagSchema)
@bp.response(201, TagSchema)
@bp.alt_response(200, schema=TagSchema, description="The donor has it already.")
def add_tag(new: NamedTag, donor_id: int) -> Response:
    """Give a donor a tag by its name; one that differs only in capitals or accents is the same."""
    tag, is_new = tags.add_tag(
        donors.get_donor(donor_id).id, new["name"], source="api", now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(TagSchema, tag, status=201 if is_new else 200)


@bp.post(f"/<{ID}:donor_id>/tags/<{ID}:tag_id>/remove")
@require_permission("donors:write")
@do_once
@bp.arguments(NothingSchema)
@bp.response(200, TagsSchema)
def remove_tag(_nothing: object, donor_id: int, tag_id: int) -> Response:
    """Take a tag away from a donor, and answer with those that are left; again changes nothing."""
    donor = donors.get_donor(donor_id)
    tags.remove_tag(donor.id, tags.get_tag(tag_id).id, now=clock.now(), actor=get_principal().actor)
    return _list_tags_of(donor.id)


def _list_tags_of(donor_id: int) -> Response:
    return _answer_tags(tags.read_tags([donor_id]).get(donor_id, []))


def _answer_tags(rows: list[Tag]) -> Response:
    serialiser = serialiser_for_reader(TagSchema)
    return make_json_answer({"data": [serialiser.dump(row) for row in rows]})
