"""The :86: dialects of MT940 that name their parts by words: ``/NAME/…`` and ``OD: …; TYT.: …``.

Like ``mt940_text`` it never fails: a text without such words is remittance as it stands.
"""

from __future__ import annotations

import re
from typing import Final

from importers import iban
from importers.mt940.text import BIC, STREET, Told, flowing, return_reason, tidy

_MOST: Final = 60  # parts of one text: no bank writes half as many, and behind them all is one text

# ---------------------------------------------------------------- /KEY/value

_KEYS: Final = (
    "ACCW|ADDR|BENM|BIC|BO|CHGS|CHRG|CNTP|CREF|CSID|EREF|EXCH|IBAN|ID|INIT|IREF|ISDT|KREF|MARF|MSGID|NAME|"
    "NRTX|OCMT|ORDP|PREF|PURP|RCMT|REMI|RREF|RTRN|RTYP|SVCL|TRCD|TRTP|ULTB|ULTC|ULTD"
)
_SLASHED: Final = re.compile(rf"/({_KEYS})(?=/)", re.ASCII)
_SLASHED_START: Final = re.compile(rf"\s*(\d{{3}})?\s*/({_KEYS})/", re.ASCII)
_SIDES: Final = frozenset(("ORDP", "BENM", "ULTD", "ULTC", "ULTB"))
_ACCOUNT: Final = re.compile(
    r"(?:[A-Z]{2})?[0-9]{6}[A-Z0-9-]{0,28}|[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII
)
_SLASHED_FIELD: Final = {
    "TRTP": "info",
    "IBAN": "account",
    "BIC": "bic",
    "EREF": "end_to_end_id",
    "KREF": "instruction_id",
    "IREF": "instruction_id",
    "MARF": "mandate_id",
    "CSID": "creditor_id",
    "PREF": "batch_id",
    "OCMT": "original",
    "RCMT": "original",  # Nordic banks
    "CHGS": "charges",
    "CHRG": "charges",
    "RREF": "tx_id",
    "ADDR": "address",
}


def slashed(text: str, *, returned: bool) -> Told | None:
    """Read ``/TRTP/…/IBAN/…/NAME/…/REMI/…`` (ABN AMRO, ING NL, Rabobank); None when it is none."""
    start = _SLASHED_START.match(text)
    if not start:
        return None
    pieces = _SLASHED.split(flowing(text), maxsplit=_MOST)
    told = Told(start[1])
    side = ""
    for key, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        value = tidy(piece.strip("/ "))
        if key in _SIDES:
            side = key
            _keep_side(told, value, ultimate=side.startswith("ULT"))
        elif value:
            _keep_slashed(told, key, value, ultimate=side.startswith("ULT"))
    if returned and told.return_code is None:
        told.return_code = return_reason(told.remittance)
    if told.account:
        told.account = iban.without_blanks(told.account)
    return told


def _keep_side(told: Told, value: str, *, ultimate: bool) -> None:
    """``account/name/text`` of a party without keys of its own, as banks of the Balkans and T24 write it."""
    parts = [part for piece in value.split("/") if (part := piece.strip()) and part != "EMPTY"]
    if parts and not ultimate and _ACCOUNT.fullmatch(iban.without_blanks(parts[0])):
        told.account = told.account or parts[0]
        del parts[0]
    if parts and ultimate:
        told.ultimate = told.ultimate or " ".join(parts)
    elif parts:
        told.name = told.name or parts[0]
        _remittance(told, " ".join(parts[1:]))


def _keep_slashed(told: Told, key: str, value: str, *, ultimate: bool) -> None:
    if key == "NAME":
        if ultimate:
            told.ultimate = told.ultimate or value
        else:
            told.name = told.name or value
    elif key == "REMI":
        _remittance(told, value)
    elif key == "CNTP":
        _counterparty(told, value)
    elif key == "RTRN":
        told.return_code, _, info = value.partition("/")
        told.return_info = info.strip("/ ") or None
    elif key == "PURP":
        told.purpose = value.removeprefix("CD/")
    elif key in ("OCMT", "CHGS") and "/" in value:
        amount, _, rest = value.partition("/")
        _keep_slashed(told, key, amount, ultimate=False)
        _remittance(told, rest)  # HSBC writes the payer's text behind it, without a key
    elif key in _SLASHED_FIELD and getattr(told, _SLASHED_FIELD[key]) is None:
        setattr(told, _SLASHED_FIELD[key], value)
    else:
        told.add(key, value)


def _remittance(told: Told, value: str) -> None:
    """ING NL tells free from structured: ``USTD//text``, ``STRD/CUR/9876123456789012``."""
    if value.startswith("STRD/"):
        _, kind, number = [*value.split("/", 2), "", ""][:3]
        told.references += ((kind, number.strip("/ ")),)
        value = number.strip("/ ")
    text = value.removeprefix("USTD/").strip("/ ")
    told.remittance = f"{told.remittance} {text}".strip()


