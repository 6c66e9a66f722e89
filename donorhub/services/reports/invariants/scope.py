"""Which rows a check of the invariants looks at, and how it reads them without holding them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import Base, db
from donorhub.models import AuditRecord

SENTENCE_LIMIT: Final = 20  # of one kind; what is more is only said to be there
CHUNK: Final = 500  # rows that are in memory at a time


class Scope:
    """The rows that came after a mark, and the older ones that they or the audit name.

    ``marks`` holds the last id of each table that was checked; a table without one is looked at whole,
    so that ``Scope({})`` is everything.
    """

    def __init__(self, marks: Mapping[str, int], *, audit_seq: int = 0, audit_chain: str = "") -> None:
        self._marks = marks
        self.audit_seq, self.audit_chain = audit_seq, audit_chain

    def is_whole(self, model: type[Base]) -> bool:
        """Return whether a table is looked at whole."""
        return not self._marks.get(model.__tablename__, 0)

    def is_new(self, model: type[Base]) -> ColumnElement[bool]:
        """Return the condition for rows of a table that were written since the mark."""
        return self._is_new_in(model.__table__)

    def is_concerned(
        self, model: type[Base], *links: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
    ) -> ColumnElement[bool]:
        """Return the condition for rows written since, those that new rows link to, and those the audit
        names.
        """
        if not self._marks.get(model.__tablename__, 0):
            return true()
        row_id = model.__table__.c.id
        # Joined to nothing, the kind keeps SQLite from its index, which has all records of that kind.
        kind = AuditRecord.subject_type.concat("")
        audited_ids = select(AuditRecord.subject_id).where(
            self.is_new(AuditRecord), kind == model.__tablename__
        )
        linked_ids = [
            select(link).where(self._is_new_in(link.class_.__table__), link.is_not(None)) for link in links
        ]
        return row_id.in_(union_all(select(row_id).where(self.is_new(model)), *linked_ids, audited_ids))

    def _is_new_in(self, table: FromClause) -> ColumnElement[bool]:
        mark = self._marks.get(str(table), 0)
        return table.c.id > mark if mark else true()

    def narrow_condition(self, condition: ColumnElement[bool], model: type[Base]) -> ColumnElement[bool]:
        """Return the condition, or one that holds for everything where the table is looked at whole."""
        return condition if self._marks.get(model.__tablename__, 0) else true()


def find_broken(query: Select[*tuple[Any, ...]], sentence: Callable[..., str]) -> list[str]:
    """Return a sentence on each row of the query, up to SENTENCE_LIMIT, and whether there are more."""
    return show_some(sentence(*row) for row in db.session.execute(query.limit(SENTENCE_LIMIT + 1)))


def show_some(sentences: Iterable[str]) -> list[str]:
    """Return the first of many sentences, and whether there are more."""
    first_ones = list(islice(sentences, SENTENCE_LIMIT + 1))
    return [*first_ones[:SENTENCE_LIMIT], "… and more"] if len(first_ones) > SENTENCE_LIMIT else first_ones


def stream_rows(query: Select[*tuple[Any, ...]], *, chunk: int = CHUNK) -> Iterator[Any]:
    """Return the rows of a query a chunk at a time; on PostgreSQL the rest stays with the server."""
    return iter(db.session.execute(query.execution_options(yield_per=chunk)))
