"""What a row of a table is understood as: a person, those beside them, perhaps a gift, or why it is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from donorhub.domain.donors.custom_shapes import Value
from donorhub.domain.moving.answers import make_row_key
from donorhub.domain.moving.cells import CellFault
from donorhub.money import Money
from importers.periods import Span

OptOut = Literal["", "no_contact", "no_email"]
NoChannel = Literal["phone", "post", "sms"]
PersonKind = Literal["person", "organisation", "household"]
RowFault = Literal[
    CellFault,
    "no_name",
    "name_alone",
    "not_received",
    "taken_back",
    "soft_credit",
    "money_out",
    "unknown_credited",
    "unclear_status",
    "fund_shares",
    "currency_ended",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a row names."""

    name: str = ""
    given_name: str = ""
    family_name: str = ""
    kind: PersonKind = "person"
    email: str = ""
    more_emails: tuple[str, ...] = ()
    phone: str = ""
    more_phones: tuple[str, ...] = ()
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    tax_number: str = ""
    lang: str = ""
    salutation: str = ""  # how a letter to them begins
    note: str = ""
    ref: str = ""  # their id in the other system
    code: str = ""  # of a donor, as our own lists write it
    account: str = ""
    born_on: date | None = None
    national_id: str = ""  # tells rows apart, and is not kept
    opt_out: OptOut = ""
    no_channels: tuple[NoChannel, ...] = ()  # by which they want nothing, beside e-mail
    no_on: date | None = None  # the day of the newest no; None: of one of them nobody noted it
    is_bounced: bool = False  # mail to them came back
    says_yes: bool = False  # to a bulletin by e-mail; a proof is the day and the source together
    consent_on: date | None = None
    consent_source: str = ""
    is_deceased: bool = False
    custom: tuple[tuple[str, Value], ...] = ()  # of the fields that were added: key and what stands there

    @property
    def answer(self) -> str:
        """The consent that a file brings: "given" and its day where it is proved, "unknown" for a yes without
        day or source, "" for none."""
        if not self.says_yes:
            return ""
        return f"given {self.consent_on}" if self.consent_on and self.consent_source else "unknown"

    @property
    def has_no(self) -> bool:
        """Whether a file says that somebody is not to be written to, in whatever way."""
        return bool(self.opt_out or self.no_channels or self.is_bounced)


@dataclass(frozen=True, slots=True)
class GiftDraft:
    """The gift of a row. Its ``funds`` with their shares, in minor units, add up to it."""

    amount: Money
    received_on: date
    ref: str = ""
    title: str = ""
    method: str = "other"
    funds: tuple[tuple[str, int], ...] = ()
    campaign: str = ""
    receipt_no: str = ""
    custom: tuple[tuple[str, Value], ...] = ()  # of the fields that were added to gifts
    span: Span | None = None  # of money below a month: the days on which it may have come


@dataclass(frozen=True, slots=True)
class CreditDraft:
    """That somebody is recognised for another's gift, of which the other system's number is ``gift_ref``; ""
    stands for the gift of the same row. It is no money.
    """

    amount: Money
    gift_ref: str = ""


TieKind = Literal["member", "contact_person"]


@dataclass(frozen=True, slots=True)
class Tie:
    """That somebody of a row belongs to a household of it, or may be asked for at an organisation of it.

    Both are places in the row: 0 is who gave, 1 the first of those beside them. ``title`` is a position.
    """

    kind: TieKind
    who: int
    of: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it is understood; ``fault`` says why it is held, ``refused`` which cells are not taken.

    ``person`` is who gave; ``companions`` are the others whom the row names.
    """

    sheet: str
    number: int
    texts: tuple[str, ...]
    person: Person
    gift: GiftDraft | None
    fault: RowFault | Literal[""] = ""
    fault_field: str = ""
    refused_cells: tuple[tuple[str, str], ...] = ()
    is_left_out: bool = False  # by a person
    is_another_gift: bool = False  # a person said so of money that is here already
    amount: Money | None = None  # what is written, where the row is held for another cell
    companions: tuple[Person, ...] = ()
    origin: str | None = None  # of a row that was one cell of several: the sheet that it is from
    cell: str = ""  # where its amount stands, as D7
    ties: tuple[Tie, ...] = ()
    credit: CreditDraft | None = None
    credited_person: Person | None = None  # for the gift of the same row; else ``person`` is

    @property
    def key(self) -> str:
        """What the row is called in the answers."""
        return make_row_key(self.sheet, self.number)
