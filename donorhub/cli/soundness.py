"""What ``donorhub doctor`` looks at: settings, libraries, database, queue, mail."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from donorhub import clock
from donorhub.cli.adopting import REASONS
from donorhub.cli.upgrading import refuse_old_database
from donorhub.config import Settings, load_settings
from donorhub.db import read_only
from donorhub.errors import DonorHubError
from donorhub.gateways import mailer
from donorhub.services.access import instance
from donorhub.services.providers import inbox

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OLDEST_SQLITE = (3, 35, 0)  # RETURNING
LONG_BACKLOG = timedelta(minutes=5)
LITTLE_DISK = 500 * 1024 * 1024
_HELD = "nothing leaves this installation"


class Finding(NamedTuple):
    """Something that is wrong with an installation, and what to do about it."""

    level: Literal["error", "warning"]
    what: str
    way_out: str = ""


def list_findings(make_app: Callable[[Settings], Flask]) -> list[Finding]:
    """Return all findings, errors first; none when all is well."""
    try:
        settings = load_settings()
    except DonorHubError as e:
        return [Finding("error", e.message)]
    findings = [
        *_check_settings(settings),
        *_check_folder(settings),
        *_check_libraries(),
        *_check_disk(settings),
        *_check_queue(settings),
    ]
    in_database = _check_database(settings, make_app)
    findings += in_database
    if not any(finding.what.startswith(_HELD) for finding in in_database):
        findings += _check_mail(settings)
    return sorted(findings, key=lambda finding: finding.level)


def _check_settings(settings: Settings) -> Iterator[Finding]:
    url = urlsplit(settings.public_url)
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        yield Finding(
            "error",
            "DONORHUB_PUBLIC_URL is not https: passwords and donors' data would travel openly",
            "put a reverse proxy with a certificate in front and set DONORHUB_PUBLIC_URL=https://…",
        )
    if settings.host not in LOOPBACK and not settings.trusted_hosts:
        yield Finding(
            "error",
            "DONORHUB_HOST is open to the network and DONORHUB_TRUSTED_HOSTS is empty",
            "set DONORHUB_TRUSTED_HOSTS to the names people type, separated by commas",
        )
    if settings.mode != "production":
        yield Finding("warning", f"DONORHUB_MODE is {settings.mode}", "leave it out for real use")
    for name in ("secret_key", "field_key"):
        if len(getattr(settings, name)) < 32:  # noqa: PLR2004  128 bits in hexadecimal
            yield Finding("error", f"DONORHUB_{name.upper()} is short", "use `openssl rand -hex 32`")
    if not settings.is_embedded and settings.uses_sqlite:
        yield Finding("error", "REDIS_URL is set but DATABASE_URL is not", "set both, or neither")


def _check_folder(settings: Settings) -> Iterator[Finding]:
    """Return what of the data folder others on this machine can read: its way out is one command."""
    if not settings.home.exists():
        return
    paths = (settings.home, *(path for path in settings.home.rglob("*") if not path.is_symlink()))
    readable = [path for path in paths if path.stat().st_mode & 0o077]
    if readable:
        more = f" and {len(readable) - 1} more" if len(readable) > 1 else ""
        yield Finding("error", f"others can read {readable[0]}{more}", f"chmod -R go= {settings.home}")


def _check_libraries() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield Finding("error", f"SQLite {sqlite3.sqlite_version} is too old", "3.35 or newer is needed")
    try:
        import weasyprint  # noqa: F401
    except OSError:
        yield Finding(
            "error",
            "receipts cannot be made: Pango is missing",
            "apt-get install --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0",
        )


def _check_disk(settings: Settings) -> Iterator[Finding]:
    if settings.home.exists() and shutil.disk_usage(settings.home).free < LITTLE_DISK:
        yield Finding("warning", f"less than 500 MB are free at {settings.home}", "make room")


def _check_queue(settings: Settings) -> Iterator[Finding]:
    if settings.is_embedded:
        return
    try:
        answer = Redis.from_url(settings.redis_url, socket_timeout=5).config_get("appendonly")
    except RedisError as e:
        yield Finding("error", f"Redis does not answer: {type(e).__name__}", "start it, or correct REDIS_URL")
        return
    if isinstance(answer, dict) and answer.get("appendonly") != "yes":
        yield Finding(
            "warning",
            "Redis keeps nothing on disk; nothing is lost, but work waits for the sweep",
            "redis-cli config set appendonly yes",
        )


def _check_mail(settings: Settings) -> Iterator[Finding]:
    if not settings.smtp_url:
        yield Finding(
            "warning",
            "no mail leaves this program: messages stay in its outbox",
            "set DONORHUB_SMTP_URL=smtp://user:password@host:587",
        )
        return
    try:
        mailer.Smtp(settings.smtp_url).try_out()
    except (ValueError, mailer.TryLater) as e:
        yield Finding("error", str(e), "correct DONORHUB_SMTP_URL, or ask whoever runs the mail server")


def _check_database(settings: Settings, make_app: Callable[[Settings], Flask]) -> list[Finding]:
    try:
        with make_app(settings).app_context(), read_only():
            refuse_old_database()
            hold = instance.judge_place()
            backlog = inbox.measure_backlog(now=clock.now())
    except DonorHubError as e:
        return [Finding("error", e.message, "donorhub db upgrade")]
    except SQLAlchemyError as e:
        return [Finding("error", f"the database does not answer: {type(e).__name__}", "correct DATABASE_URL")]
    if hold is not None:
        reasons = "; ".join(REASONS[reason] for reason in hold.reasons)
        return [Finding("error", f"{_HELD}: {reasons}", "donorhub adopt, if this is no copy")]
    if backlog >= LONG_BACKLOG:
        minutes = backlog // timedelta(minutes=1)
        what = f"payment providers' messages have waited unread for {minutes} minutes"
        return [Finding("warning", what, "start `donorhub serve`, or with Redis `donorhub worker`")]
    return []
