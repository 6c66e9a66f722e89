"""Tasks: planning them once, what became of them, and what people do with theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    bindparam,
    func,
    select,
    update,
)

from donorhub.db import Base, db, insert_or_ignore, insert_or_update
from donorhub.errors import Conflict, NotFound
from donorhub.models import Task
from donorhub.models.states import FAILED_TASKS, OPEN_TASKS, TaskKind, TaskPerformer, TaskRole, TaskState
from donorhub.services.access import audit
from donorhub.services.paging import equals_if_given

NOTHING_LEFT: Final = "nothing_left"  # the outcome of a task whose cause was taken back
SOON = timedelta(days=2)  # in which a person should have done what came up just now
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 720, 1440))
MAX_FAILURES = 8
MAX_KILLS = 20  # attempts that ended with their worker: what is begun so often without an end kills it
IS_OPEN = Task.state.in_(OPEN_TASKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task that is to be planned; see :func:`plan_task`."""

    key: str
    kind: TaskKind
    subject: tuple[str, int]
    performer: TaskPerformer = "person"
    due_at: datetime | None = None
    role: TaskRole = ""
    assignee_id: int | None = None
    donor_id: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


def plan_task(
    key: str,
    *,
    kind: TaskKind,
    subject: tuple[str, int],
    now: datetime,
    performer: TaskPerformer = "person",
    due_at: datetime | None = None,
    donor_id: int | None = None,
    role: TaskRole = "",
    assignee_id: int | None = None,
    facts: Mapping[str, object] | None = None,
) -> bool:
    """Plan a task; return whether it is new. The same key again changes nothing, so nothing is done twice.

    Without ``due_at`` a person's is due soon, and a worker's at once.
    """
    task = NewTask(
        key=key,
        kind=kind,
        subject=subject,
        performer=performer,
        due_at=due_at,
        role=role,
        assignee_id=assignee_id,
        donor_id=donor_id,
        facts=facts or {},
    )
    statement = insert_or_ignore(Task, on=(Task.key,)).values(_make_row(task, now)).returning(Task.id)
    return db.session.execute(statement).scalar_one_or_none() is not None


def update_question(
    key: str, facts: Mapping[str, object], *, is_other: Callable[[Mapping[str, object]], bool]
) -> bool:
    """Bring the question of this key up to these facts, and ask it again, answered or not, where ``is_other``
    says so of what it told before; return whether anything changed.
    """
    task = find_task(key)
    if task is None or task.facts == facts:
        return False
    if is_other(task.facts):
        task.state, task.done_at, task.done_by, task.outcome = "planned", None, None, ""
    task.facts = dict(facts)
    return True


def plan_tasks(new: Iterable[NewTask], *, now: datetime) -> None:
    """Plan tasks in one insert; ignore those whose key is there already, but for what was cancelled because
    nothing was left of its cause: that is planned again.
    """
    rows = [_make_row(task, now) for task in new]
    if rows:
        db.session.execute(_build_plan(db.session.get_bind().dialect.name), rows)


@lru_cache
def _build_plan(_dialect: str) -> Executable:
    return insert_or_update(
        Task,
        on=(Task.key,),
        columns=(Task.state, Task.due_at, Task.done_at, Task.done_by, Task.outcome),
        where=lambda _new: (Task.state == "cancelled") & (Task.outcome == NOTHING_LEFT),
    )


def _make_row(task: NewTask, now: datetime) -> dict[str, object]:
    return {
        "key": task.key,
        "kind": task.kind,
        "performer": task.performer,
        "role": task.role,
        "assignee_id": task.assignee_id,
        "donor_id": task.donor_id,
        "subject_type": task.subject[0],
        "subject_id": task.subject[1],
        "facts": dict(task.facts),
        "due_at": task.due_at or (now + SOON if task.performer == "person" else now),
        "created_at": now,
        "state": "planned",
        "attempts": 0,
        "failures": 0,
        "last_error": "",
        "outcome": "",
    }


