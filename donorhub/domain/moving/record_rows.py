"""A row of a table as a person and perhaps a gift: what of it can be read, and why it or a cell cannot.

A cell about the person that cannot be read is refused alone, and the rest of the row goes on; money without
amount, currency or day holds the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeVar

from donorhub.domain.donors import tax_numbers
from donorhub.domain.moving import people_cells
from donorhub.domain.moving.answers import Answers, RowAnswer, make_row_key
from donorhub.domain.moving.cells import (
    CellFault,
    UnreadableCell,
    is_nothing,
    read_account,
    read_amount,
    read_answer,
    read_currency,
    read_day,
    read_digits,
    read_national_id,
    read_text,
    write_cell,
)
from donorhub.domain.moving.field_words import UNREAD_FIELDS, Field
from donorhub.domain.moving.people_cells import PersonName
from donorhub.domain.moving.value_words import read_country, read_lang, read_method, read_outcome
from donorhub.domain.moving.writings import Writing
from donorhub.money import Money
from importers.records import Cell, RecordRow, RecordSheet, RecordTable

Value = TypeVar("Value")
OptOut = Literal["", "no_contact", "no_email"]
RowFault = Literal[CellFault, "no_name", "not_received", "taken_back", "unclear_status"]
_ANY_LETTER: Final = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a row names."""

    name: str = ""
    given_name: str = ""
    family_name: str = ""
    kind: Literal["person", "organisation", "household"] = "person"
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
    note: str = ""
    ref: str = ""  # their id in the other system
    account: str = ""
    national_id: str = ""  # tells rows apart, and is not kept
    opt_out: OptOut = ""
    is_deceased: bool = False
    partner: PersonName | None = None  # the second of two people in one cell


