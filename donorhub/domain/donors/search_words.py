"""The words by which donors are searched, and what a text that somebody types asks of them.

A donor's document is a list of words, each with a letter before it that says what it is of (:data:`Field`):
so a field that a reader does not see is left out of the question, and no digit of a phone passes for a
postcode. Numbers stand there from the front and, for their last digits, from the back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from donorhub.domain.payer_text import fold_letters

Field = Literal["name", "city", "postcode", "email", "code", "phone", "account", "tax_number"]
_MARKS: Final[dict[Field, str]] = {
    "name": "n",
    "city": "t",
    "postcode": "z",
    "email": "e",
    "code": "c",
    "phone": "p",
    "account": "a",
    "tax_number": "x",
}
_END_MARKS: Final[dict[Field, str]] = {"phone": "q", "account": "b"}  # before digits from the back
NAME_MARK: Final = _MARKS["name"]
_WORD_FIELDS: Final[tuple[Field, ...]] = ("name", "city", "email")
_NUMBER_FIELDS: Final[tuple[Field, ...]] = ("phone", "account", "postcode", "tax_number")
_LONGEST: Final = 100  # letters of a word
_MOST_WORDS: Final = 8  # of a question
_SHORT: Final = 2  # letters; too many addresses begin so
_FEWEST_DIGITS: Final = 4  # of a number that is looked for by its beginning or its end
_SHORTEST_WITH_TYPO: Final = 4  # letters of a name
_SHORTEST_MISTYPED: Final = 2  # what is left of one of three letters, such as Jan or Ewa
_LONGEST_WITH_TYPO: Final = 24
_WORD: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"(?:[A-Za-z]{2})?[+(]?[0-9][0-9()/.+-]*")
_AMOUNT: Final = re.compile(r"[0-9]+[.,][0-9]{1,2}")  # no number of anybody
_ACCOUNT: Final = re.compile(r"[a-z]{2}([0-9]{2,32})", re.ASCII)
# Country codes of telephone numbers of one and of two digits (ITU-T E.164); all others have three.
_SHORT_COUNTRY_CODES: Final = frozenset(
    """1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66
    81 82 84 86 90 91 92 93 94 95 98""".split()
)


def _squeeze_text(text: str) -> str:
    return "".join(_WORD.findall(fold_letters(text)))[:_LONGEST]


def _list_digits(text: str) -> str:
    return "".join(sign for sign in text if sign in "0123456789")


@dataclass(frozen=True, slots=True)
class DonorFacts:
    """What a donor is searched by, as it stands in the base."""

    code: str
    names: tuple[str, ...]  # also those they had before
    tax_number: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()


def write_document(facts: DonorFacts) -> str:
    """Return the words of a donor's document, each once and with its mark, one blank between them."""
    words: dict[str, None] = {}
    texts_of: dict[Field, tuple[str, ...]] = {
        "name": facts.names,
        "city": facts.towns,
        "email": facts.emails,
    }
    for field, texts in texts_of.items():
        for text in texts:
            before_host = text.partition("@")[0] if field == "email" else text
            words |= dict.fromkeys(_MARKS[field] + word for word in split_words(before_host))
    words |= dict.fromkeys(_MARKS["email"] + _squeeze_text(email) for email in facts.emails)
    words |= dict.fromkeys(_MARKS["postcode"] + _squeeze_text(postcode) for postcode in facts.postcodes)
    words[_MARKS["code"] + _squeeze_text(facts.code)] = None
    words[_MARKS["code"] + _read_number_of_code(facts.code)] = None
    words[_MARKS["tax_number"] + _squeeze_text(facts.tax_number)] = None
    for phone in facts.phones:
        words |= dict.fromkeys(_list_phone_words(phone))
    for account in facts.accounts:
        digits = _list_digits(account)
        words |= dict.fromkeys((_MARKS["account"] + digits, _END_MARKS["account"] + digits[::-1]))
    return " ".join(word for word in words if len(word) > 1)


def _read_number_of_code(code: str) -> str:
    parts = code.split("-")
    return parts[-2] if len(parts) > 2 and parts[-2].isascii() and parts[-2].isdigit() else ""  # noqa: PLR2004


def _list_phone_words(phone: str) -> list[str]:
    whole, own = read_phone(phone)
    mark, end = _MARKS["phone"], _END_MARKS["phone"]
    return [mark + whole, mark + own, end + whole[::-1]]


def read_phone(phone: str) -> tuple[str, str]:
    """Return the digits of a phone number with its country's code, as far as it has one, and without it."""
    digits, text = _list_digits(phone), phone.strip()
    if not text.startswith(("+", "00")):
        return digits, digits.removeprefix("0")
    whole = digits.removeprefix("00")
    length = next((count for count in (1, 2) if whole[:count] in _SHORT_COUNTRY_CODES), 3)
    return whole, whole[length:].removeprefix("0")


def split_words(text: str) -> list[str]:
    """Return the folded words of a text, of whatever letters."""
    return [word[:_LONGEST] for word in _WORD.findall(fold_letters(text))]


def list_name_words(document: str) -> set[str]:
    """Return the words of a document's names, without their mark, that may be looked for with a typo."""
    return {word[1:] for word in document.split() if word[0] == NAME_MARK and can_have_typo(word[1:])}


