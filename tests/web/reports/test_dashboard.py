"""What the first page says beside its figures."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from donorhub import clock
from tests.services.providers.test_backlog import store_event
from tests.web.bank.bank_world import Staff


def test_dashboard_shows_unread_messages(database: Flask) -> None:
    """From a minute on, and only to who may look after providers."""
    sentence = "messages have waited unread for"
    assert sentence not in Staff(database, "admin").text("/")
    store_event("old", clock.now() - timedelta(minutes=5, seconds=30))
    assert f"{sentence} 5 minutes" in Staff(database, "admin").text("/")
    assert sentence not in Staff(database, "communications").text("/")
