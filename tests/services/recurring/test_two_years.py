"""A small made-up organisation lives through some months; the large one is in ``tests/load``."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.services.recurring.judged_years import Result, assert_goals
from tests.services.recurring.made_up_years import make_world
from tests.services.recurring.play_years import play

pytestmark = pytest.mark.timeout(240)


def test_months_call_nothing_paid_missed(database: Flask) -> None:
    """Seventy payers, seven months, files that come weekly, monthly and late."""
    result = play(make_world(seed=23, payer_count=70, months=7), seed=23, timer_days=10, office_days=10)
    print(result)
    assert_goals(result)
    assert result.counts["gifts by itself"] > 150 and result.counts["instalments missed"] > 10
    assert result.counts["amount changes"] > 4  # without any, all of them would be proposed


@pytest.mark.parametrize(
    "fault",
    ["instalments called missed though paid", "promises lapsed while paying", "wrong donors by itself"],
)
def test_goals_refuse_each_fault(fault: str) -> None:
    """One instalment called missed though it was paid is one too many, as is one promise and one donor."""
    result = Result()
    assert_goals(result)
    result.note(fault)
    with pytest.raises(AssertionError):
        assert_goals(result)
