"""Whose donors a request sees: what is read of donors and of all that hangs on them is narrowed here.

Whoever asks with a scope of ``own`` or ``team`` reads through this: each select of the session gets the
condition that its rows are of donors of these owners, wherever in the program it is written. So a list, a
sum, a count, a search and an id that somebody guesses obey alike. What is read past the ORM asks
:func:`find_condition`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, event, false, or_, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from donorhub.db import Base

Owners = frozenset[int] | None  # None: of all donors
_owner_ids: ContextVar[Owners] = ContextVar("owner_ids", default=None)
_PARENTS: Final = (
    "gift",
    "recurring_gift",
    "receipt",
    "message",
    "task",
)  # what else hangs on a donor's things
_BESIDE: Final = (("contact_point", "person_id"),)  # it is its organisation's, whomever there it reaches


def see_donors_of(owner_ids: Owners) -> None:
    """Let what is read from now on, in this request or job, be of donors of these users; None: of all."""
    _owner_ids.set(owner_ids)


@contextmanager
def narrow_reading(owner_ids: Owners) -> Iterator[None]:
    """Narrow what is read inside."""
    token = _owner_ids.set(owner_ids)
    try:
        yield
    finally:
        _owner_ids.reset(token)


def get_owner_ids() -> Owners:
    """Return the users whose donors are seen; None: all donors are."""
    return _owner_ids.get()


def find_condition(model: type[Base]) -> ColumnElement[bool] | None:
    """Return the condition that a row is of a donor who is seen; None where nothing narrows the rows."""
    owner_ids = _owner_ids.get()
    return (
        None if owner_ids is None else _make_condition(Base.metadata.tables[model.__tablename__], owner_ids)
    )


def _narrow_select(state: ORMExecuteState) -> None:
    owner_ids = _owner_ids.get()
    if owner_ids is not None and state.is_select and not state.is_column_load:
        state.statement = state.statement.options(*_list_options(owner_ids))


event.listen(Session, "do_orm_execute", _narrow_select)


@cache
def _list_options(owner_ids: frozenset[int]) -> tuple[Any, ...]:
    options = []
    for mapper in Base.registry.mappers:
        condition = _make_condition(Base.metadata.tables[mapper.class_.__tablename__], owner_ids)
        if condition is not None:
            options.append(with_loader_criteria(mapper.class_, condition, include_aliases=True))
    return tuple(options)


def _make_condition(table: Table, owner_ids: frozenset[int]) -> ColumnElement[bool] | None:
    """Return the condition on the rows of a table; None for one whose rows are of no donor."""
    donors = Base.metadata.tables["donor"]
    if table is donors:
        return donors.c.owner_id.in_(owner_ids) if owner_ids else false()
    own_ids = select(donors.c.id).where(donors.c.owner_id.in_(owner_ids))
    conditions = _list_conditions(table, "donor", own_ids)
    if not conditions:
        for parent in _PARENTS:
            rows = Base.metadata.tables[parent]
            is_own = _list_conditions(rows, "donor", own_ids)
            conditions += _list_conditions(table, parent, select(rows.c.id).where(*is_own))
    if not conditions:
        return None
    condition = conditions[0]
    for other in conditions[1:]:
        condition &= other
    return condition


def _list_conditions(table: Table, parent: str, own_ids: Select[Any]) -> list[ColumnElement[bool]]:
    """Return a condition for each column that points to a parent; what points to none is of nobody."""
    conditions: list[ColumnElement[bool]] = []
    for column in table.columns:
        if (table.name, column.name) in _BESIDE:
            continue
        if any(key.column.table.name == parent for key in column.foreign_keys):
            is_own = column.in_(own_ids)
            conditions.append(or_(column.is_(None), is_own) if column.nullable else is_own)
    return conditions
