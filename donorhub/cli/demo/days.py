"""The last weeks at the demo's office: instalments that were missed, thank-yous that went out, what the
staff did about their tasks, and what is left for today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from donorhub.cli.demo.people import Person
from donorhub.db import db
from donorhub.models import Task
from donorhub.models.states import TaskKind
from donorhub.services.access import organisation, users
from donorhub.services.messages import messages
from donorhub.services.recurring import overdue
from donorhub.services.work import tasks

ACTOR: Final = "cli:demo"
LOOKED: Final = (24, 12, 5, 2, 1, 0)  # days ago on which the calendar moved what was overdue
BEHIND: Final = timedelta(hours=30)  # what fell due before that has been done
DOMAIN: Final = "demo.example"
OUTCOMES: Final = (  # Arta writes as she speaks
    "E telefonova, do të paguajë këtë javë.",
    "E ka ndërruar bankën, e rregullon urdhrin.",
    "Nuk u përgjigj, i shkrova një letër.",
)
PUT_OFF: Final = 5  # tasks of the last days that were put off until today
CALLS: Final = ((10, 0), (20, 0), (30, 1), (47, 0), (85, 3), (111, 0))  # place of the donor, days from today


def add(people: Sequence[Person], *, now: datetime) -> None:
    """Let the days pass up to now, and leave a handful of tasks of each kind."""
    for days in LOOKED:
        then = now - timedelta(days=days)
        overdue.advance_recurring_gifts(today=organisation.get_day(then), now=then, actor=ACTOR)
        _work_off("thank_you", _thank, now=then)
        _work_off("send_message", _send, now=then)
    db.session.flush()
    _calls(people, now=now)
    _greetings(people, now=now)
    _do_what_was_due(now=now)


def _work_off(kind: TaskKind, perform: Callable[[Task, datetime], str], *, now: datetime) -> None:
    """What the worker did, at the time when it was due. What came in the last minutes is left to it."""
    waiting = db.session.scalars(
        select(Task)
        .where(Task.kind == kind, Task.performer == "worker", Task.state == "planned")
        .where(Task.due_at <= now)
        .order_by(Task.due_at, Task.id)
    ).all()
    for task in waiting:
        tasks.finish_task(task, now=task.due_at, actor="system:0", outcome=perform(task, task.due_at))
    db.session.flush()


def _thank(task: Task, at: datetime) -> str:
    return messages.plan_thank_you(task, now=at, domain=DOMAIN)


def _send(task: Task, at: datetime) -> str:
    """The demo has no mail server: what is sent can be read in the program."""
    message = messages.claim_message(task.subject_id)
    if message is None:
        return "known"
    if messages.suppress_if_needed(message):
        return "suppressed"
    messages.mark_as_sent(message, now=at)
    return "sent"


def _calls(people: Sequence[Person], *, now: datetime) -> None:
    """Calls, some of them to donors on the caller's own list."""
    for place, days in CALLS:
        _plan("call", people[place], due_at=_this_evening(now) + timedelta(days=days), now=now)


def _greetings(people: Sequence[Person], *, now: datetime) -> None:
    """Those who came last and gave most are welcomed in person."""
    newest = sorted(people, key=lambda person: (person.joined_days_ago, person.donor.id))
    for place, person in enumerate(newest[:3]):
        _plan("new_donor", person, due_at=_this_evening(now) + timedelta(days=place), now=now)


def _plan(kind: TaskKind, person: Person, *, due_at: datetime, now: datetime) -> None:
    tasks.plan_task(
        f"demo:{kind}:{person.donor.id}",
        kind=kind,
        performer="person",
        role="fundraiser",
        assignee_id=person.donor.owner_id,
        subject=("donor", person.donor.id),
        donor_id=person.donor.id,
        due_at=due_at,
        now=now - timedelta(days=1),
    )


def _do_what_was_due(*, now: datetime) -> None:
    """What fell due before yesterday is done, but for the last few and the accountant's, which were put off
    until today."""
    fundraiser = users.find_user("arta@demo.example")
    actor = f"user:{fundraiser.id}" if fundraiser else ACTOR
    old = db.session.scalars(
        select(Task)
        .where(Task.performer == "person", Task.state == "planned", Task.due_at < now - BEHIND)
        .order_by(Task.role == "accountant", Task.due_at, Task.id)
    ).all()
    for number, task in enumerate(old[:-PUT_OFF]):
        outcome = OUTCOMES[number % len(OUTCOMES)]
        tasks.complete_task(task.id, outcome=outcome, now=task.due_at - timedelta(hours=5), actor=actor)
    for task in old[-PUT_OFF:]:
        tasks.postpone_task(task.id, due_at=_this_evening(now), now=now - timedelta(days=1), actor=actor)


def _this_evening(now: datetime) -> datetime:
    """Late enough today that a task is not overdue while somebody looks at the demo."""
    return now.astimezone(organisation.get_zone()).replace(hour=22, minute=0)
