"""Whoever sees the donors of their list or team sees of no other anything, on any address, by any id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from donorhub import clock
from donorhub.api.http import PREFIX
from donorhub.db import db
from donorhub.domain.access.permissions import NARROW_PERMISSIONS
from donorhub.models import Donor, User
from donorhub.models.states import RowScope
from donorhub.services.access import teams, users
from tests.api.conftest import Caller, problem
from tests.api.test_dates import something_of_everything  # noqa: F401  a fixture
from tests.queries.addresses import Ids, plain_addresses
from tests.test_field_access import NO_ADDRESSES, ask
from tests.web.bank.bank_world import Staff

OTHERS = "Niewidoczny"
MILLIONS = re.compile(r"(?<!\d)\d{1,3}([,.\u00a0\u202f ]\d{3}){2}[.,]\d{2}(?!\d)|\d{7,}\.\d{2}(?!\d)")
SCOPES: tuple[RowScope, ...] = ("own", "team")
# A receipt is of its own donor's gifts.
GIFTS_OF_RECEIPTS = """
    UPDATE gift SET donor_id = (
        SELECT receipt.donor_id FROM receipt JOIN receipt_line ON receipt_line.receipt_id = receipt.id
        WHERE receipt_line.gift_id = gift.id LIMIT 1)
    WHERE id IN (SELECT gift_id FROM receipt_line)"""
# What an id of another's thing is asked for, by the table of the id.
GUESSES = {
    "donor": (
        "/donors/{}",
        "/donors/{}/edit",
        f"{PREFIX}/donors/{{}}",
        f"{PREFIX}/donors/{{}}/timeline",
        f"{PREFIX}/donors/{{}}/contacts",
        f"{PREFIX}/donors/{{}}/tags",
        f"{PREFIX}/donors/{{}}/interactions",
        f"{PREFIX}/donors/{{}}/files",
    ),
    "gift": ("/gifts/{}", f"{PREFIX}/gifts/{{}}"),
    "recurring_gift": ("/recurring-gifts/{}", f"{PREFIX}/recurring-gifts/{{}}"),
    "receipt": ("/receipts/{}", f"{PREFIX}/receipts/{{}}"),
    "message": ("/messages/{}", f"{PREFIX}/messages/{{}}"),
    "task": ("/tasks/{}", f"{PREFIX}/tasks/{{}}"),
}


@pytest.fixture
def two_lists(database: Flask, now: datetime, something_of_everything: None) -> Flask:  # noqa: F811
    """Every second donor is nobody's, with a name and sums that are easily seen; the others are Ann's."""
    db.session.remove()
    db.engine.dispose()  # of the base as it was before it was filled
    Staff(database, "steward")  # makes her
    owner_id = db.session.scalars(db.select(User.id).where(User.name == "Ann steward")).one()
    is_others = "donor.id % 2 = 0"
    db.session.execute(
        text(f"UPDATE donor SET owner_id = CASE WHEN {is_others} THEN NULL ELSE {owner_id} END")
    )
    db.session.execute(
        text(
            f"UPDATE donor SET name = '{OTHERS} ' || id, search = '{OTHERS.lower()} ' || id WHERE {is_others}"
        )
    )
    for table in ("gift", "recurring_gift", "message", "task", "receipt"):
        db.session.execute(text(f"UPDATE {table} SET donor_id = 2 WHERE id % 2 = 0"))
    db.session.execute(text("UPDATE task SET performer = 'person', kind = 'by_hand', state = 'planned'"))
    db.session.execute(text(GIFTS_OF_RECEIPTS))
    db.session.execute(text("UPDATE gift SET amount_minor = 700000000 WHERE donor_id % 2 = 0"))
    db.session.execute(
        text("DELETE FROM designation WHERE gift_id IN (SELECT id FROM gift WHERE donor_id % 2 = 0)")
    )
    db.session.commit()
    return database


def open_doors(app: Flask, role: str, scope: RowScope) -> tuple[FlaskClient, str]:
    """Return the browser of somebody with a scope, and a token with all that such a one may do."""
    client = Staff(app, role).client
    ann = db.session.scalars(db.select(User.id).where(User.name == "Ann steward")).one()
    me = db.session.scalars(db.select(User.id).where(User.name == f"Ann {role}")).one()
    if scope == "own" and me != ann:
        db.session.execute(text(f"UPDATE donor SET owner_id = {me} WHERE owner_id = {ann}"))
    elif me != ann:
        teams.create_team("North", [ann, me], now=clock.now(), actor="user:1")
    users.set_row_scope(me, scope, now=clock.now(), actor="user:1")
    _, token = users.create_token(
        "narrow", NARROW_PERMISSIONS, row_scope=scope, user_id=me, now=clock.now(), actor="user:1"
    )
    db.session.commit()
    return client, token


def walk(app: Flask, client: FlaskClient, token: str) -> Iterator[tuple[str, str]]:
    ids = Ids()
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith(NO_ADDRESSES):
            for address in plain_addresses(rule, ids):
                answer = ask(client, address, token)
                if answer is not None:
                    yield address, answer


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", ["fundraiser", "steward", "accountant"])
def test_nothing_of_others_is_seen_anywhere(two_lists: Flask, role: str, scope: RowScope) -> None:
    """No page, answer, list, file or sum tells of a donor of another list; one's own are there."""
    client, token = open_doors(two_lists, role, scope)
    leaks, own = [], 0
    for address, answer in walk(two_lists, client, token):
        if OTHERS in answer:
            leaks.append(address)
        if MILLIONS.search(answer):
            leaks.append(f"{address}: {MILLIONS.search(answer)}")
        own += "Kowalsk" in answer
    assert leaks == []
    assert own > 5


