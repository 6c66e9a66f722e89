"""What a piece of work sends to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from tests.queries.plans import Statement

_NO_QUERY = ("BEGIN", "PRAGMA", "SET ", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def record_statements(engine: Engine) -> Iterator[list[Statement]]:
    """The statements that are sent inside, in their order; what only begins a transaction is left out."""
    statements: list[Statement] = []

    def note(_c: Any, _cursor: Any, text: str, parameters: Any, _context: Any, is_many: bool) -> None:
        if not text.startswith(_NO_QUERY):
            statements.append(Statement(text, parameters[0] if is_many else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
