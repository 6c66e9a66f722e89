"""JSON under /api/v1 and the address that providers post to."""

from __future__ import annotations

from flask import Flask

from donorhub.api import http, webhooks


def register(app: Flask) -> None:
    """Add the API to the application."""
    http.register(app)
    app.register_blueprint(webhooks.bp)
