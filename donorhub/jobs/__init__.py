"""What is done later: dispatching rows to workers, running them, keeping time."""

from __future__ import annotations

from flask import Flask

from donorhub.db import db
from donorhub.jobs import kinds
from donorhub.jobs.kinds import checking, inbox
from donorhub.jobs.queue import perform
from donorhub.jobs.queue.dispatch import Bell, RedisBell, ThreadBell
from donorhub.jobs.queue.inbox_writer import InboxWriter


def register(app: Flask) -> None:
    """Give the application its bell, and the queue the kinds of jobs there are.

    The bell is the thread's in one process and RQ's where there is Redis.
    """
    perform.PERFORMERS.update(kinds.PERFORMERS)
    perform.TOGETHER.update(kinds.TOGETHER)
    app.extensions["donorhub.drain_inbox"] = inbox.drain_inbox
    app.extensions["donorhub.verify"] = checking.check_and_report
    settings = app.extensions["donorhub.settings"]
    bell: Bell = ThreadBell() if settings.is_embedded else RedisBell(settings.redis_url)
    app.extensions["donorhub.bell"] = bell
    with app.app_context():
        app.extensions["donorhub.inbox_writer"] = InboxWriter(db.engine)
