"""Users and API tokens: creating them, changing their rights, taking them away."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from argon2 import PasswordHasher
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import bindparam, func, select

from donorhub.db import db
from donorhub.domain.access.permissions import (
    PERMISSIONS,
    ROLE_PERMISSIONS,
    Principal,
    combine_permissions,
    find_row_scope,
    narrow_permissions,
)
from donorhub.errors import Conflict, NotFound, Rejected, Unauthenticated
from donorhub.models import ApiToken, HiddenField, Role, User
from donorhub.models.states import LANGS, ROLES, Lang, RoleName, RowScope
from donorhub.services.access import audit, sessions, teams

TOKEN_PREFIX = "dhk_"  # noqa: S105  it says what kind of secret follows and is none
MIN_PASSWORD = 12
MAX_PASSWORD = 1000  # passlib refuses to look at one of more than 4096 bytes

_tokens = ApiToken.__table__.c
_hidden_from_token = (
    select(func.aggregate_strings(HiddenField.field, ","))
    .where(HiddenField.role == _tokens.role)
    .scalar_subquery()
)
_TOKEN_BY_HASH = select(
    _tokens.id,
    _tokens.name,
    _tokens.scopes,
    _tokens.expires_at,
    _tokens.revoked_at,
    _tokens.row_scope,
    _tokens.user_id,
    _hidden_from_token.label("hidden_fields"),
).where(_tokens.token_sha256 == bindparam("sha256"))  # asked by every request of the API


class UserName(NamedTuple):
    """A user, as a list shows them to choose from."""

    id: int
    name: str


def create_user(
    email: str,
    *,
    name: str,
    password: str,
    roles: Collection[RoleName],
    now: datetime,
    actor: str,
    lang: Lang = "en",
) -> User:
    """Create one of the staff and return it.

    Raise Conflict when the address is taken, Rejected for a weak password or an unknown role.
    """
    address = _parse_address(email)
    if db.session.scalar(select(User.id).where(User.email == address)) is not None:
        raise Conflict("there is a user with this address already", field="/email")
    _refuse_weak_password(password)
    user = User(
        email=address,
        name=name,
        password=PasswordHasher().hash(password),
        lang=lang,
        active=True,
        fs_uniquifier=uuid.uuid4().hex,
        created_at=now,
        roles=_list_roles(roles),
    )
    db.session.add(user)
    db.session.flush()  # the audit needs user.id
    audit.record_action(actor, "user.created", ("user", user.id), now=now, data={"roles": sorted(roles)})
    return user


def list_active_emails() -> list[str]:
    """Return the addresses of all who may come in."""
    return list(db.session.scalars(select(User.email).where(User.active).order_by(User.id)))


def make_unusable_password() -> str:
    """Return what stands for the password of a user whom nobody has given one: it opens nothing."""
    return PasswordHasher().hash(secrets.token_urlsafe(32))


def set_roles(user_id: int, roles: Collection[RoleName], *, now: datetime, actor: str) -> User:
    """Give a user exactly these roles; raise Rejected when nobody would remain admin."""
    user = get_user(user_id)
    before = {role.name for role in user.roles}
    if before == set(roles):
        return user
    if "admin" in before and "admin" not in roles:
        _refuse_last_admin(user)
    user.roles = _list_roles(roles)
    audit.record_action(
        actor,
        "user.roles_changed",
        ("user", user.id),
        now=now,
        data={"before": sorted(before), "after": sorted(roles)},
    )
    return user


def set_password(user_id: int, password: str, *, now: datetime, actor: str) -> User:
    """Change a password and end every session of the user; raise Rejected for a weak one."""
    user = get_user(user_id)
    _refuse_weak_password(password)
    user.password = PasswordHasher().hash(password)
    sessions.end_sessions(user.id)
    audit.record_action(actor, "user.password_changed", ("user", user.id), now=now)
    return user


def deactivate_user(user_id: int, *, now: datetime, actor: str) -> User:
    """Let a user in no more, end all sessions and revoke the tokens that they made; again changes nothing.

    Raise Rejected for the last admin.
    """
    user = get_user(user_id)
    if not user.active:
        return user
    if "admin" in {role.name for role in user.roles}:
        _refuse_last_admin(user)
    user.active = False
    sessions.end_sessions(user.id)
    for token_id in db.session.scalars(
        select(ApiToken.id).where(ApiToken.created_by == f"user:{user.id}", ApiToken.revoked_at.is_(None))
    ).all():
        revoke_token(token_id, now=now, actor=actor)
    audit.record_action(actor, "user.deactivated", ("user", user.id), now=now)
    return user


def get_user(user_id: int) -> User:
    """Return a user; raise NotFound when there is none of this id."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    return user


