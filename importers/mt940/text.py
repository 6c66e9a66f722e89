"""Read a :86: text of MT940 about a payment, in whichever dialect the bank writes it.

SWIFT leaves this field to the banks. Known here: numbered sub-fields after ``?`` (German
banks, Deutsche Kreditwirtschaft, DFÜ annex 3), ``~`` (PKO BP, ING PL), ``<`` (BPH, Alior),
``^``, ``>`` and ``+``; ``/KEY/`` (Dutch banks) and labels (mBank) are in ``labels.py``.
The first characters show the dialect. Reading never fails: an unknown text is remittance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from importers import iban

BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
STREET: Final = re.compile(r" (?=(?:UL|AL|OS|PL)\. ?)", re.IGNORECASE)  # where a Polish address begins
# ISO 20022 external return reasons that banks quote in the middle of a text
_REASON: Final = re.compile(
    r"(?<![A-Z0-9])(A[CGM][0-9]{2}|BE0[0-9]|CNOR|DNOR|DT0[0-9]|ED0[0-9]|FF0[0-9]|FOCR|M[DS]0[0-9]|"
    r"R[CR]0[0-9]|SL[01][0-9]|TM01|CURR|DUPL|TECH|CUST|NOAS|NOOR)(?![A-Z0-9])",
    re.ASCII,
)
_SUBFIELDS_START: Final = re.compile(r"\s*(?:(\d{3})?\s*([?~^<>])|(\d{3})(\+))(?=\n?\d\d)", re.ASCII)
_HARD, _SOFT = "\x1f", "\x1e"  # between chunks: one word went on, or two words met
_FULL_CHUNK: Final = 22  # sub-fields are 27 long; banks that break at words leave some free
_EMPTY_SIGNS: Final = frozenset(("˙", "ÿ", "\u00a0"))  # 0xFF, PKO's sign for an empty sub-field
_RETURN_CODES: Final = frozenset(("108", "109", "159"))  # codes of business of SEPA returns
_NRB_AGAIN: Final = re.compile(r"(?:PL)?[0-9]{26}", re.ASCII)
_SAME_NAME: Final = 12  # characters of two sub-fields, by which one is the longer form of the other
_WIDTH: Final = 65  # of a line of :86:


class PaymentText:
    """What one :86: text holds; texts as the bank wrote them but for blanks, ids untested.

    Not a dataclass: a hundred thousand are made for a large file, with three or four fields each,
    and what is not set costs nothing as an attribute of the class.
    """

    info: str | None = None
    name: str | None = None
    account: str | None = None
    bic: str | None = None
    address: str | None = None
    ultimate: str | None = None
    remittance: str = ""
    end_to_end_id: str | None = None
    instruction_id: str | None = None
    mandate_id: str | None = None
    creditor_id: str | None = None
    batch_id: str | None = None
    tx_id: str | None = None
    virtual_account: str | None = None
    purpose: str | None = None
    return_code: str | None = None
    return_info: str | None = None
    original: str | None = None
    charges: str | None = None
    references: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    def __init__(self, code: str | None = None) -> None:
        self.code = code

    def add_extra(self, name: str, value: str) -> None:
        """Keep something that has no field of its own."""
        self.extra += ((name, value),)


def tidy_text(text: str) -> str:
    """Return ``text`` with runs of blanks as one, and none at its ends."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(text.split())


def join_lines(text: str) -> str:
    """Return a :86: text in one line: a full line was cut inside a word, a shorter one after it."""
    if "\n" not in text:
        return text
    lines = text.split("\n")
    return "".join(line if len(line) >= _WIDTH else f"{line} " for line in lines)


def find_return_reason(text: str) -> str | None:
    """Return the ISO 20022 reason of a return that stands in a text, such as ``AC04``."""
    match = _REASON.search(text)
    return match[1] if match else None


# ---------------------------------------------------------------- numbered sub-fields


