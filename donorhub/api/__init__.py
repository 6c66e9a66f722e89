"""JSON under /api/v1 and the address that providers post to."""

from __future__ import annotations

from typing import Final

from flask import Flask

from donorhub.api import (
    appeals,
    audit,
    bank_accounts,
    blueprint,
    bodies,
    campaigns,
    column_mappings,
    donors,
    entries,
    funds,
    gifts,
    health,
    http,
    imports,
    instalments,
    messages,
    organisation,
    payouts,
    provider_events,
    receipts,
    recurring,
    statements,
    tasks,
    users,
    webhook_endpoints,
    webhooks,
)

NOUNS: Final = (
    donors.bp, gifts.bp, funds.bp, campaigns.bp, appeals.bp, recurring.bp, instalments.bp,
    receipts.bp, tasks.bp, tasks.mine, messages.bp,
    imports.bp, statements.bp, entries.bp, bank_accounts.bp, column_mappings.bp,
    provider_events.bp, payouts.bp, webhook_endpoints.bp,
    organisation.bp, users.bp, audit.bp,
)  # fmt: skip


def register(app: Flask) -> None:
    """Add the API to the application."""
    api = http.register(app)
    bodies.register(app)
    blueprint.add_converters(app, api)
    for noun in NOUNS:
        api.register_blueprint(noun)
    app.register_blueprint(health.bp, name="api_health")
    app.register_blueprint(webhooks.bp, name="api_webhooks")
