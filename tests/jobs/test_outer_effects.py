"""Whatever reaches people or providers waits while the instance is held, and leaves once it is adopted.

What can reach them is listed here by hand, against what the gateways have.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.jobs.kinds import PERFORMERS
from donorhub.jobs.queue import perform, timer
from donorhub.jobs.queue.worker import work_once
from donorhub.models import Message, ProviderEvent, Task, WebhookEndpoint
from donorhub.models.states import OUTWARD_TASKS
from donorhub.services.access import instance, users
from donorhub.services.donors import donors
from donorhub.services.providers import endpoints, inbox
from donorhub.services.work import claims, tasks
from tests.copies import copied
from tests.services.messages.test_messages import give
from tests.services.messages.test_receipt_mail import issue, send
from tests.services.providers.test_payments import open_endpoint
from tests.smtp import SmtpServer, smtp_server
from tests.webhooks import scenarios
from webhooks.stripe.events import Stripe

GATEWAYS = Path(__file__).parents[2] / "donorhub" / "gateways"
# What each thing that a gateway offers reaches, and which kind of task alone calls it; "-": nobody.
OFFERS = {
    "mailer.Smtp.send_message": "send_message",
    "mailer.Smtp.try_out": "- signs in and sends nothing, for `donorhub doctor` while nothing is held",
    "mailer.Outbox.send_message": "- keeps it",
    "mailer.Mailer.send_message": "- a protocol",
    "mailer.make_mailer": "- opens nothing yet",
    "mailer.compose_message": "- writes a text",
    "opening.open_gateway": "- opens nothing yet",
    "providers.Gateway.list_payout_items": "- a protocol",
    "stripe.StripeGateway.list_payout_items": "fetch_payout_items",
}
Plan = Callable[[datetime], None]


@pytest.fixture
def mail(database: Flask) -> Iterator[SmtpServer]:
    with smtp_server() as server:
        settings = database.extensions["donorhub.settings"]
        database.extensions["donorhub.settings"] = dataclasses.replace(settings, smtp_url=server.url)
        yield server
        database.extensions["donorhub.settings"] = settings


def list_offers() -> Iterator[str]:
    for path in GATEWAYS.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{path.stem}.{node.name}"
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                        yield f"{path.stem}.{node.name}.{part.name}"


def test_every_offer_of_a_gateway_is_listed() -> None:
    """A new way out needs its line here, and its kind of task among those that wait."""
    assert sorted(list_offers()) == sorted(OFFERS)
    assert {kind for kind in OFFERS.values() if not kind.startswith("-")} == set(OUTWARD_TASKS)
    assert set(OUTWARD_TASKS) <= set(PERFORMERS)


def test_only_these_kinds_import_a_gateway() -> None:
    """No other kind of task, service, page or command can call out: none of them knows a gateway."""
    root = GATEWAYS.parent
    importers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if path.parent != GATEWAYS and "donorhub.gateways" in path.read_text()
    }
    assert importers == {"jobs/kinds/inbox.py", "jobs/kinds/sending.py", "jobs/soundness.py"}


def plan_thank_you(now: datetime) -> None:
    give(now)


def plan_receipt(now: datetime) -> None:
    send(issue(now), now)


def plan_note_to_staff(now: datetime) -> None:
    users.create_user(
        "f@example.org", name="F", password="a-password-kept", roles=["admin"], now=now, actor="t"
    )
    donors.create_donor({"name": "Zofia"}, source="form", now=now, actor="t")
    tasks.plan_task(
        "new_donor:1",
        kind="new_donor",
        performer="worker",
        role="admin",
        subject=("donor", 1),
        due_at=now,
        now=now,
    )
    db.session.commit()


def work(app: Flask) -> None:
    for _ in range(4):
        work_once(app)
    db.session.rollback()


@pytest.mark.parametrize("plan", [plan_thank_you, plan_receipt, plan_note_to_staff])
def test_no_mail_leaves_a_copy(
    database: Flask, mail: SmtpServer, now: datetime, plan: Plan, cheap_passwords: None
) -> None:
    """A copy plans a message and keeps it, untouched; adopted, it sends it once."""
    with copied():
        plan(now)
        work(database)
        assert mail.messages == []
        messages = db.session.scalars(select(Message)).all()
        assert messages and {message.state for message in messages} == {"planned"}
        sendings = db.session.scalars(select(Task).where(Task.kind == "send_message")).all()
        assert {(task.state, task.attempts, task.lease_until) for task in sendings} == {("planned", 0, None)}
        instance.adopt_instance(now=now, actor="user:1")
        db.session.commit()
        work(database)
        assert len(mail.messages) == len(messages)


def test_what_was_claimed_before_a_hold_stays(database: Flask, mail: SmtpServer, now: datetime) -> None:
    """A message whose task was claimed in the moment of the hold does not leave either."""
    give(now)
    with copied():
        work(database)
        task_id = db.session.scalars(select(Task.id).where(Task.kind == "send_message")).one()
        db.session.execute(Task.__table__.update().values(state="queued"))
        db.session.commit()
        perform.perform_tasks([task_id])
        db.session.commit()
        assert mail.messages == [] and claims.lock_claimed_tasks([task_id]) == []


def store_events(endpoint: WebhookEndpoint, now: datetime) -> None:
    seen = endpoints.open_endpoint("stripe", endpoint.slug, now=now).seen_by_adapter
    for body in scenarios.partial_refund("a"):
        for event in Stripe().split_message(scenarios.to_body(body), {}, seen):
            row = inbox.make_event_row(endpoint.id, "stripe", event, now=now, source="http")
            inbox.store_events(db.session.connection(), [row])
    db.session.commit()


def test_events_wait_in_a_copy(database: Flask, now: datetime) -> None:
    """A copy keeps what providers send and works none of it off; adopted, it does."""
    store_events(open_endpoint(now), now)
    with copied():
        work(database)
        assert set(db.session.scalars(select(ProviderEvent.state))) == {"received"}
        instance.adopt_instance(now=now, actor="user:1")
        db.session.commit()
        work(database)
        assert "received" not in set(db.session.scalars(select(ProviderEvent.state)))


def test_the_clock_ends_nothing_in_a_copy(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would call gifts missed, end promises or ask after payments waits; all else goes on."""
    done: list[str] = []
    keeper = timer.Timer()
    for step in keeper._steps:
        step.last = float("-inf")
        if step.name != "place":
            monkeypatch.setattr(step, "do", lambda name=step.name: done.append(name) or 0)
    with copied():
        keeper.run_due_steps()
        held = {step.name for step in keeper._steps} - {*done, "place"}
        # duplicates: which may make two records one
        assert held == {
            "recurring",
            "provider gaps",
            "duplicates",
            "positions",
            "standing orders",
            "suspense",
        }
        instance.adopt_instance(now=datetime.fromisoformat("2026-11-22T10:00:00+00:00"), actor="user:1")
        db.session.commit()
        keeper.run_due_steps()
        assert {*held} <= {*done}


def test_the_timer_notes_a_place(database: Flask) -> None:
    """A server's own place is noted at its first look, and a look at a copy changes nothing."""
    before = instance.get_instance().place
    db.session.rollback()
    keeper = timer.Timer()
    for step in keeper._steps:
        step.last = 0 if step.name == "place" else float("inf")
    keeper.run_due_steps()
    assert before == {} and instance.get_instance().place
