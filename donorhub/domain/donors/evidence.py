"""What speaks for and against two records being one person: points, vetoes and the verdict.

The weights were measured on invented families (design: donor records); whether names agree looks at how they
compare, never at how rare they are. Nothing here looks anything up: who shares what is told by the caller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, get_args

from rapidfuzz.distance import OSA, JaroWinkler

from donorhub.domain.donors.given_names import FULL_FORM, SEX_OF
from donorhub.domain.donors.identity import NameParts
from donorhub.domain.donors.names import make_given_key, make_surname_key, parse_written_name
from donorhub.domain.payer_text import fold_letters, make_name_key

EvidenceKind = Literal[
    "email",
    "account",
    "phone",
    "tax_number",
    "address",
    "postcode",
    "name",
    "name_like",
    "surname",
    "surname_part",
    "surname_like",
    "surname_differs",
    "given_name",
    "given_form",
    "given_initial",
    "given_like",
    "given_differs",
    "born_on",
    "born_on_differs",
    "tax_number_differs",
    "kind_differs",
    "generation",
    "generation_differs",
]
EVIDENCE_KINDS: Final[tuple[EvidenceKind, ...]] = get_args(EvidenceKind)
# Whatever else agrees, these are two; where only one names a generation, a person decides.
VETOES: Final[tuple[EvidenceKind, ...]] = (
    "given_differs",
    "tax_number_differs",
    "kind_differs",
    "generation_differs",
)
# With these a person decides, whatever else agrees: father and son have one name and one address.
_DOUBTS: Final[frozenset[EvidenceKind]] = frozenset({"generation", "born_on_differs"})
_KEYS: Final[tuple[EvidenceKind, ...]] = ("email", "account", "phone", "tax_number")
Likeness = Literal["automatic", "review", "household", "none"]
Generation = Literal["", "elder", "younger"]

POINTS: Final[Mapping[EvidenceKind, int]] = {
    "email": 35,
    "account": 30,
    "phone": 25,
    "tax_number": 60,
    "address": 20,  # the postcode's 8, and 12 for street and number
    "postcode": 8,
    "name": 40,
    "name_like": 26,  # what a surname and a given name that are alike have together
    "surname": 20,
    "surname_part": 12,
    "surname_like": 14,
    "surname_differs": -15,
    "given_name": 20,
    "given_form": 16,
    "given_initial": 8,
    "given_like": 12,
    "given_differs": -40,
    "born_on": 20,
    "born_on_differs": -45,
    "tax_number_differs": -100,
    "kind_differs": -100,
    "generation": 0,
    "generation_differs": -100,
}
_AGREEING: Final = 12  # points of a part of a name, from which on both are alike
_RAREST, _COMMONEST, _STEP = 22, 8, 4  # points of a surname by how many have it
_SMALLEST_BASE: Final = 1000  # donors, below which how rare a name is here says nothing
_LIKE_SURNAME: Final = 0.92
_LIKE_GIVEN: Final = 0.93
_ELDERS: Final = frozenset({"senior", "sr", "st", "starszy"})
_YOUNGERS: Final = frozenset({"junior", "jr", "ml", "mlodszy"})
# Polish numbers of mobiles by their first two digits; those of Albania begin with 6, of Kosovo with 4.
_MOBILES: Final = {"+48": "45 50 51 53 57 60 66 69 72 73 78 79 88".split(), "+355": ["6"], "+383": ["4"]}


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What a record says of who it is, brought into forms that can be compared."""

    id: int
    kind: str
    parts: NameParts
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()  # as they are dialled from abroad
    accounts: frozenset[str] = frozenset()
    addresses: frozenset[tuple[str, str]] = frozenset()  # place and street, see identity.make_address_key
    tax_number: str = ""
    born_on: date | None = None


