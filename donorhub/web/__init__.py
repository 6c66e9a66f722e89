"""Staff screens and public pages in HTML. They work without JavaScript and in three languages."""

from __future__ import annotations

from flask import Flask

from donorhub.web import shell
from donorhub.web.donors.copies import render_copy
from donorhub.web.moving.wording import open_wording
from donorhub.web.pages import BLUEPRINTS


def register(app: Flask) -> None:
    """Add the pages to the application."""
    shell.register(app)
    app.extensions["donorhub.render_copy"] = render_copy  # for a command, which knows no pages
    app.extensions["donorhub.list_wording"] = open_wording  # for jobs and commands, which know no pages
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
