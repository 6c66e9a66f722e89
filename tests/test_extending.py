"""What docs/extending.md says to add is taken up by the running program: a provider."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

import webhooks
from donorhub.db import db
from donorhub.jobs.kinds import inbox
from donorhub.models import Gift
from donorhub.services.providers import endpoints
from tests.api.conftest import apart
from tests.test_docs import example, run


def test_provider_example_makes_a_gift(
    database: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the example of a provider reports becomes a gift, once."""
    adapter = run(example("donorhub_example/__init__.py"))["Example"]()
    monkeypatch.setitem(webhooks._OURS, "example", adapter)
    endpoint = endpoints.create_endpoint("example", "s", now=now, actor="t")
    db.session.commit()
    raw = (
        b'{"id":"1","at":1764000000,"payment":"p1","minor":5000,"currency":"PLN","email":"a@b.pl","name":"A",'
        b'"method":"quick"}'
    )
    signed = {"X-Signature": hmac.new(b"s", raw, hashlib.sha256).hexdigest()}
    path = f"/webhooks/example/{endpoint.slug}"
    answers = [apart(database.test_client().post, path, data=raw, headers=signed) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "OK"), (200, "OK")]
    inbox.drain_inbox(database.extensions["donorhub.settings"])
    gift = db.session.scalars(select(Gift)).one()
    assert (gift.source, gift.source_ref, gift.amount_minor, gift.method) == ("example:", "p1", 5000, "blik")
