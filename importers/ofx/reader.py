"""Read OFX and QFX, versions 1 and 2: bank and card statements, strictly.

Bytes pass a gate (the whole file is there, every group is closed) and a linear tokenizer
(``tags.py``); ``ofxparse`` then reads the same text as an independent second reader
(``second.py``), up to a limit. A transaction that cannot be read becomes a problem and
loses no other. OFX has no opening balance, so balances never prove a statement. Entries come
one by one, after the whole text was looked through, as a file may be cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from donorhub.money import is_currency
from importers.codes import FormatProblem, Reason
from importers.ofx import second, tags
from importers.ofx.rows import BadRow, RowReader, read_account, read_bic_or_none, read_day_or_none
from importers.ofx.tags import Damaged, Node, Places, make_damage
from importers.statement import (
    Balance,
    Begin,
    End,
    Entry,
    Part,
    Problem,
    Reading,
    Statement,
    explain_fault,
    gather_parts,
    make_problem,
)
from importers.text import Undecodable, decode_text, parse_amount

SECOND_READER_LIMIT: Final = 3_000  # entries; ofxparse takes about 0.2 ms for each
MOST_BAD_ROWS: Final = 1_000  # a file with more is no statement with a slip, but something else

_INSTANT: Final = re.compile(
    r"([0-9]{14})(?:\.[0-9]{1,6})?(?:\[([-+]?[0-9]{1,2}(?:\.[0-9]{1,2})?)(?::\w*)?\])?", re.ASCII
)
_CHARSET: Final = re.compile(rb"CHARSET:\s*([\w-]+)|<\?xml[^>]{0,80}encoding=[\"']([\w-]+)", re.I)
_ENCODING: Final = re.compile(rb"ENCODING:\s*([\w-]+)", re.I)
_STATEMENTS: Final = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_OTHER_FORMATS: Final = "Ask the bank for a statement of a bank or card account in OFX, camt.053 or MT940."


def read(data: bytes, *, second_reader_limit: int = SECOND_READER_LIMIT) -> Reading:
    """Return all that :func:`stream` gives in one Reading; of a damaged file only the reason."""
    try:
        file = _open_file(data)
    except Damaged as e:
        return Reading(problems=(e.make_problem(),))
    return gather_parts(file.read_parts(second_reader_limit), "ofx", {"encoding": file.encoding})


def stream(data: bytes, *, second_reader_limit: int = SECOND_READER_LIMIT) -> Iterator[Part]:
    """Return the bank, card and investment statements of an OFX file, part by part.

    A file that is cut off, damaged or only an error of the bank gives nothing but that problem.
    A statement found to be damaged on the way has a problem in place of its :class:`End`.
    Statements of more than ``second_reader_limit`` entries are not read a second time; 0 turns
    the second reader off.
    """
    try:
        file = _open_file(data)
    except Damaged as e:
        yield e.make_problem()
        return
    yield from file.read_parts(second_reader_limit)


def _open_file(data: bytes) -> _File:
    """Return the file's text and groups; raise Damaged when nothing of it can be trusted."""
    try:
        text, encoding = decode_text(data, _find_charset(data))
    except Undecodable as e:
        raise make_damage(e.reason) from e
    text = tags.remove_sections(text)
    tree = tags.parse_tree(text)
    if _has_strays(tree):
        raise Damaged("damaged", "The file has transactions that belong to no account: export MT940 or CSV.")
    nodes = list(tree.find_nodes(*_STATEMENTS))
    return _File(text, encoding, nodes, _find_server_time(tree), list(_list_bank_errors(tree)))


@dataclass(slots=True)
class _File:
    """A whole file; its text is released when its last statement has been cut into pieces."""

    text: str
    encoding: str
    nodes: list[Node]  # of its statements
    created_at: datetime | None
    problems: list[Problem]

    def read_parts(self, second_reader_limit: int) -> Iterator[Part]:
        """Return all parts of the file; a second call returns none of its statements."""
        yield from self.problems
        if not self.nodes and not self.problems:
            message = f"The bank's answer is complete, but has no statement in it. {_OTHER_FORMATS}"
            yield Problem("error", "no_statement", message)
        while self.nodes:
            node = self.nodes.pop(0)
            try:
                yield from self._read_statement(node, second_reader_limit)
            except Damaged as e:
                yield e.make_problem(_name_place(node))

    def _read_statement(self, node: Node, second_reader_limit: int) -> Iterator[Part]:
        if node.name == "INVSTMTRS":
            statement = replace(_read_investments(self.text, node), created_at=self.created_at)
            header = replace(statement, entries=())
            return iter((Begin(header), *statement.entries, End(header)))
        places = node.list_rows()
        currency = _find_currency(node, self.text, places)
        rows = _Rows(self.text, places)
        if not self.nodes:
            self.text = ""
        reader = _StatementReader(node, rows, currency, self.created_at)
        return reader.read_parts(is_read_again=len(rows) <= second_reader_limit)


