"""Who only reads waits for nobody who writes: each reading command and each page while the lock is held."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
import pytest
from flask import Flask
from sqlalchemy import update

from donorhub import clock
from donorhub.cli import run_command
from donorhub.db import BUSY_TIMEOUT_MS, db
from donorhub.models import UserSession
from donorhub.services.access import sessions
from tests.api.conftest import Caller, caller_with  # noqa: F401  a fixture
from tests.api.test_dates import something_of_everything  # noqa: F401  a fixture
from tests.cli.conftest import Donorhub, donorhub, shell  # noqa: F401  fixtures
from tests.conftest import NOW
from tests.queries.addresses import Ids, plain_addresses, read_rules
from tests.web.bank.bank_world import Staff, let_write

SOON_S: Final = BUSY_TIMEOUT_MS / 1000 / 2  # who waited for the lock comes later than that
# The commands that only read, each with what it is called with.
READING: Final = {
    "pending": ["--json"],
    "doctor": [],
    "user list": [],
    "token list": [],
    "webhooks endpoints": [],
    "webhooks tail": [],
    "webhooks show": ["1"],
    "receipts preview": ["1", "--to", "FOLDER"],
    "receipts save": ["FOLDER"],
    "breach report": ["--since", "2026-11-01"],
}
# Those that write, and run something that does; verify seals the audit, export writes into it.
WRITING: Final = {
    "adopt",
    "backup",
    "dsar",
    "erase",
    "restore",
    "receipts reopen",
    "db upgrade",
    "db revision",
    "demo",
    "duplicates",
    "entries accept-certain",
    "entries answer-all",
    "entries take-back",
    "export",
    "import all",
    "import files",
    "import gifts",
    "import people",
    "payers make-donors",
    "payers undo",
    "receipts issue",
    "receipts render",
    "receipts replace",
    "receipts send",
    "receipts void",
    "serve",
    "timer",
    "token create",
    "token revoke",
    "user create",
    "user deactivate",
    "user password",
    "user roles",
    "verify",
    "webhooks add-secret",
    "webhooks create",
    "webhooks expire-secret",
    "webhooks release",
    "webhooks send",
    "worker",
}
# What a file would do is found out by doing it and taking it back.
PLANNING: Final = {"/bank/files/<int:file_id>", "/bank/files/<int:file_id>/columns"}
# That a copy of all that is held about a donor was taken is kept before anybody has it.
RECORDED: Final = {".send_readable_copy", ".send_copy_for_programs", ".get_copy"}


def list_commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from list_commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


@contextmanager
def hold_lock() -> Iterator[None]:
    """Be another process that writes and takes its time."""
    let_write()
    db.session.rollback()
    path = db.engine.url.database
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.fixture
def sqlite_base(database: Flask, request: pytest.FixtureRequest) -> Flask:
    """A row, or more, of everything."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no lock that all who write share")
    request.getfixturevalue("something_of_everything")
    Staff(database, "admin").get("/donors")  # the files that SQLite keeps beside an open base are there
    return database


def test_each_command_reads_or_writes() -> None:
    """A command that is new is one that reads, and is tried here, or one that writes."""
    assert set(list_commands(run_command)) == READING.keys() | WRITING
    assert not READING.keys() & WRITING


@pytest.mark.parametrize("command", READING)
def test_reading_command_waits_for_no_writer(
    command: str,
    sqlite_base: Flask,
    donorhub: Donorhub,  # noqa: F811
    tmp_path: Path,
) -> None:
    """While another process holds the write lock a command that only reads does its work at once."""
    arguments = [str(tmp_path / "out") if one == "FOLDER" else one for one in READING[command]]
    free = donorhub(*command.split(), *arguments)
    with hold_lock():
        began_at = time.monotonic()
        ended = donorhub(*command.split(), *arguments)
        took_s = time.monotonic() - began_at
    assert (ended.code, ended.out, ended.err) == (free.code, free.out, free.err)
    assert "locked" not in ended.err and took_s < SOON_S


def test_no_page_waits_for_a_writer(
    sqlite_base: Flask,
    caller_with: Callable[..., Caller],  # noqa: F811
) -> None:
    """While another process holds the write lock each page and each list that is got is answered at once."""
    staff, caller, ids = Staff(sqlite_base, "admin"), caller_with(), Ids()
    rules = [
        rule
        for rule in read_rules(sqlite_base)
        if rule.rule not in PLANNING and not rule.endpoint.endswith(tuple(RECORDED))
    ]
    addresses = [address for rule in rules for address in list(plain_addresses(rule, ids))[:3]]
    free = {address: get_status(staff, caller, address) for address in addresses}
    late: list[object] = []
    with hold_lock():
        for address in addresses:
            began_at = time.monotonic()
            status = get_status(staff, caller, address)
            if status != free[address] or time.monotonic() - began_at >= SOON_S:
                late.append((address, free[address], status))
    assert not late, late
    assert len(free) > 100 and list(free.values()).count(200) > 90


def get_status(staff: Staff, caller: Caller, address: str) -> int:
    if address.startswith("/api/v1/"):
        return caller.get(address.removeprefix("/api/v1")).status_code
    return staff.client.get(address).status_code


def test_page_notes_no_reader_while_busy(sqlite_base: Flask) -> None:
    """That somebody was seen again is written down when there is time for it: a page does not wait for it."""
    staff = Staff(sqlite_base, "admin")
    let_write()
    long_ago = NOW - sessions.SEEN_EVERY - timedelta(minutes=1)
    db.session.execute(update(UserSession).values(seen_at=long_ago))
    db.session.commit()
    with hold_lock():
        began_at = time.monotonic()
        assert staff.client.get("/donors").status_code == 200
        assert time.monotonic() - began_at < SOON_S
    let_write()
    assert {row.seen_at for row in db.session.query(UserSession)} == {long_ago}
    assert staff.get("/donors").status_code == 200
    let_write()
    assert clock.now() in {row.seen_at for row in db.session.query(UserSession)}