def _counterparty(told: Told, value: str) -> None:
    """``account/BIC/name/city``, each of them perhaps empty."""
    account, bic, name, city = [part.strip() for part in [*value.split("/"), "", "", ""][:4]]
    told.account = told.account or account or None
    told.bic = told.bic or (bic if BIC.fullmatch(bic) else None)
    told.name = told.name or name or None
    told.address = told.address or city or None


# ---------------------------------------------------------------- Polish labels

_LABEL: Final = re.compile(
    r"(?:^|;)\s*(ID IPH|Z RACH\.|NA RACH\.|OD|DLA|TYT\.|DATA STEMPLA|TNR)\s?:", re.IGNORECASE
)
_LABELS: Final = re.compile(r" RACH\.:|TYT\.:|TNR:|ID IPH:", re.IGNORECASE)
_LABELLED_HEAD: Final = re.compile(r"\s*(\d{3})?\s*(.*)", re.ASCII | re.DOTALL)


def labelled(text: str) -> Told | None:
    """Read ``911 …; Z RACH.: nrb; OD: name; TYT.: title; TNR: id`` (mBank); None when it is none.

    ``ID IPH`` is the payer's own account of mBank's mass payments. TNR is the same in MT942
    and MT940 (mBank support, quoted in mt-940's documentation).
    """
    if not _LABELS.search(text):
        return None
    line = flowing(text)
    head, *pieces = _LABEL.split(line, maxsplit=_MOST)
    if not pieces:
        return None
    code = _LABELLED_HEAD.match(head)
    told = Told(code[1] if code else None)
    told.info = (tidy(code[2]).rstrip("; ") or None) if code else None
    for label, piece in zip(pieces[0::2], pieces[1::2], strict=True):
        _keep_labelled(told, label, piece)
    return told


def _keep_labelled(told: Told, written: str, piece: str) -> None:
    label = written.upper()
    value = tidy(piece).rstrip("; ")
    if label == "TNR":
        told.tx_id = "".join(value.split()) or told.tx_id  # the bank's own comes last
    elif label.endswith("RACH."):
        told.account = told.account or iban.from_nrb(iban.without_blanks(value)) or None
    elif label in ("OD", "DLA") and told.name is None:
        _name_and_address(told, piece)
    elif label == "ID IPH":
        told.virtual_account = told.virtual_account or iban.without_blanks(value) or None
    elif label == "DATA STEMPLA":
        told.add("stamped", value)
    elif label == "TYT.":
        told.remittance = f"{told.remittance} {value}".strip()
    else:
        told.remittance = f"{told.remittance}; {written}: {value}"  # the payer's own words


def _name_and_address(told: Told, piece: str) -> None:
    """Two blanks part the name from the address, where nobody cut them off."""
    name, _, address = piece.strip().partition("  ")
    if not address:
        name, *rest = STREET.split(tidy(piece), maxsplit=1)
        address = "".join(rest)
    told.name = tidy(name).rstrip("; ") or None
    told.address = tidy(address).rstrip("; ") or None


# ---------------------------------------------------------------- Dutch labels

_DUTCH: Final = re.compile(r"(?:^|[\s/])(REK|IBAN|BIC|NAAM|OMSCHRIJVING|KENMERK|MACHTIGING|INCASSANT):")
_DUTCH_START: Final = re.compile(r"(?:^|\s)(?:REK|IBAN): ?[A-Z]{2}[0-9]{2}[A-Z]{4}", re.ASCII)
_DUTCH_FIELD: Final = {
    "REK": "account",
    "IBAN": "account",
    "BIC": "bic",
    "NAAM": "name",
    "OMSCHRIJVING": "remittance",
    "KENMERK": "end_to_end_id",
    "MACHTIGING": "mandate_id",
    "INCASSANT": "creditor_id",
}


def dutch(text: str) -> Told | None:
    """Read ``REK: NL…/NAAM: …`` (Knab) and ``IBAN: … NAAM: … OMSCHRIJVING: …``; None when it is none."""
    if not _DUTCH_START.search(text):
        return None
    head, *pieces = _DUTCH.split(flowing(text), maxsplit=_MOST)
    told = Told()
    for label, piece in zip(pieces[0::2], pieces[1::2], strict=True):
        name, value = _DUTCH_FIELD[label], tidy(piece).rstrip("/ ")
        if not getattr(told, name):
            setattr(told, name, value or ("" if name == "remittance" else None))
    if told.remittance:
        told.info = tidy(head) or None
    else:
        told.remittance = tidy(head)
    return told


def plain(text: str) -> Told:
    """Any other text: the remittance; three digits before it are the German code of business."""
    line = tidy(flowing(text))
    told = Told("999" if line.startswith("999") and not line[3:4].isspace() else None)
    told.remittance = line[3:] if told.code else line
    return told
