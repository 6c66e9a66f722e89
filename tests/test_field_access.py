"""Every address against tests/field_access.txt: what is shown where, and nowhere once it is hidden."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from donorhub import clock
from donorhub.api.http import PREFIX
from donorhub.db import db, set_reading
from donorhub.domain.access.permissions import ROLE_PERMISSIONS
from donorhub.models import ContactPoint, Donor, Gift, User
from donorhub.models.states import CONTACT_POINT_KINDS
from donorhub.services.access import hidden_fields, users
from donorhub.services.donors import custom_fields, custom_values, donor_files, donors
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.giving import gift_changes
from tests.api.conftest import Caller
from tests.api.test_dates import something_of_everything  # noqa: F401  a fixture
from tests.queries.addresses import Ids, plain_addresses
from tests.services.moving.records import PLN, show
from tests.web.bank.bank_world import Staff

TABLE = Path(__file__).with_name("field_access.txt")
ANY = re.compile(r"<[^>]*>")
NO_ADDRESSES = ("static", "security.", "health", "api_health", "api-docs")
# What stands in each field of every donor; nothing else of the base holds it.
CANARIES = {
    "salutation": "Kanarsalut",
    "email": "kanar.mail@example.org",
    "phone": "700 111 222",
    "address": "Kanarograd",
    "tax_number": "PL-KANAR-7",
    "account": "PL27KANAR0000000000000000",
    # The name of a user is in lists of users, too.
    "owner": r"looked after by (Kanara|Ann)|selected>Kanara|\"owner_id\":[^n]|owner_id.*changes",
    "born_on": r"\b1931\b",
    "custom": "Kanarkolor",
    "gift_custom": "Kanarcel",
    "files": "Kanarplik",
}
ADDED = {"custom": "custom.colour", "gift_custom": "gift.custom.aim"}  # what those are called
FIELD_OF_KIND = {"email": "email", "phone": "phone", "post": "address", "account": "account"}
ROLES = [role for role in ROLE_PERMISSIONS if role != "admin"]


class Table(NamedTuple):
    """The table: the roles of each field, and the fields of each address."""

    roles: dict[str, list[str]]
    addresses: dict[str, set[str]]


def read_table() -> Table:
    """Return what the table says."""
    roles: dict[str, list[str]] = {}
    addresses: dict[str, set[str]] = {}
    for line in TABLE.read_text().splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if words[0].startswith("/"):
            assert words[0] not in addresses, f"{words[0]} stands there twice"
            addresses[words[0]] = set(words[1:])
        else:
            roles[words[0]] = words[1:]
    return Table(roles, addresses)


# What is shown depends on no database; there the ids of contacts are dealt in another order.
pytestmark = pytest.mark.once


def _fill_gifts(now: datetime) -> None:
    """Let a canary stand in a field of every gift, and another before it."""
    of_gifts = custom_fields.create_field(
        "text", {"en": "Aim"}, entity="gift", key="aim", now=now, actor="user:1"
    )
    db.session.flush()
    gift_shapes = custom_fields.list_shapes(entity="gift")
    for gift_id in db.session.scalars(db.select(Gift.id)).all():
        custom_values.write_values(gift_id, {of_gifts.key: CANARIES["gift_custom"]}, gift_shapes)
        gift_changes.change_gift(
            gift_id,
            {"custom": {of_gifts.key: f"{CANARIES['gift_custom']} 2"}},
            shapes=gift_shapes,
            now=now,
            actor="user:1",
        )


@pytest.fixture
def canaries(database: Flask, now: datetime, something_of_everything: None) -> Flask:  # noqa: F811
    """Every donor of a base that has something of everything holds a canary in each field."""
    owner = users.create_user(
        "o@example.org",
        name="Kanara Opiekunka",
        password="a long password",
        roles=["caller"],
        now=now,
        actor="user:1",
    )
    field = custom_fields.create_field("text", {"en": "Colour"}, key="colour", now=now, actor="user:1")
    db.session.flush()
    _fill_gifts(now)
    shapes = [shape for shape in custom_fields.list_shapes() if shape.key == field.key]
    file: dict[str, Any] = {"note": CANARIES["files"], "now": now, "actor": "user:1"}
    for donor_id in db.session.scalars(db.select(Donor.id).order_by(Donor.id)).all():
        donor_files.add_file(donor_id, CANARIES["files"].encode(), f"{CANARIES['files']}.txt", **file)
        custom_values.write_values(donor_id, {field.key: CANARIES["custom"]}, shapes)
    values: dict[str, Any] = {name: CANARIES[name] for name in ("salutation", "email", "phone", "tax_number")}
    columns = ", ".join(f"{name} = :{name}" for name in values)
    place = ", ".join(f"{name} = :address" for name in ("street", "city", "postcode"))
    db.session.execute(
        text(f"UPDATE donor SET {columns}, {place}, owner_id = :owner, born_on = '1931-02-03'"),
        {**values, "address": CANARIES["address"], "owner": owner.id},
    )
    db.session.execute(text("DELETE FROM contact_point"))
    db.session.add_all(
        ContactPoint(
            donor_id=donor_id,
            kind=kind,
            value=CANARIES[FIELD_OF_KIND[kind]],
            value_hash=f"{donor_id} {kind}",
            source="form",
            collected_at=now,
        )
        for donor_id in db.session.scalars(db.select(Donor.id).order_by(Donor.id)).all()
        for kind in CONTACT_POINT_KINDS
    )
    db.session.execute(text("DELETE FROM column_mapping"))  # of that base it is none that a page could show
    db.session.execute(text("UPDATE message SET to_address = :email"), {"email": CANARIES["email"]})
    some_donor = db.session.scalars(db.select(Donor).where(Donor.merged_into_id.is_(None))).first()
    assert some_donor is not None
    for owner_id, colour in ((None, "another"), (owner.id, CANARIES["custom"])):
        changes: DonorFields = {"owner_id": owner_id, "custom": {field.key: colour}}
        donors.change_donor(some_donor, changes, now=now, actor="user:1")
    db.session.execute(text("UPDATE task SET donor_id = :id, performer = 'person'"), {"id": some_donor.id})
    table = f"Name;Date;Amount;Colour;Aim\nAnna Nowak;?;50;{CANARIES['custom']};{CANARIES['gift_custom']}\n"
    db.session.execute(text("DELETE FROM record_row"))
    db.session.execute(text("UPDATE import_file SET state = 'taken_back' WHERE kind = 'records'"))
    show(table.encode(), PLN, "colours.csv")
    db.session.commit()
    return database


def walk(app: Flask, role: str) -> Iterator[tuple[str, str]]:
    """Yield each address that only reads, by its rule, with what a role is answered there."""
    client = open_browser(app, role)
    token = make_token(role)
    ids = Ids()
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or ()) or rule.endpoint.startswith(NO_ADDRESSES):
            continue
        name = ANY.sub("<>", rule.rule)
        for address in plain_addresses(rule, ids):
            answer = ask(client, address, token)
            if answer is not None:
                yield name, answer


def open_browser(app: Flask, role: str) -> FlaskClient:
    """Return the browser of somebody of this role; all donors are on the list of a caller."""
    client = Staff(app, role).client
    if role == "caller":
        user_id = db.session.scalars(db.select(User.id).where(User.name == "Ann caller")).one()
        db.session.execute(text("UPDATE donor SET owner_id = :owner"), {"owner": user_id})
        db.session.commit()
    return client


def ask(client: FlaskClient, address: str, token: str) -> str | None:
    """Return what is answered at an address; None where it is not for this role."""
    db.session.remove()
    headers = {"Authorization": f"Bearer {token}"} if address.startswith(PREFIX) else {}
    answer = client.get(address, headers=headers)
    set_reading(False)
    assert answer.status_code < 500, (address, answer.status_code)
    return None if answer.status_code in (401, 403) else read_text(answer)


def read_text(answer: TestResponse) -> str:
    """Return what an answer says; of a workbook the text of its sheets."""
    data = answer.get_data()
    if not data.startswith(b"PK"):
        return data.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return " ".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))


def make_token(role: str) -> str:
    scopes = ROLE_PERMISSIONS[role]
    _, text_of_token = users.create_token(
        f"as {role}",
        scopes,
        role=role,  # type: ignore[arg-type]
        now=clock.now(),
        actor="user:1",
    )
    db.session.commit()
    return text_of_token


def find_shown(app: Flask, role: str) -> dict[str, set[str]]:
    """Return the fields whose canaries a role finds, by address; those where none is are not there."""
    shown: dict[str, set[str]] = {}
    for name, answer in walk(app, role):
        fields = {field for field, canary in CANARIES.items() if re.search(canary, answer)}
        if fields:
            shown.setdefault(name, set()).update(fields)
    return shown


def write_lines(shown: dict[str, set[str]]) -> str:
    """Return what was found as the table would say it, for a person to judge."""
    return "\n" + "\n".join(
        f"{name:<50} {' '.join(sorted(fields))}" for name, fields in sorted(shown.items())
    )


@contextmanager
def hide_all(role: str, table: Table) -> Iterator[set[str]]:
    """Hide from a role what may be hidden from it; give the fields."""
    fields = {field for field, roles in table.roles.items() if role in roles}
    for field in fields:
        name = ADDED.get(field, field)
        hidden_fields.hide_field(name, [role], now=clock.now(), actor="user:1")  # type: ignore[list-item]
    db.session.commit()
    yield fields


def test_each_field_is_shown_where_the_table_says(canaries: Flask) -> None:
    """An administrator finds each canary where the table says: nothing shows more, or less."""
    shown = find_shown(canaries, "admin")
    assert shown == read_table().addresses, write_lines(shown)


@pytest.mark.parametrize("role", ROLES)
def test_hidden_field_is_nowhere(canaries: Flask, role: str) -> None:
    """A role finds a canary where the table says only, and where it is hidden from it nowhere: on no page,
    in no answer, list, file or timeline; all else is there."""
    table = read_table()
    before = find_shown(canaries, role)
    more = {name: fields - table.addresses.get(name, set()) for name, fields in before.items()}
    assert {name: fields for name, fields in more.items() if fields} == {}, write_lines(before)
    with hide_all(role, table) as fields:
        after = find_shown(canaries, role)
    assert {name: some & fields for name, some in after.items() if some & fields} == {}
    assert after == {name: some - fields for name, some in before.items() if some - fields}


@pytest.mark.parametrize("role", ROLES)
def test_nobody_is_found_by_what_is_hidden(canaries: Flask, role: str) -> None:
    """Whoever looks for what is hidden from them finds nobody, by any search; by a name they do."""
    table = read_table()
    people = db.select(Donor.name).where(Donor.merged_into_id.is_(None), db.func.length(Donor.name) > 4)
    names = db.session.scalars(people).all()
    with hide_all(role, table) as fields:
        client, token = open_browser(canaries, role), make_token(role)
        for field in fields - {"owner"}:
            for address in ("/donors?q=", "/search?q=", f"{PREFIX}/donors?q=", f"{PREFIX}/search?q="):
                answer = ask(client, f"{address}{CANARIES[field].replace('+', '%2B')}", token) or ""
                assert [name for name in names if name in answer] == [], (field, address)
        for field, query in (("custom", f"custom=colour:{CANARIES['custom']}"), ("email", "email=x@y.pl")):
            answer = ask(client, f"{PREFIX}/donors?{query}", token) or ""
            assert ("there is no" in answer) == (field in fields), (query, answer[:200])
        answer = ask(client, f"{PREFIX}/gifts?custom=aim:{CANARIES['gift_custom']}", token)
        assert answer is None or ("there is no" in answer) == ("gift_custom" in fields), answer[:200]
        assert any(name in (ask(client, "/donors?q=kowalska", token) or "") for name in names)


def test_hidden_field_is_not_written(canaries: Flask) -> None:
    """Whoever does not see a field neither sets nor empties it: the form leaves it, the API refuses it."""
    table = read_table()
    with hide_all("fundraiser", table):
        staff = Staff(canaries, "fundraiser")
        donor = db.session.scalars(
            db.select(Donor).where(Donor.merged_into_id.is_(None), Donor.kind == "person")
        ).first()
        assert donor is not None
        donor_id = donor.id
        form = {"version": str(donor.version), "kind": "person", "name": "Another Name", "email": "x@y.pl"}
        saved = staff.post(f"/donors/{donor_id}/edit", **form, custom_colour="x", owner_id="")
        assert saved.status_code == 302, saved.text
        db.session.expire_all()
        donor = db.session.get_one(Donor, donor_id)
        assert (donor.name, donor.email, donor.phone) == (
            "Another Name",
            CANARIES["email"],
            CANARIES["phone"],
        )
        assert donor.owner_id is not None
        values = custom_values.read_values([donor_id], custom_fields.list_shapes())
        assert values[donor_id]["colour"] == CANARIES["custom"]
        api = Caller(canaries, make_token("fundraiser"))
        etag = api.get(f"/donors/{donor_id}").headers["ETag"]
        for body in ({"email": "x@y.pl"}, {"phone": ""}, {"owner_id": None}, {"custom": {"colour": "x"}}):
            assert api.patch(f"/donors/{donor_id}", body, etag=etag).status_code == 422, body
        assert (
            api.post(f"/donors/{donor_id}/contacts", {"kind": "email", "value": "x@y.pl"}).status_code == 422
        )


def test_needed_field_cannot_be_hidden(database: Flask) -> None:
    """A field that a role reads in files, letters or receipts stays, and an administrator sees all."""
    table = read_table()
    staff = Staff(database, "admin")
    for field, roles in table.roles.items():
        for role in ROLE_PERMISSIONS if field not in ADDED else ():
            answer = staff.post("/settings/fields/hidden", field=field, hidden_roles=role)
            assert (answer.status_code == 302) == (role in roles), (field, role)
    assert db.session.query(User).count() > 0
