"""Cut OFX text into its statements, their fields and their transactions, in one pass.

OFX 1 is SGML whose fields need no closing tag, OFX 2 is XML, and banks mix both; this reads
all of them alike. It gives text only: what an amount or a date means is not known here.
Groups (STMTRS, STMTTRN, …) must be closed, as OFX 1.6 section 2.3.2 asks: one that is not
says that the file was cut off, so nothing of it is given.
"""

from __future__ import annotations

import html
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

DEEPEST: Final = 40  # OFX nests about ten groups
MOST_TAGS: Final = 200_000  # outside transactions; a statement has about forty
LONGEST_ROW: Final = 20_000  # characters of one transaction; OFX allows some 1,500

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9_.-]*)(?:\s[^<>]*)?/?>")
_ROW: Final = re.compile(r"<(/?)STMTTRN\s*>", re.I)
# Start and end of each transaction in the text, all in one row: pairs took 14 MB for 100,000.
Places: TypeAlias = "array[int]"
_FIELD: Final = re.compile(r"<([^\s<>]+)>([^<]*)")  # fast, and right unless a text holds a bare <
_ANY_FIELD: Final = re.compile(
    r"<(/?[A-Za-z][A-Za-z0-9_.-]*)\s*/?>([^<]*(?:<(?!/?[A-Za-z][A-Za-z0-9_.-]*\s*/?>)[^<]*)*)"
)
_PLAIN_NAMES: Final = re.compile(r"[A-Z0-9_./ -]*")
_ROW_CURRENCY: Final = re.compile(r"<CURRENCY>.{0,200}?<CURSYM>\s*([A-Z]{3})", re.I | re.S)
_GROUPS_IN_ROWS: Final = frozenset(("/PAYEE", "/BANKACCTTO", "/CCACCTTO", "/CURRENCY", "/ORIGCURRENCY"))
_MARKUP: Final = frozenset(("BR", "B", "I", "P"))  # of web pages, which ING Australia writes in a MEMO
_NOT_PLAIN: Final = _GROUPS_IN_ROWS | _MARKUP | {"BR/", "/B", "/I", "/P"}
_GROUP: Final = re.compile(
    r"OFX|\w*MSGSRSV\d|\w*TRNRS|\w*STMTRS|\w*TRANLISTP?|LEDGERBAL|AVAILBAL|STATUS|SONRS|\w*ACCTFROM"
)
_JOINED: Final = ("NAME", "MEMO")  # texts that some banks write in two pieces
_READ: Final = frozenset("NAME MEMO FITID TRNTYPE TRNAMT DTPOSTED DTUSER DTAVAIL CHECKNUM REFNUM".split())
_ONCE: Final = ("TRNAMT", "DTPOSTED", "FITID")  # two different ones in a transaction: which is true?
_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_LINE_BREAKS: Final = re.compile(r"\s*[\r\n]\s*")
_FORBIDDEN: Final = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.I)
_SECTIONS: Final = (("<![CDATA[", "]]>"), ("<!--", "-->"))
_AGAIN: Final = "it was cut off on its way; download it from the bank again."


class Damaged(ValueError):
    """The file cannot be trusted as a whole; ``code`` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Node:
    """A group of fields or, without children, a field; ``rows`` tells the transactions right inside.

    ``start`` and ``end`` are where it stands in the text.
    """

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)
    rows: Places = field(default_factory=lambda: array("q"))
    start: int = 0
    end: int = 0

    def value(self, path: str) -> str:
        """The text of the first field at ``path``, such as ``BANKACCTFROM/ACCTID``, or ""."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                return child.value(rest) if rest else child.text
        return ""

    def find(self, *names: str) -> Iterator[Node]:
        """All groups and fields of these names inside, in the order of the file."""
        for child in self.children:
            if child.name in names:
                yield child
            yield from child.find(*names)

    def all_rows(self) -> Places:
        """The transactions of this group and of all groups inside, in the order of the file."""
        found = [rows for rows in (self.rows, *(child.all_rows() for child in self.children)) if rows]
        if len(found) == 1:
            return found[0]
        return array("q", sorted(place for rows in found for place in rows))


