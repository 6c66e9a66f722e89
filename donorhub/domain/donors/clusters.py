"""Records that may be one person, gathered into groups and into people.

No two are ever joined who cannot be one, whatever a third record says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

Pair = tuple[int, int]  # the lower id first


def make_pair(one: int, other: int) -> Pair:
    """Return two ids as a pair is known."""
    return (one, other) if one < other else (other, one)


def gather_groups(pairs: Iterable[Pair]) -> list[list[int]]:
    """Return the ids that hang together by some pairs, each group in order, the lowest first."""
    group_of: dict[int, set[int]] = {}
    for one, other in pairs:
        group = group_of.get(one, {one}) | group_of.get(other, {other})
        for id_ in group:
            group_of[id_] = group
    unique_groups = {min(group): group for group in group_of.values()}
    return [sorted(unique_groups[first]) for first in sorted(unique_groups)]


def gather_people(
    ids: Collection[int], scores: Mapping[Pair, int], apart: Collection[Pair]
) -> list[list[int]]:
    """Return who is whom by these scores, the surest first.

    No two of ``apart`` are ever one, not even by way of a third.
    """
    person_of = {id_: {id_} for id_ in ids}
    barred = set(apart)
    for one, other in sorted(scores, key=lambda pair: (-scores[pair], pair)):
        ours, theirs = person_of[one], person_of[other]
        if ours is theirs or any(make_pair(a, b) in barred for a in ours for b in theirs):
            continue
        together = ours | theirs
        for id_ in together:
            person_of[id_] = together
    unique_people = {min(person): person for person in person_of.values()}
    return [sorted(unique_people[first]) for first in sorted(unique_people)]


def list_pairs(ids: Iterable[int]) -> list[Pair]:
    """Return all pairs of some ids."""
    return list(combinations(sorted(set(ids)), 2))


def list_pairs_across(people: Sequence[Collection[int]]) -> list[Pair]:
    """Return the pairs whose ends are different people."""
    return [
        make_pair(one, other) for ours, theirs in combinations(people, 2) for one in ours for other in theirs
    ]
