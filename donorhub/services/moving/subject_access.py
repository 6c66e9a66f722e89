"""All that is held about one person (Art. 15 and 20 GDPR), found from the metadata, with source and purpose.

Nothing is written but that the copy was made.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    or_,
    select,
)

from donorhub.db import Base, cut_query_values, db, write_literal
from donorhub.models import AuditRecord, Donor, Message, Payment
from donorhub.services.access import audit
from donorhub.services.donors import donors, erasure
from donorhub.services.messages.suppressions import hash_address
from donorhub.services.moving.purposes import FOUND_APART, NOT_COPIED, TABLES, Purpose
from donorhub.services.moving.whole.contents import unpack_file
from donorhub.services.moving.whole.values import write_value
from donorhub.services.providers.erased_objects import GIVERS, collect_refs, follow_links, list_accounts

Row = dict[str, object]
_EXPORTS: Final = ("export.list", "export.all")
_MOST_EXPORTS: Final = 200
_UNSAID: Final = ("value_hash", "address_hash", "search", "code_hash")  # hashes, and what stands there anyway


@dataclass(frozen=True, slots=True)
class TableCopy:
    """The rows of one table that are about the person, without empty values."""

    name: str
    rows: list[Row]

    @property
    def sources(self) -> list[str]:
        """Where the rows came from, as far as they say it."""
        return sorted({str(row["source"]) for row in self.rows if row.get("source")})


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who got something of the person: payment providers, the mail server, and lists that staff took out."""

    providers: list[str]
    mail_count: int
    exports: list[Row]  # when, who, which list; the newest first


@dataclass(frozen=True, slots=True)
class SubjectCopy:
    """All that is held about one person, by what it is held for."""

    donor: Donor
    made_at: datetime
    sections: Mapping[Purpose, list[TableCopy]]
    recipients: Recipients
    not_copied: Mapping[str, str] = field(default_factory=lambda: dict(NOT_COPIED))


def collect_copy(donor_id: int, *, now: datetime) -> SubjectCopy:
    """Return all that is held about a donor and whoever was merged into them; raise NotFound for nobody."""
    donor = donors.get_donor(donor_id)
    finder = _Finder(erasure.list_ids(donor))
    sections: dict[Purpose, list[TableCopy]] = {}
    for purpose, names in TABLES.items():
        tables = [TableCopy(name, finder.read_rows(name)) for name in names]
        sections[purpose] = [table for table in tables if table.rows]
    return SubjectCopy(donor, now, sections, _find_recipients(donor, finder.donor_ids))


def describe_copy(copy: SubjectCopy) -> dict[str, object]:
    """Return a copy as plain values, for a program to read."""
    return {
        "donor_id": copy.donor.id,
        "made_at": write_value(copy.made_at),
        "first_source": copy.donor.source,
        "sections": [
            {
                "purpose": purpose,
                "tables": [
                    {"name": table.name, "sources": table.sources, "rows": table.rows} for table in tables
                ],
            }
            for purpose, tables in copy.sections.items()
            if tables
        ],
        "recipients": {
            "payment_providers": copy.recipients.providers,
            "messages_by_mail": copy.recipients.mail_count,
            "lists_taken_out": copy.recipients.exports,
        },
        "not_copied": dict(copy.not_copied),
    }


def record_copy(copy: SubjectCopy, *, form: str, actor: str) -> None:
    """Record that somebody took a copy of all that is held about a donor."""
    subject = ("donor", copy.donor.id)
    audit.record_action(actor, "donor.copied", subject, now=copy.made_at, data={"form": form})


