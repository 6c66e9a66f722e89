"""Whose a worker's task is: due ones are claimed under a lease, and free again when their worker is dead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select, update

from donorhub.db import Base, UTCDateTime, db
from donorhub.models import Task
from donorhub.models.states import OUTWARD_TASKS
from donorhub.services.access import instance
from donorhub.services.work.tasks import IS_OPEN, MAX_FAILURES, MAX_KILLS

LEASE = timedelta(minutes=5)
FREED_KILLS: Final = 8  # so often a killed task is free at once; after that when its lease is over
_KILLS: Final = Task.attempts - Task.failures  # the attempt that runs among them


def list_due_ids(now: datetime, limit: int = 100) -> Sequence[int]:
    """Return the ids of workers' tasks that may be done now, the longest due first."""
    return db.session.scalars(
        select(Task.id).where(is_due(now)).order_by(Task.due_at, Task.id).limit(limit)
    ).all()


def may_perform(epoch: BindParameter[int] | None = None) -> ColumnElement[bool]:
    """Return the condition that a task may be performed here: what reaches others waits while we are held.

    It is asked by every claim, and again when what was claimed is begun with.
    """
    return or_(Task.kind.not_in(OUTWARD_TASKS), instance.may_leave(epoch))


def is_due(
    now: datetime | BindParameter[datetime], epoch: BindParameter[int] | None = None
) -> ColumnElement[bool]:
    """Return the condition under which a worker may take a task at this moment."""
    return and_(
        Task.performer == "worker",
        may_perform(epoch),
        IS_OPEN,
        Task.due_at <= now,
        Task.failures < MAX_FAILURES,
        _KILLS < MAX_KILLS,
        or_(Task.next_attempt_at.is_(None), Task.next_attempt_at <= now),
        or_(Task.lease_until.is_(None), Task.lease_until <= now),
    )


# Built once, and past the ORM: a task that does nothing would spend most of its time on building them.
_TABLE: Final = Base.metadata.tables["task"]
_NEXT = (
    select(_TABLE.c.id, _TABLE.c.kind, _TABLE.c.attempts)
    .where(is_due(bindparam("now", type_=UTCDateTime), instance.EPOCH))
    .order_by(_TABLE.c.due_at, _TABLE.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # on PostgreSQL: workers do not wait for each other's claims
)
_TAKE = (
    update(_TABLE)
    .where(_TABLE.c.id.in_(bindparam("ids", expanding=True)))
    .values(lease_until=bindparam("until"), attempts=_TABLE.c.attempts + 1, state="queued")
)


def renew_lease(task_id: int, *, now: datetime) -> None:
    """Renew the lease of a task that takes long, so that its worker is not taken for dead."""
    db.session.execute(update(Task).where(Task.id == task_id).values(lease_until=now + LEASE))


def claim_task(task_id: int, *, now: datetime) -> bool:
    """Take a worker's task under a lease; return False when it is done, not due, or another worker has it."""
    claimed_id = db.session.scalar(
        update(Task)
        .where(Task.id == task_id, is_due(now))
        .values(lease_until=now + LEASE, attempts=Task.attempts + 1, state="queued")
        .returning(Task.id)
        .execution_options(synchronize_session=False)
    )
    return claimed_id is not None


def claim_next_tasks(*, now: datetime, together: Collection[str] = (), most: int = 1) -> list[int]:
    """Take the free worker's task that is due the longest under a lease; return its id, or nothing.

    If its kind is in ``together``, up to ``most`` tasks of these kinds are taken in one go, but only such
    as are tried for the first time: one that kills its worker takes no other along a second time.
    """
    rows = db.session.execute(_NEXT, {"now": now, "most": most, "epoch": instance.get_epoch()}).all()
    group = [id_ for id_, kind, attempts in rows if kind in together and attempts == 0]
    ids = [rows[0].id] if rows and rows[0].id not in group else group
    if ids:
        db.session.execute(_TAKE, {"ids": ids, "until": now + LEASE})
    return ids


def lock_claimed_tasks(ids: Collection[int]) -> Sequence[Task]:
    """Return those of the claimed tasks that are still to be performed, the longest due first, locked until
    the transaction ends; leave out what was cancelled meanwhile or done by another worker, and what may leave
    no more.

    A lock is waited for: whoever tried to claim one of them and lost holds it for a moment longer, and
    a task that is passed over here would wait until its lease is over."""
    return db.session.scalars(
        select(Task)
        .where(Task.id.in_(ids), Task.state == "queued", may_perform())
        .order_by(Task.due_at, Task.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def free_leases() -> int:
    """Let every claimed task be claimed again at once; return how many there were.

    Only for the only worker there is: whoever claimed them is dead. What was killed very often waits for
    its lease, so that a task which kills the whole program leaves it some minutes in between.
    """
    freed_ids = db.session.scalars(
        update(Task)
        .where(Task.performer == "worker", IS_OPEN, Task.lease_until.is_not(None), _KILLS <= FREED_KILLS)
        .values(lease_until=None)
        .returning(Task.id)
        .execution_options(synchronize_session=False)
    )
    return len(freed_ids.all())


def list_leases(now: datetime, limit: int = 1000) -> dict[int, int]:
    """Return the ids of the claimed tasks whose lease still runs, each with its number of attempts."""
    rows = db.session.execute(
        select(Task.id, Task.attempts)
        .where(Task.performer == "worker", IS_OPEN, Task.state == "queued", Task.lease_until > now)
        .order_by(Task.id)
        .limit(limit)
    )
    return {id_: attempts for id_, attempts in rows}  # noqa: C416  a Row is no pair for dict


def free_claims(claims: Mapping[int, int]) -> int:
    """Let these tasks be claimed again at once; return how many. Ignore those that were tried since, and
    those that were killed very often, which wait for their lease.

    ``claims`` are ids of tasks, each with its number of attempts. Only for those whose worker is dead.
    """
    count = 0
    for task_id, attempts in claims.items():
        freed_id = db.session.scalar(
            update(Task)
            .where(Task.id == task_id, Task.attempts == attempts, Task.state == "queued")
            .where(_KILLS <= FREED_KILLS)
            .values(lease_until=None)
            .returning(Task.id)
            .execution_options(synchronize_session=False)
        )
        count += freed_id is not None
    return count


def bury_deadly_tasks(*, now: datetime) -> int:
    """Put tasks into the error inbox that were killed with their worker more often than chance would have
    it, so that nobody could write down an error; return how many."""
    buried_ids = db.session.scalars(
        update(Task)
        .where(
            Task.performer == "worker",
            IS_OPEN,
            _KILLS >= MAX_KILLS,
            or_(Task.lease_until.is_(None), Task.lease_until <= now),
        )
        .values(
            state="dead",
            lease_until=None,
            next_attempt_at=None,
            last_error="the worker stopped while it was doing this",
        )
        .returning(Task.id)
        .execution_options(synchronize_session=False)
    )
    return len(buried_ids.all())
