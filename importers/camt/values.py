"""Read the amounts, days and account numbers of camt: one way to write each, or refused."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from donorhub.money import Money, get_exponent, is_currency
from importers.iban import complete_nrb, is_iban, remove_blanks
from importers.statement import UnreadableEntry
from importers.text import Unreadable, parse_date

# xs:decimal without its sign: camt tells the direction by CdtDbtInd alone
_AMOUNT: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?", re.ASCII)
_DAY: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[-+][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_LONGEST: Final = 40


@lru_cache(maxsize=8192)  # gifts come in round sums
def read_money(text: str, currency: str, *, out: bool) -> Money:
    """Return the amount of ``Amt``, negative when the money goes ``out``; raise ValueError with what is
    wrong.
    """
    match = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST else None
    if not match or not (match[1] or match[2]):
        raise UnreadableEntry("amount_without_digits", text=repr(text[:_LONGEST]))
    if not is_currency(currency):
        raise UnreadableEntry("amount_without_currency", text=repr(currency[:_LONGEST]))
    try:
        amount = Money.parse(f"{match[1].lstrip('0') or '0'}.{match[2] or '0'}", currency)
    except ValueError as e:
        places = get_exponent(currency)
        raise Unreadable("unreadable_amount.too_precise", text, currency=currency, places=places) from e
    return -amount if out else amount


@lru_cache(maxsize=4096)
def read_day(text: str) -> date:
    """Return the day of a ``Dt`` or ``DtTm`` as the bank's own clock shows it; raise ValueError for no
    day.
    """
    match = _DAY.fullmatch(text) if len(text) <= _LONGEST else None
    if not match:
        raise UnreadableEntry("date_without_form", text=repr(text[:_LONGEST]))
    return parse_date(match[1], "ymd")


def read_moment(text: str | None) -> datetime | None:
    """Return a ``CreDtTm``, in UTC where it has no offset, or None for no time: nothing rests on it."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def read_account(iban: str | None, other: str | None) -> tuple[str | None, str | None]:
    """Return an account's number and its scheme; some banks write IBANs where other numbers belong.

    26 digits there may be a Polish NRB, which is an IBAN without its ``PL``.
    """
    if iban is not None:
        return complete_nrb(remove_blanks(iban).upper()), "iban"
    if other is None:
        return None, None
    bare = complete_nrb(remove_blanks(other))
    return (bare, "iban") if is_iban(bare) else (other, "other")
