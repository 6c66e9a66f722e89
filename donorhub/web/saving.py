"""The end of what a page does: it is kept, the workers are told, and the reader too."""

from __future__ import annotations

from flask import flash
from flask_babel import get_locale
from markupsafe import Markup

from donorhub.db import db, set_reading
from donorhub.jobs.queue.dispatch import dispatch_tasks


def commit() -> None:
    """Keep what this request did, and tell the workers; from here on it only reads.

    SQLite's one write lock is so taken once a request: what a page says of what was kept needs it no more.
    """
    get_locale()  # it is kept for the request: afterwards it would read anew who is signed in
    db.session.commit()
    set_reading(True)
    dispatch_tasks()


def tell_reader(text: str, kind: str = "ok") -> None:
    """Show a sentence on the next page: ``ok``, ``warn`` or ``no``."""
    flash(Markup.escape(text), kind)
