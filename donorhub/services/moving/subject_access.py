"""All that is held about one person (Art. 15 and 20 GDPR), found from the metadata, with source and purpose.

Nothing is written but that the copy was made.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, LargeBinary, Table, false, or_, select

from donorhub.db import Base, cut_query_values, db
from donorhub.models import AuditRecord, ContactPoint, Donor, Gift, Match, Message, Payment
from donorhub.services.access import audit
from donorhub.services.donors import donors, erasure
from donorhub.services.messages.suppressions import hash_address
from donorhub.services.moving.purposes import FOUND_APART, NOT_COPIED, TABLES, Purpose
from donorhub.services.moving.whole.values import write_value
from donorhub.services.providers.erased_objects import collect_refs, follow_links

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
        tables = [TableCopy(name, list(finder.read_rows(name))) for name in names]
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
    """Finds the rows of each table that are about some donors."""

    def __init__(self, donor_ids: Sequence[int]) -> None:
        self.donor_ids = donor_ids
        self._conditions: dict[str, ColumnElement[bool]] = {}
        self._refs = sorted(follow_links(collect_refs(donor_ids)))

    def read_rows(self, name: str) -> Iterator[Row]:
        """Give the rows of a table, in order of their keys, without what is empty."""
        table = Base.metadata.tables[name]
        for condition in self._list_conditions(name):
            query = select(*table.columns).where(condition).order_by(*table.primary_key.columns)
            for values in db.session.execute(query).mappings():
                yield {
                    column.name: _write_cell(table, column.name, values[column.name])
                    for column in table.columns
                    if column.name not in _UNSAID and values[column.name] not in (None, "", [], {}, b"")
                }

    def _list_conditions(self, name: str) -> list[ColumnElement[bool]]:
        if name not in FOUND_APART:
            return [self._is_about(Base.metadata.tables[name])]
        table = Base.metadata.tables[name]
        if name == "suppression":
            emails = select(ContactPoint.value).where(
                ContactPoint.donor_id.in_(self.donor_ids), ContactPoint.kind == "email"
            )
            return [table.c.address_hash.in_([hash_address(one) for one in db.session.scalars(emails)])]
        if name in ("entry", "detail"):
            of_gifts = select(Gift.id).where(Gift.donor_id.in_(self.donor_ids))
            theirs = or_(Match.donor_id.in_(self.donor_ids), Match.gift_id.in_(of_gifts))
            if name == "entry":
                return [table.c.id.in_(select(Match.entry_id).where(theirs))]
            return [table.c.id.in_(select(Match.detail_id).where(theirs, Match.detail_id.is_not(None)))]
        column = table.c.object_id if name == "provider_event" else table.c.ref
        return [column.in_(chunk) for chunk in cut_query_values(self._refs)]

    def _is_about(self, table: Table) -> ColumnElement[bool]:
        """Return the condition that a row leads to the person, at once or by a row that does."""
        if table.name not in self._conditions:
            self._conditions[table.name] = or_(false(), *self._list_ways(table))
        return self._conditions[table.name]

    def _list_ways(self, table: Table) -> Iterator[ColumnElement[bool]]:
        donor = Base.metadata.tables["donor"]
        if table is donor:
            yield donor.c.id.in_(self.donor_ids)
            return
        own = [key.parent for key in table.foreign_keys if key.column.table is donor]
        yield from (column.in_(self.donor_ids) for column in own)
        if own:
            return
        parents = {name for names in TABLES.values() for name in names} - set(FOUND_APART)
        for key in table.foreign_keys:
            parent = key.column.table
            if parent is not table and parent.name in parents:
                yield key.parent.in_(select(key.column).where(self._is_about(parent)))


def _write_cell(table: Table, name: str, value: object) -> object:
    if table.name == "provider_event" and name == "body" and isinstance(value, bytes):
        text = zlib.decompress(value).decode(errors="replace")
        try:
            return json.loads(text)
        except ValueError:
            return text
    if isinstance(table.c[name].type, LargeBinary) and isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    return write_value(value)


def _find_recipients(donor: Donor, donor_ids: Sequence[int]) -> Recipients:
    providers = db.session.scalars(
        select(Payment.provider).where(Payment.donor_id.in_(donor_ids)).distinct().order_by(Payment.provider)
    ).all()
    sent = select(Message.id).where(Message.donor_id.in_(donor_ids), Message.state == "sent")
    exports = db.session.execute(
        select(AuditRecord.at, AuditRecord.actor, AuditRecord.what, AuditRecord.data)
        .where(AuditRecord.what.in_(_EXPORTS), AuditRecord.at >= donor.created_at)
        .order_by(AuditRecord.at.desc(), AuditRecord.id.desc())
        .limit(_MOST_EXPORTS)
    )
    return Recipients(
        list(providers),
        len(db.session.scalars(sent).all()),
        [
            {"at": write_value(at), "actor": actor, "list": str(data.get("list", "everything"))}
            for at, actor, what, data in exports
        ],
    )
