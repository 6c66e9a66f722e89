"""Read OFX and QFX, versions 1 and 2: bank and card statements, strictly.

Bytes pass a gate (the whole file is there, every group is closed) and a linear tokenizer
(``ofx_tags``); ``ofxparse`` then reads the same text as an independent second reader
(``ofx_second``), up to a limit. A transaction that cannot be read becomes a problem and
loses no other. OFX has no opening balance, so balances never prove a statement. Entries are
given one by one; the text is looked through whole before, as a file may be cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from donorhub.money import is_currency
from importers.ofx import second, tags
from importers.ofx.rows import BadRow, RowReader, account_named, bic_or_none, day_or_none
from importers.ofx.tags import Damaged, Node, Places
from importers.statement import (
    Balance,
    Begin,
    End,
    Entry,
    Part,
    Problem,
    Reading,
    Statement,
    gathered,
    refused,
)
from importers.text import Undecodable, decode, parse_amount

SECOND_READER_LIMIT: Final = 3_000  # entries; ofxparse takes about 0.2 ms for each
MOST_BAD_ROWS: Final = 1_000  # a file with more is no statement with a slip, but something else

_INSTANT: Final = re.compile(
    r"([0-9]{14})(?:\.[0-9]{1,6})?(?:\[([-+]?[0-9]{1,2}(?:\.[0-9]{1,2})?)(?::\w*)?\])?", re.ASCII
)
_CHARSET: Final = re.compile(rb"CHARSET:\s*([\w-]+)|<\?xml[^>]{0,80}encoding=[\"']([\w-]+)", re.I)
_ENCODING: Final = re.compile(rb"ENCODING:\s*([\w-]+)", re.I)
_STATEMENTS: Final = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_INSTEAD: Final = "Ask the bank for a statement of a bank or card account in OFX, camt.053 or MT940."


def read(data: bytes, *, second_reader_limit: int = SECOND_READER_LIMIT) -> Reading:
    """All that :func:`stream` gives, gathered; of a damaged file only the reason."""
    try:
        file = _opened(data)
    except Damaged as e:
        return refused(e.code, str(e))
    return gathered(file.parts(second_reader_limit), "ofx", {"encoding": file.encoding})


def stream(data: bytes, *, second_reader_limit: int = SECOND_READER_LIMIT) -> Iterator[Part]:
    """The bank, card and investment statements of an OFX file.

    Nothing is given from a file that is cut off, damaged or only an error of the bank; the
    reason is then the one problem. A statement that proves to be damaged never ends: a problem
    comes instead of its :class:`End`. Statements of more than ``second_reader_limit`` entries
    are not read a second time; 0 turns the second reader off.
    """
    try:
        file = _opened(data)
    except Damaged as e:
        yield Problem("error", e.code, str(e))
        return
    yield from file.parts(second_reader_limit)


def _opened(data: bytes) -> _File:
    """The file's text and groups; Damaged when nothing of it can be trusted."""
    try:
        text, encoding = decode(data, _declared_charset(data))
    except Undecodable as e:
        raise Damaged("undecodable", str(e)) from e
    text = tags.plain(text)
    tree = tags.parse(text)
    if _strays(tree):
        raise Damaged("damaged", "The file has transactions that belong to no account: download it again.")
    nodes = list(tree.find(*_STATEMENTS))
    return _File(text, encoding, nodes, _server_time(tree), list(_bank_errors(tree)))


@dataclass(slots=True)
class _File:
    """A file that is whole; its text is let go when its last statement has been cut into pieces."""

    text: str
    encoding: str
    nodes: list[Node]  # of its statements
    created_at: datetime | None
    problems: list[Problem]

    def parts(self, second_reader_limit: int) -> Iterator[Part]:
        """All it says, once."""
        yield from self.problems
        if not self.nodes and not self.problems:
            message = f"The bank's answer is complete, but has no statement in it. {_INSTEAD}"
            yield Problem("error", "no_statement", message)
        while self.nodes:
            node = self.nodes.pop(0)
            try:
                yield from self._statement(node, second_reader_limit)
            except Damaged as e:
                yield Problem("error", e.code, str(e), _where(node))

    def _statement(self, node: Node, second_reader_limit: int) -> Iterator[Part]:
        if node.name == "INVSTMTRS":
            statement = replace(_read_investments(self.text, node), created_at=self.created_at)
            header = replace(statement, entries=())
            return iter((Begin(header), *statement.entries, End(header)))
        places = node.all_rows()
        currency = _currency_of(node, self.text, places)
        rows = _Rows(self.text, places)
        if not self.nodes:
            self.text = ""
        reader = _StatementReader(node, rows, currency, self.created_at)
        return reader.parts(is_read_again=len(rows) <= second_reader_limit)


