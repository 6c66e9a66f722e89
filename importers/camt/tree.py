"""Walk a camt file piece by piece and gather the texts of the elements that a shape names.

It knows XML and its dangers (document types, depth, length, encodings) and nothing of banks:
amounts and dates come out as the file writes them. Prefixes of namespaces do not matter.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from xml.parsers import expat

from importers.text import find_code_page

DEPTH_LIMIT: Final = 40  # of a report, and of what is around it; real files nest to 15
TEXT_LIMIT: Final = 10_000  # characters; ISO 20022 allows 140 to 500 in an element that we read
TOKEN_LIMIT: Final = 262_144  # bytes of one tag, comment or section
TWICE: Final = "twice"  # the key of a row under which the fields are that came twice, where once is right

_UNICODE: Final = frozenset("UTF-8 UTF8 UTF-16 UTF-16LE UTF-16BE US-ASCII ISO-8859-1".split())
# What is written in single bytes is no UTF-16, whatever it declares (.NET does); "utf8" is no name to expat.
_UTF_8_MISNAMED: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,80}encoding\s*=\s*[\"'](?:utf8|utf-?16(?:-?[lb]e)?)[\"']", re.I
)

Row = dict[str, Any]  # a field's key holds text, a group's key the list of its rows


@dataclass(frozen=True, slots=True)
class JoinedField:
    """A field of elements that may come often; their texts are joined by ``sign``."""

    field: str
    sign: str


@dataclass(frozen=True, slots=True)
class Group:
    """An element with a row of its own; a reported one is told, others are kept in the row around them."""

    name: str
    shape: Shape
    is_reported: bool = False


Shape = Mapping[str, "str | JoinedField | Group"]  # "Refs/EndToEndId" -> what becomes of its text


class Listener(Protocol):
    """Is told of reported groups, in the order of the file, while their rows fill."""

    def begin_group(self, group: str, row: Row) -> None: ...

    def end_group(self, group: str, row: Row) -> None: ...


class UntrustedFile(Exception):
    """The file as a whole cannot be trusted."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Node:
    """What may stand below an element, by name, and what becomes of the element's own text."""

    __slots__ = ("children", "currency", "depth", "field", "group", "is_reported", "joint", "parent")

    def __init__(self, parent: Node | None = None) -> None:
        self.parent = self if parent is None else parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.children: dict[str, Node] = {}
        self.field: str | None = None
        self.currency = ""  # the key under which its Ccy attribute is kept
        self.joint: str | None = None
        self.group: str | None = None
        self.is_reported = False


def compile_shape(shape: Shape) -> Node:
    """Return the shape as a tree of names; its top looks through any wrapping for the names it knows."""
    top = Node()
    _grow_tree(top, shape)
    return top


def _grow_tree(top: Node, shape: Shape) -> None:
    for path, what in shape.items():
        node = top
        for name in path.split("/"):
            node = node.children.setdefault(name, Node(node))
        if isinstance(what, Group):
            node.group, node.is_reported = what.name, what.is_reported
            _grow_tree(node, what.shape)
            continue
        node.field = what.field if isinstance(what, JoinedField) else what
        node.joint = what.sign if isinstance(what, JoinedField) else None
        node.currency = f"{node.field} currency"


