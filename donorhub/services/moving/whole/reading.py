"""Bringing an archive of everything into an empty installation, in one transaction, and holding it then.

Ids, codes, numbers and states come as they were. What does not fit its manifest is refused whole.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import BufferedReader
from typing import IO, Any, Final

from sqlalchemy import LargeBinary, Table, bindparam, delete, exists, func, select, text, update
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from donorhub.db import Base, cut_chunks, db
from donorhub.errors import Conflict, Rejected
from donorhub.services.access import audit_resealing, instance
from donorhub.services.bank.files.payer_words import index_new_payers
from donorhub.services.donors import identity_keys, search_documents
from donorhub.services.moving.whole import contents, manifest, suppressed
from donorhub.services.moving.whole.contents import Row
from donorhub.services.moving.whole.manifest import Tally
from donorhub.services.moving.whole.values import NOTHING, has_two_nulls, read_value
from donorhub.services.moving.whole.writing import AT_ONCE, FILES_AT_ONCE, name_member
from importers.archive import DAMAGE

# What an installation has from its first start on, before anybody did anything.
STARTING: Final = ("organisation", "role", "fund", "upgrade_note")
LOCK: Final = 727281  # of PostgreSQL: two archives at once
_AHEAD: Final = 64 * 1024  # bytes
# Whatever an archive unpacks to, it is read in pieces; what is longer than these is cut off, and damaged.
_LARGEST_MANIFEST: Final = 16 * 1024 * 1024  # bytes
_LONGEST_LINE: Final = 256 * 1024 * 1024  # bytes: of a row that holds a file
NoteTable = Callable[[str, int], None]


class Archive:
    """An archive that is open, with its manifest."""

    def __init__(self, file: zipfile.ZipFile, manifest_contents: Mapping[str, Any]) -> None:
        self._file, self.manifest = file, manifest_contents

    @property
    def has_our_key(self) -> bool:
        """Return whether it comes from an installation with the key of this one."""
        return bool(self.manifest.get("key_check") == manifest.compute_key_check())

    def stream_lines(self, table_name: str) -> Iterator[bytes]:
        """Return the lines of a table; raise Rejected where they cannot be read."""
        try:
            with self._file.open(name_member(table_name)) as member:
                assert isinstance(member, zipfile.ZipExtFile)  # noqa: S101  the type does not say so
                lines = BufferedReader(member, _AHEAD)
                while line := lines.readline(_LONGEST_LINE):
                    yield line
        except (KeyError, *DAMAGE) as e:
            raise _make_damage(f"{name_member(table_name)} cannot be read") from e


def open_archive(place: IO[bytes], *, schema: str, earlier_schemas: frozenset[str]) -> Archive:
    """Return an archive that this program can read; raise Rejected for anything else, with the way out."""
    try:
        file = zipfile.ZipFile(place)
        with file.open(manifest.NAME) as member:
            # One that is cut off cannot be read.
            manifest_contents = json.loads(member.read(_LARGEST_MANIFEST))
    except (KeyError, *DAMAGE) as e:
        raise Rejected("this is no archive of `donorhub export --all`", code="no_archive") from e
    return Archive(
        file, manifest.refuse_unreadable(manifest_contents, schema=schema, earlier_schemas=earlier_schemas)
    )


def read_archive(archive: Archive, *, now: datetime, note_table: NoteTable) -> None:
    """Write all that an archive holds and hold this installation; the caller commits.

    Raise Conflict where this base is not empty, Rejected where the archive is damaged or its opt-outs need
    the other installation's key. Nothing is to be kept then.
    """
    _take_turn()
    refuse_full()
    for name in reversed(STARTING):
        db.session.execute(delete(Base.metadata.tables[name]))
    fillers = contents.make_fillers(now=now)
    try:
        with index_new_payers():
            for table in contents.list_tables():
                tally = _load_table(archive, table, fillers.get(table.name))
                if tally.describe_rows() != archive.manifest["tables"][table.name]:
                    raise _make_damage(f"{name_member(table.name)} is not what the manifest says")
                note_table(table.name, tally.rows)
        for table in contents.list_tables():
            _join_rows(archive, table)
    except (IntegrityError, DataError, StatementError, OverflowError, UnicodeEncodeError) as e:
        raise _make_damage("a row does not fit the others, or a value its column") from e
    identity_keys.rebuild_keys()
    search_documents.rebuild_documents()
    audit_resealing.reseal_records()
    _move_sequences()
    instance.hold_instance("imported", now=now, origin=_describe_origin(archive))


def refuse_full() -> None:
    """Raise Conflict, which names the tables, where this base holds more than a first start makes."""
    full = [
        table.name
        for table in contents.list_tables()
        if table.name not in STARTING and db.session.scalar(select(exists(select(*table.primary_key))))
    ]
    if full:
        raise Conflict(
            f"this installation is not empty ({', '.join(full[:3])} …): bring the archive into a new one,"
            " before users are made",
            code="not_empty",
        )


def _take_turn() -> None:
    """Let nobody else bring an archive at the same time. SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _load_table(archive: Archive, table: Table, fill_row: Callable[[Row], Row] | None) -> Tally:
    """Write the rows of one table, without what points at other rows of it; return what went by."""
    tally = Tally(contents.list_sums(table))
    has_files = any(isinstance(column.type, LargeBinary) for column in table.columns)
    rows = _stream_rows(archive, table, tally, fill_row)
    for chunk in cut_chunks(rows, FILES_AT_ONCE if has_files else AT_ONCE):
        db.session.connection().execute(table.insert(), chunk)
    return tally


