"""Sending: what can never leave is said at once."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.jobs.queue import run
from donorhub.models import Message, Task
from donorhub.services.donors import donors
from donorhub.services.messages import messages


def test_unwritable_address_is_refused_once(database: Flask, now: datetime) -> None:
    """An address that mail cannot be written to is refused once, and the message says so."""
    donor = donors.create_donor({"name": "Łucja"}, source="import:t", now=now, actor="t")
    messages.plan_message(
        "thank_you",
        {"salutation": "x", "amount": "1", "received_on": "x", "organisation": "x", "funds": ""},
        key="k",
        task_id=None,
        donor=donor,
        to_address="łucja@exa mple.org",
        lang="pl",
        now=now,
        domain="x.pl",
    )
    db.session.commit()
    task_id = db.session.query(Task.id).filter_by(kind="send_message").scalar()
    assert run.run_task(task_id)
    message, task = db.session.query(Message).one(), db.session.get(Task, task_id)
    assert (message.state, task and task.outcome) == ("failed", "refused")
    assert message.last_error.startswith("this address cannot be written to")
