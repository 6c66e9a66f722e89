"""JSON under /api/v1 and the address that providers post to."""

from __future__ import annotations

from typing import Final

from flask import Flask

from donorhub.api import (
    appeals,
    blueprint,
    bodies,
    campaigns,
    donors,
    funds,
    gifts,
    health,
    http,
    receipts,
    tasks,
    webhooks,
)

NOUNS: Final = (
    donors.bp, gifts.bp, funds.bp, campaigns.bp, appeals.bp, receipts.bp, tasks.bp, tasks.mine,
)  # fmt: skip


def register(app: Flask) -> None:
    """Add the API to the application."""
    api = http.register(app)
    bodies.register(app)
    blueprint.add_converters(app, api)
    for noun in NOUNS:
        api.register_blueprint(noun)
    app.register_blueprint(health.bp)
    app.register_blueprint(webhooks.bp)
