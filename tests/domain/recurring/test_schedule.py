"""Due dates: counted from the anchor, clamped to the month, rolled to a banking day."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.recurring.banking_days import add_banking_days, is_banking_day, roll_back, roll_forward
from donorhub.domain.recurring.schedule import (
    Term,
    compute_monthly_minor,
    compute_nominal_on,
    find_change_type,
    list_slots,
)
from donorhub.money import Money

ZL50 = Money(5000, "PLN")
PERIODS = st.sampled_from(["W", "M", "Y"])


def term(anchor: date, period: str = "M", **more: object) -> Term:
    return Term(anchor, period, ZL50, more.pop("from_on", anchor), **more)  # type: ignore[arg-type]


def due(day: int, until: date) -> list[str]:
    slots = list_slots([term(date(2026, 1, day))], until, country="PL")
    return [f"{slot.due_on:%m-%d}" for slot in slots]


def test_slots_of_day_31_in_poland() -> None:
    """The slots of the 31st in 2026, rolled to Polish banking days."""
    assert due(31, date(2026, 6, 30)) == "02-02 03-02 03-31 04-30 06-01 06-30".split()


def test_slots_of_day_1_in_poland() -> None:
    """The slots of the first in 2026, rolled to Polish banking days."""
    expected = "01-02 02-02 03-02 04-01 05-04 06-01 07-01 08-03 09-01 10-01 11-02 12-01"
    assert due(1, date(2026, 12, 31)) == expected.split()


@pytest.mark.parametrize(
    ("day", "country", "is_open"),
    [
        (date(2024, 12, 24), "PL", True),
        (date(2025, 12, 24), "PL", False),  # a holiday since 2025
        (date(2026, 12, 24), "PL", False),
        (date(2026, 11, 11), "PL", False),
        (date(2026, 11, 11), "AL", True),
        (date(2026, 11, 28), "AL", False),  # Saturday and Flag Day
        (date(2025, 11, 28), "AL", False),
        (date(2026, 2, 17), "XK", False),  # Independence Day
        (date(2026, 2, 17), "PL", True),
    ],
)
def test_banks_are_closed_on_the_countrys_own_holidays(day: date, country: str, is_open: bool) -> None:
    assert is_banking_day(day, country) is is_open


def test_banking_days_skip_christmas() -> None:
    """Rolling to a banking day and counting banking days skip the holidays of Christmas."""
    eve = date(2025, 12, 24)
    assert roll_forward(eve, "PL") == date(2025, 12, 29)
    assert roll_back(eve, "PL") == date(2025, 12, 23)
    assert add_banking_days(date(2025, 12, 23), 2, "PL") == date(2025, 12, 30)
    assert add_banking_days(date(2025, 12, 29), -1, "PL") == date(2025, 12, 23)


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 24), st.integers(0, 200))
def test_monthly_slot_keeps_the_anchors_day(anchor: date, every: int, k: int) -> None:
    """A monthly slot falls on the anchor's day, or on the last day of a month that is too short for it."""
    on = compute_nominal_on(term(anchor, every=every), k)
    assert (on.year - anchor.year) * 12 + on.month - anchor.month == every * k
    assert on.day == anchor.day or (on.day < anchor.day and (on + timedelta(days=1)).day == 1)


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 100))
def test_day_last_ends_the_month(anchor: date, k: int) -> None:
    """The day "last" is always the last day of its month."""
    assert (compute_nominal_on(term(anchor, day="last"), k) + timedelta(days=1)).day == 1


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), PERIODS, st.integers(1, 13), st.integers(0, 50))
def test_slots_only_go_forward(anchor: date, period: str, every: int, k: int) -> None:
    one = term(anchor, period, every=every)
    assert compute_nominal_on(one, k) < compute_nominal_on(one, k + 1)


@given(
    st.dates(date(2020, 1, 1), date(2024, 1, 1)),
    PERIODS,
    st.integers(1, 6),
    st.integers(0, 900),
    st.integers(0, 400),
)
def test_a_later_horizon_only_adds_slots(anchor: date, period: str, every: int, days: int, more: int) -> None:
    terms = [term(anchor, period, every=every)]
    near = list_slots(terms, anchor + timedelta(days=days), country="PL")
    far = list_slots(terms, anchor + timedelta(days=days + more), country="PL")
    assert far[: len(near)] == near
    assert all(is_banking_day(slot.due_on, "PL") and slot.due_on >= slot.nominal_on for slot in far)


