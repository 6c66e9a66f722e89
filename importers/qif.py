"""Read QIF, Quicken's old exchange format: bank, cash and card sections.

QIF names no currency, has no ids, and writes days before months or months before days; what
the file does not prove is asked for, never guessed. Categories, splits, securities and
investment sections are passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from donorhub.money import Money, is_currency
from importers import iban
from importers.codes import Reason
from importers.statement import (
    NOBODY,
    BadRows,
    Balance,
    Detail,
    Entry,
    Party,
    Problem,
    Reading,
    Statement,
    explain_fault,
    make_problem,
    make_refusal,
    refuse_file,
)
from importers.text import DateOrder, Undecodable, decode_text, find_date_orders, parse_amount, parse_date

_SECTION: Final = re.compile(r"!(Type|Account|Option|Clear)\b:?\s*(.*)", re.I)
_MONEY: Final = frozenset(("bank", "cash", "ccard", "oth a", "oth l"))
_LINE_END: Final = re.compile(r"\r\n|\r|\n")  # str.splitlines would end a line at controls too
_SHORT_YEAR: Final = re.compile(r"(.*[/.-])([0-9]{2})", re.ASCII)
_PIVOT: Final = 70  # 7/4/98 is of 1998: Quicken writes years from 2000 on after an apostrophe
_OWN_BALANCE: Final = "opening balance"  # Quicken's first record of an account: no payment


@dataclass(slots=True)
class _Record:
    line: int
    raw: list[str] = field(default_factory=list)

    def read_fields(self) -> dict[str, str]:
        """Return the texts by their letters; of several the first, as a split may repeat D, M and others."""
        return {line[0]: line[1:].strip() for line in reversed(self.raw)}

    @property
    def day(self) -> str:
        """Return the date with slashes for Quicken's blanks and apostrophes, and a year of four digits."""
        text = next((line[1:] for line in self.raw if line[0] == "D"), "").replace(" ", "").strip()
        if "'" in text:
            day, _, year = text.partition("'")
            day = day.replace(".", "/").replace("-", "/")  # Swiss and French programs write 28.02'2026
            return f"{day}/{year if len(year) == len('2026') else '20' + year.zfill(2)}"
        short = _SHORT_YEAR.fullmatch(text)
        return f"{short[1]}19{short[2]}" if short and int(short[2]) >= _PIVOT else text


@dataclass(slots=True)
class _Section:
    account: str
    records: list[_Record] = field(default_factory=list)


def read(data: bytes, *, dates: DateOrder | None = None, currency: str = "") -> Reading:
    """Return the statements of a QIF file, one for each section with money in it.

    ``dates`` is the order of day and month, needed when no date of the file proves it (error
    ``ambiguous_dates``); ``currency`` is the account's, always needed (error
    ``currency_needed``).
    """
    try:
        text, encoding = decode_text(data)
    except Undecodable as e:
        return refuse_file(e.reason)
    kinds_passed_over: list[str] = []
    sections = [section for section in _split_sections(text, kinds_passed_over) if section.records]
    if not sections:
        return make_refusal(
            "no_statement", "This QIF file has no bank, cash or card section with transactions."
        )
    order, questions = _find_order([record.day for section in sections for record in section.records], dates)
    if not is_currency(currency):
        message = "A QIF file does not say its currency: choose the currency of the account."
        questions.append(Problem("error", "currency_needed", message))
    if questions or order is None:
        return Reading(problems=tuple(questions))
    statements, problems = [], list(_report_passed_over(kinds_passed_over))
    for section in sections:
        statement, bad = _read_statement(section, order, currency)
        statements.append(statement)
        problems += bad
    return Reading(
        tuple(statements), tuple(problems), format="qif", facts={"encoding": encoding, "dates": order}
    )