@dataclass(frozen=True, slots=True)
class GiftDraft:
    """The gift of a row."""

    amount: Money
    received_on: date
    ref: str = ""
    title: str = ""
    method: str = "other"
    fund: str = ""
    campaign: str = ""
    receipt_no: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it is understood; ``fault`` says why it is held, ``refused`` which cells are not taken."""

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

    @property
    def key(self) -> str:
        """What the row is called in the answers."""
        return make_row_key(self.sheet, self.number)


def read_records(table: RecordTable, writing: Writing, answers: Answers, *, today: date) -> Iterator[Record]:
    """Yield each row of the table; hidden ones only where a person wants them."""
    reader = RowReader(writing, answers, today)
    for sheet in table.sheets:
        if sheet.is_hidden and answers.hidden != "bring":
            continue
        for row in sheet.rows:
            if not row.is_hidden or answers.hidden == "bring":
                yield reader.read_row(sheet, row)


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one table."""

    writing: Writing
    answers: Answers
    today: date
    _places: dict[Field, list[int]] = field(init=False)
    _row: Sequence[Cell] = field(init=False, default=())
    _refused_cells: list[tuple[str, str]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._places = {}
        for guess in self.writing.guesses:
            if guess.field not in UNREAD_FIELDS:
                self._places.setdefault(guess.field, []).append(guess.position)

    def read_row(self, sheet: RecordSheet, row: RecordRow) -> Record:
        """Return what a row says, with the cells that a person mended."""
        answer = self.answers.rows.get(make_row_key(sheet.name, row.number), RowAnswer())
        self._row = _mend_cells(row.cells, answer.cells)
        self._refused_cells = []
        texts = tuple(map(write_cell, self._row))
        person = self._read_person()
        fault: RowFault | Literal[""] = ""
        fault_field, gift = "", None
        try:
            gift = self._read_gift()
        except _HeldRow as e:
            fault, fault_field = e.code, e.field
        if not fault and not person.name:
            fault, fault_field = "no_name", "full_name"
        return Record(
            sheet.name,
            row.number,
            texts,
            person,
            gift,
            fault,
            fault_field,
            tuple(self._refused_cells),
            answer.is_left_out,
            answer.is_another_gift,
            gift.amount if gift else self._find_amount(),
        )

    def _find_amount(self) -> Money | None:
        for at in self._places.get("amount", ())[:1]:
            try:
                return read_amount(self._row[at], self.writing.amounts)
            except UnreadableCell:
                return None
        return None

    # ------------------------------------------------------------ people

    def _read_person(self) -> Person:
        names, note = self._read_names()
        emails = [email for some in self._read_all("email", people_cells.read_emails) for email in some]
        phones = [phone for some in self._read_all("phone", self._read_phones) for phone in some]
        country = self._read("country", read_country, "")
        address = self._read("address", people_cells.read_address, people_cells.Address())
        notes = [note, *self._read_all("note", _read_plain)]
        name = names[0]
        return Person(
            name=name.name or (emails[0] if emails else ""),
            given_name=name.given_name,
            family_name=name.family_name,
            kind=self._tell_kind(names),
            email=emails[0] if emails else "",
            more_emails=tuple(dict.fromkeys(emails[1:])),
            phone=phones[0] if phones else "",
            more_phones=tuple(dict.fromkeys(phones[1:])),
            street=self._read("street", _read_plain, "") or address.street,
            postcode=self._read("postcode", self._read_postcode, "") or address.postcode,
            city=self._read("city", _read_plain, "") or address.city,
            country=country,
            tax_number=self._read("tax_number", lambda cell: self._read_tax_number(cell, country, names), ""),
            lang=self._read("lang", read_lang, ""),
            note="\n".join(dict.fromkeys(note for note in notes if note)),
            ref=lengthen_salesforce_id(self._read("person_id", read_digits, "")),
            account=self._read("account", read_account, ""),
            national_id=self._read("national_id", read_national_id, ""),
            opt_out=self._read_opt_out(),
            is_deceased=self._read("deceased", read_answer, "unknown") == "yes",
            partner=names[1] if len(names) > 1 else None,
        )

    def _read_names(self) -> tuple[list[PersonName], str]:
        """Return one name, or two of a pair that are two donors, and what stood beside them."""
        given_name = self._read("given_name", _read_plain, "")
        family_name = self._read("family_name", _read_plain, "")
        organisation = self._read("organisation", _read_plain, "")
        whole = self._read("full_name", read_text, "")
        if given_name or family_name:
            name = " ".join(part for part in (given_name, family_name) if part)
            note = organisation
            return [PersonName(name, given_name, family_name)], note
        if whole and self.writing.pairs == "two" and people_cells.is_pair(whole):
            return [*people_cells.split_pair(whole)], ""
        if whole:
            parsed_name = people_cells.read_name(whole, is_family_first=self.writing.family_first)
            return [parsed_name], "; ".join(part for part in (parsed_name.note, organisation) if part)
        return [PersonName(organisation, is_organisation=bool(organisation))], ""

    def _tell_kind(self, names: Sequence[PersonName]) -> Literal["person", "organisation", "household"]:
        if names[0].is_organisation:
            return "organisation"
        is_household = len(names) == 1 and self.writing.pairs == "one" and people_cells.is_pair(names[0].name)
        return "household" if is_household else "person"

    def _read_phones(self, cell: Cell) -> tuple[str, ...]:
        return people_cells.read_phones(cell, self.writing.phone_country)

    def _read_postcode(self, cell: Cell) -> str:
        return people_cells.read_postcode(cell, self.writing.phone_country)

    def _read_tax_number(self, cell: Cell, country: str, names: Sequence[PersonName]) -> str:
        text = read_digits(cell)
        if is_nothing(text):
            return ""
        try:
            return tax_numbers.normalise_number(
                text, country or self.writing.phone_country, is_organisation=names[0].is_organisation
            )
        except ValueError as e:
            raise UnreadableCell("unreadable_tax_number") from e

    def _read_opt_out(self) -> OptOut:
        """Return what a row forbids: a no of any column counts, and a word that nobody knows is no yes."""
        consents = self._read_all("consent", read_answer)
        if "yes" in self._read_all("no_contact", read_answer) or "no" in consents:
            return "no_contact"
        return "no_email" if "yes" in self._read_all("no_email", read_answer) else ""

    # ------------------------------------------------------------ gifts

    def _read_gift(self) -> GiftDraft | None:
        """Return the gift of a row, None for a row without any; raise _HeldRow where it cannot be read."""
        if not self._places.get("amount") or not self._has_gift():
            return None
        outcome = self._read_or_hold("status", read_outcome, "received")
        if outcome != "received":
            raise _HeldRow(_OUTCOME_FAULTS[outcome], "status")
        currency = self._read_or_hold("currency", read_currency, "")
        amount = self._read_or_hold(
            "amount", lambda cell: read_amount(cell, self.writing.amounts, currency), None
        )
        received_on = self._read_or_hold("received_on", lambda cell: read_day(cell, self.writing.dates), None)
        if amount is None or received_on is None:
            raise _HeldRow(
                "no_amount" if amount is None else "no_date", "amount" if amount is None else "received_on"
            )
        if received_on > self.today:
            raise _HeldRow("future_date", "received_on")
        return GiftDraft(
            amount,
            received_on,
            ref=lengthen_salesforce_id(self._read("gift_id", read_digits, "")),
            title=" ".join(text for text in self._read_all("title", _read_plain) if text),
            method=self._read("method", read_method, "other"),
            fund=self._read("fund", _read_plain, ""),
            campaign=self._read("campaign", _read_plain, ""),
            receipt_no=self._read("receipt_no", read_digits, ""),
        )

    def _has_gift(self) -> bool:
        places = [*self._places.get("amount", ()), *self._places.get("received_on", ())]
        cells = [self._row[at] for at in places]
        return any(not is_nothing(cell) for cell in cells)

    # ------------------------------------------------------------ cells

    def _read(self, name: Field, read: Callable[[Cell], Value], default: Value) -> Value:
        """Return the first filled cell of a field; one that cannot be read is refused, and noted."""
        return next(iter(self._read_all(name, read)), default)

    def _read_all(self, name: Field, read: Callable[[Cell], Value]) -> list[Value]:
        values = []
        for at in self._places.get(name, ()):
            cell = self._row[at]
            if cell == "":
                continue
            try:
                values.append(read(cell))
            except UnreadableCell as e:
                self._refused_cells.append((name, e.code))
        return values

    def _read_or_hold(self, name: Field, read: Callable[[Cell], Value], default: Value) -> Value:
        for at in self._places.get(name, ())[:1]:
            if self._row[at] == "" and name != "amount":
                continue
            try:
                return read(self._row[at])
            except UnreadableCell as e:
                raise _HeldRow(e.code, name) from e
        return default


_OUTCOME_FAULTS: Final[Mapping[str, RowFault]] = {
    "not_received": "not_received",
    "taken_back": "taken_back",
    "unclear": "unclear_status",
}


class _HeldRow(Exception):
    """A row whose money cannot be read."""

    def __init__(self, code: RowFault, name: str) -> None:
        super().__init__(code)
        self.code: RowFault = code
        self.field = name


def _mend_cells(cells: tuple[Cell, ...], texts: Mapping[str, str]) -> tuple[Cell, ...]:
    if not texts:
        return cells
    return tuple(texts.get(str(at), cell) for at, cell in enumerate(cells))


def _read_plain(cell: Cell) -> str:
    text = read_text(cell)
    return text if _ANY_LETTER.search(text) and not is_nothing(text) else ""


_SALESFORCE: Final = re.compile(r"[0-9a-zA-Z]{15}", re.ASCII)
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def lengthen_salesforce_id(ref: str) -> str:
    """Return the 18 letters of a Salesforce id of 15, which tell small letters from capitals; others stay."""
    if (
        not _SALESFORCE.fullmatch(ref)
        or not ref[:3].isalnum()
        or ref.isdigit()
        or not ref.startswith(("00", "a0", "701"))
    ):
        return ref
    ending = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, sign in enumerate(ref[start : start + 5]) if sign.isupper())
        ending += _SUFFIX[bits]
    return ref + ending
