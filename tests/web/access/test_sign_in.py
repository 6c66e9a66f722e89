"""Signing in: only with the right password, not too often, never onward to another host."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import AuditRecord
from donorhub.services.access import users
from tests.web.bank.bank_world import Staff, let_write, token_in
from tests.web.desk import ACTOR

PASSWORD = "a long enough password"


@pytest.fixture
def client(cheap_passwords: None, database: Flask) -> FlaskClient:
    return make_client(database)


def make_client(database: Flask) -> FlaskClient:
    """A browser before Ola signs in."""
    users.create_user(
        "ola@example.org", name="Ola", password=PASSWORD, roles=["admin"], now=clock.now(), actor=ACTOR
    )
    db.session.commit()
    let_write()
    return database.test_client()


@pytest.fixture
def sign_in_limit(database: Flask) -> Iterator[None]:
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
        let_write()
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


def test_attempts_are_limited_by_address(client: FlaskClient, sign_in_limit: None) -> None:
    """Too many attempts at one address must wait, and others still get in."""
    statuses = [sign_in(client, "wrong", email="victim@example.org").status_code for _attempt in range(11)]
    assert statuses[:10] == [200] * 10
    assert statuses[10] == 429
    assert sign_in(client, PASSWORD).status_code == 302


def test_refused_attempt_says_how_long(client: FlaskClient, sign_in_limit: None) -> None:
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


def read_audit(what: str) -> list[tuple[str, int]]:
    let_write()
    records = select(AuditRecord.actor, AuditRecord.subject_id).where(AuditRecord.what == what)
    return [tuple(row) for row in db.session.execute(records.order_by(AuditRecord.id))]


def test_stolen_cookie_is_worthless_after_sign_out(client: FlaskClient, database: Flask) -> None:
    sign_in(client, PASSWORD)
    name = database.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    thief = database.test_client()
    thief.set_cookie(name, cookie.value)
    let_write()
    assert thief.get("/").status_code == 200
    let_write()
    token = token_in(client.get("/").text)
    let_write()
    client.post("/sign-out", data={"csrf_token": token})
    let_write()
    assert thief.get("/").status_code == 302
    assert read_audit("user.signed_in") == read_audit("user.signed_out") == [("user:1", 1)]


def test_session_ends_after_twelve_idle_hours(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that are only read keep it alive, and hardly ever write."""
    sign_in(client, PASSWORD)
    start = clock.now()
    form: dict[str, str] = {}
    statuses: list[int] = []
    for hours in (11, 22, 35):
        monkeypatch.setattr(clock, "now", lambda at=start + timedelta(hours=hours): at)
        let_write()
        page = client.get("/account") if hours != 22 else client.post("/account/language", data=form)
        form = {"csrf_token": token_in(page.text), "lang": "en"}
        statuses.append(page.status_code)
    assert statuses == [200, 302, 302] and "/sign-in" in page.headers["Location"]


def test_failed_sign_ins_are_audited(client: FlaskClient) -> None:
    """With whose account it was, and without the name that somebody made up."""
    sign_in(client, "wrong")
    sign_in(client, PASSWORD, email="nobody@example.org")
    assert read_audit("user.sign_in_failed") == [("nobody", 1), ("nobody", 0)]
    assert read_audit("user.signed_in") == []


def test_refused_page_is_audited(database: Flask) -> None:
    caller = Staff(database, "caller")
    assert caller.get("/settings/users").status_code == 403
    assert caller.post("/settings/users", name="x").status_code == 403
    assert read_audit("access.refused") == [("user:1", 1)] * 2


def test_unknown_name_takes_as_long(database: Flask) -> None:
    """Who is staff cannot be told by the clock: a password is hashed for a name that nobody has, too."""
    client = make_client(database)
    took = {}
    for email in ("ola@example.org", "nobody@example.org"):
        began_at = time.process_time()
        for _ in range(3):
            sign_in(client, "a wrong password", email=email)
        took[email] = time.process_time() - began_at
    assert 0.6 < took["ola@example.org"] / took["nobody@example.org"] < 1.7


@pytest.mark.usefixtures("sign_in_limit")
@pytest.mark.parametrize(
    ("address", "email", "most"),
    [("10.0.0.{}", "ola@example.org", 50), ("10.0.0.1", "ola{}@example.org", 60)],
    ids=["one name", "one address"],
)
def test_guesses_are_counted_in_all_ways(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, address: str, email: str, most: int
) -> None:
    """Neither many addresses that guess one name nor one address that guesses many names go on for ever."""
    monkeypatch.setattr("donorhub.web.sign_in_form.SignInForm.validate", lambda _self, **_: False)
    statuses = []
    token = token_in(client.get("/sign-in").text)
    for number in range(most + 1):
        let_write()
        answer = client.post(
            "/sign-in",
            data={"csrf_token": token, "email": email.format(number), "password": "x"},
            environ_base={"REMOTE_ADDR": address.format(number)},
        )
        statuses.append(answer.status_code)
    assert 429 not in statuses[:most] and statuses[most] == 429
