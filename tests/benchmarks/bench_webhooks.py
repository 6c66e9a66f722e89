"""Webhooks accepted a second over real HTTP, answered only once they are safe on disk.

    python -m tests.benchmarks.bench_webhooks [--quick]

Sixteen connections post signed messages of Stripe, each waiting for its answer. Three ways take them:
a bare Flask route that verifies with the SDK of Stripe and inserts with the ORM, as its pages show it;
DonorHub as one process on SQLite, which works its inbox off meanwhile; DonorHub on PostgreSQL and
Redis with two web processes and two workers. All on a disk that forgets nothing. The client shares
the machine, so the figures compare ways and do not promise rates; beside them stands the processor
time of those who answer, which others on the machine change less. It asserts nothing.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.load.installation import Installation, session_cpu_seconds
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
            [sys.executable, "-c", BARE, str(port), url, SECRET], stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
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
    installation.run("db", "upgrade")
    told = installation.run("webhooks", "create", "stripe", "--secret", SECRET).stdout
    server = installation.start_all()["server"]
    try:
        yield Where(
            installation.port, told.strip().partition(f":{installation.port}")[2], server.pid,
            lambda: not installation.one(WAITING),
        )  # fmt: skip
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
    """Seconds in all, seconds of each answer in rising order, and how often each status came."""
    now = int(time.time())
    waiting = deque((body, sign(body, SECRET, now)) for body in bodies)  # signed before the clock runs
    took: list[float] = []
    statuses: dict[int, int] = {}

    def post() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", where.port, timeout=30)
        while True:
            try:
                body, signature = waiting.popleft()
            except IndexError:
                connection.close()
                return
            since = time.perf_counter()
            headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
            connection.request("POST", where.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - since)
            statuses[answer.status] = statuses.get(answer.status, 0) + 1

    threads = [threading.Thread(target=post) for _ in range(CONNECTIONS)]
    since = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - since, sorted(took), statuses


def measure(name: str, way: Callable[[Path], AbstractContextManager[Where]], count: int) -> None:
    bodies = [to_body(event) for event in gift_events(count + 100, donors=count // 10 or 1)]
    with new_directory() as home, way(home) as where:
        post_all(where, bodies[:100])  # starting up and first connections are not what is measured
        while not where.is_idle():
            time.sleep(0.2)
        before = session_cpu_seconds(where.server)
        seconds, took, statuses = post_all(where, bodies[100:])
        cpu = (session_cpu_seconds(where.server) - before) / len(took)
    middle, late = took[len(took) // 2], took[len(took) * 99 // 100]
    answers = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    print(
        f"{name:32} {len(took) / seconds:6.0f}/s   p50 {middle * 1000:6.1f} ms   p99 {late * 1000:6.1f} ms   "
        f"{cpu * 1000:5.2f} ms CPU each   {answers}"
    )


def main() -> None:
    count = 300 if "--quick" in sys.argv else 3000
    print(f"{count} signed messages over {CONNECTIONS} connections, beside the client on the same machine")
    measure("bare Flask, SDK, ORM, SQLite", bare, count)
    measure("DonorHub, one process, SQLite", one_process, count)
    try:
        measure("DonorHub, PostgreSQL and Redis", many_processes, count)
    except (FileNotFoundError, RuntimeError) as e:
        print(f"DonorHub, PostgreSQL and Redis: not measured, {e}")


if __name__ == "__main__":
    main()
