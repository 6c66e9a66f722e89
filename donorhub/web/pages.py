"""The pages there are: one blueprint a noun. A new page is a module and a line here."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

from donorhub.web import bank, health
from donorhub.web.access import account, audit, breaches, data_care, instance, settings, teams, tokens, users
from donorhub.web.donors import custom_fields, merging
from donorhub.web.giving import gift_changes
from donorhub.web.messages import consent_texts, letters, logo, messages, runs, suppressions, texts, writing
from donorhub.web.moving import downloads, records
from donorhub.web.providers import endpoints
from donorhub.web.receipts import receipts
from donorhub.web.recurring import found_gifts, mandates
from donorhub.web.reports import dashboard, first_steps, search
from donorhub.web.work import error_inbox, tasks, upgrade_notes

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    dashboard.bp,
    merging.bp,  # with the other pages of donors
    search.bp,
    gift_changes.bp,  # with the other pages of gifts
    found_gifts.bp,  # with the other pages of recurring gifts
    mandates.bp,
    bank.bp,
    tasks.bp,
    receipts.bp,
    messages.bp,
    suppressions.bp,
    texts.bp,
    letters.bp,
    logo.bp,
    runs.bp,
    writing.bp,
    consent_texts.bp,
    error_inbox.bp,
    settings.bp,
    instance.bp,
    data_care.bp,
    breaches.bp,
    upgrade_notes.bp,
    first_steps.bp,
    custom_fields.bp,
    users.bp,
    teams.bp,
    tokens.bp,
    endpoints.bp,
    account.bp,
    audit.bp,
    downloads.bp,
    records.bp,
    health.bp,
)