# Built once, and past the ORM: a task that does nothing would spend most of its time on building them.
_TABLE: Final = Base.metadata.tables["task"]
_HAS_ID = _TABLE.c.id.in_(bindparam("ids", expanding=True))
_FINISH = (
    update(_TABLE)
    .where(_HAS_ID)
    .values(
        state="done",
        lease_until=None,
        done_at=bindparam("now"),
        done_by=bindparam("by"),
        outcome=bindparam("outcome"),
    )
)


def finish_task(task: Task, *, now: datetime, actor: str, outcome: str = "") -> None:
    """Mark a task as done, in the transaction of what it did."""
    task.state, task.done_at, task.done_by, task.outcome = "done", now, actor, outcome
    task.lease_until = None


def finish_tasks(outcomes: Mapping[int, str], *, now: datetime, actor: str) -> None:
    """Mark tasks as done, each with its outcome, in the transaction of what they did."""
    ids_by_outcome: defaultdict[str, list[int]] = defaultdict(list)
    for task_id, outcome in outcomes.items():
        ids_by_outcome[outcome].append(task_id)
    for outcome, ids in ids_by_outcome.items():
        db.session.execute(_FINISH, {"ids": ids, "now": now, "by": actor, "outcome": outcome})


def fail_task(task: Task, error: str, *, now: datetime) -> None:
    """Record that an attempt failed; plan the next one, or after the last put it into the error inbox.

    An attempt that was killed with its worker never comes here, and is none of those that count.
    """
    task.last_error, task.lease_until = error[:500], None
    task.failures += 1
    if task.failures >= MAX_FAILURES:
        task.state, task.next_attempt_at = "dead", None
        return
    task.state = "failed"
    task.next_attempt_at = now + BACK_OFF[min(task.failures, len(BACK_OFF)) - 1]


def retry_task(task_id: int, *, now: datetime, actor: str) -> Task:
    """Take a task out of the error inbox and let it be tried at once; raise Conflict if it did not fail."""
    task = get_task(task_id)
    if task.state not in FAILED_TASKS:
        raise Conflict(
            f"task {task_id} is {task.state}: only one that failed can be tried again",
            code="task_state",
            state=task.state,
        )
    task.state, task.attempts, task.failures, task.next_attempt_at = "planned", 0, 0, None
    audit.record_action(actor, "task.retried", ("task", task.id), now=now)
    return task


def cancel_task(key: str, *, now: datetime, actor: str, reason: str = "") -> bool:
    """Cancel the open task of this key; return False when there is none."""
    cancelled_id = db.session.scalar(
        update(Task)
        .where(Task.key == key, IS_OPEN)
        .values(state="cancelled", done_at=now, done_by=actor, outcome=reason)
        .returning(Task.id)
    )
    return cancelled_id is not None


def cancel_tasks(reasons: Mapping[str, str], *, now: datetime, actor: str) -> None:
    """Cancel the open tasks of these keys, each for its reason; ignore keys that have none."""
    if not reasons:
        return
    for key in db.session.scalars(select(Task.key).where(Task.key.in_(reasons), IS_OPEN)).all():
        cancel_task(key, now=now, actor=actor, reason=reasons[key])


def withdraw_questions(
    kind: TaskKind, subject_ids: Collection[int], *, now: datetime, actor: str, reason: str
) -> int:
    """Cancel the open tasks of this kind that are about none of these subjects; return how many."""
    open_tasks = db.session.scalars(select(Task).where(Task.kind == kind, IS_OPEN)).all()
    return sum(
        cancel_task(task.key, now=now, actor=actor, reason=reason)
        for task in open_tasks
        if task.subject_id not in subject_ids
    )


def supersede_task(key: str, *, now: datetime, actor: str) -> None:
    """Take a dead task out of the error inbox because another one does its work."""
    db.session.execute(
        update(Task)
        .where(Task.key == key, Task.state == "dead")
        .values(state="cancelled", done_at=now, done_by=actor, outcome="superseded")
    )


