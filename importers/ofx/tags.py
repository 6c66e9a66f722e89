"""Cut OFX text into its statements, their fields and their transactions, in one pass.

OFX 1 is SGML whose fields need no closing tag, OFX 2 is XML, and banks mix both; this reads
all of them alike. It returns text only and reads no amount or date.
Groups (STMTRS, STMTTRN, …) must be closed, as OFX 1.6 section 2.3.2 asks: one that is not
shows that the file was cut off, so the whole file is refused.
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

from importers.codes import Figures, Reason
from importers.sentences import write_problem
from importers.statement import Problem, UnreadableEntry

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
_LIST: Final = "BANKTRANLIST"
_AFTER_LIST: Final = frozenset(("LEDGERBAL", "AVAILBAL", "BALLIST"))
_HOLDERS_OF_LIST: Final = frozenset(("STMTRS", "CCSTMTRS"))
_GROUP: Final = re.compile(
    r"OFX|\w*MSGSRSV\d|\w*TRNRS|\w*STMTRS|\w*TRANLISTP?|LEDGERBAL|AVAILBAL|STATUS|SONRS|\w*ACCTFROM"
)
_TEXTS_IN_PIECES: Final = ("NAME", "MEMO")  # texts that some banks write in two pieces
_READ_FIELDS: Final = frozenset(
    "NAME MEMO FITID TRNTYPE TRNAMT DTPOSTED DTUSER DTAVAIL CHECKNUM REFNUM".split()
)
_FIELDS_THAT_STAND_ONCE: Final = (
    "TRNAMT",
    "DTPOSTED",
    "FITID",
)  # two different ones in a transaction: which is true?
_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_LINE_BREAKS: Final = re.compile(r"\s*[\r\n]\s*")
_FORBIDDEN: Final = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.I)
_SECTIONS: Final = (("<![CDATA[", "]]>"), ("<!--", "-->"))
_AGAIN: Final = "it was cut off on its way; download it from the bank again."


class Damaged(ValueError):
    """The file cannot be trusted as a whole; ``code`` is stable, the message is for people."""

    def __init__(self, code: str, message: str, params: Figures | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.params = params or {}

    def make_problem(self, where: str | None = None) -> Problem:
        """Return the problem that is all that can be said of the file, or of the statement at a place."""
        return Problem("error", self.code, str(self), where, self.params)


def make_damage(reason: Reason[str]) -> Damaged:
    """Return the error of a reason, with its English sentence and its figures."""
    return Damaged(reason.problem_code, write_problem(reason), reason.params)


@dataclass(slots=True)
class Node:
    """A group of fields or, without children, a field; ``rows`` are the places of transactions right inside.

    ``start`` and ``end`` are where it stands in the text.
    """

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)
    rows: Places = field(default_factory=lambda: array("q"))
    start: int = 0
    end: int = 0

    def find_text(self, path: str) -> str:
        """Return the text of the first field at ``path``, such as ``BANKACCTFROM/ACCTID``, or ""."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                return child.find_text(rest) if rest else child.text
        return ""

    def find_nodes(self, *names: str) -> Iterator[Node]:
        """Return all groups and fields of these names inside, in the order of the file."""
        for child in self.children:
            if child.name in names:
                yield child
            yield from child.find_nodes(*names)

    def list_rows(self) -> Places:
        """Return the places of all transactions inside, also in inner groups, in the order of the file."""
        places = [rows for rows in (self.rows, *(child.list_rows() for child in self.children)) if rows]
        if len(places) == 1:
            return places[0]
        return array("q", sorted(place for rows in places for place in rows))


