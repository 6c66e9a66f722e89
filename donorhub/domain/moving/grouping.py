"""Which rows of one file are about one person: the same id, or the same contact and name.

A name alone never joins, unless a person said so of this file; a name at one address does.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import Final

from donorhub.domain.donors.identity import NameParts, names_agree, normalise_email, normalise_phone
from donorhub.domain.moving.records import Person
from donorhub.domain.payer_text import fold_letters, make_name_key

Key = tuple[str, str]  # kind and value: email, phone, iban
_ROLE_MAILBOXES: Final = ("info@", "biuro@", "kontakt@", "sekretariat@", "office@", "kontakti@")
_JUDGED_FIELDS: Final = (
    "name given_name family_name kind is_deceased note custom opt_out no_channels no_on is_bounced"
    " says_yes consent_on consent_source"
).split()
_MERGED_FIELDS: Final = tuple(name.name for name in fields(Person) if name.name not in _JUDGED_FIELDS)


@dataclass(slots=True)
class Group:
    """One person of the file: what all rows say of them, and by which keys a later file finds them."""

    person: Person
    row_key: str  # "" where their own id is the key, or nothing but the name tells them
    is_bare: bool  # a name and nothing else
    contacts: set[Key] = field(default_factory=set)
    row_count: int = 0


class People:
    """The people of one file, made row by row."""

    def __init__(self, *, joins_names: bool, keeps_bare_keys: bool) -> None:
        self.groups: list[Group] = []
        self._joins_names = joins_names
        self._keeps_bare_keys = keeps_bare_keys  # of files without gifts, whose rows have no other key
        self._by_ref: dict[str, int] = {}
        self._by_national_id: dict[str, int] = {}
        self._by_contact: dict[Key, list[int]] = {}
        self._by_place: dict[tuple[str, str], list[int]] = {}
        self._bare_counts: Counter[str] = Counter()
        self._beside: dict[tuple[int, str], int] = {}

    def add_person(self, person: Person) -> int:
        """Return the number of the group that a row's person is in, new or there before."""
        contacts = list_contacts(person)
        place = _make_place(person)
        name_key = make_name_key(person.name)
        is_bare = not (person.ref or person.national_id or contacts or place)
        number = self._find_group(person, contacts, (name_key, place), is_bare=is_bare)
        if number is None:
            number = self._add_group(person, contacts, place, name_key, is_bare=is_bare)
        else:
            self.groups[number].person = _join_person(self.groups[number].person, person)
        group = self.groups[number]
        group.row_count += 1
        group.contacts.update(contacts)
        self._index_group(number, person, contacts, (name_key, place))
        return number

    def add_companion(self, person: Person, beside: int) -> int:
        """Return the number of the group of somebody whom a row names beside its giver.

        Where nothing else tells them, they are who stood beside that giver under that name before.
        """
        key = (beside, make_name_key(person.name))
        number = self._beside.get(key)
        if number is None:
            is_bare = not (person.ref or list_contacts(person) or _make_place(person))
            number = self._add_bare(person, beside) if is_bare else self.add_person(person)
            self._beside[key] = number
        return number

    def _add_bare(self, person: Person, beside: int) -> int:
        giver = self.groups[beside]
        giver_key = giver.row_key or giver.person.ref
        row_key = _hash_key("beside", giver_key, make_name_key(person.name)) if giver_key else ""
        self.groups.append(Group(person, row_key, is_bare=False, row_count=1))
        return len(self.groups) - 1

    def _find_group(self, person: Person, contacts: list[Key], at_place: Key, *, is_bare: bool) -> int | None:
        if person.ref and person.ref in self._by_ref:
            return self._by_ref[person.ref]
        if person.national_id in self._by_national_id:
            return self._by_national_id[person.national_id]
        if is_bare:
            return self._by_place.get(at_place, [None])[0] if self._joins_names else None
        numbers = [number for contact in contacts for number in self._by_contact.get(contact, ())]
        numbers += self._by_place.get(at_place, ()) if at_place[1] else ()
        return next((number for number in numbers if self._may_be(number, person)), None)

    def _may_be(self, number: int, person: Person) -> bool:
        other = self.groups[number].person
        is_vetoed = any(
            mine and theirs and mine != theirs
            for mine, theirs in (
                (person.ref, other.ref),
                (person.national_id, other.national_id),
                (person.born_on, other.born_on),
            )
        )
        return not is_vetoed and names_agree(get_parts(person), get_parts(other))

    def _add_group(
        self, person: Person, contacts: list[Key], place: str, name_key: str, *, is_bare: bool
    ) -> int:
        row_key = ""
        if not person.ref:
            if contacts:
                row_key = _hash_key(*contacts[0], name_key)
            elif place:
                row_key = _hash_key("place", place, name_key)
            elif is_bare and (self._joins_names or self._keeps_bare_keys):
                self._bare_counts[name_key] += 1
                row_key = _hash_key("name", name_key, str(self._bare_counts[name_key]))
        self.groups.append(Group(person, row_key, is_bare))
        return len(self.groups) - 1

    def _index_group(self, number: int, person: Person, contacts: list[Key], at_place: Key) -> None:
        if person.ref:
            self._by_ref.setdefault(person.ref, number)
        if person.national_id:
            self._by_national_id.setdefault(person.national_id, number)
        for contact in contacts:
            numbers = self._by_contact.setdefault(contact, [])
            if number not in numbers:
                numbers.append(number)
        numbers = self._by_place.setdefault(at_place, [])
        if not numbers or (number not in numbers and at_place[1]):
            numbers.append(number)


