"""What an answer of the API and a list page cost in CPU, beside plain Flask, its ORM and marshmallow.

    python -m tests.benchmarks.bench_api [--quick]

All in this process, in turns, on the same rows of one SQLite file; medians. No network: what Python and
the database need for an answer. It asserts that both applications tell the same, and no time.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any, Final

from flask import Flask
from sqlalchemy import func, insert, select
from werkzeug.test import EnvironBuilder

from donorhub import clock, config
from donorhub.app import create_app
from donorhub.cli.demo.filling import fill_demo
from donorhub.cli.demo.people import STAFF
from donorhub.db import Base, db
from donorhub.domain import payer_text
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.migrations.run import upgrade
from donorhub.models import Donor, Entry, Message, Receipt, Task
from donorhub.services.access import organisation, sessions, users
from tests.benchmarks.plain_api import LIMIT, create_plain_app
from tests.processes import new_directory

PAGES: Final = {
    "donors": "/donors",
    "gifts": "/gifts",
    "recurring gifts": "/recurring-gifts",
    "receipts": "/receipts",
    "tasks": "/tasks?view=all",
    "messages": "/messages",
    "entries, to decide": "/bank/to-decide",
    "entries, matched": "/bank/matched",
}
GOAL_LIST, GOAL_ONE, GOAL_PAGE = 0.6, 12.0, 100.0
CREATED: Final = 201
Ask = Callable[[], bytes]


class Caller:
    """Sends one request again and again, as a server would hand it over."""

    def __init__(self, app: Flask, path: str, headers: Mapping[str, str] | None = None) -> None:
        builder = EnvironBuilder(path=path, headers=list((headers or {}).items()))
        self._environ = builder.get_environ()
        self._application = app.wsgi_app
        self.status = ""

    def __call__(self) -> bytes:
        answer = self._application(dict(self._environ), self._start)
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return body

    def _start(self, status: str, _headers: Any, _trouble: Any = None) -> Callable[[bytes], object]:
        self.status = status
        return BytesIO().write


def measure_cost(ask: Ask, times: int) -> float:
    """CPU milliseconds of one answer."""
    since = time.process_time()
    for _ in range(times):
        ask()
    return (time.process_time() - since) / times * 1000


def measure_all(asks: Mapping[str, tuple[Ask, int]], rounds: int) -> dict[str, float]:
    """The median cost of each, asked in turns after a first time that is not counted."""
    costs: dict[str, list[float]] = {name: [] for name in asks}
    for ask, times in asks.values():
        measure_cost(ask, min(times, 10))
    for _ in range(rounds):
        for name, (ask, times) in asks.items():
            costs[name].append(measure_cost(ask, times))
    return {name: median(figures) for name, figures in costs.items()}


def add_donors(count: int) -> None:
    """So many donors more, to be searched among."""
    now = clock.now()
    names = [f"Łucja Żółć{n}" for n in range(count)]
    rows = [
        {
            "code": f"B-{n}",
            "name": name,
            "search": payer_text.fold_letters(name),
            "source": "bench",
            "created_at": now,
            "updated_at": now,
        }
        for n, name in enumerate(names)
    ]
    db.session.execute(insert(Donor), rows)


def fill_page(model: type[Base], fresh: Callable[[int], dict[str, Any]], *, state: str) -> None:
    """Copy a row of the demo until a list of such rows fills a page."""
    table = Base.metadata.tables[model.__tablename__]
    column = table.c.state
    found = db.session.execute(select(table).where(column == state).limit(1)).mappings().first()
    assert found is not None, f"the demo has no {table.name} that is {state}"
    count = db.session.scalar(select(func.count()).select_from(table).where(column == state)) or 0
    row = {name: value for name, value in found.items() if name != "id"}
    copies = [{**row, **fresh(n)} for n in range(max(0, LIMIT + 10 - count))]
    if copies:
        db.session.execute(insert(model), copies)


def fresh_message(n: int) -> dict[str, Any]:
    return {
        "send_key": f"bench{n}",
        "message_id": f"<bench{n}@example.org>",
        "task_id": None,
        "donor_id": 1 + n,
    }


def fill_base(home: Path, donors: int) -> str:
    """The demo with fifty rows and more in each list, and so many donors more; a token that may do all."""
    now = clock.now()
    organisation.create_organisation("Bench", now=now)
    db.session.commit()
    fill_demo(home / "to-try.csv", now=now)
    add_donors(donors)
    fill_page(Receipt, lambda n: {"number": 1000 + n, "replaces_id": None, "donor_id": 1 + n}, state="issued")
    fill_page(
        Task, lambda n: {"key": f"bench:{n}", "performer": "person", "donor_id": 1 + n}, state="planned"
    )
    fill_page(Message, fresh_message, state="sent")
    for state in ("suspense", "matched"):
        fill_page(Entry, lambda n, state=state: {"fingerprint": f"{state}{n}"}, state=state)  # type: ignore[misc]
    _, token = users.create_token("bench", PERMISSIONS, now=now, actor="system:0")
    db.session.commit()
    db.session.remove()
    return token


def sign_in(app: Flask) -> str:
    """The cookie of somebody who may see all pages."""
    client = app.test_client()
    with app.app_context():
        user = users.find_user(STAFF[0][0])
        assert user is not None
        _, session_token = sessions.start_session(user, now=clock.now())
        db.session.commit()
        db.session.remove()
    with client.session_transaction() as session:
        session.update(_user_id=session_token, _fresh=True)
    client.get("/donors")  # the first page puts its form token into the session, later ones find it there
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    return f"{cookie.key}={cookie.value}"


def same_content(plain: bytes, ours: bytes) -> None:
    """See that both lists tell the same, but for fields of one's own, which only ours reads."""
    page = json.loads(ours)
    page.pop("next")
    for donor in page["data"]:
        donor["custom"] = {}
    assert json.loads(plain) == page, "the plain list tells something else"
    assert len(page["data"]) == LIMIT


