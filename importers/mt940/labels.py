"""Read the :86: dialects of MT940 that name their parts by words: ``/NAME/…`` and ``OD: …; TYT.: …``.

Like ``text.py`` it never fails: a text without such words is remittance as it stands.
"""

from __future__ import annotations

import re
from typing import Final

from importers import iban
from importers.mt940.text import BIC, STREET, PaymentText, find_return_reason, join_lines, tidy_text

_MOST_PARTS: Final = 60  # parts of one text: no bank writes half as many, and behind them all is one text

# ---------------------------------------------------------------- /KEY/value

_KEYS: Final = (
    "ACCW|ADDR|BENM|BIC|BO|CHGS|CHRG|CNTP|CREF|CSID|EREF|EXCH|IBAN|ID|INIT|IREF|ISDT|KREF|MARF|MSGID|NAME|"
    "NRTX|OCMT|ORDP|PREF|PURP|RCMT|REMI|RREF|RTRN|RTYP|SVCL|TRCD|TRTP|ULTB|ULTC|ULTD"
)
_SLASH_KEY: Final = re.compile(rf"/({_KEYS})(?=/)", re.ASCII)
_SLASH_START: Final = re.compile(rf"\s*(\d{{3}})?\s*/({_KEYS})/", re.ASCII)
_SIDES: Final = frozenset(("ORDP", "BENM", "ULTD", "ULTC", "ULTB"))
_ACCOUNT: Final = re.compile(
    r"(?:[A-Z]{2})?[0-9]{6}[A-Z0-9-]{0,28}|[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII
)
_SLASH_FIELDS: Final = {
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


def read_slash_keys(text: str, *, is_return: bool) -> PaymentText | None:
    """Return what ``/TRTP/…/IBAN/…/NAME/…/REMI/…`` holds (ABN AMRO, ING NL, Rabobank), or None."""
    start = _SLASH_START.match(text)
    if not start:
        return None
    pieces = _SLASH_KEY.split(join_lines(text), maxsplit=_MOST_PARTS)
    payment = PaymentText(start[1])
    side = ""
    for key, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        value = tidy_text(piece.strip("/ "))
        if key in _SIDES:
            side = key
            _keep_side(payment, value, is_ultimate=side.startswith("ULT"))
        elif value:
            _keep_slash_value(payment, key, value, is_ultimate=side.startswith("ULT"))
    if is_return and payment.return_code is None:
        payment.return_code = find_return_reason(payment.remittance)
    if payment.account:
        payment.account = iban.remove_blanks(payment.account)
    return payment


def _keep_side(payment: PaymentText, value: str, *, is_ultimate: bool) -> None:
    """Keep ``account/name/text`` of a party without keys of its own (banks of the Balkans, T24)."""
    parts = [part for piece in value.split("/") if (part := piece.strip()) and part != "EMPTY"]
    if parts and not is_ultimate and _ACCOUNT.fullmatch(iban.remove_blanks(parts[0])):
        payment.account = payment.account or parts[0]
        del parts[0]
    if parts and is_ultimate:
        payment.ultimate = payment.ultimate or " ".join(parts)
    elif parts:
        payment.name = payment.name or parts[0]
        _add_remittance(payment, " ".join(parts[1:]))


def _keep_slash_value(payment: PaymentText, key: str, value: str, *, is_ultimate: bool) -> None:
    if key == "NAME":
        if is_ultimate:
            payment.ultimate = payment.ultimate or value
        else:
            payment.name = payment.name or value
    elif key == "REMI":
        _add_remittance(payment, value)
    elif key == "CNTP":
        _set_counterparty(payment, value)
    elif key == "RTRN":
        payment.return_code, _, info = value.partition("/")
        payment.return_info = info.strip("/ ") or None
    elif key == "PURP":
        payment.purpose = value.removeprefix("CD/")
    elif key in ("OCMT", "CHGS") and "/" in value:
        amount, _, rest = value.partition("/")
        _keep_slash_value(payment, key, amount, is_ultimate=False)
        _add_remittance(payment, rest)  # HSBC writes the payer's text behind it, without a key
    elif key in _SLASH_FIELDS and getattr(payment, _SLASH_FIELDS[key]) is None:
        setattr(payment, _SLASH_FIELDS[key], value)
    else:
        payment.add_extra(key, value)


def _add_remittance(payment: PaymentText, value: str) -> None:
    """Add to the remittance; ING NL marks it free (``USTD//text``) or structured (``STRD/CUR/98761234``)."""
    if value.startswith("STRD/"):
        _, kind, number = [*value.split("/", 2), "", ""][:3]
        payment.references += ((kind, number.strip("/ ")),)
        value = number.strip("/ ")
    text = value.removeprefix("USTD/").strip("/ ")
    payment.remittance = f"{payment.remittance} {text}".strip()


def _set_counterparty(payment: PaymentText, value: str) -> None:
    """Keep ``account/BIC/name/city``, each of which may be empty."""
    account, bic, name, city = [part.strip() for part in [*value.split("/"), "", "", ""][:4]]
    payment.account = payment.account or account or None
    payment.bic = payment.bic or (bic if BIC.fullmatch(bic) else None)
    payment.name = payment.name or name or None
    payment.address = payment.address or city or None


# ---------------------------------------------------------------- Polish labels

_LABEL: Final = re.compile(
    r"(?:^|;)\s*(ID IPH|Z RACH\.|NA RACH\.|OD|DLA|TYT\.|DATA STEMPLA|TNR)\s?:", re.IGNORECASE
)
_LABELS: Final = re.compile(r" RACH\.:|TYT\.:|TNR:|ID IPH:", re.IGNORECASE)
_LABELS_HEAD: Final = re.compile(r"\s*(\d{3})?\s*(.*)", re.ASCII | re.DOTALL)


def read_polish_labels(text: str) -> PaymentText | None:
    """Return what ``911 …; Z RACH.: nrb; OD: name; TYT.: title; TNR: id`` holds (mBank), or None.

    ``ID IPH`` is the payer's own account of mBank's mass payments. TNR is the same in MT942
    and MT940 (mBank support, quoted in mt-940's documentation).
    """
    if not _LABELS.search(text):
        return None
    line = join_lines(text)
    head, *pieces = _LABEL.split(line, maxsplit=_MOST_PARTS)
    if not pieces:
        return None
    code = _LABELS_HEAD.match(head)
    payment = PaymentText(code[1] if code else None)
    payment.info = (tidy_text(code[2]).rstrip("; ") or None) if code else None
    for label, piece in zip(pieces[0::2], pieces[1::2], strict=True):
        _keep_label_value(payment, label, piece)
    return payment


def _keep_label_value(payment: PaymentText, label_text: str, piece: str) -> None:
    label = label_text.upper()
    value = tidy_text(piece).rstrip("; ")
    if label == "TNR":
        payment.tx_id = "".join(value.split()) or payment.tx_id  # the bank's own comes last
    elif label.endswith("RACH."):
        payment.account = payment.account or iban.complete_nrb(iban.remove_blanks(value)) or None
    elif label in ("OD", "DLA") and payment.name is None:
        _set_name_and_address(payment, piece)
    elif label == "ID IPH":
        payment.virtual_account = payment.virtual_account or iban.remove_blanks(value) or None
    elif label == "DATA STEMPLA":
        payment.add_extra("stamped", value)
    elif label == "TYT.":
        payment.remittance = f"{payment.remittance} {value}".strip()
    else:
        payment.remittance = f"{payment.remittance}; {label_text}: {value}"  # the payer's own words


def _set_name_and_address(payment: PaymentText, piece: str) -> None:
    """Set both; two blanks stand between them, unless the blanks were lost on the way."""
    name, _, address = piece.strip().partition("  ")
    if not address:
        name, *rest = STREET.split(tidy_text(piece), maxsplit=1)
        address = "".join(rest)
    payment.name = tidy_text(name).rstrip("; ") or None
    payment.address = tidy_text(address).rstrip("; ") or None


# ---------------------------------------------------------------- Dutch labels

_DUTCH: Final = re.compile(r"(?:^|[\s/])(REK|IBAN|BIC|NAAM|OMSCHRIJVING|KENMERK|MACHTIGING|INCASSANT):")
_DUTCH_START: Final = re.compile(r"(?:^|\s)(?:REK|IBAN): ?[A-Z]{2}[0-9]{2}[A-Z]{4}", re.ASCII)
_DUTCH_FIELDS: Final = {
    "REK": "account",
    "IBAN": "account",
    "BIC": "bic",
    "NAAM": "name",
    "OMSCHRIJVING": "remittance",
    "KENMERK": "end_to_end_id",
    "MACHTIGING": "mandate_id",
    "INCASSANT": "creditor_id",
}


def read_dutch_labels(text: str) -> PaymentText | None:
    """Return what ``REK: NL…/NAAM: …`` (Knab) or ``IBAN: … OMSCHRIJVING: …`` holds; None for other texts."""
    if not _DUTCH_START.search(text):
        return None
    head, *pieces = _DUTCH.split(join_lines(text), maxsplit=_MOST_PARTS)
    payment = PaymentText()
    for label, piece in zip(pieces[0::2], pieces[1::2], strict=True):
        name, value = _DUTCH_FIELDS[label], tidy_text(piece).rstrip("/ ")
        if not getattr(payment, name):
            setattr(payment, name, value or ("" if name == "remittance" else None))
    if payment.remittance:
        payment.info = tidy_text(head) or None
    else:
        payment.remittance = tidy_text(head)
    return payment


def read_plain_text(text: str) -> PaymentText:
    """Return any other text as remittance; 999 before it is the German code of business."""
    line = tidy_text(join_lines(text))
    payment = PaymentText("999" if line.startswith("999") and not line[3:4].isspace() else None)
    payment.remittance = line[3:] if payment.code else line
    return payment
