"""Whom a row names: one person, the two of a pair, or two people and the organisation beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from donorhub.domain.donors import tax_numbers
from donorhub.domain.moving import people_cells
from donorhub.domain.moving.birth_cells import read_birth_date
from donorhub.domain.moving.cells import (
    UnreadableCell,
    is_nothing,
    read_account,
    read_answer,
    read_digits,
    read_national_id,
    read_text,
)
from donorhub.domain.moving.day_cells import read_day
from donorhub.domain.moving.field_words import NAME_FIELDS, Field
from donorhub.domain.moving.nameless import is_nobody
from donorhub.domain.moving.people_cells import PersonName
from donorhub.domain.moving.records import NoChannel, OptOut, Person, PersonKind, Tie
from donorhub.domain.moving.row_cells import RowCells, read_plain
from donorhub.domain.moving.row_households import (
    find_household,
    gives_itself,
    names_contact,
    read_account_beside,
    read_salutation,
)
from donorhub.domain.moving.salesforce import lengthen_id
from donorhub.domain.moving.value_words import read_country, read_kind, read_lang
from importers.records import Cell

_IS_DAY_FIRST: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}$", re.ASCII)  # an hour may stand behind it


def read_people(cells: RowCells, *, today: date) -> tuple[list[Person], tuple[Tie, ...]]:
    """Return whom a row names, the giver first, and how they belong together; the name of the first is ""
    where it has none.
    """
    names, note = _read_names(cells)
    contact = _read_contact_person(cells, names[0])
    person = _read_person(cells, names[0], note, today)
    people = [person]
    if len(names) > 1:
        people.append(_make_partner(person, names[1]))
    if second_person := _read_second(cells, person, today):
        people.append(second_person)
    household = find_household(cells, people)
    ties: list[Tie] = []
    if household is not None:
        ties += [Tie("member", at, len(people)) for at in range(len(people))]
        people.append(household)
    if contact is not None:
        ties.append(Tie("contact_person", len(people), 0, cells.read("position", read_plain, "")))
        people.append(contact)
    account = read_account_beside(cells)
    if account is None or not account.name:
        return people, tuple(ties)
    gave_itself = not person.name or gives_itself(cells, account)
    if account.kind == "household" and not gave_itself:
        return people, tuple(ties)  # a household stands among them already
    if not gave_itself:
        return [*people, account], tuple(ties)
    giver = household if household is not None and account.kind == "household" else account
    order = [giver, *(one for one in people if one.name and one is not giver)]
    if person.name and names_contact(cells, account):
        title = cells.read("position", read_plain, "")
        return order, (*_move_ties(ties, people, order), Tie("contact_person", 1, 0, title))
    return order, _move_ties(ties, people, order)


def _move_ties(ties: Sequence[Tie], people: Sequence[Person], order: Sequence[Person]) -> tuple[Tie, ...]:
    """Return the ties between people of a row where these stand in another order, or are left out of it."""
    places = {at: place for at, one in enumerate(people) for place, other in enumerate(order) if other is one}
    return tuple(
        replace(tie, who=places[tie.who], of=places[tie.of])
        for tie in ties
        if tie.who in places and tie.of in places
    )


def _read_contact_person(cells: RowCells, giver: PersonName) -> Person | None:
    """Return who may be asked for at the organisation that a row names."""
    if not giver.is_organisation:
        return None
    name = people_cells.read_name(cells.read("contact_person", read_text, ""))
    if not name.name or name.is_organisation or people_cells.is_pair(name.name):
        return None
    return Person(name.name, name.given_name, name.family_name)


def _read_person(cells: RowCells, name: PersonName, note: str, today: date) -> Person:
    contacts = _read_contacts(cells)
    emails = [*_read_emails(cells, "email"), *(email for some, _ in contacts for email in some)]
    phones = [*_read_phones(cells, "phone"), *(phone for _, some in contacts for phone in some)]
    country = cells.read("country", read_country, "")
    address = cells.read("address", people_cells.read_address, people_cells.Address())
    notes = [note, *cells.read_all("note", read_plain), *cells.list_noes("no_other")]
    ref = lengthen_id(cells.read("person_id", read_digits, ""))
    if not ref and _is_household_row(cells):
        ref = lengthen_id(cells.read("household_id", read_digits, ""))
    code = cells.read("donor_code", read_digits, "")
    return Person(
        name=name.name or (emails[0] if emails else ""),
        given_name=name.given_name,
        family_name=name.family_name,
        kind=_tell_kind(cells, name),
        email=emails[0] if emails else "",
        more_emails=tuple(dict.fromkeys(emails[1:])),
        phone=phones[0] if phones else "",
        more_phones=tuple(dict.fromkeys(phones[1:])),
        street=cells.read("street", read_plain, "") or address.street,
        postcode=cells.read("postcode", lambda cell: _read_postcode(cells, cell), "") or address.postcode,
        city=cells.read("city", read_plain, "") or address.city,
        country=country,
        tax_number=cells.read("tax_number", lambda cell: _read_tax_number(cells, cell, country, name), ""),
        lang=cells.read("lang", read_lang, ""),
        salutation="" if cells.is_filled("account_name") else read_salutation(cells),
        note="\n".join(dict.fromkeys(note for note in notes if note)),
        ref=ref or code,
        code=code,
        account=cells.read("account", read_account, ""),
        born_on=_read_birth(cells, "born_on", today),
        national_id=cells.read("national_id", read_national_id, ""),
        opt_out=_read_opt_out(cells),
        no_channels=_read_no_channels(cells),
        no_on=cells.read("no_on", lambda cell: _read_day(cells, cell, today), None),
        is_bounced="yes" in cells.read_all("bounced", read_answer),
        says_yes="yes" in cells.read_all("consent", read_answer),
        consent_on=cells.read("consent_on", lambda cell: _read_day(cells, cell, today), None),
        consent_source=cells.read("consent_source", read_plain, ""),
        is_deceased=cells.read("deceased", read_answer, "unknown") == "yes",
        custom=cells.read_custom("donor"),
    )


def _read_names(cells: RowCells) -> tuple[list[PersonName], str]:
    """Return one name, or two of a pair that are two donors, and what stood beside them."""
    kind = cells.read("person_kind", read_kind, "person")
    given_name = cells.read("given_name", read_plain, "")
    family_name = cells.read("family_name", read_plain, "")
    organisation = cells.read("organisation", read_plain, "")
    whole = cells.read("full_name", read_text, "")
    if kind != "person" and (organisation or whole) and not is_nobody(organisation or whole):
        return [PersonName(organisation or whole, is_organisation=kind == "organisation")], ""
    if given_name or family_name:
        return _split_parts(cells, given_name, family_name), _write_employment(cells, organisation)
    if whole and cells.writing.pairs == "two" and people_cells.is_pair(whole):
        return [*people_cells.split_pair(whole)], ""
    if whole:
        parsed_name = people_cells.read_name(
            whole,
            is_family_first=cells.writing.family_first,
            is_given_first=cells.writing.given_first,
        )
        beside = "" if parsed_name.is_organisation else _write_employment(cells, organisation)
        return [parsed_name], "; ".join(part for part in (parsed_name.note, beside) if part)
    if organisation and not is_nobody(organisation):
        return [PersonName(organisation, is_organisation=True)], ""
    contact = people_cells.read_name(cells.read("contact_person", read_text, ""))
    household = cells.read("household", read_plain, "")
    return [contact if contact.name else PersonName("" if is_nobody(household) else household)], contact.note


def _split_parts(cells: RowCells, given_name: str, family_name: str) -> list[PersonName]:
    """Return the name of two columns, or both of a pair that are two donors."""
    name = people_cells.read_parts(given_name, family_name)
    is_two = cells.writing.pairs == "two" and people_cells.is_pair(name.name)
    return [*people_cells.split_pair(name.name)] if is_two else [name]


def _write_employment(cells: RowCells, organisation: str) -> str:
    """Return what somebody is, and where, as a note beside their name: ``treasurer, Sowa sp. z o.o.``"""
    return ", ".join(part for part in (cells.read("position", read_plain, ""), organisation) if part)


def _is_household_row(cells: RowCells) -> bool:
    """Return whether a row names a household and nobody of it."""
    return cells.is_filled("household") and not cells.is_filled(*NAME_FIELDS, "contact_person")


def _tell_kind(cells: RowCells, name: PersonName) -> PersonKind:
    if cells.read("person_kind", read_kind, "person") == "household" or _is_household_row(cells):
        return "household"
    if name.is_organisation:
        return "organisation"
    is_pair = cells.writing.pairs == "one" and people_cells.is_pair(name.name)
    return "household" if is_pair or people_cells.is_family(name.name) else "person"


def _make_partner(person: Person, partner: PersonName) -> Person:
    """Return the second of two people in a cell: the same address, and the same no."""
    return Person(
        partner.name,
        partner.given_name,
        partner.family_name,
        street=person.street,
        postcode=person.postcode,
        city=person.city,
        country=person.country,
        opt_out="no_contact" if person.opt_out == "no_contact" else "",
        no_on=person.no_on,
    )


def _read_birth(cells: RowCells, field: Field, today: date) -> date | None:
    return cells.read(field, lambda cell: read_birth_date(cell, cells.writing.births, today), None)


def _read_second(cells: RowCells, person: Person, today: date) -> Person | None:
    """Return the second person of a row that has columns of their own."""
    given_name = cells.read("second_given_name", read_plain, "")
    family_name = cells.read("second_family_name", read_plain, "")
    emails = _read_emails(cells, "second_email")
    name = " ".join(part for part in (given_name, family_name) if part) or (emails[0] if emails else "")
    if not name or is_nobody(name):
        return None
    phones = _read_phones(cells, "second_phone")
    return Person(
        name,
        given_name,
        family_name,
        email=emails[0] if emails else "",
        more_emails=tuple(emails[1:]),
        phone=phones[0] if phones else "",
        more_phones=tuple(phones[1:]),
        street=person.street,
        postcode=person.postcode,
        city=person.city,
        country=person.country,
        ref=lengthen_id(cells.read("second_person_id", read_digits, "")),
        born_on=_read_birth(cells, "second_born_on", today),
    )


def read_credited_person(cells: RowCells) -> Person | None:
    """Return who is recognised for the gift of a row that names them in columns of their own."""
    ref = lengthen_id(cells.read("credited_id", read_digits, ""))
    name = cells.read("credited_name", read_text, "")
    if not name or is_nothing(name) or is_nobody(name):
        return Person(ref=ref) if ref else None
    parsed_name = people_cells.read_name(name, is_family_first=False)
    kind: PersonKind = "organisation" if parsed_name.is_organisation else "person"
    return Person(parsed_name.name, parsed_name.given_name, parsed_name.family_name, kind, ref=ref)


def _read_emails(cells: RowCells, field: Field) -> list[str]:
    return [email for some in cells.read_all(field, people_cells.read_emails) for email in some]


def _read_phones(cells: RowCells, field: Field) -> list[str]:
    country = cells.writing.phone_country
    values = cells.read_all(field, lambda cell: people_cells.read_phones(cell, country))
    return [phone for some in values for phone in some]


def _read_contacts(cells: RowCells) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    country = cells.writing.phone_country
    return cells.read_all("contact", lambda cell: people_cells.read_contacts(cell, country))


def _read_postcode(cells: RowCells, cell: Cell) -> str:
    return people_cells.read_postcode(cell, cells.writing.phone_country)


def _read_tax_number(cells: RowCells, cell: Cell, country: str, name: PersonName) -> str:
    text = read_digits(cell)
    if is_nothing(text):
        return ""
    try:
        return tax_numbers.normalise_number(
            text, country or cells.writing.phone_country, is_organisation=name.is_organisation
        )
    except ValueError as e:
        raise UnreadableCell("unreadable_tax_number") from e


def _read_day(cells: RowCells, cell: Cell, today: date) -> date | None:
    """Return the day of a cell, whatever hour stands behind it; None for an empty one and a day to come."""
    if isinstance(cell, str):
        first, _, _ = cell.strip().replace("T", " ").partition(" ")
        cell = first if _IS_DAY_FIRST.match(first) else cell
        if is_nothing(read_text(cell)):
            return None
    day = read_day(cell, cells.dates)
    return day if day <= today else None


def _read_no_channels(cells: RowCells) -> tuple[NoChannel, ...]:
    """Return by which channels nothing is wanted; a word that nobody understands is a no."""
    fields: tuple[tuple[Field, NoChannel], ...] = (
        ("no_phone", "phone"),
        ("no_post", "post"),
        ("no_sms", "sms"),
    )
    return tuple(channel for field, channel in fields if cells.list_noes(field))


def _read_opt_out(cells: RowCells) -> OptOut:
    """Return what a row forbids: a no of any column counts, and a word that nobody knows is no yes."""
    consents: Sequence[str] = cells.read_all("consent", read_answer)
    if "yes" in cells.read_all("no_contact", read_answer) or "no" in consents:
        return "no_contact"
    return "no_email" if "yes" in cells.read_all("no_email", read_answer) else ""