class _Rows:
    """The transactions of one statement, cut from the text a thousand at a time.

    With one letter beyond Latin-1, each letter of a text takes two bytes or more; in most
    pieces of it, one. And pieces can be let go while the next are read.
    """

    _PIECE: Final = 1_000

    def __init__(self, text: str, places: Places) -> None:
        self._places = places
        self._pieces: list[tuple[int, str]] = []  # the line that each begins on; the last first
        self._number = 0
        line, at, step = 1, 0, 2 * self._PIECE
        for first in range(0, len(places), step):
            start, end = places[first], places[min(first + step, len(places)) - 1]
            line += text.count("\n", at, start)
            self._pieces.append((line, text[start:end]))
            at = start
        self._pieces.reverse()

    def __len__(self) -> int:
        return len(self._places) // 2

    def __iter__(self) -> Iterator[str]:
        """Each row, once."""
        for first in range(0, len(self), self._PIECE):
            self._line, self._piece = self._pieces.pop()
            before = self._places[2 * first]
            for number in range(first, min(first + self._PIECE, len(self))):
                self._number, self._start = number, self._places[2 * number] - before
                yield self._piece[self._start : self._places[2 * number + 1] - before]

    def where(self) -> str:
        """The place of the row that was given last."""
        line = self._line + self._piece.count("\n", 0, self._start)
        return f"transaction {self._number + 1}, line {line}"


def _declared_charset(data: bytes) -> str | None:
    """What the header says: CHARSET of OFX 1, ENCODING where a bank put it there, or XML's encoding."""
    head = data[:2_000]
    found = _CHARSET.search(head)
    named = (found[1] or found[2]).decode("ascii") if found else ""
    if named.upper() in ("", "NONE", "CSUNICODE"):
        encoding = _ENCODING.search(head)
        named = encoding[1].decode("ascii") if encoding else ""
    return named or None


def _bank_errors(tree: Node) -> Iterator[Problem]:
    """A problem for each answer of the bank's server that is an error or a warning (OFX 1.6, 3.1.5)."""
    for status in tree.find("STATUS"):
        severity, code = status.value("SEVERITY").upper(), status.value("CODE")
        if severity == "ERROR" or (not severity and code.strip("0")):
            said = status.value("MESSAGE") or "no reason given"
            message = f"The bank answered with error {code} ({said[:200]}): download the statement again."
            yield Problem("error", "bank_error", message, _where(status))
        elif severity == "WARN":
            message = f"The bank added a warning {code}: {status.value('MESSAGE')[:200]}"
            yield Problem("warning", "bank_warning", message, _where(status))


def _strays(node: Node) -> bool:
    """Whether a transaction stands outside of every statement."""
    if node.name in _STATEMENTS:
        return False
    return bool(node.rows) or any(map(_strays, node.children))


def _server_time(tree: Node) -> datetime | None:
    """When the bank made the file; without an offset it is Greenwich time (OFX 1.6, 3.2.8.2)."""
    stamp = next((node.text for node in tree.find("DTSERVER")), "")
    found = _INSTANT.fullmatch(stamp)
    if not found:
        return None
    try:
        local = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return local - timedelta(hours=float(found[2] or 0))
    except (ValueError, OverflowError):
        return None


def _where(node: Node) -> str:
    account = node.value("BANKACCTFROM/ACCTID") or node.value("CCACCTFROM/ACCTID")
    return f"account {account}" if account else f"<{node.name}>"