def list_contacts(person: Person) -> list[Key]:
    """Return the contacts of one person or a couple, strongest first; role mailboxes tell nothing."""
    contacts: list[Key] = []
    for email in (person.email, *person.more_emails):
        if email and not normalise_email(email).startswith(_ROLE_MAILBOXES):
            contacts.append(("email", normalise_email(email)))
    if person.account:
        contacts.append(("iban", person.account))
    for phone in (person.phone, *person.more_phones):
        if number := normalise_phone(phone):
            contacts.append(("phone", number))
    return contacts


def list_more_contacts(person: Person) -> list[Key]:
    """Return the contacts of a person beside their first e-mail, phone and account."""
    first = replace(person, more_emails=(), more_phones=())
    first_contacts = set(list_contacts(first))
    return [contact for contact in list_contacts(person) if contact not in first_contacts]


def get_parts(person: Person) -> NameParts:
    """Return a person's name as it is compared."""
    return NameParts(person.name, person.given_name, person.family_name)


def _make_place(person: Person) -> str:
    if not person.street or not (person.postcode or person.city):
        return fold_letters(person.street) if any(sign.isdigit() for sign in person.street) else ""
    return fold_letters(f"{person.street}|{person.postcode or person.city}")


def _join_person(person: Person, other: Person) -> Person:
    """Return a person with what another row of theirs says more; a no of any row counts."""
    changes = {
        name: getattr(other, name)
        for name in _MERGED_FIELDS
        if not getattr(person, name) and getattr(other, name)
    }
    if other.email and person.email and normalise_email(other.email) != normalise_email(person.email):
        changes["more_emails"] = tuple(dict.fromkeys((*person.more_emails, other.email)))
    if other.phone and person.phone and normalise_phone(other.phone) != normalise_phone(person.phone):
        changes["more_phones"] = tuple(dict.fromkeys((*person.more_phones, other.phone)))
    if other.note and other.note not in person.note:
        changes["note"] = f"{person.note}\n{other.note}" if person.note else other.note
    changes |= _join_noes(person, other) | _join_consents(person, other)
    if not person.name and other.name:
        changes |= {"name": other.name, "kind": other.kind}
    if not person.given_name and other.given_name:
        changes |= {"name": other.name, "given_name": other.given_name, "family_name": other.family_name}
    if other.is_deceased:
        changes["is_deceased"] = True
    if more := tuple(item for item in other.custom if item[0] not in dict(person.custom)):
        changes["custom"] = (*person.custom, *more)
    return replace(person, **changes) if changes else person


def _join_noes(person: Person, other: Person) -> dict[str, object]:
    """Return what another row's no changes: each counts, and of their days the last; one without a day is
    of no day."""
    if not other.has_no:
        return {}
    days = [one.no_on for one in (person, other) if one.has_no]
    return {
        "opt_out": person.opt_out if person.opt_out == "no_contact" or not other.opt_out else other.opt_out,
        "no_channels": tuple(dict.fromkeys((*person.no_channels, *other.no_channels))),
        "is_bounced": person.is_bounced or other.is_bounced,
        "no_on": None if None in days else max(day for day in days if day is not None),
    }


def _join_consents(person: Person, other: Person) -> dict[str, object]:
    """Return what another row's yes changes: one that is proved is worth more than one that is not."""
    if not other.says_yes or (person.says_yes and not (other.consent_on and other.consent_source)):
        return {}
    return {"says_yes": True, "consent_on": other.consent_on, "consent_source": other.consent_source}


def _hash_key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def hash_text(text: str, digits: int) -> str:
    """Return the first digits of a hash of folded text."""
    return hashlib.sha256(fold_letters(text).encode()).hexdigest()[:digits]
