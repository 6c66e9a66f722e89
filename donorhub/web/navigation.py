"""What the navigation of every page leads to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from flask import current_app
from flask_babel import lazy_gettext

from donorhub.domain.access.permissions import Principal
from donorhub.models.states import Lang


class Link(NamedTuple):
    """An entry of the navigation, shown to those who may use it and marked on the pages of its blueprints."""

    endpoint: str
    label: object
    permission: str
    icon: str
    also: tuple[str, ...] = ()

    @property
    def blueprints(self) -> tuple[str, ...]:
        return self.endpoint.partition(".")[0], *self.also


NAVIGATION: Final = (
    Link("dashboard.show_dashboard", lazy_gettext("Dashboard"), "tasks:read", "home"),
    Link("donors.list_donors", lazy_gettext("Donors"), "donors:read", "users", ("moving", "writing")),
    Link("gifts.list_gifts", lazy_gettext("Gifts"), "gifts:read", "coin"),
    Link(
        "recurring.list_recurring_gifts",
        lazy_gettext("Recurring gifts"),
        "recurring:read",
        "repeat",
        ("mandates",),
    ),
    Link("bank.show_bank", lazy_gettext("Bank statements"), "imports:read", "building-bank"),
    Link("tasks.list_tasks", lazy_gettext("Tasks"), "tasks:read", "checklist"),
    Link("receipts.list_receipts", lazy_gettext("Receipts"), "receipts:read", "receipt"),
    Link(
        "messages.list_messages",
        lazy_gettext("Messages"),
        "messages:read",
        "mail",
        ("suppressions", "letters", "runs"),
    ),
    Link("errors.show_error_inbox", lazy_gettext("Error inbox"), "providers:read", "alert-triangle"),
    Link(
        "settings.show_settings",
        lazy_gettext("Settings"),
        "tasks:read",
        "settings",
        (
            "account",
            "audit",
            "custom_fields",
            "downloads",
            "funds",
            "instance",
            "organisation",
            "texts",
            "users",
            "teams",
            "tokens",
            "webhooks",
            "upgrade_notes",
            "first_steps",
        ),
    ),
)


def list_links(reader: Principal | None, lang: Lang) -> list[Link]:
    """Return the entries that a reader may use and that there are pages for; none for a stranger."""
    if reader is None:
        return []
    pages = current_app.view_functions
    links = _write_links(lang)
    return [link for link in links if reader.has_permission(link.permission) and link.endpoint in pages]


@cache
def _write_links(_lang: Lang) -> Sequence[Link]:
    """Return all entries in the language of the page, which looks each up once and not once a page."""
    return [link._replace(label=str(link.label)) for link in NAVIGATION]
