"""Users over the API: adding staff, giving them roles, letting them in no more."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import answer_new_resource, answer_with_etag, compute_etag, make_json_answer
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Team, User
from donorhub.schemas.access import (
    NewTeam,
    NewTeamSchema,
    NewUser,
    NewUserSchema,
    TeamMembersSchema,
    UserChanges,
    UserChangesSchema,
)
from donorhub.schemas.fields import Instant
from donorhub.services.access import teams, users

bp = HouseBlueprint("users", __name__, path="/users", description="Staff and what they may do.")
SORTS: Final = {"id": User.id, "email": User.email}


class UserSchema(AnswerSchema):
    id = fields.Integer(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    lang = fields.String(required=True)
    roles = fields.List(fields.Pluck("RoleSchema", "name"), required=True)
    is_active = fields.Boolean(required=True, attribute="active")
    row_scope = fields.String(required=True, allow_none=True)
    created_at = Instant(required=True)
    last_login_at = Instant(allow_none=True)


class RoleSchema(AnswerSchema):
    name = fields.String()


@bp.get("")
@require_permission("users:write")
@bp.arguments(pages.make_query_schema(*SORTS), location="query")
@bp.response(200, pages.make_page_schema(UserSchema))
def list_users(arguments: pages.PageArguments) -> pages.Page:
    """List users."""
    return pages.read_page(select(User), arguments, SORTS)


@bp.post("")
@require_permission("users:write")
@do_once
@bp.arguments(NewUserSchema)
@bp.response(201, UserSchema)
def create_user(new: NewUser) -> Response:
    """Add one of the staff."""
    user = users.create_user(
        new["email"],
        name=new["name"],
        password=new["password"],
        roles=new["roles"],
        lang=new["lang"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(UserSchema, user)


@bp.get(f"/<{ID}:user_id>")
@require_permission("users:write")
@etags.mark_versioned
@bp.response(200, UserSchema)
def get_user(user_id: int) -> Response:
    """Show a user."""
    return answer_with_etag(UserSchema, users.get_user(user_id))


@bp.patch(f"/<{ID}:user_id>")
@require_permission("users:write")
@commit_work
@etags.mark_versioned
@bp.arguments(UserChangesSchema(partial=True))
@bp.response(200, UserSchema)
def change_user(changes: UserChanges, user_id: int) -> Response:
    """Give a user exactly these roles, or let them in no more. The last admin stays one."""
    user = users.get_user(user_id)
    etags.require_match(compute_etag(UserSchema, user))
    now, actor = clock.now(), get_principal().actor
    if "roles" in changes:
        users.set_roles(user_id, changes["roles"], now=now, actor=actor)
    if "is_active" in changes:
        users.deactivate_user(user_id, now=now, actor=actor)
    if "row_scope" in changes:
        users.set_row_scope(user_id, changes["row_scope"], now=now, actor=actor)
    return answer_with_etag(UserSchema, user)


all_teams = HouseBlueprint("teams", __name__, path="/teams", description="Users who see each other's donors.")


class TeamSchema(AnswerSchema):
    """A team and the users in it."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    user_ids = fields.List(fields.Integer(), required=True)


class TeamsSchema(AnswerSchema):
    """All teams, by name."""

    data = fields.List(fields.Nested(TeamSchema), required=True)


@all_teams.get("")
@require_permission("users:write")
@all_teams.response(200, TeamsSchema)
def list_teams() -> Response:
    """List teams."""
    return make_json_answer({"data": [_describe_team(team) for team in teams.list_teams()]})


@all_teams.post("")
@require_permission("users:write")
@do_once
@all_teams.arguments(NewTeamSchema)
@all_teams.response(201, TeamSchema)
def create_team(new: NewTeam) -> Response:
    """Add a team."""
    team = teams.create_team(new["name"], new["user_ids"], now=clock.now(), actor=get_principal().actor)
    return make_json_answer(_describe_team(team), status=201)


@all_teams.post(f"/<{ID}:team_id>/members")
@require_permission("users:write")
@do_once
@all_teams.arguments(TeamMembersSchema)
@all_teams.response(200, TeamSchema)
def set_members(members: dict[str, list[int]], team_id: int) -> Response:
    """Let exactly these users be in a team."""
    team = teams.get_team(team_id)
    teams.set_members(team, members["user_ids"], now=clock.now(), actor=get_principal().actor)
    return make_json_answer(_describe_team(team))


def _describe_team(team: Team) -> dict[str, object]:
    return {"id": team.id, "name": team.name, "user_ids": teams.list_members([team.id])[team.id]}
