"""A made-up organisation as values: accounts, people, promises, and payments that name their own truth.

The generators draw it (:mod:`.by_calendar`, :mod:`.by_habit`) and know nothing of DonorHub. A text may hold
``<code 12>`` or ``<wrong 12>``, in the place of which the bank's file has the code of that person.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

FileFormat = Literal["camt", "mt940", "csv"]
Truth = Literal["gift", "sale", "rent", "course", "grant", "return", "fee"]
IN_TIME: Final = range(-5, 11)  # days from the nominal day on which a payment is in time
MONTH: Final = 0  # as the rhythm of an account's files


@dataclass(frozen=True, slots=True)
class OurAccount:
    """One of our accounts, and how its files come: their format, and whether they name payers' accounts."""

    number: str
    currency: str
    file_format: FileFormat
    has_payer_accounts: bool = True


@dataclass(slots=True)
class Person:
    """Who gives; ``is_in_base`` before the first day, with the accounts that the office knows by then."""

    number: int
    name: str
    is_in_base: bool
    accounts_in_base: tuple[str, ...] = ()


@dataclass(slots=True)
class Promise:
    """A standing order: whose, from which account, and what is sent for each day of its calendar."""

    number: int
    person: Person
    payer_name: str
    payer_account: str
    ours: OurAccount
    start_on: date
    every: int
    text: str
    is_declared: bool
    family_size: int = 1  # donors for whom the same account pays
    slots: list[tuple[date, int]] = field(default_factory=list)  # nominal day and minor units
    changed_on: list[date] = field(default_factory=list)  # nominal days since which another amount is paid
    paid_on: dict[date, date] = field(default_factory=dict)  # by nominal day

    def is_paid_in_time(self, nominal_on: date) -> bool:
        """Return whether money came for that day near enough to it."""
        return is_in_time(self.paid_on.get(nominal_on), nominal_on)

    def count_unpaid_at_end(self, known_to: date) -> int:
        """Return how many of the last days that are known to be over in a row brought nothing in time."""
        return count_unpaid_at_end([nominal_on for nominal_on, _ in self.slots], self.paid_on, known_to)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money on one of our accounts, and what it is: whose, and for which days of which promise."""

    ref: str
    on: date
    minor: int
    ours: OurAccount
    payer_name: str
    payer_account: str
    text: str
    truth: Truth = "gift"
    person: Person | None = None
    promise: Promise | None = None
    covers: tuple[date, ...] = ()
    takes_back: str = ""  # the ref of the payment that a return takes back
    end_to_end: str = ""
    return_code: str = ""

    @property
    def is_recurring(self) -> bool:
        """Return whether it is money of a standing order."""
        return self.promise is not None and bool(self.covers)


@dataclass(slots=True)
class World:
    """All that happens between the first and the last day."""

    start_on: date
    end_on: date
    accounts: Sequence[OurAccount]
    people: list[Person]
    promises: list[Promise]
    payments: list[Payment]

    @property
    def second_year_on(self) -> date:
        """Return the first day of the second year."""
        return self.start_on.replace(year=self.start_on.year + 1)


Generate = Callable[[int, int, int], World]  # seed, payers, months


def is_in_time(on: date | None, nominal_on: date) -> bool:
    """Return whether money of a day, if any came, came near enough to the nominal one."""
    return on is not None and (on - nominal_on).days in IN_TIME


def count_unpaid_at_end(nominal_days: Sequence[date], paid_on: Mapping[date, date], known_to: date) -> int:
    """Return how many of the last days that are known to be over in a row brought nothing in time."""
    count = 0
    for nominal_on in reversed(nominal_days):
        if nominal_on + timedelta(days=IN_TIME.stop - 1) > known_to:
            continue
        if is_in_time(paid_on.get(nominal_on), nominal_on):
            break
        count += 1
    return count


def add_months(start: date, months: int, day: int) -> date:
    """Return that day so many months later, or the last where the month is shorter."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def make_iban(country: str, number: int) -> str:
    """Return a Polish or Albanian account number with right check digits."""
    body = f"11402004{number:016}" if country == "PL" else f"21211009{number:016}"
    letters = "".join(str(int(sign, 36)) for sign in country)
    return f"{country}{98 - int(f'{body}{letters}00') % 97:02}{body}"


def is_banking_day(day: date) -> bool:
    """Return whether banks in Poland work on a day: no weekend, no holiday (Easter by Gauss)."""
    easter = find_easter(day.year)
    moving = {easter + timedelta(days=1), easter + timedelta(days=60)}
    fixed = {(1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 24), (12, 25), (12, 26)}
    return day.weekday() < 5 and (day.month, day.day) not in fixed and day not in moving


def find_easter(year: int) -> date:
    """Return Easter Sunday of a year of the 21st century, after Gauss."""
    d = (19 * (year % 19) + 24) % 30
    e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + 5) % 7
    day = date(year, 3, 22) + timedelta(days=d + e)
    is_exception = (d, e) == (29, 6) or ((d, e) == (28, 6) and year % 19 > 10)
    return day - timedelta(days=7) if is_exception else day


def roll_day(day: date, how: str) -> date:
    """Return the banking day that a bank pays on: ``forward``, ``back``, or ``none`` for the day itself."""
    step = timedelta(days=-1 if how == "back" else 1)
    while how != "none" and not is_banking_day(day):
        day += step
    return day
