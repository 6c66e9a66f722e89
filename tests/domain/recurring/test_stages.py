"""One test a row of the table of stages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.recurring.stages import (
    DonorGiving,
    RecurringFacts,
    StageRules,
    compute_stage,
    list_overlays,
)

DAY = date(2026, 6, 15)


def ago(*days: int) -> tuple[date, ...]:
    return tuple(DAY - timedelta(days=count) for count in sorted(days, reverse=True))


def overdue(days: int, *, is_lapsed: bool = False) -> RecurringFacts:
    return RecurringFacts(DAY - timedelta(days=days), is_lapsed)


RUNNING = RecurringFacts()


@pytest.mark.parametrize(
    ("stage", "giving"),
    [
        ("deceased", DonorGiving(ago(5), [RUNNING], is_gone=True)),
        ("recurring_active", DonorGiving(ago(5), [RUNNING])),
        ("recurring_active", DonorGiving((), [RUNNING])),
        ("recurring_active", DonorGiving(ago(35), [overdue(10)])),
        ("recurring_active", DonorGiving(ago(35), [RUNNING, overdue(99, is_lapsed=True)])),
        ("recurring_at_risk", DonorGiving(ago(35), [overdue(11)])),
        ("recurring_at_risk", DonorGiving(ago(35), [RUNNING, overdue(11)])),
        ("recurring_lapsed", DonorGiving(ago(100), [overdue(70, is_lapsed=True)])),
        ("lapsed", DonorGiving(ago(500), [overdue(470, is_lapsed=True)])),
        ("new", DonorGiving(ago(0))),
        ("new", DonorGiving(ago(90))),
        ("new", DonorGiving(ago(9), [RecurringFacts(is_paused=True)])),
        ("reactivated", DonorGiving(ago(90, 90 + 370))),
        ("active_repeat", DonorGiving(ago(90, 90 + 364))),
        ("active_repeat", DonorGiving(ago(91, 91 + 400))),
        ("active_repeat", DonorGiving(ago(1, 2))),
        ("first_time_active", DonorGiving(ago(91))),
        ("first_time_active", DonorGiving(ago(365))),
        ("lapsing", DonorGiving(ago(366))),
        ("lapsing", DonorGiving(ago(396, 700))),
        ("lapsed", DonorGiving(ago(397))),
        ("lapsed", DonorGiving(ago(730))),
        ("deep_lapsed", DonorGiving(ago(732))),
        ("prospect", DonorGiving()),
    ],
)
def test_the_first_rule_that_holds_is_the_stage(stage: str, giving: DonorGiving) -> None:
    assert compute_stage(DAY, giving) == stage


def test_the_limits_are_the_organisations() -> None:
    assert compute_stage(DAY, DonorGiving(ago(60)), StageRules(new_days=30)) == "first_time_active"


@given(st.lists(st.integers(0, 1500), min_size=1, max_size=6), st.integers(0, 800))
def test_donor_without_gifts_only_moves_on(days: list[int], later: int) -> None:
    """Without a new gift a donor only moves on through the stages, never back."""
    order = ["new", "reactivated", "first_time_active", "active_repeat", "lapsing", "lapsed", "deep_lapsed"]
    giving = DonorGiving(ago(*days))
    before, after = compute_stage(DAY, giving), compute_stage(DAY + timedelta(days=later), giving)
    assert order.index(before) <= order.index(after)


@pytest.mark.parametrize(
    ("known_days_ago", "stage"), [(0, "lapsed"), (36, "lapsing"), (70, "first_time_active"), (400, "new")]
)
def test_age_counts_to_known_day(known_days_ago: int, stage: str) -> None:
    """How old the last gift is counts up to the day that the banks are known, even before the gift itself."""
    known_to = DAY - timedelta(days=known_days_ago)
    assert compute_stage(DAY, DonorGiving(ago(430)), known_to=known_to) == stage


def test_overdue_needs_no_known_day() -> None:
    """What is overdue was judged by its own account already: the day of the others does not count."""
    known_to = DAY - timedelta(days=300)
    assert compute_stage(DAY, DonorGiving(ago(35), [overdue(11)]), known_to=known_to) == "recurring_at_risk"


@pytest.mark.parametrize(
    ("giving", "overlays"),
    [
        (DonorGiving(ago(320)), ["lapse_soon"]),
        (DonorGiving(ago(320, 400)), ["lapse_soon"]),
        (DonorGiving(ago(300)), []),
        (DonorGiving(ago(370)), []),
        (DonorGiving(ago(320), [RUNNING]), []),
        (DonorGiving(ago(320), is_gone=True), []),
        (DonorGiving(), []),
    ],
)
def test_lapse_soon_only_before_lapsing(giving: DonorGiving, overlays: list[str]) -> None:
    """Who gave 10 to 12 months ago, and gives nothing regularly, may lapse soon."""
    assert list_overlays(compute_stage(DAY, giving), DAY, giving) == overlays
