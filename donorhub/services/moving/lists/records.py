"""The audit as a list: who did what to what, and what it changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from donorhub.domain.moving.list_columns import Coded, Column, Somebody
from donorhub.models import AuditRecord
from donorhub.services.access import audit, audit_lists
from donorhub.services.moving.audit_names import AuditNames
from donorhub.services.moving.lists.description import (
    Filter,
    Filters,
    ListOut,
    Reader,
    Row,
    convert_rows,
    get_day,
    get_number,
    get_text,
)
from donorhub.services.paging import Page

Changes = Mapping[str, audit.Change | None]
FACTS: Final = ("minor", "currency", "number", "reason")  # what a record may say beside its changes


@dataclass(frozen=True, slots=True)
class Subject(Coded):
    """What a record is about, with its name where it has one; its code is ``gift:12``."""

    kind: str
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Details(Coded):
    """What a record says beside who, what and whom; its code is JSON."""

    data: Mapping[str, Any]
    changes: Changes
    names: AuditNames


def _read_records(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    page = audit_lists.list_records(
        first=get_day(filters, "recorded_from"),
        last=get_day(filters, "recorded_to"),
        actor=get_text(filters, "actor"),
        what=get_text(filters, "what"),
        subject_type=get_text(filters, "subject_type"),
        subject_id=get_number(filters, "subject_id"),
        after=after,
        limit=limit,
    )
    if not page.rows:
        return Page(())
    changes_by_record = audit.read_shown_changes(page.rows, reader.who)
    if not reader.may_see("donors:read"):
        changes_by_record = {row.id: _hide_personal(row, changes_by_record[row.id]) for row in page.rows}
    names = AuditNames(page.rows, changes_by_record.values())

    def convert_row(record: AuditRecord) -> Row:
        changes = changes_by_record[record.id]
        kind, id_ = record.subject_type, record.subject_id
        name = names.find_name(kind, id_)
        return (
            record.at,
            Somebody(record.actor, names.actors.get(record.actor, "")),
            Coded(record.what),
            Details(_write_json(record.data, changes), record.data, changes, names),
            Subject(f"{kind}:{id_}", kind, id_, name) if id_ else None,
        )

    return convert_rows(page, convert_row)


def _hide_personal(record: AuditRecord, changes: Changes) -> dict[str, audit.Change | None]:
    """Return the changes without what is personal, as the API shows them to whom may not read donors."""
    sealed_data: Mapping[str, Any] = record.data
    return {
        field: None if field in sealed_data.get("sealed", {}) else change for field, change in changes.items()
    }


def _write_json(data: Mapping[str, Any], changes: Changes) -> str:
    """Return what a record says for programs: its facts, and each changed field from what to what."""
    facts = {name: data[name] for name in FACTS if name in data}
    fields = {field: None if change is None else list(change) for field, change in sorted(changes.items())}
    if not facts and not fields:
        return ""
    return json.dumps({**facts, "changes": fields}, ensure_ascii=False, sort_keys=True)


AUDIT_RECORDS: Final = ListOut(
    "audit-records",
    "audit:read",
    filters=(
        Filter("recorded_from", "day"),
        Filter("recorded_to", "day"),
        Filter("actor", "text"),
        Filter("what", "text"),
        Filter("subject_type", "text"),
        Filter("subject_id", "id"),
    ),
    columns=(
        Column("at", "moment"),
        Column("actor", "word"),
        Column("what", "word"),
        Column("details", "word", beside="what"),
        Column("subject", "word"),
    ),
    read_page=_read_records,
)
