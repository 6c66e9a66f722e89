"""The settings that protect: cookies, headers, hosts, proxies, what each connection is told, nonces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from donorhub import config, vault
from donorhub.app import create_app
from donorhub.db import db, set_reading
from donorhub.migrations.run import upgrade
from donorhub.services.access import organisation, users
from tests.conftest import NOW

Maker = Callable[..., Flask]


@pytest.fixture
def make_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    """Applications of their own, on a database of their own; the process keeps its key."""
    monkeypatch.setattr(vault, "_key", vault._key)
    apps: list[Flask] = []

    def make(**settings: str) -> Flask:
        set_reading(False)  # the last request of this context may have said that it only reads
        values = {f"DONORHUB_{name.upper()}": value for name, value in settings.items()}
        app = create_app(
            config.load_settings({"DONORHUB_MODE": "test", "DONORHUB_HOME": str(tmp_path), **values})
        )
        with app.app_context():
            upgrade(db.engine)
            organisation.create_organisation("Fundacja Przykład", now=NOW)
            db.session.commit()
        apps.append(app)
        return app

    yield make
    set_reading(False)
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def read_cookies(app: Flask, base: str) -> list[str]:
    return app.test_client().get("/sign-in", base_url=base).headers.getlist("Set-Cookie")


def test_https_cookie_is_bound_to_host(make_app: Maker) -> None:
    """Over HTTPS the cookie is bound to its host, secure and hidden from scripts."""
    app = make_app(public_url="https://give.example.org")
    (cookie,) = read_cookies(app, "https://give.example.org")
    assert cookie.startswith("__Host-donorhub=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain=" not in cookie
    assert app.config["REMEMBER_COOKIE_SECURE"] and app.config["REMEMBER_COOKIE_HTTPONLY"]
    assert app.config["REMEMBER_COOKIE_SAMESITE"] == "Lax"


def test_without_https_no_script_reads_the_cookie(make_app: Maker) -> None:
    app = make_app(public_url="http://127.0.0.1:8080")
    (cookie,) = read_cookies(app, "http://127.0.0.1:8080")
    assert cookie.startswith("donorhub=") and "Secure" not in cookie
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_https_stays_required(make_app: Maker) -> None:
    """A browser that came by HTTPS must come so again, and one that came without is not bound."""
    client = make_app(public_url="https://give.example.org").test_client()
    for path in ("/sign-in", "/api/health", "/static/donorhub.css"):
        with client.get(path, base_url="https://give.example.org") as answer:
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", path
        with client.get(path, base_url="http://give.example.org") as plain:
            assert "Strict-Transport-Security" not in plain.headers, path


def test_only_the_hosts_that_are_ours_are_answered(make_app: Maker) -> None:
    client = make_app(trusted_hosts="give.example.org").test_client()
    assert client.get("/sign-in", base_url="http://give.example.org").status_code == 200
    for path in ("/sign-in", "/api/v1/donors"):
        assert client.get(path, base_url="http://evil.example").status_code == 400, path


@pytest.mark.parametrize(
    ("proxies", "address", "scheme"), [("0", "10.0.0.9", "http"), ("1", "203.0.113.7", "https")]
)
def test_only_our_own_proxies_are_believed(make_app: Maker, proxies: str, address: str, scheme: str) -> None:
    app = make_app(proxies=proxies)
    seen: list[tuple[str | None, str]] = []

    def note() -> None:
        from flask import request

        seen.append((request.remote_addr, request.scheme))

    app.before_request_funcs.setdefault(None, []).insert(0, note)
    forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
    app.test_client().get("/sign-in", headers=forwarded, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert seen == [(address, scheme)]


def test_pages_limit_content_and_frames(make_app: Maker) -> None:
    """Every page says what it may load, and that no frame may hold it."""
    headers = make_app().test_client().get("/sign-in").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy and "unsafe-inline" not in policy and "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_a_connection_of_sqlite_keeps_what_was_answered(database: Flask) -> None:
    if not database.extensions["donorhub.settings"].uses_sqlite:
        pytest.skip("PostgreSQL's own settings are below")
    expected: dict[str, Any] = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10000,
    }
    for _connection in range(3):
        with db.engine.connect() as connection:
            told = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
        assert told == expected


def test_postgres_connection_waits_limited_time(database: Flask) -> None:
    """A connection of PostgreSQL waits for nobody for ever."""
    settings = database.extensions["donorhub.settings"]
    if settings.uses_sqlite:
        pytest.skip("SQLite's own settings are above")
    with db.engine.connect() as connection:
        limits = {
            name: connection.execute(text(f"SHOW {name}")).scalar()
            for name in ("lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert limits == {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "1min"}
    assert db.engine.pool.size() >= settings.threads  # type: ignore[attr-defined]  every thread has its own


def test_what_is_sealed_looks_different_each_time(database: Flask) -> None:
    sealed = [vault.seal_bytes(b"the same bytes") for _ in range(2000)]
    assert len({piece[:12] for piece in sealed}) == len(sealed)  # a nonce that comes twice gives the key away
    assert {vault.unseal_bytes(piece) for piece in sealed} == {b"the same bytes"}


def test_a_changed_bit_is_not_opened(database: Flask) -> None:
    sealed = bytearray(vault.seal_bytes(b"the same bytes"))
    sealed[-1] ^= 1
    with pytest.raises(vault.Misconfigured):
        vault.unseal_bytes(bytes(sealed))


def test_password_is_dear_to_guess(database: Flask) -> None:
    """What is kept of a password takes 64 MiB and three passes to be tried, however it came in."""
    user = users.create_user(
        "ola@example.org", name="Ola", password="a long password", roles=["admin"], now=NOW, actor="t:1"
    )
    from_page = database.extensions["security"].pwd_context.hash("a long password")
    assert user.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert from_page.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
