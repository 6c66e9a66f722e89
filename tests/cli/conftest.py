"""Commands as a shell runs them, in this process: arguments and environment in, code and texts out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import flask
import pytest
from flask import Flask

from donorhub import cli, clock
from donorhub.cli import checking, context, database, running
from donorhub.cli.context import make_app
from donorhub.cli.demo import command  # before any of it is replaced
from donorhub.db import db
from tests.conftest import NOW


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[list[str]]:
        """What was printed, split at tabs."""
        return [line.split("\t") for line in self.out.splitlines()]


Donorhub = Callable[..., Ended]
REAL = (
    checking,
    database,
    command,
    running,
)  # they make applications of their own, also while `donorhub` is used


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet_logging: None
) -> Iterator[Donorhub]:
    """``shell("user", "list", DONORHUB_PORT="1")`` with nothing of DonorHub in the environment but that."""
    before = clock.use_clock(clock.read_system_clock)
    made: list[Flask] = []
    for name in [*os.environ]:
        if name.startswith("DONORHUB_") or name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name)

    def call(*arguments: str | Path, **environ: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["donorhub", *map(str, arguments)])
        code = 0
        with pytest.MonkeyPatch.context() as patch, flask.appcontext_pushed.connected_to(_into(made)):
            for name, value in environ.items():
                patch.setenv(name, value)
            try:
                cli.main()
            except SystemExit as e:
                code = int(e.code or 0)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    yield call
    for app in made:
        with app.app_context():
            db.engine.dispose()
    clock.use_clock(before)


def _into(made: list[Flask]) -> Callable[..., None]:
    def keep(sender: Flask, **_more: object) -> None:
        if sender not in made:
            made.append(sender)

    return keep


@pytest.fixture
def donorhub(
    database: Flask, home: Path, servers: dict[str, str], shell: Donorhub, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Donorhub]:
    """A command on the test's own database, in the application that is made already."""
    assert all(module.make_app is make_app for module in REAL)
    monkeypatch.setattr(context, "make_app", lambda: database)
    clock.use_clock(lambda: NOW)
    environ = {**servers, "DONORHUB_HOME": str(home), "DONORHUB_MODE": "test", "DONORHUB_CLOCK": str(NOW)}

    def call(*arguments: str | Path, **more: str) -> Ended:
        db.session.rollback()  # the command has a session of its own, which waits for nobody here
        return shell(*arguments, **{**environ, **more})

    yield call
    db.session.rollback()
