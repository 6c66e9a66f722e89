"""Read BAI2, the cash management reports of banks in North America.

Source: ASC X9's (once BAI's) Cash Management Balance Reporting, version 2. Every record counts in
control totals, which are checked; a file without its last record is cut and refused. Type
codes 100 to 399 are money in, 400 to 699 money out; what else they mean is left to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final, Literal

from msgspec.structs import replace

from donorhub.money import Money, is_currency
from importers.codes import FormatProblem, Reason
from importers.statement import (
    BadRows,
    Balance,
    Detail,
    Entry,
    Integrity,
    Level,
    Problem,
    Reading,
    Statement,
    UnreadableEntry,
    check_balances,
    explain_fault,
    make_problem,
    make_refusal,
    refuse_file,
)
from importers.text import Undecodable, decode_text, parse_date

_AGAIN: Final = "Export the statement again."
_CREDITS, _DEBITS = range(100, 400), range(400, 700)
_BALANCES: Final[dict[str, Literal["opening", "closing", "available"]]] = {
    "010": "opening",
    "015": "closing",
    "040": "available",
    "045": "available",
}
_INTERIM: Final = ("1", "3")  # as-of-date modifiers of reports that a final one follows
_TEST: Final = "4"  # group status
_WHOLE: Final = re.compile(r"([+-]?)0*([0-9]{1,15})", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{6}", re.ASCII)


@dataclass(slots=True)
class _Record:
    line: int
    code: str
    pieces: list[str]  # what follows the code, and that of each continuation (88)
    raw: list[str] = field(default_factory=list)
    body: str = ""  # the pieces in one

    @property
    def lines(self) -> int:
        return len(self.pieces)

    @property
    def fields(self) -> list[str]:
        return [text.strip() for text in self.body.split(",")]

    def join_pieces(self) -> _Record:
        """Join the pieces: a text goes on with a blank, fields with the comma that the ``/`` stood for."""
        between = " " if self.code == "16" else ","
        self.body = between.join(piece.removesuffix("/").rstrip() for piece in self.pieces)
        return self

    @property
    def where(self) -> str:
        return f"line {self.line}"


@dataclass(slots=True)
class _Totals:
    """What the records since the opening of a level add up to: amounts, parts of the level, lines."""

    minor: int = 0
    parts: int = 0
    lines: int = 0


def read(data: bytes, *, currency: str = "") -> Reading:
    """Return the accounts of a BAI2 file, one statement each. Raise nothing for its fault.

    ``currency`` is for accounts and groups that name none; without it they are US dollars, as
    the standard says.
    """
    try:
        text, encoding = decode_text(data)
    except Undecodable as e:
        return refuse_file(e.reason)
    reader = _Reader(currency or "USD")
    last = ""
    for record in _split_records(text):
        reader.take_record(record)
        last = record.code
    if last != "99":
        return make_refusal("truncated", f"The file has no closing record 99: it was cut off. {_AGAIN}")
    if not reader.statements:
        message = "The file has no account (record 03) that can be read. Choose another format at the bank."
        return Reading(problems=(*reader.list_problems(), Problem("error", "no_statement", message)))
    if reader.is_wrong:
        reader.statements = [replace(statement, integrity="mismatch") for statement in reader.statements]
    return Reading(
        tuple(reader.statements), tuple(reader.list_problems()), format="bai2", facts={"encoding": encoding}
    )


def _split_records(text: str) -> Iterator[_Record]:
    """Return the logical records: continuations go to the record before them."""
    open_: _Record | None = None
    for number, line in enumerate(text.splitlines(), 1):
        raw = line.strip("\x1a\0 ")
        code, _, body = raw.partition(",")
        if not raw:
            continue
        if code == "88" and open_ is not None:
            open_.pieces.append(body)
            open_.raw.append(raw)
            continue
        if open_ is not None:
            yield open_.join_pieces()
        open_ = _Record(number, code, [body], [raw])
    if open_ is not None:
        yield open_.join_pieces()


class _Reader:
    """Takes the records of a file in order and keeps the account that is open."""

    def __init__(self, currency: str) -> None:
        self.statements: list[Statement] = []
        self.problems: list[Problem] = []
        self._bad_rows = BadRows()
        self.is_wrong = False  # a total of a group or of the file does not hold
        self._default = currency
        self._file, self._group, self._account = _Totals(), _Totals(), _Totals()
        self._on: date | None = None
        self._currency = currency
        self._is_advice = self._is_test = False
        self._statement: Statement | None = None
        self._entries: list[Entry] = []
        self._is_doubtful = False

    def list_problems(self) -> list[Problem]:
        return self._bad_rows.list_problems() + self.problems

    def take_record(self, record: _Record) -> None:
        for totals in (self._file, self._group, self._account):
            totals.lines += record.lines
        try:
            self._read_record(record)
        except (ValueError, IndexError) as e:
            self._is_doubtful = True
            reason = explain_fault("unreadable_row.record", e, record=record.code[:10])
            self._bad_rows.add_row(reason, record.line)

    def _read_record(self, record: _Record) -> None:
        match record.code:
            case "02":
                self._group = _Totals(lines=record.lines)
                self._open_group(record.fields, record)
            case "03":
                self._account = _Totals(lines=record.lines)
                self._open_account(record)
            case "16":
                self._add_entry(record)
            case "49":
                self._close_account(record)
            case "98":
                self._compare_totals(self._group, record, Reason("total_mismatch.group"))
                self._file.minor, self._file.parts = (
                    self._file.minor + self._group.minor,
                    self._file.parts + 1,
                )
            case "99":
                self._compare_totals(self._file, record, Reason("total_mismatch.file"))
            case "01":
                pass  # who sent it to whom and when
            case _:
                raise UnreadableEntry("code_of_no_record")

    def _open_group(self, fields: list[str], record: _Record) -> None:
        self._on, self._currency = None, self._default
        _, _, status, on, _, currency, modifier = [*fields, "", "", "", "", "", ""][:7]
        self._on = _read_day(on)
        self._currency = currency if is_currency(currency) else self._default
        self._is_advice, self._is_test = modifier in _INTERIM, status == _TEST
        if self._is_test:
            self._add_problem("error", Reason("test_group"), record)
        elif status in ("2", "3"):
            self._add_problem("warning", Reason("correction.group"), record)

    def _open_account(self, record: _Record) -> None:
        self._entries, self._is_doubtful, self._statement = [], False, None
        account, currency, *rest = record.fields
        if self._on is None:
            raise UnreadableEntry("group_without_day")
        currency = currency if is_currency(currency) else self._currency
        statement = Statement(
            source_format="bai2",
            currency=currency,
            account=account or None,
            account_scheme="other" if account else None,
            period=(self._on, self._on),
            advice=self._is_advice,
        )
        balances: list[Balance] = []
        for code, minor in _read_summaries(iter(rest)):
            self._account.minor += minor
            if code in _BALANCES:
                balances.append(Balance(_BALANCES[code], Money(minor, currency), self._on))
        self._statement = replace(
            statement,
            opening=next((it for it in balances if it.kind == "opening"), None),
            closing=next((it for it in balances if it.kind == "closing"), None),
            balances=tuple(balances),
        )

    def _add_entry(self, record: _Record) -> None:
        code, amount, funds, *rest = [*record.fields, "", ""]
        minor = _read_minor(amount) if amount else 0
        self._account.minor += minor
        if self._statement is None or self._on is None:
            raise UnreadableEntry("account_before")
        if not minor:
            return  # type 890 and others that only tell
        sign = _find_sign(code)
        count_of_funds = _count_fields_of_funds(funds, rest)
        bank_ref, own_ref = [*rest[count_of_funds:], "", ""][:2]
        text = record.body.split(",", 5 + count_of_funds)[5 + count_of_funds :]
        money = Money(sign * minor, self._statement.currency)
        self._entries.append(
            Entry(
                len(self._entries),
                self._on,
                money,
                value_on=_read_day(rest[0]) if funds == "V" and rest[0] else None,
                bank_ref=bank_ref or None,
                entry_ref=own_ref or None,
                bank_code=code,
                details=(Detail(0, money, remittance=" ".join(" ".join(text).split())),),
                raw="\n".join(record.raw),
            )
        )

    def _close_account(self, record: _Record) -> None:
        self._group.minor += self._account.minor
        self._group.parts += 1
        statement, self._statement = self._statement, None
        if statement is None or self._is_test:
            return
        statement = replace(statement, entries=tuple(self._entries))
        total, lines = [*record.fields, ""][:2]
        holds = (_read_minor(total), int(lines or -1)) == (self._account.minor, self._account.lines)
        balances = check_balances(statement)
        if not holds:
            self._add_problem("error", Reason("total_mismatch.account"), record)
        elif balances == "mismatch" and self._entries:
            self._add_problem("error", Reason("balance_mismatch.account"), record)
        elif balances == "mismatch":
            self._add_problem("warning", Reason("entries_not_listed"), record)
            statement = replace(statement, opening=None)  # what was between it and the closing is not here
        is_wrong = not holds or self._is_doubtful or (balances == "mismatch" and bool(self._entries))
        integrity: Integrity = "mismatch" if is_wrong else "proved" if statement.entries else "unverifiable"
        self.statements.append(replace(statement, integrity=integrity))

    def _compare_totals(self, totals: _Totals, record: _Record, reason: Reason[FormatProblem]) -> None:
        total, parts, lines = [*record.fields, "", ""][:3]
        control_total = (_read_minor(total), int(parts or -1), int(lines or -1))
        if control_total != (totals.minor, totals.parts, totals.lines):
            self.is_wrong = True
            self._add_problem("error", reason, record)

    def _add_problem(self, level: Level, reason: Reason[FormatProblem], record: _Record) -> None:
        self.problems.append(make_problem(level, reason, record.line))


def _read_summaries(fields: Iterator[str]) -> Iterator[tuple[str, int]]:
    """Return type and amount of each summary of record 03, without the number of items and the days of
    funds.
    """
    for code in fields:
        amount, _items, funds = (next(fields, "") for _ in range(3))
        if funds == "D":
            count = next(fields, "")
            _skip_fields(fields, 2 * int(count) if count.isdecimal() else 0)
        else:
            _skip_fields(fields, {"S": 3, "V": 2}.get(funds, 0))
        if code and amount:
            yield code, _read_minor(amount)


def _skip_fields(fields: Iterator[str], count: int) -> None:
    next(islice(fields, count, count), None)


def _count_fields_of_funds(funds: str, rest: Sequence[str]) -> int:
    """Return how many fields of an entry after its funds type say when the money is there."""
    if funds == "D":
        return 1 + 2 * int(rest[0]) if rest[0].isdecimal() else 1
    return {"S": 3, "V": 2}.get(funds, 0)


def _find_sign(code: str) -> int:
    number = int(code) if code.isascii() and code.isdecimal() else 0
    if number in _CREDITS:
        return 1
    if number in _DEBITS:
        return -1
    raise UnreadableEntry("type_without_sign", type=repr(code[:10]))


def _read_minor(text: str) -> int:
    match = _WHOLE.fullmatch(text)
    if not match:
        raise UnreadableEntry("whole_units", text=repr(text[:30]))
    return -int(match[2]) if match[1] == "-" else int(match[2])


def _read_day(text: str) -> date:
    """Return the day of ``YYMMDD``, 2000 and later."""
    if not _DAY.fullmatch(text):
        raise UnreadableEntry("six_digits", text=repr(text[:20]))
    return parse_date(f"20{text}", "ymd")
