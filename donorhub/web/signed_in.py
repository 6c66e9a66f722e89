"""Who is signed in to the pages: a session's start, use and end, and pages that were refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Flask, g, session
from flask_security.core import UserMixin
from flask_security.datastore import SQLAlchemySessionUserDatastore
from sqlalchemy import Connection, insert
from sqlalchemy.exc import OperationalError

from donorhub import clock
from donorhub.db import db, is_reading, set_reading, write_at_once
from donorhub.errors import Busy
from donorhub.models import AuditRecord, User
from donorhub.services.access import audit, sessions


class Staff(SQLAlchemySessionUserDatastore):
    """Flask-Security's store. What a cookie holds is the token of a session, not the user's own key."""

    def find_user(self, case_insensitive: bool = False, **equal: object) -> UserMixin | None:
        if set(equal) != {"fs_uniquifier"}:
            return super().find_user(case_insensitive, **equal)
        signed_in = sessions.find_signed_in(str(equal["fs_uniquifier"]), now=clock.now())
        if signed_in is None:
            return None
        g.signed_in, g.uses_keys = signed_in, signed_in.user.uses_keys
        return signed_in.user


def start_session(_app: Flask, user: User, **_: object) -> None:
    """Keep in the cookie a token that we can take back; whatever session the browser had is over."""
    now = clock.now()
    if "signed_in" in g:
        sessions.end_session(g.signed_in.session_id)
    session_id, session["_user_id"] = sessions.start_session(user, now=now)
    g.signed_in = sessions.SignedIn(user, session_id, now)
    user.last_login_at = now
    audit.record_action(f"user:{user.id}", "user.signed_in", ("user", user.id), now=now)


def end_session(_app: Flask, user: User, **_: object) -> None:
    """End the session of a browser that signs out, and keep that."""
    if "signed_in" in g:
        sessions.end_session(g.signed_in.session_id)
        now = clock.now()
        audit.record_action(f"user:{user.id}", "user.signed_out", ("user", user.id), now=now)
        db.session.commit()


def note_seen(signed_in: sessions.SignedIn) -> None:
    """Let the idle time of a session begin anew, every quarter of an hour."""
    now = clock.now()
    if now - signed_in.seen_at < sessions.SEEN_EVERY:
        return
    if is_reading():
        # Another time, if it is busy: nobody waits for it who only reads.
        with suppress(OperationalError, Busy), write_at_once(), _write_apart() as connection:
            sessions.note_seen(connection, signed_in.session_id, now=now)
    else:  # with what the request keeps, which has the one lock of SQLite already
        sessions.note_seen(db.session.connection(), signed_in.session_id, now=now)


def note_refusal(user_id: int, page: str) -> None:
    """Record that somebody asked for a page that they may not see; from here on the request only reads."""
    record = audit.make_record(
        f"user:{user_id}", "access.refused", ("user", user_id), now=clock.now(), data={"page": page}
    )
    if is_reading():
        with _write_apart() as connection:
            connection.execute(insert(AuditRecord), record)
    else:
        audit.write_records([record])
        db.session.commit()
        set_reading(True)


@contextmanager
def _write_apart() -> Iterator[Connection]:
    """Open a transaction of its own that writes, in a request that only reads."""
    set_reading(False)
    try:
        with db.engine.begin() as connection:
            yield connection
    finally:
        set_reading(True)