@dataclass(frozen=True, slots=True)
class Commonness:
    """How many share what: what a third person has says nothing, and a rare surname says more."""

    holders: Mapping[tuple[str, str], int] = field(default_factory=dict)  # of (kind, value); none: one alone
    generic: frozenset[tuple[str, str]] = frozenset()
    surname_holders: Mapping[str, int] = field(default_factory=dict)  # of those that many have
    donors: int = 0  # with a surname that is known


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for or against; ``holders`` is how many people have what is shared."""

    kind: EvidenceKind
    points: int
    holders: int = 0
    is_generic: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two records side by side, the older first."""

    left_id: int
    right_id: int
    evidence: tuple[Evidence, ...]
    do_names_agree: bool
    has_hard_key: bool  # an e-mail, mobile, account or tax number that at most a couple has

    @property
    def score(self) -> int:
        """The sum of all points."""
        return sum(one.points for one in self.evidence)

    @property
    def has_shared_key(self) -> bool:
        """Whether both have an e-mail, phone, account or tax number that at most a couple has."""
        return any(one.kind in _KEYS and not one.is_generic for one in self.evidence)

    @property
    def vetoes(self) -> tuple[EvidenceKind, ...]:
        """Why they cannot be one."""
        return tuple(one.kind for one in self.evidence if one.kind in VETOES)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many points on two records are one without a person, and from how many a person is asked."""

    automatic: int = 80
    review: int = 52


def judge_pair(comparison: Comparison, thresholds: Thresholds) -> Likeness:
    """Return what follows: they are one, a person decides, they may be a household, or nothing."""
    kinds = {one.kind for one in comparison.evidence if not one.is_generic}
    if comparison.vetoes:
        is_family = "address" in kinds and bool(
            kinds & {"surname", "surname_part"} or comparison.has_hard_key
        )
        return "household" if comparison.vetoes == ("given_differs",) and is_family else "none"
    is_certain = comparison.has_hard_key and comparison.do_names_agree and _DOUBTS.isdisjoint(kinds)
    if comparison.score >= thresholds.automatic and is_certain:
        return "automatic"
    return "review" if comparison.score >= thresholds.review else "none"


def compare_records(one: RecordFacts, other: RecordFacts, commonness: Commonness) -> Comparison:
    """Return all that speaks for and against two records being one person."""
    left, right = (one, other) if one.id <= other.id else (other, one)
    names, do_names_agree = _compare_names(left, right, commonness)
    shared = _compare_shared(left, right, commonness)
    evidence = [*shared, *names, *_compare_rest(left, right)]
    return Comparison(
        left.id, right.id, tuple(evidence), do_names_agree, _has_hard_key(left, right, commonness)
    )


def read_parts(parts: NameParts, *, is_person: bool) -> NameParts:
    """Return a name in its parts as two records are compared by, an initial with a surname too."""
    if not is_person or (parts.given_name and parts.family_name):
        return parts
    parsed_name, _note = parse_written_name(parts.name)
    if parsed_name.kind == "person" and parsed_name.doubt in (None, "initial"):
        return NameParts(parts.name, parsed_name.given_name, parsed_name.family_name)
    return parts


def make_surname_text(parts: NameParts) -> str:
    """Return the key under which it is counted how many bear a surname."""
    return " ".join(make_surname_key(parts.family_name))


def _compare_shared(left: RecordFacts, right: RecordFacts, commonness: Commonness) -> list[Evidence]:
    evidence = []
    for kind, ours, theirs in _list_hard(left, right):
        equal_values = sorted(ours & theirs)
        if not equal_values:
            continue
        telling = [value for value in equal_values if (kind, value) not in commonness.generic]
        value = (telling or equal_values)[0]
        holders = commonness.holders.get((kind, value), 1)
        evidence.append(
            Evidence(kind, POINTS[kind] if telling else 0, holders=holders, is_generic=not telling)
        )
    return evidence


def _list_hard(
    left: RecordFacts, right: RecordFacts
) -> list[tuple[EvidenceKind, frozenset[str], frozenset[str]]]:
    return [
        ("email", left.emails, right.emails),
        ("account", left.accounts, right.accounts),
        ("phone", left.phones, right.phones),
    ]


def _has_hard_key(left: RecordFacts, right: RecordFacts, commonness: Commonness) -> bool:
    if left.tax_number and left.tax_number == right.tax_number:
        return True
    return any(
        (kind, value) not in commonness.generic and (kind != "phone" or is_mobile(value))
        for kind, ours, theirs in _list_hard(left, right)
        for value in ours & theirs
    )


def is_mobile(phone: str) -> bool:
    """Return whether a number is a person's; one on a wall is a household's. Of other countries, it is."""
    for dial, beginnings in _MOBILES.items():
        if phone.startswith(dial):
            return phone.removeprefix(dial).startswith(tuple(beginnings))
    return True


def _compare_rest(left: RecordFacts, right: RecordFacts) -> list[Evidence]:
    evidence = []
    if left.addresses & right.addresses:
        evidence.append(Evidence("address", POINTS["address"]))
    elif {place for place, _ in left.addresses} & {place for place, _ in right.addresses}:
        evidence.append(Evidence("postcode", POINTS["postcode"]))
    if left.tax_number and right.tax_number:
        kind: EvidenceKind = "tax_number" if left.tax_number == right.tax_number else "tax_number_differs"
        evidence.append(Evidence(kind, POINTS[kind]))
    if left.born_on and right.born_on:
        kind = "born_on" if left.born_on == right.born_on else "born_on_differs"
        evidence.append(Evidence(kind, POINTS[kind]))
    if left.kind != right.kind:
        evidence.append(Evidence("kind_differs", POINTS["kind_differs"]))
    generations = {find_generation(left.parts.name), find_generation(right.parts.name)} - {""}
    if len(generations) > 1:
        evidence.append(Evidence("generation_differs", POINTS["generation_differs"]))
    elif generations:
        evidence.append(Evidence("generation", POINTS["generation"]))
    return evidence


def find_generation(name: str) -> Generation:
    """Return whether a name says that there is a younger or an elder of the same name."""
    words = {word.strip(".,()") for word in fold_letters(name).split()[1:]}
    if words & _ELDERS:
        return "elder"
    return "younger" if words & _YOUNGERS else ""


# ---------------------------------------------------------------- names


def _compare_names(
    left: RecordFacts, right: RecordFacts, commonness: Commonness
) -> tuple[list[Evidence], bool]:
    """Return what the names say, and whether both of their parts agree."""
    ours, theirs = left.parts, right.parts
    if not all((ours.given_name, ours.family_name, theirs.given_name, theirs.family_name)):
        kind = _compare_whole_names(make_name_key(ours.name), make_name_key(theirs.name))
        return ([Evidence(kind, POINTS[kind])] if kind else []), kind == "name"
    surname = _compare_surnames(ours.family_name, theirs.family_name)
    given = _compare_given_names(ours.given_name, theirs.given_name)
    agree = POINTS[surname] >= _AGREEING and POINTS[given] >= _AGREEING
    points, holders = POINTS[surname], 0
    if surname == "surname":
        points, holders = _weigh_surname(make_surname_text(ours), commonness)
    return [Evidence(surname, points, holders=holders), Evidence(given, POINTS[given])], agree


def _compare_whole_names(one: str, other: str) -> EvidenceKind | None:
    """Return whether names that are not taken apart are equal, or each word is one slip of the pen away."""
    if one == other:
        return "name" if one else None
    ours, theirs = one.split(), other.split()
    is_like = len(ours) == len(theirs) > 1 and all(
        OSA.distance(word, twin) <= 1 for word, twin in zip(ours, theirs, strict=True)
    )
    return "name_like" if is_like else None


def _weigh_surname(surname: str, commonness: Commonness) -> tuple[int, int]:
    """Return the points of an equal surname, more for a rare one, and how many have it where many have."""
    holders = commonness.surname_holders.get(surname, 0)
    if commonness.donors < _SMALLEST_BASE:
        return POINTS["surname"], holders
    weight = _COMMONEST + _STEP * math.log10((commonness.donors + 1) / (holders + 1))
    return round(min(_RAREST, max(_COMMONEST, weight))), holders


def _compare_surnames(one: str, other: str) -> EvidenceKind:
    ours, theirs = make_surname_key(one), make_surname_key(other)
    if ours == theirs:
        return "surname"
    if set(ours) & set(theirs):
        return "surname_part"
    is_like = JaroWinkler.similarity(" ".join(ours), " ".join(theirs)) >= _LIKE_SURNAME
    return "surname_like" if is_like else "surname_differs"


def _compare_given_names(one: str, other: str) -> EvidenceKind:
    ours, theirs = make_given_key(one), make_given_key(other)
    if ours == theirs:
        is_form = _find_first(one) != _find_first(other)
        return "given_form" if is_form else "given_initial" if len(ours) == 1 else "given_name"
    if min(len(ours), len(theirs)) == 1:
        return "given_initial" if ours[:1] == theirs[:1] else "given_differs"
    if _is_known(ours) and _is_known(theirs):
        return "given_differs"  # Anna and Hanna are two names, however alike
    is_slip = (_is_known(ours) or _is_known(theirs)) and OSA.distance(ours, theirs) <= 1
    is_like = is_slip or JaroWinkler.similarity(ours, theirs) >= _LIKE_GIVEN
    return "given_like" if is_like and ours[-1] == theirs[-1] else "given_differs"


def _find_first(given_name: str) -> str:
    words = fold_letters(given_name).split()
    return words[0].strip(".") if words else ""


def _is_known(given_key: str) -> bool:
    return given_key in SEX_OF or given_key in FULL_FORM
