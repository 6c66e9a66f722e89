"""A small made-up organisation lives through some months; the large one is in ``tests/load``."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.services.recurring.judged_years import assert_goals
from tests.services.recurring.made_up_years import make_world
from tests.services.recurring.play_years import play
from tests.years.figures import Tally

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(
    ("payer_count", "months", "least"),
    [
        pytest.param(25, 5, (60, 2, 0), id="few"),
        pytest.param(70, 7, (150, 10, 5), id="many", marks=pytest.mark.slow),
    ],
)
def test_months_call_nothing_paid_missed(
    database: Flask, payer_count: int, months: int, least: tuple[int, int, int]
) -> None:
    """Payers of several months, files that come weekly, monthly and late."""
    world = make_world(seed=23, payer_count=payer_count, months=months)
    result = play(world, seed=23, timer_days=10, office_days=10)
    print(result)
    assert_goals(result)
    gift_count, missed_count, change_count = least
    assert result.counts["gifts by itself"] > gift_count
    assert result.counts["instalments missed"] > missed_count
    assert result.counts["amount changes"] >= change_count  # without any, all of them would be proposed


@pytest.mark.parametrize(
    "fault",
    ["instalments called missed though paid", "promises lapsed while paying", "wrong donors by itself"],
)
def test_goals_refuse_each_fault(fault: str) -> None:
    """One instalment called missed though it was paid is one too many, as is one promise and one donor."""
    result = Tally()
    assert_goals(result)
    result.note(fault)
    with pytest.raises(AssertionError):
        assert_goals(result)
