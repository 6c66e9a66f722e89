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
from importers.codes import EntryFault
from importers.mt940 import labels
from importers.mt940 import text as mt940_text
from importers.mt940.text import PaymentText, tidy_text
from importers.statement import NOBODY, Detail, Entry, Party, UnreadableEntry
from importers.text import parse_amount

Doubt = Literal["date_moved", "entry_in_text"]

AMOUNT: Final = (
    r"(?:0{0,30}\d[\d.,]{0,20}|,\d{1,4})"  # digits, a comma, decimals; some banks write dots, or zeros before
)
_LINE: Final = re.compile(
    rf" ?(\d{{6}})(\d{{4}})? ?(RC|RD|EC|ED|C|D)([A-Z])?({AMOUNT}) ?(?=[NFS][A-Z0-9]|S {{3}}|//|\s*$)"
    r"((?!NONREF)[NFS][A-Z0-9][A-Z0-9 ]{2}|S {3})?(.*)",
    re.ASCII,
)
_FEBRUARY: Final = 2
_DAYS_OF_BANKS: Final = 30  # of every month, where interest is reckoned by 30/360
_SIMPLE_FIELDS: Final = frozenset(
    "code info name account bic address remittance extra return_code return_info".split()
)
_MONEY_OUT: Final = frozenset(("D", "RC", "ED"))  # RC takes back a credit
_NO_REFERENCE: Final = frozenset(
    "NONREF NOREF NOTPROVIDED NOT-PROVIDED EREF EREF+ KREF KREF+ MREF MREF+ MARF PREF PREF+ -1".split()
)
_COUNTING_DIGITS: Final = frozenset("123456789")
_OWNER_REF: Final = 16  # characters of the reference in SWIFT's form; Rabobank writes a name after it
_SHORTEST_IBAN: Final = 15  # Norway's
_DAMAGED_ROW: Final = re.compile(r"\d{4}[RE]?[CD][A-Z]?\d{1,15},\d{0,2}[NFS]", re.ASCII)
_CODE_ALONE: Final = re.compile(r"\s*\d{3}\s*", re.ASCII)
_SUBFIELDS: Final = re.compile(r"\s*\d{3}[?~^<>+]\d\d", re.ASCII)
_ORIGINAL_AMOUNT: Final = re.compile(r"([A-Z]{3}) ?([0-9]{1,15}(?:[.,][0-9]{0,4})?)", re.ASCII)


def read_reference(text: str | None) -> str | None:
    """Return a reference, or None for the words and zeros that banks write when there is none."""
    if not text:
        return None
    ref = text.strip()
    if ref[-1:] in _COUNTING_DIGITS and ref[0] != "-":
        return ref  # it is not zero, and no word for "none" but -1 ends like this
    word = ref.upper().replace(" ", "")
    return None if not word.strip("0") or word in _NO_REFERENCE else ref


@lru_cache(maxsize=4096)
def read_value_date(text: str) -> tuple[date, bool]:
    """Return the day of ``YYMMDD``, 2000 and later, and whether it was moved to the end of February.

    Banks that count every month as 30 days write 30 February. Raise ValueError for other impossible days.
    """
    return _read_day(2000 + int(text[:2]), text[2:])


@lru_cache(maxsize=4096)
def read_entry_date(text: str, value: date) -> tuple[date, bool]:
    """Return the day of ``MMDD`` nearest to the value date, and whether it was moved, as read_value_date."""
    near: list[tuple[int, date, bool]] = []
    for year in (value.year - 1, value.year, value.year + 1):
        try:
            day, is_moved = _read_day(year, text)
        except ValueError:
            continue  # 29 February is no day of this year
        near.append((abs((day - value).days), day, is_moved))
    if not near:
        raise UnreadableEntry("month_and_day", text=repr(text))
    return min(near)[1:]


@lru_cache(maxsize=8192)  # gifts come in round sums
def read_amount(digits: str, currency: str) -> Money:
    """Return the amount of a :61:, a balance or a total. A comma alone is the decimal sign (SWIFT, field 61).

    Where a bank writes dots, both signs are looked at; raise ValueError for what can be read in two ways
    (``1.234``).
    """
    return parse_amount(digits.rstrip(".,"), currency, None if "." in digits else ",")


