"""Which words a column may hold, changed on tables that have rows: one CHECK constraint for each column; and
which rows it refers to.

A migration names the words itself; it must not read :mod:`donorhub.models.states`, which goes on changing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, Row, text

from donorhub.db import write_word_condition
from donorhub.errors import Conflict

SHOWN_IDS: Final = 5  # of the rows that do not fit; the others are counted


@dataclass(frozen=True, slots=True)
class WordCheck:
    """The words that a text column of a table with an ``id`` may hold."""

    table: str
    column: str
    words: tuple[str, ...]

    @property
    def constraint_name(self) -> str:
        """Return the name that the constraint has in the database."""
        return f"ck_{self.table}_{self.column}_is_known"

    def make_clause(self) -> str:
        """Return the constraint as SQL writes it."""
        return f"CONSTRAINT {self.constraint_name} CHECK ({write_word_condition(self.column, self.words)})"


def set_word_checks(connection: Connection, checks: Sequence[WordCheck]) -> None:
    """Give each column its check, in place of an earlier one of the same name.

    Raise Conflict, with nothing changed, when a row of any of the tables holds another word.
    """
    refuse_unknown_words(connection, checks)
    by_table: dict[str, list[WordCheck]] = {}
    for check in checks:
        by_table.setdefault(check.table, []).append(check)
    for table, of_table in by_table.items():
        if connection.dialect.name == "sqlite":
            _rebuild_table(connection, table, partial(_add_checks, checks=of_table))
        else:
            _alter_table(connection, table, of_table)


def add_foreign_key(connection: Connection, table: str, column: str, parent_table: str) -> None:
    """Let a column refer to the rows of a table by their ``id``."""
    name = f"fk_{table}_{column}"
    parent = connection.dialect.identifier_preparer.quote(parent_table)  # "user" is a word of PostgreSQL's
    clause = f"CONSTRAINT {name} FOREIGN KEY({column}) REFERENCES {parent} (id) ON DELETE RESTRICT"
    _add_constraint(connection, table, clause)


def add_check(connection: Connection, table: str, name: str, condition: str) -> None:
    """Let a condition hold for each row of a table, under the name that the models have for it."""
    _add_constraint(connection, table, f"CONSTRAINT ck_{table}_{name} CHECK ({condition})")


def _add_constraint(connection: Connection, table: str, clause: str) -> None:
    if connection.dialect.name == "sqlite":
        _rebuild_table(connection, table, partial(_add_clause, clause=clause))
    else:
        connection.execute(text(f"ALTER TABLE {table} ADD {clause}"))


def refuse_unknown_words(connection: Connection, checks: Sequence[WordCheck]) -> None:
    """Raise Conflict that names table, column, word and ids of all rows that the checks would not take."""
    refusals = [refusal for check in checks for refusal in _find_refusals(connection, check)]
    if refusals:
        raise Conflict(
            f"the database cannot be upgraded, and nothing was changed: {'; '.join(refusals)}."
            " Correct these rows, or go on with the version of DonorHub that wrote them, and upgrade again.",
            code="rows_do_not_fit",
        )


def _find_refusals(connection: Connection, check: WordCheck) -> list[str]:
    quote = connection.dialect.identifier_preparer.quote
    table, column = quote(check.table), quote(check.column)
    is_refused = f"NOT ({write_word_condition(column, check.words)})"
    rows = connection.exec_driver_sql(
        f"SELECT {column}, id FROM {table} WHERE {is_refused} ORDER BY {column}, id"  # noqa: S608  our own names
    )
    by_word: dict[str, list[int]] = {}
    for word, id_ in rows:
        by_word.setdefault(word, []).append(id_)
    return [_describe_refusal(check, word, ids) for word, ids in by_word.items()]


def _describe_refusal(check: WordCheck, word: str, ids: Sequence[int]) -> str:
    first_ids = ", ".join(str(id_) for id_ in ids[:SHOWN_IDS])
    more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
    allowed_words = ", ".join(f"'{word_of_ours}'" for word_of_ours in check.words)
    where = f"{check.table}.{check.column} is '{word}' in id {first_ids}{more}"
    return f"{where}, where only {allowed_words} may stand"


def _alter_table(connection: Connection, table: str, checks: Sequence[WordCheck]) -> None:
    table_name = connection.dialect.identifier_preparer.quote(table)
    for check in checks:
        connection.execute(
            text(f"ALTER TABLE {table_name} DROP CONSTRAINT IF EXISTS {check.constraint_name}")
        )
        connection.execute(text(f"ALTER TABLE {table_name} ADD {check.make_clause()}"))


def _add_checks(sql: str, checks: Sequence[WordCheck]) -> str:
    """Return a CREATE TABLE statement of ours with the checks in it."""
    for check in checks:
        earlier = re.compile(rf"CONSTRAINT {check.constraint_name} CHECK \([^()]* IN \([^()]*\)\)")
        if earlier.search(sql):
            sql = earlier.sub(check.make_clause(), sql)
        else:
            sql = _add_clause(sql, check.make_clause())
    return sql


def _add_clause(sql: str, clause: str) -> str:
    return sql.rstrip().removesuffix(")").rstrip() + f", \n\t{clause}\n)"


def _rebuild_table(connection: Connection, table: str, change: Callable[[str], str]) -> None:
    """Build a table of SQLite anew from its own statement as it is changed: SQLite alters no constraint.

    The steps are those of sqlite.org/lang_altertable.html, section 7: rows, ids, constraints, indexes
    (partial ones and those of expressions too) and triggers stay as they are. Needs ``foreign_keys=OFF``,
    which :func:`donorhub.migrations.run.upgrade` sees to.
    """
    table_name = connection.dialect.identifier_preparer.quote(table)
    parts = _read_schema(connection, table)
    create = change(next(row.sql for row in parts if row.type == "table"))
    new = f"{table}_rebuilt"
    connection.exec_driver_sql(f"CREATE TABLE {new} ({create.split('(', 1)[1]}")
    connection.exec_driver_sql(f"INSERT INTO {new} SELECT * FROM {table_name}")  # noqa: S608  names of ours
    connection.exec_driver_sql(f"DROP TABLE {table_name}")
    connection.exec_driver_sql(f"ALTER TABLE {new} RENAME TO {table_name}")
    for row in parts:
        if row.type != "table":
            connection.exec_driver_sql(row.sql)


def _read_schema(connection: Connection, table: str) -> Sequence[Row[tuple[str, str]]]:
    """Return the statements that made a table, its indexes and its triggers."""
    return connection.execute(
        text(
            "SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL ORDER BY rowid"
        ),
        {"table": table},
    ).all()
