"""Two years of a made-up organisation, lived through its bank files, with a person who answers what waits.

The figures are those of the acceptance of matching. ``NOT_REACHED`` holds what stands in the place of a goal
that is not reached yet; it may only rise, and what the large run prints is the measure.
"""

from __future__ import annotations

from typing import Final

import pytest
from flask import Flask

from tests.years import by_calendar, by_habit
from tests.years.figures import Figures
from tests.years.living import list_rhythms, live
from tests.years.organisation import MONTH, Generate

pytestmark = pytest.mark.timeout(240)

NOT_REACHED: Final = {
    "recurring income automatic, first year": 0.84,
    "family accounts after three confirmations": 0.65,
    "payer is new: a new donor stands first": 0.85,
    "donor is there: the right one stands first": 0.93,
}
MONTHLY: Final = (MONTH,) * 4
MIXED: Final = (7, 1, MONTH, MONTH)


@pytest.mark.parametrize("payers", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_two_years_of_some_payers(database: Flask, payers: int) -> None:
    """Whoever gives, changes, forgets, catches up and buys: a person answers what waits, month by month."""
    world = by_calendar.generate(3, payers, 24)
    _judge(live(world, list_rhythms(world, MONTHLY), timer_days=30))


@pytest.mark.load
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("rhythm", [MIXED, MONTHLY], ids=["daily, weekly, monthly", "monthly"])
@pytest.mark.parametrize("generate", [by_calendar.generate, by_habit.generate], ids=["calendar", "habit"])
def test_two_years_of_two_thousand_payers(
    database: Flask, generate: Generate, rhythm: tuple[int, ...]
) -> None:
    """The same of ten times as many, from two generators that share no assumption."""
    world = generate(11, 2000, 24)
    _judge(live(world, list_rhythms(world, rhythm)))


@pytest.mark.parametrize("fault", ["wrong: no gift as a gift", "missed though paid", "lapsed while paying"])
def test_goals_refuse_each_fault(fault: str) -> None:
    """One sale as a gift, one instalment called missed and one promise lapsed is one too many."""
    figures = Figures()
    assert figures.list_misses({}) == []
    figures.note(fault)
    assert len(figures.list_misses({})) == 1


def _judge(figures: Figures) -> None:
    print(figures)
    assert figures.counts["auto"] > figures.counts["waits, year 1"]
    assert figures.list_misses(NOT_REACHED) == []
