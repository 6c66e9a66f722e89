"""Memberships and roles of donors over the API: begun, and ended by a day."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.donors.relations import answer_rows, bp
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Membership
from donorhub.models.states import ROLES_OF_DONORS
from donorhub.schemas.fields import Day, Instant
from donorhub.schemas.money import MoneySchema
from donorhub.schemas.relations import (
    End,
    EndSchema,
    NewMembership,
    NewMembershipSchema,
    NewRole,
    NewRoleSchema,
)
from donorhub.services.donors import donor_roles, donors, memberships

__all__ = ["all_memberships", "bp"]
all_memberships = HouseBlueprint(
    "memberships", __name__, path="/memberships", description="Who is or was a member, since when."
)


class MembershipSchema(AnswerSchema):
    """That a donor is a member of the organisation."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"description": "In the organisation's words"})
    since_on = fields.Date(required=True)
    until_on = fields.Date(allow_none=True, metadata={"description": "The last day; null: it goes on"})
    fee = fields.Nested(MoneySchema, allow_none=True)
    recorded_at = Instant(required=True)


class MembershipsSchema(AnswerSchema):
    """A donor's memberships, the newest first."""

    data = fields.List(fields.Nested(MembershipSchema), required=True)


SORTS: Final = {"id": Membership.id, "since_on": Membership.since_on}
Query = pages.make_query_schema(
    *SORTS,
    by_time={"joined_from": "since_on", "joined_to": "since_on"},
    joined_from=Day(metadata={"description": "That began on this day or later"}),
    joined_to=Day(metadata={"description": "That began on this day or earlier"}),
)


class DonorRoleSchema(AnswerSchema):
    """What a donor is to the organisation beside giving."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES_OF_DONORS))
    stance = fields.String(required=True)
    since_on = fields.Date(required=True)
    until_on = fields.Date(allow_none=True, metadata={"description": "The last day; null: it goes on"})
    recorded_at = Instant(required=True)


class DonorRolesSchema(AnswerSchema):
    """A donor's roles, the newest first."""

    data = fields.List(fields.Nested(DonorRoleSchema), required=True)


@all_memberships.get("")
@require_permission("donors:read")
@all_memberships.arguments(Query, location="query")
@all_memberships.response(200, pages.make_page_schema(MembershipSchema))
def list_all_memberships(arguments: dict[str, Any]) -> pages.Page:
    """List memberships of all donors: who joined in a year, with `joined_from` and `joined_to`."""
    page, filters = pages.split_arguments(arguments)
    return pages.read_page(memberships.select_memberships(**filters), page, SORTS)


@bp.get(f"/<{ID}:donor_id>/memberships")
@require_permission("donors:read")
@bp.response(200, MembershipsSchema)
def list_memberships(donor_id: int) -> Response:
    """List a donor's memberships."""
    rows = memberships.list_memberships(donors.get_donor(donor_id).id)
    return answer_rows(MembershipSchema, list(rows))


@bp.post(f"/<{ID}:donor_id>/memberships")
@require_permission("donors:write")
@do_once
@bp.arguments(NewMembershipSchema)
@bp.response(201, MembershipSchema)
@bp.alt_response(200, schema=MembershipSchema, description="It was there already.")
@bp.alt_response(409, description="`membership_goes_on`: one of this kind goes on.")
def start_membership(new: NewMembership, donor_id: int) -> Response:
    """Record that a donor is a member since a day."""
    row, is_new = memberships.start_membership(
        donors.get_donor(donor_id).id,
        new["kind"],
        since_on=new["since_on"],
        until_on=new["until_on"],
        fee=new["fee"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(MembershipSchema, row, status=201 if is_new else 200)


@bp.post(f"/<{ID}:donor_id>/memberships/<{ID}:membership_id>/end")
@require_permission("donors:write")
@do_once
@bp.arguments(EndSchema)
@bp.response(200, MembershipSchema)
@bp.alt_response(409, description="`ended_already`: with another day.")
def end_membership(end: End, donor_id: int, membership_id: int) -> Response:
    """Let a membership end with a day."""
    row = memberships.get_membership(membership_id, donors.get_donor(donor_id).id)
    memberships.end_membership(row, end["until_on"], now=clock.now(), actor=get_principal().actor)
    return answer_resource(MembershipSchema, row)


@bp.get(f"/<{ID}:donor_id>/roles")
@require_permission("donors:read")
@bp.response(200, DonorRolesSchema)
def list_roles(donor_id: int) -> Response:
    """List what a donor is to the organisation beside giving."""
    return answer_rows(DonorRoleSchema, list(donor_roles.list_roles(donors.get_donor(donor_id).id)))


@bp.post(f"/<{ID}:donor_id>/roles")
@require_permission("donors:write")
@do_once
@bp.arguments(NewRoleSchema)
@bp.response(201, DonorRoleSchema)
@bp.alt_response(200, schema=DonorRoleSchema, description="The role goes on already.")
def give_role(new: NewRole, donor_id: int) -> Response:
    """Record what a donor is to the organisation. Who is a `target` is neither asked nor thanked."""
    row, is_new = donor_roles.give_role(
        donors.get_donor(donor_id).id,
        new["role"],
        stance=new["stance"],
        since_on=new["since_on"],
        until_on=new["until_on"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(DonorRoleSchema, row, status=201 if is_new else 200)


@bp.post(f"/<{ID}:donor_id>/roles/<{ID}:role_id>/end")
@require_permission("donors:write")
@do_once
@bp.arguments(EndSchema)
@bp.response(200, DonorRoleSchema)
@bp.alt_response(409, description="`ended_already`: with another day.")
def end_role(end: End, donor_id: int, role_id: int) -> Response:
    """Let a role end with a day."""
    row = donor_roles.get_role(role_id, donors.get_donor(donor_id).id)
    donor_roles.end_role(row, end["until_on"], now=clock.now(), actor=get_principal().actor)
    return answer_resource(DonorRoleSchema, row)
