"""Cut the text of an MT940 or MT942 file into statements, their fields and their :61: rows.

It finds where these begin and end and does not read their values. A payer's text may hold
anything, so a line that only looks like a tag or an end of a statement stays text where it can.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

# Begins with a line's end, which is quick to search for; the text gets one before its first line.
_MARK: Final = re.compile(
    r"\n(?:\x01?:(\d\d[A-Z]?|NS|94[02]):|(-)(?=\}|[\x03 \t]*(?:\n|\Z)|XXX\n))", re.ASCII
)
_ENVELOPE_WITHOUT_LINE: Final = "{4::20:"
_TAGS: Final = frozenset(
    "12 13 13D 20 21 25 25P 28 28C 34F 60F 60M 61 62F 62M 64 65 86 90C 90D NS 940 942".split()
)
_FIRST_TAGS: Final = frozenset("12 13 13D 20 21 25 25P 28 28C 34F 60F 60M 940 942".split())
_HEADING_TAGS: Final = frozenset("12 940 942".split())  # Rabobank's heading of a file
_ENTRY_LIKE: Final = re.compile(r"\d{4}|[^\n]{0,20}[CD][A-Z]?\d{1,15},\d", re.ASCII)
_AFTER_END: Final = re.compile(r"\}?(\s|[\x01\x03]|XXX|\{5:(\{[^{}]*\})*\}|\{S:(\{[^{}]*\})*\})*")


@dataclass(slots=True)
class Block:
    """One statement's part of the file: fields as (tag, text, line), and where its rows stand."""

    text: str = ""  # of the file, which all of its blocks share
    header: str = ""  # SWIFT's envelope and whatever else stands before it
    fields: list[tuple[str, str, int]] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("q"))  # that each row begins on
    places: array[int] = field(default_factory=lambda: array("q"))  # start and end of each row in the text
    tags: set[str] = field(default_factory=set)
    tag_like: list[int] = field(default_factory=list)  # lines of a text that begin like an entry
    has_end_mark: bool = False  # by its own "-"
    rest: str = ""  # what follows the end and begins no other statement

    def has_tag(self, *tags: str) -> bool:
        """Return whether the block has a field with one of these tags."""
        return not self.tags.isdisjoint(tags)

    @property
    def is_empty(self) -> bool:
        """Return whether the block has neither a row nor a field but the heading of a file."""
        return not (self.lines or self.tags - _HEADING_TAGS)

    def cut_rows(self) -> Iterator[tuple[int, str]]:
        """Return each row's line and its text: a :61: and the :86: after it."""
        for line, start, end in zip(self.lines, self.places[0::2], self.places[1::2], strict=True):
            yield line, self.text[start:end].strip("\x01\n")


def split_blocks(text: str) -> Iterator[Block]:
    """Return the statements of a text whose lines end with LF; none when no line begins with a tag."""
    return _Cutter(text).cut_blocks()


class _Cutter:
    """Go over the marks of a text once; an open field ends at the next mark that is no text."""

    def __init__(self, text: str) -> None:
        self.text = f"\n{text}".replace(_ENVELOPE_WITHOUT_LINE, "{4:\n:20:")
        self.block = Block(self.text)
        self.tag = ""
        self.start = self.value = 0  # of the open field, and of what it says
        self.row: int | None = None  # start of the open row
        self.line = 1
        self.counted_to = 0  # the position that ``line`` belongs to
        self.open_line = self.row_line = 1
        self.end: re.Match[str] | None = None  # a "-" that ends the statement if a new one follows

    def cut_blocks(self) -> Iterator[Block]:
        for mark in _MARK.finditer(self.text):
            if mark[2]:
                self.end = self.end or mark
                continue
            tag = mark[1]
            if self.row is not None and self.end is None and self._goes_on_with_row(self.row, tag, mark):
                continue
            if self._is_text(tag, mark):
                continue
            block = self._close_statement(tag, mark)
            if block:
                yield block
            self._open_field(tag, mark)
        yield from self._finish_last_block()

    def _goes_on_with_row(self, row: int, tag: str, mark: re.Match[str]) -> bool:
        """Return whether the mark is the open row's text or the next row, as nearly all; if so, take it."""
        if tag == "86":
            self.tag = tag
            return True
        if tag != "61" or self.tag != "86" or not _ENTRY_LIKE.match(self.text, mark.end()):
            return False
        at = mark.start()
        self.block.lines.append(self.row_line)
        self.block.places.extend((row, at))
        self.tag, self.row, self.row_line = tag, at, self._find_line(at)
        return True

    def _is_text(self, tag: str, mark: re.Match[str]) -> bool:
        if tag not in _TAGS:
            return True
        if tag != "61" or self.tag != "86" or _ENTRY_LIKE.match(self.text, mark.end()):
            return False
        self.block.tag_like.append(self._find_line(mark.start()))
        return True

    def _close_statement(self, tag: str, mark: re.Match[str]) -> Block | None:
        """Close what is open and return the finished statement where ``mark`` begins another."""
        end, self.end = self.end, None
        is_end = end is not None and (tag in _FIRST_TAGS or self.block.has_tag("62F", "62M"))
        if end is not None and is_end:
            self._close_field(end.start())
            header = self.text[end.end() : mark.start()]
            if not self.block.is_empty:
                return self._finish_block(header, has_end_mark=True)
            self.block = Block(self.text, header)
            return None
        self._close_field(mark.start(), row_goes_on=tag == "86")
        opens_again = tag in ("60F", "60M") and self.block.has_tag("60F", "60M")
        follows_the_last = tag in _FIRST_TAGS and self.block.has_tag("62F", "62M")
        if not self.block.is_empty and (tag == "20" or opens_again or follows_the_last):
            return self._finish_block("", has_end_mark=False)
        if self.block.is_empty and not self.block.header:
            self.block.header = self.text[: mark.start()]
        return None

    def _finish_block(self, header: str, *, has_end_mark: bool) -> Block:
        block, self.block = self.block, Block(self.text, header)
        block.has_end_mark = has_end_mark
        return block

    def _open_field(self, tag: str, mark: re.Match[str]) -> None:
        self.tag, self.start, self.value = tag, mark.start(), mark.end()
        self.open_line = self._find_line(mark.start())
        if tag == "61":
            self.row, self.row_line = mark.start(), self.open_line

    def _close_field(self, at: int, *, row_goes_on: bool = False) -> None:
        if self.row is not None and self.tag in ("61", "86"):
            if not row_goes_on:
                self.block.lines.append(self.row_line)
                self.block.places.extend((self.row, at))
                self.row = None
        elif self.tag:
            self.block.fields.append((self.tag, self.text[self.value : at].strip(), self.open_line))
            self.block.tags.add(self.tag)
        self.tag = self.tag if row_goes_on else ""

    def _finish_last_block(self) -> Iterator[Block]:
        end = self.end.start() if self.end else len(self.text)
        self._close_field(end)
        if self.block.is_empty:
            return
        self.block.has_end_mark = self.end is not None
        rest = self.text[self.end.end() :] if self.end else ""
        self.block.rest = rest[_AFTER_END.match(rest).end() :] if rest else ""  # type: ignore[union-attr]
        yield self.block

    def _find_line(self, position: int) -> int:
        self.line += self.text.count("\n", self.counted_to, position)
        self.counted_to = position
        return self.line
