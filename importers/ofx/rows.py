"""One transaction of an OFX statement as an entry: its day, its amount, who and what for.

It refuses what it cannot read for certain and says why; it knows nothing of files and groups.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from donorhub.money import Money, exponent, is_currency
from importers import iban
from importers.ofx import tags
from importers.statement import NOBODY, Detail, Entry, Party
from importers.text import parse_amount

_DAY: Final = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})", re.ASCII)
_YEARS: Final = range(1970, 2100)
_RATE: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_EXTRA: Final = frozenset(
    ("EXTDNAME", "PAYEEID", "SIC", "CORRECTFITID", "CORRECTACTION", "ORIGCURRENCY/CURRATE")
)
_ACCOUNTS: Final = ("BANKACCTTO/ACCTID", "CCACCTTO/ACCTID", "ACCTID")  # the last of a group left open
_PARTY_GROUPS: Final = frozenset(("EXTDNAME", "PAYEE/NAME", *_ACCOUNTS))
_ADDRESS: Final = ("ADDR1", "ADDR2", "ADDR3", "POSTALCODE", "CITY", "STATE", "COUNTRY")


class BadRow(ValueError):
    """One transaction cannot be read; ``code`` is the problem's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class RowReader:
    """Reads the transactions of one statement, whose currency it knows.

    ``corrections`` gathers a sentence for each that says it deletes or replaces an earlier one.
    """

    currency: str
    corrections: list[str] = field(default_factory=list)
    _days: dict[str, date] = field(default_factory=dict)
    _amounts: dict[str, Money] = field(default_factory=dict)

    def entry(self, position: int, raw: str) -> Entry:
        """The entry of ``raw``, the text from ``<STMTTRN>`` to ``</STMTTRN>``; raises :class:`BadRow`."""
        if len(raw) > tags.LONGEST_ROW:
            raise BadRow("too_long", f"it has {len(raw):,} characters, and banks write a few hundred")
        fields = tags.fields(raw[raw.index(">") + 1 : raw.rindex("<")])
        get = fields.get
        amount = self._amount(get("TRNAMT", ""), get("CURRENCY/CURSYM", ""))
        booked_on = self._day(get("DTPOSTED", ""))
        value = get("DTAVAIL") or get("DTUSER")
        if "CORRECTACTION" in fields:
            self._note_correction(fields)
        return Entry(
            position,
            booked_on,
            amount,
            value_on=day_or_none(value) if value else None,
            bank_ref=get("FITID") or None,
            entry_ref=get("SRVRTID") or None,
            bank_code=get("TRNTYPE") or None,
            details=(self._detail(amount, fields, get),),
            raw=raw,
        )

    def _amount(self, written: str, currency: str) -> Money:
        known = self._amounts.get(written)
        if known is None:
            try:
                known = self._amounts[written] = parse_amount(written, self.currency)
            except ValueError as e:
                raise BadRow("unreadable_amount", str(e)) from e
        if currency and currency.upper() != self.currency:
            raise BadRow(
                "other_currency", f"its amount is in {currency[:10]}, the account in {self.currency}"
            )
        return known

    def _day(self, written: str) -> date:
        known = self._days.get(written)
        if known is None:
            try:
                known = self._days[written] = day(written)
            except ValueError as e:
                raise BadRow("unreadable_date", str(e)) from e
        return known

    def _detail(self, amount: Money, fields: dict[str, str], get: Callable[[str], str | None]) -> Detail:
        return Detail(
            0,
            amount,
            original=_original(amount, fields) if "ORIGCURRENCY/CURSYM" in fields else None,
            counterparty=_counterparty(fields),
            end_to_end_id=get("REFNUM") or None,
            cheque_no=get("CHECKNUM") or None,
            remittance=get("MEMO") or "",
            extra=() if _EXTRA.isdisjoint(fields) else tuple(x for x in fields.items() if x[0] in _EXTRA),
        )

    def _note_correction(self, fields: dict[str, str]) -> None:
        what = "deletes" if fields["CORRECTACTION"].upper() == "DELETE" else "replaces"
        number, earlier = (fields.get(name) or "without number" for name in ("FITID", "CORRECTFITID"))
        self.corrections.append(f"Transaction {number} {what} the earlier one {earlier}: look at both.")


def day(written: str) -> date:
    """The booking day: the first eight digits as the bank wrote them, whatever time zone follows.

    ``2024-01-15`` is no date of OFX, but can mean one day only. Raises ValueError for a day that
    no calendar has and for a year that no statement is of.
    """
    found = _DAY.match(written)
    if not found:
        raise ValueError(f"{written[:40]!r} is no date" if written else "it has no date")
    year = int(found[1])
    if year not in _YEARS:
        raise ValueError(f"{written[:40]!r} is not in the years {_YEARS[0]} to {_YEARS[-1]}")
    try:
        return date(year, int(found[3]), int(found[4]))
    except ValueError as e:
        raise ValueError(f"{written[:40]!r} is no day of the calendar") from e


def day_or_none(written: str) -> date | None:
    """The day, where a missing or odd one loses nothing."""
    try:
        return day(written)
    except ValueError:
        return None


def _counterparty(fields: dict[str, str]) -> Party:
    name = fields.get("NAME")
    if _PARTY_GROUPS.isdisjoint(fields):
        return Party(name) if name else NOBODY
    get = fields.get
    account, scheme = account_named(next(filter(None, map(get, _ACCOUNTS)), ""))
    address = ", ".join(part for line in _ADDRESS if (part := get(f"PAYEE/{line}")))
    bic = bic_or_none(get("BANKACCTTO/BANKID") or get("BANKID", ""))
    name = name or get("PAYEE/NAME") or get("EXTDNAME") or None
    whole = get("EXTDNAME", "")  # NAME has 32 places, this one 100 (OFX 2.1, 11.4.4.1)
    if name and whole.startswith(name):
        name = whole
    return Party(name, account, scheme, bic, address=address or None)


def _original(amount: Money, fields: dict[str, str]) -> Money | None:
    """What was paid in the other currency: CURRATE is the account's units for one of it (OFX 1.6, 5.2)."""
    symbol = fields["ORIGCURRENCY/CURSYM"].upper()
    written = fields.get("ORIGCURRENCY/CURRATE", "").replace(",", ".")
    if not is_currency(symbol) or not _RATE.fullmatch(written):
        return None
    rate = Decimal(written)
    if not rate:
        return None
    step = Decimal(1).scaleb(-exponent(symbol))
    return Money.from_decimal((amount.as_decimal() / rate).quantize(step), symbol)


def account_named(written: str) -> tuple[str | None, str | None]:
    """An account number and its scheme: an IBAN without blanks (26 digits may be a Polish one), or as is."""
    if not written:
        return None, None
    number = iban.from_nrb(iban.without_blanks(written).upper())
    return (number, "iban") if iban.is_iban(number) else (written, "other")


def bic_or_none(written: str) -> str | None:
    """The text when it has the shape of a BIC (ISO 9362), and not of a national bank number."""
    return written if _BIC.fullmatch(written) else None