class _Finder:
    """Finds the rows of each table that are about some donors: parents first, then what hangs on them."""

    def __init__(self, donor_ids: Sequence[int]) -> None:
        self.donor_ids = donor_ids
        self._raw: dict[str, list[Row]] = {}
        names = {name for names in TABLES.values() for name in names}
        late = [name for name in FOUND_APART if name in names]
        for table in Base.metadata.sorted_tables:
            if table.name in names and table.name not in late:
                self._raw[table.name] = self._fetch_rows(table, self._list_ways(table))
        for name in late:
            table = Base.metadata.tables[name]
            self._raw[name] = self._fetch_rows(table, self._list_late_ways(table))

    def read_rows(self, name: str) -> list[Row]:
        """Return the rows of a table, in order of their keys, without what is empty."""
        table = Base.metadata.tables[name]
        return [
            {
                column: _write_cell(table, column, value)
                for column, value in row.items()
                if column not in _UNSAID and value not in (None, "", [], {}, b"")
            }
            for row in self._raw[name]
        ]

    def _fetch_rows(self, table: Table, conditions: Iterable[ColumnElement[bool]]) -> list[Row]:
        keys = list(table.primary_key.columns)
        rows: dict[tuple[object, ...], Row] = {}
        for condition in conditions:
            for values in db.session.execute(select(*table.columns).where(condition)).mappings():
                row = {column.name: values[column.name] for column in table.columns}
                rows[tuple(row[key.name] for key in keys)] = row
        return [rows[key] for key in sorted(rows, key=repr if len(keys) > 1 else None)]

    def _list_ways(self, table: Table) -> Iterator[ColumnElement[bool]]:
        """Give the conditions by which rows lead to the person: at once, or by a row that was found."""
        if table.name == "donor":
            yield table.c.id.in_(self.donor_ids)
            return
        for key in table.foreign_keys:
            parent = key.column.table.name
            if parent == table.name or not _is_indexed(key.parent):
                continue
            ids = self.donor_ids if parent == "donor" else self._list_ids(parent)
            yield from (key.parent.in_(chunk) for chunk in cut_query_values(ids))

    def _list_ids(self, name: str) -> list[int]:
        return [int(str(row["id"])) for row in self._raw.get(name, []) if "id" in row]

    def _list_late_ways(self, table: Table) -> Iterator[ColumnElement[bool]]:
        if table.name == "suppression":
            contacts = self._raw["contact_point"]
            hashes = {hash_address(str(row["value"])) for row in contacts if row["kind"] == "email"}
            yield table.c.address_hash.in_(hashes)
        elif table.name in ("entry", "detail"):
            ids = {row[f"{table.name}_id"] for row in self._raw["match"]} - {None}
            numbers = sorted(int(str(id_)) for id_ in ids)
            yield from (table.c.id.in_(chunk) for chunk in cut_query_values(numbers))
        elif table.name in ("payer", "payer_key"):
            numbers = sorted({int(str(row["payer_id"])) for row in self._raw["payer_use"]})
            column = table.c.id if table.name == "payer" else table.c.payer_id
            yield from (column.in_(chunk) for chunk in cut_query_values(numbers))
        elif table.name == "provider_map":
            yield table.c.kind.in_(GIVERS) & table.c.subject_id.in_(self.donor_ids)
        else:
            refs = collect_refs(self.donor_ids)
            for provider, account in list_accounts(self.donor_ids):
                groups = follow_links(provider, account, refs)
                if table.name == "provider_event":
                    yield from (table.c.object_id.in_(chunk) for chunk in cut_query_values(sorted(groups)))
                else:
                    is_of_account = (table.c.provider == provider) & (table.c.account == account)
                    for chunk in cut_query_values(sorted(groups)):
                        yield is_of_account & table.c.grp.in_(chunk)


def _is_indexed(column: Column[object]) -> bool:
    """Return whether an index begins with a column, so that its rows are found without reading all."""
    table = column.table
    leading = [next(iter(index.columns), None) for index in table.indexes]
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint | PrimaryKeyConstraint)]
    leading += [next(iter(one.columns), None) for one in unique]
    return bool(column.index or column.unique) or any(one is column for one in leading)


def _write_cell(table: Table, name: str, value: object) -> object:
    if table.name == "provider_event" and name == "body" and isinstance(value, bytes):
        text = zlib.decompress(value).decode(errors="replace")
        try:
            return json.loads(text)
        except ValueError:
            return text
    if isinstance(table.c[name].type, LargeBinary) and isinstance(value, bytes):
        return _write_bytes(table, value)
    return write_value(value)


def _write_bytes(table: Table, content: bytes) -> object:
    """Return what a copy says of bytes; of a file that was kept with the donor, the file itself."""
    is_own_file = table.name == "donor_file"
    plain = unpack_file(content) if is_own_file else content
    facts = {"bytes": len(plain), "sha256": hashlib.sha256(plain).hexdigest()}
    return {**facts, "base64": base64.b64encode(plain).decode()} if is_own_file else facts


def _find_recipients(donor: Donor, donor_ids: Sequence[int]) -> Recipients:
    providers = db.session.scalars(
        select(Payment.provider).where(Payment.donor_id.in_(donor_ids)).distinct().order_by(Payment.provider)
    ).all()
    states = db.session.scalars(select(Message.state).where(Message.donor_id.in_(donor_ids))).all()
    exports = db.session.execute(
        select(AuditRecord.at, AuditRecord.actor, AuditRecord.what, AuditRecord.data)
        .where(
            or_(*(AuditRecord.what == write_literal(what) for what in _EXPORTS)),
            AuditRecord.at >= donor.created_at,
        )
        .order_by(AuditRecord.at.desc(), AuditRecord.id.desc())
        .limit(write_literal(_MOST_EXPORTS))
    )
    return Recipients(
        list(providers),
        sum(state == "sent" for state in states),
        [
            {"at": write_value(at), "actor": actor, "list": str(data.get("list", "everything"))}
            for at, actor, what, data in exports
        ],
    )
