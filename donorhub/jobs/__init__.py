"""What is done later: dispatching rows to workers, running them, keeping time."""

from __future__ import annotations

from flask import Flask

from donorhub.db import db
from donorhub.jobs.queue.dispatch import Bell, RedisBell, ThreadBell
from donorhub.jobs.queue.inbox_writer import InboxWriter


def register(app: Flask) -> None:
    """Give the application its bell: the thread's in one process, RQ's where there is Redis."""
    settings = app.extensions["donorhub.settings"]
    bell: Bell = ThreadBell() if settings.is_embedded else RedisBell(settings.redis_url)
    app.extensions["donorhub.bell"] = bell
    with app.app_context():
        app.extensions["donorhub.inbox_writer"] = InboxWriter(db.engine)
