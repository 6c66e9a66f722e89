"""The database: base class, column types, engine settings, and the fair write queue.

SQLite takes one writer at a time. Its own waiting is a lottery that stalls for seconds
under load, so writers of this process queue up fairly and each write transaction begins
IMMEDIATE. PostgreSQL needs none of that. Reading says so with :func:`read_only`.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, get_args, get_origin

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    CheckConstraint,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    bindparam,
    cast,
    event,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, TypeResolve, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator

from donorhub import logs
from donorhub.errors import Busy

WRITE_TIMEOUT_S = 30.0
BUSY_TIMEOUT_MS = 10_000
MAX_ID = 2**31 - 1  # what an id column holds on PostgreSQL
_MOST_PARAMETERS = 500  # of one query
_PASSING = {"25P02", "25P03"}  # the transaction had failed already, or was idle for too long
_READ_ONLY = "25006"  # a server that takes no writes for a while, such as one that stands by

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """An instant, never a naive one, so that no local time is ever taken for UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Return what a value is in Python."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC, for SQLite without its zone; raise ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant with its zone, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# What a column's ``info`` says of it: it holds what tells who a donor is, or what was said by or of one.
# Erasure empties it and a person's copy of their data shows it. Every other column is named in
# tests/not_personal.txt, so that a new one is one or the other.
PERSONAL: Final[dict[str, str]] = {"personal": "donor"}
STAFF: Final[dict[str, str]] = {"personal": "staff"}  # the same of one of the staff, whom no erasure reaches

Minor = Annotated[int, mapped_column(BigInteger)]
Currency = Annotated[str, mapped_column(String(3))]


class Base(DeclarativeBase):
    """The base of every table's class."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[object, object]] = {datetime: UTCDateTime}


db = SQLAlchemy(metadata=Base.metadata)


class Word(String):
    """Text that holds one of our own words; a condition writes the word into the statement.

    An index over some of the rows serves only a statement that is seen to ask for no others, and a plan
    made for any parameter takes a rare state for a common one: neither database looks into parameters.
    """

    class Comparator(String.Comparator[str]):
        """Writes the words that a column is compared with into the statement."""

        def operate(self, op: OperatorType, *other: object, **more: object) -> ColumnElement[Any]:
            """Return the comparison, its words as the statement's own text."""
            return super().operate(op, *(_write_word(one) for one in other), **more)

    comparator_factory = Comparator


_WORD = re.compile(r"[a-z0-9_.]*", re.IGNORECASE)


def _write_word(value: object) -> object:
    """Return a word, or a list of them, as the statement's own text; anything else remains a parameter."""
    if isinstance(value, str):
        return literal_column(f"'{value}'", String()) if _WORD.fullmatch(value) else value
    return [_write_word(one) for one in value] if isinstance(value, list | tuple | set | frozenset) else value


@event.listens_for(Base, "resolve_type_annotation")
def _choose_column_type(annotation: TypeResolve) -> Word | JSON | None:
    """Return text for a Literal, of any length, since :func:`make_word_check` says which words it may hold,
    and JSON for dicts and lists, whatever is in them."""
    origin = get_origin(annotation.resolved_type)
    if origin is Literal:
        return Word()
    return JSON() if origin in (dict, list) else None


def make_word_check(column: str, words: object) -> CheckConstraint:
    """Return the check that a column holds one of the words of a Literal type (see ``models.states``)."""
    return CheckConstraint(write_word_condition(column, get_args(words)), f"{column}_is_known")


def write_word_condition(column: str, words: tuple[str, ...]) -> str:
    """Return the SQL that a column holds one of the words, as a check or a partial index writes it."""
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def write_literal(value: str | int) -> BindParameter[Any]:
    """Return a value that stands in the statement itself, quoted, and not among its parameters.

    The plan that PostgreSQL makes for any parameter takes a rare value for a common one and a small limit
    for a tenth of all rows. For searches, the limits of lists and filters that may fit nothing.
    """
    return bindparam(
        None, value, String() if isinstance(value, str) else Integer(), literal_execute=True, unique=True
    )


class WriteQueue:
    """A lock whose waiters are served in the order they came."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_held = False

    def take_turn(self, timeout: float) -> None:
        """Wait for the turn; raise Busy when it has not come after ``timeout`` seconds."""
        with self._mutex:
            if not self._is_held:
                self._is_held = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(timeout):
            return
        with self._mutex:
            if turn.is_set():  # it came in the very moment we gave up: take it
                return
            self._waiting.remove(turn)
        raise Busy("the database is busy: nothing was changed, try again in a moment")

    def give_turn_back(self) -> None:
        """Let the one who waited longest go on."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_held = False


_is_reading: ContextVar[bool] = ContextVar("is_reading", default=False)


@contextmanager
def read_only() -> Iterator[None]:
    """Let transactions that begin inside only read: they do not queue, and writes are refused."""
    token = _is_reading.set(True)
    try:
        yield
    finally:
        _is_reading.reset(token)


def set_reading(only_reads: bool) -> None:
    """Set for the rest of this context (a web request) whether its transactions only read."""
    _is_reading.set(only_reads)


def is_reading() -> bool:
    """Return whether transactions of this context only read."""
    return _is_reading.get()


_patience_s: ContextVar[float] = ContextVar("patience_s", default=WRITE_TIMEOUT_S)