def read_subfields(text: str, *, is_return: bool) -> PaymentText | None:
    """Return what a text of numbered sub-fields holds; None for other texts.

    ``is_return`` says that the :61: line has a reversal's mark.
    """
    start = _SUBFIELDS_START.match(text)
    if not start:
        return None
    sign = start[2] or start[4]
    parts = _split_subfields(text[start.end() - 1 :].replace("\n", ""), sign)
    payment = PaymentText(start[1] or start[3])
    payment.info = tidy_text(parts["00"]) or None if "00" in parts else None
    if _has_long_name(sign, parts):
        _set_name(payment, sign, [parts.pop("27", ""), parts.pop("28", "")])
    else:
        _set_name(payment, sign, [parts.get("32", ""), parts.get("33", "")])
    _set_bank_and_account(payment, sign, parts)
    if sign == "~" and parts.get("62"):  # ING Bank Śląski: the rest of the address
        payment.address = tidy_text(f"{payment.address or ''} {parts.pop('62')}")
    title, others = _group_tags(tuple(parts), sign)
    _set_remittance(payment, [parts[tag] for tag in title])
    _set_return(payment, parts.get("34", ""), is_return=is_return)
    for tag in others:
        if parts[tag]:
            payment.add_extra(tag, parts[tag])
    return payment


@lru_cache(maxsize=1024)  # a bank writes the same few sets of sub-fields
def _group_tags(tags: tuple[str, ...], sign: str) -> tuple[list[str], list[str]]:
    """Return which sub-fields are of the remittance, and which have no field of their own."""
    title = [tag for tag in tags if tag[0] == "2" or (sign == "?" and "60" <= tag <= "63")]
    return title, [tag for tag in tags if tag >= "35" and tag != "38" and tag not in title]


@lru_cache(maxsize=8)
def _make_splitter(sign: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(sign)}(00|10|2\d|3\d|6\d|7\d)", re.ASCII)


def _split_subfields(text: str, sign: str) -> dict[str, str]:
    """Return sub-fields by number. The same number again is no sub-field but part of a text."""
    pieces = _make_splitter(sign).split(text)
    tags, values = pieces[1::2], pieces[2::2]
    parts = dict(zip(tags, values, strict=True))
    if len(parts) < len(tags):
        parts = _keep_first_of_each(sign, tags, values)
    if not text.isascii():
        parts = {tag: "" if value in _EMPTY_SIGNS else value for tag, value in parts.items()}
    return parts


def _keep_first_of_each(sign: str, tags: list[str], values: list[str]) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    last = ""
    for tag, value in zip(tags, values, strict=True):
        if tag in parts:
            parts[last].append(f"{sign}{tag}{value}")
        else:
            parts[tag] = [value]
            last = tag
    return {tag: "".join(pieces) for tag, pieces in parts.items()}


def _has_long_name(sign: str, parts: Mapping[str, str]) -> bool:
    """Return whether 27 and 28 are a name: at BPH and Alior; at co-operative banks the long form of 32."""
    if sign in "?>" or "27" not in parts:
        return False
    short = parts.get("32", "")[:_SAME_NAME]
    return parts["27"].startswith(short) if short else sign == "<" and "32" not in parts


def _set_name(payment: PaymentText, sign: str, parts: list[str]) -> None:
    """Set the name from two sub-fields, which at Polish banks go on with the address.

    The address begins at its street, else with the second sub-field where the first is not full.
    """
    first, second = parts
    whole = tidy_text(_join_chunks(parts))
    if sign in "?>":
        payment.name = whole or None
        return
    name, *rest = STREET.split(whole, maxsplit=1)
    if rest:
        payment.name, payment.address = name, rest[0]
    elif len(first) >= _FULL_CHUNK or not first:
        payment.name = whole or None
    else:
        payment.name, payment.address = tidy_text(first) or None, tidy_text(second) or None


def _set_bank_and_account(payment: PaymentText, sign: str, parts: dict[str, str]) -> None:
    bank = iban.remove_blanks(parts.get("30", ""))
    account = iban.remove_blanks(parts.get("31", ""))
    whole = account if iban.is_iban(account) else ""  # then 38 may be our own
    whole = whole or (iban.remove_blanks(parts["38"]) if "38" in parts else "")
    if sign == "~" and _NRB_AGAIN.fullmatch(parts.get("29", "")):
        again = parts.pop("29")  # ING Bank Śląski, between the title and the bank
        whole = whole or again
    whole = whole or iban.build_polish_iban(bank, account) or account
    if BIC.fullmatch(bank):
        payment.bic = bank
    elif bank and bank not in whole:
        payment.add_extra("sort_code", bank)
    payment.account = (whole if sign == "^" else iban.complete_nrb(whole)) or None


