"""How fast the search answers while one types, and pages: a donor's, and lists at their start and their end.

    .venv/bin/python -m tests.benchmarks.bench_search [donors | --quick | --million]

In the database of DATABASE_URL, which is to be empty, else in SQLite in a temporary folder. ``--million``
measures a hundred thousand first and a million then, and says how much slower that is; on PostgreSQL it
needs a second empty database in DATABASE_URL_OF_A_MILLION. Nothing is asserted.
"""

from __future__ import annotations

import base64
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from donorhub import clock, config
from donorhub.app import create_app
from donorhub.db import Base, db, set_reading
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.domain.donors import codes
from donorhub.migrations import run
from donorhub.services import paging
from donorhub.services.donors import ranked_search
from donorhub.services.reports import whole_search
from tests.benchmarks.search_base import (
    GIVEN,
    NOW,
    READER,
    TOWNS,
    analyse_base,
    make_base,
    make_person,
    write_documents,
)
from tests.benchmarks.sizes import read_size
from tests.queries.large_base import FIRST

HUNDRED_THOUSAND: Final = 100_000
MILLION: Final = 1_000_000
QUERIES: Final = 200
VISITS: Final = 20
MOST_AT_RECALL: Final = 20
ALL: Final = Principal("user", 1, READER, PERMISSIONS)
Timings = dict[str, tuple[float, float]]
# Lists, with the columns of their order: the cursor of their end is made of a row there.
LISTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "/donors": ("donor", ("id",)),
    "/donors?q=anna": ("donor", ("id",)),
    "/gifts": ("gift", ("received_on", "id")),
    "/receipts": ("receipt", ("id",)),
    "/messages": ("message", ("id",)),
    "/recurring-gifts": ("recurring_gift", ("id",)),
    "/api/v1/donors?limit=50": ("donor", ("id",)),
    "/api/v1/gifts?limit=50": ("gift", ("id",)),
}


