"""What speaks for and against two records being one person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from donorhub.domain.donors.clusters import gather_groups, gather_people, list_pairs_across
from donorhub.domain.donors.evidence import (
    EVIDENCE_KINDS,
    POINTS,
    Commonness,
    RecordFacts,
    Thresholds,
    compare_records,
    is_mobile,
    judge_pair,
)
from donorhub.domain.donors.identity import NameParts, make_street_key

HOME = frozenset({("00241", "dluga 4")})
MAILBOX = frozenset({"home@example.org"})
MOBILE = frozenset({"+48601000001"})


def record(id_: int, name: str, **facts: Any) -> RecordFacts:
    given, _, family = name.partition(" ")
    family = family.partition(" ")[0]
    return RecordFacts(id_, facts.pop("kind", "person"), NameParts(name, given, family), **facts)


def judge(one: RecordFacts, other: RecordFacts, commonness: Commonness | None = None) -> tuple[str, int]:
    comparison = compare_records(one, other, commonness or Commonness())
    return judge_pair(comparison, Thresholds()), comparison.score


@pytest.mark.parametrize(
    ("other", "facts", "likeness", "score"),
    [
        ("Anna Kowalska", {"emails": MAILBOX, "addresses": HOME}, "automatic", 95),
        ("Ania Kowalska", {"emails": MAILBOX, "addresses": HOME}, "automatic", 91),
        ("Anna Kowalska", {"emails": MAILBOX}, "review", 75),
        ("Anna Kowalska", {"addresses": HOME}, "review", 60),
        ("Anna Kowalska", {}, "none", 40),
        ("Anna Kowalska-Nowak", {"phones": MOBILE, "addresses": HOME}, "review", 77),
        ("A Kowalska", {"emails": MAILBOX, "addresses": HOME}, "review", 83),
        ("Jan Kowalski", {"emails": MAILBOX, "addresses": HOME}, "household", 35),
        ("Hanna Kowalska", {"emails": MAILBOX, "addresses": HOME}, "household", 35),
        ("Jan Nowak", {"addresses": HOME}, "none", -35),
        ("Anna Kowalska senior", {"emails": MAILBOX, "addresses": HOME}, "review", 95),
    ],
)
def test_pair_is_judged(other: str, facts: dict[str, Any], likeness: str, score: int) -> None:
    """Only a key of their own and both names make two records one; a family is no person."""
    anna = record(1, "Anna Kowalska", emails=MAILBOX, phones=MOBILE, addresses=HOME)
    assert judge(anna, record(2, other, **facts)) == (likeness, score)
    assert judge(record(2, other, **facts), anna) == (likeness, score)


@pytest.mark.parametrize(
    ("facts", "other_facts"),
    [
        ({"tax_number": "80010112345"}, {"tax_number": "79010112345"}),
        ({"kind": "person"}, {"kind": "organisation"}),
    ],
)
def test_veto_stands_above_any_score(facts: dict[str, Any], other_facts: dict[str, Any]) -> None:
    """Another tax number or kind is another donor, whatever else agrees."""
    all_else = {"emails": MAILBOX, "phones": MOBILE, "addresses": HOME}
    one = record(1, "Anna Kowalska", **all_else, **facts)
    other = record(2, "Anna Kowalska", **all_else, **other_facts)
    assert judge(one, other)[0] == "none"


def test_birth_dates_speak_for_and_against() -> None:
    """An equal date of birth lets a person be asked, another one never leaves it to the program, whatever is
    shared; a date that only one record tells says nothing."""
    accounts = frozenset({"PL1"})
    son, father = date(1980, 1, 2), date(1950, 1, 2)
    home = {"emails": MAILBOX, "addresses": HOME, "phones": MOBILE, "accounts": accounts}
    jan = record(1, "Jan Lis", **home, born_on=son)
    assert judge(jan, record(2, "Jan Lis", **home, born_on=father)) == ("review", 105)
    assert judge(jan, record(2, "Jan Lis", **home, born_on=son)) == ("automatic", 170)
    assert judge(jan, record(2, "Jan Lis", **home)) == ("automatic", 150)
    alone = record(1, "Jan Lis", born_on=son)
    assert judge(alone, record(2, "Jan Lis", born_on=son)) == ("review", 60)
    assert judge(alone, record(2, "Jan Lis", born_on=father)) == ("none", -5)


def test_two_generations_are_two() -> None:
    """Where both names say which of the two it is, they are never one."""
    senior = record(1, "Jan Kowalski senior", emails=MAILBOX, addresses=HOME)
    assert judge(senior, record(2, "Jan Kowalski jr", emails=MAILBOX, addresses=HOME))[0] == "none"


def test_what_many_have_says_nothing() -> None:
    """A mailbox of sixty people counts no points and makes nobody one."""
    one, other = (record(id_, "Anna Nowak", emails=MAILBOX, addresses=HOME) for id_ in (1, 2))
    shared = {("email", "home@example.org")}
    commonness = Commonness(dict.fromkeys(shared, 60), frozenset(shared))
    assert judge(one, other, commonness) == ("review", 60)
    evidence = compare_records(one, other, commonness).evidence
    assert (evidence[0].kind, evidence[0].points, evidence[0].holders) == ("email", 0, 60)


def test_telephone_at_home_proves_nobody() -> None:
    """A landline has its points, and makes nobody one without a person."""
    phones = frozenset({"+48426000001"})
    one, other = (record(id_, "Jan Nowak", phones=phones, addresses=HOME) for id_ in (1, 2))
    assert judge(one, other) == ("review", 85)
    assert [is_mobile(phone) for phone in ("+48601000001", "+48426000001", "+355691234567", "+44123")] == [
        *(True, False, True, True)
    ]


@pytest.mark.parametrize(("holders", "points"), [(0, 20), (100, 16), (3000, 10), (100_000, 8)])
def test_rare_surname_says_more(holders: int, points: int) -> None:
    """An equal surname has more points the fewer have it, in a base that can tell."""
    one, other = record(1, "Anna Nowak"), record(2, "Anna Nowak")
    commonness = Commonness(surname_holders={"nowak": holders}, donors=10_000 if holders else 999)
    assert judge(one, other, commonness)[1] == points + POINTS["given_name"]


def test_every_piece_of_evidence_has_points() -> None:
    """No kind of evidence is without points, and none counts that is not listed."""
    assert set(EVIDENCE_KINDS) == POINTS.keys()


@pytest.mark.parametrize("street", ["ul. Długa 4 m. 5", "DŁUGA 4/5", "Dluga 4 lok. 5", "Długa 4 / 5"])
def test_street_is_one_however_written(street: str) -> None:
    assert make_street_key(street) == "dluga 4 5"
    assert make_street_key("Długa") == ""


def test_no_chain_joins_two_who_are_apart() -> None:
    """Of three who hang together two are told apart: the surest pair is one person, the third another."""
    scores = {(1, 2): 90, (2, 3): 80}
    assert gather_groups(scores) == [[1, 2, 3]]
    assert gather_people([1, 2, 3], scores, set()) == [[1, 2, 3]]
    people = gather_people([1, 2, 3], scores, {(1, 3)})
    assert people == [[1, 2], [3]] and list_pairs_across(people) == [(1, 3), (2, 3)]
