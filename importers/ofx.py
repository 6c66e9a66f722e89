"""Read OFX and QFX, versions 1 and 2: bank and card statements, strictly.

Bytes pass a gate (the whole file is there, every group is closed) and a linear tokenizer
(``ofx_tags``); ``ofxparse`` then reads the same text as an independent second reader
(``ofx_second``), up to a limit. A transaction that cannot be read becomes a problem and
loses no other. OFX has no opening balance, so balances never prove a statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from importers import ofx_second, ofx_tags
from importers.ofx_rows import BadRow, RowReader, account_named, bic_or_none, day_or_none
from importers.ofx_tags import Damaged, Node
from importers.statement import Balance, Entry, Problem, Reading, Statement, refused
from importers.text import Undecodable, decode, parse_amount

SECOND_READER_LIMIT: Final = 3_000  # entries; ofxparse takes about 0.2 ms for each
MOST_BAD_ROWS: Final = 1_000  # a file with more is no statement with a slip, but something else

_INSTANT: Final = re.compile(
    r"([0-9]{14})(?:\.[0-9]{1,6})?(?:\[([-+]?[0-9]{1,2}(?:\.[0-9]{1,2})?)(?::\w*)?\])?", re.ASCII
)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_CHARSET: Final = re.compile(rb"CHARSET:\s*([\w-]+)|<\?xml[^>]{0,80}encoding=[\"']([\w-]+)", re.I)
_ENCODING: Final = re.compile(rb"ENCODING:\s*([\w-]+)", re.I)
_STATEMENTS: Final = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_INSTEAD: Final = "Ask the bank for a statement of a bank or card account in OFX, camt.053 or MT940."


def read(data: bytes, *, second_reader_limit: int = SECOND_READER_LIMIT) -> Reading:
    """The bank, card and investment statements of an OFX file.

    Nothing is given from a file that is cut off, damaged or only an error of the bank; the
    reason is then the one problem. Statements of more than ``second_reader_limit`` entries
    are not read a second time; 0 turns the second reader off.
    """
    try:
        text, encoding = decode(data, _declared_charset(data))
        text = ofx_tags.plain(text)
        tree = ofx_tags.parse(text)
    except Undecodable as e:
        return refused("undecodable", str(e))
    except Damaged as e:
        return refused(e.code, str(e))
    problems = list(_bank_errors(tree))
    if _strays(tree):
        return refused("damaged", "The file has transactions that belong to no account: download it again.")
    statements: list[Statement] = []
    for node in tree.find(*_STATEMENTS):
        try:
            if node.name == "INVSTMTRS":
                statement = _read_investments(text, node)
            else:
                statement, found = _StatementReader(text, node, second_reader_limit).read()
                problems += found
        except Damaged as e:
            problems.append(Problem("error", e.code, str(e), _where(node)))
        else:
            statements.append(replace(statement, created_at=_server_time(tree)))
    if not statements and not problems:
        return refused(
            "no_statement", f"The bank's answer is complete, but has no statement in it. {_INSTEAD}"
        )
    return Reading(tuple(statements), tuple(problems), format="ofx", facts={"encoding": encoding})


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

    text: str
    node: Node
    second_reader_limit: int
    currency: str = ""
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> tuple[Statement, list[Problem]]:
        rows = self.node.all_rows()
        self.currency = self._currency(rows)
        account, scheme = account_named(
            self.node.value("BANKACCTFROM/ACCTID") or self.node.value("CCACCTFROM/ACCTID")
        )
        self._note_oddities(account, rows)
        entries, refused_rows = self._entries(rows)
        statement = Statement(
            source_format="ofx",
            currency=self.currency,
            account=account,
            account_scheme=scheme,
            bank_bic=bic_or_none(self.node.value("BANKACCTFROM/BANKID")),
            period=self._period(),
            entries=tuple(entries),
        )
        statement = self._with_balances(statement)
        if len(rows) <= self.second_reader_limit:
            statement = self._read_again(statement, rows, refused_rows)
        return statement, self.problems

    def _currency(self, rows: list[tuple[int, int]]) -> str:
        """CURDEF; where the bank left it empty, the one currency that every transaction names."""
        named = self.node.value("CURDEF").upper()
        if not named:
            found = {ofx_tags.currency_of(self.text[start:end]) for start, end in rows}
            named = found.pop() if len(found) == 1 else ""
        if not _CURRENCY.fullmatch(named):
            raise Damaged(
                "unknown_currency",
                f"The statement names no currency ({named[:20]!r} is none). {_INSTEAD}",
            )
        return named

    def _note_oddities(self, account: str | None, rows: list[tuple[int, int]]) -> None:
        if not account:
            self._warn("no_account", "The statement does not say which account it is of: choose it.")
        if not rows and not any(self.node.find("BANKTRANLIST")):
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

    def _entries(self, rows: list[tuple[int, int]]) -> tuple[list[Entry], set[int]]:
        """What can be read, and the numbers of the rows that cannot; each of these is a problem too."""
        entries: list[Entry] = []
        bad: set[int] = set()
        reader = RowReader(self.currency)
        for number, (start, end) in enumerate(rows):
            try:
                entries.append(reader.entry(len(entries), self.text[start:end]))
            except ValueError as e:
                bad.add(number)
                self._add_bad_row(e, number, start)
                if len(bad) > MOST_BAD_ROWS:
                    raise Damaged(
                        "unreadable", f"More than {MOST_BAD_ROWS} transactions cannot be read: {e}"
                    ) from e
        for correction in reader.corrections:
            self._warn("correction", correction)
        return entries, bad

    def _add_bad_row(self, error: ValueError, number: int, start: int) -> None:
        code = error.code if isinstance(error, BadRow) else "unreadable_transaction"
        line = self.text.count("\n", 0, start) + 1
        where = f"transaction {number + 1}, line {line}"
        self.problems.append(Problem("error", code, f"A transaction was not read: {error}.", where))

    def _read_again(self, statement: Statement, rows: list[tuple[int, int]], bad: set[int]) -> Statement:
        """Let ofxparse read the same rows, all but those that were refused."""
        passages = [self.text[a:b] for number, (a, b) in enumerate(rows) if number not in bad]
        difference = ofx_second.disagreement(passages, statement.entries)
        if difference is None:
            return statement
        message = (
            f"Two independent readers do not agree on this statement: {difference}. Look before you import."
        )
        self.problems.append(Problem("error", "readers_disagree", message, _where(self.node)))
        return replace(statement, integrity="mismatch")


def _read_investments(text: str, node: Node) -> Statement:
    """An INVSTMTRS group as ofxparse alone reads it; Damaged when it does not read all of it."""
    try:
        return ofx_second.investment_statement(text[node.start : node.end])
    except ofx_second.Unread as e:
        raise Damaged("investments", f"An investment account cannot be imported: {e}. {_INSTEAD}") from e
