"""What a :86: text of MT940 tells of a payment, in whichever dialect the bank writes it.

SWIFT leaves this field to the banks. Known here: numbered sub-fields after ``?`` (German
banks, Deutsche Kreditwirtschaft, DFÜ annex 3), ``~`` (PKO BP, ING PL), ``<`` (BPH, Alior),
``^``, ``>`` and ``+``; ``/KEY/`` (Dutch banks) and labels (mBank) in ``mt940_labels``.
A dialect is told by the first characters. It never fails: what it does not know is remittance.
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
_NUMBERED: Final = re.compile(r"\s*(?:(\d{3})?\s*([?~^<>])|(\d{3})(\+))(?=\n?\d\d)", re.ASCII)
_HARD, _SOFT = "\x1f", "\x1e"  # between chunks: one word went on, or two words met
_FULL_CHUNK: Final = 22  # sub-fields are 27 long; banks that break at words leave some free
_EMPTY: Final = frozenset(("˙", "ÿ", "\u00a0"))  # 0xFF, PKO's sign for an empty sub-field
_RETURNS: Final = frozenset(("108", "109", "159"))  # codes of business of SEPA returns
_NRB_AGAIN: Final = re.compile(r"(?:PL)?[0-9]{26}", re.ASCII)
_SAME_NAME: Final = 12  # characters of two sub-fields, by which one is the longer form of the other
_WIDTH: Final = 65  # of a line of :86:


class Told:
    """What one :86: text says; texts as the bank wrote them but for blanks, ids untested.

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

    def add(self, name: str, value: str) -> None:
        """Keep something that has no field of its own."""
        self.extra += ((name, value),)


