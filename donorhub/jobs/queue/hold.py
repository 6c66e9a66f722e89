"""What a worker performs, held in PostgreSQL by a connection of its own: when it dies, that shows at once.

A lease alone would keep the task of a killed worker for minutes. Session locks end with
their connection, on whatever machine it was. SQLite has none and needs none: there the
first process to come knows that it is alone (:mod:`.presence`).
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from donorhub.db import db
from donorhub.services.work import claims

LOCKS: Final = 727275  # the class of our locks; their object is the task's id
_TAKE: Final = text("SELECT pg_advisory_lock(:locks, id) FROM unnest(:ids) AS id")
_LET_GO: Final = text("SELECT pg_advisory_unlock(:locks, id) FROM unnest(:ids) AS id")
_TRY: Final = text("SELECT pg_try_advisory_lock(:locks, :id)")


class Hold:
    """The tasks that this worker has claimed. They are taken before their claim is committed, so that
    nobody ever sees a claim that nobody holds, unless its worker is dead."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            _let_all_go(self._connection)

    def take_locks(self, ids: Collection[int]) -> None:
        """Hold these tasks until they are let go or this process dies. SQLite ignores it."""
        if ids and _has_locks():
            if self._connection is None:
                self._connection = _open_connection()
            self._connection.execute(_TAKE, {"locks": LOCKS, "ids": list(ids)})

    def let_go(self, ids: Collection[int]) -> None:
        """Let go of these tasks, once what became of them is committed."""
        if self._connection is not None:
            self._connection.execute(_LET_GO, {"locks": LOCKS, "ids": list(ids)})


def free_abandoned_tasks(*, now: datetime) -> int:
    """Let claimed tasks that no living worker holds be claimed at once, and commit; return how many."""
    if not _has_locks():
        return 0
    attempts_by_task = claims.list_leases(now)
    if not attempts_by_task:
        return 0
    connection = (
        _open_connection()
    )  # not one that may itself hold some: to its own session a lock is always free
    try:
        dead = {
            id_: attempts
            for id_, attempts in attempts_by_task.items()
            if connection.execute(_TRY, {"locks": LOCKS, "id": id_}).scalar_one()
        }
        count = claims.free_claims(dead)
        db.session.commit()
    finally:
        _let_all_go(connection)
    return count


def _has_locks() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"


def _let_all_go(connection: Connection) -> None:
    with connection, suppress(OperationalError):  # a server that is away has let them go
        connection.execute(text("SELECT pg_advisory_unlock_all()"))


def _open_connection() -> Connection:
    return db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