class _Rows:
    """The transactions of one statement, cut from the text a thousand at a time.

    One letter beyond Latin-1 makes each letter of a text take two bytes or more; of its pieces,
    most still take one. A piece is released when the next is read.
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
        """Return each row, once."""
        for first in range(0, len(self), self._PIECE):
            self._line, self._piece = self._pieces.pop()
            before = self._places[2 * first]
            for number in range(first, min(first + self._PIECE, len(self))):
                self._number, self._start = number, self._places[2 * number] - before
                yield self._piece[self._start : self._places[2 * number + 1] - before]

    def name_place(self) -> str:
        """Return the place of the row that was returned last."""
        line = self._line + self._piece.count("\n", 0, self._start)
        return f"transaction {self._number + 1}, line {line}"


def _find_charset(data: bytes) -> str | None:
    """Return what the header names: CHARSET of OFX 1, ENCODING if a bank put it there, or XML's encoding."""
    head = data[:2_000]
    match = _CHARSET.search(head)
    charset = (match[1] or match[2]).decode("ascii") if match else ""
    if charset.upper() in ("", "NONE", "CSUNICODE"):
        encoding = _ENCODING.search(head)
        charset = encoding[1].decode("ascii") if encoding else ""
    return charset or None


def _list_bank_errors(tree: Node) -> Iterator[Problem]:
    """Return a problem for each answer of the bank's server that is an error or warning (OFX 1.6, 3.1.5)."""
    for status in tree.find_nodes("STATUS"):
        severity, code = status.find_text("SEVERITY").upper(), status.find_text("CODE")
        if severity == "ERROR" or (not severity and code.strip("0")):
            text = status.find_text("MESSAGE") or "no reason given"
            reason = Reason("bank_error", {"number": code, "text": text[:200]})
            yield make_problem("error", reason, where=_name_place(status))
        elif severity == "WARN":
            reason = Reason("bank_warning", {"number": code, "text": status.find_text("MESSAGE")[:200]})
            yield make_problem("warning", reason, where=_name_place(status))


def _has_strays(node: Node) -> bool:
    """Return whether a transaction stands outside of every statement."""
    if node.name in _STATEMENTS:
        return False
    return bool(node.rows) or any(map(_has_strays, node.children))


def _find_server_time(tree: Node) -> datetime | None:
    """Return when the bank made the file; without an offset it is Greenwich time (OFX 1.6, 3.2.8.2)."""
    stamp = next((node.text for node in tree.find_nodes("DTSERVER")), "")
    match = _INSTANT.fullmatch(stamp)
    if not match:
        return None
    try:
        local = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return local - timedelta(hours=float(match[2] or 0))
    except (ValueError, OverflowError):
        return None


def _name_place(node: Node) -> str:
    account = node.find_text("BANKACCTFROM/ACCTID") or node.find_text("CCACCTFROM/ACCTID")
    return f"account {account}" if account else f"<{node.name}>"