@pytest.mark.parametrize("scope", SCOPES)
def test_guessed_id_is_not_found(two_lists: Flask, scope: RowScope) -> None:
    """What hangs on another's donor is answered as what there is not; what hangs on one's own is there."""
    client, token = open_doors(two_lists, "fundraiser", scope)
    for table, addresses in GUESSES.items():
        id_of = "id" if table == "donor" else "donor_id"
        for is_others in (True, False):
            ids = db.session.execute(
                text(f"SELECT id FROM {table} WHERE {id_of} % 2 = {0 if is_others else 1} ORDER BY id")
            ).scalars()
            id_ = next(iter(ids), None)
            assert id_ is not None or not is_others, table
            for address in addresses if id_ is not None else ():
                headers = {"Authorization": f"Bearer {token}"} if address.startswith(PREFIX) else {}
                db.session.remove()
                status = client.get(address.format(id_), headers=headers).status_code
                assert (status == 404) == is_others, (address.format(id_), status)


def test_narrow_scope_takes_rights_away(two_lists: Flask) -> None:
    """Files, the audit and settings are of all donors: who sees some has none of them."""
    client, token = open_doors(two_lists, "accountant", "team")
    for address in ("/bank", "/audit", "/settings/users", "/moving-in"):
        assert client.get(address).status_code == 403, address
    api = Caller(two_lists, token)
    assert problem(api.get("/entries"))["status"] == 403


@pytest.mark.parametrize("scope", SCOPES)
def test_new_donor_is_on_ones_own_list(two_lists: Flask, scope: RowScope) -> None:
    """Who sees some donors adds to these: nobody is lost by being added, or given out of sight."""
    _, token = open_doors(two_lists, "fundraiser", scope)
    api = Caller(two_lists, token)
    added = api.post("/donors", {"name": "Nowy Nabytek"})
    assert added.status_code == 201, added.get_json()
    path = f"/donors/{added.get_json()['id']}"
    assert api.get(path).status_code == 200
    stranger = users.create_user(
        "s@example.org",
        name="S",
        password="a long password",
        roles=["caller"],
        now=clock.now(),
        actor="user:1",
    )
    db.session.commit()
    etag = api.get(path).headers["ETag"]
    refused = api.patch(path, {"owner_id": stranger.id}, etag=etag)
    assert problem(refused)["errors"][0]["pointer"] == "/owner_id"
    assert problem(api.post("/donors", {"name": "Obcy", "owner_id": stranger.id}))["status"] == 422


def test_scope_ends_with_the_request(two_lists: Flask) -> None:
    """What one narrow reader was shown narrows nobody after them."""
    client, token = open_doors(two_lists, "fundraiser", "own")
    ask(client, "/donors", token)
    ask(client, f"{PREFIX}/donors", token)
    assert db.session.scalar(db.select(db.func.count()).select_from(Donor).where(Donor.owner_id.is_(None)))
    assert OTHERS in Staff(two_lists, "accountant").text("/donors")
