"""JSON under /api/v1 and the address that providers post to."""

from __future__ import annotations

from typing import Final

from flask import Flask

from donorhub.api import blueprint, bodies, health, http
from donorhub.api.access import audit, logo, users
from donorhub.api.bank import (
    bank_accounts,
    column_mappings,
    entries,
    entry_questions,
    import_rows,
    looks,
    payers,
    same_gifts,
    several_imports,
    statements,
    unknown_payers,
)
from donorhub.api.donors import consents, custom_fields, duplicates, memberships, merges, tags
from donorhub.api.giving import appeals, campaigns, funds, gift_changes
from donorhub.api.messages import consent_texts, suppressions, texts, writing
from donorhub.api.moving import lists, record_files
from donorhub.api.providers import payouts, provider_events, webhook_endpoints, webhooks
from donorhub.api.receipts import receipts
from donorhub.api.recurring import instalments, mandates, recurring_gifts
from donorhub.api.reports import search
from donorhub.api.work import tasks, upgrade_notes

NOUNS: Final = (
    consents.bp,  # with the other views of donors
    duplicates.bp,
    merges.bp,
    memberships.all_memberships,
    tags.all_tags,
    custom_fields.bp,
    custom_fields.hiding,
    gift_changes.bp,  # with the other views of gifts
    funds.bp,
    campaigns.bp,
    appeals.bp,
    recurring_gifts.bp,
    instalments.bp,
    mandates.bp,
    receipts.bp,
    tasks.bp,
    tasks.mine,
    upgrade_notes.bp,
    writing.bp,  # with the other views of messages, and some of donors
    suppressions.bp,
    texts.bp,
    consent_texts.bp,
    several_imports.bp,  # with the other views of imports
    import_rows.bp,
    statements.bp,
    same_gifts.bp,  # with the other views of entries
    entries.bp,
    entry_questions.bp,
    looks.bp,
    looks.all_rules,
    unknown_payers.bp,
    payers.bp,
    unknown_payers.batches,
    bank_accounts.bp,
    column_mappings.bp,
    provider_events.bp,
    payouts.bp,
    webhook_endpoints.bp,
    logo.bp,  # with the other views of the organisation
    users.bp,
    users.all_teams,
    audit.bp,
    lists.bp,
    record_files.bp,
    search.bp,
)


def register(app: Flask) -> None:
    """Add the API to the application."""
    api = http.register(app)
    bodies.register(app)
    blueprint.add_converters(app, api)
    for noun in NOUNS:
        api.register_blueprint(noun)
    app.register_blueprint(health.bp, name="api_health")
    webhooks.register(app)
