"""What is printed: plain values, already formed. No money is computed while printing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from donorhub.money import Money

Lang = Literal["en", "pl", "sq"]
MOST_LINES: Final = 2000  # of one document: more would take minutes to draw


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who received the money, as it is printed."""

    legal_name: str
    address_lines: tuple[str, ...]
    ids: Mapping[str, str]  # {"KRS": "0000123456", "NIP": "5252810770"}: printed in this order
    place: str
    signatory_name: str = ""
    signatory_role: str = ""
    account: str = ""  # IBAN, printed in groups of four
    exemption: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class DonorBlock:
    """Who gave, as it is printed."""

    name_line: str
    address_lines: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    is_company: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One gift on a receipt."""

    received_on: date
    amount: Money
    method: str  # key such as "transfer", "card", "cash", "direct_debit", "in_kind"
    purpose: str = ""
    reference: str = ""
    goods: str = ""  # what was given in kind


@dataclass(frozen=True, slots=True)
class Receipt:
    """One numbered receipt as it was frozen when it was issued."""

    number: str  # as printed, "2026/000123"; "" on a draft
    kind: Literal["single", "annual"]
    state: Literal["draft", "issued", "void"]
    jurisdiction: str  # "PL", "AL", "XK" or "XX" for none
    rule_pack_version: str
    template_version: str
    lang: Lang
    issued_on: date
    organisation: Organisation
    donor: DonorBlock
    lines: tuple[Line, ...]
    total: Money
    period: tuple[date, date] | None = None
    replaces: str = ""
    replaced_by: str = ""
    void_reason: str = ""
    voided_on: date | None = None
    is_copy: bool = False


class Unrenderable(Exception):
    """The PDF cannot be made now; the message tells staff why and the way out."""


class UnprintableText(ValueError):
    """A text that no receipt can carry, such as one with a control character; the message names it."""
