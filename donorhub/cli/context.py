"""What commands share: the application, made when a command needs it, and who is at the keyboard."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import click
from flask import Flask
from sqlalchemy.exc import OperationalError

from donorhub import logs
from donorhub.app import create_app
from donorhub.cli.upgrading import refuse_old_database
from donorhub.config import Settings, load_settings
from donorhub.db import read_only
from donorhub.errors import Misconfigured

ROW_ID: Final = click.IntRange(1, 2**63 - 1)  # what a database can hold
Command = TypeVar("Command", bound=Callable[..., object])


def get_actor() -> str:
    """Return how the audit names who runs this command: ``cli:marta``."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user need not have a name
        return "cli:unknown"


def make_app(settings: Settings | None = None) -> Flask:
    """Return the application, with logging set up; raise Misconfigured for settings that cannot be."""
    settings = settings or load_settings()
    logs.configure_logs(settings.log_format)
    return create_app(settings)


def run_in_app(command: Command) -> Command:
    """Run a command inside the application, with an up-to-date database."""

    @functools.wraps(command)
    def wrapper(*args: object, **kwargs: object) -> object:
        app = make_app()
        with app.app_context():
            refuse_unready()
            return command(*args, **kwargs)

    return wrapper  # type: ignore[return-value]  # it takes what the command takes


def refuse_unready() -> None:
    """Raise Misconfigured when the database is away or is another program's; wait for no writer."""
    with refuse_absent_database(), read_only():
        refuse_old_database()


@contextmanager
def refuse_absent_database() -> Iterator[None]:
    """Raise Misconfigured where the database is away inside."""
    try:
        yield
    except OperationalError as e:
        raise Misconfigured(
            "the database does not answer: start it, or correct DATABASE_URL; `donorhub doctor` tells more"
        ) from e
