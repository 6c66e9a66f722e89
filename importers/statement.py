"""What a bank file says, the same for every format: statements, entries, details.

Plain values that nobody changes. Amounts are signed as the account sees them: money in is
positive. Nothing here reads a file; each format's module does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from donorhub.money import Money
from importers.codes import EntryFault, Figures, FormatProblem, Reason, StatementFault
from importers.sentences import write_fragment, write_problem

Level = Literal["warning", "error"]
Status = Literal["booked", "pending", "info"]
Integrity = Literal["proved", "unverifiable", "mismatch"]
_NO_REASON: Final[Reason[str]] = Reason("malformed")


class Problem(Struct, frozen=True):
    """Something in a file that a person should know; an ``error`` lost a row or the file.

    ``code`` is stable (``unreadable_amount``), ``message`` says in English what is wrong and
    the way out, ``where`` is a place such as ``line 12`` or ``Ntry 3``. ``params`` are the
    figures of the message and perhaps its ``cause``, for those who say it in other words.
    """

    level: Level
    code: str
    message: str
    where: str | None = None
    params: Figures = field(default_factory=dict)


class UnreadableEntry(ValueError):
    """A row or a statement that cannot be read; ``reason`` says why, ``str`` in English."""

    def __init__(self, code: EntryFault, **figures: str | int) -> None:
        super().__init__(code)
        self.reason: Reason[EntryFault] = Reason(code, figures)

    def __str__(self) -> str:
        return write_fragment(self.reason)


def explain_fault(code: FormatProblem, error: Exception, **figures: str | int) -> Reason[FormatProblem]:
    """Return why something was not read, with the fault that a reader raised and its figures.

    An error that tells no reason, as of a number or a field that is not there, is ``malformed``.
    """
    fault: Reason[str] = getattr(error, "reason", _NO_REASON)
    return Reason(code, {**figures, **fault.figures, "fault": fault.code})


class BadRows:
    """The problems of rows that cannot be read: the first thousand, and then only how many more."""

    MOST = 1_000

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._more = 0

    def add_row(self, reason: Reason[FormatProblem], line: int) -> None:
        """Note a row that was lost."""
        if len(self._problems) < self.MOST:
            self._problems.append(make_problem("error", reason, line))
        else:
            self._more += 1

    def list_problems(self) -> list[Problem]:
        """Return all that was noted, in the order of the file."""
        if not self._more:
            return self._problems
        return [*self._problems, make_problem("error", Reason("more_rows_failed", {"count": self._more}))]


class Balance(Struct, frozen=True, gc=False):
    kind: Literal["opening", "closing", "interim", "available"]
    amount: Money
    on: date | None = None


class Party(Struct, frozen=True, gc=False):
    """The other side of a payment: the donor, for money that came in."""

    name: str | None = None
    account: str | None = None  # IBAN without blanks, or what the bank wrote
    account_scheme: str | None = None  # "iban", "other"
    bic: str | None = None
    ultimate: str | None = None
    address: str | None = None


NOBODY = Party()
SERVICE: Final = "service"  # scheme of an account that the file does not name, called by the payment service
FEE: Final = "fee"  # the purpose of a detail that is a fee, which the bank took in the payment's own row


class Detail(Struct, frozen=True, gc=False):
    """One payment inside an entry. The signed amounts of an entry's details add up to the entry."""

    position: int
    amount: Money
    original: Money | None = None  # what was instructed, where that was another currency
    counterparty: Party = NOBODY
    end_to_end_id: str | None = None
    tx_id: str | None = None
    uetr: str | None = None
    instruction_id: str | None = None
    mandate_id: str | None = None
    creditor_id: str | None = None
    batch_id: str | None = None
    cheque_no: str | None = None
    virtual_account: str | None = None  # a donor's own number at the bank's mass-payment service
    remittance: str = ""
    references: tuple[tuple[str, str], ...] = ()  # (("SCOR", "RF18…"), …)
    purpose: str | None = None  # a code of ISO 20022, or FEE
    return_code: str | None = None
    return_info: str | None = None
    charges: Money | None = None
    extra: tuple[tuple[str, str], ...] = ()


class Entry(Struct, frozen=True, gc=False):
    """One line of a statement: it changes the balance."""

    position: int  # 0 for the first entry of its statement
    booked_on: date
    amount: Money
    value_on: date | None = None
    status: Status = "booked"
    reversal: bool = False
    bank_ref: str | None = None
    entry_ref: str | None = None
    bank_code: str | None = None
    info: str | None = None
    balance_after: Money | None = None
    details: tuple[Detail, ...] = ()
    raw: str = ""  # the entry as the file writes it; holds personal data
    batch_id: str | None = None  # of the order that it books as one sum, where its payments are not listed


