"""What a database is made of, one line a thing, so that two of them can be compared with nothing left out.

Only the table in which Alembic notes the revision is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection, text

_REVISION = "alembic_version"

_POSTGRES = {
    "relation": """
        SELECT concat_ws(' ', relname, relkind, relpersistence, reloptions)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace""",
    "column": """
        SELECT concat_ws(' ', t.relname, attname, format_type(atttypid, atttypmod), attnotnull,
            attidentity, attgenerated, attcollation::regcollation, pg_get_expr(adbin, adrelid))
        FROM pg_attribute JOIN pg_class t ON t.oid = attrelid
        LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')
            AND attnum > 0 AND NOT attisdropped""",
    "constraint": """
        SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "index": """
        SELECT concat_ws(' ', indisvalid, pg_get_indexdef(indexrelid))
        FROM pg_index JOIN pg_class i ON i.oid = indexrelid WHERE relnamespace = 'public'::regnamespace""",
    "trigger": """
        SELECT concat_ws(' ', tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal""",
    "function": """
        SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')""",
    "extension": "SELECT extname FROM pg_extension",
    "sequence": """
        SELECT concat_ws(' ', sequencename, data_type, start_value, min_value, max_value, increment_by)
        FROM pg_sequences WHERE schemaname = 'public'""",
    "view": "SELECT concat_ws(' ', viewname, definition) FROM pg_views WHERE schemaname = 'public'",
    "rule": "SELECT concat_ws(' ', rulename, definition) FROM pg_rules WHERE schemaname = 'public'",
}


def read_shape(connection: Connection) -> set[str]:
    """Every table, column, constraint, index, trigger and whatever else there is, each as a line."""
    lines = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    return {" ".join(line.split()) for line in lines if _REVISION not in line}


def _postgres(connection: Connection) -> Iterator[str]:
    for kind, query in _POSTGRES.items():
        for line in connection.execute(text(query)).scalars():
            yield f"{kind} {line}"


def _sqlite(connection: Connection) -> Iterator[str]:
    for kind, name, table, sql in connection.execute(
        text("SELECT type, name, tbl_name, sql FROM sqlite_master")
    ):
        if sql is None:  # of a unique constraint, which stands in its table
            continue
        plain = _without_quotes(sql)
        if kind != "table" or plain.startswith("CREATE VIRTUAL"):
            yield f"{kind} {name} on {table}: {plain}"
            continue
        body = plain[plain.index("(") + 1 : plain.rindex(")")]
        yield f"table {name} {plain[plain.rindex(')') + 1 :]}"
        for definition in _split(body):
            yield f"table {name}: {definition}"


def _without_quotes(sql: str) -> str:
    """SQLite quotes a name when it writes a renamed table anew; in a text a quote stays what it is."""
    parts = re.split(r"('(?:[^']|'')*')", sql)
    return "".join(part if part.startswith("'") else part.replace('"', "") for part in parts)


def _split(body: str) -> Iterator[str]:
    """The definitions in a table's body; a comma in brackets or in a text divides nothing."""
    start = depth = 0
    in_text = False
    for place, sign in enumerate(body):
        in_text ^= sign == "'"
        if not in_text:
            depth += (sign == "(") - (sign == ")")
            if sign == "," and depth == 0:
                yield body[start:place]
                start = place + 1
    yield body[start:]