@dataclass(slots=True)
class _StatementReader:
    """Reads one STMTRS or CCSTMTRS group."""

    node: Node
    rows: _Rows
    currency: str
    created_at: datetime | None
    problems: list[Problem] = field(default_factory=list)

    def read_parts(self, *, is_read_again: bool) -> Iterator[Part]:
        """Return all parts; raise Damaged, perhaps after entries, when too much cannot be read."""
        header = self._make_header()
        self._note_oddities(header.account)
        yield Begin(header)
        if is_read_again:
            entries = list(self._read_entries())
            yield from entries
            header = self._compare_readers(header, entries)
        else:
            yield from self._read_entries()
        yield from self.problems
        yield End(header)

    def _make_header(self) -> Statement:
        account, scheme = read_account(
            self.node.find_text("BANKACCTFROM/ACCTID") or self.node.find_text("CCACCTFROM/ACCTID")
        )
        statement = Statement(
            source_format="ofx",
            currency=self.currency,
            account=account,
            account_scheme=scheme,
            bank_bic=read_bic_or_none(self.node.find_text("BANKACCTFROM/BANKID")),
            period=self._read_period(),
            created_at=self.created_at,
        )
        return self._set_balances(statement)

    def _note_oddities(self, account: str | None) -> None:
        if not account:
            self._add_warning("no_account", "The statement does not say which account it is of: choose it.")
        if not len(self.rows) and not any(self.node.find_nodes("BANKTRANLIST")):
            self._add_warning(
                "no_entries", "The bank sent the balance of this account without its transactions."
            )
        if any(self.node.find_nodes("BANKTRANLISTP")):
            self._add_warning(
                "pending_skipped", "Transactions that are not yet booked were left out: they come again."
            )

    def _add_reason(self, reason: Reason[FormatProblem]) -> None:
        self.problems.append(make_problem("warning", reason, where=_name_place(self.node)))

    def _add_warning(self, code: str, message: str) -> None:
        self.problems.append(Problem("warning", code, message, _name_place(self.node)))

    def _read_period(self) -> tuple[date | None, date | None]:
        start, end = (self.node.find_text(f"BANKTRANLIST/{name}") for name in ("DTSTART", "DTEND"))
        return read_day_or_none(start), read_day_or_none(end)

    def _set_balances(self, statement: Statement) -> Statement:
        ledger = self._read_balance("LEDGERBAL", "closing")
        end = statement.period[1]
        if ledger and ledger.on and end and ledger.on > end:
            ledger = replace(ledger, kind="interim")  # dated after the last entry: it may know of later ones
        available = self._read_balance("AVAILBAL", "available")
        balances = tuple(balance for balance in (ledger, available) if balance)
        closing = ledger if ledger and ledger.kind == "closing" else None
        return replace(statement, closing=closing, balances=balances)

    def _read_balance(self, group: str, kind: str) -> Balance | None:
        text = self.node.find_text(f"{group}/BALAMT")
        if not text:
            return None
        try:
            amount = parse_amount(text, self.currency)
        except ValueError as e:
            self._add_reason(explain_fault("unreadable_balance.ledger", e))
            return None
        on = read_day_or_none(self.node.find_text(f"{group}/DTASOF"))
        return Balance("closing" if kind == "closing" else "available", amount, on)

    def _read_entries(self) -> Iterator[Entry]:
        """Return the entries that can be read; each other row becomes a problem."""
        reader = RowReader(self.currency)
        good = bad = 0
        for raw in self.rows:
            try:
                entry = reader.read_entry(good, raw)
            except ValueError as e:
                bad += 1
                self._add_bad_row(e)
                if bad > MOST_BAD_ROWS:
                    raise make_damage(explain_fault("unreadable.rows", e, most=MOST_BAD_ROWS)) from e
            else:
                good += 1
                yield entry
        for correction in reader.corrections:
            self._add_reason(correction)

    def _add_bad_row(self, error: ValueError) -> None:
        if isinstance(error, BadRow):
            reason = error.reason
        else:
            reason = explain_fault("unreadable_transaction.fault", error)
        self.problems.append(make_problem("error", reason, where=self.rows.name_place()))

    def _compare_readers(self, statement: Statement, entries: list[Entry]) -> Statement:
        """Let ofxparse read the rows that were not refused; return a mismatch where it reads other ones."""
        difference = second.find_disagreement([entry.raw for entry in entries], entries)
        if difference is None:
            return statement
        message = (
            f"Two independent readers do not agree on this statement: {difference}. Look before you import."
        )
        self.problems.append(Problem("error", "readers_disagree", message, _name_place(self.node)))
        return replace(statement, integrity="mismatch")


def _find_currency(node: Node, text: str, places: Places) -> str:
    """Return CURDEF; where the bank left it empty, the one currency that every transaction names."""
    currency = node.find_text("CURDEF").upper()
    if not currency:
        rows = zip(places[0::2], places[1::2], strict=True)
        currencies = {tags.find_currency(text[start:end]) for start, end in rows}
        currency = currencies.pop() if len(currencies) == 1 else ""
    if not is_currency(currency):
        raise make_damage(Reason("unknown_currency.statement", {"text": repr(currency[:20])}))
    return currency


def _read_investments(text: str, node: Node) -> Statement:
    """Return an INVSTMTRS group as ofxparse alone reads it; raise Damaged when it does not read all of it."""
    try:
        return second.read_investments(text[node.start : node.end])
    except second.Unread as e:
        raise Damaged(
            "investments", f"An investment account cannot be imported: {e}. {_OTHER_FORMATS}"
        ) from e