def user_exists(user_id: int) -> bool:
    """Return whether there is a user of this id, active or not."""
    return db.session.scalar(select(User.id).where(User.id == user_id)) is not None


def is_active(user_id: int) -> bool:
    """Return whether there is a user of this id who may come in."""
    return db.session.scalar(select(User.id).where(User.id == user_id, User.active)) is not None


def list_users() -> list[User]:
    """Return all users by name."""
    return list(db.session.scalars(select(User).order_by(User.name, User.id)))


def list_active_names() -> list[UserName]:
    """Return who may come in, by name."""
    query = select(User.id, User.name).where(User.active).order_by(User.name, User.id)
    return [UserName(id_, name) for id_, name in db.session.execute(query)]


def list_user_names() -> dict[int, str]:
    """Return the names of all users by id."""
    return {user_id: name for user_id, name in db.session.execute(select(User.id, User.name))}  # noqa: C416  a Row is no pair for dict


def find_actor_names(actors: Collection[str]) -> dict[str, str]:
    """Return the names of those who are users or tokens, by how the audit calls them: ``user:3``."""
    names = {f"user:{id_}": name for id_, name in list_user_names().items()}
    if any(actor.startswith("token:") for actor in actors):
        tokens = db.session.execute(select(ApiToken.id, ApiToken.name))
        names |= {f"token:{id_}": name for id_, name in tokens}
    return {actor: names[actor] for actor in actors if actor in names}


def list_tokens() -> list[ApiToken]:
    """Return the API tokens, the newest first."""
    return list(db.session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def set_lang(user_id: int, lang: Lang) -> User:
    """Set the language that a user reads; raise Rejected for one that we do not have."""
    if lang not in LANGS:
        raise Rejected("choose en, pl or sq", field="/lang")
    user = get_user(user_id)
    user.lang = lang
    return user


def set_keys(user_id: int, uses_keys: bool) -> User:
    """Set whether single letters are keys on this user's pages."""
    user = get_user(user_id)
    user.uses_keys = uses_keys
    return user


def activate_user(user_id: int, *, now: datetime, actor: str) -> User:
    """Let a user in again; one who is active stays as they are."""
    user = get_user(user_id)
    if not user.active:
        user.active = True
        audit.record_action(actor, "user.activated", ("user", user.id), now=now)
    return user


def find_user(email: str) -> User | None:
    """Return the user of this address, or None."""
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def make_principal(user: User) -> Principal:
    """Return what a user may do, read anew for each request: a right that is taken away is gone at once."""
    roles = [role.name for role in user.roles]
    hidden_fields = [_split_fields(role.hidden_fields) for role in user.roles]
    row_scope = "all" if "admin" in roles else user.row_scope or find_row_scope(roles)
    return Principal(
        "user",
        user.id,
        user.name,
        narrow_permissions(combine_permissions(roles), row_scope),
        row_scope,
        teams.find_owners(row_scope, user.id),
        frozenset.intersection(*hidden_fields) if hidden_fields else frozenset(),
    )


def _split_fields(names: str | None) -> frozenset[str]:
    return frozenset(names.split(",")) if names else frozenset()


def create_token(
    name: str,
    scopes: Collection[str],
    *,
    now: datetime,
    actor: str,
    expires_at: datetime | None = None,
    role: RoleName | None = None,
    row_scope: RowScope = "all",
    user_id: int | None = None,
) -> tuple[ApiToken, str]:
    """Create a token for a program; return it and its text, which is shown this once.

    It sees no field of donors that is hidden from ``role``; without one it sees all. With a ``row_scope`` of
    ``own`` or ``team`` it sees the donors of that user, or of their teams.
    Raise Rejected for an empty name and an unknown scope.
    """
    if not name.strip():
        raise Rejected("a token has a name that says which program has it", field="/name")
    unknown_scopes = sorted(set(scopes) - PERMISSIONS)
    if unknown_scopes or not scopes:
        raise Rejected(
            f"unknown scope {unknown_scopes[0]}" if unknown_scopes else "choose at least one scope",
            field="/scopes",
        )
    if role is not None and not set(scopes) <= ROLE_PERMISSIONS[role]:
        raise Rejected(
            f"a token that sees what a {role} sees has at most the scopes of that role",
            field="/role",
            code="scopes_beyond_role",
        )
    if row_scope != "all" and (user_id is None or not user_exists(user_id)):
        raise Rejected("say whose donors it sees", field="/user_id", code="scope_of_nobody")
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        name=name,
        token_sha256=_hash_token(text),
        scopes=sorted(scopes),
        role=role,
        row_scope=row_scope,
        user_id=None if row_scope == "all" else user_id,
        created_by=actor,
        created_at=now,
        expires_at=expires_at,
    )
    db.session.add(token)
    db.session.flush()  # the audit needs token.id
    audit.record_action(actor, "token.created", ("token", token.id), now=now, data={"scopes": sorted(scopes)})
    return token, text


