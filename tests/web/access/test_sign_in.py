"""Signing in: only with the right password, not too often, never onward to another host."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.services.access import users
from tests.web.bank.bank_world import let_write, token_in
from tests.web.desk import ACTOR

PASSWORD = "a long enough password"


@pytest.fixture
def client(database: Flask) -> FlaskClient:
    users.create_user(
        "ola@example.org", name="Ola", password=PASSWORD, roles=["admin"], now=clock.now(), actor=ACTOR
    )
    db.session.commit()
    let_write()
    return database.test_client()


@pytest.fixture
def limited(database: Flask) -> Iterator[None]:
    limiter = database.extensions["donorhub.limiter"]
    limiter.enabled = True
    limiter.reset()
    yield
    limiter.enabled = False


def sign_in(client: FlaskClient, password: str, email: str = "ola@example.org", **more: str) -> TestResponse:
    let_write()
    token = token_in(client.get("/sign-in").text)
    let_write()
    answer = client.post("/sign-in", data={"csrf_token": token, "email": email, "password": password, **more})
    let_write()
    return answer


def test_sign_in_opens_and_sign_out_closes(client: FlaskClient) -> None:
    """The right password opens the dashboard, and signing out closes it."""
    assert sign_in(client, PASSWORD).status_code == 302
    page = client.get("/")
    assert page.status_code == 200 and "Ola" in page.text
    let_write()
    assert client.post("/sign-out", data={"csrf_token": token_in(page.text)}).status_code == 302
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("password", ["x" * 1001, "x" * 100_000, "ż" * 4000, "a\0b", ""])
def test_impossible_password_is_only_wrong(client: FlaskClient, password: str) -> None:
    """A password that cannot be is answered like a wrong one."""
    answers = [sign_in(client, password), sign_in(client, password, email="nobody@example.org")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("The address or the password is not right." in answer.text for answer in answers)


def test_overlong_password_cannot_be_set(client: FlaskClient) -> None:
    """A password that is too long to sign in with cannot be set."""
    with pytest.raises(Rejected, match="at most 1000 characters"):
        users.set_password(1, "x" * 1001, now=clock.now(), actor=ACTOR)


def test_unknown_address_looks_like_wrong_password(client: FlaskClient) -> None:
    """A wrong password and an unknown address get the same answer, so nobody learns who has an account."""
    pages = []
    for email in ("ola@example.org", "nobody@example.org"):
        let_write()
        token = token_in(client.get("/sign-in").text)
        data = {"csrf_token": token, "email": email, "password": "wrong"}
        answer = client.post("/sign-in", data=data)
        assert "The address or the password is not right." in answer.text
        pages.append(answer.text.replace(email, "").replace(token, "").replace(token_in(answer.text), ""))
    assert pages[0] == pages[1]
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "evil", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"]
)
def test_the_way_back_stays_on_our_own_host(client: FlaskClient, evil: str) -> None:
    assert 'name="next"' not in client.get("/sign-in", query_string={"next": evil}).text
    sent_onward = sign_in(client, PASSWORD, next=evil).headers.get("Location", "")
    assert urlsplit(sent_onward).netloc == ""


def test_wanted_page_follows_sign_in(client: FlaskClient) -> None:
    """After the sign-in comes the page that was wanted."""
    page = client.get("/sign-in?next=/donors?q=x").text
    assert 'name="next" value="/donors?q=x"' in page
    assert sign_in(client, PASSWORD, next="/donors?q=x").headers["Location"] == "/donors?q=x"


def test_attempts_are_limited_by_address(client: FlaskClient, limited: None) -> None:
    """Too many attempts at one address must wait, and others still get in."""
    statuses = [sign_in(client, "wrong", email="victim@example.org").status_code for _attempt in range(11)]
    assert statuses[:10] == [200] * 10
    assert statuses[10] == 429
    assert sign_in(client, PASSWORD).status_code == 302


def test_refused_attempt_says_how_long(client: FlaskClient, limited: None) -> None:
    """Too many attempts are answered with a time to wait."""
    for _attempt in range(10):
        sign_in(client, "wrong")
    let_write()
    answer = client.post(
        "/sign-in",
        data={
            "csrf_token": token_in(client.get("/sign-in").text),
            "email": "ola@example.org",
            "password": "x",
        },
    )
    assert answer.status_code == 429 and "Too many attempts" in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_nothing_of_a_person_is_logged(client: FlaskClient) -> None:
    with capture_logs() as lines:
        sign_in(client, "wrong")
        sign_in(client, PASSWORD)
        client.get("/donors?q=ola@example.org")
    assert "ola" not in str(lines).lower()


def test_every_page_has_safe_headers(client: FlaskClient) -> None:
    """Every page has the headers that keep it safe."""
    for path in ("/sign-in", "/static/donorhub.css", "/nowhere"):
        with client.get(path) as answer:
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_health_needs_no_sign_in(database: Flask) -> None:
    """Health is answered without a sign-in."""
    answer = database.test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_health_fails_without_database(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Health is 503 while the database does not answer."""
    from sqlalchemy.exc import OperationalError

    def away(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    let_write()
    monkeypatch.setattr(db.session.registry().__class__, "execute", away)
    assert database.test_client().get("/healthz").status_code == 503
