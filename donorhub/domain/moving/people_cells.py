"""Cells that tell who somebody is: names of one or two people, addresses in one cell, e-mails, phones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from donorhub.domain.donors.couples import find_people
from donorhub.domain.donors.given_names import find_sex
from donorhub.domain.donors.names import ParsedName, parse_payer, parse_written_name
from donorhub.domain.moving.cells import UnreadableCell, is_nothing, read_digits, read_text
from donorhub.domain.moving.nameless import is_nobody
from donorhub.domain.payer_text import fold_letters, split_words
from importers.records import Cell

_BRACKETS: Final = re.compile(r"\s*[\[(]([^\])]*)[\])]\s*")
_AND: Final = re.compile(r"\s+(?:i|oraz|and|dhe|und|lub|e)\s+|\s*[&+/]\s*", re.IGNORECASE)
_COMMA: Final = re.compile(r"([^,\d]+),([^,\d]+)")
_MOST_WORDS: Final = 2  # of a family name, or of given names, on one side of a comma
_PLURALS: Final = (("dzcy", "dzki", "dzka"), ("ccy", "cki", "cka"), ("scy", "ski", "ska"))
_TWO: Final = 2
_ADJECTIVAL: Final = re.compile(r"(?:sk|ck|dzk)[ia]$")  # the endings of surnames alone
_FAMILY: Final = re.compile(r"(?:rodzina|familja|family|panstwo)\s.+|(?:the\s)?.+\sfamily")
_MISTER: Final = re.compile(r"(?:sz\.?\s?)?p\.\s?(?=[^\W\d_]{2,})", re.IGNORECASE)  # p. Ewa Mak
_HONORIFICS: Final = frozenset(
    "mr mrs ms miss mx dr prof rev sir dame lord lady and i dhe pan pani panstwo p ks mgr inz z znj zoti "
    "zonja herr frau".split()
)
_LOOKED_AT: Final = 500  # names of a column
_FEWEST_TO_TELL: Final = 4
_TIMES: Final = 4  # so many more names stand in one order than in the other


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as it is kept: whole, and its parts where they are sure; a note that stood beside it."""

    name: str
    given_name: str = ""
    family_name: str = ""
    is_organisation: bool = False
    note: str = ""


def read_name(cell: Cell, *, is_family_first: bool = False, is_given_first: bool = False) -> PersonName:
    """Return the name in a cell, without what stands in brackets; its parts only where they are sure.

    ``is_family_first``: the column says so, and it decides where the words alone do not. ``is_given_first``:
    nearly all names of the column are so, and one that seems to be turned stays as it is written.
    """
    text = _drop_mister(read_text(cell))
    parsed_name, note = parse_written_name(text)
    name = " ".join(_BRACKETS.sub(" ", text).replace(" ,", ",").split()).strip(" ,;")
    if is_nothing(name) or is_nobody(name):
        return PersonName("", note=note)
    if is_pair(name):
        return PersonName(name, note=note)
    if is_given_first and is_turned(name, parsed_name) and not _has_surname_first(name):
        return PersonName(name, note=note)
    kept_name = _keep_name(name, parsed_name, note, is_family_first=is_family_first)
    return kept_name if kept_name.family_name or kept_name.is_organisation else _turn_comma(kept_name)


def _drop_mister(text: str) -> str:
    """Return ``p. Ewa Mak`` without its title; ``P. Mak`` may be an initial."""
    match = _MISTER.match(text)
    if match is None:
        return text
    rest = text[match.end() :]
    parsed_name, _ = parse_written_name(rest)
    is_whole = parsed_name.kind == "person" and parsed_name.is_confident and len(rest.split()) > 1
    return rest if is_whole else text


def is_form_of_address(text: str) -> bool:
    """Return whether a text is nothing but how people are addressed: ``Mr & Mrs``, ``Pani``."""
    return set(split_words(text)) <= _HONORIFICS


def is_family(name: str) -> bool:
    """Return whether a name is that of a family: ``Rodzina Nowak``, ``Familja Krasniqi``."""
    return _FAMILY.fullmatch(fold_letters(name)) is not None


def read_parts(given_name: str, family_name: str) -> PersonName:
    """Return the name of two columns, whose parts are none where it is an organisation's, a family's or that
    of two people."""
    name = " ".join(part for part in (given_name, family_name) if part)
    if is_nobody(name):
        return PersonName("")
    if is_pair(name) or is_family(name):
        return PersonName(name)
    is_known = find_sex(given_name) is not None
    if not is_known and parse_written_name(name)[0].kind == "organisation":
        return PersonName(name, is_organisation=True)
    return PersonName(name, given_name, family_name)


def is_turned(name: str, parsed_name: ParsedName) -> bool:
    """Return whether a name of two words is read with its second one first."""
    words = fold_letters(name).split()
    is_sure = parsed_name.kind == "person" and parsed_name.is_confident
    return is_sure and len(words) == _TWO and fold_letters(parsed_name.given_name) == words[1]