def _split_sections(text: str, kinds_passed_over: list[str]) -> Iterator[_Section]:
    """Return the sections with money; the kinds of the others' records are added to ``kinds_passed_over``."""
    account, kind, section, record = "", "", _Section(""), _Record(0)
    for number, line in enumerate(_LINE_END.split(text), 1):
        if not line or line.isspace():
            continue
        header = _SECTION.match(line) if line[0] == "!" else None
        if header:
            kind = (header[2] if header[1].lower() == "type" else header[1]).strip().lower()
            yield section
            section, record = _Section(account), _Record(0)
        elif line.startswith("^"):
            if kind == "account":
                account = record.read_fields().get("N", account)
            elif kind in _MONEY and record.raw:
                section.records.append(record)
            elif record.raw and kind not in ("option", "clear"):
                kinds_passed_over.append(kind)
            record = _Record(0)
        elif kind:
            record.line = record.line or number
            record.raw.append(line)
    if record.raw and kind in _MONEY:
        section.records.append(record)  # cut off before its ^: the row says so when its amount is missing
    yield section


def _find_order(days: list[str], choice: DateOrder | None) -> tuple[DateOrder | None, list[Problem]]:
    """Return the order in which all dates of the file can be read, or the question that a person must answer.

    ``chosen`` decides only what the file leaves open. Dates that no order can read are left to
    their own rows.
    """
    readable = [day for day in days if find_date_orders([day])]
    orders = find_date_orders(readable)
    if not orders:
        message = "The dates of this file are not all in the same order: correct them, or export OFX or CSV."
        return None, [Problem("error", "mixed_dates", message)]
    results = {tuple(parse_date(day, order) for day in readable): order for order in orders}
    if len(results) == 1 or choice in orders:
        return choice if choice in orders else results.popitem()[1], []
    example = next(day for day in readable if len({parse_date(day, order) for order in orders}) > 1)
    return None, [make_problem("error", Reason("ambiguous_dates.example", {"example": example}))]


def _read_statement(section: _Section, order: DateOrder, currency: str) -> tuple[Statement, list[Problem]]:
    entries: list[Entry] = []
    bad = BadRows()
    opening: Balance | None = None
    section.records.reverse()
    while section.records:
        record = section.records.pop()  # its memory is the entry's then
        fields = record.read_fields()
        try:
            entry = _read_entry(len(entries), record, fields, order, currency)
        except ValueError as e:
            bad.add_row(explain_fault("unreadable_transaction.fault", e), record.line)
            continue
        if fields.get("P", "").lower() == _OWN_BALANCE and fields.get("L", "").startswith("["):
            opening = Balance("opening", entry.amount, entry.booked_on)
        else:
            entries.append(entry)
    number = iban.complete_nrb(iban.remove_blanks(section.account).upper())
    is_iban = iban.is_iban(number)
    statement = Statement(
        source_format="qif",
        currency=currency,
        account=number if is_iban else section.account or None,
        account_scheme="iban" if is_iban else "other" if section.account else None,
        period=_find_period(entries),
        opening=opening,
        balances=(opening,) if opening else (),
        entries=tuple(entries),
    )
    return statement, bad.list_problems()


def _read_entry(
    position: int, record: _Record, fields: dict[str, str], order: DateOrder, currency: str
) -> Entry:
    get = fields.get
    amount: Money = parse_amount(get("T") or get("U", ""), currency)
    name = get("P")
    detail = Detail(
        0,
        amount,
        counterparty=Party(name, address=get("A")) if name else NOBODY,
        cheque_no=get("N") or None,
        remittance=get("M", ""),
    )
    booked_on = parse_date(record.day, order)
    return Entry(
        position, booked_on, amount, info=get("L") or None, details=(detail,), raw="\n".join(record.raw)
    )


def _find_period(entries: list[Entry]) -> tuple[date | None, date | None]:
    days = [entry.booked_on for entry in entries]
    return (min(days), max(days)) if days else (None, None)


def _report_passed_over(kinds: Iterable[str]) -> Iterator[Problem]:
    counts = Counter(kinds)
    for kind, count in counts.items():
        yield make_problem(
            "warning", Reason("section_skipped.kind", {"count": count, "section": repr(kind[:30])})
        )