def supersede_tasks(kind: TaskKind, subject: tuple[str, int], *, now: datetime, actor: str) -> None:
    """Take the dead tasks of this kind and subject out of the error inbox: somebody decided about it."""
    db.session.execute(
        update(Task)
        .where(Task.subject_type == subject[0], Task.subject_id == subject[1])
        .where(Task.kind == kind, Task.state == "dead")
        .values(state="cancelled", done_at=now, done_by=actor, outcome="superseded")
    )


def reopen_task(key: str, reasons: Sequence[str]) -> bool:
    """Plan a task again that was cancelled for one of these reasons; return False when there is none."""
    reopened_id = db.session.scalar(
        update(Task)
        .where(Task.key == key, Task.state == "cancelled", Task.outcome.in_(reasons))
        .values(
            state="planned", done_at=None, done_by=None, outcome="", attempts=0, failures=0, lease_until=None
        )
        .returning(Task.id)
    )
    return reopened_id is not None


def rename_task(key: str, new_key: str) -> None:
    """Let a task, open or done, be the one about what turned out to be its subject's right name."""
    db.session.execute(update(Task).where(Task.key == key).values(key=new_key))


def give_task_to_donor(key: str, donor_id: int) -> None:
    """Let an open task be for another donor; ignore one that is done or cancelled."""
    db.session.execute(
        update(Task).where(Task.key == key, Task.state.in_(OPEN_TASKS)).values(donor_id=donor_id)
    )


def find_task(key: str) -> Task | None:
    """Return the task of this key, or None."""
    return db.session.scalar(select(Task).filter_by(key=key))


def get_task(task_id: int) -> Task:
    """Return a task, a worker's or a person's; raise NotFound when there is none of this id."""
    task = db.session.get(Task, task_id)
    if task is None:
        raise NotFound(f"there is no task {task_id}")
    return task


def select_tasks(
    *,
    state: TaskState | Literal["open"] | None = None,
    performer: TaskPerformer | None = None,
    kind: TaskKind | None = None,
    donor_id: int | None = None,
    assignee_id: int | None = None,
    due_before: datetime | None = None,
) -> Select[Task]:
    """Return a query for the tasks that fit all that is given; ``open`` is a state too."""
    query = select(Task).where(
        *equals_if_given(Task.performer, performer),
        *equals_if_given(Task.kind, kind),
        *equals_if_given(Task.donor_id, donor_id),
        *equals_if_given(Task.assignee_id, assignee_id),
    )
    if state:
        query = query.where(IS_OPEN if state == "open" else Task.state == state)
    return query if due_before is None else query.where(Task.due_at <= due_before)


def is_for(user_id: int | None) -> ColumnElement[bool]:
    """Return the condition that a task is this user's, or nobody's in particular.

    It names no value that an index of assignees could be asked for: nearly all tasks are nobody's, and
    their due time finds them sooner.
    """
    nobody = 0
    assignee_id = nobody if user_id is None else user_id
    return func.coalesce(Task.assignee_id, assignee_id) == assignee_id


def complete_task(task_id: int, *, outcome: str, now: datetime, actor: str) -> Task:
    """Mark a person's task as done; a second time changes nothing. Raise Conflict for a worker's task and
    for a cancelled one."""
    task = get_task(task_id)
    if task.performer != "person":
        raise Conflict(f"task {task_id} is done by the program, not by a person", code="task_of_worker")
    if task.state == "done":
        return task
    if task.state == "cancelled":
        raise Conflict(f"task {task_id} was cancelled", code="task_state", state=task.state)
    finish_task(task, now=now, actor=actor, outcome=outcome)
    audit.record_action(actor, "task.done", ("task", task.id), now=now, data={"kind": task.kind})
    return task


def postpone_task(task_id: int, *, due_at: datetime, now: datetime, actor: str) -> Task:
    """Put a person's open task off until ``due_at``; raise Conflict for any other task."""
    task = get_task(task_id)
    if task.performer != "person" or task.state not in OPEN_TASKS:
        raise Conflict(
            f"task {task_id} is {task.state}: only an open task of a person can be put off",
            code="task_state",
            state=task.state,
        )
    changes = {"due_at": (task.due_at, due_at)}
    task.due_at = due_at
    audit.record_change(actor, "task.postponed", ("task", task.id), changes, now=now)
    return task
