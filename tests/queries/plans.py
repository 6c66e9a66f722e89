"""Whether a statement reads more of a large table than it needs: its plan, and the rows it really visits.

A plan that looks well can still walk a whole index for the three rows that it wants; so each statement
is carried out, and what it visited is counted: instructions on SQLite, rows on PostgreSQL.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

# Of large tables, for one statement: about what SQLite passes over in its steps. A tenth has fewer.
MOST_ROWS: Final = 10_000
MOST_ROWS_OF_A_TENTH: Final = 5_000
MOST_STEPS: Final = (
    25_000  # of SQLite's machine; a row that is passed over takes three, one that is shown fifty
)
_EVERY: Final = 500  # steps between two looks
_SCAN: Final = re.compile(r"SCAN (\w+)(?! VIRTUAL)(?: USING (?:COVERING )?INDEX (\w+))?")
_ALIAS: Final = re.compile(r'\b"?(\w+)"? AS "?(\w+)"?')


@dataclass(frozen=True, slots=True)
class Statement:
    """What was sent to the database, with its parameters as the driver got them."""

    text: str
    parameters: Any

    @property
    def tables(self) -> set[str]:
        """The names that it speaks of, tables and aliases alike."""
        return set(re.findall(r"\w+", self.text))

    def table_of(self, name: str) -> str:
        """The table behind an alias."""
        aliases = {alias: table for table, alias in _ALIAS.findall(self.text)}
        return aliases.get(name, name)


class SQLitePlans:
    """Judges statements on one SQLite database."""

    def __init__(self, raw: sqlite3.Connection, large: Collection[str]) -> None:
        self._raw, self._large = raw, large
        self._partial = {
            name
            for (name,) in raw.execute(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
            )
        }

    def faults(self, statement: Statement) -> Iterator[str]:
        """What is wrong with the plan of a statement and with its work."""
        plan = [
            str(row[3])
            for row in self._raw.execute(f"EXPLAIN QUERY PLAN {statement.text}", statement.parameters)
        ]
        is_walk = " LIMIT " in statement.text.replace("\n", " ") and not any(
            "TEMP B-TREE" in line for line in plan
        )
        for line in plan:
            scan = _SCAN.match(line)
            if scan is None or is_walk or statement.table_of(scan.group(1)) not in self._large:
                continue
            if scan.group(2) not in self._partial:  # those hold some rows; the steps tell whether few
                yield line
        most = MOST_STEPS * max(1, statement.text.count("SELECT count(*)"))  # several counts are asked in one
        if not self._ends_in_time(statement, most):
            yield f"takes more than {most} steps: {'; '.join(plan)}"

    def _ends_in_time(self, statement: Statement, most: int) -> bool:
        looks = 0

        def look() -> bool:
            nonlocal looks
            looks += 1
            return looks * _EVERY > most

        self._raw.execute("SAVEPOINT tried")
        self._raw.set_progress_handler(look, _EVERY)
        try:
            self._raw.execute(statement.text, statement.parameters).fetchall()
        except sqlite3.OperationalError as e:
            if "interrupted" not in str(e):
                raise
            return False
        except sqlite3.IntegrityError:
            return True  # an insert that was done already: it came to its end
        finally:
            self._raw.set_progress_handler(None, 0)
            with suppress(sqlite3.OperationalError):  # an insert that failed took the savepoint along
                self._raw.execute("ROLLBACK TO tried")
                self._raw.execute("RELEASE tried")
        return True


class PostgresPlans:
    """Judges statements on one PostgreSQL database, planned for these parameters and for any."""

    def __init__(
        self, raw: psycopg.Connection[Any], large: Collection[str], *, is_small: bool = False
    ) -> None:
        self._raw, self._large = raw, large
        self._most = MOST_ROWS_OF_A_TENTH if is_small else MOST_ROWS
        if is_small:  # a scan of a tenth may be the fastest: only where no index serves it is one left
            raw.execute("SET enable_seqscan = off")
        raw.execute("SET jit = off")
        raw.execute("SET statement_timeout = '60s'")
        raw.commit()

    def faults(self, statement: Statement) -> Iterator[str]:
        """What is wrong with the two plans of a statement."""
        for name, plan in (("custom", self._custom(statement)), ("generic", self._generic(statement))):
            yield from (f"{name} plan: {fault}" for fault in self._faults_of(plan))

    def _custom(self, statement: Statement) -> Mapping[str, Any]:
        return self._explained(statement.text, statement.parameters)

    def _generic(self, statement: Statement) -> Mapping[str, Any]:
        """The plan that a prepared statement gets, which knows the parameters' types only."""
        names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement.text)))
        numbered = {name: f"${place}" for place, name in enumerate(names, 1)}
        text = re.sub(r"%\((\w+)\)s", lambda found: numbered[found.group(1)], statement.text).replace(
            "%%", "%"
        )
        values = sql.SQL(", ").join(sql.Literal(statement.parameters[name]) for name in names)
        self._raw.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        self._raw.execute(f"PREPARE tried AS {text}".encode())
        try:
            execute = sql.SQL("EXECUTE tried") + (sql.SQL("({})").format(values) if names else sql.SQL(""))
            return self._explained(execute.as_string(self._raw).replace("%", "%%"), {})
        finally:
            if (
                not self._raw.broken
                and self._raw.info.transaction_status != psycopg.pq.TransactionStatus.INERROR
            ):
                self._raw.execute("DEALLOCATE tried")
            self._raw.rollback()

    def _explained(self, text: str, parameters: Any) -> Mapping[str, Any]:
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON) {text}"
        try:
            row = self._raw.execute(explain.encode(), parameters).fetchone()
        finally:
            if not text.startswith("EXECUTE"):
                self._raw.rollback()
        assert row
        plan: Mapping[str, Any] = row[0][0]["Plan"]
        return plan

    def _faults_of(self, node: Mapping[str, Any]) -> Iterator[str]:
        kind, table = node["Node Type"], node.get("Relation Name", "")
        children: Sequence[Mapping[str, Any]] = node.get("Plans", ())
        visited = _count_visited_rows(node)
        where = f"{kind} {table} {node.get('Index Name', '')} {node.get('Filter', '')}".strip()
        if (kind == "Seq Scan" and table in self._large and visited > self._most / 10) or (
            table in self._large and visited > self._most
        ):
            yield f"{where}: {visited} rows"
        elif "Sort" in kind and sum(_count_visited_rows(child) for child in children) > self._most:
            yield f"{kind} of {sum(_count_visited_rows(child) for child in children)} rows"
        for child in children:
            yield from self._faults_of(child)


def _count_visited_rows(node: Mapping[str, Any]) -> int:
    rows = node["Actual Rows"] + sum(
        node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck")
    )
    return int(rows * node["Actual Loops"])
