"""How fast donors are found among 100,000, and how fast the dashboard's figures are.

    .venv/bin/python -m tests.benchmarks.bench_search [donors | --quick]

In the database of DATABASE_URL, else in SQLite in a temporary folder. Nothing is asserted.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from donorhub import config
from donorhub.app import create_app
from donorhub.db import db, set_reading
from donorhub.domain import payer_text
from donorhub.domain.donors import codes
from donorhub.migrations import run
from donorhub.models import Donor, Gift, IdentityKey
from donorhub.services.access import organisation
from donorhub.services.donors import search, stages
from donorhub.services.donors.identity_keys import hash_key
from donorhub.services.giving import history
from donorhub.services.reports import dashboard, timeline
from tests.benchmarks.sizes import read_size

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TODAY = date(2026, 11, 22)
GIVEN = "Anna Maria Katarzyna Jan Piotr Łukasz Agnieszka Besnik Arta Driton Józef Zofia Świętosława".split()
FAMILY = (
    "Kowalska Nowak Wiśniewski Wójcik Kamińska Zieliński Woźniak Dąbrowski Çela Gashi Hoxha Mazur".split()
)
TOWNS = "Gdańsk Łódź Kraków Warszawa Prishtinë Prizren Tiranë Poznań Wrocław Pejë".split()
METHODS = ("transfer", "standing_order", "card", "cash", "blik", "direct_debit")
ROUNDS = 40


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {"DONORHUB_MODE": "test", "DONORHUB_HOME": home}
        if os.environ.get("DATABASE_URL"):
            environment["DATABASE_URL"] = os.environ["DATABASE_URL"]
        app = create_app(config.load_settings(environment))
        with app.app_context():
            run.upgrade(db.engine)
            organisation.create_organisation("Bench", now=NOW)
            began = time.perf_counter()
            fill(count)
            print(
                f"{count} donors and gifts in {time.perf_counter() - began:.1f} s, {db.engine.dialect.name}"
            )
            db.session.remove()
            set_reading(True)
            measure(count)
            db.session.remove()


def fill(count: int) -> None:
    pick = random.Random(7)
    donors, keys = [], []
    for id_ in range(1, count + 1):
        row = _donor(id_, pick)
        donors.append(row)
        keys += [
            {"kind": "email", "value_hash": hash_key("email", row["email"]), "donor_id": id_},
            {
                "kind": "name",
                "value_hash": hash_key("name", payer_text.make_name_key(row["name"])),
                "donor_id": id_,
            },
        ]
    db.session.execute(insert(Donor), donors)
    db.session.execute(insert(IdentityKey), keys)
    db.session.execute(insert(Gift), [_gift(number, count, pick) for number in range(count)])
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        with db.engine.begin() as connection:  # without figures on its tables it plans blindly
            connection.exec_driver_sql("ANALYZE")


def _donor(id_: int, pick: random.Random) -> dict[str, Any]:
    name, town = f"{pick.choice(GIVEN)} {pick.choice(FAMILY)}", pick.choice(TOWNS)
    email = payer_text.fold_letters(name).replace(" ", ".") + f".{id_}@example.org"
    code, phone = codes.format_code("DH", 1000 + id_), f"+485{id_:08}"
    at = NOW - timedelta(days=pick.randrange(900))
    return {
        "id": id_,
        "code": code,
        "kind": "person",
        "name": name,
        "email": email,
        "phone": phone,
        "city": town,
        "lang": "pl",
        "source": "bench",
        "created_at": at,
        "updated_at": at,
        "search": payer_text.fold_letters(f"{name} {email} {code} {town} {phone}"),
    }


def _gift(number: int, count: int, pick: random.Random) -> dict[str, Any]:
    return {
        "donor_id": pick.randrange(1, count // 2 + 2),
        "amount_minor": pick.choice((2000, 5000, 10000)),
        "currency": "PLN",
        "received_on": TODAY - timedelta(days=pick.randrange(730)),
        "recorded_at": NOW,
        "source": "bench",
        "source_ref": str(number),
        "method": pick.choice(METHODS),
    }


def measure(count: int) -> None:
    middle = count // 2
    for what in (
        "anna",
        "kowalska",
        "lodz nowak",
        "swietoslawa",
        "ska",
        "kow 50",
        "an",
        f"dh-{1000 + middle}",
        f"anna.nowak.{middle}@example.org",
        f"+485{middle:08}",
        "PL61109010140000071219812874",
        "zzzzz",
    ):
        show(f"search {what!r}", lambda what=what: search.find_donors(what))  # type: ignore[misc]
    show("timeline of one donor", lambda: timeline.read_timeline(middle))
    show(
        "stages of a page of 50",
        lambda: stages.read_stages([donor.id for donor in search.find_donors("nowak").rows]),
    )
    show("received this month", lambda: dashboard.sum_received(TODAY.replace(day=1), TODAY))
    show("twelve months by method", lambda: dashboard.list_months(TODAY, "PLN"))
    show("retention", lambda: history.count_retained_donors(TODAY, "PLN"))


def show(what: str, act: Callable[[], Any]) -> None:
    spent = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        act()
        spent.append((time.perf_counter() - began) * 1000)
        db.session.expire_all()
    spent.sort()
    print(f"{what:42} p50 {statistics.median(spent):7.1f} ms   p95 {spent[int(ROUNDS * 0.95) - 1]:7.1f} ms")


if __name__ == "__main__":
    main(read_size(sys.argv[1:], quick=2_000, full=100_000))