@dataclass(slots=True)
class _StatementReader:
    """Reads one STMTRS or CCSTMTRS group."""

    node: Node
    rows: _Rows
    currency: str
    created_at: datetime | None
    problems: list[Problem] = field(default_factory=list)

    def parts(self, *, is_read_again: bool) -> Iterator[Part]:
        """All it says; Damaged, perhaps after entries, when too much of it cannot be read."""
        header = self._header()
        self._note_oddities(header.account)
        yield Begin(header)
        if is_read_again:
            entries = list(self._entries())
            yield from entries
            header = self._compared(header, entries)
        else:
            yield from self._entries()
        yield from self.problems
        yield End(header)

    def _header(self) -> Statement:
        account, scheme = account_named(
            self.node.value("BANKACCTFROM/ACCTID") or self.node.value("CCACCTFROM/ACCTID")
        )
        statement = Statement(
            source_format="ofx",
            currency=self.currency,
            account=account,
            account_scheme=scheme,
            bank_bic=bic_or_none(self.node.value("BANKACCTFROM/BANKID")),
            period=self._period(),
            created_at=self.created_at,
        )
        return self._with_balances(statement)

    def _note_oddities(self, account: str | None) -> None:
        if not account:
            self._warn("no_account", "The statement does not say which account it is of: choose it.")
        if not len(self.rows) and not any(self.node.find("BANKTRANLIST")):
            self._warn("no_entries", "The bank sent the balance of this account without its transactions.")
        if any(self.node.find("BANKTRANLISTP")):
            self._warn(
                "pending_skipped", "Transactions that are not yet booked were left out: they come again."
            )

    def _warn(self, code: str, message: str) -> None:
        self.problems.append(Problem("warning", code, message, _where(self.node)))

    def _period(self) -> tuple[date | None, date | None]:
        start, end = (self.node.value(f"BANKTRANLIST/{name}") for name in ("DTSTART", "DTEND"))
        return day_or_none(start), day_or_none(end)

    def _with_balances(self, statement: Statement) -> Statement:
        ledger = self._balance("LEDGERBAL", "closing")
        end = statement.period[1]
        if ledger and ledger.on and end and ledger.on > end:
            ledger = replace(ledger, kind="interim")  # dated after the last entry: it may know of later ones
        available = self._balance("AVAILBAL", "available")
        balances = tuple(balance for balance in (ledger, available) if balance)
        closing = ledger if ledger and ledger.kind == "closing" else None
        return replace(statement, closing=closing, balances=balances)

    def _balance(self, group: str, kind: str) -> Balance | None:
        written = self.node.value(f"{group}/BALAMT")
        if not written:
            return None
        try:
            amount = parse_amount(written, self.currency)
        except ValueError as e:
            self._warn("unreadable_balance", f"The balance cannot be read: {e}.")
            return None
        on = day_or_none(self.node.value(f"{group}/DTASOF"))
        return Balance("closing" if kind == "closing" else "available", amount, on)

    def _entries(self) -> Iterator[Entry]:
        """What can be read; each row that cannot is a problem."""
        reader = RowReader(self.currency)
        good = bad = 0
        for raw in self.rows:
            try:
                entry = reader.entry(good, raw)
            except ValueError as e:
                bad += 1
                self._add_bad_row(e)
                if bad > MOST_BAD_ROWS:
                    raise Damaged(
                        "unreadable", f"More than {MOST_BAD_ROWS} transactions cannot be read: {e}"
                    ) from e
            else:
                good += 1
                yield entry
        for correction in reader.corrections:
            self._warn("correction", correction)

    def _add_bad_row(self, error: ValueError) -> None:
        code = error.code if isinstance(error, BadRow) else "unreadable_transaction"
        message = f"A transaction was not read: {error}."
        self.problems.append(Problem("error", code, message, self.rows.where()))

    def _compared(self, statement: Statement, entries: list[Entry]) -> Statement:
        """Let ofxparse read the same rows, all but those that were refused."""
        difference = second.disagreement([entry.raw for entry in entries], entries)
        if difference is None:
            return statement
        message = (
            f"Two independent readers do not agree on this statement: {difference}. Look before you import."
        )
        self.problems.append(Problem("error", "readers_disagree", message, _where(self.node)))
        return replace(statement, integrity="mismatch")


def _currency_of(node: Node, text: str, places: Places) -> str:
    """CURDEF; where the bank left it empty, the one currency that every transaction names."""
    named = node.value("CURDEF").upper()
    if not named:
        rows = zip(places[0::2], places[1::2], strict=True)
        found = {tags.currency_of(text[start:end]) for start, end in rows}
        named = found.pop() if len(found) == 1 else ""
    if not is_currency(named):
        raise Damaged(
            "unknown_currency",
            f"The statement names no currency ({named[:20]!r} is none). {_INSTEAD}",
        )
    return named


def _read_investments(text: str, node: Node) -> Statement:
    """An INVSTMTRS group as ofxparse alone reads it; Damaged when it does not read all of it."""
    try:
        return second.investment_statement(text[node.start : node.end])
    except second.Unread as e:
        raise Damaged("investments", f"An investment account cannot be imported: {e}. {_INSTEAD}") from e