def list_visible_words(document: str, *, hidden: Collection[str]) -> list[str]:
    """Return the words of a document without their marks, but for those of hidden fields."""
    marks = {mark for field, mark in _MARKS.items() if field not in hidden}
    return [word[1:] for word in document.split() if word[0] in marks]


# ---------------------------------------------------------------- what is asked


@dataclass(frozen=True, slots=True)
class Term:
    """A marked word to look for: as it stands, or one that begins so."""

    text: str
    is_whole: bool = False

    def fits_word(self, word: str) -> bool:
        """Return whether a word of a document is one that is looked for."""
        return word == self.text if self.is_whole else word.startswith(self.text)


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a question: one of its terms has to occur, or a name within one typo of its word."""

    terms: tuple[Term, ...]
    whole_terms: tuple[str, ...] = ()  # marked words that are this very e-mail or number
    word: str = ""  # what may have a typo
    is_email: bool = False


def read_question(text: str, *, hidden: Collection[str] = ()) -> tuple[Unit, ...]:
    """Return what a text asks of donors, all of which has to hold; ``hidden`` fields are not looked into."""
    marks = {field: mark for field, mark in _MARKS.items() if field not in hidden}
    return tuple(_read_unit(chunk, marks) for chunk in _cut_chunks(text)[:_MOST_WORDS])


def _cut_chunks(text: str) -> list[str]:
    """Return the words of a text as they are typed; what is a number, however it is spaced, in one piece."""
    chunks: list[str] = []
    number = ""
    for chunk in text.split():
        if _NUMBER.fullmatch(chunk) and (not number or not chunk[0].isalpha()):
            number += chunk
            continue
        chunks += [number] if number else []
        number = ""
        is_one = "@" in chunk or any(sign.isdigit() for sign in chunk)
        chunks += [chunk] if is_one else _WORD.findall(fold_letters(chunk))
    return chunks + ([number] if number else [])


def _read_unit(chunk: str, marks: dict[Field, str]) -> Unit:
    word = _squeeze_text(chunk)
    if not word:
        return Unit(())
    if "@" in chunk:
        email = marks.get("email")
        return Unit((Term(email + word),), (email + word,), is_email=True) if email else Unit(())
    if any(sign.isdigit() for sign in word):
        return _read_number(chunk, word, marks)
    fields = (*_WORD_FIELDS, "code") if len(word) > _SHORT else ("name", "city")
    terms = [Term(marks[field] + word) for field in fields if field in marks]
    return Unit(tuple(terms), word=word if "name" in marks and _may_be_mistyped(word) else "")


def _read_number(chunk: str, word: str, marks: dict[Field, str]) -> Unit:
    digits = _list_digits(chunk)
    account = _ACCOUNT.fullmatch(word)
    if _AMOUNT.fullmatch(chunk):
        return Unit(())
    terms = [Term(marks[field] + word) for field in ("name", "email", "tax_number") if field in marks]
    if "code" in marks:
        terms.append(Term(marks["code"] + word, is_whole=digits == word))
    if account is None and digits != word:
        return Unit(tuple(terms))
    fields: tuple[Field, ...] = ("account",) if account else _NUMBER_FIELDS
    wholes = [marks[field] + digits for field in fields if field in marks]
    ends: list[str] = []
    if account is None:
        wholes += [marks["code"] + digits] if "code" in marks else []
        phones = {digits.removeprefix("00"), digits.removeprefix("0"), read_phone(chunk)[1]}
        if "phone" in marks:
            wholes += sorted({marks["phone"] + phone for phone in phones if phone} - set(wholes))
        ends = [end + digits[::-1] for field, end in _END_MARKS.items() if field in marks]
    if len(digits) >= _FEWEST_DIGITS:
        terms += [Term(one) for one in (*wholes, *ends) if not one.startswith(_MARKS["code"])]
    return Unit(tuple(dict.fromkeys(terms)), tuple(wholes))


# ---------------------------------------------------------------- typos


def can_have_typo(word: str) -> bool:
    """Return whether a word is looked for with a typo too: shorter ones are all alike."""
    return _SHORTEST_WITH_TYPO <= len(word) <= _LONGEST_WITH_TYPO and word.isalpha()


def _may_be_mistyped(word: str) -> bool:
    return _SHORTEST_MISTYPED <= len(word) <= _LONGEST_WITH_TYPO and word.isalpha()


def list_stumps(word: str) -> list[str]:
    """Return the word and what is left of it without one of its letters, each once and in order.

    Two words that are one typo apart have a stump in common: what was left out, put in, put for another or
    changed place with its neighbour.
    """
    return sorted({word, *(word[:place] + word[place + 1 :] for place in range(len(word)))})


def is_one_typo_apart(one: str, other: str) -> bool:
    """Return whether one word becomes the other by one letter: left out, put in, put for another, or by two
    neighbours that changed places."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, other_rest = one[start:], other[start:]
    if len(rest) != len(other_rest):
        return rest[1:] == other_rest or rest == other_rest[1:]
    is_swapped = rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:]
    return rest[1:] == other_rest[1:] or is_swapped


def sort_alike(word: str, others: Iterable[str]) -> list[str]:
    """Return the words within one typo of a word: those of the same beginning and length first."""
    alike = [other for other in set(others) if is_one_typo_apart(word, other)]
    return sorted(alike, key=lambda other: (other[0] != word[0], len(other) != len(word), other))