def see_rows(pages: Mapping[str, Caller]) -> None:
    """See that each page is there and lists a page full of rows."""
    for name, ask in pages.items():
        page = ask().decode()
        assert ask.status.startswith("200"), (name, ask.status)
        rows = max(page.count("<tr"), page.count("<article"), page.count("<li"))
        assert rows >= LIMIT, (name, rows)


def print_ratio(name: str, ms: float, ratio: float, unit: str, goal: float) -> None:
    print(f"{name:34} {ms:7.3f} ms {ratio:7.2f} x {unit}, goal {goal:g}")


def run(home: Path, donors: int, times: int, rounds: int) -> None:
    settings = config.load_settings({"DONORHUB_HOME": str(home), "DONORHUB_MODE": "test"})
    app = create_app(settings)
    with app.app_context():
        upgrade(db.engine)
        token = fill_base(home, donors)
    plain = create_plain_app(home / "donorhub.sqlite3")
    sent = {"Authorization": f"Bearer {token}"}
    cookie = {"Cookie": sign_in(app)}
    pages = {f"page: {name}": Caller(app, path, cookie) for name, path in PAGES.items()}
    empty, plain_list = Caller(plain, "/empty"), Caller(plain, "/donors")
    ours = Caller(app, "/api/v1/donors?limit=50", sent)
    same_content(plain_list(), ours())
    see_rows(pages)
    api = {
        "search among all, 50 hits": Caller(app, "/api/v1/donors?q=zolc", sent),
        "list of 50 gifts": Caller(app, "/api/v1/gifts?limit=50", sent),
    }
    costs = measure_all(
        {
            "empty": (empty, times * 10),
            "plain": (plain_list, times),
            "list": (ours, times),
            "one": (Caller(app, "/api/v1/donors/7", sent), times * 2),
        }
        | {name: (ask, times) for name, ask in api.items()}
        | {name: (ask, max(1, times // 5)) for name, ask in pages.items()},
        rounds,
    )
    print(f"CPU an answer, median of {rounds} rounds in turns, {donors + 301} donors")
    print(f"{'empty answer of Flask':34} {costs['empty']:7.3f} ms")
    print(f"{'list of 50 donors, plain':34} {costs['plain']:7.3f} ms")
    print_ratio("list of 50 donors", costs["list"], costs["list"] / costs["plain"], "plain", GOAL_LIST)
    print_ratio("one donor", costs["one"], costs["one"] / costs["empty"], "empty", GOAL_ONE)
    for name in pages:
        print_ratio(name, costs[name], costs[name] / costs["empty"], "empty", GOAL_PAGE)
    for name in api:
        print(f"{name:34} {costs[name]:7.3f} ms")
    record_gifts(app, token, times)


def record_gifts(app: Flask, token: str, times: int) -> None:
    """Record gifts with their keys, each on disk before it is answered."""
    client = app.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    since = time.process_time()
    for n in range(times):
        gift = {
            "donor_id": 1 + n,
            "amount": {"amount": "10.00", "currency": "PLN"},
            "received_on": "2026-11-01",
        }
        path = "/api/v1/gifts?allow_duplicate=true"
        answer = client.post(path, json=gift, headers={**headers, "Idempotency-Key": f"bench{n}"})
        assert answer.status_code == CREATED, answer.text
    print(f"{'recorded gift, on disk':34} {(time.process_time() - since) / times * 1000:7.3f} ms")


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    with new_directory() as directory:
        run(directory, 500 if quick else 20_000, 10 if quick else 50, 3 if quick else 9)