class Walk:
    """One file on its way through the parser; feed it until the end, then finish.

    ``feed`` and ``finish`` raise :class:`UntrustedFile`, and let through what the listener raises.
    """

    def __init__(self, tree: Node, listener: Listener) -> None:
        self._tree, self._listener = tree, listener
        self._fed_bytes = 0
        self._blank_bytes = 0  # blanks before the first tag, where no XML declaration may stand
        self._texts: list[str] = []
        self._parser = self._make_parser(None)

    def _make_parser(self, encoding: str | None) -> expat.XMLParserType:
        """Return a parser that has read nothing; ``encoding`` overrules what the file declares."""
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.buffer_size = TEXT_LIMIT
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.XmlDeclHandler = _check_encoding
        _attach_handlers(parser, self._texts, self._tree, self._listener)
        return parser

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    @property
    def byte(self) -> int:
        """Where the tag that is being told of begins in the file."""
        return self._blank_bytes + self._parser.CurrentByteIndex

    def feed_piece(self, piece: bytes) -> None:
        """Parse the next piece of the file; raise UntrustedFile where it is unsound or a tag does not end."""
        if self._fed_bytes == self._blank_bytes:
            piece = self._drop_leading_blanks(piece)
        self._fed_bytes += len(piece)
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError as e:
            message = f"This is no sound XML ({expat.ErrorString(e.code)}): export it again, or as MT940"
            raise UntrustedFile("damaged_xml", message) from e
        _check_text(self._texts)
        if self._fed_bytes - self.byte > TOKEN_LIMIT + len(piece):
            raise UntrustedFile("text_too_long", "A tag or comment has no end in sight")

    def _drop_leading_blanks(self, piece: bytes) -> bytes:
        """Return the first piece without what some downloads have before ``<?xml``: blanks, a mark of
        UTF-8.
        """
        if _UTF_8_MISNAMED.match(piece):
            self._parser = self._make_parser("UTF-8")
        bare = piece.removeprefix(codecs.BOM_UTF8)
        if not bare[:1].isspace():
            return piece
        bare = bare.lstrip(b" \t\r\n")
        self._blank_bytes += len(piece) - len(bare)
        self._fed_bytes += len(piece) - len(bare)
        return bare

    def finish_file(self) -> None:
        """Parse the end of the file; raise UntrustedFile where elements are still open."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as e:
            raise UntrustedFile("truncated", "The file ends in the middle: download it again") from e


def _attach_handlers(  # noqa: C901 - two handlers, written out because they run some fifty times for an entry
    parser: expat.XMLParserType, texts: list[str], tree: Node, listener: Listener
) -> None:
    """Give the parser handlers that keep the place in the tree and fill the rows."""
    node, row = tree, Row()
    rows: list[Row] = []

    def start_element(name: str, attributes: dict[str, str]) -> None:
        nonlocal node, row
        if texts:
            _drop_blanks(texts, node)
        try:
            node = node.children[name]
        except KeyError:
            node = _find_node(tree, node, name)
        if attributes and node.field is not None and "Ccy" in attributes:
            row[node.currency] = attributes["Ccy"]
        if node.group is not None:
            rows.append(row)
            row = {}
            if node.is_reported:
                listener.begin_group(node.group, row)

    def end_element(_name: str) -> None:
        nonlocal node, row
        if texts:
            text = texts.pop()
            if texts:
                text = _take_text(texts, text)
            field = node.field
            if field is not None:
                text = text.strip()
                if field in row:
                    _add_second_text(row, node, field, text)
                elif text:
                    row[field] = text
        if node.group is not None:
            full_row, row = row, rows.pop()
            if node.is_reported:
                listener.end_group(node.group, full_row)
            else:
                row.setdefault(node.group, []).append(full_row)
        node = node.parent

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = texts.append


def _add_second_text(row: Row, node: Node, field: str, text: str) -> None:
    if not text:
        return
    if node.joint is None:
        row.setdefault(TWICE, set()).add(field)
    else:
        row[field] = _check_text([row[field], node.joint, text])


def _find_node(tree: Node, node: Node, name: str) -> Node:
    """Return the node of a name that is not there as written: prefixed, or unknown and made for this once."""
    named_node = node.children.get(name.rpartition(":")[2])
    if named_node is not None:
        return named_node
    new_node = Node(node)
    if node.children is tree.children:
        new_node.children = tree.children  # still around the report, which may be in here
    if new_node.depth > DEPTH_LIMIT:
        raise UntrustedFile("nested_too_deep", f"The file nests elements more than {DEPTH_LIMIT} deep")
    return new_node


def _drop_blanks(texts: list[str], node: Node) -> None:
    """Forget the blanks before a child; words there would leave an element's text in two halves."""
    if node.field is not None and _check_text(texts).strip():
        raise UntrustedFile("mixed_content", "An element holds both text and elements: no bank writes that")
    texts.clear()


def _take_text(texts: list[str], last: str) -> str:
    text = _check_text([*texts, last])
    texts.clear()
    return text


def _check_text(texts: list[str]) -> str:
    text = "".join(texts)
    if len(text) > TEXT_LIMIT:
        raise UntrustedFile("text_too_long", f"An element has a text of more than {TEXT_LIMIT} characters")
    return text


def _refuse_doctype(*_: object) -> None:
    raise UntrustedFile("doctype_refused", "The file declares a document type, which no bank's file needs")


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding and encoding.upper() not in _UNICODE and find_code_page(encoding) is None:
        message = f"The file declares the encoding {encoding[:40]!r}: save it as UTF-8"
        raise UntrustedFile("unknown_encoding", message)
