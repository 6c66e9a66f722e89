"""The base on which searching and pages are measured: donors with names as people have them, and the rest.

What is beside donors is that of the large base of tests/queries, made by SQL alone, in other numbers.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from donorhub.db import cut_chunks, db
from donorhub.domain.donors import codes
from donorhub.domain.payer_text import fold_letters
from donorhub.models import Role, User, UserSession
from donorhub.services.access import organisation
from donorhub.services.donors import search_documents
from tests.queries.large_base import FIRST, Sql, begin_numbers, fill
from tests.queries.rows.bank import list_bank_rows
from tests.queries.rows.donors import list_donor_rows
from tests.queries.rows.giving import list_giving_rows
from tests.queries.rows.providers import list_provider_rows
from tests.queries.rows.receipts import list_receipt_rows
from tests.queries.rows.recurring import list_recurring_rows
from tests.queries.rows.work import list_work_rows

NOW: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
READER: Final = "admin"
GIFTS_A_DONOR: Final = 5
GIVEN: Final = (
    "Anna Jan Maria Piotr Katarzyna Krzysztof Małgorzata Andrzej Agnieszka Tomasz Barbara Paweł Ewa Michał"
    " Krystyna Marcin Elżbieta Stanisław Zofia Jakub Łucja Wojciech Żaneta Grzegorz Arta Arben Besa Dritan"
    " Elira Fatmir Gëzim Hana Ilir Jeta Kujtim Liridona Mimoza Nora Orhan Petrit Rina Shpend Teuta Urim Vjosa"
).split()
SYLLABLES: Final = (
    "ko wal ski no wak ma zu rek wi śn iew łu czak dą brow szy ń by tyq ho xha ber isha kra sniqi shala gash"
    " i le ka da ci sil va ro dri gu ez pe ters en jo hans son gże żół trze bia ty mo"
).split()
BANKS: Final = (10201026, 11402004, 10501025)
TOWNS: Final = "Warszawa Kraków Łódź Wrocław Poznań Gdańsk Tirana Prishtina Prizren Shkodër Pejë".split()


class Person(NamedTuple):
    """A donor as they are made up."""

    given_name: str
    family_name: str
    email: str
    phone: str
    account: str
    town: str
    postcode: str

    @property
    def name(self) -> str:
        """Return the whole name."""
        return f"{self.given_name} {self.family_name}"


def make_person(number: int) -> Person:
    """Return the donor of a number, always the same."""
    pick = random.Random(number * 7919 + 42)
    family = "".join(pick.choice(SYLLABLES) for _ in range(pick.randint(2, 4))).capitalize()
    given = pick.choice(GIVEN)
    return Person(
        given,
        family,
        f"{fold_letters(given)}.{number}@example.org",
        f"+48 {pick.randrange(500, 900)} {pick.randrange(1000):03} {pick.randrange(1000):03}",
        f"PL{pick.randrange(100):02}{pick.choice(BANKS)}{pick.randrange(10**16):016}",
        pick.choice(TOWNS),
        f"{pick.randrange(100):02}-{pick.randrange(1000):03}",
    )


def make_base(count: int) -> None:
    """Fill an empty base with so many donors, five gifts of each, and what hangs on both."""
    organisation.create_organisation("Bench", now=NOW)
    organisation.change_organisation({"country": "PL"}, now=NOW, actor="system:0")
    _create_reader()
    db.session.commit()
    sql = Sql(db.engine.dialect.name)
    with db.engine.connect() as connection:
        _hurry(connection)
        _insert_donors(connection, count)
        for rows in (
            *(one for one in list_donor_rows(sql, count) if one.table not in ("donor", "contact_point")),
            *list_bank_rows(sql, count, b""),
            *list_giving_rows(sql, count * GIFTS_A_DONOR, count),
            *list_receipt_rows(sql, count // 2, {}),
            *list_recurring_rows(sql, count // 20, count),
            *list_work_rows(sql, count, count),
            *list_provider_rows(sql, count // 2, count),
        ):
            if rows.table not in ("donor_document",):
                fill(connection, rows)
        begin_numbers(connection)
        connection.commit()


def analyse_base() -> None:
    """Let PostgreSQL look at what there is: without figures on its tables it plans blindly."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def write_documents() -> int:
    """Write what is searched, as the upgrade of a base does; return of how many donors."""
    count = search_documents.rebuild_documents()
    db.session.commit()
    return count


def _create_reader() -> None:
    user = User(
        email=f"{READER}@example.org",
        name=READER,
        password="!",
        lang="en",
        active=True,
        fs_uniquifier=READER,
        created_at=NOW,
        roles=[db.session.query(Role).filter_by(name=READER).one()],
    )
    db.session.add(user)
    db.session.flush()  # the session refers to it
    digest = hashlib.sha256(READER.encode()).hexdigest()
    db.session.add(UserSession(token_sha256=digest, user_id=user.id, created_at=NOW, seen_at=NOW))


def _hurry(connection: Connection) -> None:
    """Nobody cuts the power meanwhile, and what is written refers to what will be there."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET session_replication_role = replica")
        return
    raw: Any = connection.connection.driver_connection
    for pragma in ("synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
        raw.execute(f"PRAGMA {pragma}")


def _insert_donors(connection: Connection, count: int) -> None:
    for numbers in cut_chunks(range(count), 5000):
        people = [(FIRST + number, make_person(number)) for number in numbers]
        _insert(connection, "donor", [_make_donor(id_, person, connection) for id_, person in people])
        contacts = [row for id_, person in people for row in _list_contacts(id_, person, connection)]
        _insert(connection, "contact_point", contacts)


def _insert(connection: Connection, table: str, rows: Sequence[dict[str, object]]) -> None:
    names = list(rows[0])
    values = [tuple(row.values()) for row in rows]
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
        connection.exec_driver_sql(statement, values)
        return
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def _moment(connection: Connection) -> str:
    return "2026-11-22 09:00:00.000000" + ("" if connection.dialect.name == "sqlite" else "+00")


def _make_donor(id_: int, person: Person, connection: Connection) -> dict[str, object]:
    code = codes.format_code("DH", 1000 + id_)
    text = f"{person.name} {person.email} {code} {person.town} {person.phone} {person.phone.replace(' ', '')}"
    return {
        "id": id_,
        "code": code,
        "kind": "person",
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "salutation": "",
        "email": person.email,
        "phone": person.phone,
        "street": "Krótka 2",
        "postcode": person.postcode,
        "city": person.town,
        "country": "PL",
        "lang": "pl",
        "do_not_contact": False,
        "is_deceased": False,
        "search": fold_letters(text),
        "source": "form",
        "version": 1,
        "created_at": _moment(connection),
        "updated_at": _moment(connection),
    }


def _list_contacts(id_: int, person: Person, connection: Connection) -> Iterator[dict[str, object]]:
    values = {"email": person.email, "phone": person.phone, "post": person.town, "account": person.account}
    for kind, value in values.items():
        yield {
            "donor_id": id_,
            "kind": kind,
            "value": value,
            "street": "Krótka 2" if kind == "post" else "",
            "postcode": person.postcode if kind == "post" else "",
            "town": person.town if kind == "post" else "",
            "country": "PL" if kind == "post" else "",
            "value_hash": f"{kind} {id_}",
            "label": "",
            "is_preferred": kind != "account",
            "state": "ok",
            "source": "form",
            "collected_at": _moment(connection),
        }
