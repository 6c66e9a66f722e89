"""Answers to requests that carried an Idempotency-Key, kept in the transaction of their effect.

A key belongs to one principal and one route. Whoever sends it again with the same request
gets the stored answer; a twin that runs at the same moment waits at the unique key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError

from donorhub.db import db, insert_or_ignore
from donorhub.errors import Conflict, Rejected
from donorhub.models import IdempotencyKey

LIFETIME: Final = timedelta(days=30)
_LOCK_NOT_AVAILABLE: Final = (
    "55P03"  # PostgreSQL's lock_not_available; SQLite's writers queue before they begin
)


def take_key(principal: str, route: str, key: str, *, fingerprint: str, now: datetime) -> IdempotencyKey:
    """Return the row of a key: new with status 0, for :func:`store_answer` to fill, or with the answer to
    the first request.

    Raise Rejected when the key came with another request before, Conflict when its first request still
    runs after the longest that the database waits.
    """
    row = _find_or_insert_key(principal, route, key, fingerprint=fingerprint, now=now)
    if row.expires_at <= now:  # the sweep has not come by yet
        db.session.delete(row)
        db.session.flush()  # its place is taken by the insert that follows
        row = _find_or_insert_key(principal, route, key, fingerprint=fingerprint, now=now)
    if row.fingerprint != fingerprint:
        raise Rejected(
            "this Idempotency-Key was used for another request: take a new key", code="idempotency_key_reused"
        )
    return row


def store_answer(row: IdempotencyKey, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Write the answer into the row of its key."""
    row.status, row.headers, row.body = status, dict(headers), body


def delete_expired_keys(now: datetime) -> int:
    """Delete the answers that were kept long enough; return how many."""
    deleted_ids = db.session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now).returning(IdempotencyKey.id)
    )
    return len(deleted_ids.all())


def _find_or_insert_key(
    principal: str, route: str, key: str, *, fingerprint: str, now: datetime
) -> IdempotencyKey:
    try:
        new_row: IdempotencyKey | None = db.session.scalars(
            insert_or_ignore(
                IdempotencyKey,
                on=(
                    IdempotencyKey.principal,
                    IdempotencyKey.route,
                    IdempotencyKey.key,
                ),
            )
            .values(
                principal=principal,
                route=route,
                key=key,
                fingerprint=fingerprint,
                status=0,
                headers={},
                body=b"",
                expires_at=now + LIFETIME,
            )
            .returning(IdempotencyKey)
        ).one_or_none()
    except OperationalError as e:
        if getattr(e.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise Conflict(
            "the first request with this Idempotency-Key still runs: ask again",
            code="idempotency_key_in_use",
            retry_after=5,
        ) from e
    if new_row is not None:
        return new_row
    row: IdempotencyKey = db.session.execute(
        select(IdempotencyKey).filter_by(principal=principal, route=route, key=key)
    ).scalar_one()
    return row
