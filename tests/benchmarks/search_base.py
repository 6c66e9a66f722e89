"""The base on which searching and pages are measured: donors with names as people have them, and the rest.

What is beside donors is that of the large base of tests/queries, made by SQL alone, in other numbers.
"""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from donorhub import vault
from donorhub.db import cut_chunks, db
from donorhub.domain.donors import codes
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.domain.donors.search_words import list_name_words, list_stumps
from donorhub.domain.payer_text import fold_letters
from donorhub.models import Role, User, UserSession
from donorhub.services.access import organisation
from donorhub.services.donors import candidates, identity_keys, search_documents
from donorhub.services.donors.identity_keys import Named
from tests.queries.large_base import FIRST, Sql, begin_numbers, fill, keep_sums
from tests.queries.rows.bank import list_bank_rows
from tests.queries.rows.donors import list_donor_rows
from tests.queries.rows.giving import list_giving_rows
from tests.queries.rows.providers import list_provider_rows
from tests.queries.rows.receipts import list_receipt_rows
from tests.queries.rows.recurring import list_recurring_rows
from tests.queries.rows.work import list_work_rows

NOW: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
READER: Final = "admin"
BANK_FILE: Final = Path(__file__).parents[1] / "files" / "csv" / "unknown-bank.csv"  # what all the files are
PAYLOAD: Final = {  # what every receipt says
    **{"number": "R/2020/00001", "kind": "single", "jurisdiction": "PL", "lang": "pl", "period": None},
    **{
        "rule_pack_version": "PL-2026-11",
        "template_version": "1",
        "issued_on": "2020-05-04",
        "replaces": None,
    },
    "organisation": {
        **{"legal_name": "Bench", "address_lines": ["ul. Prosta 1", "00-001 Warszawa"], "ids": {}},
        **{"place": "Warszawa", "signatory_name": "Maria Nowak", "signatory_role": "prezeska"},
        **{"account": "", "exemption": "", "contact": ""},
    },
    "donor": {"name_line": "Anna Nowak", "address_lines": ["Krótka 2", "90-001 Łódź"]},
    "lines": [
        {
            **{"received_on": "2020-05-01", "amount": {"minor": 5000, "currency": "PLN"}},
            **{"method": "transfer", "purpose": "", "reference": ""},
        }
    ],
    "total": {"minor": 5000, "currency": "PLN"},
}
_OWN_TABLES: Final = ("donor", "contact_point", "identity_key", "donor_document")
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
    sql, content = Sql(db.engine.dialect.name), vault.seal_bytes(zlib.compress(BANK_FILE.read_bytes()))
    with db.engine.connect() as connection:
        _hurry(connection)
        indexes = _drop_indexes(connection)
        _insert_donors(connection, count)
        for rows in (
            *(one for one in list_donor_rows(sql, count, content) if one.table not in _OWN_TABLES),
            *list_bank_rows(sql, count, content),
            *list_giving_rows(sql, count * GIFTS_A_DONOR, count),
            *list_receipt_rows(sql, count // 2, PAYLOAD),
            *list_recurring_rows(sql, count // 20, count),
            *list_work_rows(sql, count, count),
            *list_provider_rows(sql, count // 2, count),
        ):
            fill(connection, rows)
        for statement in indexes:
            connection.exec_driver_sql(statement)
        begin_numbers(connection)
        connection.commit()
    keep_sums(NOW)
    candidates.count_surnames()
    db.session.commit()


def analyse_base() -> None:
    """Let PostgreSQL look at what there is: without figures on its tables it plans blindly."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


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
        connection.exec_driver_sql("SET maintenance_work_mem = '1GB'")
        return
    raw: Any = connection.connection.driver_connection
    for pragma in ("synchronous=OFF", "cache_size=-1000000", "foreign_keys=OFF", "journal_mode=OFF"):
        raw.execute(f"PRAGMA {pragma}")


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop the indexes that belong to no constraint; return what makes them again when all is written."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
    indexes = connection.exec_driver_sql(query).all()
    for name, _statement in indexes:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    return [statement for _name, statement in indexes]


def _insert_donors(connection: Connection, count: int) -> None:
    words: set[str] = set()
    for numbers in cut_chunks(range(count), 5000):
        people = [(FIRST + number, make_person(number)) for number in numbers]
        donors = [_make_donor(id_, person, connection) for id_, person in people]
        contacts = {id_: list(_list_contacts(id_, person, connection)) for id_, person in people}
        documents = {row["id"]: _make_document(row, contacts[row["id"]]) for row in donors}
        _insert(connection, "donor", donors)
        _insert(connection, "contact_point", [row for rows in contacts.values() for row in rows])
        _insert(connection, "identity_key", [key for row in donors for key in _list_keys(row, contacts)])
        _insert(
            connection, "donor_document", [{"donor_id": id_, "words": one} for id_, one in documents.items()]
        )
        words.update(word for one in documents.values() for word in list_name_words(one))
    for some in cut_chunks(sorted(words), 20_000):
        stumps = [{"stump": stump, "word": word} for word in some for stump in list_stumps(word)]
        _insert(connection, "typo_stump", stumps)


def _make_document(donor: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> str:
    names = (donor["name"], donor["given_name"], donor["family_name"])
    return search_documents.make_document(
        donor["code"], names, None, [SimpleNamespace(**contact) for contact in contacts]
    )


def _list_keys(
    donor: Mapping[str, Any], contacts: Mapping[int, Sequence[Mapping[str, Any]]]
) -> list[dict[str, object]]:
    parts = ("id", "kind", "name", "given_name", "family_name", "country")
    values = [
        ContactValue(one["kind"], one["value"], one["street"], one["postcode"], one["town"], one["country"])
        for one in contacts[donor["id"]]
    ]
    named = Named(*(donor[part] for part in parts), "")
    keys = identity_keys.list_plain_keys(named, values, home_country="PL")
    keys += [("iban", value.make_comparable()) for value in values if value.kind == "account"]
    return [
        {
            "kind": kind,
            "value_hash": vault.compute_keyed_hash(value),
            "donor_id": donor["id"],
            "is_learned": False,
        }
        for kind, value in keys
    ]


def _insert(connection: Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    names = list(rows[0])
    values = [tuple(row[name] for name in names) for row in rows]
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


def _make_donor(id_: int, person: Person, connection: Connection) -> dict[str, Any]:
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


def _list_contacts(id_: int, person: Person, connection: Connection) -> Iterator[dict[str, Any]]:
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
