"""Every address of the application against tests/permissions.txt, which no code makes.

What a view says of itself is not asked: each role and each scope really sends its request.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask

from tests.api.conftest import Caller, caller_with, dump  # noqa: F401  a fixture is used by its name
from tests.web.bank.bank_world import Staff, let_write, token_in
from tests.web.desk import rows

API = "/api/v1"
ROLES = ("admin", "steward", "fundraiser", "communications", "accountant", "caller", "auditor")
OPEN, OWN = "nobody", "own"
READS = ("GET", "HEAD", "OPTIONS")


class Door(NamedTuple):
    """One line of the table."""

    method: str
    path: str
    needs: frozenset[str]

    @property
    def is_page(self) -> bool:
        return not self.path.startswith(API) and OPEN not in self.needs


def read_table() -> tuple[dict[str, frozenset[str]], list[Door]]:
    """Return the roles of each permission, and every door."""
    roles, doors = {}, []
    for line in (Path(__file__).parent / "permissions.txt").read_text().splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        if ":" in words[0]:
            roles[words[0]] = frozenset(words[1:])
        else:
            doors.append(Door(words[0], words[1], frozenset(words[2:])))
    return roles, doors


WHO, DOORS = read_table()
PAGES = [door for door in DOORS if door.is_page]
CALLS = [door for door in DOORS if door.path.startswith(API)]


def may(role: str, door: Door) -> bool:
    return all(need == OWN or role in WHO[need] for need in door.needs)


def addresses(app: Flask) -> dict[tuple[str, str], str]:
    """Every method and address that there is, with what to send: ids of rows that are not there."""
    found = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<any\('([^']+)'[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<int[^>]*>", "987654", re.sub(r"<(?:source|ref):\w+>", "x1", path))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found[method, re.sub(r"<[^>]+>", "<>", rule.rule)] = path
    return found


def test_every_address_stands_in_the_table_once(app: Flask) -> None:
    table = [(door.method, door.path) for door in DOORS]
    assert sorted(table) == sorted(addresses(app))


def test_the_table_names_roles_and_permissions_that_exist() -> None:
    assert {role for roles in WHO.values() for role in roles} == set(ROLES)
    assert {need for door in DOORS for need in door.needs} - {OPEN, OWN} <= set(WHO)


def test_nothing_is_written_with_a_right_to_read() -> None:
    writing = [door for door in DOORS if door.method not in READS and not door.needs & {OPEN, OWN}]
    assert len(writing) > 80
    assert [door for door in writing if all(need.endswith(":read") for need in door.needs)] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_what_the_table_says(database: Flask, role: str) -> None:
    staff, paths = Staff(database, role), addresses(database)
    token = token_in(staff.get("/").text)
    before = rows()

    def send(door: Door) -> int:
        let_write()
        form = {} if door.method == "GET" else {"csrf_token": token}
        answer = staff.client.open(paths[door.method, door.path], method=door.method, data=form or None)
        let_write()
        return answer.status_code

    refused = [door for door in PAGES if not may(role, door)]
    assert [(door, status) for door in refused if (status := send(door)) != 403] == []
    after = rows()
    records, earlier = after.pop("audit_record", []), before.pop("audit_record", [])
    assert after == before
    assert len(records) - len(earlier) == len(refused)
    assert all("access.refused" in record for record in records if record not in earlier)
    allowed = [door for door in PAGES if may(role, door)]
    assert len(allowed) >= 10
    assert [
        (door, status) for door in allowed if (status := send(door)) in (400, 401, 403) or status >= 500
    ] == []


def test_a_stranger_gets_only_what_is_open(database: Flask) -> None:
    paths = addresses(database)
    before = rows()
    for door in [*PAGES, *CALLS]:
        let_write()
        answer = database.test_client().open(paths[door.method, door.path], method=door.method)
        let_write()
        refused = {True: (302, 400), False: (401,)}[
            door.is_page
        ]  # a form without its token, before who sent it
        assert answer.status_code in refused, door
        if answer.status_code == 302:
            assert "/sign-in?next=" in answer.headers["Location"], door
    assert rows() == before


@pytest.fixture
def callers(caller_with: Callable[..., Caller]) -> Callable[[frozenset[str]], Caller]:  # noqa: F811
    known: dict[frozenset[str], Caller] = {}

    def find(scopes: frozenset[str]) -> Caller:
        if scopes not in known:
            known[scopes] = caller_with(scopes)
        return known[scopes]

    return find


def call(caller: Caller, door: Door, path: str) -> int:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "If-Match": '"0"'}
    body = None if door.method == "GET" else {}
    return caller.send(door.method, path.removeprefix(API), body, headers=headers).status_code


def test_a_token_opens_what_its_scopes_say(
    database: Flask, callers: Callable[[frozenset[str]], Caller]
) -> None:
    paths, everything = addresses(database), frozenset(WHO)
    for door in CALLS:  # the tokens are made first: they are rows themselves
        callers(door.needs), [callers(everything - {need}) for need in door.needs]
    before = dump()
    for door in CALLS:
        for need in door.needs:
            assert call(callers(everything - {need}), door, paths[door.method, door.path]) == 403, (
                door,
                need,
            )
    assert dump() == before
    for door in CALLS:
        status = call(callers(door.needs), door, paths[door.method, door.path])
        assert status not in (401, 403) and status < 500, (door, status)
