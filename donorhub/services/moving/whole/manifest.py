"""What an archive says of itself: its version, whose it is, and how much of what it holds."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from donorhub import vault
from donorhub.errors import Rejected
from donorhub.services.moving.whole import contents
from donorhub.services.moving.whole.contents import Row
from donorhub.services.moving.whole.values import write_value

NAME: Final = "manifest.json"
FORMAT: Final = "donorhub export"
VERSION: Final = 1


@dataclass(slots=True)
class Tally:
    """How many rows of a table went by, their sums by column and currency, and the hash of their lines."""

    sum_columns: list[str]
    rows: int = 0
    sums: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    _hash: Any = field(default_factory=hashlib.sha256)

    def count_row(self, row: Row, line: bytes) -> None:
        """Count one row, which is this line."""
        self.rows += 1
        self._hash.update(line)
        for column in self.sum_columns:
            amount = row.get(column)
            if amount is not None:
                self.sums[column][row.get("currency") or ""] += amount

    def describe_rows(self) -> dict[str, object]:
        """Return the tally as the manifest has it."""
        sums = {
            column: dict(sorted(by_currency.items())) for column, by_currency in sorted(self.sums.items())
        }
        return {"rows": self.rows, "sha256": self._hash.hexdigest(), "sums": sums}


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose an archive is, and of when."""

    schema: str  # of its tables: the revision of the migrations
    made_at: datetime
    instance_ref: str
    organisation_name: str
    audit_seq: int
    audit_chain: str
    audit_is_whole: bool


def write_manifest(origin: Origin, tables: Mapping[str, Tally]) -> dict[str, object]:
    """Return the manifest of an archive that was written."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "schema": origin.schema,
        "made_at": write_value(origin.made_at),
        "instance": origin.instance_ref,
        "organisation": origin.organisation_name,
        "key_check": compute_key_check(),
        "audit": {
            "seq": origin.audit_seq,
            "chain": origin.audit_chain,
            "is_whole": origin.audit_is_whole,
        },
        "tables": {name: tally.describe_rows() for name, tally in tables.items()},
        "left_out": {
            "tables": dict(contents.LEFT_OUT_TABLES),
            "columns": {
                f"{table}.{column}": reason for (table, column), reason in contents.LEFT_OUT_COLUMNS.items()
            },
        },
    }


def compute_key_check() -> str:
    """Return what tells whether two installations have the same key, and nothing else of it."""
    return vault.compute_keyed_hash("whether the key is the same")


def refuse_unreadable(manifest: object, *, schema: str, earlier_schemas: frozenset[str]) -> Mapping[str, Any]:
    """Return a manifest that this program can read; raise Rejected for any other, with the way out."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Rejected("this is no archive of `donorhub export --all`", code="no_archive")
    theirs = str(manifest.get("schema"))
    if theirs in earlier_schemas:
        raise Rejected(
            f"this archive is of an older DonorHub (schema {theirs}, here {schema}): bring it in with that"
            " version and upgrade then, or upgrade the old installation and export again",
            code="archive_older",
        )
    if manifest.get("version") != VERSION or theirs != schema:
        raise Rejected(
            f"this archive is of a newer DonorHub (schema {theirs}, here {schema}): upgrade this one first",
            code="archive_newer",
        )
    if not _is_complete(manifest):
        raise Rejected("the archive does not have the tables that its schema has", code="archive_damaged")
    return manifest


def _is_complete(manifest: Mapping[str, Any]) -> bool:
    """Return whether a manifest of our version says all that is read of it, of all tables."""
    tables, head = manifest.get("tables"), manifest.get("audit")
    if not isinstance(tables, dict) or not isinstance(head, dict):
        return False
    has_tables = tables.keys() == {table.name for table in contents.list_tables()}
    return (
        has_tables
        and {"instance", "made_at"} <= manifest.keys()
        and {"seq", "chain", "is_whole"} <= head.keys()
    )