def puts_given_first(texts: Iterable[str]) -> bool:
    """Return whether nearly all names of a column that leave no doubt have their given name first."""
    turned_count = straight_count = 0
    for text in islice(texts, _LOOKED_AT):
        parsed_name, _ = parse_written_name(text)
        if is_turned(text, parsed_name):
            turned_count += not _has_surname_first(text)
        elif parsed_name.kind == "person" and parsed_name.is_confident:
            straight_count += 1
    return straight_count >= max(_FEWEST_TO_TELL, _TIMES * turned_count)


def _has_surname_first(name: str) -> bool:
    """Return whether the ending of the first word alone tells that it is a surname: Kowalska Anna."""
    return _ADJECTIVAL.search(fold_letters(name).split()[0]) is not None


def _turn_comma(name: PersonName) -> PersonName:
    """Return ``Smith, Peter`` as Peter Smith: a comma between two short names stands behind the family's."""
    sides = _COMMA.fullmatch(name.name)
    family, given = (side.split() for side in sides.groups()) if sides else ([], [])
    if not 1 <= len(family) <= _MOST_WORDS or not 1 <= len(given) <= _MOST_WORDS:
        return name
    family_name, given_name = " ".join(family), " ".join(given)
    return PersonName(f"{given_name} {family_name}", given_name, family_name, note=name.note)


def _keep_name(name: str, parsed_name: ParsedName, note: str, *, is_family_first: bool) -> PersonName:
    if parsed_name.kind == "organisation":
        return PersonName(name, is_organisation=True, note=note)
    if parsed_name.kind == "person" and parsed_name.is_confident:
        whole = f"{parsed_name.given_name} {parsed_name.family_name}"
        return PersonName(whole, parsed_name.given_name, parsed_name.family_name, note=note)
    words = name.split()
    if parsed_name.kind == "person" and is_family_first and len(words) == _TWO:
        return PersonName(f"{words[1]} {words[0]}", words[1], words[0], note=note)
    return PersonName(name, note=note)


def is_pair(text: str) -> bool:
    """Return whether a name is that of two people: ``Anna i Jan Kowalscy``; an organisation's is not."""
    name = _write_and(_BRACKETS.sub(" ", text))
    if is_nobody(name.strip()):  # dhurues i panjohur: its "i" is no "and"
        return False
    return len(_AND.split(name.strip())) == _TWO and parse_payer(name).kind == "joint"


def _write_and(name: str) -> str:
    """Return a name with its comma as the word that it stands for: ``Ewa, Piotr Zielińscy`` and ``Wilk Jan,
    Lis Ewa`` are two people each, ``Lis, Ewa`` is one."""
    sides = _COMMA.fullmatch(name)
    if sides is None:
        return name
    one, other = (side.strip() for side in sides.groups())
    has_two_names = all(_is_person(side) for side in (one, other))
    shares_family = find_sex(one) is not None and bool(find_people(f"{one} i {other}"))
    return f"{one} & {other}" if has_two_names or shares_family else name


def _is_person(text: str) -> bool:
    parsed_name = parse_payer(text)
    return parsed_name.kind == "person" and parsed_name.is_confident


def split_pair(text: str) -> tuple[PersonName, PersonName]:
    """Return the two people of a name, each with the family name in the form that fits."""
    name = _write_and(" ".join(_BRACKETS.sub(" ", text).split()))
    people = find_people(name)
    if len(people) == _TWO:
        one, other = (PersonName(who.name, who.given_name, who.family_name) for who in people)
        return one, other
    first, second = (part.split() for part in _AND.split(name))
    if len(first) == 1 and len(second) > 1:
        family = second[1:]
        return _make_person(first[0], family), _make_person(second[0], family)
    if len(second) == 1 and len(first) > 1:  # Kowalscy Anna i Jan
        family = first[:-1]
        return _make_person(first[-1], family), _make_person(second[0], family)
    return read_name(" ".join(first)), read_name(" ".join(second))


def _make_person(given_name: str, family: list[str]) -> PersonName:
    family_name = " ".join(family)
    is_woman = fold_letters(given_name).endswith("a")
    for plural, man, woman in _PLURALS:
        if fold_letters(family_name).endswith(plural):
            family_name = family_name[: -len(plural)] + (woman if is_woman else man)
    return PersonName(f"{given_name} {family_name}", given_name, family_name)


# ---------------------------------------------------------------- e-mail, phone, address

_EMAIL: Final = re.compile(r"[^\s@,;<>()]+@[^\s@,;<>()]+\.[^\s@,;<>().]{2,}")
_BETWEEN: Final = re.compile(r"\s*[;,/|]\s*|\s+(?:lub|albo|or|ose|oder)\s+|\s+")


def read_emails(cell: Cell) -> tuple[str, ...]:
    """Return the addresses in a cell, the first first; raise UnreadableCell where one is none."""
    text = read_text(cell)
    if is_nothing(text):
        return ()
    emails = [part.strip("<>.").removeprefix("mailto:") for part in _BETWEEN.split(text) if part]
    if not all(_EMAIL.fullmatch(email) for email in emails):
        raise UnreadableCell("unreadable_email")
    return tuple(dict.fromkeys(emails))


