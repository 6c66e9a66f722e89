"""The normal forms by which donors are compared, and when two names may be one person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from donorhub.domain.donors.names import make_given_key, make_surname_key, parse_written_name
from donorhub.domain.payer_text import fold_letters, make_name_key, split_words

# Mailboxes of an office and not of a person, whoever reads them.
_ROLES: Final = frozenset(
    """info biuro kontakt sekretariat office contact admin administracja poczta mail email recepcja kancelaria
    ksiegowosc faktury parafia szkola dyrekcja zarzad fundacja redakcja zyra kontakti financa noreply no-reply
    webmaster postmaster hello help support sales shop sklep zamowienia""".split()
)
FIRST_BIRTH: Final = date(1890, 1, 1)  # of anybody who may be in the base
_DIAL: Final = {"PL": "+48", "AL": "+355", "XK": "+383"}
_SHORTEST_NUMBER: Final = 8  # of digits that may be a whole number without its country
_PLACE_WORDS: Final = frozenset("ul ulica al aleja os pl plac m lok lokal mieszkanie nr rr rruga str".split())
_STEM: Final = 4  # letters of a surname that a slip of the pen seldom reaches


def normalise_email(email: str) -> str:
    """Return the address as it is compared: in lower case, without a +tag."""
    local, _, host = email.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host}"


def normalise_phone(phone: str) -> str:
    """Return the digits of a phone number, with its plus."""
    return "".join(c for c in phone if c.isdigit() or c == "+")


def make_phone_key(phone: str, country: str) -> str:
    """Return a number as it is dialled from anywhere: 501 222 333 in Poland is +48501222333.

    What cannot be a whole number stays as it is written; the country is the donor's, or ours.
    """
    number = normalise_phone(phone)
    if number.startswith("00"):
        return "+" + number[2:]
    dial = _DIAL.get(country)
    if number.startswith("+") or dial is None or len(number) < _SHORTEST_NUMBER:
        return number
    if len(number) > _SHORTEST_NUMBER + 1 and number.startswith(dial[1:]):
        return "+" + number
    return dial + number.removeprefix("0")


def make_street_key(street: str) -> str:
    """Return the words and numbers of a street: ``ul. Długa 4 m. 5`` is ``dluga 4 5``.

    Without a number it is empty, since half a town lives in a street.
    """
    words = [word for word in split_words(street) if word not in _PLACE_WORDS]
    return " ".join(words) if any(sign.isdigit() for sign in "".join(words)) else ""


def make_place_key(postcode: str, town: str) -> str:
    """Return the digits of a postcode, or the folded town where there is none."""
    return "".join(filter(str.isdigit, postcode)) or fold_letters(town)


def make_address_key(postcode: str, town: str, street: str) -> str:
    """Return what equal addresses have in common; empty where place or number are not known."""
    place, key = make_place_key(postcode, town), make_street_key(street)
    return f"{place}|{key}" if place and key else ""


def is_of_a_role(email: str) -> bool:
    """Return whether an address is one of an office, such as biuro@, and so tells nobody apart."""
    return fold_letters(normalise_email(email).partition("@")[0]) in _ROLES


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name as it is compared; without parts it is compared whole."""

    name: str
    given_name: str = ""
    family_name: str = ""


def names_agree(one: NameParts, other: NameParts) -> bool:
    """Return whether two names may be one person's: both parts alike, or all words the same.

    Anna Kowalska is not Ewa Kowalska, and Kasia is Katarzyna.
    """
    if make_name_key(one.name) == make_name_key(other.name):
        return True
    if not (one.given_name and other.given_name and one.family_name and other.family_name):
        return False
    is_given_alike = make_given_key(one.given_name) == make_given_key(other.given_name)
    return is_given_alike and make_surname_key(one.family_name) == make_surname_key(other.family_name)


def take_apart(parts: NameParts, *, is_person: bool) -> NameParts:
    """Return a name with its parts; where nobody said them, as they are read if that is beyond doubt."""
    if not is_person or (parts.given_name and parts.family_name):
        return parts
    parsed_name, _note = parse_written_name(parts.name)
    if parsed_name.kind != "person" or not parsed_name.is_confident:
        return parts
    return NameParts(parts.name, parsed_name.given_name, parsed_name.family_name)


def list_surname_keys(parts: NameParts) -> tuple[list[str], list[str]]:
    """Return the keys of a name by which namesakes are looked for: each part of the surname with the first
    letter of the given name, and the beginning of the surname with the full form of the given name.
    """
    given_key = make_given_key(parts.given_name)
    surnames = make_surname_key(parts.family_name)
    if not given_key or not surnames:
        return [], []
    with_initial = [f"{surname}|{given_key[0]}" for surname in surnames]
    return with_initial, [f"{surname[:_STEM]}|{given_key}" for surname in surnames]
