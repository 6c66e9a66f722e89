"""Relationships and households over the API, seen from either end."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_resource, make_json_answer
from donorhub.api.blueprint import ID
from donorhub.api.donors.interactions import bp
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.api.serialiser import serialiser_for_reader
from donorhub.models.states import MEMBER_ROLES, RELATIONSHIP_KINDS
from donorhub.schemas.fields import Instant, NothingSchema
from donorhub.schemas.relations import (
    End,
    EndSchema,
    NewMember,
    NewMemberSchema,
    NewRelationship,
    NewRelationshipSchema,
)
from donorhub.services.donors import donors, households, relationships

__all__ = ["bp"]


class RelationshipSchema(AnswerSchema):
    """That one donor is something to another: `from_id` is the spouse, parent, employee … of `to_id`."""

    id = fields.Integer(required=True)
    from_id = fields.Integer(required=True)
    to_id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(RELATIONSHIP_KINDS))
    title = fields.String(required=True)
    since_on = fields.Date(allow_none=True)
    until_on = fields.Date(allow_none=True, metadata={"description": "The last day; null: it goes on"})
    recorded_at = Instant(required=True)


class RelationshipsSchema(AnswerSchema):
    """A donor's relationships, what goes on first."""

    data = fields.List(fields.Nested(RelationshipSchema), required=True)


class MemberSchema(AnswerSchema):
    """That a person belongs to a household."""

    household_id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    role = fields.String(required=True, validate=validate.OneOf(MEMBER_ROLES))
    is_head = fields.Boolean(required=True, metadata={"description": "Whether letters name them"})
    recorded_at = Instant(required=True)


class MembersSchema(AnswerSchema):
    """Of a household its members, of a person their households."""

    data = fields.List(fields.Nested(MemberSchema), required=True)


@bp.get(f"/<{ID}:donor_id>/relationships")
@require_permission("donors:read")
@bp.response(200, RelationshipsSchema)
def list_relationships(donor_id: int) -> Response:
    """List what a donor is to others, and they to them."""
    donor = donors.get_donor(donor_id)
    return answer_rows(RelationshipSchema, [one.row for one in relationships.list_relations(donor.id)])


@bp.post(f"/<{ID}:donor_id>/relationships")
@require_permission("donors:write")
@do_once
@bp.arguments(NewRelationshipSchema)
@bp.response(201, RelationshipSchema)
@bp.alt_response(200, schema=RelationshipSchema, description="It goes on already.")
def add_relationship(new: NewRelationship, donor_id: int) -> Response:
    """Record what a donor is to another: post it at the other, where they are something to this one."""
    row, is_new = relationships.add_relationship(
        donors.get_donor(donor_id).id,
        donors.get_donor(new["to_id"]).id,
        new["kind"],
        title=new["title"],
        since_on=new["since_on"],
        until_on=new["until_on"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(RelationshipSchema, row, status=201 if is_new else 200)


@bp.post(f"/<{ID}:donor_id>/relationships/<{ID}:relationship_id>/end")
@require_permission("donors:write")
@do_once
@bp.arguments(EndSchema)
@bp.response(200, RelationshipSchema)
@bp.alt_response(409, description="`ended_already`: with another day.")
def end_relationship(end: End, donor_id: int, relationship_id: int) -> Response:
    """Let a relationship end with a day, from either end."""
    row = relationships.get_relationship(relationship_id, donors.get_donor(donor_id).id)
    relationships.end_relationship(row, end["until_on"], now=clock.now(), actor=get_principal().actor)
    return answer_resource(RelationshipSchema, row)


@bp.get(f"/<{ID}:donor_id>/members")
@require_permission("donors:read")
@bp.response(200, MembersSchema)
def list_members(donor_id: int) -> Response:
    """List who belongs to a household; of a person, the households that they belong to."""
    pairs = households.list_other_ends(donors.get_donor(donor_id))
    return answer_rows(MemberSchema, [row for row, _other in pairs])


@bp.post(f"/<{ID}:donor_id>/members")
@require_permission("donors:write")
@do_once
@bp.arguments(NewMemberSchema)
@bp.response(201, MemberSchema)
@bp.alt_response(200, schema=MemberSchema, description="They belong to it already, as that.")
def add_member(new: NewMember, donor_id: int) -> Response:
    """Let a person belong to this household; who does already gets the role that is said."""
    row, is_new = households.add_member(
        donors.get_donor(donor_id),
        donors.get_donor(new["donor_id"]),
        role=new["role"],
        is_head=new["is_head"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(MemberSchema, row, status=201 if is_new else 200)


@bp.post(f"/<{ID}:donor_id>/members/<{ID}:member_id>/remove")
@require_permission("donors:write")
@do_once
@bp.arguments(NothingSchema)
@bp.response(200, MembersSchema)
def remove_member(_nothing: object, donor_id: int, member_id: int) -> Response:
    """Let a person belong to this household no more, and answer with who is left; again changes nothing."""
    household = donors.get_donor(donor_id)
    households.remove_member(household.id, member_id, now=clock.now(), actor=get_principal().actor)
    return answer_rows(MemberSchema, [row for row, _other in households.list_members(household.id)])


def answer_rows(schema: type[AnswerSchema], rows: list[Any]) -> Response:
    """Return all of some rows as JSON, under ``data``."""
    serialiser = serialiser_for_reader(schema)
    return make_json_answer({"data": [serialiser.dump(row) for row in rows]})
