"""How one bank lays out its table: which column is which, and how dates, amounts and signs are written.

A layout is plain data: a profile in ``importers/profiles`` or a mapping that a person made and saved.
It holds no code and no expression to be evaluated, so one that came through the API is harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Final, Literal, get_args

from importers.codes import Gap
from importers.table.words import ROLES, Role, fold
from importers.text import DateOrder, code_page

Fact = Literal["account", "currency", "owner", "opening", "closing", "count", "total_in", "total_out"]
FACTS: Final = frozenset(get_args(Fact))


class LayoutError(ValueError):
    """A saved layout that cannot be understood; the message names the key."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column and what it holds. ``name`` finds it; ``position`` (0 is the first) does without names.

    ``nth`` tells columns of one name apart. ``split`` cuts a cell where that text stands, into the
    roles of ``parts``; a cell with another number of pieces stays whole. Two blanks cut at any wide gap.
    """

    role: Role
    name: str = ""
    position: int | None = None
    nth: int = 0
    optional: bool = False
    split: str = ""
    parts: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A fact outside the rows: beside or below one of ``labels``, or at ``row`` and ``column`` (from 1).

    A label that ends in ``*`` is the beginning of one. Without ``column``, the account is the first
    cell of the row that looks like one.
    """

    fact: Fact
    labels: tuple[str, ...] = ()
    where: Literal["right", "below"] = "right"
    row: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """A bank's table. Empty text means: found in each file anew, and refused where a file leaves it open."""

    name: str
    columns: tuple[Column, ...]
    version: int = 1
    title: str = ""
    encoding: str = ""
    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    quote: Literal["", '"', "'"] = '"'
    header: tuple[str, ...] = ()  # the names as the file writes them; () for a table without
    exact: bool = False  # a file with one name more or less is another layout
    first_row: int = 1  # of the entries, in a table without header
    date_order: DateOrder | Literal["", "ymd or dmy"] = ""
    decimal: Literal["", ",", "."] = ""
    amounts: Literal["", "signed", "inverse"] = "signed"  # inverse: money in is written negative
    debits: Literal["positive", "negative"] = "positive"  # how the debit column writes money out
    money_in: tuple[str, ...] = ()  # what the direction column says of money in
    money_out: tuple[str, ...] = ()
    currency: str = ""  # of the account, where the file does not tell
    found: tuple[Found, ...] = ()
    keys: tuple[tuple[str, Role], ...] = ()  # in keyed cells: ("Tytuł", "remittance")
    skip: tuple[str, ...] = ()  # rows beginning so are no entries
    empty_date: Literal["error", "pending"] = "error"
    empty_amount: Literal["error", "skip"] = "error"
    pending_words: tuple[str, ...] = ()  # of the status column
    pending: Literal["skip", "keep"] = "skip"
    ragged: bool = False  # rows may be shorter than the header

    @property
    def header_signature(self) -> str:
        """The same for the same column names in any order; "" for a table without header."""
        return header_signature(self.header)

    def has(self, *roles: Role) -> bool:
        """Whether a column, a part of one or a key brings one of ``roles``."""
        given = {column.role for column in self.columns}
        given.update(part for column in self.columns for part in column.parts)
        given.update(role for _, role in self.keys)
        return not given.isdisjoint(roles)

    def find_gaps(self) -> tuple[Gap, ...]:
        """What must still be said before a file can be read."""
        gaps: list[Gap] = []
        if not self.has("booked_on"):
            gaps.append("booked_on")
        if not self.has("amount", "debit", "credit"):
            gaps.append("amount")
        if self.has("direction") and not (self.money_in and self.money_out):
            gaps.append("direction_words")
        if not self.amounts:
            gaps.append("sense")
        return tuple(gaps)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON or TOML, without what is at its default, for :meth:`from_dict`."""
        return _plain(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Layout:
        """The layout that ``raw`` describes. Raises LayoutError for an unknown key or a wrong value."""
        layout: Layout = _built(cls, raw, "layout")
        if len(layout.columns) > _MOST or len(layout.found) > _MOST or len(layout.header) > _MOST:
            raise LayoutError(f"a layout has at most {_MOST} columns and facts")
        if layout.encoding and layout.encoding not in _WIDE and not code_page(layout.encoding):
            raise LayoutError(f"encoding: {layout.encoding!r} is none that we know")
        if any(
            column.position is None and not column.name and column.role != "keyed"
            for column in layout.columns
        ):
            raise LayoutError("columns: each needs a name or a position")
        return layout


def json_schema() -> dict[str, Any]:
    """What :meth:`Layout.from_dict` takes, as JSON Schema, for those who write a layout by hand."""
    return _schema_of(Layout)


def _schema_of(cls: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _schema_of_kind(_KINDS[field.name]) for field in fields(cls)},
        "required": [field.name for field in fields(cls) if field.default is MISSING],
        "additionalProperties": False,
    }


def _schema_of_kind(kind: Any) -> dict[str, Any]:
    if isinstance(kind, list):
        return {"type": "array", "items": _schema_of_kind(kind[0])}
    if isinstance(kind, frozenset):
        return {"type": "string", "enum": sorted(kind)}
    if kind is tuple:
        return {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
    if kind in (Column, Found):
        return _schema_of(kind)
    return {"type": {str: "string", int: "integer", bool: "boolean"}[kind]}


_MOST: Final = 200
_LONGEST: Final = 300
_WIDE: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


def header_signature(names: Iterable[str]) -> str:
    """A sha256 over the fold names in alphabetical order: position and accents do not matter."""
    folds = sorted(filter(None, map(fold, names)))
    return hashlib.sha256("\n".join(folds).encode()).hexdigest() if folds else ""


def _plain(thing: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if field.default is not MISSING and value == field.default:
            continue
        if isinstance(value, tuple):
            value = [_plain_item(item) for item in value]
        plain[field.name] = value
    return plain


def _plain_item(item: Any) -> Any:
    if isinstance(item, Column | Found):
        return _plain(item)
    return list(item) if isinstance(item, tuple) else item


def _built(cls: Any, raw: Any, where: str) -> Any:
    """A dataclass from plain values, each checked by the kind of the field's name in ``_KINDS``."""
    if not isinstance(raw, Mapping):
        raise LayoutError(f"{where}: a table of keys is wanted")
    known = {field.name: field for field in fields(cls)}
    for key in raw:
        if key not in known:
            raise LayoutError(f"{where}: the key {str(key)[:60]!r} is unknown")
    for name, field in known.items():
        if field.default is MISSING and name not in raw:
            raise LayoutError(f"{where}: the key {name!r} is missing")
    return cls(**{key: _checked(_KINDS[key], value, f"{where}.{key}") for key, value in raw.items()})


