"""Users and tokens: what they may is read anew each time, and somebody always stays admin."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.access.permissions import (
    PERMISSIONS,
    ROLE_PERMISSIONS,
    combine_permissions,
    find_row_scope,
)
from donorhub.errors import Conflict, DonorHubError, NotFound, Rejected, Unauthenticated
from donorhub.models import ApiToken, AuditRecord, User
from donorhub.models.states import ROLES
from donorhub.services.access import sessions, users
from tests.api.conftest import dump

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.usefixtures("cheap_passwords")


def make(now: datetime, email: str = "anna@example.org", roles: tuple[str, ...] = ("admin",)) -> User:
    made = users.create_user(email, name="Anna", password=PASSWORD, roles=roles, now=now, actor="t")
    db.session.commit()
    return made


def test_password_is_kept_only_as_hash(database: Flask, now: datetime) -> None:
    """A password is kept as an Argon2 hash and nowhere else."""
    user = make(now)
    assert user.password.startswith("$argon2id$") and PasswordHasher().verify(user.password, PASSWORD)
    assert PASSWORD not in repr(dump())


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"password": "short"}, Rejected, "/password"),
        ({"email": "no address"}, Rejected, "/email"),
        ({"email": "ANNA@example.org"}, Conflict, "/email"),
        ({"roles": ["king"]}, Rejected, "/roles"),
        ({"roles": []}, Rejected, "/roles"),
    ],
)
def test_impossible_user_is_refused_by_field(
    database: Flask, now: datetime, change: dict[str, object], error: type[DonorHubError], field: str
) -> None:
    """A user who cannot be is refused with the name of the field, and nothing changes."""
    make(now)
    before = dump()
    fields = {"email": "new@example.org", "name": "N", "password": PASSWORD, "roles": ["caller"]} | change
    with pytest.raises(error) as refused:
        users.create_user(**fields, now=now, actor="t")  # type: ignore[arg-type]
    db.session.rollback()
    assert refused.value.field == field
    assert dump() == before


def test_the_last_admin_stays_admin_and_active(database: Flask, now: datetime) -> None:
    admin = make(now)
    other = make(now, "other@example.org", ("steward",))
    before = dump()
    for attempt in (
        lambda: users.set_roles(admin.id, ["caller"], now=now, actor="t"),
        lambda: users.deactivate_user(admin.id, now=now, actor="t"),
    ):
        with pytest.raises(Rejected) as refused:
            attempt()
        db.session.rollback()
        assert refused.value.specific_code == "last_admin"
    assert dump() == before
    users.set_roles(other.id, ["admin"], now=now, actor="t")
    users.deactivate_user(admin.id, now=now, actor="t")
    db.session.commit()
    with pytest.raises(Rejected):
        users.set_roles(other.id, ["auditor"], now=now, actor="t")


def test_deactivated_admin_does_not_count(database: Flask, now: datetime) -> None:
    """An admin who was deactivated does not count as one, so the last active admin stays."""
    first, second = make(now), make(now, "second@example.org")
    users.deactivate_user(first.id, now=now, actor="t")
    with pytest.raises(Rejected):
        users.deactivate_user(second.id, now=now, actor="t")


def test_new_password_ends_every_session(database: Flask, now: datetime) -> None:
    """A changed password or a deactivation ends every session, so a stolen one is worth nothing."""
    user = make(now)
    make(now, "other@example.org")
    for end in (
        lambda: users.set_password(user.id, "another long password", now=now, actor="t"),
        lambda: users.deactivate_user(user.id, now=now, actor="t"),
    ):
        tokens = [sessions.start_session(user, now=now)[1] for _ in range(2)]
        assert all(sessions.find_signed_in(token, now=now) for token in tokens)
        end()
        assert not any(sessions.find_signed_in(token, now=now) for token in tokens)
    assert not user.active
    with pytest.raises(Rejected):
        users.set_password(user.id, "short", now=now, actor="t")


def test_only_changed_roles_are_audited(database: Flask, now: datetime) -> None:
    """The same roles again change nothing, and new ones are in the audit."""
    user = make(now, roles=("admin", "auditor"))
    before = dump()
    users.set_roles(user.id, ["auditor", "admin"], now=now, actor="t")
    db.session.commit()
    assert dump() == before
    users.set_roles(user.id, ["admin"], now=now, actor="t")
    db.session.commit()
    said = db.session.scalars(select(AuditRecord.data).filter_by(what="user.roles_changed")).one()
    assert said == {"before": ["admin", "auditor"], "after": ["admin"]}


def test_removed_right_is_gone_at_once(database: Flask, now: datetime) -> None:
    """A right that was taken away is gone at the next look."""
    make(now)
    user = make(now, "f@example.org", ("fundraiser",))
    assert users.make_principal(user).has_permission("gifts:write")
    users.set_roles(user.id, ["communications"], now=now, actor="t")
    assert not users.make_principal(user).has_permission("gifts:read")


def test_roles_give_only_known_permissions() -> None:
    """Roles give known permissions, and a mere caller sees only the own list."""
    assert set(ROLE_PERMISSIONS) == set(ROLES)
    assert all(permissions <= PERMISSIONS for permissions in ROLE_PERMISSIONS.values())
    assert combine_permissions(["king"]) == frozenset()
    assert not any(permission.endswith(":write") for permission in ROLE_PERMISSIONS["auditor"])
    assert (find_row_scope(["caller"]), find_row_scope(["caller", "steward"])) == ("own", "all")


def test_token_is_kept_as_hash(database: Flask, now: datetime) -> None:
    """Of a token only the hash is kept, and it may do what its scopes say and no more."""
    token, text = users.create_token("shop", ["gifts:write", "donors:read"], now=now, actor="user:1")
    db.session.commit()
    assert text.startswith("dhk_") and text not in repr(dump())
    who = users.authenticate_token(text, now=now)
    assert (who.kind, who.id, who.actor) == ("token", token.id, f"token:{token.id}")
    assert who.permissions == {"gifts:write", "donors:read"} and not who.has_permission("gifts:read")
    assert users.find_token_maker(token.id) == 1


@pytest.mark.parametrize("scopes", [[], ["gifts:steal"], ["gifts:read", ""]])
def test_token_of_unknown_scopes_is_refused(database: Flask, now: datetime, scopes: list[str]) -> None:
    """A token with no scopes, or with scopes that nobody knows, is refused and nothing changes."""
    before = dump()
    with pytest.raises(Rejected) as refused:
        users.create_token("x", scopes, now=now, actor="t")
    db.session.rollback()
    assert refused.value.field == "/scopes"
    assert dump() == before


def test_token_ends_at_hour_or_revocation(database: Flask, now: datetime) -> None:
    """A token ends at its hour, or at once when it is revoked; revoking again changes nothing."""
    hour = now + timedelta(hours=1)
    _, ends = users.create_token("a", ["donors:read"], now=now, actor="t", expires_at=hour)
    revoked, text = users.create_token("b", ["donors:read"], now=now, actor="t")
    assert users.authenticate_token(ends, now=hour - timedelta(seconds=1))
    for late in (hour, hour + timedelta(days=1)):
        with pytest.raises(Unauthenticated):
            users.authenticate_token(ends, now=late)
    users.revoke_token(revoked.id, now=now, actor="t")
    db.session.commit()
    with pytest.raises(Unauthenticated):
        users.authenticate_token(text, now=now)
    before = dump()
    users.revoke_token(revoked.id, now=hour, actor="t")
    db.session.commit()
    assert dump() == before
    with pytest.raises(NotFound):
        users.revoke_token(99, now=now, actor="t")
    assert db.session.query(ApiToken).count() == 2
