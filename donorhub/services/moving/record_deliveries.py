"""Files of people and gifts as somebody sends them: one, or several in a ZIP, each read before any is kept.

Files that must be brought before others come first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from donorhub.domain.moving.answers import Answers
from donorhub.errors import Rejected
from donorhub.models import ImportFile
from donorhub.services.bank.files import deliveries
from donorhub.services.bank.files.deliveries import SentFile
from donorhub.services.moving import record_files, record_plans, record_presets
from importers.records import RecordTable
from importers.statement import Problem


@dataclass(frozen=True, slots=True)
class SentTable:
    """A file with the table in it, and the preset that it was recognised by; "" for none."""

    name: str
    content: bytes
    table: RecordTable
    preset: str = ""


def open_tables(data: bytes, filename: str) -> list[SentTable]:
    """Return the tables that were sent; raise Rejected where one of the files has none."""
    if not deliveries.is_archive(data):
        return [_open_table(SentFile(filename, data))]
    tables = []
    for one in deliveries.open_files([SentFile(filename, data)]):
        if isinstance(one, Problem):
            raise Rejected(f"{one.where}: {one.message}", code="no_table_of_people")
        tables.append(_open_table(one))
    return sorted(tables, key=lambda one: len(_list_companions(one.preset)))


def keep_tables(
    tables: Iterable[SentTable], *, now: datetime, actor: str, limit_mb: int
) -> list[tuple[ImportFile, bool]]:
    """Keep files with the plans of what they would do; return each and whether it is new as such."""
    files = []
    for sent_table in tables:
        file, is_new = record_files.receive_file(
            sent_table.content, sent_table.name, now=now, actor=actor, limit_mb=limit_mb
        )
        if file.state == "asking":
            record_plans.plan_file(file, now=now, table=sent_table.table)
        files.append((file, is_new))
    return files


def _open_table(file: SentFile) -> SentTable:
    table = record_plans.read_bytes(file.content, file.name)
    _, preset = record_presets.settle_preset(table.header, Answers())
    return SentTable(file.name, file.content, table, preset.name if preset is not None else "")


def _list_companions(name: str) -> tuple[str, ...]:
    presets = {preset.name: preset for preset in record_presets.list_presets()}
    return presets[name].source.belongs_with if name else ()
