"""Which days of an account are known, from its statements."""

from __future__ import annotations

import time
from datetime import date, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.recurring.coverage import KnownDays, StatementDays, find_known_days

LATER = date(2027, 1, 1)


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def statement(first_on: date, last_on: date, *balances: int, received_on: date = LATER) -> StatementDays:
    return StatementDays(first_on, last_on, received_on, *balances)


def known_to(*statements: StatementDays, gap_after: date | None = None) -> date | None:
    days = find_known_days(statements, gap_after=gap_after, country="PL")
    return days and days.last_on


JANUARY = statement(day(1, 1), day(1, 31), 0, 500)
FEBRUARY = statement(day(2, 1), day(2, 28), 500, 700)
MARCH = statement(day(3, 2), day(3, 31), 700, 900)


def test_nothing_is_known_without_statements() -> None:
    assert find_known_days([], country="PL") is None


def test_chain_of_statements_is_known_to_its_end() -> None:
    for order in permutations([JANUARY, FEBRUARY, MARCH]):
        assert find_known_days(order, country="PL") == KnownDays(day(1, 1), day(3, 31))


def test_gap_in_the_middle_ends_what_is_known() -> None:
    """A missing statement ends coverage where it begins, however many came later."""
    assert known_to(JANUARY, MARCH) == day(1, 31)
    april = statement(day(4, 1), day(4, 30), 900, 950)
    assert known_to(JANUARY, MARCH, april) == day(1, 31)
    assert known_to(JANUARY, FEBRUARY, MARCH, april, gap_after=day(2, 28)) == day(2, 28)


def test_day_of_export_is_not_known() -> None:
    """A file that came during its own last day covers the day before: more may have come in the evening."""
    assert known_to(statement(day(1, 1), day(1, 31), 0, 500, received_on=day(1, 31))) == day(1, 30)
    assert known_to(statement(day(1, 31), day(1, 31), 0, 500, received_on=day(1, 31))) == day(1, 30)
    assert known_to(statement(day(1, 1), day(1, 31), 0, 500, received_on=day(2, 1))) == day(1, 31)


def test_days_without_entries_are_known_by_balances() -> None:
    """Where the next statement opens with the balance the last one closed with, nothing came between."""
    march = statement(day(3, 20), day(3, 31), 500, 900)
    assert known_to(JANUARY, march) == day(3, 31)


def test_emptied_account_proves_no_days_by_balance() -> None:
    """An account that is emptied each night opens and closes with nothing, whichever statement is missing."""
    january = statement(day(1, 1), day(1, 31), 0, 0)
    march = statement(day(3, 2), day(3, 31), 0, 0)
    assert known_to(january, march) == day(1, 31)


def test_files_without_balances_join_over_weekends() -> None:
    """A table of entries covers its own days; it joins on over days on which banks book nothing."""
    friday, monday = day(1, 9), day(1, 12)
    first = statement(day(1, 5), friday)
    assert known_to(first, statement(monday, day(1, 16))) == day(1, 16)
    assert known_to(first, statement(monday + timedelta(days=1), day(1, 16))) == friday


def test_unseen_entries_end_what_is_known() -> None:
    """From the day of an entry on that nobody has looked at, it is not known who paid."""
    days = find_known_days([JANUARY, FEBRUARY], unseen_from=day(2, 10), country="PL")
    assert days == KnownDays(day(1, 1), day(2, 9))


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=8)


@given(spans)
def test_known_days_are_days_of_statements(lengths: list[tuple[int, int]]) -> None:
    """No banking day is known that no statement covers, whatever statements there are and in which order."""
    first = day(1, 1)
    statements = [
        statement(first + timedelta(days=start), first + timedelta(days=start + length))
        for start, length in lengths
    ]
    days = find_known_days(statements, country="PL")
    assert days is not None
    assert days == find_known_days(statements[::-1], country="PL")
    covered = {
        s.first_on + timedelta(days=n) for s in statements for n in range((s.last_on - s.first_on).days + 1)
    }
    for n in range((days.last_on - days.first_on).days + 1):
        one = days.first_on + timedelta(days=n)
        assert one in covered or one.weekday() > 4 or one in (day(1, 1), day(1, 6))


def test_years_of_daily_statements_are_followed() -> None:
    """Each statement is looked at a few times, however long the chain is."""
    first_on = date(2014, 1, 1)
    days = [first_on + timedelta(days=number) for number in range(3650)]
    statements = [
        StatementDays(day, day, day + timedelta(days=1), number, number + 1)
        for number, day in enumerate(days)
    ]
    before = time.process_time()
    assert find_known_days(statements, country="PL") == (first_on, days[-1])
    assert time.process_time() - before < 5
