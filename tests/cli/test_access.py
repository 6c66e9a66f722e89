"""``donorhub user`` and ``donorhub token``: who may come in, and what wrong use is told."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from donorhub.db import db
from donorhub.models import ApiToken, AuditRecord, User
from tests.cli.conftest import Donorhub


def is_hash_of(kept: str, secret: str) -> bool:
    return PasswordHasher().verify(kept, secret)


def test_the_last_admin_stays(donorhub: Donorhub) -> None:
    donorhub("user", "create", "boss@example.org", "--role", "admin")
    for wrong in (("roles", "boss@example.org", "--role", "caller"), ("deactivate", "boss@example.org")):
        ended = donorhub("user", *wrong)
        assert ended.code == 1 and "somebody must stay admin" in ended.err
    assert donorhub("user", "list").lines == [["1", "boss@example.org", "admin", "active"]]


def test_new_password_is_shown_once(donorhub: Donorhub) -> None:
    """A user is made with a password that is shown once and kept only as a hash."""
    ended = donorhub(
        "user", "create", "Marta@example.org", "--name", "Marta", "--role", "admin", "--lang", "pl"
    )
    assert ended.code == 0
    secret = ended.lines[1][0].removeprefix("password (shown once): ")
    made = db.session.query(User).one()
    assert (made.name, made.lang, [role.name for role in made.roles]) == ("Marta", "pl", ["admin"])
    assert secret not in made.password and is_hash_of(made.password, secret)
    listed = donorhub("user", "list")
    assert listed.lines == [["1", made.email, "admin", "active"]]
    assert secret not in listed.out


def test_user_changes_until_deactivated(donorhub: Donorhub) -> None:
    """A user gets other roles and another password, and is let in no more once deactivated."""
    donorhub("user", "create", "boss@example.org", "--role", "admin")
    donorhub("user", "create", "a@example.org", "--role", "admin", "--password", "long-enough-secret")
    assert donorhub("user", "roles", "a@example.org", "--role", "caller", "--role", "auditor").code == 0
    secret = donorhub("user", "password", "a@example.org").out.split()[-1]
    user = db.session.query(User).filter_by(email="a@example.org").one()
    assert {role.name for role in user.roles} == {"caller", "auditor"}
    assert is_hash_of(user.password, secret)
    assert donorhub("user", "deactivate", "a@example.org").out == "a@example.org is inactive\n"
    db.session.rollback()
    assert [user.active for user in db.session.query(User).order_by(User.id)] == [True, False]
    who = {record.actor for record in db.session.query(AuditRecord)}
    assert len(who) == 1 and who.pop().startswith("cli:")


def test_token_is_shown_once_then_revoked(donorhub: Donorhub) -> None:
    """A token is shown once, listed without its text, and can be revoked."""
    ended = donorhub("token", "create", "website", "--scope", "gifts:read", "--days", "30")
    assert ended.code == 0
    text = ended.lines[1][0]
    made = db.session.query(ApiToken).one()
    assert made.expires_at is not None and text not in made.token_sha256
    assert donorhub("token", "list").lines == [["1", "website", "gifts:read", "valid until 2026-12-22"]]
    assert donorhub("token", "revoke", "1").code == 0
    assert donorhub("token", "list").lines[0][3] == "revoked"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("user", "create", "x@example.org"), 2, "Missing option '--role'"),
        (("user", "create", "x@example.org", "--role", "boss"), 2, "'boss' is not one of"),
        (("user", "create", "not an address", "--role", "admin"), 1, "email: This is no e-mail address"),
        (
            ("user", "roles", "nobody@example.org", "--role", "admin"),
            1,
            "there is no user nobody@example.org",
        ),
        (("user", "password", "nobody@example.org"), 1, "there is no user nobody@example.org"),
        (("user", "deactivate", "nobody@example.org"), 1, "there is no user nobody@example.org"),
        (("token", "create", "x"), 2, "Missing option '--scope'"),
        (("token", "create", "x", "--scope", "everything"), 2, "'everything' is not one of"),
        (("token", "create", "x", "--scope", "gifts:read", "--days", "soon"), 2, "not a valid integer"),
        (("token", "create", "x", "--scope", "gifts:read", "--days", "0"), 2, "'--days'"),
        (("token", "revoke", "99"), 1, "there is no token 99"),
        (("fly",), 2, "No such command 'fly'"),
    ],
)
def test_wrong_use_changes_nothing(
    donorhub: Donorhub, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """Wrong use is answered with a sentence and changes nothing."""
    ended = donorhub(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert sentence in ended.err and "Traceback" not in ended.err
    assert not db.session.query(User).count() + db.session.query(ApiToken).count()
    assert not db.session.query(AuditRecord).count()


def test_the_same_address_twice_is_refused(donorhub: Donorhub) -> None:
    donorhub("user", "create", "a@example.org", "--role", "admin")
    ended = donorhub("user", "create", "A@example.org", "--role", "caller")
    assert ended.code == 1 and "a user with this address already" in ended.err
    assert db.session.query(User).count() == 1