def find_payment(entry: Entry) -> Detail | None:
    """Return the one payment that an entry is, be it with a fee beside it; None for none, or for several."""
    details = entry.details
    if len(details) == 1 or (len(details) == 2 and details[1].purpose == FEE):  # noqa: PLR2004 - with its fee
        return details[0]
    return None


class Statement(Struct, frozen=True):
    """One account's report for one period; a file may hold several.

    ``advice`` is true for reports that never add money (camt.052, camt.054, MT942): they
    only tell more about entries that a statement brings.
    """

    source_format: str  # "ofx", "mt940", "camt.053", "csv", …
    currency: str
    account: str | None = None
    account_scheme: str | None = None
    message_id: str | None = None
    statement_id: str | None = None
    sequence_no: str | None = None
    legal_seq: str | None = None
    page: str | None = None
    owner: str | None = None
    bank_bic: str | None = None
    period: tuple[date | None, date | None] = (None, None)
    created_at: datetime | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    balances: tuple[Balance, ...] = ()
    entries: tuple[Entry, ...] = ()
    integrity: Integrity = "unverifiable"
    advice: bool = False
    layout: str = ""  # of a table: the name of the bank layout or mapping it was read with


class Begin(Struct, frozen=True):
    """While a file streams: a statement begins, without entries and often without its closing balance.

    One whose :class:`End` never comes was given up, as a problem says: its entries are to be forgotten.
    """

    statement: Statement


class End(Struct, frozen=True):
    """While a file streams: the statement that began last is over. All but its entries is known now."""

    statement: Statement


Part = Begin | Entry | End | Problem  # what importers.stream yields, in the order of the file


class Reading(Struct, frozen=True):
    """All that a file said. No statements and one ``error`` problem: it could not be read at all."""

    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()
    file_sha256: str = ""
    format: str = ""  # of the file as told by its bytes; "" when nothing knows it
    profile: str = ""  # the bank layout that was recognised, for tables
    facts: Mapping[str, str] = field(default_factory=dict)  # found out: encoding, delimiter, …


def make_refusal(code: str, message: str, where: str | None = None) -> Reading:
    """Return the reading of a file that cannot be trusted: nothing but the reason."""
    return Reading(problems=(Problem("error", code, message, where),))


def make_problem(
    level: Level, reason: Reason[str], line: int | None = None, *, where: str | None = None
) -> Problem:
    """Return the problem that a reason is, with its English sentence and its line or place."""
    message, params = _write_out(reason.code, tuple(reason.figures.items()))
    if line is not None:
        where, params = f"line {line}", {**params, "line": line}
    return Problem(level, reason.problem_code, message, where, params)


@lru_cache(maxsize=1024)  # half a million entries of a damaged file may have one and the same fault
def _write_out(code: str, figures: tuple[tuple[str, str | int], ...]) -> tuple[str, Figures]:
    """Return the sentence of a reason and the figures that programs get; equal reasons share both."""
    reason = Reason(code, dict(figures))
    return write_problem(reason), reason.params


def refuse_file(reason: Reason[str], line: int | None = None) -> Reading:
    """Return the reading of a file that cannot be trusted: nothing but the reason."""
    return Reading(problems=(make_problem("error", reason, line),))


def gather_parts(parts: Iterable[Part], format: str, facts: Mapping[str, str]) -> Reading:
    """Return the reading of a file that streams its entries in order."""
    statements: list[Statement] = []
    problems: list[Problem] = []
    entries: list[Entry] = []
    for part in parts:
        if isinstance(part, Entry):
            entries.append(part)
        elif isinstance(part, End):
            statements.append(replace(part.statement, entries=tuple(entries)))
        elif isinstance(part, Begin):
            entries = []
        else:
            problems.append(part)
    return Reading(tuple(statements), tuple(problems), format=format, facts=facts)


def explain_difference(missing: Money) -> Reason[StatementFault]:
    """Return why a statement does not hold whose balances its entries do not explain."""
    return Reason("balance_mismatch.entries", {"missing": str(missing)})


def compute_missing_minor(statement: Statement, booked_minor: int) -> int | None:
    """Return closing less opening less booked entries, or None where a balance is not there."""
    if statement.opening is None or statement.closing is None:
        return None
    return statement.closing.amount.minor - statement.opening.amount.minor - booked_minor


def check_balances(statement: Statement) -> Integrity:
    """Return whether opening + booked entries = closing; a statement without both balances cannot tell."""
    booked_minor = sum(entry.amount.minor for entry in statement.entries if entry.status == "booked")
    missing = compute_missing_minor(statement, booked_minor)
    return "unverifiable" if missing is None else "mismatch" if missing else "proved"