def plain(text: str) -> str:
    """The text with CDATA sections written as escaped text and comments taken out.

    Raises :class:`Damaged` for a DOCTYPE or an entity declaration (no bank sends one, and
    entities can blow up a reader) and for a zero character.
    """
    if _FORBIDDEN.search(text):
        raise Damaged(
            "doctype", "The file declares a DOCTYPE or entities, which no bank does: it is not read."
        )
    if "\0" in text:
        raise Damaged("damaged", "The file has zero characters in its text: save it from the bank again.")
    for opening, closing in _SECTIONS:
        if opening in text:
            text = "".join(_without_sections(text, opening, closing))
    return text


def parse(text: str) -> Node:
    """The groups and fields outside transactions as a tree, and where each transaction stands.

    Takes what :func:`plain` gave; raises :class:`Damaged` when a group is not closed.
    """
    rows = _rows(text)
    gaps = _gaps(text, rows)
    tree = _Tree(text, gaps)
    done = 0
    for start, end in gaps:
        until = bisect_right(rows, start)  # behind the end where this gap begins
        tree.top.rows += rows[done:until]
        tree.grow(start, end)
        done = until
    tree.top.rows += rows[done:]
    return tree.finished()


def fields(row: str) -> dict[str, str]:
    """The fields of one transaction (the text between its tags) by their upper-case names.

    Fields of an inner group carry its name: ``PAYEE/NAME``. Two different NAMEs or MEMOs are
    joined, of other fields the first counts; ValueError when a second TRNAMT, DTPOSTED or
    FITID says something else.
    """
    pairs = _FIELD.findall(row)
    found = dict(pairs)
    if len(found) != row.count("<") or not _are_plain(" ".join(found)):
        found = _fields_with_groups(_ANY_FIELD.findall(row))
    if "&" in row or "\n" in row:
        return {name: clean(text) for name, text in found.items()}
    return {name: text.strip() for name, text in found.items()}


@lru_cache(maxsize=1024)  # a bank writes a few different sets of fields
def _are_plain(names: str) -> bool:
    """Whether these are capital names of fields alone, of no group with fields inside and no markup."""
    return (
        names.isupper()
        and _NOT_PLAIN.isdisjoint(names.split(" "))
        and _PLAIN_NAMES.fullmatch(names) is not None
    )


def currency_of(row: str) -> str:
    """The currency that a transaction names for its amount (CURRENCY, not ORIGCURRENCY), or ""."""
    found = _ROW_CURRENCY.search(row)
    return found[1].upper() if found else ""


def clean(text: str) -> str:
    """A field as people read it: references resolved, lines joined; a bare ``&`` stays."""
    text = text.strip()
    if "&" in text:
        text = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text).strip()
    return _LINE_BREAKS.sub(" ", text) if "\n" in text or "\r" in text else text


def _without_sections(text: str, opening: str, closing: str) -> Iterator[str]:
    at = 0
    while (start := text.find(opening, at)) >= 0:
        end = text.find(closing, start)
        if end < 0:
            raise Damaged("truncated", f"The file ends inside a {opening} section: {_AGAIN}")
        yield text[at:start]
        if opening == "<![CDATA[":
            yield html.escape(text[start + len(opening) : end], quote=False)
        at = end + len(closing)
    yield text[at:]


def _rows(text: str) -> Places:
    """Where each transaction starts and ends; Damaged unless openings and closings alternate."""
    found = array("q")
    is_open = False
    for tag in _ROW.finditer(text):
        is_closing = bool(tag[1])
        if is_closing != is_open:
            line = text.count("\n", 0, tag.start()) + 1
            raise Damaged(
                "truncated", f"A transaction before line {line} is not closed by </STMTTRN>: {_AGAIN}"
            )
        found.append(tag.end() if is_closing else tag.start())
        is_open = not is_closing
    if is_open:
        raise Damaged("truncated", f"The last transaction is not closed by </STMTTRN>: {_AGAIN}")
    return found


def _gaps(text: str, rows: Places) -> list[tuple[int, int]]:
    """The places around transactions that have tags: before the first, after the last, seldom between two."""
    around = zip([0, *rows[1::2]], [*rows[0::2], len(text)], strict=True)
    return [(start, end) for start, end in around if end - start > 1 and text.find("<", start, end) >= 0]


