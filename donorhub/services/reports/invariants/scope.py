"""Which rows a check of the invariants looks at, and reading what it finds without holding it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import Base, db
from donorhub.models import AuditRecord

SHOWN: Final = 20  # of one kind; what is more is only said to be there
CHUNK: Final = 500  # rows that are in memory at a time


class Scope:
    """The rows that came after a mark, and the older ones that they or the audit name.

    ``marks`` holds the last id of each table that was checked; a table without one is looked at whole,
    so that ``Scope({})`` is everything.
    """

    def __init__(self, marks: Mapping[str, int], *, audit_seq: int = 0, audit_chain: str = "") -> None:
        self._marks = marks
        self.audit_seq, self.audit_chain = audit_seq, audit_chain

    def came(self, model: type[Base]) -> ColumnElement[bool]:
        """The condition for rows of a table that were written since."""
        return self._came_into(model.__table__)

    def touched(
        self, model: type[Base], *links: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
    ) -> ColumnElement[bool]:
        """The condition for rows written since, those that new rows link to, and those the audit names."""
        if not self._marks.get(model.__tablename__, 0):
            return true()
        own = model.__table__.c.id
        # Joined to nothing, the kind keeps SQLite from its index, which has all records of that kind.
        kind = AuditRecord.subject_type.concat("")
        named = select(AuditRecord.subject_id).where(self.came(AuditRecord), kind == model.__tablename__)
        linked = [
            select(link).where(self._came_into(link.class_.__table__), link.is_not(None)) for link in links
        ]
        return own.in_(union_all(select(own).where(self.came(model)), *linked, named))

    def _came_into(self, table: FromClause) -> ColumnElement[bool]:
        mark = self._marks.get(str(table), 0)
        return table.c.id > mark if mark else true()

    def in_part(self, condition: ColumnElement[bool], model: type[Base]) -> ColumnElement[bool]:
        """A condition that holds for everything where the table is looked at whole."""
        return condition if self._marks.get(model.__tablename__, 0) else true()


def find_broken(query: Select[*tuple[Any, ...]], sentence: Callable[..., str]) -> list[str]:
    """A sentence on each row that the query finds, up to SHOWN, and whether there are more."""
    return show_some(sentence(*row) for row in db.session.execute(query.limit(SHOWN + 1)))


def show_some(sentences: Iterable[str]) -> list[str]:
    """The first of many sentences, and whether there are more."""
    some = list(islice(sentences, SHOWN + 1))
    return [*some[:SHOWN], "… and more"] if len(some) > SHOWN else some


def stream_rows(query: Select[*tuple[Any, ...]], *, chunk: int = CHUNK) -> Iterator[Any]:
    """The rows of a query a chunk at a time; on PostgreSQL the rest stays with the server."""
    return iter(db.session.execute(query.execution_options(yield_per=chunk)))
