"""How fast pages are: a donor's, every list of pages and API with every filter that it offers, at any depth,
and the look whether a new donor is there already.

    .venv/bin/python -m tests.benchmarks.bench_pages [donors | --quick | --million]

Among a hundred thousand donors with five gifts each; ``--million`` measures among a million then, and says
how much slower that is. Where the bases lie: :mod:`.kept_base`. What there is to visit is taken from the
application, as tests/queries does. Nothing is asserted.
"""

from __future__ import annotations

import base64
import json
import random
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from flask import Flask
from flask.testing import FlaskClient

from donorhub.api.http import PREFIX
from donorhub.db import db, set_reading
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.services.access import users
from donorhub.services.donors import duplicates
from donorhub.services.donors.donor_fields import DonorFields
from tests.benchmarks.kept_base import HUNDRED_THOUSAND, MILLION, open_base
from tests.benchmarks.measuring import (
    Timings,
    Yardstick,
    cut_at_95,
    list_backends,
    measure,
    print_growth,
    take_time,
)
from tests.benchmarks.search_base import NOW, READER, make_person
from tests.benchmarks.sizes import read_size
from tests.queries.addresses import ABOUT_A_FILE, Ids, Offers, list_queries, plain_addresses, read_rules
from tests.queries.addresses import parameters_of as list_parameters
from tests.queries.large_base import FIRST

VISITS: Final = 200  # of donors' pages, and checks of new donors
ROUNDS: Final = 3  # visits of each list in each of its orders and filters
SLOW_MS: Final = 50  # addresses that take more are named
# Where the middle and the end of a list lie: what a cursor says there, by what it holds.
DEPTHS: Final[Mapping[str, tuple[float, str, str]]] = {
    "middle": (0.5, "2021-11-22", "Maria Ma"),
    "end": (0.001, "2016-12-05", "Żaneta"),
}


def main(count: int) -> Timings:
    """Measure on a base, print, and return the p50 and p95 of each thing in milliseconds."""
    with open_base(count) as app:
        timings = _measure_checks(count)
        reader = _Reader(app, _make_token())
        pick = random.Random(3)
        donor_ids = [FIRST + pick.randrange(count) for _ in range(VISITS)]
        pages = [partial(reader.visit, f"/donors/{id_}") for id_ in donor_ids]
        timings["page of a donor"] = measure("page of a donor", pages)
        words = [make_person(id_ - FIRST).family_name[:5] for id_ in donor_ids]
        searches = [partial(reader.visit, f"/search?q={quote(word)}") for word in words]
        timings["page of search as one types"] = measure("page of search as one types", searches)
        for rule, addresses in reader.list_addresses(count).items():
            timings[rule] = _measure_list(rule, addresses, reader)
        return timings


# ---------------------------------------------------------------- a new donor


def _measure_checks(count: int) -> Timings:
    """Ask of people whether they are there: half are, written a little otherwise."""
    pick = random.Random(8)
    people = [make_person(pick.randrange(count) if place % 2 else count + place) for place in range(VISITS)]
    checks = [
        partial(
            _check,
            DonorFields(
                name=one.name.upper() if place % 4 else one.name,
                given_name=one.given_name,
                family_name=one.family_name,
                email=one.email,
                phone=one.phone.replace(" ", ""),
                street="ul. Krótka 2",
                postcode=one.postcode,
                city=one.town,
                country="PL",
            ),
        )
        for place, one in enumerate(people)
    ]
    return {"check of a new donor": measure("check of a new donor", checks)}


def _check(fields: DonorFields) -> None:
    duplicates.list_alike(fields)
    db.session.rollback()


# ---------------------------------------------------------------- lists


def _make_token() -> str:
    set_reading(False)
    _token, text = users.create_token("bench", PERMISSIONS, now=NOW, actor="system:0")
    db.session.commit()
    set_reading(True)
    return text


