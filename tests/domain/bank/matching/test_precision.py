"""The precision of rules: bounds, when one stops, what is put up for a look.

The limits 110, 204 and 427 were reckoned by hand from Wilson's formula, not with this code.
"""

from __future__ import annotations

from random import Random

import pytest

from donorhub.domain.bank.matching.precision import Looks, choose_looks, compute_bounds, has_failed


@pytest.mark.parametrize(("wrong", "most"), [(2, 110), (3, 204), (5, 427)])
def test_rule_stops_at_its_limit(wrong: int, most: int) -> None:
    assert has_failed(Looks(most - wrong, wrong))
    assert not has_failed(Looks(most + 1 - wrong, wrong))


def test_one_wrong_decision_stops_nothing() -> None:
    assert not has_failed(Looks(0, 1))
    assert not has_failed(Looks(5, 1))


def test_bounds_of_a_known_share() -> None:
    low, high = compute_bounds(Looks(9, 1))
    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)
    assert compute_bounds(Looks()) == (0.0, 1.0)
    assert compute_bounds(Looks(100, 0))[1] == 1.0


def _count_looks_until_stop(share_wrong: float, random: Random, most: int) -> int | None:
    right = wrong = 0
    for count in range(1, most + 1):
        if random.random() < share_wrong:
            wrong += 1
        else:
            right += 1
        if has_failed(Looks(right, wrong)):
            return count
    return None


def test_planted_errors_stop_a_rule() -> None:
    """A rule that is wrong in 2 of 100 stops within 300 looks in at least eight of ten runs."""
    random = Random(10)
    stops = [_count_looks_until_stop(0.02, random, 300) for _ in range(1000)]
    assert sum(stop is not None for stop in stops) >= 800


def test_right_rule_goes_on() -> None:
    """A rule that is wrong once in a thousand stops in fewer than 2 of 100 runs, of a thousand looks each."""
    random = Random(11)
    stops = [_count_looks_until_stop(0.001, random, 1000) for _ in range(1000)]
    assert sum(stop is not None for stop in stops) < 20


def test_first_decisions_are_all_put_up() -> None:
    ids = list(range(1, 31))
    assert len(choose_looks(ids[:12], rule_count=0, month_count=9)) == 12
    assert len(choose_looks(ids, rule_count=8, month_count=9)) >= 12


def test_later_one_in_a_hundred() -> None:
    chosen = choose_looks(range(1, 20_001), rule_count=20, month_count=5)
    assert 150 < len(chosen) < 250
    assert choose_looks(range(1, 20_001), rule_count=25, month_count=9) == chosen


def test_at_least_five_a_month() -> None:
    chosen = choose_looks(range(1, 40), rule_count=500, month_count=0)
    assert len(chosen) >= 5
    assert len(choose_looks(range(1, 40), rule_count=500, month_count=3)) >= 2