@contextmanager
def write_at_once() -> Iterator[None]:
    """Let SQLite's transactions that begin inside write at once or not at all: none waits for another.

    Who cannot is told by Busy or OperationalError, before anything was done.
    """
    token = _patience_s.set(0.0)
    try:
        yield
    finally:
        _patience_s.reset(token)


def set_up_engine(engine: Engine) -> None:
    """Give an engine its pragmas and its write queue; once for each engine, before its first use."""
    if engine.dialect.name == "sqlite":
        queue = WriteQueue()
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", lambda connection: _begin_sqlite(connection, queue))
        event.listen(engine.pool, "checkin", lambda raw, entry: _give_turn_back(raw, entry, queue))
    else:
        event.listen(engine, "begin", _begin_postgres)
        event.listen(engine, "handle_error", _raise_busy)


def _set_pragmas(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves: the driver would begin late and deferred
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",  # for other processes, such as a backup; ours queue
        "journal_mode=WAL",
        "synchronous=FULL",  # WAL with NORMAL loses answered webhooks when the power fails
        "foreign_keys=ON",
        "secure_delete=ON",
        "cache_size=-32000",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection, queue: WriteQueue) -> None:
    if _is_reading.get():
        _refuse_writes(connection, 1)
        connection.exec_driver_sql("BEGIN")
        return
    queue.take_turn(_patience_s.get())
    connection.info["holds_write_queue"] = True  # given back when the connection returns to its pool
    _refuse_writes(connection, 0)
    if _patience_s.get():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _refuse_writes(connection: Connection, query_only: int) -> None:
    """Let SQLite refuse writes (1) or take them (0). Only where that changes: the pragma makes SQLite
    compile every statement of the connection anew, which takes longer than most statements."""
    if connection.info.get("query_only", 0) != query_only:
        connection.exec_driver_sql(f"PRAGMA query_only={query_only}")
        connection.info["query_only"] = query_only


def _give_turn_back(_raw: object, entry: ConnectionPoolEntry, queue: WriteQueue) -> None:
    if entry.info.pop("holds_write_queue", False):
        queue.give_turn_back()


def _begin_postgres(connection: Connection) -> None:
    if _is_reading.get():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _raise_busy(context: ExceptionContext) -> None:
    """Raise Busy for what PostgreSQL calls an internal error and is none: asking again helps.

    Deadlocks, timeouts of locks and a server that is away are OperationalErrors, which entry points know.
    """
    state = getattr(context.original_exception, "sqlstate", None)
    if state in _PASSING or (state == _READ_ONLY and not _is_reading.get()):
        logs.report(context.original_exception, event="database_refused", sqlstate=str(state))
        raise Busy(
            "the database could not do this now: nothing was changed, try again in a moment"
        ) from context.sqlalchemy_exception


Value = TypeVar("Value")
NewRow = ReadOnlyColumnCollection[str, KeyedColumnElement[object]]
Columns = Sequence[InstrumentedAttribute[object]]


def sum_minor(column: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[int | None]:
    """Return the sum of minor units as a whole number: PostgreSQL's own sum of bigint is a NUMERIC."""
    return cast(func.sum(column), BigInteger)


def cut_query_values(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Yield values for ``IN (…)``, as many at a time as every database takes."""
    return cut_chunks(values, _MOST_PARAMETERS)


def cut_chunks(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Yield the values in lists of at most ``size``."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def insert_or_ignore(model: type[Base], *, on: Columns) -> PostgresInsert | SQLiteInsert:
    """Return an INSERT that leaves a row with the same ``on`` columns as it is: idempotent by constraint."""
    return _make_ignoring_insert(model, tuple(_list_keys(on)), db.session.get_bind().dialect.name)


@lru_cache
def _make_ignoring_insert(
    model: type[Base], on: tuple[str, ...], dialect: str
) -> PostgresInsert | SQLiteInsert:
    """Return the statement, built once: building it takes longer than many an insert."""
    insert: Any = sqlite_insert(model) if dialect == "sqlite" else postgres_insert(model)
    statement: PostgresInsert | SQLiteInsert = insert.on_conflict_do_nothing(index_elements=list(on))
    return statement


def insert_or_update(
    model: type[Base],
    *,
    on: Columns,
    columns: Columns,
    where: Callable[[NewRow], ColumnElement[bool]] | None = None,
) -> PostgresInsert | SQLiteInsert:
    """Return an INSERT that overwrites ``columns`` of the row with the same ``on``, if ``where`` holds.

    ``where`` is called with the new row (``excluded``) and gives the condition.
    """
    statement = _make_insert(model)
    new_row = statement.excluded
    overwriting: PostgresInsert | SQLiteInsert = statement.on_conflict_do_update(
        index_elements=_list_keys(on),
        set_={column: new_row[column] for column in _list_keys(columns)},
        where=None if where is None else where(new_row),
    )
    return overwriting


def insert_for(connection: Connection, model: type[Base]) -> PostgresInsert | SQLiteInsert:
    """Return an INSERT in the connection's dialect, which has ON CONFLICT."""
    return sqlite_insert(model) if connection.dialect.name == "sqlite" else postgres_insert(model)


def _list_keys(columns: Columns) -> list[str]:
    return [column.key for column in columns]


def _make_insert(model: type[Base]) -> PostgresInsert | SQLiteInsert:
    dialect = db.session.get_bind().dialect.name
    return sqlite_insert(model) if dialect == "sqlite" else postgres_insert(model)
