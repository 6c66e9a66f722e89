"""Webhooks accepted over real HTTP and answered only once they are safe on disk, and what they cost later.

    python -m tests.benchmarks.bench_webhooks [--quick]

Sixteen connections post signed messages of Stripe, each waiting for its answer. Three ways take them:
a bare Flask route that verifies with the SDK of Stripe and inserts with the ORM, as its pages show it;
DonorHub as one process on SQLite, which works its inbox off meanwhile; DonorHub on PostgreSQL and
Redis with two web processes and two workers. All on a disk that forgets nothing. The client shares
the machine, so the figures compare ways and do not promise rates; beside them stands the processor
time of those who answer, which others on the machine change less; that of the thread that works the
inbox off meanwhile is told by itself.

Then charges that lie in the inbox, of four accounts and of donors of whom most are known, are worked off
by workers that are warm: on SQLite, and on PostgreSQL by one worker and by four. It asserts nothing.
"""

from __future__ import annotations

import http.client
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from tests.load.installation import Installation, session_cpu_seconds, thread_cpu_seconds
from tests.load.posting import gift_events
from tests.processes import free_port, new_directory
from tests.servers import create_database, postgres_server, redis_server
from tests.webhooks.scenarios import sign, to_body

SECRET = "whsec_of_the_benchmark"
CONNECTIONS = 16
WAITING = "SELECT count(*) FROM provider_event WHERE state = 'received'"
BARE = """
import json, sys
import stripe
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from waitress import serve

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = sys.argv[2]
db = SQLAlchemy(app)

class Event(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    ref = db.Column(db.String, unique=True)
    body = db.Column(db.Text)

@app.post("/hook")
def hook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], sys.argv[3])
    db.session.add(Event(ref=event["id"], body=json.dumps(event.to_dict())))
    db.session.commit()
    return "", 200

with app.app_context():
    db.create_all()
serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=16)
"""


FILL = """
from sqlalchemy import select
from donorhub import clock
from donorhub.db import db
from donorhub.models import WebhookEndpoint
from donorhub.services.providers import endpoints, inbox
from tests.load.posting import gift_events
from tests.webhooks.scenarios import to_raw

ids = dict(db.session.execute(select(WebhookEndpoint.account, WebhookEndpoint.id)).all())
for account in {accounts}:
    if account not in ids:
        new = endpoints.create_endpoint("stripe", "whsec_x", account=account, now=clock.now(), actor="t:1")
        ids[account] = new.id
events = gift_events({end}, donors={donors})[{start}:]
rows = []
for n, event in enumerate(events):
    account = {accounts}[n % len({accounts})]
    raw = to_raw(event | {{"account": account}})
    rows.append(inbox.make_event_row(ids[account], "stripe", raw, now=clock.now(), source="http"))
inbox.store_events(db.session.connection(), rows)
db.session.commit()
"""
WORKER = """
import sys, time
from tests.load.inside import app
from donorhub.jobs.kinds import inbox
with app() as application:
    while True:
        print("ready", flush=True)
        sys.stdin.readline()
        since = time.process_time()
        while inbox.drain_inbox(application.extensions["donorhub.settings"]):
            pass
        print(time.process_time() - since, flush=True)
"""
# The command line, with the system told which thread works the inbox off.
SERVE = """
import threading
from pathlib import Path
from donorhub.cli import main
from donorhub.jobs.queue import worker
begin_work = worker.stay_at_work
def stay_at_work(app):
    Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text("inbox-worker")
    return begin_work(app)
worker.stay_at_work = stay_at_work
main()
"""
ACCOUNTS = ("acct_one", "acct_two", "acct_three", "acct_four")


class Accepted(NamedTuple):
    rate: float  # a second
    cpu: float  # seconds each, without the work that goes on meanwhile


class Where(NamedTuple):
    port: int
    path: str
    server: int  # its process, which leads a session
    is_idle: Callable[[], bool] = lambda: True


