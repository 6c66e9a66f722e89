"""Rows that are shown as the database has them: columns are read, no objects are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from flask import Response
from marshmallow import Schema
from sqlalchemy import Column, ColumnElement, Integer, Row, Select, bindparam, inspect, select

from donorhub.api import etags, pages
from donorhub.api.answers import make_json_answer
from donorhub.api.pages import Sorts
from donorhub.api.serialiser import Serialiser, serialiser_for_reader
from donorhub.db import Base, db
from donorhub.services import paging
from donorhub.services.access import row_scope
from donorhub.services.paging import Order, Subset

_MOST: Final = bindparam("most", type_=Integer)


class Rows:
    """The rows of one table, described by a schema each field of which is a column.

    ``always`` are conditions that every row of the list meets, ``also`` columns that a view
    asks for beside those shown. A statement is built once for each order and reader: as long
    as it is the same object, the database layer has its compiled form at hand.
    """

    def __init__(
        self,
        schema: type[Schema],
        model: type[Base],
        sorts: Sorts,
        *always: ColumnElement[bool],
        also: tuple[str, ...] = (),
    ) -> None:
        self._schema, self._sorts, self._always, self._also = schema, sorts, always, also
        self._model = model
        # What is worked out of another table has no name of its own.
        self._columns: Final = {
            name: part if isinstance(part := attribute.columns[0], Column) else part.label(name)
            for name, attribute in inspect(model).column_attrs.items()
        }
        self._list = lru_cache(maxsize=64)(self._build_list)
        self._one = lru_cache(maxsize=2)(self._build_one)

    def answer_page(
        self,
        arguments: pages.PageArguments,
        *where: ColumnElement[bool] | None,
        subset: Subset | None = None,
        complete: Callable[[list[Any]], None] = lambda _answers: None,
    ) -> Response:
        """Answer one page, sorted and cut as asked, of the rows that meet the conditions that there are.

        ``subset`` narrows to what another table names, ``complete`` adds to the answers what stands in
        other tables.
        """
        serialiser = serialiser_for_reader(self._schema)
        statement = self._list(serialiser, arguments["sort"])
        order = pages.make_order(arguments["sort"], self._sorts)
        is_seen = row_scope.find_condition(self._model)
        conditions = [condition for condition in (*where, is_seen) if condition is not None]
        if conditions:
            statement = statement.where(*conditions)
        cut = order.cut_page(self._read_rows(statement, order, arguments, subset), arguments["limit"])
        page = pages.make_page(cut.rows, cut.cursor)
        data = serialiser.dump_values(page.data)
        complete(data)
        return make_json_answer({"data": data, "has_more": page.has_more, "next": page.next})

    def _read_rows(
        self, statement: Select[object], order: Order, arguments: pages.PageArguments, subset: Subset | None
    ) -> Sequence[Row[object]]:
        """Return the rows of a page, and one more where there are more."""
        after, connection, most = arguments.get("after"), db.session.connection(), arguments["limit"] + 1
        ahead = paging.find_ahead(order, subset, after) if subset is not None else None
        if ahead is not None:
            next_ones = statement.where(*ahead.conditions)
            if after is not None:
                next_ones = next_ones.where(order.make_condition(after))
            rows = connection.execute(next_ones, {"most": most}).all()
            if ahead.is_all or len(rows) == most:
                return rows
        order_read = order.lead_through(subset)
        if subset is not None:
            statement = statement.join(subset.table, subset.condition)
            statement = statement.order_by(None).order_by(*order_read.list_terms())
        if after is not None:
            statement = statement.where(order_read.make_condition(after))
        return connection.execute(statement, {"most": most}).all()

    def find_row(self, id_: int) -> Row[object] | None:
        """Return the row with this id, in the list or not."""
        statement = self._one(serialiser_for_reader(self._schema))
        is_seen = row_scope.find_condition(self._model)
        if is_seen is not None:
            statement = statement.where(is_seen)
        return db.session.connection().execute(statement, {"wanted": id_}).first()

    def answer_row(
        self,
        row: Row[object],
        *,
        etag: str,
        complete: Callable[[list[Any]], None] = lambda _answers: None,
    ) -> Response:
        """Answer one row that was found, with its ETag; ``complete`` as for a page."""
        answers = serialiser_for_reader(self._schema).dump_values([row])
        complete(answers)
        return etags.add_etag(make_json_answer(answers[0]), etag)

    def _build_list(self, serialiser: Serialiser, sort: str) -> Select[object]:
        order = pages.make_order(sort, self._sorts)
        statement = self._select_columns(serialiser, *(key.key for key in order.keys)).where(*self._always)
        return statement.order_by(*order.list_terms()).limit(_MOST)

    def _build_one(self, serialiser: Serialiser) -> Select[object]:
        id_ = self._columns["id"]
        return self._select_columns(serialiser, *self._also).where(id_ == bindparam("wanted", type_=Integer))

    def _select_columns(self, serialiser: Serialiser, *also: str) -> Select[object]:
        """Return a query of what is shown, in the serialiser's order, then what else is asked for."""
        names = dict.fromkeys((*serialiser.names, *also))
        return select(*(self._columns[name] for name in names))