def tidy(text: str) -> str:
    """``text`` with runs of blanks as one, and none at its ends."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(text.split())


def flowing(text: str) -> str:
    """A :86: text in one line: a full line was cut inside a word, a shorter one after it."""
    if "\n" not in text:
        return text
    lines = text.split("\n")
    return "".join(line if len(line) >= _WIDTH else f"{line} " for line in lines)


def return_reason(text: str) -> str | None:
    """The ISO 20022 reason of a return that stands in a text, such as ``AC04``."""
    found = _REASON.search(text)
    return found[1] if found else None


# ---------------------------------------------------------------- numbered sub-fields


def numbered(text: str, *, returned: bool) -> Told | None:
    """Read a text of numbered sub-fields; None when it is none.

    ``returned`` says that the :61: line has a reversal's mark.
    """
    start = _NUMBERED.match(text)
    if not start:
        return None
    sign = start[2] or start[4]
    parts = _parts(text[start.end() - 1 :].replace("\n", ""), sign)
    told = Told(start[1] or start[3])
    told.info = tidy(parts["00"]) or None if "00" in parts else None
    if _has_long_name(sign, parts):
        _name(told, sign, [parts.pop("27", ""), parts.pop("28", "")])
    else:
        _name(told, sign, [parts.get("32", ""), parts.get("33", "")])
    _bank_and_account(told, sign, parts)
    if sign == "~" and parts.get("62"):  # ING Bank Śląski: the rest of the address
        told.address = tidy(f"{told.address or ''} {parts.pop('62')}")
    title, others = _uses(tuple(parts), sign)
    _title(told, [parts[tag] for tag in title])
    _return(told, parts.get("34", ""), returned=returned)
    for tag in others:
        if parts[tag]:
            told.add(tag, parts[tag])
    return told


@lru_cache(maxsize=1024)  # a bank writes the same few sets of sub-fields
def _uses(tags: tuple[str, ...], sign: str) -> tuple[list[str], list[str]]:
    """Which sub-fields are of the title, and which have no field of their own."""
    title = [tag for tag in tags if tag[0] == "2" or (sign == "?" and "60" <= tag <= "63")]
    return title, [tag for tag in tags if tag >= "35" and tag != "38" and tag not in title]


@lru_cache(maxsize=8)
def _splitter(sign: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(sign)}(00|10|2\d|3\d|6\d|7\d)", re.ASCII)


def _parts(text: str, sign: str) -> dict[str, str]:
    """Sub-fields by number. The same number again is no sub-field but part of a text."""
    pieces = _splitter(sign).split(text)
    tags, values = pieces[1::2], pieces[2::2]
    parts = dict(zip(tags, values, strict=True))
    if len(parts) < len(tags):
        parts = _first_of_each(sign, tags, values)
    if not text.isascii():
        parts = {tag: "" if value in _EMPTY else value for tag, value in parts.items()}
    return parts


def _first_of_each(sign: str, tags: list[str], values: list[str]) -> dict[str, str]:
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
    """Whether 27 and 28 are a name: at BPH and Alior; at co-operative banks the long form of 32."""
    if sign in "?>" or "27" not in parts:
        return False
    short = parts.get("32", "")[:_SAME_NAME]
    return parts["27"].startswith(short) if short else sign == "<" and "32" not in parts


def _name(told: Told, sign: str, parts: list[str]) -> None:
    """Two sub-fields of a name, which at Polish banks goes on with the address.

    It begins with its street, else with the second sub-field when the first has room.
    """
    first, second = parts
    whole = tidy(_joined(parts))
    if sign in "?>":
        told.name = whole or None
        return
    name, *rest = STREET.split(whole, maxsplit=1)
    if rest:
        told.name, told.address = name, rest[0]
    elif len(first) >= _FULL_CHUNK or not first:
        told.name = whole or None
    else:
        told.name, told.address = tidy(first) or None, tidy(second) or None


def _bank_and_account(told: Told, sign: str, parts: dict[str, str]) -> None:
    bank = iban.without_blanks(parts.get("30", ""))
    account = iban.without_blanks(parts.get("31", ""))
    whole = account if iban.is_iban(account) else ""  # then 38 may be our own
    whole = whole or (iban.without_blanks(parts["38"]) if "38" in parts else "")
    if sign == "~" and _NRB_AGAIN.fullmatch(parts.get("29", "")):
        again = parts.pop("29")  # ING Bank Śląski, between the title and the bank
        whole = whole or again
    whole = whole or iban.polish_iban(bank, account) or account
    if BIC.fullmatch(bank):
        told.bic = bank
    elif bank and bank not in whole:
        told.add("sort_code", bank)
    told.account = (whole if sign == "^" else iban.from_nrb(whole)) or None


def _title(told: Told, chunks: list[str]) -> None:
    text = _joined(chunks, _HARD, _SOFT)
    if "+" not in text and "MTLG:" not in text:
        told.remittance = _unmarked(text)
        return
    for name, value in _keywords(text):
        _keep(told, name, value)
    told.remittance = told.remittance.strip()


def _unmarked(text: str) -> str:
    return tidy(text if text.isprintable() else text.replace(_HARD, "").replace(_SOFT, " "))


def _joined(chunks: list[str], hard: str = "", soft: str = " ") -> str:
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
_FIELD: Final = {
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


def _keywords(text: str) -> Iterator[tuple[str, str]]:
    """``EREF+…SVWZ+…`` as pairs, texts without a keyword under "". Once the payer's own text has
    begun, only a keyword at the start of a sub-field counts, and each only once: a payer may write one.
    """
    seen: set[str] = set()
    name, begun = "", 0
    for found in _KEYWORD.finditer(text):
        key = found[1] or found[2]
        inside = found.start() > 0 and text[found.start() - 1] == " "
        if key in seen or (inside and "SVWZ" in seen):
            continue
        yield from _valued(name, text[begun : found.start()])
        name, begun = key, found.end()
        seen.add(key)
    yield from _valued(name, text[begun:])


def _valued(name: str, value: str) -> Iterator[tuple[str, str]]:
    if name and name not in _TEXT_KEYS:
        value, _, beside = value.strip(f"{_HARD}{_SOFT}").partition(_SOFT)  # an id ends with a short chunk
        if beside:
            yield "", _unmarked(beside)
    value = _unmarked(value)
    if value:
        yield name, value


def _keep(told: Told, name: str, value: str) -> None:
    if name in ("", "SVWZ"):
        told.remittance = f"{told.remittance} {value}"
    elif name not in _FIELD:
        told.add(name, value)
    elif getattr(told, _FIELD[name]) is None:
        setattr(told, _FIELD[name], value)


def keyworded(text: str, *, returned: bool) -> Told | None:
    """Read ``EREF+… SVWZ+…`` without numbers around it; None when the text does not begin so."""
    if not _KEYWORD.match(text):
        return None
    told = Told()
    for name, value in _keywords(text):
        _keep(told, name, value)
    told.remittance = told.remittance.strip()
    _return(told, "", returned=returned)
    return told


def _return(told: Told, suffix: str, *, returned: bool) -> None:
    """A return's reason: the bank's own three digits of ?34, else the ISO code in the text."""
    own = suffix.strip()
    is_return = returned or told.code in _RETURNS
    if not (is_return or (own and re.fullmatch(r"9\d\d", own, re.ASCII))):
        return
    text = f"{told.remittance} {told.return_info or ''}"
    reason = return_reason(text)
    told.return_code = own if own.strip("0") else reason
    told.return_info = told.return_info or told.remittance or None
    if reason and reason != told.return_code:
        told.add("return_reason", reason)