def main(count: int, database_url: str) -> Timings:
    """Make a base, measure on it, print, and return the p50 and p95 of each thing in milliseconds."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"DONORHUB_MODE": "test", "DONORHUB_HOME": home}
        app = create_app(config.load_settings({**environment, **_name_database(database_url)}))
        clock.use_clock(lambda: NOW)
        with app.app_context():
            run.upgrade(db.engine)
            began = time.process_time()
            make_base(count)
            seconds_of_filling = time.process_time() - began
            print(f"\n{count:,} donors, {db.engine.dialect.name}, made in {seconds_of_filling:.0f} CPU s")
            began, wall = time.process_time(), time.perf_counter()
            write_documents()
            seconds = time.process_time() - began, time.perf_counter() - wall
            print(f"documents and typos written in {seconds[0]:.0f} CPU s, {seconds[1]:.0f} s of the clock")
            analyse_base()
            set_reading(True)
            timings = {**_measure_searches(count), **_measure_pages(app, count)}
            db.session.remove()
            db.engine.dispose()
            return timings


def _name_database(database_url: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url} if database_url else {}


# ---------------------------------------------------------------- searches


def _measure_searches(count: int) -> Timings:
    pick = random.Random(11)
    numbers = [pick.randrange(count) for _ in range(QUERIES)]
    timings: Timings = {}
    for kind, texts in _list_texts(numbers, pick).items():
        timings[kind] = _measure(kind, [lambda text=text: _search(text) for text in texts])  # type: ignore[misc]
    typos = list(_list_typos(numbers, pick))
    hits = sum(
        FIRST + number in [hit.id for hit in ranked_search.find_best_donors(name, ALL, limit=MOST_AT_RECALL)]
        for number, name in typos
    )
    print(f"{'recall@20 of typos':46} {hits} of {len(typos)}: {hits / len(typos):.3f}")
    return timings


def _search(text: str) -> None:
    whole_search.find_everything(text, ALL).cut_to(whole_search.MOST)
    db.session.rollback()


def _list_texts(numbers: Sequence[int], pick: random.Random) -> dict[str, list[str]]:
    people = [make_person(number) for number in numbers]
    typos = [text for _number, text in _list_typos(numbers, random.Random(5))]
    return {
        "two letters": [one.family_name[:2] for one in people],
        "three letters": [one.family_name[:3] for one in people],
        "a given name": [pick.choice(GIVEN) for _ in people],
        "a family name": [one.family_name for one in people],
        "given and family name": [one.name for one in people],
        "family name and town": [f"{one.family_name} {one.town}" for one in people],
        "beginnings of both names": [f"{one.given_name[:3]} {one.family_name[:4]}" for one in people],
        "a town": [pick.choice(TOWNS) for _ in people],
        "names with a typo": typos,
        "one name with a typo": [text.split()[-1] for text in typos],
        "a part of a word": [one.family_name[1:6] for one in people],
        "nobody": [f"{one.family_name}xqv{one.town[:3]}" for one in people],
        "e-mail": [one.email for one in people],
        "beginning of an e-mail": [one.email[:-8] for one in people],
        "phone": [one.phone for one in people],
        "beginning of a phone": [one.phone[4:11] for one in people],
        "end of a phone": [one.phone[-7:] for one in people],
        "account": [one.account for one in people],
        "beginning of an account": [f"{one.account[:4]} {one.account[4:8]}" for one in people],
        "end of an account": [one.account[-4:] for one in people],
        "postcode": [one.postcode for one in people],
        "code": [codes.format_code("DH", 1000 + FIRST + number) for number in numbers],
        "receipt": [f"R/2020/{number % 100_000:05}" for number in numbers],
        "amount": [f"{5000 + number % 1000:d}"[:2] + f",{number % 100:02}" for number in numbers],
        "about an amount": [f"about {50 + number % 10}" for number in numbers],
        "number": [str(1 + number) for number in numbers],
    }


def _list_typos(numbers: Sequence[int], pick: random.Random) -> Iterator[tuple[int, str]]:
    """Yield the whole name of each donor with one slip in one of its words."""
    for number in numbers:
        person = make_person(number)
        words = [person.given_name, person.family_name]
        place = pick.randrange(2)
        words[place] = _mistype(words[place], pick)
        yield number, " ".join(words)


def _mistype(word: str, pick: random.Random) -> str:
    at = pick.randrange(len(word) - 1)
    letter = pick.choice("abcdefghijklmnoprstuwyz")
    return pick.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
        )
    )


# ---------------------------------------------------------------- pages


def _measure_pages(app: Flask, count: int) -> Timings:
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id=READER, _fresh=True)
    pick = random.Random(3)
    donor_ids = [FIRST + pick.randrange(count) for _ in range(VISITS)]
    timings: Timings = {}
    addresses = {
        "page of a donor": [f"/donors/{id_}" for id_ in donor_ids],
        "page of search as one types": [
            f"/search?q={make_person(id_ - FIRST).family_name[:5]}" for id_ in donor_ids
        ],
    }
    for address, (table, keys) in LISTS.items():
        if "/api/" not in address:
            addresses[f"{address}, its start"] = [address] * VISITS
            addresses[f"{address}, its end"] = [_find_end(client, address, table, keys)] * VISITS
    for kind, some in addresses.items():
        timings[kind] = _measure(kind, [lambda one=one: _visit(client, one) for one in some])  # type: ignore[misc]
    return timings


def _visit(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    if answer.status_code not in (200, 302):
        raise RuntimeError(f"{address}: {answer.status}")


def _find_end(client: FlaskClient, address: str, table_name: str, keys: Sequence[str]) -> str:
    """Return the address of the page near the end of a list: with the cursor of a row there."""
    page = client.get(address).text
    start = page.find("after=")
    if start < 0:
        return address
    cursor = page[start + len("after=") :].split('"')[0].split("&")[0]
    name = json.loads(base64.urlsafe_b64decode(unquote(cursor) + "=" * (-len(unquote(cursor)) % 4)))[0]
    table = Base.metadata.tables[table_name]
    columns = [table.c[key] for key in keys]
    row = db.session.execute(select(*columns).order_by(*columns).offset(60).limit(1)).one()
    db.session.rollback()
    mark = "&" if "?" in address else "?"
    return f"{address}{mark}after={paging.write_cursor(name, list(row))}"


# ---------------------------------------------------------------- figures


def _measure(kind: str, acts: Sequence[Callable[[], Any]]) -> tuple[float, float]:
    """Do each thing, print how long that took, and return p50 and p95 in milliseconds of CPU: of this process
    and of PostgreSQL's that work for it, so that what else this machine does is not measured."""
    acts[0]()
    pids = _list_backends()
    spent = []
    for act in acts:
        began = _take_time(pids)
        act()
        spent.append((_take_time(pids) - began) * 1000)
    spent.sort()
    p50, p95 = statistics.median(spent), spent[int(len(spent) * 0.95) - 1]
    print(f"{kind:46} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms", flush=True)
    return p50, p95


def _list_backends() -> Sequence[int]:
    """Return the processes of PostgreSQL that are connected with this base."""
    if db.engine.dialect.name == "sqlite":
        return ()
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    pids = [row[0] for row in db.session.execute(text(query))]
    db.session.rollback()
    return [pid for pid in pids if Path(f"/proc/{pid}/schedstat").exists()]


def _take_time(pids: Sequence[int]) -> float:
    """Return the seconds of CPU that were spent until now."""
    times = [Path(f"/proc/{pid}/schedstat").read_text().split()[0] for pid in pids]
    return time.process_time() + sum(map(int, times)) / 1e9


def print_growth(small: Timings, large: Timings) -> None:
    """Print how much slower each thing is among ten times as many."""
    print(f"\n{'growth from a hundred thousand to a million':46} p50          p95")
    for kind, (p50, p95) in large.items():
        growth = [value / max(before, 0.01) for value, before in zip((p50, p95), small[kind], strict=True)]
        print(f"{kind:46} {growth[0]:5.1f} x      {growth[1]:5.1f} x")


if __name__ == "__main__":
    url = os.environ.get("DATABASE_URL", "")
    if "--million" in sys.argv:
        first = main(HUNDRED_THOUSAND, url)
        print_growth(first, main(MILLION, os.environ.get("DATABASE_URL_OF_A_MILLION", "")))
    else:
        main(read_size(sys.argv[1:], quick=2_000, full=HUNDRED_THOUSAND), url)
