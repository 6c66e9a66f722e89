"""Tasks a second in one process, each durable: those that do nothing, and thank-yous into the outbox.

Run it: ``python -m tests.benchmarks.bench_jobs [tasks | --quick]``. It measures and asserts nothing. Beside
them stands the bare queue that SQLite allows: claim one row, mark it done, two commits.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask

from donorhub import clock, config, logs
from donorhub.app import create_app
from donorhub.cli.database import bring_up_to_date
from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs.queue import perform, run
from donorhub.models import Task
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.work import tasks
from tests.benchmarks.sizes import read_size


@contextmanager
def installation() -> Iterator[Flask]:
    """A small installation with an empty database on disk, without mail: messages stay in the outbox."""
    with tempfile.TemporaryDirectory(prefix="donorhub-bench-") as home:
        logs.configure_logs("console")
        settings = config.load_settings(
            {"DONORHUB_HOME": home, "DONORHUB_MODE": "test", "DONORHUB_SETTLE_S": "0"}
        )
        app = create_app(settings)
        with app.app_context():
            bring_up_to_date()
            yield app
            db.session.remove()
            db.engine.dispose()


def plan_idle(count: int) -> None:
    """Tasks that are nothing but the queue, each in a transaction of its own as those that ask others."""
    perform.PERFORMERS["call"] = _do_nothing
    now = clock.now()
    for n in range(count):
        tasks.plan_task(f"idle:{n}", kind="call", performer="worker", subject=("x", 0), due_at=now, now=now)
    db.session.commit()


def plan_idle_together(count: int) -> None:
    """The same as tasks that share transactions, as those that only write rows."""
    plan_idle(count)
    perform.TOGETHER.add("call")


def _do_nothing(_task: Task, _settings: Settings) -> str:
    return "nothing"


def plan_thank_yous(count: int) -> None:
    """Gifts of people with an address; each is written to once."""
    now = clock.now()
    for n in range(count):
        donor = donors.create_donor(
            {"name": f"Anna {n}", "email": f"a{n}@example.org"}, source="t", now=now, actor="t"
        )
        gifts.record_gift(
            donor.id,
            Money(1000 + n, "PLN"),
            received_on=now.date(),
            source="t",
            source_ref=str(n),
            now=now,
            actor="t",
            thank_delay=timedelta(0),
        )
    db.session.commit()


def perform_all() -> tuple[int, float, float]:
    """How many tasks were performed, in how many seconds, of how many on the processor."""
    count, wall, cpu = 0, time.perf_counter(), time.process_time()
    while done := run.run_due():
        count += done
    return count, time.perf_counter() - wall, time.process_time() - cpu


def bare_queue(count: int) -> float:
    """Seconds for so many rows in a bare table of SQLite with the same pragmas."""
    with tempfile.TemporaryDirectory(prefix="donorhub-bench-") as home:
        base = sqlite3.connect(Path(home) / "queue.sqlite3", isolation_level=None)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=FULL")
        base.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, state TEXT, lease REAL)")
        base.execute("CREATE INDEX waiting ON job (id) WHERE state = 'new'")
        base.executemany("INSERT INTO job (state) VALUES ('new')", [()] * count)
        since = time.perf_counter()
        for _ in range(count):
            (job,) = base.execute(
                "UPDATE job SET state = 'taken' WHERE id = (SELECT id FROM job WHERE state = 'new' LIMIT 1)"
                " RETURNING id"
            ).fetchall()
            base.execute("UPDATE job SET state = 'done' WHERE id = ?", job)
        took = time.perf_counter() - since
        base.close()
    return took


def main() -> None:
    count = read_size(sys.argv[1:], quick=60, full=1000)
    print(f"{'bare SQLite queue':34}{count / bare_queue(count):8.0f} tasks/s")
    for name, plan in (
        ("tasks that do nothing, one by one", plan_idle),
        ("tasks that do nothing, together", plan_idle_together),
        ("thank-yous, end to end", plan_thank_yous),
    ):
        with installation():
            plan(count)
            done, wall, cpu = perform_all()
            print(
                f"{name:34}{done / wall:8.0f} tasks/s {cpu / done * 1000:6.2f} ms CPU a task"
                f"{count / wall:8.0f} of {count} a second"
            )


if __name__ == "__main__":
    main()
