"""Requests a second of the API in this process: a page of 50 donors, one donor, a recorded gift.

    python -m tests.benchmarks.bench_api [--quick]

No network and one thread, on SQLite: what Python and the database need for an answer. It asserts nothing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from donorhub import clock, config
from donorhub.app import create_app
from donorhub.db import db
from donorhub.domain import payer_text
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.migrations.run import upgrade
from donorhub.models import Donor
from donorhub.services.access import organisation, users
from tests.processes import new_directory


def fill(count: int) -> str:
    """So many donors, and a token that may do everything."""
    now = clock.now()
    organisation.found(now=now)
    names = [f"Łucja Żółć{n}" for n in range(count)]
    db.session.execute(
        insert(Donor),
        [
            {"code": f"DH-{n}", "name": name, "search": payer_text.fold(name), "source": "bench",
             "created_at": now, "updated_at": now}
            for n, name in enumerate(names)
        ],
    )  # fmt: skip
    _, token = users.create_token("bench", PERMISSIONS, now=now, actor="system:0")
    db.session.commit()
    db.session.remove()
    return token


def measure(name: str, ask: Callable[[int], TestResponse], times: int) -> None:
    for n in range(20):
        assert ask(-n - 1).status_code < 300
    took = []
    for n in range(times):
        since = time.perf_counter()
        ask(n)
        took.append(time.perf_counter() - since)
    took.sort()
    print(
        f"{name:28} {times / sum(took):6.0f}/s   p50 {took[times // 2] * 1000:5.1f} ms   "
        f"p99 {took[times * 99 // 100] * 1000:5.1f} ms"
    )


def run(home: Path, donors: int, times: int) -> None:
    app = create_app(config.load({"DONORHUB_HOME": str(home), "DONORHUB_MODE": "test"}))
    with app.app_context():
        upgrade(db.engine)
        token = fill(donors)
    client: FlaskClient = app.test_client()
    headers = {"Authorization": f"Bearer {token}"}

    def give(n: int) -> TestResponse:
        amount = {"amount": "10.00", "currency": "PLN"}
        body = {"donor_id": 1 + n % donors, "amount": amount, "received_on": "2026-11-01"}
        keyed = {**headers, "Idempotency-Key": f"bench{n}"}
        return client.post(
            "/api/v1/gifts", data=json.dumps(body), headers=keyed, content_type="application/json"
        )

    print(f"{donors} donors, one thread, in process")
    measure("list of 50 donors", lambda n: client.get("/api/v1/donors?limit=50", headers=headers), times)
    measure("search, 50 hits", lambda n: client.get("/api/v1/donors?q=zolc", headers=headers), times)
    measure("one donor", lambda n: client.get(f"/api/v1/donors/{1 + n % donors}", headers=headers), times)
    measure("recorded gift, on disk", give, times)


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    with new_directory() as directory:
        run(directory, 500 if quick else 20_000, 50 if quick else 500)