@contextmanager
def bare(home: Path) -> Iterator[Where]:
    """The route that a programmer writes in an afternoon."""
    port = free_port()
    url = f"sqlite:///{home / 'bare.sqlite3'}"
    with (home / "bare.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", BARE, str(port), url, SECRET],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(port)
        yield Where(port, "/hook", process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def one_process(home: Path) -> Iterator[Where]:
    """DonorHub with nothing configured."""
    with _donorhub(home, {}) as where:
        yield where


@contextmanager
def many_processes(home: Path) -> Iterator[Where]:
    """DonorHub on PostgreSQL and Redis."""
    with ExitStack() as stack:
        url = create_database(stack.enter_context(postgres_server(durable=True)))
        stores = {"DATABASE_URL": url, "REDIS_URL": stack.enter_context(redis_server())}
        yield stack.enter_context(_donorhub(home, stores))


@contextmanager
def _donorhub(home: Path, stores: dict[str, str]) -> Iterator[Where]:
    installation = Installation(home, stores, DONORHUB_THREADS=str(CONNECTIONS), DONORHUB_SETTLE_S="3600")
    installation.program = [sys.executable, "-c", SERVE]
    installation.run("db", "upgrade")
    told = installation.run("webhooks", "create", "stripe", "--secret", SECRET).stdout
    server = installation.start_all()["server"]
    try:
        yield Where(
            installation.port,
            told.strip().partition(f":{installation.port}")[2],
            server.pid,
            lambda: not installation.one(WAITING),
        )
    finally:
        installation.stop_all()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the bare route did not start")


def post_all(where: Where, bodies: list[bytes]) -> tuple[float, list[float], dict[int, int]]:
    """Return seconds in all, seconds of each answer in rising order, and how often each status came."""
    now = int(time.time())
    requests = deque(_request(where, body, sign(body, SECRET, now)) for body in bodies)
    took: list[float] = []
    statuses: dict[int, int] = {}
    with ExitStack() as stack, selectors.DefaultSelector() as waiting:
        since = time.perf_counter()
        for _ in range(min(CONNECTIONS, len(requests))):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", where.port), timeout=30))
            line.sendall(requests.popleft())
            waiting.register(line, selectors.EVENT_READ, [b"", time.perf_counter()])
        while waiting.get_map():
            for key, _ in waiting.select(30):
                line, state = cast(socket.socket, key.fileobj), key.data
                state[0] += line.recv(65536)
                if not _is_whole(state[0]):
                    continue
                took.append(time.perf_counter() - state[1])
                status = int(state[0][9:12])
                statuses[status] = statuses.get(status, 0) + 1
                if requests:
                    state[:] = b"", time.perf_counter()
                    line.sendall(requests.popleft())
                else:
                    waiting.unregister(line)
        return time.perf_counter() - since, sorted(took), statuses


def _request(where: Where, body: bytes, signature: str) -> bytes:
    head = (
        f"POST {where.path} HTTP/1.1\r\nHost: 127.0.0.1:{where.port}\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def measure(name: str, way: Callable[[Path], AbstractContextManager[Where]], count: int) -> Accepted:
    bodies = [to_body(event) for event in gift_events(count + 100, donors=count // 10 or 1)]
    with new_directory() as home, way(home) as where:
        post_all(where, bodies[:100])  # starting up and first connections are not what is measured
        while not where.is_idle():
            time.sleep(0.2)
        before = session_cpu_seconds(where.server)
        worked_before = thread_cpu_seconds(where.server, "inbox-worker")
        seconds, took, statuses = post_all(where, bodies[100:])
        worked = (thread_cpu_seconds(where.server, "inbox-worker") - worked_before) / len(took)
        cpu = (session_cpu_seconds(where.server) - before) / len(took) - worked
    middle, late = took[len(took) // 2], took[len(took) * 99 // 100]
    answers = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    print(
        f"{name:32} {len(took) / seconds:6.0f}/s   p50 {middle * 1000:6.1f} ms   p99 {late * 1000:6.1f} ms   "
        f"{cpu * 1000:5.2f} ms CPU each (and {worked * 1000:.2f} of the work)   {answers}"
    )
    return Accepted(len(took) / seconds, cpu)


class Crew:
    """Workers of an installation, each a process with its own session; they work the inbox off at a word."""

    def __init__(self, installation: Installation, size: int) -> None:
        self._installation = installation
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER],
                env=installation.environ,
                cwd=installation.home,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            for _ in range(size)
        ]
        self._lines = [(cast(IO[str], one.stdin), cast(IO[str], one.stdout)) for one in self._processes]

    def work_off(self) -> tuple[float, float]:
        """Return the seconds and processor seconds that they took for what lay in the inbox."""
        for _, answers in self._lines:
            assert answers.readline() == "ready\n"
        since = time.perf_counter()
        for orders, _ in self._lines:
            orders.write("go\n")
            orders.flush()
        cpu = sum(float(answers.readline()) for _, answers in self._lines)
        seconds = time.perf_counter() - since
        assert self._installation.one(WAITING) == 0
        return seconds, cpu

    def dismiss(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


def measure_work(name: str, stores: dict[str, str], workers: int, count: int) -> float:
    """Print and return how many charges a second are worked off by workers who have done some before."""
    with new_directory() as home, ExitStack() as stack:
        installation = Installation(home, stores, DONORHUB_SETTLE_S="3600")
        installation.run("db", "upgrade")
        crew = Crew(installation, workers)
        stack.callback(crew.dismiss)
        warm, donors = 100 * len(ACCOUNTS), count // 10 or 1
        for start, end in ((0, warm), (warm, warm + count)):
            installation.script(FILL.format(accounts=ACCOUNTS, start=start, end=end, donors=donors))
            seconds, cpu = crew.work_off()
        gifts = installation.one("SELECT count(*) FROM gift")
    print(
        f"{name:32} {count / seconds:6.0f}/s   {cpu / count * 1000:5.2f} ms CPU a charge   {gifts} gifts",
        flush=True,
    )
    return count / seconds


def main() -> None:
    count = 300 if "--quick" in sys.argv else 3000
    print(f"{count} signed messages over {CONNECTIONS} connections, beside the client on the same machine")
    plain = measure("bare Flask, SDK, ORM, SQLite", bare, count)
    ours = measure("DonorHub, one process, SQLite", one_process, count)
    print(
        f"{'':32} {ours.rate / plain.rate:6.1f} x the bare route's rate, {ours.cpu / plain.cpu:.2f} x its CPU"
    )
    print(f"{count} charges of {len(ACCOUNTS)} accounts in the inbox, worked off")
    measure_work("SQLite", {}, 1, count)
    try:
        measure("DonorHub, PostgreSQL and Redis", many_processes, count)
        with ExitStack() as stack:
            server = stack.enter_context(postgres_server(durable=True))
            redis = stack.enter_context(redis_server())
            rates = [
                measure_work(
                    f"PostgreSQL, {workers} at work",
                    {"DATABASE_URL": create_database(server), "REDIS_URL": redis},
                    workers,
                    count,
                )
                for workers in (1, 4)
            ]
        print(f"{'':32} {rates[1] / rates[0]:6.1f} x as fast with four workers")
    except (FileNotFoundError, RuntimeError) as e:
        print(f"PostgreSQL and Redis: not measured, {e}")


if __name__ == "__main__":
    main()
