"""Liquid as staff may write it: conditions and loops over plain values, nothing that computes, fetches or
goes on for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal, NamedTuple

from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError, UnknownFilterError

LONGEST_SOURCE: Final = 10_000  # letters of a text, before it is filled in
_TAGS: Final = frozenset(
    ("#", "assign", "break", "case", "comment", "content", "continue", "doc", "for", "if", "illegal")
) | {"output", "unless"}
_FILTERS: Final = frozenset(("capitalize", "default", "downcase", "first", "last", "size", "strip", "upcase"))

FaultCode = Literal[
    "syntax",
    "unknown_variable",
    "unknown_filter",
    "too_long",
    "too_much",
    "no_subject",
    "no_text",
    "empty_greeting",
    "no_greeting",
    "no_footer",
    "no_words_of_yours",
    "asks_for_an_amount",
    "asks_by_a_link",
    "asks_by_an_account",
    "promises_stop",
]
Place = Literal["subject", "body"]


class TextFault(NamedTuple):
    """Why a text cannot be saved: where, and at which of its lines; ``name`` is the variable or the words."""

    code: FaultCode
    place: Place
    line: int
    name: str = ""


class FaultyText(ValueError):
    """A text that cannot be saved or filled in."""

    def __init__(self, fault: TextFault) -> None:
        super().__init__(f"{fault.place}, line {fault.line}: {fault.code} {fault.name}".strip())
        self.fault = fault


class _Sandbox(Environment):
    """What bounds a text: a loop in a loop in a loop ends, and a text that grows is cut off."""

    loop_iteration_limit = 2000
    output_stream_limit = 60_000
    local_namespace_limit = 20_000
    context_depth_limit = 10
    block_nesting_limit = 10


def _make_sandbox() -> Environment:
    environment = _Sandbox(undefined=StrictUndefined)
    for name in set(environment.tags) - _TAGS:
        del environment.tags[name]
    for name in set(environment.filters) - _FILTERS:
        del environment.filters[name]
    return environment


_SANDBOX: Final = _make_sandbox()


def fill_in(source: str, values: Mapping[str, object], *, place: Place) -> str:
    """Return a text with its values; raise FaultyText with the line at fault."""
    template = _parse_source(source, place)
    try:
        return template.render(**values)
    except LiquidError as e:
        raise FaultyText(_describe_error(e, source, place)) from e


def find_fault(source: str, names: Collection[str], *, place: Place) -> TextFault | None:
    """Return what is wrong with a text, whatever its values, that may speak of these variables; None where
    nothing is.
    """
    if len(source) > LONGEST_SOURCE:
        return TextFault("too_long", place, _find_line(source, LONGEST_SOURCE), str(LONGEST_SOURCE))
    try:
        analysis = _parse_source(source, place).analyze()
    except FaultyText as e:
        return e.fault
    unknown = [
        (one.span.index, name)
        for name, variables in analysis.globals.items()
        if name not in names and name != "forloop"
        for one in variables
    ]
    if unknown:
        index, name = min(unknown)
        return TextFault("unknown_variable", place, _find_line(source, index), name)
    unknown_filters = [
        (one.index, name) for name, spans in analysis.filters.items() if name not in _FILTERS for one in spans
    ]
    if unknown_filters:
        index, name = min(unknown_filters)
        return TextFault("unknown_filter", place, _find_line(source, index), name)
    return None


def _parse_source(source: str, place: Place) -> BoundTemplate:
    try:
        return _SANDBOX.from_string(source)
    except LiquidError as e:
        raise FaultyText(_describe_error(e, source, place)) from e


def _describe_error(error: LiquidError, source: str, place: Place) -> TextFault:
    context = error.context()
    line = context[0] if context else _find_line(source, len(source))
    if isinstance(error, UndefinedError):
        return TextFault("unknown_variable", place, line, str(error.message).split()[0].strip("'"))
    if isinstance(error, UnknownFilterError):
        return TextFault("unknown_filter", place, line, str(error.message).split()[-1].strip("'"))
    return TextFault("too_much" if isinstance(error, ResourceLimitError) else "syntax", place, line)


def _find_line(source: str, index: int) -> int:
    return source.count("\n", 0, index) + 1
