"""The API and the webhooks stand apart from the pages: no cookies, no sign-in, no forms."""

from __future__ import annotations

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from donorhub.api.http import PREFIX
from tests.web.bank.bank_world import Staff

PATHS = ["/api/v1/donors", "/api/v1/nothing", "/api/health", "/webhooks/stripe/none"]


@pytest.mark.parametrize("path", PATHS)
def test_no_cookie_is_read_or_set(database: Flask, path: str) -> None:
    staff = Staff(database, "admin")
    answer = staff.client.open(path, method="POST" if path.startswith("/webhooks") else "GET", data=b"{}")
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_page_reads_its_cookie(database: Flask) -> None:
    assert "Cookie" in Staff(database, "admin").get("/donors").headers["Vary"]


def test_who_is_signed_in_needs_a_token(database: Flask) -> None:
    assert Staff(database, "admin").client.get(PREFIX + "/donors").status_code == 401


def test_nothing_can_be_kept_in_the_session(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view of the API that tried would fail in its first test."""
    with app.test_request_context(PREFIX + "/donors"), pytest.raises(RuntimeError, match="session"):
        session["x"] = 1


def test_a_form_needs_its_token(client: FlaskClient) -> None:
    assert client.post("/donors/new", data={"name": "X"}).status_code == 400


@pytest.mark.parametrize("path", [*PATHS, "/donors", "/nothing"])
def test_every_answer_has_its_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers.getlist("Cache-Control") == ["no-store"]
    assert len(headers["X-Request-Id"]) == 32
    if not path.startswith("/webhooks/"):  # no browser shows what a provider is told
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
