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


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one reader. ``body`` is Markdown; whatever else it holds is printed as text."""

    lang: Lang
    organisation: Organisation
    address_lines: tuple[str, ...]  # the name first, as the country writes it
    written_on: date
    subject: str
    body: str
    code: str = ""  # by which an answer is known: DH-1001-7
    logo: bytes = b""  # a PNG in the head of the letter


Window = Literal["left", "right"]  # where the envelope shows the address


@dataclass(frozen=True, slots=True)
class SheetForm:
    """A sheet of labels: how many there are, how large, and where the first one lies, in millimetres."""

    name: str
    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    gap: float = 0  # between two columns

    @property
    def count(self) -> int:
        """Return how many labels a sheet holds."""
        return self.columns * self.rows


SHEET_FORMS: Final[tuple[SheetForm, ...]] = (
    SheetForm("70x37", 3, 8, 70, 37, 0, 0.5),
    SheetForm("70x42.4", 3, 7, 70, 42.4, 0, 0.1),
    SheetForm("63.5x38.1", 3, 7, 63.5, 38.1, 7.2, 15.15, 2.5),
    SheetForm("99.1x38.1", 2, 7, 99.1, 38.1, 4.65, 15.15, 2.5),
)


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """Addresses on sheets of labels, of which the first so many were used before."""

    form: SheetForm
    addresses: tuple[tuple[str, ...], ...]
    used: int = 0


class Unrenderable(Exception):
    """The PDF cannot be made now; the message tells staff why and the way out."""


class UnprintableText(ValueError):
    """A text that no receipt can carry, such as one with a control character; the message names it."""
