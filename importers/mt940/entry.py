"""One :61: line of MT940 with its :86: text, read into an Entry.

The form is SWIFT's (Category 9, field 61) with what banks do to it: dates of a 30th of
February, short type codes, references longer than 16. It knows nothing of statements.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from donorhub.money import Money
from importers import iban
from importers.mt940 import labels
from importers.mt940 import text as mt940_text
from importers.mt940.text import Told, tidy
from importers.statement import NOBODY, Detail, Entry, Party
from importers.text import parse_amount

Doubt = Literal["date_moved", "entry_in_text"]

AMOUNT: Final = (
    r"(?:\d[\d.,]{0,20}|,\d{1,4})"  # the form is digits, a comma and decimals; some banks write dots
)
_LINE: Final = re.compile(
    rf" ?(\d{{6}})(\d{{4}})? ?(RC|RD|EC|ED|C|D)([A-Z])?({AMOUNT}) ?(?=[NFS][A-Z0-9]|//|\s*$)"
    r"((?!NONREF)[NFS][A-Z0-9][A-Z0-9 ]{2})?(.*)",
    re.ASCII,
)
_FEBRUARY: Final = 2
_DAYS_OF_BANKS: Final = 30  # of every month, where interest is reckoned by 30/360
_SIMPLE: Final = frozenset(
    "code info name account bic address remittance extra return_code return_info".split()
)
_MONEY_OUT: Final = frozenset(("D", "RC", "ED"))  # RC takes back a credit
_NO_REFERENCE: Final = frozenset(
    "NONREF NOREF NOTPROVIDED NOT-PROVIDED EREF EREF+ KREF KREF+ MREF MREF+ MARF PREF PREF+ -1".split()
)
_COUNTING: Final = frozenset("123456789")
_OWNER_REF: Final = 16  # characters of the reference in SWIFT's form; Rabobank writes a name after it
_SHORTEST_IBAN: Final = 15  # Norway's
_LOST: Final = re.compile(r"\d{4}[RE]?[CD][A-Z]?\d{1,15},\d{0,2}[NFS]", re.ASCII)
_CODE_ALONE: Final = re.compile(r"\s*\d{3}\s*", re.ASCII)
_SUBFIELDS: Final = re.compile(r"\s*\d{3}[?~^<>+]\d\d", re.ASCII)
_ORIGINAL: Final = re.compile(r"([A-Z]{3}) ?([0-9]{1,15}(?:[.,][0-9]{0,4})?)", re.ASCII)


def reference(text: str | None) -> str | None:
    """A reference, or None for the words and zeros that banks write when there is none."""
    if not text:
        return None
    cleaned = text.strip()
    if cleaned[-1:] in _COUNTING and cleaned[0] != "-":
        return cleaned  # it is not zero, and no word for "none" but -1 ends like this
    word = cleaned.upper().replace(" ", "")
    return None if not word.strip("0") or word in _NO_REFERENCE else cleaned


@lru_cache(maxsize=4096)
def value_date(text: str) -> tuple[date, bool]:
    """The day of ``YYMMDD``, 2000 and later, and whether it had to be moved to the end of February.

    Banks that count every month as 30 days write 30 February. Other impossible days raise ValueError.
    """
    return _day(2000 + int(text[:2]), text[2:])


@lru_cache(maxsize=4096)
def entry_date(text: str, value: date) -> tuple[date, bool]:
    """The day of ``MMDD`` in the year that brings it nearest to the value date, as :func:`value_date`."""
    near: list[tuple[int, date, bool]] = []
    for year in (value.year - 1, value.year, value.year + 1):
        try:
            day, moved = _day(year, text)
        except ValueError:
            continue  # 29 February is no day of this year
        near.append((abs((day - value).days), day, moved))
    if not near:
        raise ValueError(f"{text!r} is no month and day")
    return min(near)[1:]


@lru_cache(maxsize=8192)  # gifts come in round sums
def amount_of(digits: str, currency: str) -> Money:
    """The amount of a :61:, a balance or a total. A comma alone is the decimal sign (SWIFT, field 61).

    Where a bank writes dots, both signs tell; ValueError for what can be read in two ways (``1.234``).
    """
    return parse_amount(digits.rstrip(".,"), currency, None if "." in digits else ",")


def _day(year: int, month_and_day: str) -> tuple[date, bool]:
    month, day = int(month_and_day[:2]), int(month_and_day[2:])
    try:
        if month == _FEBRUARY and calendar.monthrange(year, month)[1] < day <= _DAYS_OF_BANKS:
            return date(year, month, calendar.monthrange(year, month)[1]), True
        return date(year, month, day), False
    except ValueError as e:
        raise ValueError(f"{month_and_day!r} is no month and day") from e


def read_entry(raw: str, position: int, currency: str) -> tuple[Entry, list[Doubt]]:
    """The entry of ``:61:…`` and the ``:86:…`` lines after it, and what is doubtful about it.

    Raises ValueError, in words for people and without personal data, when date, mark or amount
    cannot be read.
    """
    head, *texts = raw.split("\n:86:")
    first, _, below = head[len(":61:") :].partition("\n")
    beside = tidy(below) if below else ""
    found = _LINE.match(first)
    if not found:
        raise ValueError(_what_is_wrong(first))
    day, entered, mark, _funds, digits, kind, refs = found.groups()
    value, moved = value_date(day)
    booked, moved_too = entry_date(entered, value) if entered else (value, False)
    amount = amount_of(digits, currency)
    amount = -amount if mark in _MONEY_OUT else amount
    told = _told(texts, returned=mark[0] == "R")
    own_ref, _, bank_ref = refs.partition("//")
    own_ref = _counterparty_in_61(told, own_ref.rstrip(), beside, has_bank_ref=bool(bank_ref))
    if not texts and beside not in (told.name, told.account):
        told.remittance = beside  # without :86: it is all that tells of the payment
    entry = Entry(  # by place: twelve names in a call took 2 us of the 13 that an entry takes
        position,
        booked,
        amount,
        value,
        "pending" if mark[0] == "E" else "booked",
        mark[0] == "R",
        reference(bank_ref),
        told.tx_id or reference(own_ref),
        _bank_code(kind, told.code),
        told.info or (beside if beside != told.remittance else None) or None,
        None,
        (_detail(told, amount),) if texts or beside or told.account else (),
        raw,
    )
    doubts: list[Doubt] = []
    if moved or moved_too:
        doubts.append("date_moved")
    if len(texts) > 1 and _hides_an_entry(texts):
        doubts.append("entry_in_text")
    return entry, doubts


def _hides_an_entry(texts: list[str]) -> bool:
    """Whether one of several texts holds what a damaged :61: line looks like."""
    return any(_LOST.search(text) for text in texts) or _SUBFIELDS.match(texts[0]) is not None


def _bank_code(kind: str | None, code: str | None) -> str | None:
    """SWIFT's type and the bank's own code of business: ``NTRF/166``."""
    return (f"{kind.strip()}/{code}" if code else kind.strip()) if kind else code


def _what_is_wrong(line: str) -> str:
    if not re.match(r"\d{6}", line, re.ASCII):
        return "it does not begin with a date of six digits"
    if not re.match(r"\d{6}(\d{4})? ?(R|E)?[CD]", line, re.ASCII):
        return "no mark C, D, RC or RD follows its date"
    return "its amount is not written as digits, a comma and decimals, followed by a type code"


def _told(texts: list[str], *, returned: bool) -> Told:
    if not texts:
        return Told()
    if len(texts) > 1 and _CODE_ALONE.fullmatch(texts[0]) and texts[1].startswith(texts[0].strip()):
        texts = texts[1:]  # ING Bank Śląski writes the code in a field of its own, and once more
    text = texts[0] if len(texts) == 1 else "\n".join(text.rstrip() for text in texts)
    return (
        mt940_text.numbered(text, returned=returned)
        or labels.slashed(text, returned=returned)
        or labels.labelled(text)
        or labels.dutch(text)
        or mt940_text.keyworded(mt940_text.flowing(text), returned=returned)
        or labels.plain(text)
    )


def _counterparty_in_61(told: Told, ref: str, beside: str, *, has_bank_ref: bool) -> str:
    """Take what Dutch banks put of the counterparty into :61:; gives back what is a reference.

    SNS and ASN write the account as the reference, the name below it and both again before the
    text; Rabobank an account of 16 places and a name, or the IBAN below.
    """
    if not beside and len(ref) < _SHORTEST_IBAN:
        return ref
    if iban.is_iban(beside):
        told.account = told.account or beside
    if iban.is_iban(ref):
        told.account, told.name = told.account or ref, told.name or beside or None
        return ""
    if ref and beside and told.account is None and told.remittance.startswith(f"{ref} {beside}"):
        told.account, told.name = ref, beside
        told.remittance = told.remittance[len(ref) + 1 + len(beside) :].strip()
        return ""
    if not has_bank_ref and told.name is None and ref[10:_OWNER_REF].isspace() and ref[_OWNER_REF:]:
        told.name = tidy(ref[_OWNER_REF:])
        told.account = told.account or reference(ref[:_OWNER_REF])
        return ""
    return ref


# ---------------------------------------------------------------- from words to a detail


def _detail(told: Told, amount: Money) -> Detail:
    if _SIMPLE.issuperset(vars(told)):  # as most are; each name in a call takes its time
        return Detail(
            0,
            amount,
            counterparty=_party(told),
            remittance=told.remittance,
            return_code=told.return_code,
            return_info=told.return_info,
            extra=told.extra,
        )
    return Detail(
        position=0,
        amount=amount,
        original=_other_amount(told, "original", amount) if told.original else None,
        counterparty=_party(told),
        end_to_end_id=told.end_to_end_id and reference(told.end_to_end_id),
        tx_id=told.tx_id and reference(told.tx_id),
        instruction_id=told.instruction_id and reference(told.instruction_id),
        mandate_id=told.mandate_id and reference(told.mandate_id),
        creditor_id=told.creditor_id and reference(told.creditor_id),
        batch_id=told.batch_id and reference(told.batch_id),
        virtual_account=told.virtual_account,
        remittance=told.remittance,
        references=told.references,
        purpose=told.purpose,
        return_code=told.return_code,
        return_info=told.return_info,
        charges=_other_amount(told, "charges", amount) if told.charges else None,
        extra=told.extra,
    )


def _party(told: Told) -> Party:
    if not (told.name or told.account or told.bic or told.ultimate or told.address):
        return NOBODY
    scheme = ("iban" if iban.is_iban(told.account) else "other") if told.account else None
    return Party(told.name, told.account, scheme, told.bic, told.ultimate, told.address)


def _other_amount(told: Told, name: str, amount: Money) -> Money | None:
    """An instructed amount or a charge such as ``USD13,50``; what cannot be read stays in ``extra``."""
    text: str = getattr(told, name)
    return _money(text, amount, keep=lambda: told.add(name, text))


def _money(text: str, amount: Money, *, keep: Callable[[], None]) -> Money | None:
    found = _ORIGINAL.fullmatch(text)
    if not found:
        keep()
        return None
    try:
        money = parse_amount(found[2].rstrip(".,"), found[1], "," if "," in found[2] else ".")
    except ValueError:
        keep()
        return None
    return -money if amount.minor < 0 else money
