"""The orders, payers and payments of a made-up organisation; :mod:`.made_up_years` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tests.years.organisation import count_unpaid_at_end, is_in_time

Period = Literal["W", "M"]


@dataclass(frozen=True, slots=True)
class OurAccount:
    """One of our accounts: its currency, and how many days one file of it holds; 0 is a calendar month."""

    number: str
    currency: str
    days: int


@dataclass(frozen=True, slots=True)
class Payer:
    """A bank account that pays, in how its bank writes, rolls and tarries; the post office has none."""

    number: str
    name: str
    lang: str
    roll: str
    delays: Sequence[int]


@dataclass(frozen=True, slots=True)
class Slot:
    """One day of an order's calendar, and what is promised or sent for it then."""

    nominal_on: date
    minor: int


@dataclass(slots=True)
class Order:
    """A promise: whose, how it is paid, and all that happens to it."""

    number: int
    payer: Payer
    donor_name: str
    donor_number: int
    ours: OurAccount
    start_on: date
    every: int
    minor: int
    text: str
    period: Period = "M"
    slots: list[Slot] = field(default_factory=list)
    changed_on: list[date] = field(default_factory=list)  # nominal days since which another amount is paid
    pause: tuple[date, date, date] | None = None  # told on, first day, first day after
    told_end: tuple[date, date] | None = None  # told on, last day
    shift: tuple[date, int] | None = None  # since which nominal day it is paid so many days later
    gap: tuple[date, date] | None = None  # the first day that is not paid, the first that is again
    new_payer: tuple[date, Payer] | None = None  # the nominal day since which another account pays
    paid_on: dict[date, date] = field(default_factory=dict)  # by nominal day

    def is_paid_in_time(self, nominal_on: date) -> bool:
        """Return whether money came for that day near enough to it."""
        return is_in_time(self.paid_on.get(nominal_on), nominal_on)

    def is_paused(self, nominal_on: date) -> bool:
        """Return whether nothing is promised for that day."""
        return self.pause is not None and self.pause[1] <= nominal_on < self.pause[2]

    def count_unpaid_at_end(self, known_to: date) -> int:
        """Return how many of the last days that are known to be over in a row brought nothing in time."""
        nominal_days = [slot.nominal_on for slot in self.slots if not self.is_paused(slot.nominal_on)]
        return count_unpaid_at_end(nominal_days, self.paid_on, known_to)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that reached one of our accounts; ``covers`` are the nominal days of its order that it is for."""

    ref: str
    on: date
    minor: int
    payer: Payer
    ours: OurAccount
    text: str
    donor_number: int
    order: Order | None = None
    covers: tuple[date, ...] = ()


@dataclass(slots=True)
class World:
    """All orders and payments of so many months."""

    end_on: date
    orders: list[Order]
    payments: list[Payment]
    donor_names: list[str]
    donor_numbers: dict[int, set[str]]  # accounts by donor
