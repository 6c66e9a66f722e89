"""A session ends by itself, at a sign-out and with its user; its token stands nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.errors import Unauthenticated
from donorhub.models import User
from donorhub.services.access import sessions, users
from tests.api.conftest import dump
from tests.services.access.test_users import make


@pytest.fixture
def user(database: Flask, cheap_passwords: None, now: datetime) -> User:
    make(now, "other@example.org")  # somebody stays admin
    return make(now)


def test_token_of_a_session_is_kept_as_digest(user: User, now: datetime) -> None:
    _, token = sessions.start_session(user, now=now)
    signed_in = sessions.find_signed_in(token, now=now)
    assert signed_in is not None and signed_in.user is user
    assert token not in repr(dump())
    assert sessions.find_signed_in(token[:-1], now=now) is None
    assert sessions.find_signed_in(user.fs_uniquifier, now=now) is None, "the key of cookies from before"


@pytest.mark.parametrize(
    ("hours", "is_signed_in"),
    [
        ([11.9], True),
        ([12.1], False),  # idle
        ([11.9, 23.8], True),
        ([10 * n for n in range(1, 17)], True),
        ([10 * n for n in range(1, 18)], False),  # used all the time, for more than seven days
    ],
)
def test_session_ends_by_itself(user: User, now: datetime, hours: list[float], is_signed_in: bool) -> None:
    session_id, token = sessions.start_session(user, now=now)
    for hour in hours:
        at = now + timedelta(hours=hour)
        signed_in = sessions.find_signed_in(token, now=at)
        if signed_in:
            sessions.note_seen(db.session.connection(), session_id, now=at)
    assert (signed_in is not None) == is_signed_in
    assert sessions.delete_ended_sessions(now=at) == (0 if is_signed_in else 1)


def test_ended_session_stays_ended(user: User, now: datetime) -> None:
    """Of two browsers one signs out: the other stays signed in, and out is out, also a second time."""
    (first_id, first), (_, second) = (sessions.start_session(user, now=now) for _ in range(2))
    for _ in range(2):
        sessions.end_session(first_id)
        assert sessions.find_signed_in(first, now=now) is None
        assert sessions.find_signed_in(second, now=now) is not None


def test_deactivated_persons_tokens_stop(user: User, now: datetime) -> None:
    """Their programs stop at once and for good; those of others go on."""
    _, theirs = users.create_token("t", ["gifts:read"], now=now, actor=f"user:{user.id}")
    _, other = users.create_token("t", ["gifts:read"], now=now, actor=f"user:{user.id}0")
    users.deactivate_user(user.id, now=now, actor="t")
    users.activate_user(user.id, now=now, actor="t")
    with pytest.raises(Unauthenticated):
        users.authenticate_token(theirs, now=now)
    assert users.authenticate_token(other, now=now).kind == "token"
