"""Users over the API: adding staff, giving them roles, letting them in no more."""

from __future__ import annotations

from typing import Final, TypedDict

from flask import Response
from marshmallow import fields, validate
from sqlalchemy import select

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import created, tag, tagged
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import principal, requires
from donorhub.api.idempotency import committed, once
from donorhub.api.schemas import AnswerSchema, EmailAddress, Instant, Line, StrictSchema
from donorhub.models import User
from donorhub.models.states import LANGS, ROLES, Lang, RoleName
from donorhub.services.access import users

bp = HouseBlueprint("users", __name__, path="/users", description="Staff and what they may do.")
SORTS: Final = {"id": User.id, "email": User.email}


class NewUserSchema(StrictSchema):
    email = EmailAddress(required=True)
    name = Line(shortest=1, required=True)
    password = fields.String(required=True, load_only=True, validate=validate.Length(users.MIN_PASSWORD, 200))
    roles = fields.List(
        fields.String(validate=validate.OneOf(ROLES)), required=True, validate=validate.Length(1, len(ROLES))
    )
    lang = fields.String(load_default="en", validate=validate.OneOf(LANGS))


class UserChangesSchema(StrictSchema):
    roles = fields.List(
        fields.String(validate=validate.OneOf(ROLES)), validate=validate.Length(1, len(ROLES))
    )
    is_active = fields.Boolean(
        truthy=(),
        falsy={False},
        metadata={"description": "`false` ends every session at once", "enum": [False]},
    )


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


class NewUser(TypedDict):
    """One of the staff, as the API takes them."""

    email: str
    name: str
    password: str
    roles: list[RoleName]
    lang: Lang


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


class UserChanges(TypedDict, total=False):
    """What is to be other of a user."""

    roles: list[RoleName]
    is_active: bool


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
        users.deactivate(user_id, now=now, actor=actor)
    return tagged(UserSchema, user)
