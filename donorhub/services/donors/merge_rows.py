"""Giving all rows of one donor to another, found from the tables themselves, so that each can be given back.

Every column that points at ``donor`` is moved but for those named in ``EXEMPT``, whatever table comes. Of
rows that would then be there twice, one is folded into the other and kept in ``merge_drop``: see
:mod:`.merge_folds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Index,
    Table,
    TextClause,
    UniqueConstraint,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from donorhub.db import Base, UTCDateTime, db
from donorhub.models import MergeDrop, MergeLog, MergeMove
from donorhub.services.donors import merge_folds

Row = dict[str, Any]
EXEMPT: Final[Mapping[tuple[str, str], str]] = {
    ("erased_key", "donor_id"): "of who was erased: nobody merges them",
    ("erasure", "donor_id"): "of who was erased: nobody merges them",
    ("donor_document", "donor_id"): "one row a donor, written anew",
    ("donor_stage", "donor_id"): "one row a donor, worked out anew",
    ("donor_read", "donor_id"): "who looked at the record as it was",
    ("duplicate_member", "donor_id"): "names the record as it was, read through the merge",
    ("duplicate_verdict", "left_id"): "names the record as it was, read through the merge",
    ("duplicate_verdict", "right_id"): "names the record as it was, read through the merge",
    ("identity_key", "donor_id"): "leads to the number, and this to the survivor; theirs are written anew",
    ("merge_log", "loser_id"): "tells of the merge itself",
    ("merge_log", "survivor_id"): "tells of the merge itself",
}


@dataclass(frozen=True, slots=True)
class Unique:
    """Columns of which no two rows may have the same, among those that the condition is true of."""

    columns: tuple[str, ...]
    condition: TextClause | None = None


def points_at_donor(column: Column[Any]) -> bool:
    """Return whether a column holds a donor's number."""
    return any(key.column.table.name == "donor" for key in column.foreign_keys)


@cache
def list_moved_columns() -> tuple[Column[Any], ...]:
    """Return the columns whose rows follow the donor."""
    return tuple(
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if points_at_donor(column) and (table.name, column.name) not in EXEMPT
    )