def _stream_rows(
    archive: Archive, table: Table, tally: Tally, fill_row: Callable[[Row], Row] | None
) -> Iterator[Row]:
    later = contents.SELF_REFERENCES.get(table.name, ())
    for number, line in enumerate(archive.stream_lines(table.name), start=1):
        try:
            row = json.loads(line)
            tally.count_row(row, line)
            new_row = _read_row(archive, table, row)
            if fill_row is not None:
                new_row |= fill_row(new_row)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as e:
            raise _make_damage(f"{name_member(table.name)}, line {number} cannot be read") from e
        yield {**new_row, **dict.fromkeys(later)}


def _read_row(archive: Archive, table: Table, row: Row) -> Row:
    if table.name == "suppression":
        row = _read_suppression(archive, row)
    if table.name == "erased_key" and not archive.has_our_key:
        raise _make_other_key("by what somebody erased is known")
    new_row: Row = {}
    for column in contents.list_columns(table):
        if column.name not in row and has_two_nulls(column):
            new_row[column.name] = NOTHING
            continue
        value = read_value(column, row[column.name])
        packing = contents.PACKED_COLUMNS.get((table.name, column.name))
        new_row[column.name] = packing[1](value) if packing and isinstance(value, bytes) else value
    if table.name == "suppression":
        new_row["address_hash"] = row["address_hash"]
    return new_row


def _read_suppression(archive: Archive, row: Row) -> Row:
    if "address" not in row and not archive.has_our_key:
        raise _make_other_key("a no to e-mail of somebody whose address nobody has any more")
    return suppressed.read_address(row)


def _make_other_key(what: str) -> Rejected:
    return Rejected(
        f"the archive holds {what}; it can be kept only with the key of the other installation: set"
        " DONORHUB_FIELD_KEY here to that one, and bring the archive again",
        code="other_key",
    )


def _join_rows(archive: Archive, table: Table) -> None:
    """Let rows point at other rows of their own table, once all of them are there."""
    for name in contents.SELF_REFERENCES.get(table.name, ()):
        links = (
            {"row_id": row["id"], "target": row[name]}
            for row in map(json.loads, archive.stream_lines(table.name))
            if row[name] is not None
        )
        statement = update(table).where(table.c.id == bindparam("row_id")).values({name: bindparam("target")})
        for chunk in cut_chunks(links, AT_ONCE):
            db.session.connection().execute(statement, chunk)


def _move_sequences() -> None:
    """Let PostgreSQL number on behind the rows that came with their numbers."""
    if db.session.get_bind().dialect.name != "postgresql":
        return
    for table in contents.list_tables():
        (key, *others) = table.primary_key.columns
        quoted_name = f'"{table.name}"'
        sequence = db.session.scalar(
            text("SELECT pg_get_serial_sequence(:name, :key)"), {"name": quoted_name, "key": key.name}
        )
        last = None if others or sequence is None else db.session.scalar(select(func.max(key)))
        if last:
            db.session.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


def _describe_origin(archive: Archive) -> dict[str, object]:
    manifest_contents = archive.manifest
    return {
        "instance": manifest_contents["instance"],
        "made_at": manifest_contents["made_at"],
        "audit_seq": manifest_contents["audit"]["seq"],
        "audit_chain": manifest_contents["audit"]["chain"],
        "audit_was_whole": manifest_contents["audit"]["is_whole"],
    }


def _make_damage(what: str) -> Rejected:
    return Rejected(
        f"the archive is damaged, and nothing was changed: {what}; copy it again, or export again",
        code="archive_damaged",
    )
