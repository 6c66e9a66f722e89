"""Times are written in one way all over the API: a day as YYYY-MM-DD, an instant in UTC with a Z."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields
from sqlalchemy import select

from donorhub.api.http import PREFIX
from donorhub.db import db
from donorhub.models import (
    BankAccount,
    ColumnMapping,
    Donor,
    Entry,
    EntryQuestion,
    Mandate,
    Match,
    Payer,
    PayerBatch,
    Payout,
    Statement,
    UpgradeNote,
)
from donorhub.schemas.fields import Instant
from donorhub.services.access import hidden_fields, teams
from donorhub.services.bank.matching import looks, stopped_rules
from donorhub.services.donors import (
    custom_fields,
    donor_files,
    donor_roles,
    donors,
    duplicate_scan,
    households,
    memberships,
    merging,
    relationships,
    tags,
)
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.messages import consent_texts, consents, preferences, suppressions
from donorhub.services.messages.consents import NewConsent
from donorhub.services.moving import export
from tests.api.conftest import Caller
from tests.api.test_serialiser import answer_schemas
from tests.conftest import fill_once
from tests.e2e import serve_pages
from tests.queries.addresses import Ids, plain_addresses, read_rules
from tests.services.moving.records import PLN, confirm, show
from tests.web.bank.bank_world import OURS, PAYER, Staff, camt, work

DAY, INSTANT = "date", "date-time"
# What tells of a day or an instant by its name alone; all else ends in _on, _from, _to, or _at, _after …
DAYS = {"on", "stage_as_of", "decide_by", "closed_until", "until"}
INSTANTS = {"at", "since"}
LOOKS_LIKE_TIME = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ].*)?|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}([T ,].*)?"
    r"|(Mon|Tue|Wed|Thu|Fri|Sat|Sun), .*GMT"
)
WRITTEN = {
    DAY: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    INSTANT: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z"),
}
ANY = re.compile(r"<[^>]*>")
# What tells of no time: files, a key of another system, what speaks against taking a file back, figures of
# a group, rows that nobody mended yet, what an empty search finds.
TIMELESS = {
    "/entry-questions/group",
    "/imports/<>/rows",
    "/donors/by-external-id/<>/<>",
    "/donors/<>/files/<>/content",
    "/imports/<>/obstacles",
    "/imports/<>/problems.csv",
    "/messages/<>/attachments",
    "/organisation/logo",
    "/record-files/<>",
    "/record-files/<>/held-rows.csv",
    "/record-files/<>/rows",
    "/record-files/<>/take-back",
    "/receipts/<>/pdf",
    "/search",
}


def kind_by_name(name: str) -> str:
    """What a field of this name holds: a day, an instant, or neither."""
    if name.endswith(("_on", "_from", "_to")) or name in DAYS:
        return DAY
    return INSTANT if name.endswith(("_at", "_after", "_before")) or name in INSTANTS else ""


def named_values(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in an answer that is neither list nor object, with the name that it stands under."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from named_values(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from named_values(one, name)
    else:
        yield name, value


def wrongly_written(value: Any, name: str) -> bool:
    """Whether this tells of a time in another way than all others do."""
    kind = kind_by_name(name)
    if kind and value is not None:
        return not (isinstance(value, str) and WRITTEN[kind].fullmatch(value))
    if not isinstance(value, str) or not LOOKS_LIKE_TIME.fullmatch(value):
        return False
    return not any(pattern.fullmatch(value) for pattern in WRITTEN.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("due_at", "2026-11-22"),
        ("due_at", "2026-11-22T09:00:00+00:00"),
        ("due_at", "2026-11-22T10:00:00+01:00"),
        ("due_at", "2026-11-22 09:00:00"),
        ("due_at", 1795338000),
        ("due_on", "2026-11-22T00:00:00Z"),
        ("due_on", "22.11.2026"),
        ("due_on", 20261122),
        ("note", "22.11.2026"),
        ("note", "Sun, 22 Nov 2026 09:00:00 GMT"),
        ("before", "2026-11-22T09:00:00+00:00"),
    ],
)
def test_time_written_otherwise_is_seen(name: str, value: object) -> None:
    """The walk over the answers tells each other way of writing a time from ours."""
    assert wrongly_written(value, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("due_at", "2026-11-22T09:00:00Z"),
        ("due_at", "2026-11-22T09:00:00.123456Z"),
        ("due_at", None),
        ("due_on", "2026-11-22"),
        ("decide_by", "2026-11-22"),
        ("note", "call on 22.11."),
    ],
)
def test_our_way_of_time_is_right(name: str, value: object) -> None:
    """What is written as the API writes it passes the walk."""
    assert not wrongly_written(value, name)


def test_each_field_of_time_has_its_type(app: Flask) -> None:
    """A field named for a day is a Date and one for an instant an Instant, and no other holds either."""
    wrong = []
    for schema in answer_schemas(app):
        for name, field in schema().dump_fields.items():
            inner = field.inner if isinstance(field, fields.List) else field
            is_day = isinstance(inner, fields.Date)
            is_instant = isinstance(inner, fields.DateTime | fields.Time) and not is_day
            if (is_day, is_instant) != (kind_by_name(name) == DAY, kind_by_name(name) == INSTANT) or (
                is_instant and not isinstance(inner, Instant)
            ):
                wrong.append((schema.__name__, name, type(inner).__name__))
    assert not wrong, wrong


def test_document_describes_each_time_alike(app: Flask) -> None:
    """What is sent is described as what is answered: a day as date, an instant as date-time."""
    said = json.loads(app.test_client().get("/api/openapi.json").data)
    parts = [
        (schema, name, part)
        for schema, one in said["components"]["schemas"].items()
        for name, part in one.get("properties", {}).items()
    ]
    parts += [
        (path, one["name"], one["schema"])
        for path, item in said["paths"].items()
        for operation in item.values()
        for one in (operation.get("parameters", []) if isinstance(operation, dict) else [])
        if "schema" in one
    ]
    assert len(parts) > 300
    wrong = [
        (where, name, part)
        for where, name, part in parts
        if (kind_by_name(name) or None) != (part["format"] if part.get("format") in WRITTEN else None)
    ]
    assert not wrong, wrong


@pytest.fixture
def something_of_everything(database: Flask, now: datetime) -> None:
    """A row, or more, for each address of the API."""
    fill_once(database, "everything", lambda: make_something_of_everything(database, now))


def make_something_of_everything(app: Flask, now: datetime) -> None:
    serve_pages.fill()
    work()
    serve_pages.spoil()
    staff = Staff(app, "admin")
    staff.post("/settings/funds", kind="campaign", name="Winter", code="winter", starts_on="2026-11-01")
    staff.post("/settings/funds", kind="fund", name="Roof", code="roof")
    staff.post("/settings/funds", kind="appeal", name="Letter", code="letter")
    staff.post("/bank/accounts", number=OURS, new_currency="PLN", name="Main")
    staff.upload(camt([("2026-11-12", "50.00", "Anna Kowalska", PAYER, "darowizna")]))
    staff.upload(camt([("2026-11-19", "51.00", "Jan Nowak", PAYER, "x")], opening="900.00"), "gap.xml")
    staff.upload(camt([("2027-11-19", "51.00", "Jan Nowak", PAYER, "x")]), "future.xml")
    account = db.session.query(BankAccount).first()
    entry = db.session.query(Entry).first()
    statement = db.session.query(Statement).first()
    assert account is not None and entry is not None and statement is not None
    common = {"bank_account_id": account.id, "created_at": now}
    sheet = "Imię i nazwisko;Data;Kwota\nAnna Nowak;2026-03-01;50,00\nY;;?\n".encode()
    record_file, plan = show(sheet, PLN, "p.csv")
    confirm(record_file, plan.digest)
    ask_of_duplicates(now)
    relate_donors(now)
    custom_fields.create_field("day", {"en": "Born"}, now=now, actor="user:1")
    suppressions.suppress_address("stop@example.org", reason="asked", source="told", now=now, actor="user:1")
    db.session.add_all(
        [
            ColumnMapping(name="M", signature="s", layout={"a": [1]}, created_by="user:1", **common),
            Payout(
                provider="stripe",
                account="",
                ref="po_1",
                state="paid",
                net_minor=1,
                currency="PLN",
                arrival_on=date(2026, 11, 20),
            ),
            Mandate(
                recurring_gift_id=1,
                kind="pl_debit",
                reference="M1",
                state="signed",
                signed_on=date(2026, 11, 1),
                recorded_at=now,
                recorded_by="user:1",
            ),
            UpgradeNote(
                kind="missed_instalments",
                subject_type="recurring_gift",
                count=1,
                subject_ids=[1],
                noted_at=now,
            ),
            PayerBatch(digest="d", made_at=now, made_by="user:1", donors_count=1, gifts_count=1),
            EntryQuestion(kind="other_day", import_file_id=statement.import_file_id, entry_id=entry.id),
            Payer(name_read="Anna Kowalska", first_on=now.date(), last_on=now.date()),
        ]
    )
    db.session.commit()
    decide_alone(db.session.query(Entry).order_by(Entry.id.desc()).first(), now)


def decide_alone(entry: Entry | None, now: datetime) -> None:
    """A decision of the engine that is put up for a look, and its rule stopped."""
    assert entry is not None
    match = Match(entry_id=entry.id, part=9, kind="not_gift", amount_minor=1, rule="no_gift", evidence=[])
    match.engine_version, match.actor, match.decided_at = "1", "system:matching", now
    db.session.add(match)
    db.session.flush()
    looks.draw_looks([entry.id], now=now)
    stopped_rules.stop_rule("no_gift", entry.bank_account_id, "person", now=now, actor="user:1")
    db.session.commit()


WISH: preferences.Wish = {"channel": "any", "topic": "any", "format": "any", "frequency": "weekly"}


def ask_of_duplicates(now: datetime) -> None:
    """A question about two records, a merge of two others, a team, and a field that a role does not see."""
    done: dict[str, Any] = {"now": now, "actor": "user:1"}
    for town in ("Gdynia", "Gdynia", "Gdańsk", "Gdańsk"):
        fields: DonorFields = {"name": "Ola Wilk", "email": f"ola@{town.lower()}.example.org", "city": town}
        donors.create_donor(fields, source="form", **done)
    *pair, one, other = db.session.scalars(select(Donor.id).order_by(Donor.id.desc()).limit(4))
    merging.merge_donors(one, other, **done)
    db.session.commit()
    duplicate_scan.look_at(pair, now=now)
    teams.create_team("Coast", [1], **done)
    hidden_fields.hide_field("phone", ["caller"], **done)
    db.session.commit()


def relate_donors(now: datetime) -> None:
    """Let each donor have a tag, a relationship, a household of their own, a membership, a role, and words
    of being written to."""
    done: dict[str, Any] = {"now": now, "actor": "user:1"}
    is_person = (Donor.kind != "household") & Donor.merged_into_id.is_(None)
    people = db.session.scalars(select(Donor).where(is_person).order_by(Donor.id)).all()
    fields: DonorFields = {"name": "Dom", "kind": "household", "phone": "600 100 200", "note": "x"}
    homes = [donors.create_donor(fields, source="form", **done) for _ in people]
    for donor in (*people, *homes):
        tags.add_tag(donor.id, "VIP", source="form", **done)
        donor_files.add_file(donor.id, b"signed", "declaration.txt", note="of 2024", **done)
        memberships.start_membership(donor.id, "regular", since_on=now.date(), **done)
        donor_roles.give_role(donor.id, "volunteer", since_on=now.date(), **done)
        preferences.set_preference(donor, WISH, source="form", **done)
        no = NewConsent("opt_out", "letter", now.date(), "appeal", "email")
        consents.record_consent(donor, no, **done)
    consent_texts.add_text("consent", "pl", "Tak.", valid_from=now.date(), **done)
    for donor, home in zip(people, homes, strict=True):
        relationships.add_relationship(donor.id, home.id, "member_of", since_on=now.date(), **done)
        if donor.kind == "person":
            households.add_member(home, donor, role="other", is_head=True, **done)


def test_no_answer_writes_time_otherwise(
    database: Flask, something_of_everything: None, caller_with: Callable[..., Caller]
) -> None:
    """Each list and each thing of the API writes days as days and instants in UTC with a Z, facts too."""
    api, ids = caller_with(), Ids()
    wrong, empty = [], []
    for rule in read_rules(database):
        if not rule.rule.startswith(PREFIX):
            continue
        path, is_told = ANY.sub("<>", rule.rule.removeprefix(PREFIX)), False
        for address in list(plain_addresses(rule, ids)):
            answer = api.get(address.removeprefix(PREFIX))
            if not answer.is_json:
                continue
            said = answer.get_json()
            is_told = is_told or (answer.status_code == 200 and bool(said.get("data", True)))
            wrong += [
                (path, name, value) for name, value in named_values(said) if wrongly_written(value, name)
            ]
        if not is_told and path not in TIMELESS:
            empty.append(path)
    assert not wrong, wrong
    assert not empty, empty


def test_export_writes_time_as_api_does(something_of_everything: None) -> None:
    """Every table goes out with its days and instants as the API writes them."""
    wrong = []
    for table in export.list_tables():
        for row in export.read_rows(table):
            wrong += [
                (table, name, value)
                for name, value in row.items()
                if isinstance(value, str) and wrongly_written(value, "")
            ]
    assert not wrong, wrong
