"""The assignment is the cheapest there is."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.bank.matching.assignment import assign_by_least_cost, assign_greedily

tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 50).map(float), min_size=width, max_size=width), min_size=1, max_size=5
    )
)


def total(costs: list[list[float]], chosen: list[int | None]) -> float:
    return sum(row[column] for row, column in zip(costs, chosen, strict=True) if column is not None)


def cheapest(costs: list[list[float]]) -> float:
    rows, columns = len(costs), len(costs[0])
    if rows <= columns:
        return min(sum(costs[r][c] for r, c in enumerate(p)) for p in permutations(range(columns), rows))
    return min(sum(costs[r][c] for c, r in enumerate(p)) for p in permutations(range(rows), columns))


@given(tables)
def test_hungarian_method_finds_the_least_total(costs: list[list[float]]) -> None:
    """The Hungarian method finds the least total among all assignments that use as many columns as can be
    used."""
    chosen = assign_by_least_cost(costs)
    used = [column for column in chosen if column is not None]
    assert len(used) == len(set(used)) == min(len(costs), len(costs[0]))
    assert total(costs, chosen) == cheapest(costs)


@given(tables)
def test_greedy_uses_each_column_once(costs: list[list[float]]) -> None:
    used = [column for column in assign_greedily(costs) if column is not None]
    assert len(used) == len(set(used)) == min(len(costs), len(costs[0]))


def test_nearest_first_can_cost_more() -> None:
    """Taking the nearest first is not always the cheapest whole, which is why the Hungarian method
    decides."""
    costs = [[1.0, 2.0], [0.0, 9.0]]
    assert assign_by_least_cost(costs) == [1, 0]
    assert assign_greedily([[0.0, 1.0], [0.5, 9.0]]) == [0, 1]
    assert assign_by_least_cost([[0.0, 1.0], [0.5, 9.0]]) == [1, 0]


def test_what_cannot_belong_together_stays_apart() -> None:
    assert assign_by_least_cost([[10_000.0, 3.0], [10_000.0, 10_000.0]]) == [1, None]
