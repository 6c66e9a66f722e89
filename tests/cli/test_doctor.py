"""``donorhub doctor`` names what is unsafe or missing, each with its way out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from donorhub.models import ProviderEvent
from tests.cli.conftest import Donorhub, Ended
from tests.processes import free_port
from tests.smtp import SmtpServer, smtp_server

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef" * 4
PUBLIC_KEY = "age1yqsln3kldz03z35sshyyppq2v9p33y9tkwlxta3hlmdusrxcr95seykfsr"


@pytest.fixture
def mailbox() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


@pytest.fixture(scope="module")
def current_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a small installation that is up to date."""
    from donorhub import config
    from donorhub.app import create_app
    from donorhub.cli.database import bring_up_to_date
    from donorhub.db import db, set_reading

    set_reading(False)  # a page of a test before may have left it on
    home = tmp_path_factory.mktemp("doctor")
    app = create_app(config.load_settings({"DONORHUB_HOME": str(home), "DONORHUB_FIELD_KEY": KEY}))
    with app.app_context():
        bring_up_to_date()
        db.engine.dispose()
    for path in home.iterdir():
        path.chmod(0o600)  # as the command line, which this is not, would make them
    return home


@pytest.fixture
def doctor(shell: Donorhub, current_home: Path, mailbox: SmtpServer, tmp_path: Path) -> Donorhub:
    sound = {
        "DONORHUB_HOME": str(current_home),
        "DONORHUB_SECRET_KEY": KEY,
        "DONORHUB_FIELD_KEY": KEY,
        "DONORHUB_PUBLIC_URL": "https://giving.example.org",
        "DONORHUB_SMTP_URL": mailbox.url,
        "DONORHUB_BACKUP_DIR": str(tmp_path / "backups"),
        "DONORHUB_BACKUP_KEYS": PUBLIC_KEY,
    }
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / f"donorhub-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.age").touch()

    def call(*arguments: str | Path, **more: str) -> Ended:
        return shell("doctor", *arguments, **{**sound, **more})

    return call


def test_a_sound_installation_is_called_well(doctor: Donorhub) -> None:
    ended = doctor()
    assert (ended.code, ended.out) == (0, "all is well\n"), ended


def test_backups_that_are_not_made_are_named(doctor: Donorhub, tmp_path: Path) -> None:
    """No folder, no key, and an old or no backup each have their sentence."""
    assert "no backup is made" in doctor(DONORHUB_BACKUP_DIR="").out
    without_key = doctor(DONORHUB_BACKUP_KEYS="")
    assert without_key.code == 1 and "no key to encrypt it to" in without_key.out
    (path,) = (tmp_path / "backups").iterdir()
    path.rename(path.with_name("donorhub-20260101T020000Z.age"))
    old = doctor()
    assert old.code == 1 and "the last backup is of 2026-01-01" in old.out
    (tmp_path / "backups" / "donorhub-20260101T020000Z.age").unlink()
    assert "no backup was made yet" in doctor().out


def test_messages_left_unread_are_named(doctor: Donorhub, current_home: Path) -> None:
    from donorhub import config
    from donorhub.app import create_app
    from donorhub.db import db
    from tests.services.providers.test_backlog import store_event

    app = create_app(config.load_settings({"DONORHUB_HOME": str(current_home), "DONORHUB_FIELD_KEY": KEY}))
    with app.app_context():
        store_event("old", datetime.now(UTC) - timedelta(minutes=12, seconds=30))
        try:
            ended = doctor()
        finally:
            db.session.execute(delete(ProviderEvent))
            db.session.commit()
            db.engine.dispose()
    assert "messages have waited unread for 12 minutes" in ended.err + ended.out
    assert "-> start `donorhub serve`" in ended.err + ended.out


