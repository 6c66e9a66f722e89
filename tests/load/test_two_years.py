"""Two years of a made-up organisation: what DonorHub says of two thousand payers' money, against the truth.

What is asked for is in ``GOALS``; ``tests/services/recurring/test_two_years.py`` is its small twin.
"""

from __future__ import annotations

import pytest
from flask import Flask

from tests.services.recurring.judged_years import assert_goals
from tests.services.recurring.made_up_years import make_world
from tests.services.recurring.play_years import play

pytestmark = [pytest.mark.load, pytest.mark.timeout(7200)]


@pytest.mark.parametrize("seed", [11])
def test_two_years_call_nothing_paid_missed(database: Flask, seed: int) -> None:
    """Two thousand payers, raises, lowerings, misses, pauses, ends, families, files that come late."""
    result = play(make_world(seed=seed, payer_count=2000, months=24), seed=seed, timer_days=7, office_days=7)
    print(result)
    assert_goals(result)
