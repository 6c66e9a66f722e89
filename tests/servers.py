"""Throw-away servers for the tests and benchmarks: PostgreSQL, Redis and SMTP on this machine alone.

Each lives in a new directory or on a free port of 127.0.0.1, needs no root and no running
service, and is gone when its ``with`` block ends. It makes no tables: what is in a database is
the business of conftest.py.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import URL, make_url

from tests.processes import end, free_port, new_directory, spawn, wait_until
from tests.smtp import smtp_server

__all__ = [
    "Postgres",
    "Redis",
    "create_database",
    "drop_database",
    "free_port",
    "postgres",
    "postgres_server",
    "redis_server",
    "redis_store",
    "smtp_server",
]

_OWNER = "donorhub"

# PostgreSQL that forgets all when the power fails: three times as fast, and tests do not cut the power.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """A PostgreSQL cluster of its own that can be stopped, crashed and started again.

    It listens on a Unix socket in its directory only, so that it takes no port and nobody
    else of this machine gets in.
    """

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self._directory = directory
        self._settings = {} if durable else _FORGETFUL
        self._user = _unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(directory, self._user)
        self._initialise()

    @property
    def url(self) -> str:
        """Of its maintenance database, for :func:`create_database`."""
        query = {"host": str(self._directory)}
        url = URL.create("postgresql+psycopg", username=_OWNER, database="postgres", query=query)
        return url.render_as_string(hide_password=False)

    def start(self) -> None:
        place = {"listen_addresses": "", "unix_socket_directories": str(self._directory)}
        settings = place | {"wal_recycle": "off"} | self._settings
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [str(_postgres_bin() / "postgres"), "-D", str(self._directory / "data"), *options]
        self._process = spawn(command, user=self._user, log=self._directory / "log")
        wait_until(self._answers, self._process, self._directory / "log")

    def stop(self) -> None:
        """End it in good order, open connections or not."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it at once, as an immediate shutdown does; it recovers at the next start."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            end(self._process, how)
            self._process = None

    def _initialise(self) -> None:
        initdb = [str(_postgres_bin() / "initdb"), "--no-sync", "--auth=trust", f"--username={_OWNER}"]
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        command = [*initdb, *locale, "--pgdata", str(self._directory / "data")]
        process = spawn(command, user=self._user, log=self._directory / "log")
        if process.wait() != 0:
            raise RuntimeError(f"initdb failed: {(self._directory / 'log').read_text()}")

    def _answers(self) -> bool:
        try:
            _connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


class Redis:
    """A Redis server of its own that can be killed and started again, with or without its memory."""

    def __init__(self, directory: Path, *, appendonly: bool = False) -> None:
        self._directory = directory
        self._appendonly = appendonly
        self._port = free_port()
        self._password = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        configuration = self._directory / "redis.conf"
        configuration.write_text(
            f"bind 127.0.0.1\nport {self._port}\nrequirepass {self._password}\ndir {self._directory}\n"
            f'save ""\nappendonly {"yes" if self._appendonly else "no"}\nmaxmemory-policy noeviction\n'
        )
        log = self._directory / "log"
        self._process = spawn(["redis-server", str(configuration)], user=None, log=log)
        wait_until(self._answers, self._process, log)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; without ``appendonly`` it has forgotten everything when it starts again."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            end(self._process, how)
            self._process = None

    def _answers(self) -> bool:
        # Without the client's own patience, which backs off for seconds.
        with redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A running cluster, for tests that stop it; ``durable`` where lost commits are the question."""
    with new_directory(in_memory=not durable) as directory:
        server = Postgres(directory, durable=durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """The URL of a running cluster, for :func:`create_database`."""
    with postgres(durable=durable) as server:
        yield server.url


@contextlib.contextmanager
def redis_store(*, appendonly: bool = False) -> Iterator[Redis]:
    """A running Redis, for tests that kill it."""
    with new_directory() as directory:
        server = Redis(directory, appendonly=appendonly)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def redis_server(*, appendonly: bool = False) -> Iterator[str]:
    """The URL of a running Redis."""
    with redis_store(appendonly=appendonly) as server:
        yield server.url


def create_database(url: str, template: str | None = None) -> str:
    """Make a database with a new name in the cluster of ``url`` and give its URL.

    ``template`` is the URL of a database to copy, to which nothing may be connected at that moment.
    """
    name = f"test_{secrets.token_hex(8)}"
    # Copying files beats logging every block when nothing is synced: 32 ms against 46 with 80 tables.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    origin = make_url(template).database if template else "template0"
    with _connect(url) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(origin or "template0")))
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    """Remove the database of ``url``, whoever is still connected to it."""
    name = sql.Identifier(make_url(url).database or "")
    maintenance = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    with _connect(maintenance) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    parts = make_url(url)
    host = str(parts.query["host"])
    return psycopg.connect(host=host, user=parts.username, dbname=parts.database, autocommit=True)


def _postgres_bin() -> Path:
    """Where ``initdb`` and ``postgres`` are: Debian keeps them off the PATH, one folder a version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).parent
    raise RuntimeError("no PostgreSQL server here: scripts/setup test installs it")


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: the user to be instead, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
