"""A single decision does what was shown, at pages and over the API; tests/shown_worlds.py has each.

The digest of what was shown is posted after somebody else changed it: no row of any table changes, and how it
is now comes back. Posted twice it acts once.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Protocol

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.services.access import users
from tests.api.conftest import Caller
from tests.contents import Contents
from tests.shown_papers import PAPER_DEEDS
from tests.shown_promises import PROMISE_DEEDS
from tests.shown_worlds import ENTRY_DEEDS, Deed
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import rows

DEEDS = (*ENTRY_DEEDS, *PROMISE_DEEDS, *PAPER_DEEDS)


class Door(Protocol):
    """One way in: it shows a thing, and gives what confirms a decision of it."""

    def show(self, deed: Deed) -> dict[str, Any]: ...

    def decide(self, deed: Deed, fields: dict[str, Any]) -> bool: ...


class Page:
    """Somebody at a browser."""

    def __init__(self, app: Flask) -> None:
        self.staff = Staff(app, "admin")

    def show(self, deed: Deed) -> dict[str, Any]:
        text = self.staff.get(deed.page).text
        values = {
            name: unescape(re.findall(rf'name="{field}"[^>]* value="([^"]+)"', text)[0])
            for name, field in deed.names.items()
        }
        digest = self.staff.digest_of(
            deed.path, at="" if deed.path.endswith(("new-donor", "split")) else deed.page
        )
        return {**deed.fields, **values, "digest": digest}

    def decide(self, deed: Deed, fields: dict[str, Any]) -> bool:
        answer = self.staff.post(deed.path, **fields)
        if answer.status_code == 422:
            assert "his changed since it was shown" in words_of(answer.text), words_of(answer.text)[:400]
        return answer.status_code == 302


class Api:
    """A program with a token."""

    def __init__(self, app: Flask) -> None:
        _, token = users.create_token("doors", PERMISSIONS, now=clock.now(), actor="system:0")
        db.session.commit()
        self.caller = Caller(app, token)

    def show(self, deed: Deed) -> dict[str, Any]:
        answer = self.caller.get(deed.api_page)
        assert answer.status_code == 200, answer.text
        return {**deed.body, "digest": deed.api_digest(answer.get_json())}

    def decide(self, deed: Deed, fields: dict[str, Any]) -> bool:
        answer = self.caller.post(deed.api_path, fields)
        if answer.status_code == 409:
            assert answer.get_json()["code"] == "changed", answer.text
            assert answer.get_json()["preview"]["digest"] not in ("", fields["digest"])
        return answer.status_code < 300


def read_rows() -> Contents:
    """Every row but the keys under which programs send a thing once."""
    contents = rows()
    contents.pop("idempotency_key", None)
    return contents


@pytest.fixture(params=DEEDS, ids=lambda deed: deed.name)
def deed(request: pytest.FixtureRequest, database: Flask) -> Deed:
    found: Deed = request.param
    found.prepare()
    let_write()
    return found


@pytest.fixture(params=["page", "api"])
def door(request: pytest.FixtureRequest, deed: Deed, database: Flask) -> Door:
    if request.param == "api" and not deed.api_page:
        pytest.skip("programs do this by another address")
    return Api(database) if request.param == "api" else Page(database)


def test_shown_thing_is_decided_once(deed: Deed, door: Door) -> None:
    """What was shown is decided when its digest is posted; posted twice it acts once."""
    fields = door.show(deed)
    before = read_rows()
    assert door.decide(deed, fields)
    after = read_rows()
    assert after != before
    door.decide(deed, fields)
    assert read_rows() == after


def test_changed_thing_is_shown_anew(deed: Deed, door: Door) -> None:
    """Where somebody else changed it since, no row changes, and what is shown now can be decided."""
    fields = door.show(deed)
    deed.change()
    before = read_rows()
    assert not door.decide(deed, fields)
    assert read_rows() == before


def test_form_without_digest_decides_nothing(database: Flask, deed: Deed) -> None:
    """A form that says nothing of what was shown changes no row."""
    page = Page(database)
    fields = page.show(deed)
    before = read_rows()
    if "choice" in fields:
        fields["choice"] = "donor:1-5000"  # as forms of before named it
    assert not page.decide(deed, {**fields, "digest": ""})
    assert read_rows() == before
