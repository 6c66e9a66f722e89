"""The household of a row's people, and the account of Salesforce that stands beside them: an organisation, or
the household itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from donorhub.domain.donors.households import Head, write_joint_name
from donorhub.domain.donors.languages import choose_lang
from donorhub.domain.moving.cells import is_nothing, read_digits, read_text
from donorhub.domain.moving.nameless import is_nobody
from donorhub.domain.moving.records import Person
from donorhub.domain.moving.row_cells import RowCells, read_plain
from donorhub.domain.moving.salesforce import lengthen_id
from donorhub.domain.moving.value_words import PersonKind, read_account_kind, read_country, read_lang
from donorhub.domain.payer_text import fold_letters, make_name_key
from importers.records import Cell

_IS_HOUSEHOLD: Final = re.compile(r"\b(?:household|family)$", re.IGNORECASE)  # how NPSP names an account
_GREETINGS: Final = (
    "dear ",
    "hello ",
    "hi ",
    "szanown",
    "drog",
    "drodzy",
    "koch",
    "te ",
    "i nderuar",
    "e nderuar",
)


def find_household(cells: RowCells, people: Sequence[Person]) -> Person | None:
    """Return the household of a row's people: one that has a column, or that of two at one address."""
    person = people[0]
    if person.kind != "person" or not person.name:
        return None
    name = cells.read("household", read_plain, "")
    ref = lengthen_id(cells.read("household_id", read_digits, ""))
    account = cells.read("account_name", read_plain, "")
    if not name and account and _tell_kind(cells, account) == "household":
        name, ref = account, ref or _read_account_id(cells)
    if not ref and not person.street:
        return None
    if not name and len(people) > 1:
        name = write_joint_name(
            [Head(one.name, one.given_name, one.family_name) for one in people], _guess_lang(cells, person)
        )
    if not name or is_nobody(name):
        return None
    return Person(
        _read_joint_name(cells) or name,
        kind="household",
        street=person.street,
        postcode=person.postcode,
        city=person.city,
        country=person.country,
        salutation=read_salutation(cells),
        ref=ref,
        opt_out="no_contact" if any(one.opt_out == "no_contact" for one in people) else "",
        no_on=person.no_on,
    )


def read_account_beside(cells: RowCells) -> Person | None:
    """Return the organisation or household that a row names beside its people, None for the account of one
    person alone; an organisation's name is its own within one system.
    """
    name = cells.read("account_name", read_plain, "")
    kind = _tell_kind(cells, name)
    if not name or kind == "person" or is_nobody(name):
        return None
    ref = _read_account_id(cells)
    if kind == "household":
        joint_name = _read_joint_name(cells) or name
        return Person(joint_name, kind="household", salutation=read_salutation(cells), ref=ref)
    return Person(name, kind="organisation", ref=ref or f"name:{make_name_key(name)}")


def gives_itself(cells: RowCells, account: Person) -> bool:
    """Return whether the gift of a row is its account's, and not of the person whom it names too."""
    return cells.read("giver", read_text, "person") == "account" or names_contact(cells, account)


def names_contact(cells: RowCells, account: Person) -> bool:
    """Return whether the person of a row is whom one asks for at its organisation: so in reports, whose gifts
    are the account's wherever that is an organisation."""
    default = "organisation" if cells.is_filled("account_kind") else "person"
    giver = cells.read("giver", read_text, default)
    return giver == "organisation" and account.kind == "organisation"


def read_salutation(cells: RowCells) -> str:
    """Return how a letter begins: the greeting of the row, behind a word of greeting, with its comma."""
    text = cells.read("salutation", read_plain, "")
    if not text:
        return ""
    country = cells.read("country", read_country, "") or cells.writing.phone_country
    lang = cells.read("lang", read_lang, "") or choose_lang(country, "en")
    is_greeting = fold_letters(text).startswith(_GREETINGS)
    greeting = f"Dear {text}" if lang == "en" and not is_greeting else text
    return greeting if greeting.endswith((",", "!", ".")) else f"{greeting},"


def _tell_kind(cells: RowCells, name: str) -> PersonKind:
    default: PersonKind = "household" if _IS_HOUSEHOLD.search(name) else "organisation"

    def read_kind_of_account(cell: Cell) -> PersonKind:
        return default if is_nothing(cell) else read_account_kind(cell)

    return cells.read("account_kind", read_kind_of_account, default)


def _read_account_id(cells: RowCells) -> str:
    return lengthen_id(cells.read("account_id", read_digits, ""))


def _read_joint_name(cells: RowCells) -> str:
    """Return the names by which the other system writes to a household."""
    return cells.read("joint_name", read_plain, "")


def _guess_lang(cells: RowCells, person: Person) -> str:
    """Return the language in which two names are joined: their own, else that of their country."""
    return person.lang or choose_lang(person.country or cells.writing.phone_country, "en")
