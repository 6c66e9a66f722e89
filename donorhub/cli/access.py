"""``donorhub user`` and ``donorhub token``: who may come in."""

from __future__ import annotations

from datetime import timedelta

import click

from donorhub import clock
from donorhub.cli.arguments import load_arguments
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.db import db, read_only
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.errors import NotFound
from donorhub.models import ApiToken, User
from donorhub.models.states import LANGS, ROLES, Lang, RoleName
from donorhub.schemas.access import NewToken, NewTokenSchema, NewUser, NewUserSchema
from donorhub.services.access import organisation, users


@click.group("user")
def user_group() -> None:
    """Users of the staff."""


@user_group.command("create")
@click.argument("email")
@click.option("--name", help="The name as it is shown; else the address.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be repeated."
)
@click.option("--lang", type=click.Choice(LANGS), default="en", show_default=True)
@click.option("--password", help="Else one is made and printed once.")
@run_in_app
def create_user(
    email: str, name: str | None, roles: tuple[RoleName, ...], lang: Lang, password: str | None
) -> None:
    """Add a user with EMAIL."""
    new: NewUser = load_arguments(
        NewUserSchema(),
        email=email,
        name=name or email,
        password=password or users.make_one_time_password(),
        roles=roles,
        lang=lang,
    )
    user = users.create_user(
        new["email"],
        name=new["name"],
        password=new["password"],
        roles=new["roles"],
        lang=new["lang"],
        now=clock.now(),
        actor=get_actor(),
    )
    db.session.commit()
    click.echo(f"user {user.id} {user.email}: {', '.join(sorted(roles))}")
    if not password:
        click.echo(f"password (shown once): {new['password']}")


@user_group.command("list")
@run_in_app
@read_only()
def list_users() -> None:
    """List the users and their roles."""
    for one in db.session.query(User).order_by(User.id):
        roles = ", ".join(role.name for role in one.roles)
        click.echo(f"{one.id}\t{one.email}\t{roles}\t{'active' if one.active else 'inactive'}")


@user_group.command("roles")
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES))
@run_in_app
def set_roles(email: str, roles: tuple[RoleName, ...]) -> None:
    """Give the user with EMAIL exactly these roles."""
    users.set_roles(_get_user(email).id, roles, now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo(f"{email}: {', '.join(sorted(roles))}")


@user_group.command("password")
@click.argument("email")
@run_in_app
def reset_password(email: str) -> None:
    """Make a new password for the user with EMAIL and print it once."""
    secret = users.make_one_time_password()
    users.set_password(_get_user(email).id, secret, now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo(f"password (shown once): {secret}")


@user_group.command("deactivate")
@click.argument("email")
@run_in_app
def deactivate_user(email: str) -> None:
    """Let the user with EMAIL in no more."""
    users.deactivate_user(_get_user(email).id, now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo(f"{email} is inactive")


@click.group("token")
def token_group() -> None:
    """Keys for programs that use the API."""


@token_group.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(sorted(PERMISSIONS)),
    help="May be repeated.",
)
@click.option("--days", type=click.IntRange(min=1), help="Ends after so many days; else never.")
@click.option("--role", type=click.Choice(ROLES), help="It sees no field of donors that this role does not.")
@run_in_app
def create_token(name: str, scopes: tuple[str, ...], days: int | None, role: RoleName | None) -> None:
    """Make a token called NAME and print it once."""
    now = clock.now()
    ends = now + timedelta(days=days) if days else None
    new: NewToken = load_arguments(NewTokenSchema(), name=name, scopes=scopes, role=role)
    api_token, text = users.create_token(
        new["name"], new["scopes"], now=now, actor=get_actor(), expires_at=ends, role=new["role"]
    )
    db.session.commit()
    click.echo(f"token {api_token.id} {api_token.name}: {', '.join(api_token.scopes)}")
    click.echo(text)


@token_group.command("list")
@run_in_app
@read_only()
def list_tokens() -> None:
    """List the tokens; their texts are kept nowhere."""
    tokens = db.session.query(ApiToken).order_by(ApiToken.id).all()
    if not tokens:
        click.echo("there is none: `donorhub token create` makes one", err=True)
    for one in tokens:
        click.echo(f"{one.id}\t{one.name}\t{' '.join(one.scopes)}\t{_describe_state(one)}")


def _describe_state(token: ApiToken) -> str:
    if token.revoked_at:
        return "revoked"
    if token.expires_at is None:
        return "valid"
    is_over = token.expires_at <= clock.now()
    return f"{'expired' if is_over else 'valid until'} {organisation.get_day(token.expires_at)}"


@token_group.command("revoke")
@click.argument("token_id", type=ROW_ID)
@run_in_app
def revoke_token(token_id: int) -> None:
    """Make the token TOKEN_ID worthless."""
    users.revoke_token(token_id, now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo(f"token {token_id} is revoked")


def _get_user(email: str) -> User:
    user = users.find_user(email)
    if user is None:
        raise NotFound(f"there is no user {email}")
    return user