def _set_remittance(payment: PaymentText, chunks: list[str]) -> None:
    text = _join_chunks(chunks, _HARD, _SOFT)
    if "+" not in text and "MTLG:" not in text:
        payment.remittance = _drop_marks(text)
        return
    for name, value in _split_keywords(text):
        _keep_value(payment, name, value)
    payment.remittance = payment.remittance.strip()


def _drop_marks(text: str) -> str:
    return tidy_text(text if text.isprintable() else text.replace(_HARD, "").replace(_SOFT, " "))


def _join_chunks(chunks: list[str], hard: str = "", soft: str = " ") -> str:
    pieces = list(filter(None, chunks))
    if len(pieces) <= 1:
        return pieces[0] if pieces else ""
    *others, last = pieces
    return "".join([chunk + (hard if len(chunk) >= _FULL_CHUNK else soft) for chunk in others]) + last


# ---------------------------------------------------------------- SEPA keywords

_KEYWORD: Final = re.compile(
    r"(?:^|(?<=[\x1e\x1f ]))(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|ANAM|IBAN|BIC|RREF|PREF|"
    r"SQTP|ORCR|PURP|MDAT)\+|(?:^|(?<=[\x1e\x1f ]))(MTLG):",
    re.ASCII,
)
_TEXT_KEYS: Final = frozenset(("SVWZ", "ABWA", "ABWE", "ANAM", "MTLG"))
_KEYWORD_FIELDS: Final = {
    "EREF": "end_to_end_id",
    "KREF": "instruction_id",
    "MREF": "mandate_id",
    "CRED": "creditor_id",
    "PREF": "batch_id",
    "RREF": "tx_id",
    "PURP": "purpose",
    "OAMT": "original",
    "COAM": "charges",
    "MTLG": "return_info",
    "ABWA": "ultimate",
    "ANAM": "ultimate",
    "IBAN": "account",
    "BIC": "bic",
}


def _split_keywords(text: str) -> Iterator[tuple[str, str]]:
    """Return ``EREF+…SVWZ+…`` as pairs, texts without a keyword under "".

    Once the payer's own text has begun, a keyword counts only at the start of a sub-field, and each
    only once: a payer may write one.
    """
    keys: set[str] = set()
    name, value_start = "", 0
    for match in _KEYWORD.finditer(text):
        key = match[1] or match[2]
        is_inside = match.start() > 0 and text[match.start() - 1] == " "
        if key in keys or (is_inside and "SVWZ" in keys):
            continue
        yield from _split_value(name, text[value_start : match.start()])
        name, value_start = key, match.end()
        keys.add(key)
    yield from _split_value(name, text[value_start:])


def _split_value(name: str, value: str) -> Iterator[tuple[str, str]]:
    if name and name not in _TEXT_KEYS:
        value, _, beside = value.strip(f"{_HARD}{_SOFT}").partition(_SOFT)  # an id ends with a short chunk
        if beside:
            yield "", _drop_marks(beside)
    value = _drop_marks(value)
    if value:
        yield name, value


def _keep_value(payment: PaymentText, name: str, value: str) -> None:
    if name in ("", "SVWZ"):
        payment.remittance = f"{payment.remittance} {value}"
    elif name not in _KEYWORD_FIELDS:
        payment.add_extra(name, value)
    elif getattr(payment, _KEYWORD_FIELDS[name]) is None:
        setattr(payment, _KEYWORD_FIELDS[name], value)


def read_keywords(text: str, *, is_return: bool) -> PaymentText | None:
    """Return what ``EREF+… SVWZ+…`` without numbers holds; None when the text does not begin so."""
    if not _KEYWORD.match(text):
        return None
    payment = PaymentText()
    for name, value in _split_keywords(text):
        _keep_value(payment, name, value)
    payment.remittance = payment.remittance.strip()
    _set_return(payment, "", is_return=is_return)
    return payment


def _set_return(payment: PaymentText, suffix: str, *, is_return: bool) -> None:
    """Set a return's reason: the bank's own three digits of ?34, else the ISO code in the text."""
    own = suffix.strip()
    has_return_code = payment.code in _RETURN_CODES
    if not (is_return or has_return_code or (own and re.fullmatch(r"9\d\d", own, re.ASCII))):
        return
    text = f"{payment.remittance} {payment.return_info or ''}"
    reason = find_return_reason(text)
    payment.return_code = own if own.strip("0") else reason
    payment.return_info = payment.return_info or payment.remittance or None
    if reason and reason != payment.return_code:
        payment.add_extra("return_reason", reason)