@pytest.mark.parametrize(
    ("environ", "what", "way_out"),
    [
        (
            {"DONORHUB_PUBLIC_URL": "http://giving.example.org"},
            "DONORHUB_PUBLIC_URL is not https",
            "-> put a reverse proxy with a certificate in front",
        ),
        (
            {"DONORHUB_HOST": "0.0.0.0"},
            "DONORHUB_TRUSTED_HOSTS is empty",
            "-> set DONORHUB_TRUSTED_HOSTS to the names",
        ),
        ({"DONORHUB_SECRET_KEY": "short"}, "DONORHUB_SECRET_KEY is short", "-> use `openssl rand -hex 32`"),
        ({"DONORHUB_FIELD_KEY": "short"}, "DONORHUB_FIELD_KEY is short", "-> use `openssl rand -hex 32`"),
        (
            {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"},
            "Redis does not answer",
            "-> start it, or correct REDIS_URL",
        ),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL is set but DATABASE_URL is not", "-> set both"),
        (
            {"DONORHUB_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"},
            "the mail server 127.0.0.1 did not let us in",
            "-> correct DONORHUB_SMTP_URL",
        ),
        ({"DONORHUB_SMTP_URL": "mail.example.org"}, "DONORHUB_SMTP_URL must look like", "-> correct"),
        ({"DONORHUB_SMTP_URL": "smtp://[::1"}, "DONORHUB_SMTP_URL", "-> correct"),
        (
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"},
            "the database does not answer",
            "-> correct DATABASE_URL",
        ),
        ({"DATABASE_URL": "oracle://x"}, "DATABASE_URL must be postgresql://", "or be left out"),
        ({"DONORHUB_COLOUR": "red"}, "DONORHUB_COLOUR is not a setting of DonorHub", "README.md"),
        ({"DONORHUB_PORT": "many"}, "DONORHUB_PORT must be a whole number", "not 'many'"),
        ({"DONORHUB_CLOCK": "2026-11-22T09:00:00+01:00"}, "DONORHUB_CLOCK is only for tests", "remove it"),
    ],
    ids=lambda value: next(iter(value.items()))[0] if isinstance(value, dict) else "",
)
def test_unsafe_setting_is_an_error(
    doctor: Donorhub, environ: dict[str, str], what: str, way_out: str
) -> None:
    """What is unsafe or away is an error, with its way out."""
    ended = doctor(**environ)
    assert ended.code == 1
    errors = ended.out.partition("warning")[0]
    assert errors.startswith("error") and what in errors and way_out in errors
    assert "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("environ", "what"),
    [
        ({"DONORHUB_MODE": "test"}, "DONORHUB_MODE is test"),
        ({"DONORHUB_SMTP_URL": ""}, "no mail leaves this program"),
    ],
)
def test_unusual_setting_is_only_warned(doctor: Donorhub, environ: dict[str, str], what: str) -> None:
    """What is only unusual is a warning, and the exit code is 0."""
    ended = doctor(**environ)
    assert ended.code == 0
    assert ended.out.startswith("warning") and what in ended.out and "->" in ended.out


def test_keys_that_others_can_read_are_an_error(doctor: Donorhub, current_home: Path) -> None:
    key = current_home / "secret_key"
    key.write_text(KEY)
    key.chmod(0o644)
    try:
        ended = doctor()
    finally:
        key.unlink()
    assert (
        ended.code == 1
        and f"others can read {key}" in ended.out
        and f"chmod -R go= {current_home}" in ended.out
    )


def test_empty_database_names_the_command(doctor: Donorhub, tmp_path: Path) -> None:
    """An empty database is an error, with the command that makes it."""
    ended = doctor(DONORHUB_HOME=str(tmp_path))
    assert ended.code == 1 and "-> donorhub db upgrade" in ended.out


_WITHOUT_PANGO = """
import cffi
def away(*_names, **_more):
    raise OSError("cannot load library 'libpango-1.0-0'")
cffi.FFI.dlopen = away
from donorhub.cli import main
main()
"""


@pytest.mark.slow
def test_missing_pango_says_what_to_install(current_home: Path) -> None:
    """A machine without Pango is told what to install. In a process of its own, whose libraries cannot be
    loaded."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DONORHUB_HOME": str(current_home)}
    ended = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PANGO, "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env=environ | {"DONORHUB_FIELD_KEY": KEY, "DONORHUB_SECRET_KEY": KEY},
    )
    assert ended.returncode == 1, ended.stderr
    assert "receipts cannot be made: Pango is missing" in ended.stdout
    assert "apt-get install" in ended.stdout