@cache
def list_uniques(table: Table) -> list[Unique]:
    """Return what must be unique in a table and names a donor."""
    moved_names = {column.name for column in list_moved_columns() if column.table is table}
    uniques = [
        Unique(tuple(column.name for column in constraint.columns))
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    uniques += [
        Unique(_list_names(index), index.dialect_options["sqlite"]["where"])
        for index in table.indexes
        if index.unique and _list_names(index)
    ]
    return [unique for unique in uniques if moved_names & set(unique.columns)]


def _list_names(index: Index) -> tuple[str, ...]:
    names = [one.name for one in index.expressions if isinstance(one, Column)]
    return tuple(names) if len(names) == len(index.expressions) else ()


# ---------------------------------------------------------------- what a merge did


@dataclass(slots=True)
class Merging:
    """A merge that is going on, and what it has done so far; higher areas do theirs through it."""

    log: MergeLog
    now: datetime
    actor: str
    changes: list[dict[str, Any]] = field(default_factory=list)
    has_moved: bool = False

    @property
    def survivor_id(self) -> int:
        """The donor who goes on."""
        return self.log.survivor_id

    @property
    def loser_id(self) -> int:
        """The record that becomes a part of them."""
        return self.log.loser_id

    def change_row(self, table_name: str, row: Row, values: Row) -> None:
        """Write other values into a row, which an undo writes back where they are still these."""
        values = {name: value for name, value in values.items() if row[name] != value}
        if not values:
            return
        table = Base.metadata.tables[table_name]
        key = next(iter(table.primary_key.columns))
        db.session.execute(update(table).where(key == row[key.name]).values(values))
        self.note_change(table_name, row[key.name], {name: row[name] for name in values}, values)

    def note_change(self, table_name: str, row_id: int, before: Row, after: Row) -> None:
        """Keep what a row said before and says now, where it was written already."""
        self.changes.append(
            {
                "table": table_name,
                "id": row_id,
                "before": pack_row(before),
                "after": pack_row(after),
                "has_moved": self.has_moved,
            }
        )

    def drop_row(self, table_name: str, row: Row) -> None:
        """Take a row away that says what another one says, and keep it for an undo."""
        table = Base.metadata.tables[table_name]
        db.session.execute(delete(table).where(table.c.id == row["id"]))
        db.session.execute(
            insert(MergeDrop).values(
                merge_id=self.log.id, table_name=table_name, row_id=row["id"], content=pack_row(row)
            )
        )

    def add_row(self, table_name: str, values: Row) -> int:
        """Write a row that only this merge makes; an undo takes it away. Return its id."""
        table = Base.metadata.tables[table_name]
        row_id = int(db.session.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
        self._note_moves([(table_name, row_id, "", None)])
        return row_id

    def _note_moves(self, moves: Iterable[tuple[str, int, str, int | None]]) -> None:
        rows = [
            {
                "merge_id": self.log.id,
                "table_name": table_name,
                "row_id": row_id,
                "column_name": column_name,
                "from_id": from_id,
                "to_id": self.survivor_id,
            }
            for table_name, row_id, column_name, from_id in moves
        ]
        if rows:
            db.session.execute(insert(MergeMove), rows)

    def move_all(self) -> None:
        """Fold what would be there twice, and give all else to the survivor."""
        for table in dict.fromkeys(column.table for column in list_moved_columns()):
            self._fold_table(table)
        for column in list_moved_columns():
            key = column.table.c.id
            ids = db.session.scalars(
                update(column.table)
                .where(column == self.loser_id)
                .values({column.name: self.survivor_id})
                .returning(key)
            ).all()
            self._note_moves((column.table.name, id_, column.name, self.loser_id) for id_ in sorted(ids))
        self.has_moved = True

    def _fold_table(self, table: Table) -> None:
        names = [column.name for column in list_moved_columns() if column.table is table]
        for row in self._list_own_rows(table, names) if len(names) > 1 else ():
            self.drop_row(table.name, row)
        while group := self._find_twins(table, names):
            kept_row, folded_row, values = merge_folds.fold_rows(
                table.name, group, is_first_ours=any(group[0][name] == self.survivor_id for name in names)
            )
            self.drop_row(table.name, folded_row)
            self.change_row(table.name, kept_row, values)

    def _list_own_rows(self, table: Table, names: Sequence[str]) -> list[Row]:
        """Return the rows by which the two are joined with each other."""
        both = (self.survivor_id, self.loser_id)
        query = select(table).where(*(table.c[name].in_(both) for name in names))
        return [dict(row) for row in db.session.execute(query).mappings()]

    def _find_twins(self, table: Table, names: Sequence[str]) -> tuple[Row, Row] | None:
        """Return two rows that could not both be the survivor's."""
        for unique in list_uniques(table):
            query = select(table).where(
                or_(*(table.c[name].in_((self.survivor_id, self.loser_id)) for name in names))
            )
            if unique.condition is not None:
                query = query.where(unique.condition)
            first_rows: dict[tuple[object, ...], Row] = {}
            for mapping in db.session.execute(query.order_by(table.c.id)).mappings():
                row = dict(mapping)
                key = self._make_key(table.name, row, unique.columns, names)
                if None not in key and key in first_rows:
                    return first_rows[key], row
                first_rows[key] = row
        return None

    def _make_key(
        self, table_name: str, row: Row, columns: Sequence[str], names: Sequence[str]
    ) -> tuple[object, ...]:
        merged_row = row | {name: self.survivor_id for name in names if row[name] == self.loser_id}
        if table_name in merge_folds.MUTUAL_ENDS and merge_folds.is_mutual(table_name, row):
            ends = merge_folds.MUTUAL_ENDS[table_name]
            merged_row |= dict(zip(ends, sorted(merged_row[end] for end in ends), strict=True))
        return tuple(merged_row[name] for name in columns)


def read_marks() -> dict[str, int]:
    """Return the last id of each table whose rows follow a donor."""
    tables = dict.fromkeys(column.table for column in list_moved_columns())
    parts = [select(literal(table.name), func.max(table.c.id)) for table in tables]
    return {name: last_id or 0 for name, last_id in db.session.execute(union_all(*parts))}


def count_rows(survivor_id: int, loser_id: int) -> dict[tuple[str, str, int], int]:
    """Return how many rows of each column point at one of the two."""
    parts = [
        select(literal(column.table.name), literal(column.name), column, func.count())
        .where(column.in_((survivor_id, loser_id)))
        .group_by(column)
        for column in list_moved_columns()
    ]
    rows = db.session.execute(union_all(*parts))
    return {(table_name, name, donor_id): count for table_name, name, donor_id, count in rows}


# ---------------------------------------------------------------- rows as JSON keeps them


def pack_row(row: Row) -> Row:
    """Return a row as JSON keeps it: days and moments as text. Keyed hashes are computed anew."""
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in row.items()
        if name != "value_hash"
    }


def unpack_row(table: Table, packed_row: Row) -> Row:
    """Return a row that :func:`pack_row` packed as its table takes it."""
    row = {name: _unpack_value(table.c[name], value) for name, value in packed_row.items()}
    return merge_folds.complete_row(table.name, row)


def _unpack_value(column: Column[Any], value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if isinstance(column.type, UTCDateTime | DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column.type, Date) else value


def insert_unless_there(table: Table, row: Row) -> None:
    """Write a row again, unless something that must be unique says the same by now."""
    connection = db.session.connection()
    build_insert: Any = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    connection.execute(build_insert(table).values(row).on_conflict_do_nothing())