def _read_day(year: int, month_and_day: str) -> tuple[date, bool]:
    month, day = int(month_and_day[:2]), int(month_and_day[2:])
    try:
        if month == _FEBRUARY and calendar.monthrange(year, month)[1] < day <= _DAYS_OF_BANKS:
            return date(year, month, calendar.monthrange(year, month)[1]), True
        return date(year, month, day), False
    except ValueError as e:
        raise UnreadableEntry("month_and_day", text=repr(month_and_day)) from e


# The id that Wise writes in the line below: TRANSFER-9001, FEE-TRANSFER-9001, CARD-71.
_ID_BELOW: Final = re.compile(r"(?:[A-Z_]{3,15}-){1,2}[0-9]{2,15}", re.ASCII)


def read_entry(raw: str, position: int, currency: str) -> tuple[Entry, list[Doubt]]:
    """Return the entry of ``:61:…`` and the ``:86:…`` lines after it, and what is doubtful about it.

    Raise ValueError, in words for people and without personal data, when date, mark or amount
    cannot be read.
    """
    head, *texts = raw.split("\n:86:")
    first, _, below = head[len(":61:") :].partition("\n")
    beside = tidy_text(below) if below else ""
    match = _LINE.match(first)
    if not match:
        raise UnreadableEntry(_find_fault(first))
    value_text, entry_text, mark, _funds, digits, kind, refs = match.groups()
    value_on, is_moved = read_value_date(value_text)
    booked_on, is_moved_too = read_entry_date(entry_text, value_on) if entry_text else (value_on, False)
    amount = read_amount(digits, currency)
    amount = -amount if mark in _MONEY_OUT else amount
    payment = _read_text(texts, is_return=mark[0] == "R")
    own_ref, _, bank_ref = refs.partition("//")
    if not bank_ref and _ID_BELOW.fullmatch(beside):
        bank_ref, beside = beside, ""
    own_ref = _take_counterparty(payment, own_ref.rstrip(), beside, has_bank_ref=bool(bank_ref))
    if not texts and beside not in (payment.name, payment.account):
        payment.remittance = beside  # without :86: it is all that tells of the payment
    entry = Entry(  # by place: twelve names in a call took 2 us of the 13 that an entry takes
        position,
        booked_on,
        amount,
        value_on,
        "pending" if mark[0] == "E" else "booked",
        mark[0] == "R",
        read_reference(bank_ref),
        payment.tx_id or read_reference(own_ref),
        _join_bank_code(kind, payment.code),
        payment.info or (beside if beside != payment.remittance else None) or None,
        None,
        (_make_detail(payment, amount),) if texts or beside or payment.account else (),
        raw,
    )
    doubts: list[Doubt] = []
    if is_moved or is_moved_too:
        doubts.append("date_moved")
    if len(texts) > 1 and _hides_an_entry(texts):
        doubts.append("entry_in_text")
    return entry, doubts


def _hides_an_entry(texts: list[str]) -> bool:
    """Return whether one of several texts holds what a damaged :61: line looks like."""
    return any(_DAMAGED_ROW.search(text) for text in texts) or _SUBFIELDS.match(texts[0]) is not None


def _join_bank_code(kind: str | None, code: str | None) -> str | None:
    """Return SWIFT's type and the bank's own code of business: ``NTRF/166``."""
    return (f"{kind.strip()}/{code}" if code else kind.strip()) if kind else code


def _find_fault(line: str) -> EntryFault:
    if not re.match(r"\d{6}", line, re.ASCII):
        return "line_without_date"
    if not re.match(r"\d{6}(\d{4})? ?(R|E)?[CD]", line, re.ASCII):
        return "line_without_mark"
    return "line_without_amount"


