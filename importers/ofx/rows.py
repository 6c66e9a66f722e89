"""One transaction of an OFX statement as an entry: its day, its amount, who and what for.

What cannot be read for certain is refused with the reason. Files and groups are not read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from donorhub.money import Money, get_exponent, is_currency
from importers import iban
from importers.codes import FormatProblem, Reason
from importers.ofx import tags
from importers.statement import NOBODY, Detail, Entry, Party, UnreadableEntry, explain_fault
from importers.text import Unreadable, parse_amount

_DAY: Final = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})", re.ASCII)
_YEARS: Final = range(1970, 2100)
_RATE: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_EXTRA_FIELDS: Final = frozenset(
    ("EXTDNAME", "PAYEEID", "SIC", "CORRECTFITID", "CORRECTACTION", "ORIGCURRENCY/CURRATE")
)
_ACCOUNTS: Final = ("BANKACCTTO/ACCTID", "CCACCTTO/ACCTID", "ACCTID")  # the last of a group left open
_PARTY_GROUPS: Final = frozenset(("EXTDNAME", "PAYEE/NAME", *_ACCOUNTS))
_ADDRESS: Final = ("ADDR1", "ADDR2", "ADDR3", "POSTALCODE", "CITY", "STATE", "COUNTRY")


class BadRow(ValueError):
    """One transaction cannot be read; ``reason`` says why."""

    def __init__(self, reason: Reason[FormatProblem]) -> None:
        super().__init__(reason.code)
        self.reason = reason


def _refuse_row(code: FormatProblem, error: ValueError) -> BadRow:
    return BadRow(explain_fault(code, error))


@dataclass(slots=True)
class RowReader:
    """Reads the transactions of one statement, whose currency it knows.

    ``corrections`` holds a reason for each that deletes or replaces an earlier one.
    """

    currency: str
    corrections: list[Reason[FormatProblem]] = field(default_factory=list)
    _days: dict[str, date] = field(default_factory=dict)
    _amounts: dict[str, Money] = field(default_factory=dict)

    def read_entry(self, position: int, raw: str) -> Entry:
        """Return the entry of ``raw``, from ``<STMTTRN>`` to ``</STMTTRN>``; raise :class:`BadRow`."""
        if len(raw) > tags.LONGEST_ROW:
            raise _refuse_row("too_long.transaction", UnreadableEntry("too_long", count=len(raw)))
        fields = tags.read_fields(raw[raw.index(">") + 1 : raw.rindex("<")])
        get = fields.get
        amount = self._read_amount(get("TRNAMT", ""), get("CURRENCY/CURSYM", ""))
        booked_on = self._read_day(get("DTPOSTED", ""))
        value = get("DTAVAIL") or get("DTUSER")
        if "CORRECTACTION" in fields:
            self._note_correction(fields)
        return Entry(
            position,
            booked_on,
            amount,
            value_on=read_day_or_none(value) if value else None,
            bank_ref=get("FITID") or None,
            entry_ref=get("SRVRTID") or None,
            bank_code=get("TRNTYPE") or None,
            details=(self._make_detail(amount, fields, get),),
            raw=raw,
        )

    def _read_amount(self, text: str, currency: str) -> Money:
        amount = self._amounts.get(text)
        if amount is None:
            try:
                amount = self._amounts[text] = parse_amount(text, self.currency)
            except ValueError as e:
                raise _refuse_row("unreadable_amount.transaction", e) from e
        if currency and currency.upper() != self.currency:
            fault = UnreadableEntry("other_currency", currency=currency[:10], other=self.currency)
            raise _refuse_row("other_currency.transaction", fault)
        return amount

    def _read_day(self, text: str) -> date:
        day = self._days.get(text)
        if day is None:
            try:
                day = self._days[text] = read_day(text)
            except ValueError as e:
                raise _refuse_row("unreadable_date.transaction", e) from e
        return day

    def _make_detail(self, amount: Money, fields: dict[str, str], get: Callable[[str], str | None]) -> Detail:
        return Detail(
            0,
            amount,
            original=_compute_original(amount, fields) if "ORIGCURRENCY/CURSYM" in fields else None,
            counterparty=_find_counterparty(fields),
            end_to_end_id=get("REFNUM") or None,
            cheque_no=get("CHECKNUM") or None,
            remittance=get("MEMO") or "",
            extra=()
            if _EXTRA_FIELDS.isdisjoint(fields)
            else tuple(x for x in fields.items() if x[0] in _EXTRA_FIELDS),
        )

    def _note_correction(self, fields: dict[str, str]) -> None:
        is_deleted = fields["CORRECTACTION"].upper() == "DELETE"
        ref, earlier = (fields.get(name, "") for name in ("FITID", "CORRECTFITID"))
        self.corrections.append(
            Reason(
                "correction.deletes" if is_deleted else "correction.replaces",
                {"ref": ref, "earlier": earlier},
            )
        )


def read_day(text: str) -> date:
    """Return the booking day: the first eight digits as the bank wrote them, whatever time zone follows.

    ``2024-01-15`` is no date of OFX, but can mean one day only. Raise ValueError for a day that
    no calendar has and for a year that no statement is of.
    """
    match = _DAY.match(text)
    if not match:
        raise Unreadable("unreadable_date.none", text) if text else UnreadableEntry("date_missing")
    year = int(match[1])
    if year not in _YEARS:
        raise UnreadableEntry("date_out_of_range", text=repr(text[:40]), first=_YEARS[0], last=_YEARS[-1])
    try:
        return date(year, int(match[3]), int(match[4]))
    except ValueError as e:
        raise UnreadableEntry("date_of_no_calendar", text=repr(text[:40])) from e


def read_day_or_none(text: str) -> date | None:
    """Return the day, or None where it cannot be read and is not needed."""
    try:
        return read_day(text)
    except ValueError:
        return None


def _find_counterparty(fields: dict[str, str]) -> Party:
    name = fields.get("NAME")
    if _PARTY_GROUPS.isdisjoint(fields):
        return Party(name) if name else NOBODY
    get = fields.get
    account, scheme = read_account(next(filter(None, map(get, _ACCOUNTS)), ""))
    address = ", ".join(part for line in _ADDRESS if (part := get(f"PAYEE/{line}")))
    bic = read_bic_or_none(get("BANKACCTTO/BANKID") or get("BANKID", ""))
    name = name or get("PAYEE/NAME") or get("EXTDNAME") or None
    whole_name = get("EXTDNAME", "")  # NAME has 32 places, this one 100 (OFX 2.1, 11.4.4.1)
    if name and whole_name.startswith(name):
        name = whole_name
    return Party(name, account, scheme, bic, address=address or None)


def _compute_original(amount: Money, fields: dict[str, str]) -> Money | None:
    """Return what was paid in the other currency: CURRATE is our units for one of it (OFX 1.6, 5.2)."""
    symbol = fields["ORIGCURRENCY/CURSYM"].upper()
    rate_text = fields.get("ORIGCURRENCY/CURRATE", "").replace(",", ".")
    if not is_currency(symbol) or not _RATE.fullmatch(rate_text):
        return None
    rate = Decimal(rate_text)
    if not rate:
        return None
    step = Decimal(1).scaleb(-get_exponent(symbol))
    return Money.from_decimal((amount.as_decimal() / rate).quantize(step), symbol)


def read_account(text: str) -> tuple[str | None, str | None]:
    """Return a number and its scheme: an IBAN without blanks (26 digits may be a Polish one), or as it is."""
    if not text:
        return None, None
    number = iban.complete_nrb(iban.remove_blanks(text).upper())
    return (number, "iban") if iban.is_iban(number) else (text, "other")


def read_bic_or_none(text: str) -> str | None:
    """Return the text when it has the shape of a BIC (ISO 9362), and not of a national bank number."""
    return text if _BIC.fullmatch(text) else None
