"""Turn the gathered texts of one ``Stmt``, ``Rpt`` or ``Ntfctn`` into a Statement without entries.

It says which balance opens and which closes, and whether the entries prove them; entries
themselves are read in ``camt_entry``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from msgspec.structs import replace

from donorhub.money import is_currency
from importers.camt.tree import Row
from importers.camt.values import read_account, read_day, read_moment, read_money
from importers.codes import FormatProblem, Reason
from importers.statement import Balance, Entry, Statement, explain_fault

_KINDS: Final[dict[str, Literal["opening", "closing", "interim", "available"]]] = {
    "OPBD": "opening",
    "PRCD": "opening",  # the previous closing: dated a day earlier
    "CLBD": "closing",
    "ITBD": "interim",
    **dict.fromkeys(("OPAV", "CLAV", "ITAV", "FWAV", "XPCD"), "available"),
}


Doubt = Reason[FormatProblem]  # of a warning


@dataclass(frozen=True, slots=True)
class Head:
    """A statement as far as the file has told, and the only day that it covers, if it is one day."""

    statement: Statement
    day: date | None
    doubts: tuple[Doubt, ...]


def read_head(row: Row, message: Row, source_format: str, entry_currency: str) -> Head:
    """Return the statement without entries.

    Where the account names no currency, its balances or entries do.
    """
    doubts: list[Doubt] = []
    currency = _find_currency(row, entry_currency)
    balances_by_code = list(_read_balances(row, currency, doubts))
    opening, closing = _find_opening_and_closing(balances_by_code, is_paged=source_format == "camt.053")
    number, scheme = read_account(row.get("own iban"), row.get("own other"))
    created_text = row.get("created") or message.get("created")
    statement = Statement(
        source_format=source_format,
        currency=currency,
        account=number,
        account_scheme=scheme,
        message_id=message.get("message_id"),
        statement_id=row.get("statement_id"),
        sequence_no=row.get("sequence_no"),
        legal_seq=row.get("legal_seq"),
        page=row.get("page") or message.get("page"),
        owner=row.get("owner"),
        bank_bic=row.get("bank_bic"),
        period=(_read_day_or_none(row.get("from")), _read_day_or_none(row.get("to"))),
        created_at=read_moment(created_text),
        opening=opening,
        closing=closing,
        balances=tuple(balance for _, balance in balances_by_code),
        advice=source_format != "camt.053",
    )
    return Head(statement, _find_only_day(statement, balances_by_code, created_text), tuple(doubts))


def _find_currency(row: Row, entry_currency: str) -> str:
    candidates = [
        row.get("currency"),
        *(it.get("amount currency") for it in row.get("balances", ())),
        entry_currency,
    ]
    return next((code for code in candidates if code and is_currency(code)), "")


def _read_balances(row: Row, currency: str, doubts: list[Doubt]) -> Iterator[tuple[str, Balance]]:
    """Return the balances of kinds that we know, with their codes, in the account's currency."""
    for it in row.get("balances", ()):
        code = it.get("type", "")
        if code not in _KINDS or it.get("amount currency") != currency:
            continue  # INFO and a bank's own kinds; other pockets of an account in many currencies
        try:
            amount = read_money(it.get("amount", ""), currency, out=it.get("sign") == "DBIT")
            on = read_day(it["on"]) if "on" in it else None
        except ValueError as e:
            doubts.append(explain_fault("unreadable_balance.kind", e, balance=code))
            continue
        if it.get("sign") not in ("CRDT", "DBIT") and amount.minor:
            doubts.append(Reason("balance_without_sign", {"balance": code}))
        yield code, Balance(_KINDS[code], amount, on)