def _read_text(texts: list[str], *, is_return: bool) -> PaymentText:
    if not texts:
        return PaymentText()
    if len(texts) > 1 and _CODE_ALONE.fullmatch(texts[0]) and texts[1].startswith(texts[0].strip()):
        texts = texts[1:]  # ING Bank Śląski writes the code in a field of its own, and once more
    text = texts[0] if len(texts) == 1 else "\n".join(text.rstrip() for text in texts)
    return (
        mt940_text.read_subfields(text, is_return=is_return)
        or labels.read_slash_keys(text, is_return=is_return)
        or labels.read_polish_labels(text)
        or labels.read_dutch_labels(text)
        or mt940_text.read_keywords(mt940_text.join_lines(text), is_return=is_return)
        or labels.read_plain_text(text)
    )


def _take_counterparty(payment: PaymentText, ref: str, beside: str, *, has_bank_ref: bool) -> str:
    """Move what Dutch banks put of the counterparty into :61: to ``payment``; return what is a reference.

    SNS and ASN write the account as the reference, the name below it and both again before the
    text; Rabobank an account of 16 places and a name, or the IBAN below.
    """
    if not beside and len(ref) < _SHORTEST_IBAN:
        return ref
    if iban.is_iban(beside):
        payment.account = payment.account or beside
    if iban.is_iban(ref):
        payment.account, payment.name = payment.account or ref, payment.name or beside or None
        return ""
    if ref and beside and payment.account is None and payment.remittance.startswith(f"{ref} {beside}"):
        payment.account, payment.name = ref, beside
        payment.remittance = payment.remittance[len(ref) + 1 + len(beside) :].strip()
        return ""
    if not has_bank_ref and payment.name is None and ref[10:_OWNER_REF].isspace() and ref[_OWNER_REF:]:
        payment.name = tidy_text(ref[_OWNER_REF:])
        payment.account = payment.account or read_reference(ref[:_OWNER_REF])
        return ""
    return ref


# ---------------------------------------------------------------- from words to a detail


def _make_detail(payment: PaymentText, amount: Money) -> Detail:
    if _SIMPLE_FIELDS.issuperset(vars(payment)):  # as most are; each name in a call takes its time
        return Detail(
            0,
            amount,
            counterparty=_make_party(payment),
            remittance=payment.remittance,
            return_code=payment.return_code,
            return_info=payment.return_info,
            extra=payment.extra,
        )
    return Detail(
        position=0,
        amount=amount,
        original=_read_other_amount(payment, "original", amount) if payment.original else None,
        counterparty=_make_party(payment),
        end_to_end_id=payment.end_to_end_id and read_reference(payment.end_to_end_id),
        tx_id=payment.tx_id and read_reference(payment.tx_id),
        instruction_id=payment.instruction_id and read_reference(payment.instruction_id),
        mandate_id=payment.mandate_id and read_reference(payment.mandate_id),
        creditor_id=payment.creditor_id and read_reference(payment.creditor_id),
        batch_id=payment.batch_id and read_reference(payment.batch_id),
        virtual_account=payment.virtual_account,
        remittance=payment.remittance,
        references=payment.references,
        purpose=payment.purpose,
        return_code=payment.return_code,
        return_info=payment.return_info,
        charges=_read_other_amount(payment, "charges", amount) if payment.charges else None,
        extra=payment.extra,
    )


def _make_party(payment: PaymentText) -> Party:
    if not (payment.name or payment.account or payment.bic or payment.ultimate or payment.address):
        return NOBODY
    scheme = ("iban" if iban.is_iban(payment.account) else "other") if payment.account else None
    return Party(payment.name, payment.account, scheme, payment.bic, payment.ultimate, payment.address)


def _read_other_amount(payment: PaymentText, name: str, amount: Money) -> Money | None:
    """Return an instructed amount or charge such as ``USD13,50``; what cannot be read stays in ``extra``."""
    text: str = getattr(payment, name)
    return _read_money(text, amount, keep=lambda: payment.add_extra(name, text))


def _read_money(text: str, amount: Money, *, keep: Callable[[], None]) -> Money | None:
    match = _ORIGINAL_AMOUNT.fullmatch(text)
    if not match:
        keep()
        return None
    try:
        money = parse_amount(match[2].rstrip(".,"), match[1], "," if "," in match[2] else ".")
    except ValueError:
        keep()
        return None
    return -money if amount.minor < 0 else money
