"""Users over the API: adding staff, giving them roles, letting them in no more."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import created, tag, tagged
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import principal, requires
from donorhub.api.idempotency import committed, once
from donorhub.api.schemas import AnswerSchema
from donorhub.models import User
from donorhub.schemas.access import NewUser, NewUserSchema, UserChanges, UserChangesSchema
from donorhub.schemas.fields import Instant
from donorhub.services.access import users

bp = HouseBlueprint("users", __name__, path="/users", description="Staff and what they may do.")
SORTS: Final = {"id": User.id, "email": User.email}


class UserSchema(AnswerSchema):
    id = fields.Integer(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    lang = fields.String(required=True)
    roles = fields.List(fields.Pluck("RoleSchema", "name"), required=True)
    is_active = fields.Boolean(required=True, attribute="active")
    created_at = Instant(required=True)
    last_login_at = Instant(allow_none=True)


class RoleSchema(AnswerSchema):
    name = fields.String()


@bp.get("")
@requires("users:write")
@bp.arguments(pages.args(*SORTS), location="query")
@bp.response(200, pages.envelope(UserSchema))
def list_users(asked: pages.Asked) -> pages.Page:
    """List users."""
    return pages.page(select(User), asked, SORTS)


@bp.post("")
@requires("users:write")
@once
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
        actor=principal().actor,
    )
    return created(UserSchema, user)


@bp.get(f"/<{ID}:user_id>")
@requires("users:write")
@etags.versioned
@bp.response(200, UserSchema)
def get_user(user_id: int) -> Response:
    """Show a user."""
    return tagged(UserSchema, users.get_user(user_id))


@bp.patch(f"/<{ID}:user_id>")
@requires("users:write")
@committed
@etags.versioned
@bp.arguments(UserChangesSchema(partial=True))
@bp.response(200, UserSchema)
def change_user(changes: UserChanges, user_id: int) -> Response:
    """Give a user exactly these roles, or let them in no more. The last admin stays one."""
    user = users.get_user(user_id)
    etags.require(tag(UserSchema, user))
    now, actor = clock.now(), principal().actor
    if "roles" in changes:
        users.set_roles(user_id, changes["roles"], now=now, actor=actor)
    if "is_active" in changes:
        users.deactivate_user(user_id, now=now, actor=actor)
    return tagged(UserSchema, user)
