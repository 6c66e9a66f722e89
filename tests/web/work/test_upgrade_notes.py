"""The page of what the upgrade mended, and the line on the dashboard that leads to it."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.services.work import upgrade_notes
from tests.services.bank.bank import open_account
from tests.web.bank.bank_world import Staff

LINE = "See what the upgrade mended"


def note_account(now: datetime) -> int:
    """The id of an account of which the upgrade asks."""
    account_id = open_account().id
    note = upgrade_notes.begin_note("ledger_differs", "bank_account", now=now)
    assert note is not None
    upgrade_notes.fill_note(note, [account_id], now=now)
    db.session.commit()
    return account_id


def test_what_was_mended_is_shown_until_seen(database: Flask, now: datetime) -> None:
    """The dashboard leads to the page until somebody says that it was seen; the page stays."""
    admin = Staff(database, "admin")
    assert LINE not in admin.text("/")
    assert "There was nothing to mend." in admin.text("/settings/upgrade")
    account_id = note_account(now)
    assert LINE in admin.text("/")
    page = admin.get("/settings/upgrade").text
    assert f'href="/bank/accounts/{account_id}"' in page
    for _ in range(2):
        assert admin.post("/settings/upgrade/seen").status_code == 302
        assert LINE not in admin.text("/")
    text = admin.text("/settings/upgrade")
    assert "Accounts whose ledger is not what the bank proves" in text and "I have seen this" not in text


def test_upgrade_is_told_to_admins_alone(database: Flask, now: datetime) -> None:
    """Who may not set the organisation up is not led to a page that they may not see."""
    note_account(now)
    accountant = Staff(database, "accountant")
    assert LINE not in accountant.text("/")
    assert accountant.get("/settings/upgrade").status_code == 403
