"""The normal forms by which donors are compared, and when two names may be one person's."""

from __future__ import annotations

from dataclasses import dataclass

from donorhub.domain.donors.names import make_given_key, make_surname_key
from donorhub.domain.payer_text import make_name_key


def normalise_email(email: str) -> str:
    """Return the address as it is compared: in lower case, without a +tag."""
    local, _, host = email.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host}"


def normalise_phone(phone: str) -> str:
    """Return the digits of a phone number, with its plus."""
    return "".join(c for c in phone if c.isdigit() or c == "+")


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
