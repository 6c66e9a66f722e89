"""What may follow what, and what time alone does."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.recurring.recurring_states import (
    INSTALMENT_STEPS,
    RECURRING_STEPS,
    InstalmentStep,
    LapseRule,
    Windows,
    find_next_recurring_state,
    find_next_state,
    find_step_of_misses,
    find_step_of_time,
)
from donorhub.models.states import InstalmentState, RecurringState

DUE = date(2026, 3, 2)
WINDOWS = Windows()


def test_every_state_has_its_row() -> None:
    assert set(INSTALMENT_STEPS) == set(get_args(InstalmentState))
    assert set(RECURRING_STEPS) == set(get_args(RecurringState))


@pytest.mark.parametrize(
    ("state", "goes_to"),
    [
        ("expected", "collecting paid partial late skipped"),
        ("collecting", "paid partial failed returned"),
        ("late", "paid partial missed"),
        ("partial", "paid missed partial expected returned skipped"),
        ("failed", "collecting paid partial missed skipped"),
        ("missed", "paid partial waived"),
        ("paid", "returned skipped expected"),
        ("returned", "collecting paid partial missed skipped"),
        ("skipped", "paid partial"),
        ("waived", "paid partial"),
    ],
)
def test_an_instalment_goes_only_where_its_row_says(state: InstalmentState, goes_to: str) -> None:
    next_states = {find_next_state(state, step) for step in get_args(InstalmentStep)} - {None}
    assert next_states == set(goes_to.split())


@pytest.mark.parametrize(
    ("state", "goes_to"),
    [
        ("proposed", "active closed"),
        ("pending", "active closed"),
        ("active", "active failing paused lapsed closed"),
        ("failing", "active failing paused lapsed closed"),
        ("paused", "active closed"),
        ("lapsed", "active closed"),
        ("closed", "active"),
    ],
)
def test_recurring_gift_follows_its_table(state: RecurringState, goes_to: str) -> None:
    """A recurring gift goes only to the states that its row of the table allows; a closed one goes nowhere by
    itself, but goes on where a person says so."""
    assert set(RECURRING_STEPS[state].values()) == set(goes_to.split())
    assert set(RECURRING_STEPS["closed"]) == {"reopen"}
    assert find_next_recurring_state("closed", "pay") is None


@given(st.lists(st.sampled_from(get_args(InstalmentStep)), max_size=30))
def test_money_pays_whatever_is_not_paid_yet(steps: list[InstalmentStep]) -> None:
    state: InstalmentState = "expected"
    for step in steps:
        state = find_next_state(state, step) or state
    assert (find_next_state(state, "pay") == "paid") == (state != "paid")


@pytest.mark.parametrize(
    ("state", "days", "step"),
    [
        ("expected", 4, None),
        ("expected", 5, "window_over"),
        ("late", 10, None),
        ("late", 11, "grace_over"),
        ("partial", 11, "grace_over"),
        ("failed", 11, "grace_over"),
        ("collecting", 99, None),
        ("missed", 99, None),
        ("paid", 99, None),
    ],
)
def test_window_and_grace_run_out(state: InstalmentState, days: int, step: str | None) -> None:
    today = DUE + timedelta(days=days)
    assert find_step_of_time(state, DUE, today, known_to=today, windows=WINDOWS) == step


@pytest.mark.parametrize(("days", "step"), [(None, None), (0, None), (9, None), (10, "grace_over")])
def test_nothing_is_missed_in_unknown_days(days: int | None, step: str | None) -> None:
    """Whatever the calendar says, an instalment is missed only where the bank is known up to its last day."""
    known_to = None if days is None else DUE + timedelta(days=days)
    far = DUE + timedelta(days=400)
    assert find_step_of_time("late", DUE, far, known_to=known_to, windows=WINDOWS) == step
    assert find_step_of_time("expected", DUE, far, known_to=known_to, windows=WINDOWS) == "window_over"


def test_nothing_is_missed_while_another_attempt_is_planned() -> None:
    late = DUE + timedelta(days=30)
    assert (
        find_step_of_time("failed", DUE, late, known_to=late, windows=WINDOWS, next_attempt_on=late) is None
    )


@pytest.mark.parametrize(("days", "holds"), [(-2, False), (-1, True), (0, True), (4, True), (5, False)])
def test_matching_window_around_the_due_date(days: int, holds: bool) -> None:
    """Money is matched without a person from one day before to four days after the due date."""
    assert WINDOWS.include_booking(DUE, DUE + timedelta(days=days)) is holds


@pytest.mark.parametrize(
    ("today", "step"),
    [
        (date(2026, 2, 11), None),
        (date(2026, 2, 12), "lapse"),
        (date(2026, 2, 21), "lapse"),
        (date(2026, 2, 22), "close"),
    ],
)
def test_lapse_and_close_after_given_days(today: date, step: str | None) -> None:
    """Ten and twenty days lapse on 12 and close on 22 February. Monthly from 1 January, the first paid: the
    vector NPSP documents for its own rule."""
    rule = LapseRule(lapse_days=10, close_days=20)
    assert find_step_of_misses([date(2026, 2, 1)], "M", 1, today, rule=rule, windows=WINDOWS) == step


@pytest.mark.parametrize(
    ("unpaid", "period", "every", "today", "step"),
    [
        ([date(2026, 1, 5)], "M", 1, date(2026, 2, 1), None),
        ([date(2026, 1, 5), date(2026, 2, 5)], "M", 1, date(2026, 2, 15), None),
        ([date(2026, 1, 5), date(2026, 2, 5)], "M", 1, date(2026, 2, 16), "lapse"),
        ([date(2026, 1, 5)], "M", 3, date(2026, 2, 14), None),
        ([date(2026, 1, 5)], "M", 3, date(2026, 2, 15), "lapse"),
        ([date(2026, 1, 5)], "Y", 1, date(2026, 2, 15), "lapse"),
        ([date(2026, 1, 5)], "Y", 1, date(2026, 7, 5), "lapse"),
        ([date(2026, 1, 5)], "Y", 1, date(2026, 7, 6), "close"),
        ([], "M", 1, date(2026, 7, 6), None),
        ([date(2026, 8, 1)], "M", 1, date(2026, 7, 6), None),
    ],
)
def test_misses_lapse_and_half_a_year_closes(
    unpaid: list[date], period: str, every: int, today: date, step: str | None
) -> None:
    found = find_step_of_misses(unpaid, period, every, today, rule=LapseRule(), windows=WINDOWS)  # type: ignore[arg-type]
    assert found == step


@pytest.mark.parametrize("days", [(20, 20), (20, 10), (None, 10), (10, None)])
def test_a_rule_must_lapse_before_it_closes(days: tuple[int | None, int | None]) -> None:
    with pytest.raises(ValueError, match="lapse"):
        LapseRule(lapse_days=days[0], close_days=days[1])
