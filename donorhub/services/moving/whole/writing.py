"""Writing everything into one archive: a ZIP with a file of JSON lines for each table, and a manifest.

It is written as it is read, in constant memory, from one snapshot of the base.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, Any, Final

from sqlalchemy import LargeBinary, Table, select, text

from donorhub.db import db
from donorhub.services.access import audit, audit_resealing, instance, organisation
from donorhub.services.moving.whole import contents, manifest, suppressed
from donorhub.services.moving.whole.contents import Row
from donorhub.services.moving.whole.manifest import Origin, Tally
from donorhub.services.moving.whole.values import has_two_nulls, write_value

AT_ONCE: Final = 1000
FILES_AT_ONCE: Final = 8  # of tables that hold files
_ABSENT: Final = "_is_absent"  # after the name of a column of which a row has nothing


def begin_snapshot() -> None:
    """Let this transaction see the base as it is now until it ends, whatever others write."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    db.session.execute(text("SELECT 1 FROM organisation"))  # a snapshot is taken by the first look


def write_archive(
    place: IO[bytes], *, schema: str, now: datetime, note_table: Callable[[str, int], None]
) -> Origin:
    """Write all that the base holds but what :mod:`.contents` leaves out; return what it says of itself.

    Call it in a snapshot that only reads.
    """
    origin = _describe_origin(schema, now)
    tallies: dict[str, Tally] = {}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in contents.list_tables():
            tally = tallies[table.name] = Tally(contents.list_sums(table))
            with _open_member(archive, name_member(table.name), now) as member:
                for row in stream_rows(table):
                    line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                    member.write(line)
                    tally.count_row(row, line)
            note_table(table.name, tally.rows)
        with _open_member(archive, manifest.NAME, now) as member:
            manifest_contents = manifest.write_manifest(origin, tallies)
            member.write(json.dumps(manifest_contents, ensure_ascii=False, indent=1).encode())
    return origin


def name_member(table_name: str) -> str:
    """Return the name of a table's file in the archive."""
    return f"tables/{table_name}.jsonl"


def stream_rows(table: Table) -> Iterator[Row]:
    """Return the rows of one table as an archive has them, in the order of their keys."""
    finish_row = _choose_finish(table)
    columns = contents.list_columns(table)
    absent = [column for column in columns if has_two_nulls(column)]
    flags = [column.is_(None).label(f"{column.name}{_ABSENT}") for column in absent]
    hash_columns = [table.c.address_hash] if table.name == "suppression" else []
    at_once = FILES_AT_ONCE if any(isinstance(one.type, LargeBinary) for one in columns) else AT_ONCE
    query = select(*columns, *hash_columns, *flags).order_by(*table.primary_key.columns)
    for values in db.session.execute(query.execution_options(yield_per=at_once)).mappings():
        row = {
            column.name: _write_cell(table.name, column.name, values[column.name])
            for column in columns
            if not values.get(f"{column.name}{_ABSENT}")
        }
        yield finish_row(row, values)


def _write_cell(table_name: str, column_name: str, value: Any) -> object:
    packing = contents.PACKED_COLUMNS.get((table_name, column_name))
    return write_value(packing[0](value) if packing else value)


def _choose_finish(table: Table) -> Callable[[Row, Any], Row]:
    """Return what is done with a row of a table in which something is keyed."""
    if table.name == "audit_record":
        return lambda row, _values: {**row, "data": audit_resealing.forget_digests(row["data"])}
    if table.name == "suppression":
        addresses = suppressed.find_addresses()
        return lambda row, values: row | suppressed.write_address(values["address_hash"], addresses)
    return lambda row, _values: row


def _open_member(archive: zipfile.ZipFile, name: str, now: datetime) -> IO[bytes]:
    info = zipfile.ZipInfo(name, date_time=now.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    return archive.open(info, "w", force_zip64=True)


def _describe_origin(schema: str, now: datetime) -> Origin:
    seq, chain = audit.find_head() or (0, "")
    fault_count = sum(1 for _ in audit.find_broken_links()) + sum(1 for _ in audit.find_changed_values())
    return Origin(
        schema=schema,
        made_at=now,
        instance_ref=instance.get_instance().ref,
        organisation_name=organisation.get_organisation().legal_name,
        audit_seq=seq,
        audit_chain=chain,
        audit_is_whole=not fault_count,
    )
