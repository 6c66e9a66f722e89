"""Names of payers and donors: which part is the given name, and when two names are alike.

A parse that is not confident must never be written into a donor's given and family
name; the bank's text is kept in any case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from donorhub.domain.donors.given_names import SEX_OF, find_full_form
from donorhub.domain.payer_text import cut_address, fold_letters

Kind = Literal["person", "organisation", "joint"]

_ORGANISATION: Final = re.compile(
    r"\b(?:sp\W{0,3}z\W{0,3}o\W{0,3}o|sp\W{1,3}[jk]|s\.?\s?a\.?|spolka|fundacja|stowarzyszenie|gmina|parafia|szkola"
    r"|przedszkole|zaklad|firma|urzad|bank|klub|biblioteka|caritas|uniwersytet|spoldzielnia|przedsiebiorstwo|phu"
    r"|phup|fhu|ltd|llc|gmbh|inc|sh\.?p\.?k|shpk|sh\.?a|nipt|ojq|foundation|association|company|kompania|shoqata"
    r"|fondacioni|komuna|bashkia|shkolla)(?!\w)"
)
_JOINT: Final = re.compile(r"\s+(?:lub|i|oraz|and|dhe|e)\s+|\s*[&+/]\s*", re.IGNORECASE)
_TITLES: Final = frozenset(
    "dr prof hab mgr inz lek med pan pani panstwo ks o s mr mrs ms miss z znj zonja zoti".split()
)
_ADJECTIVAL: Final = re.compile(r"(?:sk|ck|dzk)[aiy]$")
_PARTICLES: Final = frozenset("de del della di da van von der den la le".split())
_PAIR: Final = 2
_MOST_WORDS: Final = 4
_LONG: Final = 4
_VERY_LONG: Final = 6


@dataclass(frozen=True, slots=True)
class ParsedName:
    """A name taken apart; an organisation's is all ``family_name``. ``is_confident``: it may be stored."""

    given_name: str
    family_name: str
    kind: Kind
    is_confident: bool


def parse_payer(text: str) -> ParsedName:
    """Return the parts of a name that a bank wrote: ``KOWALSKA ANNA UL. LIPOWA 3`` is Anna Kowalska.

    Two people on one account are ``joint``, and both stay in ``family_name`` as written. Without a
    given name that we know or an adjectival surname, the parts are not confident.
    """
    if _ORGANISATION.search(fold_letters(text)):
        return ParsedName("", " ".join(text.partition("|")[0].split()), "organisation", is_confident=True)
    name = cut_address(text)
    if _JOINT.search(name):
        return ParsedName("", " ".join(name.split()), "joint", is_confident=False)
    tokens = [token for token in name.split() if fold_letters(token).strip(".") not in _TITLES]
    if not _PAIR <= len(tokens) <= _MOST_WORDS:
        return ParsedName("", " ".join(tokens), "person", is_confident=False)
    return _split_tokens(tokens)


def is_joint(text: str) -> bool:
    """Return whether a name is that of two people, as joint accounts have it."""
    return _JOINT.search(cut_address(text)) is not None


def _split_tokens(tokens: list[str]) -> ParsedName:
    pattern = "".join("F" if _is_given(token) else "x" for token in tokens)
    cut = _find_cut(pattern, tokens)
    if cut is None:
        return ParsedName(_write_name(tokens[:1]), _write_name(tokens[1:]), "person", is_confident=False)
    given_words, family_words = (tokens[:cut], tokens[cut:]) if cut > 0 else (tokens[-cut:], tokens[:-cut])
    return ParsedName(_write_name(given_words), _write_name(family_words), "person", is_confident=True)


def _find_cut(pattern: str, tokens: list[str]) -> int | None:
    """Return how many words at the front are given names; negative: so many are the surname in front."""
    if re.fullmatch(r"F{1,2}x{1,2}", pattern):
        return pattern.count("F")
    if re.fullmatch(r"x{1,2}F{1,2}", pattern):
        return -pattern.count("x")
    if "F" in pattern or len(tokens) != _PAIR:
        return None
    first, last = (bool(_ADJECTIVAL.search(fold_letters(token))) for token in tokens)
    if first == last:
        return None
    return -1 if first else 1


def _is_given(token: str) -> bool:
    key = fold_letters(token)
    return key in SEX_OF and not _ADJECTIVAL.search(key)


def _write_name(tokens: list[str]) -> str:
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