def _checked(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, list):
        if not isinstance(value, list | tuple):
            raise LayoutError(f"{where}: a list is wanted")
        return tuple(_checked(kind[0], item, f"{where}[{at}]") for at, item in enumerate(value[: _MOST + 1]))
    if isinstance(kind, frozenset):
        if not isinstance(value, str) or value not in kind:
            raise LayoutError(
                f"{where}: {str(value)[:60]!r} is not one of {', '.join(sorted(map(repr, kind)))}"
            )
        return value
    if kind in (Column, Found):
        return _built(kind, value, where)
    if kind is tuple:
        return _pair(value, where)
    if type(value) is not kind:
        raise LayoutError(f"{where}: {kind.__name__} is wanted, not {type(value).__name__}")
    if (kind is int and not 0 <= value <= _MOST * 10) or (kind is str and len(value) > _LONGEST):
        raise LayoutError(f"{where}: that is too much")
    return value


def _pair(value: Any, where: str) -> tuple[str, str]:
    if not isinstance(value, list | tuple) or len(value) != 2:  # noqa: PLR2004 - a pair
        raise LayoutError(f"{where}: a key and its role are wanted")
    return _checked(str, value[0], where), _checked(ROLES, value[1], where)


_KINDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("name", "title", "encoding", "currency", "split"), str),
    **dict.fromkeys(("version", "first_row", "position", "nth", "row", "column"), int),
    **dict.fromkeys(("exact", "ragged", "optional"), bool),
    **{key: [str] for key in ("header", "money_in", "money_out", "skip", "pending_words", "labels")},
    "columns": [Column],
    "found": [Found],
    "parts": [ROLES],
    "keys": [tuple],
    "role": ROLES,
    "fact": FACTS,
    "where": frozenset(("right", "below")),
    "delimiter": frozenset(("", ",", ";", "\t", "|")),
    "quote": frozenset(("", '"', "'")),
    "date_order": frozenset(("", "ymd", "dmy", "mdy", "ymd or dmy")),
    "decimal": frozenset(("", ",", ".")),
    "amounts": frozenset(("", "signed", "inverse")),
    "debits": frozenset(("positive", "negative")),
    "empty_date": frozenset(("error", "pending")),
    "empty_amount": frozenset(("error", "skip")),
    "pending": frozenset(("skip", "keep")),
}