class _Tree:
    """Grows the tree of one file from the pieces of text between its transactions."""

    def __init__(self, text: str, gaps: list[tuple[int, int]]) -> None:
        self._text = text
        self._stack = [Node("")]
        self._just_read = ""  # the field whose closing tag may follow
        outside = [text[start:end] for start, end in gaps]
        if sum(piece.count("<") for piece in outside) > MOST_TAGS:
            raise Damaged(
                "damaged", "The file has more tags outside its transactions than any statement has."
            )
        self._closed = {tag[2].upper() for piece in outside for tag in _TAG.finditer(piece) if tag[1]}

    @property
    def top(self) -> Node:
        return self._stack[-1]

    def grow(self, start: int, end: int) -> None:
        """Take in the tags that stand between two places of the text."""
        before: re.Match[str] | None = None
        for tag in _TAG.finditer(self._text, start, end):
            if before:
                self._take(before, tag.start())
            before = tag
        if before:
            self._take(before, end)

    def finished(self) -> Node:
        """The root, once all of the text was taken in; Damaged when a group is still open."""
        if any(node.name for node in self._stack if _GROUP.fullmatch(node.name)):
            raise Damaged("truncated", f"<{self._open_group()}> is never closed: {_AGAIN}")
        root = self._stack[0]
        if not any(child.name == "OFX" for child in root.children):
            raise Damaged("truncated", f"The file has a header but no <OFX> part: {_AGAIN}")
        return root

    def _take(self, tag: re.Match[str], until: int) -> None:
        name = tag[2].upper()
        if tag[1]:
            self._close(name, tag.end())
            return
        text = self._text[tag.end() : until].strip()
        node = Node(name, start=tag.start(), end=until)
        self.top.children.append(node)
        is_group = bool(_GROUP.fullmatch(name)) or (not text and name in self._closed)
        if is_group and not tag[0].endswith("/>"):
            self._stack.append(node)
        else:
            node.text = clean(text)
            self._just_read = name
        if len(self._stack) > DEEPEST:
            raise Damaged(
                "damaged", f"The file nests groups more than {DEEPEST} deep, which no statement does."
            )

    def _close(self, name: str, end: int) -> None:
        if name == self._just_read:
            self._just_read = ""
            return
        if all(node.name != name for node in self._stack):
            if _GROUP.fullmatch(name):
                raise Damaged("damaged", f"</{name}> closes a group that was never opened: {_AGAIN}")
            return
        while self.top.name != name:
            self._drop_unclosed()
        self.top.end = end
        self._stack.pop()

    def _drop_unclosed(self) -> None:
        """An empty field without closing tag was taken for a group: give back what it swallowed."""
        node = self._stack.pop()
        if _GROUP.fullmatch(node.name):
            raise Damaged("truncated", f"<{node.name}> is not closed: {_AGAIN}")
        self.top.children += node.children
        self.top.rows += node.rows
        node.children, node.rows = [], array("q")

    def _open_group(self) -> str:
        return next(node.name for node in reversed(self._stack) if _GROUP.fullmatch(node.name))


def _fields_with_groups(pairs: list[tuple[str, str]]) -> dict[str, str]:
    pairs = _markup_as_text(pairs)
    names = [name.upper() for name, _ in pairs]
    last_closing = {name[1:]: at for at, name in enumerate(names) if name.startswith("/")}
    found: dict[str, str] = {}
    inside: list[str] = []
    for at, (name, (_, text)) in enumerate(zip(names, pairs, strict=True)):
        if name.startswith("/"):
            if name[1:] in inside:
                del inside[inside.index(name[1:]) :]
        elif not text.strip() and last_closing.get(name, 0) > at + 1:
            inside.append(name)
        else:
            key = "/".join((*inside[-1:], name))
            first = found.setdefault(key, text)
            if first.strip() != text.strip():
                if key in _ONCE:
                    raise ValueError(f"{key} stands twice with different values")
                if key in _JOINED:
                    found[key] = f"{first.strip()} {text.strip()}".strip()
    return found


def _markup_as_text(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give markup back to the text before it, and other tags in small letters where the fields' are capital.

    A bank or a payer may write ``<BR>``, and what follows it is still the text.
    """
    are_capital = any(name == "TRNAMT" for name, _ in pairs)
    kept: list[tuple[str, str]] = []
    for name, text in pairs:
        bare = name.lstrip("/").upper()
        if kept and (bare in _MARKUP or (are_capital and name.islower() and bare not in _READ)):
            field, said = kept[-1]
            kept[-1] = (field, f"{said} {text}" if bare in ("BR", "P") else f"{said}<{name}>{text}")
        else:
            kept.append((name, text))
    return kept
