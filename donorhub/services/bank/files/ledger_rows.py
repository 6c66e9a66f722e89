"""Entries in bulk: the rows of the days a statement covers, and writing what it brings.

Plain tuples go to the driver (``executemany``, or COPY on PostgreSQL): a hundred
thousand rows through the unit of work took ten times as long. What is new is decided
elsewhere; here only rows are read and written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, or_, select

from donorhub.db import cut_chunks, cut_query_values, db, insert_for
from donorhub.domain.bank.files.continuity import Span
from donorhub.domain.bank.files.entry_keys import KnownEntry, make_source_name
from donorhub.domain.bank.files.entry_plan import DoubtfulEntry, NewEntry
from donorhub.domain.bank.files.issues import Issue
from donorhub.models import Entry, EntryAlias, ImportFile, Statement
from donorhub.models.states import COUNTED_STATEMENTS, DOUBTED_ENTRIES, GONE_ENTRIES, AliasKind
from donorhub.services.bank.files.packed_rows import Row
from donorhub.services.bank.files.payer_words import index_new_payers
from donorhub.services.bank.files.statement_drafts import ENTRY_COLUMNS, PAYMENT_COLUMNS, Draft

TABLES: Final = ("csv", "xlsx", "xls", "ods")  # formats in which every bank's layout is another
CHUNK: Final = 5000

_PLACE_COLUMNS: Final = (
    "bank_account_id",
    "statement_id",
    "currency",
    "position",
    "fingerprint",
    "occurrence",
    "state",
)


def list_known_entries(bank_account_id: int, first_on: date, last_on: date) -> list[KnownEntry]:
    """Return the rows of an account from one day to another, with all ids they are known by."""
    return _list_entries(bank_account_id, first_on, last_on, Entry.state.not_in(GONE_ENTRIES))


def list_older_entries(
    bank_account_id: int, first_on: date, last_on: date, entry_ids: Collection[int]
) -> list[KnownEntry]:
    """Return those rows of an account from one day to another that count no more and are among these."""
    if not entry_ids:
        return []
    rows = _list_entries(bank_account_id, first_on, last_on, Entry.state.in_(("duplicate", "replaced")))
    return [row for row in rows if row.id in entry_ids]


def _list_entries(
    bank_account_id: int, first_on: date, last_on: date, condition: ColumnElement[bool]
) -> list[KnownEntry]:
    more = cast(Entry.more, Text)
    has_ids = or_(more.contains('"uetr"'), more.contains('"tx_id"'))
    rows = db.session.execute(
        select(
            Entry.id,
            Entry.booked_on,
            Entry.amount_minor,
            Entry.currency,
            Entry.counterparty_account,
            Entry.fingerprint,
            Entry.occurrence,
            Statement.format,
            Entry.statement_id,
            Entry.bank_ref,
            case((and_(Entry.more.is_not(None), has_ids), more)),
        )
        .join(Statement, Statement.id == Entry.statement_id)
        .where(
            Entry.bank_account_id == bank_account_id,
            Entry.booked_on.between(first_on, last_on),
            condition,
        )
    )
    aliases = _find_aliases(bank_account_id, first_on, last_on, "bank_ref")
    told_days = _find_aliases(bank_account_id, first_on, last_on, "told_on")
    layouts = _find_layouts(bank_account_id, first_on, last_on)
    return [
        KnownEntry(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4] or None,
            row[5],
            row[6],
            make_source_name(row[7], layouts.get(row[8], "")) if layouts else row[7],
            row[8],
            _list_refs(row[9], row[10], aliases.get(row[0], ()) if aliases else ()),
            tuple(map(date.fromisoformat, told_days.get(row[0], ()))) if told_days else (),
        )
        for row in rows
    ]


def find_source_name(statement: Statement, file: ImportFile) -> str:
    """Return the name of the format of a statement, of a table with its layout."""
    return make_source_name(statement.format, file.profile if statement.format in TABLES else "")


def _find_layouts(bank_account_id: int, first_on: date, last_on: date) -> dict[int, str]:
    """Return the layouts that the tables of these days were read with, by statement."""
    rows = db.session.execute(
        select(Statement.id, ImportFile.profile)
        .join(ImportFile, ImportFile.id == Statement.import_file_id)
        .where(
            Statement.bank_account_id == bank_account_id,
            Statement.format.in_(TABLES),
            Statement.period_from <= last_on,
            Statement.period_to >= first_on,
        )
    )
    return {statement_id: layout for statement_id, layout in rows if layout}


def _list_refs(bank_ref: str | None, more: str | None, aliases: Sequence[str]) -> tuple[str, ...]:
    if more is None and not aliases:
        return (bank_ref,) if bank_ref else ()
    extras: Mapping[str, Any] = json.loads(more) if more else {}
    refs = (bank_ref, extras.get("uetr"), extras.get("tx_id"), *aliases)
    return tuple(dict.fromkeys(ref for ref in refs if ref))


def _find_aliases(
    bank_account_id: int, first_on: date, last_on: date, kind: AliasKind
) -> dict[int, list[str]]:
    rows = db.session.execute(
        select(EntryAlias.entry_id, EntryAlias.ref)
        .join(Entry, Entry.id == EntryAlias.entry_id)
        .where(
            Entry.bank_account_id == bank_account_id,
            Entry.booked_on.between(first_on, last_on),
            EntryAlias.kind == kind,
        )
    )
    refs_by_entry: dict[int, list[str]] = {}
    for entry_id, ref in rows:
        refs_by_entry.setdefault(entry_id, []).append(ref)
    return refs_by_entry


def list_known_spans(bank_account_id: int, first_on: date, last_on: date) -> list[Span]:
    """Return the statements in the ledger that touch these days, as spans."""
    rows = db.session.scalars(
        select(Statement).where(
            Statement.bank_account_id == bank_account_id,
            Statement.posted_at.is_not(None),
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.is_advice.is_(False),
            Statement.period_from <= last_on,
            Statement.period_to >= first_on,
        )
    )
    return [make_span(row) for row in rows if row.period_from is not None]


def count_own_fingerprints(statement_id: int) -> Counter[str]:
    """Return what a statement brought when it was read before, rejected doubts too."""
    rows = db.session.scalars(
        select(Entry.fingerprint).where(Entry.statement_id == statement_id, Entry.state.in_(DOUBTED_ENTRIES))
    )
    return Counter(rows)


def make_span(row: Statement) -> Span:
    """Return how a statement lies in time, for :mod:`donorhub.domain.bank.files.continuity`."""
    if row.period_from is None or row.period_to is None:
        raise ValueError(f"statement {row.id} covers no days")
    return Span(
        row.id,
        row.period_from,
        row.period_to,
        row.opening_minor,
        row.closing_minor,
        row.first_day_minor,
        row.last_day_minor,
        _parse_number(row.sequence_no),
        row.ref,
        _parse_number(row.page),
    )


def make_issue(row: Statement) -> Issue:
    """Return when the bank wrote a statement, for :mod:`donorhub.domain.bank.files.issues`."""
    return Issue(row.format, row.written_at, _parse_number(row.sequence_no))


def find_issues(statement_ids: Iterable[int]) -> dict[int, Issue]:
    """Return when the bank wrote these statements, by their ids."""
    issues: dict[int, Issue] = {}
    for chunk in cut_query_values(statement_ids):
        rows = db.session.scalars(select(Statement).where(Statement.id.in_(chunk)))
        issues.update({row.id: make_issue(row) for row in rows})
    return issues


def _parse_number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def insert_entries(
    statement: Statement,
    draft: Draft,
    new: Sequence[NewEntry],
    doubtful: Sequence[DoubtfulEntry | NewEntry],
) -> Mapping[int, int]:
    """Write the entries of a draft that are new and those that are doubtful.

    Return the new ids by position where an entry has details of its own, which are written too.
    """
    head = (statement.bank_account_id, statement.id, statement.currency)
    places = chain(
        ((one.position, one.fingerprint, one.occurrence, "new") for one in new),
        ((one.position, one.fingerprint, one.occurrence, "doubtful") for one in doubtful),
    )
    positions = chain((one.position for one in new), (one.position for one in doubtful))
    rows = ((*head, *place, *row) for place, row in zip(places, draft.rows.pick_rows(positions), strict=True))
    with index_new_payers():
        count = _insert_rows("entry", (*_PLACE_COLUMNS, *ENTRY_COLUMNS), rows)
    if not draft.details or not count:
        return {}
    ids = _find_ids(statement.id, draft.details)
    insert_details({id_: draft.details[position] for position, id_ in ids.items()}, statement.currency)
    return ids


def _find_ids(statement_id: int, positions: Iterable[int]) -> dict[int, int]:
    """Return which entries of a statement became which rows, among the batches."""
    rows = db.session.execute(
        select(Entry.position, Entry.id).where(
            Entry.statement_id == statement_id, Entry.has_details, Entry.state.not_in(GONE_ENTRIES)
        )
    )
    batch_positions = set(positions)
    return {position: id_ for position, id_ in rows if position in batch_positions}


def insert_details(details: Mapping[int, Sequence[Row]], currency: str) -> None:
    """Write the payments of batch entries, by entry id."""
    rows = (
        (entry_id, currency, position, *row)
        for entry_id, payments in details.items()
        for position, row in enumerate(payments)
    )
    _insert_rows("detail", ("entry_id", "currency", "position", *PAYMENT_COLUMNS), rows)


def insert_aliases(statement_id: int, refs: Iterable[tuple[int, str, str]]) -> None:
    """Keep other names of entries: entry id, kind and ref of each. What is there already stays."""
    rows = [
        {"entry_id": entry_id, "statement_id": statement_id, "kind": kind, "ref": ref}
        for entry_id, kind, ref in refs
    ]
    connection = db.session.connection()
    for chunk in cut_chunks(rows, CHUNK):
        connection.execute(insert_for(connection, EntryAlias).on_conflict_do_nothing(), chunk)


def _insert_rows(table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write rows in the present transaction; return how many."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        return _copy_rows(connection, table, columns, rows)
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  names of our own
    count = 0
    for chunk in cut_chunks(rows, CHUNK):
        connection.exec_driver_sql(sql, chunk)
        count += len(chunk)
    return count


def _copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    count = 0
    raw: Any = connection.connection.driver_connection
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([_drop_nul(value) for value in row])
            count += 1
    return count


def _drop_nul(value: object) -> object:
    """Return the value without the NUL that PostgreSQL keeps in no text."""
    return value.replace("\0", "") if isinstance(value, str) and "\0" in value else value
