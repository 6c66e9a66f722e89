"""The pages there are: one blueprint a noun. A new page is a module and a line here."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

from donorhub.web import (
    account,
    bank,
    dashboard,
    donors,
    errors,
    gifts,
    health,
    messages,
    receipts,
    recurring,
    settings,
    tasks,
    tokens,
    users,
    webhooks,
)

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    dashboard.bp,
    donors.bp,
    gifts.bp,
    recurring.bp,
    bank.bp,
    tasks.bp,
    receipts.bp,
    messages.bp,
    errors.bp,
    settings.bp,
    users.bp,
    tokens.bp,
    webhooks.bp,
    account.bp,
    health.bp,
)