class _Reader:
    """Somebody signed in who may see all, in the pages and over the API."""

    def __init__(self, app: Flask, token: str) -> None:
        self._app, self._token = app, token
        self._client: FlaskClient = app.test_client()
        with self._client.session_transaction() as session:
            session.update(_user_id=READER, _fresh=True)

    def visit(self, address: str) -> str:
        """Return what is at an address; what is not there, or says no, is as well an answer."""
        headers = {"Authorization": f"Bearer {self._token}"} if address.startswith(PREFIX) else {}
        answer = self._client.get(address, headers=headers)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RuntimeError(f"{address}: {answer.status}")
        return answer.text if answer.mimetype in ("text/html", "application/json") else ""

    def list_addresses(self, count: int) -> dict[str, list[str]]:
        """Return the addresses of each rule: each order and filter that it offers, and pages deep inside."""
        ids, document = Ids(), json.loads(self.visit("/api/openapi.json"))
        addresses: dict[str, dict[str, None]] = {}
        for rule in read_rules(self._app):
            if rule.endpoint in ABOUT_A_FILE:
                continue
            for plain in plain_addresses(rule, ids):
                if rule.rule.startswith(PREFIX):
                    queries: Iterable[str] = list_queries(list_parameters(document, rule), ids)
                else:
                    queries = Offers(plain, self.visit(plain)).queries
                for address in (plain, *(f"{plain}?{query}" for query in queries)):
                    addresses.setdefault(rule.rule, {}).update(dict.fromkeys(self._follow(address, count)))
        return {rule: list(some) for rule, some in addresses.items()}

    def _follow(self, address: str, count: int) -> Sequence[str]:
        """Return an address, and those of the pages that lie in the middle and at the end of its list."""
        text, path = self.visit(address), address.partition("?")[0]
        if address.startswith(PREFIX):
            answer = json.loads(text) if text.startswith("{") else {}
            next_queries = [answer["next"].partition("?")[2]] if answer.get("next") else []
        else:
            next_queries = [query for query in Offers(path, text).queries if "after=" in query]
        deep = [f"{path}?{_sink(query, depth, count)}" for query in next_queries for depth in DEPTHS]
        return [address, *(f"{path}?{query}" for query in next_queries), *deep]


def _sink(query: str, depth: str, count: int) -> str:
    """Return a query whose cursor stands as deep in its list."""
    pairs = dict(parse_qsl(query))
    cursor = unquote(pairs["after"])
    if cursor.isdigit():  # of a list that is in the order of its numbers
        pairs["after"] = str(FIRST + int(count * DEPTHS[depth][0]))
        return urlencode(pairs)
    try:
        label, *values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:  # what a form asks for by this name
        return query
    text = json.dumps([label, *(_sink_value(value, depth, count) for value in values)])
    pairs["after"] = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return urlencode(pairs)


def _sink_value(value: object, depth: str, count: int) -> object:
    share, day, name = DEPTHS[depth]
    if isinstance(value, int):
        return FIRST + int(count * share) if value > FIRST else value
    if not isinstance(value, str):
        return value
    if value[:2] == "20" and value[4:5] == "-":
        return day + value[len(day) :]
    return name if value.istitle() else value


def _measure_list(rule: str, addresses: Sequence[str], reader: _Reader) -> tuple[float, float]:
    """Visit the addresses of a rule, print the slowest of them, and return the p50 and p95 of all."""
    pids, yardstick, spent, slow = list_backends(), Yardstick(), [], {}
    for address in addresses:
        reader.visit(address)
        times = []
        for _round in range(ROUNDS):
            yardstick.look()
            began = take_time(pids)
            reader.visit(address)
            times.append((take_time(pids) - began) * 1000)
        spent += times
        slow[address] = statistics.median(times)
    p50, p95, factor = statistics.median(spent), cut_at_95(spent), yardstick.factor
    worst = max(slow, key=lambda address: slow[address])
    print(
        f"{rule:60} CPU p50 {p50:7.2f} p95 {p95:7.2f}, idle p95 {p95 / factor:7.2f},"
        f" slowest {slow[worst]:7.2f} ms of {len(addresses)}",
        flush=True,
    )
    for address in sorted(slow, key=lambda one: -slow[one]):
        if slow[address] / factor > SLOW_MS:
            print(f"    {slow[address]:8.2f} ms  {address}", flush=True)
    return p50 / factor, p95 / factor


if __name__ == "__main__":
    if "--million" in sys.argv:
        first = main(HUNDRED_THOUSAND)
        print_growth(first, main(MILLION))
    else:
        main(read_size(sys.argv[1:], quick=2_000, full=HUNDRED_THOUSAND))
