"""The throw-away servers do what the other tests rely on, and leave nothing behind."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import create_engine, make_url, text

from tests import servers
from tests.processes import free_port
from tests.smtp import SmtpServer

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with servers.postgres_server() as url:
        yield url


@pytest.fixture
def mailbox() -> Iterator[SmtpServer]:
    with servers.smtp_server() as server:
        yield server


def _execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            results = [connection.execute(text(statement)) for statement in statements]
            return [tuple(row) for row in results[-1]] if results[-1].returns_rows else []
    finally:
        engine.dispose()


def test_database_copy_has_own_life(cluster: str) -> None:
    """A database made from a template has its rows and a life of its own."""
    template = servers.create_database(cluster)
    _execute(template, "CREATE TABLE gift (id int)", "INSERT INTO gift VALUES (7)")
    copy = servers.create_database(cluster, template=template)
    _execute(copy, "INSERT INTO gift VALUES (8)")
    assert _execute(copy, "SELECT id FROM gift ORDER BY id") == [(7,), (8,)]
    assert _execute(template, "SELECT id FROM gift") == [(7,)]


def test_cluster_keeps_polish_and_albanian(cluster: str) -> None:
    """The cluster keeps Polish and Albanian text as UTF-8."""
    database = servers.create_database(cluster)
    assert _execute(database, "SELECT 'Żółć, Përshëndetje', current_setting('server_encoding')") == [
        ("Żółć, Përshëndetje", "UTF8")
    ]


def test_dropped_database_is_gone(cluster: str) -> None:
    """A dropped database is gone although someone was connected."""
    database = servers.create_database(cluster)
    parts = make_url(database)
    with psycopg.connect(host=str(parts.query["host"]), user=parts.username, dbname=parts.database):
        servers.drop_database(database)
    names = _execute(cluster, "SELECT datname FROM pg_database")
    assert (parts.database,) not in names


@pytest.mark.slow
def test_durable_cluster_keeps_committed_rows() -> None:
    """A durable cluster that crashes has every committed row when it starts again."""
    with servers.postgres(durable=True) as server:
        database = servers.create_database(server.url)
        _execute(database, "CREATE TABLE gift (id int)", "INSERT INTO gift SELECT generate_series(1, 500)")
        assert _execute(database, "SHOW fsync") == [("on",)]
        server.crash()
        with pytest.raises(psycopg.OperationalError):
            servers.create_database(server.url)
        server.start()
        assert _execute(database, "SELECT count(*) FROM gift") == [(500,)]


def test_nobody_without_the_password_gets_into_redis() -> None:
    with servers.redis_server() as url:
        port = make_url(url).port
        impatient = Retry(NoBackoff(), 0)
        with (
            redis.Redis(port=port or 0, retry=impatient) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_a_killed_redis_has_forgotten_everything() -> None:
    with servers.redis_store() as server, redis.Redis.from_url(server.url) as client:
        client.set("task", "7")
        server.kill()
        server.start()
        assert client.get("task") is None


def test_append_only_redis_remembers() -> None:
    """A killed Redis with an append-only file remembers."""
    with servers.redis_store(appendonly=True) as server, redis.Redis.from_url(server.url) as client:
        client.set("task", "7")
        time.sleep(0.1)  # until it is written, which happens after the answer
        server.kill()
        server.start()
        assert client.get("task") == b"7"


def _letter() -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@example.org", "b@example.org", "Dziękujemy"
    letter.set_content("Faleminderit, Zoë")
    return letter


def _send(server: SmtpServer) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.send_message(_letter())


def test_accepted_message_can_be_read(mailbox: SmtpServer) -> None:
    """A message that the server took can be read back."""
    _send(mailbox)
    [message] = mailbox.wait_for(1)
    assert (message["Subject"], message.get_content()) == ("Dziękujemy", "Faleminderit, Zoë\r\n")
    assert mailbox.recipients == [["b@example.org"]]


def test_waiting_for_nothing_fails(mailbox: SmtpServer) -> None:
    """Waiting for a message that does not come fails."""
    with pytest.raises(AssertionError, match="0 of 1 messages"):
        mailbox.wait_for(1, timeout=0.05)


def test_a_refused_recipient_gets_nothing(mailbox: SmtpServer) -> None:
    mailbox.recipient_answer = "550 no such user"
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="550"):
        _send(mailbox)
    assert mailbox.messages == []


def test_deferred_message_is_not_kept(mailbox: SmtpServer) -> None:
    """A message that is put off with 451 is not kept."""
    mailbox.data_answer = "451 try again later"
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        _send(mailbox)
    assert mailbox.messages == []


def test_dropped_connection_keeps_the_message(
    mailbox: SmtpServer,
) -> None:
    """A connection that drops after the data leaves the message kept and the sender uncertain."""
    mailbox.drops_after_data = True
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _send(mailbox)
    assert len(mailbox.messages) == 1


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[0] == "127.0.0.1"


_HOLDER = """
import time
from tests import servers
with servers.postgres() as cluster, servers.redis_store() as store:
    print(cluster._process.pid, store._process.pid, flush=True)
    print(cluster._directory, store._directory, flush=True)
    time.sleep(60)
"""


def test_servers_end_with_their_process() -> None:
    """Servers of a killed process end, and their directories go at the next start."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        pids = [int(pid) for pid in holder.stdout.readline().split()]
        directories = [Path(name) for name in holder.stdout.readline().split()]
        assert all(map(_is_alive, pids)) and all(directory.exists() for directory in directories)
        holder.kill()
    deadline = time.monotonic() + 10
    while any(map(_is_alive, pids)):
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if _is_alive(pid)]}"
        time.sleep(0.02)
    with servers.redis_server():
        assert not any(directory.exists() for directory in directories)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
