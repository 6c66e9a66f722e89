"""``donorhub serve``, ``worker``, ``timer`` and ``db``: what they refuse; upgrading again is safe."""

from __future__ import annotations

import gc
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Donorhub

pytestmark = pytest.mark.timeout(20)  # what is not refused would run for ever
REDIS = {"REDIS_URL": "redis://127.0.0.1:1/0"}
POSTGRES = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"}


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        (("serve", "--processes", "2"), {}, "several processes need DATABASE_URL (PostgreSQL) and REDIS_URL"),
        (("serve", "--processes", "2"), POSTGRES, "several processes need"),
        (("serve",), REDIS, "REDIS_URL is set but DATABASE_URL is not: workers need PostgreSQL"),
        (("serve",), POSTGRES, "the database does not answer"),
        (("worker",), {}, "REDIS_URL is not set: `donorhub serve` does the work itself"),
        (("worker",), REDIS, "REDIS_URL is set but DATABASE_URL is not"),
        (("timer",), {}, "REDIS_URL is not set"),
        (("timer",), REDIS, "REDIS_URL is set but DATABASE_URL is not"),
        (("serve",), {"DONORHUB_THREADS": "0"}, "DONORHUB_THREADS"),
        (("serve",), {"DONORHUB_PORT": "99999"}, "DONORHUB_PORT"),
        (("serve",), {"DONORHUB_SPEED": "9"}, "DONORHUB_SPEED is not a setting"),
        (("serve",), {"DONORHUB_CLOCK": "2026-11-22T09:00:00"}, "DONORHUB_CLOCK"),
        (("serve",), {"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL"),
    ],
)
def test_unsafe_start_is_refused_first(
    shell: Donorhub, tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], sentence: str
) -> None:
    """What is unsafe or away is refused before anything runs."""
    ended = shell(*arguments, **{"DONORHUB_HOME": str(tmp_path), **environ})
    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize("arguments", [("serve", "--processes", "0"), ("serve", "--port", "http")])
def test_wrong_options_are_refused(shell: Donorhub, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = shell(*arguments, DONORHUB_HOME=str(tmp_path))
    assert ended.code == 2 and arguments[1] in ended.err


def test_upgrading_again_changes_nothing(shell: Donorhub, tmp_path: Path) -> None:
    first = shell("db", "upgrade", DONORHUB_HOME=str(tmp_path))
    assert first.code == 0 and "(was empty)" in first.out
    shell("user", "create", "a@example.org", "--role", "admin", DONORHUB_HOME=str(tmp_path))
    again = shell("db", "upgrade", DONORHUB_HOME=str(tmp_path))
    assert again.code == 0 and again.out == first.out.replace(" (was empty)", "")
    assert "a@example.org" in shell("user", "list", DONORHUB_HOME=str(tmp_path)).out


def test_command_before_database_explains_itself(shell: Donorhub, tmp_path: Path) -> None:
    """A command that runs before the database is made says how to make it."""
    ended = shell("pending", DONORHUB_HOME=str(tmp_path))
    assert ended.code == 1 and "run `donorhub db upgrade` first" in ended.err


def test_burst_worker_ends_after_its_work(shell: Donorhub, tmp_path: Path) -> None:
    """A worker of the small installation works off what waits, and ends."""
    environ = {"DONORHUB_HOME": str(tmp_path), "DONORHUB_MODE": "test"}
    shell("db", "upgrade", **environ)
    assert shell("worker", "--burst", **environ).code == 0


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # waitress leaves its pipe open
def test_used_port_is_an_error(shell: Donorhub, tmp_path: Path) -> None:
    """A port in use is an error with a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = shell("serve", "--port", port, DONORHUB_HOME=str(tmp_path), DONORHUB_MODE="test")
    gc.collect()
    assert ended.code == 1
    assert port in ended.err and "Traceback" not in ended.err
