"""Who is signed in: a row for each browser, so that signing out ends it everywhere a copy of it lies."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, or_, select, update
from sqlalchemy.orm import joinedload

from donorhub.db import db
from donorhub.models import Instance, Organisation, User, UserSession
from donorhub.services.access import audit, instance, organisation
from donorhub.services.access.instance import Hold

IDLE: Final = timedelta(hours=12)  # nobody asked for a page
LONGEST: Final = timedelta(days=7)  # whatever was done meanwhile
SEEN_EVERY: Final = timedelta(minutes=15)  # so seldom that reading pages hardly ever writes

_SIGNED_IN: Final = (
    select(User, UserSession.id, UserSession.seen_at, Instance, Organisation)
    .join(UserSession, UserSession.user_id == User.id)
    .outerjoin(Instance, Instance.id == 1)
    .outerjoin(Organisation, Organisation.id == 1)  # almost every page asks for its day
    .options(joinedload(User.roles))
    .where(
        UserSession.token_sha256 == bindparam("sha256"),
        UserSession.seen_at > bindparam("seen_after"),
        UserSession.created_at > bindparam("created_after"),
    )
)


class SignedIn(NamedTuple):
    """A user with the session through which they ask."""

    user: User
    session_id: int
    seen_at: datetime
    hold: Hold | None = None  # why nothing leaves: read by the same statement, since every page says it
    zone: ZoneInfo | None = None  # the organisation's time zone, which lists ask for in every row


def start_session(user: User, *, now: datetime) -> tuple[int, str]:
    """Create a session of a user; return its id and its token, of which only the digest is kept."""
    token = secrets.token_urlsafe(32)
    row = UserSession(token_sha256=_hash_token(token), user_id=user.id, created_at=now, seen_at=now)
    db.session.add(row)
    db.session.flush()  # the caller needs its id
    return row.id, token


def find_signed_in(token: str, *, now: datetime) -> SignedIn | None:
    """Return the user of a session; None when it ended, was idle for too long or is too old."""
    row = (
        db.session.execute(
            _SIGNED_IN,
            {
                "sha256": _hash_token(token),
                "seen_after": now - IDLE,
                "created_after": now - LONGEST,
            },
        )
        .unique()
        .one_or_none()
    )
    if row is None:
        return None
    user, session_id, seen_at, own_instance, own_organisation = row
    organisation.keep_organisation(own_organisation)
    hold = instance.find_hold(own_instance) if own_instance else None
    zone = ZoneInfo(own_organisation.time_zone) if own_organisation else None
    return SignedIn(user, session_id, seen_at, hold, zone)


def note_seen(connection: Connection, session_id: int, *, now: datetime) -> None:
    """Let the idle time of a session begin anew."""
    connection.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=now))


def end_session(session_id: int) -> None:
    """End one session; one that is over stays so."""
    db.session.execute(delete(UserSession).where(UserSession.id == session_id))


def end_sessions(user_id: int) -> None:
    """End all sessions of a user."""
    db.session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def delete_ended_sessions(*, now: datetime) -> int:
    """Delete sessions that nobody can use any more; return how many."""
    is_over = or_(UserSession.seen_at <= now - IDLE, UserSession.created_at <= now - LONGEST)
    return len(db.session.execute(delete(UserSession).where(is_over).returning(UserSession.id)).all())


def note_failure(user_id: int | None, *, now: datetime) -> None:
    """Record that a sign-in failed: whose, or 0 where nobody has that name, of which nothing is kept."""
    audit.record_action("nobody", "user.sign_in_failed", ("user", user_id or 0), now=now)


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