def remove_sections(text: str) -> str:
    """Return the text with CDATA sections written as escaped text and comments taken out.

    Raise :class:`Damaged` for a DOCTYPE or an entity declaration (no bank sends one, and
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
            text = "".join(_cut_out_sections(text, opening, closing))
    return text


def parse_tree(text: str) -> Node:
    """Return the groups and fields outside transactions as a tree, with the place of each transaction.

    ``text`` comes from :func:`remove_sections`; raise :class:`Damaged` when a group is not closed.
    """
    rows = _find_rows(text)
    gaps = _find_gaps(text, rows)
    tree = _Tree(text, gaps)
    rows_placed = 0
    for start, end in gaps:
        until = bisect_right(rows, start)  # behind the end where this gap begins
        tree.top.rows += rows[rows_placed:until]
        tree.grow_tree(start, end)
        rows_placed = until
    tree.top.rows += rows[rows_placed:]
    return tree.finish_tree()


def read_fields(row: str) -> dict[str, str]:
    """Return the fields of one transaction (the text between its tags) by their upper-case names.

    Fields of an inner group carry its name: ``PAYEE/NAME``. Two different NAMEs or MEMOs are
    joined, of other fields the first counts; raise ValueError when a second TRNAMT, DTPOSTED or
    FITID differs from the first.
    """
    pairs = _FIELD.findall(row)
    texts = dict(pairs)
    if len(texts) != row.count("<") or not _are_plain(" ".join(texts)):
        texts = _read_fields_with_groups(_ANY_FIELD.findall(row))
    if "&" in row or "\n" in row:
        return {name: clean_text(text) for name, text in texts.items()}
    return {name: text.strip() for name, text in texts.items()}


@lru_cache(maxsize=1024)  # a bank writes a few different sets of fields
def _are_plain(names: str) -> bool:
    """Return whether these are capital names of fields alone: no group with fields inside, no markup."""
    return (
        names.isupper()
        and _NOT_PLAIN.isdisjoint(names.split(" "))
        and _PLAIN_NAMES.fullmatch(names) is not None
    )


def find_currency(row: str) -> str:
    """Return the currency that a transaction names for its amount (CURRENCY, not ORIGCURRENCY), or ""."""
    match = _ROW_CURRENCY.search(row)
    return match[1].upper() if match else ""


def clean_text(text: str) -> str:
    """Return a field as people read it: references resolved, lines joined; a bare ``&`` stays."""
    text = text.strip()
    if "&" in text:
        text = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text).strip()
    return _LINE_BREAKS.sub(" ", text) if "\n" in text or "\r" in text else text


def _cut_out_sections(text: str, opening: str, closing: str) -> Iterator[str]:
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


def _find_rows(text: str) -> Places:
    """Return where each transaction starts and ends; raise Damaged unless openings and closings alternate."""
    places = array("q")
    is_open = False
    for tag in _ROW.finditer(text):
        is_closing = bool(tag[1])
        if is_closing != is_open:
            line = text.count("\n", 0, tag.start()) + 1
            raise Damaged(
                "truncated", f"A transaction before line {line} is not closed by </STMTTRN>: {_AGAIN}"
            )
        places.append(tag.end() if is_closing else tag.start())
        is_open = not is_closing
    if is_open:
        raise Damaged("truncated", f"The last transaction is not closed by </STMTTRN>: {_AGAIN}")
    return places


def _find_gaps(text: str, rows: Places) -> list[tuple[int, int]]:
    """Return the places with tags around transactions: before the first, after the last, rarely between."""
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
        lists = [bool(tag[1]) for piece in outside for tag in _TAG.finditer(piece) if tag[2].upper() == _LIST]
        self._has_unclosed_list = True not in lists  # of some closed and some not, all are to be closed
        self._closing_names = {tag[2].upper() for piece in outside for tag in _TAG.finditer(piece) if tag[1]}

    @property
    def top(self) -> Node:
        return self._stack[-1]

    def grow_tree(self, start: int, end: int) -> None:
        """Add the tags that stand between two places of the text."""
        before: re.Match[str] | None = None
        for tag in _TAG.finditer(self._text, start, end):
            if before:
                self._take_tag(before, tag.start())
            before = tag
        if before:
            self._take_tag(before, end)

    def finish_tree(self) -> Node:
        """Return the root once all of the text was added; raise Damaged when a group is still open."""
        if any(node.name for node in self._stack if _GROUP.fullmatch(node.name)):
            raise Damaged("truncated", f"<{self._open_group()}> is never closed: {_AGAIN}")
        root = self._stack[0]
        if not any(child.name == "OFX" for child in root.children):
            raise Damaged("truncated", f"The file has a header but no <OFX> part: {_AGAIN}")
        return root

    def _take_tag(self, tag: re.Match[str], until: int) -> None:
        name = tag[2].upper()
        if tag[1]:
            self._close_group(name, tag.end())
            return
        if name in _AFTER_LIST and self._is_in_unclosed_list():
            self._end_list(tag.start())
        text = self._text[tag.end() : until].strip()
        node = Node(name, start=tag.start(), end=until)
        self.top.children.append(node)
        is_group = bool(_GROUP.fullmatch(name)) or (not text and name in self._closing_names)
        if is_group and not tag[0].endswith("/>"):
            self._stack.append(node)
        else:
            node.text = clean_text(text)
            self._just_read = name
        if len(self._stack) > DEEPEST:
            raise Damaged(
                "damaged", f"The file nests groups more than {DEEPEST} deep, which no statement does."
            )

    def _close_group(self, name: str, end: int) -> None:
        if name == self._just_read:
            self._just_read = ""
            return
        if all(node.name != name for node in self._stack):
            if _GROUP.fullmatch(name):
                raise Damaged("damaged", f"</{name}> closes a group that was never opened: {_AGAIN}")
            return
        while self.top.name != name:
            if name in _HOLDERS_OF_LIST and self._is_in_unclosed_list():
                self._end_list(end)
            else:
                self._drop_unclosed()
        self.top.end = end
        self._stack.pop()

    def _is_in_unclosed_list(self) -> bool:
        return self._has_unclosed_list and self.top.name == _LIST

    def _end_list(self, end: int) -> None:
        """End a list of transactions that the bank does not close (Nubank), where what follows it begins."""
        self.top.end = end
        self._stack.pop()

    def _drop_unclosed(self) -> None:
        """Close an empty field that was taken for a group; its parent takes its content."""
        node = self._stack.pop()
        if _GROUP.fullmatch(node.name):
            raise Damaged("truncated", f"<{node.name}> is not closed: {_AGAIN}")
        self.top.children += node.children
        self.top.rows += node.rows
        node.children, node.rows = [], array("q")

    def _open_group(self) -> str:
        return next(node.name for node in reversed(self._stack) if _GROUP.fullmatch(node.name))


def _read_fields_with_groups(pairs: list[tuple[str, str]]) -> dict[str, str]:
    pairs = _turn_markup_to_text(pairs)
    names = [name.upper() for name, _ in pairs]
    last_closing = {name[1:]: at for at, name in enumerate(names) if name.startswith("/")}
    texts: dict[str, str] = {}
    open_groups: list[str] = []
    for at, (name, (_, text)) in enumerate(zip(names, pairs, strict=True)):
        if name.startswith("/"):
            if name[1:] in open_groups:
                del open_groups[open_groups.index(name[1:]) :]
        elif not text.strip() and last_closing.get(name, 0) > at + 1:
            open_groups.append(name)
        else:
            key = "/".join((*open_groups[-1:], name))
            first = texts.setdefault(key, text)
            if first.strip() != text.strip():
                if key in _FIELDS_THAT_STAND_ONCE:
                    raise UnreadableEntry("field_twice", field=key)
                if key in _TEXTS_IN_PIECES:
                    texts[key] = f"{first.strip()} {text.strip()}".strip()
    return texts


def _turn_markup_to_text(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs with markup as part of the text before it, as a bank or a payer may write ``<BR>``.

    Other tags in small letters are text too where the fields' own are capital.
    """
    are_capital = any(name == "TRNAMT" for name, _ in pairs)
    texts: list[tuple[str, str]] = []
    for name, text in pairs:
        bare = name.lstrip("/").upper()
        if texts and (bare in _MARKUP or (are_capital and name.islower() and bare not in _READ_FIELDS)):
            field, text_before = texts[-1]
            texts[-1] = (
                field,
                f"{text_before} {text}" if bare in ("BR", "P") else f"{text_before}<{name}>{text}",
            )
        else:
            texts.append((name, text))
    return texts
