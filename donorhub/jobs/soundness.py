"""Whether this installation is sound: settings, folder, libraries, disk, queue, mail and backlog.

``donorhub doctor`` and the page of the settings show the same findings, each in its own words.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from donorhub import clock
from donorhub.config import Settings
from donorhub.gateways import mailer
from donorhub.jobs.backups import backups
from donorhub.services.access import instance
from donorhub.services.donors import erased_bytes
from donorhub.services.providers import inbox

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
OLDEST_SQLITE: Final = (3, 35, 0)  # RETURNING
LONG_BACKLOG: Final = timedelta(minutes=5)
OLD_BACKUP: Final = timedelta(days=2)
ERASURE_TIME: Final = timedelta(hours=24)  # in which the bytes of somebody erased are overwritten
LITTLE_DISK: Final = 500 * 1024 * 1024
SHORTEST_KEY: Final = 32  # 128 bits in hexadecimal
Level = Literal["error", "warning"]
FindingCode = Literal[
    "address_not_https",
    "hosts_missing",
    "mode_not_production",
    "key_short",
    "database_missing",
    "folder_readable",
    "sqlite_old",
    "pango_missing",
    "disk_full",
    "redis_silent",
    "redis_forgets",
    "mail_missing",
    "mail_fails",
    "mail_address_wrong",
    "backlog_old",
    "held",
    "backup_missing",
    "backup_key_missing",
    "backup_old",
    "backup_none",
    "erasure_waits",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with an installation; ``facts`` fill the sentences of its code."""

    level: Level
    code: FindingCode
    facts: Mapping[str, str] = field(default_factory=dict)


def list_findings(settings: Settings, base_findings: Sequence[Finding] = ()) -> list[Finding]:
    """Return what is wrong with an installation and, as :func:`check_database` says, with its base; errors
    first, nothing when all is well. One that is held calls no mail server.
    """
    is_held = any(finding.code == "held" for finding in base_findings)
    findings = [
        *_check_settings(settings),
        *_check_folder(settings),
        *_check_libraries(),
        *_check_disk(settings),
        *_check_queue(settings),
        *_check_backups(settings),
        *(() if is_held else _check_mail(settings)),
        *base_findings,
    ]
    return sorted(findings, key=lambda finding: finding.level)


def check_database(*, now: datetime) -> list[Finding]:
    """Return whether the base is held as a copy, else whether payment providers' messages wait too long."""
    hold = instance.judge_place()
    if hold is not None:
        return [Finding("error", "held", {"reasons": " ".join(hold.reasons)})]
    if erased_bytes.count_waiting(erased_before=now - ERASURE_TIME):
        return [Finding("error", "erasure_waits")]
    backlog = inbox.measure_backlog(now=now)
    if backlog < LONG_BACKLOG:
        return []
    return [Finding("warning", "backlog_old", {"minutes": str(backlog // timedelta(minutes=1))})]


def _check_settings(settings: Settings) -> Iterator[Finding]:
    url = urlsplit(settings.public_url)
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        yield Finding("error", "address_not_https")
    if settings.host not in LOOPBACK and not settings.trusted_hosts:
        yield Finding("error", "hosts_missing")
    if settings.mode != "production":
        yield Finding("warning", "mode_not_production", {"mode": settings.mode})
    for name, key in (("secret_key", settings.secret_key), ("field_key", settings.field_key)):
        if len(key) < SHORTEST_KEY:
            yield Finding("error", "key_short", {"name": f"DONORHUB_{name.upper()}"})
    if not settings.is_embedded and settings.uses_sqlite:
        yield Finding("error", "database_missing")


def _check_folder(settings: Settings) -> Iterator[Finding]:
    """Return what of the data folder others on this machine can read: its way out is one command."""
    if not settings.home.exists():
        return
    paths = (settings.home, *(path for path in settings.home.rglob("*") if not path.is_symlink()))
    readable = [path for path in paths if path.stat().st_mode & 0o077]
    if readable:
        facts = {"path": str(readable[0]), "more": str(len(readable) - 1), "home": str(settings.home)}
        yield Finding("error", "folder_readable", facts)


def _check_libraries() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield Finding("error", "sqlite_old", {"version": sqlite3.sqlite_version})
    try:
        import weasyprint  # noqa: F401
    except OSError:
        yield Finding("error", "pango_missing")


def _check_disk(settings: Settings) -> Iterator[Finding]:
    if settings.home.exists() and shutil.disk_usage(settings.home).free < LITTLE_DISK:
        yield Finding("warning", "disk_full", {"home": str(settings.home)})


def _check_backups(settings: Settings) -> Iterator[Finding]:
    """Return whether a backup is made each night, and when the last one was."""
    if settings.mode != "production":
        return
    if not settings.backup_dir:
        yield Finding("warning", "backup_missing")
    elif not backups.list_public_keys(settings):
        yield Finding("error", "backup_key_missing")
    else:
        newest_at = backups.find_newest(Path(settings.backup_dir))
        if newest_at is None:
            yield Finding("error", "backup_none")
        elif clock.now() - newest_at > OLD_BACKUP:
            yield Finding("error", "backup_old", {"made": newest_at.strftime("%Y-%m-%d")})


def _check_queue(settings: Settings) -> Iterator[Finding]:
    if settings.is_embedded:
        return
    try:
        answer = Redis.from_url(settings.redis_url, socket_timeout=5).config_get("appendonly")
    except RedisError as e:
        yield Finding("error", "redis_silent", {"error": type(e).__name__})
        return
    if isinstance(answer, dict) and answer.get("appendonly") != "yes":
        yield Finding("warning", "redis_forgets")


def _check_mail(settings: Settings) -> Iterator[Finding]:
    if not settings.smtp_url:
        yield Finding("warning", "mail_missing")
        return
    try:
        mailer.Smtp(settings.smtp_url).try_out()
    except ValueError:
        yield Finding("error", "mail_address_wrong")
    except mailer.TryLater as e:
        host = urlsplit(settings.smtp_url).hostname or ""
        yield Finding("error", "mail_fails", {"host": host, "error": type(e.__cause__).__name__})