def revoke_token(token_id: int, *, now: datetime, actor: str) -> ApiToken:
    """Make a token invalid at once and return it; again changes nothing. Raise NotFound if unknown."""
    token = db.session.get(ApiToken, token_id)
    if token is None:
        raise NotFound(f"there is no token {token_id}")
    if token.revoked_at is None:
        token.revoked_at = now
        audit.record_action(actor, "token.revoked", ("token", token.id), now=now)
    return token


def authenticate_token(text: str, *, now: datetime) -> Principal:
    """Return who bears this token; raise Unauthenticated when it is unknown, revoked or expired."""
    row = db.session.connection().execute(_TOKEN_BY_HASH, {"sha256": _hash_token(text)}).first()
    if row is None or row.revoked_at is not None or (row.expires_at and row.expires_at <= now):
        raise Unauthenticated("this token is not valid: make one with `donorhub token create`")
    return Principal(
        "token",
        row.id,
        row.name,
        narrow_permissions(frozenset(row.scopes), row.row_scope),
        row.row_scope,
        teams.find_owners(row.row_scope, row.user_id),
        _split_fields(row.hidden_fields),
    )


def set_row_scope(user_id: int, row_scope: RowScope | None, *, now: datetime, actor: str) -> User:
    """Say whose donors a user sees from now on, None: as their roles have it; return the user."""
    user = get_user(user_id)
    before = user.row_scope
    if row_scope not in (None, "all") and any(role.name == "admin" for role in user.roles):
        raise Rejected("administrators see all donors", field="/row_scope", code="admin_sees_donors")
    if before != row_scope:
        user.row_scope = row_scope
        audit.record_change(
            actor, "user.row_scope_changed", ("user", user.id), {"row_scope": (before, row_scope)}, now=now
        )
    return user


def find_token_maker(token_id: int) -> int | None:
    """Return the id of the user who made a token; None when it was made on the command line."""
    made_by: str | None = db.session.scalar(select(ApiToken.created_by).where(ApiToken.id == token_id))
    kind, _, id_ = (made_by or "").partition(":")
    return int(id_) if kind == "user" else None


def make_one_time_password() -> str:
    """Return a new random password for a first sign-in."""
    return secrets.token_urlsafe(12)


def _parse_address(email: str) -> str:
    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as e:
        raise Rejected(f"this is no e-mail address: {e}", field="/email") from e


def _refuse_weak_password(password: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise Rejected(f"a password has at least {MIN_PASSWORD} characters", field="/password")
    if len(password) > MAX_PASSWORD:
        raise Rejected(
            f"a password has at most {MAX_PASSWORD} characters", code="password_too_long", field="/password"
        )


def _list_roles(names: Collection[RoleName]) -> list[Role]:
    unknown_names = sorted(set(names) - set(ROLES))
    if unknown_names or not names:
        raise Rejected(
            f"unknown role {unknown_names[0]}: choose from {', '.join(ROLES)}"
            if unknown_names
            else "choose at least one role",
            field="/roles",
        )
    return list(db.session.scalars(select(Role).where(Role.name.in_(names)).order_by(Role.id)))


def _refuse_last_admin(user: User) -> None:
    admins = db.session.scalar(
        select(func.count(User.id)).where(
            User.active, User.id != user.id, User.roles.any(Role.name == "admin")
        )
    )
    if not admins:
        raise Rejected("somebody must stay admin: make another one first", code="last_admin")


def _hash_token(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
