"""What is done later: dispatching rows to workers, running them, keeping time."""

from __future__ import annotations

from flask import Flask

from donorhub.jobs.dispatch import Bell, RedisBell, ThreadBell


def register(app: Flask) -> None:
    """Give the application its bell: the thread's in one process, RQ's where there is Redis."""
    settings = app.extensions["donorhub.settings"]
    bell: Bell = ThreadBell() if settings.is_embedded else RedisBell(settings.redis_url)
    app.extensions["donorhub.bell"] = bell
