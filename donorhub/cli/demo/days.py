"""The last weeks at the demo's office: instalments that were missed, thank-yous that went out, what the
staff did about their tasks, and what is left for today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from donorhub.cli.demo.bank import OUR_ACCOUNTS
from donorhub.cli.demo.people import Person
from donorhub.db import db
from donorhub.models import Coverage, Task
from donorhub.models.states import TaskKind
from donorhub.services.access import organisation, users
from donorhub.services.bank.files import bank_accounts
from donorhub.services.messages import leaving, messages, thank_yous
from donorhub.services.recurring import known_banks, overdue
from donorhub.services.work import tasks

ACTOR: Final = "cli:demo"
SWEEP_DAYS: Final = (24, 12, 5, 2, 1, 0)  # so many days ago overdue instalments were looked for
DONE_AFTER: Final = timedelta(hours=30)  # what fell due before that has been done
KNOWN_DAYS: Final = timedelta(days=1000)  # so long the office has had its bank files
DOMAIN: Final = "demo.example"
OUTCOMES: Final = (  # Arta writes as she speaks
    "E telefonova, do të paguajë këtë javë.",
    "E ka ndërruar bankën, e rregullon urdhrin.",
    "Nuk u përgjigj, i shkrova një letër.",
)
POSTPONED_COUNT: Final = 5  # tasks of the last days that were put off until today
CALLS: Final = ((10, 0), (20, 0), (30, 1), (47, 0), (85, 3), (111, 0))  # place of the donor, days from today


def add_days(people: Sequence[Person], *, now: datetime) -> None:
    """Let the days pass up to now, and leave a handful of tasks of each kind."""
    for days in SWEEP_DAYS:
        then = now - timedelta(days=days)
        _know_banks(now=then)
        overdue.advance_recurring_gifts(today=organisation.get_day(then), now=then, actor=ACTOR)
        _perform_tasks("thank_you", _plan_thank_you, now=then)
        _perform_tasks("send_message", _send_message, now=then)
    db.session.flush()
    _plan_calls(people, now=now)
    _plan_welcomes(people, now=now)
    _finish_due_tasks(now=now)


def _know_banks(*, now: datetime) -> None:
    """Let the accounts that standing orders come to be known up to yesterday: the office imports each day."""
    yesterday = organisation.get_day(now) - timedelta(days=1)
    for account, currency in (("camt", "PLN"), ("mt940", "EUR")):
        ours = bank_accounts.create_account(OUR_ACCOUNTS[account], currency, now=now, actor=ACTOR)
        db.session.add(
            Coverage(
                source=known_banks.name_source(ours.id),
                known_from=yesterday - KNOWN_DAYS,
                known_to=yesterday,
                recorded_at=now,
            )
        )
    db.session.flush()


def _perform_tasks(kind: TaskKind, perform: Callable[[Task, datetime], str], *, now: datetime) -> None:
    """Finish the worker's tasks of one kind that were due by now, each at the time when it was due."""
    open_tasks = db.session.scalars(
        select(Task)
        .where(Task.kind == kind, Task.performer == "worker", Task.state == "planned")
        .where(Task.due_at <= now)
        .order_by(Task.due_at, Task.id)
    ).all()
    for task in open_tasks:
        tasks.finish_task(task, now=task.due_at, actor="system:0", outcome=perform(task, task.due_at))
    db.session.flush()


def _plan_thank_you(task: Task, at: datetime) -> str:
    return thank_yous.plan_thank_you(task, now=at, domain=DOMAIN)


def _send_message(task: Task, at: datetime) -> str:
    """Mark a message as sent, or suppress it; there is no mail server, the program shows what it says."""
    message = messages.claim_message(task.subject_id)
    if message is None:
        return "known"
    if leaving.suppress_if_needed(message, now=at):
        return "suppressed"
    messages.mark_as_sent(message, now=at)
    return "sent"


def _plan_calls(people: Sequence[Person], *, now: datetime) -> None:
    """Plan calls, some of them to donors on the caller's own list."""
    for place, days in CALLS:
        _plan_task("call", people[place], due_at=_compute_evening(now) + timedelta(days=days), now=now)


def _plan_welcomes(people: Sequence[Person], *, now: datetime) -> None:
    """Plan a personal welcome for the three donors who came last."""
    newest_people = sorted(people, key=lambda person: (person.joined_days_ago, person.donor.id))
    for place, person in enumerate(newest_people[:3]):
        _plan_task("new_donor", person, due_at=_compute_evening(now) + timedelta(days=place), now=now)


def _plan_task(kind: TaskKind, person: Person, *, due_at: datetime, now: datetime) -> None:
    tasks.plan_task(
        f"demo:{kind}:{person.donor.id}",
        kind=kind,
        role="fundraiser",
        assignee_id=person.donor.owner_id,
        subject=("donor", person.donor.id),
        donor_id=person.donor.id,
        due_at=due_at,
        now=now - timedelta(days=1),
    )


def _finish_due_tasks(*, now: datetime) -> None:
    """Complete people's tasks that fell due long ago; put off the last few, the accountant's, until today."""
    fundraiser = users.find_user("arta@demo.example")
    actor = f"user:{fundraiser.id}" if fundraiser else ACTOR
    due_tasks = db.session.scalars(
        select(Task)
        .where(Task.performer == "person", Task.state == "planned", Task.due_at < now - DONE_AFTER)
        .order_by(Task.role == "accountant", Task.due_at, Task.id)
    ).all()
    for number, task in enumerate(due_tasks[:-POSTPONED_COUNT]):
        outcome = OUTCOMES[number % len(OUTCOMES)]
        tasks.complete_task(task.id, outcome=outcome, now=task.due_at - timedelta(hours=5), actor=actor)
    for task in due_tasks[-POSTPONED_COUNT:]:
        tasks.postpone_task(task.id, due_at=_compute_evening(now), now=now - timedelta(days=1), actor=actor)


def _compute_evening(now: datetime) -> datetime:
    """Return a time late enough today that no task is overdue while somebody looks at the demo."""
    return now.astimezone(organisation.get_zone()).replace(hour=22, minute=0)
