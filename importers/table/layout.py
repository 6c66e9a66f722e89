"""How one bank lays out its table: which column is which, and how dates, amounts and signs are written.

A layout is plain data: a profile in ``importers/profiles`` or a mapping that a person made and saved.
It holds no code and no expression to be evaluated, so one that came through the API is harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from importers.codes import Gap
from importers.folding import fold_text
from importers.table.words import Role
from importers.text import find_code_page

Fact = Literal["account", "currency", "owner", "opening", "closing", "count", "total_in", "total_out"]
Schema = Mapping[str, Any]  # a part of a JSON Schema
_MOST: Final = 200
_LONGEST_MESSAGE: Final = 300
Text = Annotated[str, Meta(max_length=300)]
Number = Annotated[int, Meta(ge=0, le=2_000)]


class LayoutError(ValueError):
    """A saved layout that cannot be understood; the message names the key."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column and what it holds. ``name`` finds it; ``position`` (0 is the first) does without names.

    ``nth`` tells columns of one name apart. ``split`` cuts a cell where that text stands, into the
    roles of ``parts``; a cell with another number of pieces stays whole. Two blanks cut at any wide gap.
    """

    role: Role
    name: Text = ""
    position: Number | None = None
    nth: Number = 0
    optional: bool = False
    split: Text = ""
    parts: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class FactPlace:
    """A fact outside the rows: beside or below one of ``labels``, or at ``row`` and ``column`` (from 1).

    A label that ends in ``*`` is the beginning of one. Without ``column``, the account is the first
    cell of the row that looks like one.
    """

    fact: Fact
    labels: tuple[Text, ...] = ()
    where: Literal["right", "below"] = "right"
    row: Number = 0
    column: Number = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """A bank's table. Empty text means: found in each file anew, and refused where a file leaves it open."""

    name: Text
    columns: Annotated[tuple[Column, ...], Meta(max_length=_MOST)]
    version: Number = 1
    title: Text = ""
    encoding: Text = ""
    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    quote: Literal["", '"', "'"] = '"'
    header: Annotated[
        tuple[Text, ...], Meta(max_length=_MOST)
    ] = ()  # the names as the file writes them; () for a table without
    exact: bool = False  # a file with one name more or less is another layout
    first_row: Number = 1  # of the entries, in a table without header
    date_order: Literal["", "ymd", "dmy", "mdy", "ymd or dmy"] = ""
    decimal: Literal["", ",", "."] = ""
    amounts: Literal["", "signed", "inverse"] = "signed"  # inverse: money in is written negative
    debits: Literal["positive", "negative"] = "positive"  # how the debit column writes money out
    # The fee comes off the amount that is written (beside), or is off it already (inside).
    fees: Literal["", "beside", "inside"] = ""
    fee_sign: Literal["positive", "negative"] = "positive"  # how the fee column writes what is taken
    money_in: tuple[Text, ...] = ()  # what the direction column says of money in
    money_out: tuple[Text, ...] = ()
    currency: Text = ""  # of the account, where the file does not tell
    account: Text = ""  # how our account is called where the file names none, as of a payment service
    found: Annotated[tuple[FactPlace, ...], Meta(max_length=_MOST)] = ()
    keys: tuple[tuple[Text, Role], ...] = ()  # in keyed cells: ("Tytuł", "remittance")
    skip: tuple[Text, ...] = ()  # rows beginning so are no entries
    empty_date: Literal["error", "pending"] = "error"
    empty_amount: Literal["error", "skip"] = "error"
    pending_words: tuple[Text, ...] = ()  # of the status column
    pending: Literal["skip", "keep"] = "skip"
    name_after: tuple[Text, ...] = ()  # beginnings of the text behind which the other side is named
    holds: tuple[Text, ...] = ()  # kinds of entry that only block money, or let it go again
    ragged: bool = False  # rows may be shorter than the header

    @property
    def header_signature(self) -> str:
        """The same for the same column names in any order; "" for a table without header."""
        return make_header_signature(self.header)

    def has_role(self, *roles: Role) -> bool:
        """Return whether a column, a part of one or a key brings one of ``roles``."""
        own_roles = {column.role for column in self.columns}
        own_roles.update(part for column in self.columns for part in column.parts)
        own_roles.update(role for _, role in self.keys)
        return not own_roles.isdisjoint(roles)

    def find_gaps(self) -> tuple[Gap, ...]:
        """Return what must still be said before a file can be read."""
        gaps: list[Gap] = []
        if not self.has_role("booked_on"):
            gaps.append("booked_on")
        if not self.has_role("amount", "debit", "credit"):
            gaps.append("amount")
        if self.has_role("direction") and not (self.money_in and self.money_out):
            gaps.append("direction_words")
        if not self.amounts:
            gaps.append("sense")
        return tuple(gaps)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON or TOML, without what is at its default, for :meth:`from_dict`."""
        return _make_plain(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> Layout:
        """Return the layout that ``raw`` describes; raise LayoutError for an unknown key or a wrong value."""
        _refuse_unknown_keys(raw, cls, "layout")
        for name, kind in _PARTS.items():
            parts = raw.get(name)
            for at, part in enumerate(parts if isinstance(parts, list | tuple) else ()):
                _refuse_unknown_keys(part, kind, f"layout.{name}[{at}]")
        try:
            layout = msgspec.convert(raw, cls)
        except msgspec.ValidationError as e:
            raise LayoutError(f"layout: {str(e)[:_LONGEST_MESSAGE]}") from e
        if layout.encoding and layout.encoding not in _WIDE and not find_code_page(layout.encoding):
            raise LayoutError(f"encoding: {layout.encoding!r} is none that we know")
        if any(
            column.position is None and not column.name and column.role != "keyed"
            for column in layout.columns
        ):
            raise LayoutError("columns: each needs a name or a position")
        return layout


_PARTS: Final[Mapping[str, type[Column | FactPlace]]] = {"columns": Column, "found": FactPlace}
_WIDE: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


def _refuse_unknown_keys(raw: object, kind: type[Layout | Column | FactPlace], where: str) -> None:
    names = {field.name for field in fields(kind)}
    for key in raw if isinstance(raw, Mapping) else ():
        if key not in names:
            raise LayoutError(f"{where}: the key {str(key)[:60]!r} is unknown")


def make_json_schema() -> dict[str, Any]:
    """Return what :meth:`Layout.from_dict` takes, as JSON Schema, for those who write a layout by hand."""
    _, definitions = msgspec.json.schema_components([Layout], ref_template="{name}")
    return _describe_class("Layout", definitions)


def _describe_class(name: str, definitions: Schema) -> dict[str, object]:
    """Return the schema of one of our classes, without defaults, with the classes in it put in place."""
    schema = definitions[name]
    properties = {key: _describe_value(value, definitions) for key, value in schema["properties"].items()}
    return {
        "type": "object",
        "properties": properties,
        "required": schema["required"],
        "additionalProperties": False,
    }


def _describe_value(value: Schema, definitions: Schema) -> dict[str, object]:
    if "$ref" in value:
        return _describe_class(value["$ref"], definitions)
    schema = {key: part for key, part in value.items() if key != "default"}
    if isinstance(schema.get("items"), dict):
        schema["items"] = _describe_value(schema["items"], definitions)
    return schema


def make_header_signature(names: Iterable[str]) -> str:
    """Return a sha256 over the folded names in alphabetical order: position and accents do not matter."""
    folds = sorted(filter(None, map(fold_text, names)))
    return hashlib.sha256("\n".join(folds).encode()).hexdigest() if folds else ""


def _make_plain(thing: Layout | Column | FactPlace) -> dict[str, object]:
    plain: dict[str, object] = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if field.default is MISSING or value != field.default:
            plain[field.name] = (
                [_make_plain_item(item) for item in value] if isinstance(value, tuple) else value
            )
    return plain


def _make_plain_item(item: object) -> object:
    if isinstance(item, Column | FactPlace):
        return _make_plain(item)
    return list(item) if isinstance(item, tuple) else item
