"""Staff screens and public pages in HTML. They work without JavaScript and in three languages."""

from __future__ import annotations

from flask import Flask

from donorhub.web import shell
from donorhub.web.pages import BLUEPRINTS


def register(app: Flask) -> None:
    """Add the pages to the application."""
    shell.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