_PREFIXES: Final = {"PL": "48", "AL": "355", "XK": "383", "DE": "49", "GB": "44"}
_LENGTHS: Final = {"PL": (9, 9), "AL": (8, 9), "XK": (8, 8), "DE": (6, 11), "GB": (9, 10)}
_TRUNK: Final = frozenset(("AL", "XK", "DE", "GB"))  # where a leading 0 is dialled at home only
_PHONE_SIGNS: Final = re.compile(r"[\s().\-]+")
_MOST_DIGITS: Final = 15


_BETWEEN_PHONES: Final = re.compile(r"\s*[;,/|]\s*|\s+(?:lub|albo|or|ose|oder|i|oraz|and|dhe)\s+")
_LEAST_DIGITS: Final = 7  # fewer are the rest of a number, such as after 22/


def read_phones(cell: Cell, country: str) -> tuple[str, ...]:
    """Return the phone numbers in a cell, the first first: ``501 234 567`` is +48 501234567 in Poland.

    Another form than the country's stays as it is written. Raise UnreadableCell for lost digits.
    """
    text = read_digits(cell)
    if is_nothing(text):
        return ()
    parts = [part for part in _BETWEEN_PHONES.split(text) if part]
    if any(sum(sign.isdigit() for sign in part) < _LEAST_DIGITS for part in parts):
        parts = [text]
    return tuple(dict.fromkeys(_write_phone(part, country) for part in parts))


_CONTACT_WORDS: Final = re.compile(
    r"\b(?:e-?mail|mail|tel|telefon|telefoni|phone|kom|komorka|mobile|mob|cel|gsm|adres)\b[.:]*",
    re.IGNORECASE,
)


def read_contacts(cell: Cell, country: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the e-mails and the phone numbers of a cell that holds either or both.

    Raise UnreadableCell where something of it is neither.
    """
    text = read_digits(cell)
    if is_nothing(text):
        return (), ()
    emails = tuple(dict.fromkeys(email.removeprefix("mailto:") for email in _EMAIL.findall(text)))
    rest = _CONTACT_WORDS.sub(" ", _EMAIL.sub(";", text)).strip(" ;,/|<>")
    if any(sign.isalpha() or sign == "@" for sign in rest):
        raise UnreadableCell("unreadable_email")
    return emails, read_phones(rest, country) if rest else ()


def _write_phone(text: str, country: str) -> str:
    digits = _PHONE_SIGNS.sub("", text)
    digits = f"+{digits[2:]}" if digits.startswith("00") else digits
    if digits.startswith("+"):
        prefix = next((one for one in _PREFIXES.values() if digits.startswith(f"+{one}")), "")
        is_whole = digits[1:].isdigit() and len(digits) <= _MOST_DIGITS + 1
        return f"+{prefix} {digits[len(prefix) + 1 :]}" if is_whole and prefix else text
    home = digits.removeprefix("0") if country in _TRUNK else digits
    shortest, longest = _LENGTHS.get(country, (0, -1))
    prefix = _PREFIXES.get(country, "")
    if home.isdigit() and not home.startswith("0") and shortest <= len(home) <= longest:
        return f"+{prefix} {home}"
    if (
        digits.isdigit()
        and prefix
        and digits.startswith(prefix)
        and shortest <= len(digits) - len(prefix) <= longest
    ):
        return f"+{prefix} {digits[len(prefix) :]}"
    return text


@dataclass(frozen=True, slots=True)
class Address:
    """An address in its parts; one that is not sure is all ``street``, as it is written."""

    street: str = ""
    postcode: str = ""
    city: str = ""


_POSTCODE: Final = re.compile(r"(?:^|[\s,;])([0-9]{2}-[0-9]{3}|[0-9]{4,5})(?=[\s,;]|$)")


def read_address(cell: Cell) -> Address:
    """Return street, postcode and town of an address in one cell."""
    text = read_text(cell)
    if is_nothing(text):
        return Address()
    places = list(_POSTCODE.finditer(text))
    if len(places) != 1:
        return Address(text)
    before, after = text[: places[0].start()].strip(" ,;"), text[places[0].end() :].strip(" ,;")
    is_town = bool(after) and not any(sign.isdigit() for sign in after) and "," not in after
    if before and is_town:
        return Address(before, places[0][1], after)
    if not before and after.count(",") == 1:  # 00-123 Warszawa, ul. Lipowa 3
        city, street = (part.strip() for part in after.split(","))
        if city and street and not any(sign.isdigit() for sign in city):
            return Address(street, places[0][1], city)
    return Address(text)


def read_postcode(cell: Cell, country: str) -> str:
    """Return a postcode; five digits of Poland get their dash, and what a spreadsheet cut its zero."""
    text = read_digits(cell)
    if is_nothing(text):
        return ""
    if country == "PL" and re.fullmatch(r"[0-9]{4,5}", text, re.ASCII):
        digits = text.zfill(5)
        return f"{digits[:2]}-{digits[2:]}"
    return text