@given(
    st.dates(date(2020, 1, 1), date(2024, 1, 31)),
    PERIODS,
    st.integers(1, 13),
    st.integers(-40, 1500),
    st.none() | st.integers(1, 9),
)
def test_slots_from_a_day_on(anchor: date, period: str, every: int, days: int, count: int | None) -> None:
    """From a day on there are the same slots as counted from the beginning, whatever amendment began when."""
    later = anchor + timedelta(days=200)
    terms = [
        term(anchor, period, every=every, to_on=later - timedelta(days=1)),
        term(anchor, period, every=every, from_on=later, term_id=2),
    ]
    first_on, horizon = anchor + timedelta(days=days), anchor + timedelta(days=1400)
    every_slot = list_slots(terms, horizon, country="PL", instalment_count=count)
    slots = list_slots(terms, horizon, country="PL", instalment_count=count, first_on=first_on)
    assert slots == [slot for slot in every_slot if slot.nominal_on >= first_on]


def test_leap_day_comes_back() -> None:
    """A yearly gift of 29 February falls on the 28th in common years and comes back to the 29th in a leap
    year."""
    yearly = term(date(2024, 2, 29), "Y")
    assert [compute_nominal_on(yearly, k) for k in (1, 4)] == [date(2025, 2, 28), date(2028, 2, 29)]


def test_pause_promises_nothing_before_amendment() -> None:
    """A pause promises no instalments, and an amendment takes over with its own amount from its first day."""
    first = term(date(2026, 1, 10), to_on=date(2026, 2, 28), term_id=1)
    pause = term(date(2026, 1, 10), from_on=date(2026, 3, 1), to_on=date(2026, 3, 31), is_pause=True)
    dearer = Term(date(2026, 1, 10), "M", Money(8000, "PLN"), date(2026, 4, 1), term_id=2)
    slots = list_slots([dearer, first, pause], date(2026, 5, 31), country="PL")
    assert [(slot.nominal_on.month, slot.term_id, slot.amount.minor) for slot in slots] == [
        (1, 1, 5000),
        (2, 1, 5000),
        (4, 2, 8000),
        (5, 2, 8000),
    ]


def test_number_and_end_stop_the_slots() -> None:
    """A fixed number of instalments or an end date stops the slots."""
    monthly = [term(date(2026, 1, 10))]
    assert len(list_slots(monthly, date(2030, 1, 1), country="PL", instalment_count=3)) == 3
    ended = list_slots(monthly, date(2030, 1, 1), country="PL", ends_on=date(2026, 6, 9))
    assert ended[-1].nominal_on == date(2026, 5, 10)


@pytest.mark.parametrize(
    ("minor", "period", "every", "value"),
    [
        (1200, "M", 1, 1200),
        (1200, "M", 3, 400),
        (1200, "Y", 1, 100),
        (1200, "W", 1, 5200),
        (1000, "Y", 1, Fraction(250, 3)),
    ],
)
def test_the_value_a_month_is_exact(minor: int, period: str, every: int, value: Fraction) -> None:
    assert compute_monthly_minor(minor, period, every) == value  # type: ignore[arg-type]


def test_upgrade_compares_values_a_month() -> None:
    """An upgrade is found by comparing the value a month, whatever the periods; two currencies cannot be
    compared."""
    yearly = Term(date(2026, 1, 1), "Y", Money(60000, "PLN"), date(2026, 1, 1))
    assert find_change_type(term(date(2026, 1, 1)), yearly) == "same"
    assert (
        find_change_type(yearly, Term(date(2026, 1, 1), "M", Money(5100, "PLN"), date(2026, 1, 1)))
        == "upgrade"
    )
    assert find_change_type(term(date(2026, 1, 1)), term(date(2026, 1, 1), every=2)) == "downgrade"
    with pytest.raises(ValueError, match="EUR"):
        find_change_type(yearly, Term(date(2026, 1, 1), "M", Money(1, "EUR"), date(2026, 1, 1)))


@pytest.mark.parametrize("wrong", [{"every": 0}, {"day": 32}, {"day": 0}, {"to_on": date(2025, 12, 31)}])
def test_a_term_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no |cannot"):
        Term(date(2026, 1, 1), "M", ZL50, date(2026, 1, 1), **wrong)  # type: ignore[arg-type]