def _find_opening_and_closing(
    balances_by_code: list[tuple[str, Balance]], *, is_paged: bool
) -> tuple[Balance | None, Balance | None]:
    """Return opening (OPBD, else PRCD) and closing (CLBD).

    Between the pages of a statement ITBD stands for either.
    """

    def list_balances(code: str) -> list[Balance]:
        return sorted((balance for its, balance in balances_by_code if its == code), key=_get_day)

    openings, closings = list_balances("OPBD") or list_balances("PRCD"), list_balances("CLBD")
    between = list_balances("ITBD") if is_paged else []
    if not openings and between:
        openings, between = [replace(between[0], kind="opening")], between[1:]
    if not closings and between:
        closings = [replace(between[-1], kind="closing")]
    return (openings[0] if openings else None), (closings[-1] if closings else None)


def _get_day(balance: Balance) -> date:
    return balance.on or date.min


def _find_only_day(
    statement: Statement, balances_by_code: list[tuple[str, Balance]], created_text: str | None
) -> date | None:
    """Return the one day that entries can be of: the period's, OPBD's and CLBD's, or an advice's making."""
    first, last = statement.period
    if first is None and last is None:
        (first, last) = (_find_day_of("OPBD", balances_by_code), _find_day_of("CLBD", balances_by_code))
    if first is None and last is None and statement.advice:
        return _read_day_or_none(created_text)
    return first if first == last else None


def _find_day_of(code: str, balances_by_code: list[tuple[str, Balance]]) -> date | None:
    days = {balance.on for its, balance in balances_by_code if its == code}
    return days.pop() if len(days) == 1 else None


def _read_day_or_none(text: str | None) -> date | None:
    try:
        return read_day(text or "")
    except ValueError:
        return None  # a period only informs


# ---------------------------------------------------------------- what the entries prove


@dataclass(slots=True)
class Tally:
    """What has been seen of a statement's entries: numbers and sums by (booked, money out), as written.

    ``odd`` counts those that were not read or are in another currency.
    """

    numbers: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    sums: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    odd: int = 0

    def add_entry(self, entry: Entry) -> None:
        minor = entry.amount.minor
        key = (entry.status == "booked", minor < 0)
        self.numbers[key] += 1
        self.sums[key] += minor

    @property
    def booked_minor(self) -> int:
        return self.sums[True, False] + self.sums[True, True]


_SIDES: Final = (
    ("all", "all", (False, True)),
    ("CRDT", "credits", (False,)),
    ("DBIT", "debits", (True,)),
)


def check_summary(row: Row, tally: Tally, currency: str) -> Iterator[Reason[FormatProblem]]:
    """Return a reason for each total of ``TxsSummry`` that is not that of the entries.

    Banks differ in whether entries that are not booked count and whether a sum is net, so any of
    these readings will do. Where an entry could not be read, only the number of all is compared.
    """
    for side, name, outs in _SIDES:
        numbers, sums = _list_possible_totals(tally, outs)
        number, total = row.get(f"{side} count"), row.get(f"{side} sum")
        if number is not None and (side == "all" or not tally.odd) and number.lstrip("0") not in numbers:
            yield Reason("total_mismatch.number", {"entries": name})
        if total is not None and not tally.odd and _read_minor_or_none(total, currency) not in sums:
            yield Reason("total_mismatch.sum", {"entries": name})


def _list_possible_totals(tally: Tally, outs: tuple[bool, ...]) -> tuple[set[str], set[int]]:
    """Return the numbers, as text, and sums that a bank may give for the entries with these signs."""
    numbers, sums = set(), set()
    for kinds in ((True,), (True, False)):
        keys = [(is_booked, out) for is_booked in kinds for out in outs]
        number = sum(tally.numbers[key] for key in keys) + tally.odd
        numbers.add(str(number).lstrip("0"))
        sums.add(sum(abs(tally.sums[key]) for key in keys))
        sums.add(abs(sum(tally.sums[key] for key in keys)))
    return numbers, sums


def _read_minor_or_none(text: str, currency: str) -> int | None:
    try:
        return read_money(text.removeprefix("-"), currency, out=False).minor
    except ValueError:
        return None
