"""Settings from the environment; nothing set is the small installation.

Every name is listed here and in the README's table. A ``DONORHUB_`` name that is not
is an error, so that a slip of the pen never passes for a setting.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal, get_args

from donorhub import clock
from donorhub.errors import Misconfigured

Mode = Literal["production", "demo", "test"]
LogFormat = Literal["json", "console"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, read and checked. ``home`` holds what a small installation keeps on disk."""

    database_url: str
    redis_url: str
    home: Path
    mode: Mode
    secret_key: str
    field_key: str  # encrypts webhook secrets and bank files at rest
    public_url: str
    trusted_hosts: tuple[str, ...]
    host: str
    port: int
    threads: int
    proxies: int  # reverse proxies in front, whose X-Forwarded-* headers are believed
    smtp_url: str  # smtp://user:password@host:587, smtps://…; empty: the outbox inside the program
    mail_from: str
    upload_limit_mb: int
    backup_dir: str  # where a backup is written each night; empty: none is
    backup_keys: str  # public keys of age that backups are encrypted to, beside those made here
    backup_days: int  # so long backups are kept
    record_rows_days: int  # so long the cells of a file of donors and gifts are kept
    settle_s: int  # a thank-you waits this long, so that what belongs to the gift has arrived
    clock: str
    stripe_api_key: str
    stripe_api_base: str
    log_format: LogFormat

    @property
    def is_embedded(self) -> bool:
        """Return whether one process does everything: no Redis, so the worker is a thread of the server."""
        return not self.redis_url

    @property
    def mail_domain(self) -> str:
        """Return the part of a Message-ID behind the @: that of our sender address."""
        return self.mail_from.rpartition("@")[2].strip("> ") or "localhost"

    @property
    def uses_sqlite(self) -> bool:
        """Return whether the database is a file of ours and no server."""
        return self.database_url.startswith("sqlite")


_WITHOUT_PREFIX = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}
_DEFAULTS = {
    "mode": "production",
    "public_url": "http://127.0.0.1:8080",
    "trusted_hosts": "",
    "host": "127.0.0.1",
    "port": "8080",
    "threads": "8",
    "proxies": "0",
    "smtp_url": "",
    "mail_from": "DonorHub <donorhub@localhost>",
    "upload_limit_mb": "50",
    "record_rows_days": "90",
    "backup_dir": "",
    "backup_keys": "",
    "backup_days": "35",
    "settle_s": "120",
    "clock": "",
    "stripe_api_key": "",
    "stripe_api_base": "",
    "log_format": "console",
}


def name_variable(setting: str) -> str:
    """Return the environment variable of a setting: ``port`` is ``DONORHUB_PORT``."""
    return _WITHOUT_PREFIX.get(setting, f"DONORHUB_{setting.upper()}")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings and return them; raise Misconfigured with all that is wrong at once."""
    env = os.environ if environ is None else environ
    wrong = _find_unknown(env)
    home = find_home(env)
    texts: dict[str, Any] = {
        name: env.get(name_variable(name), default) for name, default in _DEFAULTS.items()
    }
    values: dict[str, Any] = {name: _read_number(name, texts.pop(name), wrong) for name in _NUMBERS}
    url = env.get("DATABASE_URL") or f"sqlite:///{home / 'donorhub.sqlite3'}"
    wrong += _check_choices(texts) + _check_clock(texts) + _check_sender(texts) + _check_url(url)
    if wrong:
        raise Misconfigured("; ".join(wrong))
    return Settings(
        database_url=_name_driver(url),
        redis_url=env.get("REDIS_URL", ""),
        home=home,
        secret_key=env.get("DONORHUB_SECRET_KEY") or _keep_key(home, "secret_key"),
        field_key=env.get("DONORHUB_FIELD_KEY") or _keep_key(home, "field_key"),
        trusted_hosts=tuple(host for host in texts.pop("trusted_hosts").split(",") if host),
        **values,
        **texts,
    )


def find_home(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of what a small installation keeps on disk."""
    return Path((os.environ if environ is None else environ).get("DONORHUB_HOME") or "instance").absolute()


def find_log_format() -> LogFormat:
    """Return how to log before the settings are read, or while they are wrong."""
    return "json" if os.environ.get(name_variable("log_format")) == "json" else "console"


_NUMBERS = {  # the least and the most that make sense
    "port": (1, 65535),
    "threads": (1, 1000),
    "proxies": (0, 10),
    "upload_limit_mb": (1, 10_000),
    "record_rows_days": (1, 3_650),
    "backup_days": (1, 3_650),
    "settle_s": (0, 604_800),  # a week
}


def _find_unknown(env: Mapping[str, str]) -> list[str]:
    names = {name_variable(field.name) for field in fields(Settings)}
    return [
        f"{name} is not a setting of DonorHub: see the table of settings in README.md"
        for name in env
        if name.startswith("DONORHUB_") and name not in names
    ]


def _read_number(name: str, text: str, wrong: list[str]) -> int:
    if not (text.isascii() and text.isdigit()):
        wrong.append(f"{name_variable(name)} must be a whole number, not {text!r}")
        return 0
    least, most = _NUMBERS[name]
    if not least <= int(text[:20]) <= most:
        wrong.append(f"{name_variable(name)} must be a number from {least} to {most}, not {text[:20]}")
    return int(text[:20])


def _check_choices(texts: Mapping[str, str]) -> list[str]:
    choices = {"mode": get_args(Mode), "log_format": get_args(LogFormat)}
    return [
        f"{name_variable(name)} must be one of {', '.join(words)}, not {texts[name]!r}"
        for name, words in choices.items()
        if texts[name] not in words
    ]


def _check_clock(texts: Mapping[str, str]) -> list[str]:
    if texts["clock"] and texts["mode"] == "production":
        return ["DONORHUB_CLOCK is only for tests and the demo: remove it, or set DONORHUB_MODE=demo"]
    try:
        clock.parse_clock(texts["clock"])
    except ValueError as e:
        return [f"DONORHUB_CLOCK: {e}"]
    return []


def _check_sender(texts: Mapping[str, str]) -> list[str]:
    # Every message would be refused for good, and its reader's address blamed for it.
    address = parseaddr(texts["mail_from"])[1]
    if re.fullmatch(r"[!-?A-~]+@[^@\s]+", address) and texts["mail_from"].isprintable():
        return []
    return ["DONORHUB_MAIL_FROM holds no address: write it like Foundation <thanks@example.org>"]


def _check_url(url: str) -> list[str]:
    if url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")):
        return []
    return [
        "DATABASE_URL must be postgresql://user:password@host/name, or be left out"
    ]  # not quoted: a password


def _name_driver(url: str) -> str:
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _keep_key(home: Path, name: str) -> str:
    """Return a key that is made at the first start and kept beside the database, readable by us alone."""
    path = home / name
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:  # another process of ours was first
            pass
    return path.read_text().strip()
