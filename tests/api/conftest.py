"""A caller with a token, and rows to ask for."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection
from contextvars import Context
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from donorhub.db import db, read_only
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import Donor, Gift
from donorhub.money import Money
from donorhub.services.access import organisation, users
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from tests.contents import Contents, read_contents


class Caller:
    """A program that speaks JSON to the API with its token."""

    def __init__(self, app: Flask, token: str) -> None:
        self._client: FlaskClient = app.test_client()
        self.token = token

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any = None, *, key: str | None = "", **more: Any) -> TestResponse:
        """``key`` "" draws a new one, None sends none."""
        headers = {**more.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        return self.send("POST", path, body, headers=headers, **more)

    def patch(self, path: str, body: Any, *, etag: str | None = None) -> TestResponse:
        return self.send("PATCH", path, body, headers={"If-Match": etag} if etag else {})

    def put(self, path: str, body: Any) -> TestResponse:
        return self.send("PUT", path, body)

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        if body is not None:
            more = {"data": json.dumps(body), "content_type": "application/json", **more}
        given = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return apart(self._client.open, "/api/v1" + path, method=method, headers=given, **more)


def apart(send: Callable[..., TestResponse], *args: Any, **more: Any) -> TestResponse:
    """Send a request as a server would answer it: in a session of its own, while ours holds nothing."""
    if has_app_context():
        db.session.rollback()
    return Context().run(send, *args, **more)


@pytest.fixture
def caller_with(database: Flask, now: datetime) -> Callable[..., Caller]:
    def make(scopes: Collection[str] = PERMISSIONS, name: str = "test") -> Caller:
        _, text = users.create_token(name, scopes, now=now, actor="system:0")
        db.session.commit()
        return Caller(database, text)

    return make


@pytest.fixture
def api(caller_with: Callable[..., Caller]) -> Caller:
    """Somebody who may do everything."""
    return caller_with()


@pytest.fixture
def donor(database: Flask, now: datetime) -> Donor:
    made = donors.create_donor(
        {
            "given_name": "Łucja",
            "family_name": "Żółć",
            "email": "lucja@example.org",
            "lang": "pl",
            "street": "ul. Długa 1",
            "postcode": "00-001",
            "city": "Łódź",
            "country": "PL",
        },
        source="test",
        now=now,
        actor="system:0",
    )
    organisation.change_organisation(
        {
            "street": "ul. Krótka 2",
            "city": "Warszawa",
            "postcode": "00-002",
            "ids": {"KRS": "0000123456", "NIP": "5252810770", "REGON": "123456785"},
        },
        now=now,
        actor="system:0",
    )
    db.session.commit()
    return made


@pytest.fixture
def gift(donor: Donor, now: datetime) -> Gift:
    made, _ = gifts.record_gift(
        donor.id,
        Money(5000, "PLN"),
        received_on=date(2026, 11, 20),
        source="test",
        source_ref="1",
        now=now,
        actor="system:0",
    )
    db.session.commit()
    return made


def dump() -> Contents:
    """What every table holds, to see whether a refusal changed anything."""
    db.session.rollback()
    with read_only():
        contents = read_contents()
        db.session.rollback()
    return contents


def problem(response: TestResponse) -> dict[str, Any]:
    """The problem that an answer holds."""
    assert response.content_type == "application/problem+json", response.data
    said: dict[str, Any] = response.get_json(force=True)
    assert said["status"] == response.status_code
    return said
