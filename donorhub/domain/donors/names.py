"""Names of payers and donors: which part is the given name, and when two names are alike.

A parse that is not confident says why (its ``doubt``) and must never be written into a donor's given and
family name; the bank's text is kept in any case. Couples: :mod:`donorhub.domain.donors.couples`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from donorhub.domain.donors.given_names import EVERYDAY_FORMS, FULL_FORM, SEX_OF, find_full_form, find_sex
from donorhub.domain.payer_text import cut_address, fold_letters, make_name_key

Kind = Literal["person", "organisation", "joint"]
# Why a person must say which part is the given name: there is no name; it is one word alone, or an initial
# with a surname; two given names could each be the surname; no given name is known; there are more words than
# a name has, such as a town; it is two people's.
NameDoubt = Literal[
    "no_name", "one_word", "initial", "two_given_names", "no_given_name", "too_many_words", "two_people"
]
NAME_DOUBTS: Final[tuple[NameDoubt, ...]] = get_args(NameDoubt)

_ORGANISATION: Final = re.compile(
    r"\b(?:sp\W{0,3}z\W{0,3}o\W{0,3}o|sp\W{1,3}[jkp]|s\.?\s?a\.?|s\.\s?c\.|spolka|fundacja|fundacji|stowarzyszenie"
    r"|gmina|powiat|starostwo|parafia|diecezja|szkola|przedszkole|zespol|liceum|technikum|osrodek|zaklad|firma"
    r"|urzad|sad|bank|klub|biblioteka|caritas|uniwersytet|politechnika|akademia|instytut|spoldzielnia|wspolnota"
    r"|przedsiebiorstwo|kancelaria|apteka|gabinet|szpital|przychodnia|zwiazek|towarzystwo|izba|ochotnicza"
    r"|phu|phup|fhu|ltd|llc|gmbh|inc|sh\.?p\.?k|shpk|sh\.?a|nipt|ojq|foundation|association|company|church"
    r"|school|club|trust|society|council|charity|plc|kompania|shoqata|fondacioni|komuna|bashkia|shkolla|ministria)(?!\w)"
)
_JOINT: Final = re.compile(r"\s+(?:lub|i|oraz|and|dhe|e)\s+|\s*[&+/]\s*", re.IGNORECASE)
_TITLES: Final = frozenset(
    "dr prof hab mgr inz lek med pan pani panstwo ks o s mr mrs ms miss z znj zonja zoti".split()
)
_GENERATIONS: Final = frozenset("senior junior sr jr st ml".split())
_ADJECTIVAL: Final = re.compile(r"(?:sk|ck|dzk)[aiy]$")
_PARTICLES: Final = frozenset("de del della di da van von der den la le".split())
_NOTE: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*")
_SURNAME_FIRST: Final = re.compile(r"([^\s,]+(?: [^\s,]+)?), ?([^\s,]+(?: [^\s,]+)?)")
_PAIR: Final = 2
_LONG: Final = 4
_VERY_LONG: Final = 6


@dataclass(frozen=True, slots=True)
class ParsedName:
    """A name taken apart; an organisation's is all ``family_name``. With a ``doubt`` the parts are a guess;
    two people are not taken apart at all."""

    given_name: str
    family_name: str
    kind: Kind
    doubt: NameDoubt | None = None

    @property
    def is_confident(self) -> bool:
        """Whether the parts may be stored as they are."""
        return self.doubt is None

    @property
    def name(self) -> str:
        """The whole name, the given name first."""
        return " ".join(part for part in (self.given_name, self.family_name) if part)


def parse_payer(text: str) -> ParsedName:
    """Return the parts of a name that a bank wrote: ``KOWALSKA ANNA UL. LIPOWA 3`` is Anna Kowalska.

    Two people on one account are ``joint``, and both stay in ``family_name`` as written. Without a
    given name that we know or an adjectival surname, the parts are not confident.
    """
    if _ORGANISATION.search(fold_letters(text)):
        return ParsedName("", " ".join(text.partition("|")[0].split()), "organisation")
    name = cut_address(text)
    if _JOINT.search(name):
        return ParsedName("", " ".join(name.split()), "joint", "two_people")
    return _split_tokens([token for token in name.split() if not _is_title(token)])


def parse_written_name(text: str) -> tuple[ParsedName, str]:
    """Return the parts of a name that a person wrote into one cell or field, and what stands in brackets
    behind it: ``Kowalska, Anna (córka p. Ewy)`` is Anna Kowalska, with a note.
    """
    notes = [note.strip() for note in _NOTE.findall(text)]
    name = " ".join(_NOTE.sub(" ", text).split())
    surname_first = _SURNAME_FIRST.fullmatch(name)
    if (
        surname_first
        and _is_given(surname_first[2].split()[0])
        and not _ORGANISATION.search(fold_letters(name))
    ):
        tokens = [[*part.split()] for part in (surname_first[2], surname_first[1])]
        parsed_name = ParsedName(write_name(tokens[0]), write_name(tokens[1]), "person")
    else:
        parsed_name = parse_payer(name)
    return parsed_name, "; ".join(note for note in notes if note)


def is_joint(text: str) -> bool:
    """Return whether a name is that of two people, as joint accounts have it."""
    return _JOINT.search(cut_address(text)) is not None


def split_joint(text: str) -> list[str]:
    """Return what stands on each side of the word that joins two people."""
    return [part.strip() for part in _JOINT.split(cut_address(text)) if part.strip()]


def _is_title(token: str) -> bool:
    key = fold_letters(token).strip(".")
    return key in _TITLES or key in _GENERATIONS


def _split_tokens(tokens: list[str]) -> ParsedName:
    doubt = _find_doubt(tokens)
    pattern = _make_pattern(tokens)
    cut = _find_cut(pattern, tokens) if doubt is None else None
    if cut is None:
        doubt = doubt or _explain_pattern(pattern, tokens)
        if doubt == "one_word":
            return ParsedName("", write_name(tokens), "person", doubt)
        return ParsedName(write_name(tokens[:1]), write_name(tokens[1:]), "person", doubt)
    given_words, family_words = (tokens[:cut], tokens[cut:]) if cut > 0 else (tokens[-cut:], tokens[:-cut])
    return ParsedName(write_name(given_words), write_name(family_words), "person")


def _find_doubt(tokens: list[str]) -> NameDoubt | None:
    """Return why these words cannot be a whole name, whichever names we know."""
    if not tokens:
        return "no_name"
    if len(tokens) < _PAIR:
        return "one_word"
    if any(len(token.strip(".")) == 1 for token in tokens):
        return "initial"
    return None


def _make_pattern(tokens: list[str]) -> str:
    """Return a letter for each word: F a given name, x another, p a small word that belongs to the next.

    An everyday form beside a full given name is a surname: Janek, Stach and Grzesiek are.
    """
    keys = [fold_letters(token) for token in tokens]
    has_full = any(_is_given(key) and key not in FULL_FORM for key in keys)
    letters = [
        "p" if key in _PARTICLES else "F" if _is_given(key) and not (has_full and key in FULL_FORM) else "x"
        for key in keys
    ]
    return re.sub(r"p+(?=[xF])", "", "".join(letters))


def _find_cut(pattern: str, tokens: list[str]) -> int | None:
    """Return how many words at the front are given names; negative: so many are the surname in front."""
    count = pattern.count("F")
    if re.fullmatch(r"F{1,2}x", pattern) and len(set(map(find_sex, tokens[:count]))) == 1:
        return count
    if re.fullmatch(r"xF{1,2}", pattern) and len(set(map(find_sex, tokens[-count:]))) == 1:
        return count - len(tokens)
    if pattern != "xx" or len(tokens) != _PAIR:
        return None
    first, last = (bool(_ADJECTIVAL.search(fold_letters(token))) for token in tokens)
    if first == last:
        return None
    return -1 if first else 1


def _explain_pattern(pattern: str, tokens: list[str]) -> NameDoubt:
    if set(pattern) == {"F"}:
        return "two_given_names"
    return "no_given_name" if pattern == "xx" else "too_many_words"


def _is_given(token: str) -> bool:
    key = fold_letters(token)
    return key in SEX_OF and not _ADJECTIVAL.search(key)


def write_name(tokens: list[str]) -> str:
    """Return a name with capitals where the bank wrote all in one case; a small "de" stays small."""
    return " ".join(
        "-".join(part.capitalize() for part in token.split("-"))
        if token.isupper() or (token.islower() and token not in _PARTICLES)
        else token
        for token in tokens
    )


def make_surname_key(family: str) -> tuple[str, ...]:
    """Return what surnames of one family share: one stem for Kowalski and Kowalska, sorted parts."""
    return tuple(sorted(_find_stem(part) for part in re.split(r"[\s-]+", fold_letters(family)) if part))


def _find_stem(part: str) -> str:
    if part.endswith(("ski", "ska", "cki", "cka", "dzki", "dzka")):
        return part[:-1]
    if len(part) > _VERY_LONG and part.endswith(("owa", "owna")):
        return part.removesuffix("owna").removesuffix("owa")
    if len(part) > _LONG and part.endswith(("ny", "na")):
        return part[:-1]
    return part


def make_given_key(given_name: str) -> str:
    """Return the first given name in its full form, folded; an initial stays one letter."""
    first = fold_letters(given_name).split()
    return find_full_form(first[0].strip(".")) if first else ""


def list_like_keys(given_name: str, family_name: str) -> tuple[str, ...]:
    """Return the keys, as ``payer_text.make_name_key`` makes them, under which the same person may stand in
    the base: with the everyday form or the full one, the first given name alone, half of a double surname.

    The key of the name itself is not among them.
    """
    names = fold_letters(given_name).split()
    if not names or not family_name:
        return ()
    full = find_full_form(names[0])
    firsts = [" ".join(names), names[0], full, *EVERYDAY_FORMS.get(full, ())]
    halves = [part for part in re.split(r"[\s-]+", fold_letters(family_name)) if len(part) > 1]
    families = [" ".join(halves), *(halves if len(halves) > 1 else ())]
    keys = [make_name_key(f"{first} {family}") for first in firsts for family in families]
    own_key = make_name_key(f"{given_name} {family_name}")
    return tuple(key for key in dict.fromkeys(keys) if key != own_key)
