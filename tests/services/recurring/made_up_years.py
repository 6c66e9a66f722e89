"""A made-up organisation: who promises what, what they pay on which day, and what they tell the office.

It is drawn from a seed and knows nothing of DonorHub, so that what it says is the truth to compare with:
each payment names the promise and the day of the calendar that it is for.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

START: Final = date(2027, 1, 1)
IN_TIME: Final = range(-5, 11)  # days from the nominal day on which a payment is in time
FREE_DAYS: Final = frozenset(
    date(year, month, day)
    for year in (2027, 2028, 2029)
    for month, day in (
        (1, 1),
        (1, 6),
        (5, 1),
        (5, 3),
        (8, 15),
        (11, 1),
        (11, 11),
        (12, 24),
        (12, 25),
        (12, 26),
    )
) | {date(2027, 3, 29), date(2027, 5, 27), date(2028, 4, 17), date(2028, 6, 15)}
FIRST_NAMES: Final = (
    "Anna Jan Maria Piotr Zofia Tomasz Ewa Marek Julia Adam Besa Arben Mira Ilir Dritan Teuta Agim Lule"
    " Emma Oliver Grace Henry Alice George Ruth Peter Nora Simon"
).split()
LAST_NAMES: Final = (
    "Nowak Kowalski Lis Mazur Wrona Pawlak Duda Zając Kruk Sikora Hoxha Shehu Prifti Gjoka Marku Leka"
    " Smith Taylor Brown Wilson Clarke Wright Hughes Wood Hall Lewis Young"
).split()
TEXTS: Final = {
    "pl": ("Darowizna na cele statutowe", "zlecenie stałe", "Darowizna {month}/{year}", "wsparcie"),
    "sq": ("Donacion", "urdhër i përhershëm", "Kontribut {month}/{year}", "ndihmë"),
    "en": ("Donation", "standing order", "Gift {month}/{year}", "monthly support"),
}
MINORS: Final = (1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10000, 12000, 15000, 20000, 33300)


@dataclass(frozen=True, slots=True)
class OurAccount:
    """One of our accounts: its currency, and how many days one file of it holds; 0 is a calendar month."""

    number: str
    currency: str
    days: int


OURS: Final = (
    OurAccount("PL61109010140000071219812874", "PLN", 7),
    OurAccount("PL83101010230000261395100000", "PLN", 0),
    OurAccount("PL10105000997603123456789123", "EUR", 14),
)


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
    slots: list[Slot] = field(default_factory=list)
    changed_on: list[date] = field(default_factory=list)  # nominal days since which another amount is paid
    pause: tuple[date, date, date] | None = None  # told on, first day, first day after
    told_end: tuple[date, date] | None = None  # told on, last day
    shift: tuple[date, int] | None = None  # since which nominal day it is paid so many days later
    gap: tuple[date, date] | None = None  # the first day that is not paid, the first that is again
    paid_on: dict[date, date] = field(default_factory=dict)  # by nominal day

    def is_paid_in_time(self, nominal_on: date) -> bool:
        """Return whether money came for that day near enough to it."""
        on = self.paid_on.get(nominal_on)
        return on is not None and (on - nominal_on).days in IN_TIME

    def is_paused(self, nominal_on: date) -> bool:
        """Return whether nothing is promised for that day."""
        return self.pause is not None and self.pause[1] <= nominal_on < self.pause[2]

    def count_unpaid_at_end(self, known_to: date) -> int:
        """Return how many of the last days that are known to be over in a row brought nothing in time."""
        over = [
            slot.nominal_on
            for slot in self.slots
            if slot.nominal_on + timedelta(days=IN_TIME.stop - 1) <= known_to
            and not self.is_paused(slot.nominal_on)
        ]
        count = 0
        for nominal_on in reversed(over):
            if self.is_paid_in_time(nominal_on):
                break
            count += 1
        return count


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


def make_world(seed: int, payer_count: int, months: int) -> World:
    """Draw an organisation of so many payers and months."""
    return _Draw(seed, months).make_world(payer_count)


def add_months(start: date, months: int, day: int) -> date:
    """Return that day so many months later, or the last where the month is shorter."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


class _Draw:
    def __init__(self, seed: int, months: int) -> None:
        self.random = random.Random(seed)
        self.end_on = add_months(START, months, 1) - timedelta(days=1)
        self.orders: list[Order] = []
        self.payments: list[Payment] = []
        self.donor_names: list[str] = []
        self.accounts_of_donor: dict[int, set[str]] = {}

    def make_world(self, payer_count: int) -> World:
        for number in range(payer_count):
            self._add_payer(number)
        for order in self.orders:
            self._pay_order(order)
            self._add_one_offs(order)
        self.payments.sort(key=lambda payment: (payment.on, payment.ref))
        return World(self.end_on, self.orders, self.payments, self.donor_names, self.accounts_of_donor)

    def _add_payer(self, number: int) -> None:
        draw = self.random
        name = f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)}"
        tardy = draw.random() < 0.08  # pays by hand, when there is time
        payer = Payer(
            "" if draw.random() < 0.02 else _make_iban(number),
            name,
            draw.choices(("pl", "sq", "en"), (70, 20, 10))[0],
            draw.choices(("forward", "back", "none"), (65, 20, 15))[0],
            (0, 1, 3, 4, 6, 8) if tardy else (0, 0, 0, 0, 1, 1, 2),
        )
        kind = draw.choices(("single", "two", "family"), (86, 8, 6))[0]
        self._add_order(payer, self._add_donor(name, payer.number), kind_of_text="")
        if kind == "two":
            self._add_order(payer, self.orders[-1].donor_number, kind_of_text="")
        elif kind == "family":
            first_names = draw.sample([one for one in FIRST_NAMES if one != name.split(maxsplit=1)[0]], 2)
            for first_name in first_names[: draw.randint(1, 2)]:
                member = f"{first_name} {name.split()[1]}"
                self._add_order(payer, self._add_donor(member, payer.number), kind_of_text=member)

    def _add_donor(self, name: str, account: str) -> int:
        self.donor_names.append(name)
        number = len(self.donor_names) - 1
        self.accounts_of_donor[number] = {account} if account else set()
        return number

    def _add_order(self, payer: Payer, donor_number: int, *, kind_of_text: str) -> None:
        draw = self.random
        every = draw.choices((1, 3, 12), (90, 7, 3))[0]
        day = draw.choice((1, 1, 2, 5, 5, 7, 10, 10, 12, 15, 15, 18, 20, 25, 27, 28, 29, 30, 31, 31))
        first_month = draw.choice((0, 0, 0, 0, 1, 2, 3, 5, 8))
        start_on = add_months(START, first_month, day)
        ours = OURS[2] if payer.lang == "sq" and draw.random() < 0.7 else draw.choice(OURS[:2])
        text = f"{TEXTS[payer.lang][0]} {kind_of_text}" if kind_of_text else draw.choice(TEXTS[payer.lang])
        order = Order(
            len(self.orders),
            payer,
            self.donor_names[donor_number],
            donor_number,
            ours,
            start_on,
            every,
            draw.choice(MINORS),
            text,
        )
        self._draw_life(order)
        self.orders.append(order)

    def _draw_life(self, order: Order) -> None:
        """Draw what happens to an order: at most one thing, but changes of amount go with any."""
        draw = self.random
        nominal_days = list(_list_nominal_days(order, self.end_on))
        # An order that is changed to just what another of its payer is could be told apart by nobody.
        others = {slot.minor for one in self.orders if one.payer is order.payer for slot in one.slots}
        minor = order.minor
        for nominal_on in nominal_days:
            if nominal_on != nominal_days[0] and draw.random() < 0.02 * order.every:
                other = draw.choice(
                    (minor * 2, minor + 1000, minor * 3 // 2, minor // 2, max(500, minor - 1000))
                )
                if other != minor and other not in others:
                    minor = other
                    order.changed_on.append(nominal_on)
            order.slots.append(Slot(nominal_on, minor))
        if len(nominal_days) < 6 or order.every > 1:
            return
        what = draw.choices(
            ("", "pause", "told_end", "silent_end", "resumed", "shift"), (50, 12, 8, 8, 10, 12)
        )[0]
        day = nominal_days[draw.randint(2, len(nominal_days) - 3)]
        ahead = timedelta(days=draw.choice((0, 3, 20, 45)))
        if what == "pause":
            until = add_months(day, draw.choice((1, 2, 3, 6)), 1)
            order.pause = (day - ahead, day, until)
        elif what == "told_end":
            order.told_end = (day - ahead, day - timedelta(days=1))
        elif what == "silent_end":
            order.gap = (day, date.max)
        elif what == "resumed":
            order.gap = (day, add_months(day, draw.choice((2, 3, 4, 9, 10)), 1))
        elif what == "shift":
            order.shift = (day, draw.choice((-4, -3, 3, 5, 7, 8)))

    def _pay_order(self, order: Order) -> None:
        draw = self.random
        owed: list[Slot] = []
        for slot in order.slots:
            if not self._is_sent(order, slot.nominal_on):
                owed = []
                continue
            fate = draw.random()
            if fate < 0.02:  # forgotten: half of them pay it with the next one
                owed = [slot] if fate < 0.01 else []
                continue
            if owed and owed[0].minor != slot.minor:
                owed = []
            self._send(order, [*owed, slot], late=fate > 0.985)
            owed = []

    def _is_sent(self, order: Order, on: date) -> bool:
        if order.pause is not None and order.is_paused(on):
            return order.number % 10 == 0  # forgot to tell the bank of it
        if order.told_end is not None and on > order.told_end[1]:
            return False
        return order.gap is None or not order.gap[0] <= on < order.gap[1]

    def _send(self, order: Order, slots: Sequence[Slot], *, late: bool) -> None:
        draw, payer, nominal_on = self.random, order.payer, slots[-1].nominal_on
        sent_on = nominal_on
        if order.shift is not None and nominal_on >= order.shift[0]:
            sent_on += timedelta(days=order.shift[1])
        on = _roll(sent_on, payer.roll) + timedelta(days=draw.choice(payer.delays))
        if late:
            on = nominal_on + timedelta(days=draw.randint(11, 24))
        if payer.roll != "none":
            on = _roll(on, "forward" if on != sent_on else payer.roll)
        if order.shift is not None and (on - nominal_on).days >= IN_TIME.stop and not late:
            on = nominal_on + timedelta(days=IN_TIME.stop - 1)
        on = max(on, order.start_on) if nominal_on == order.start_on else on
        if on > self.end_on:
            return
        text = order.text.format(month=nominal_on.month, year=nominal_on.year)
        if len(slots) > 1 and payer.lang == "pl":
            text = f"{text} zaległe"
        for slot in slots:
            order.paid_on[slot.nominal_on] = on
        self._add_payment(
            order, on, sum(slot.minor for slot in slots), text, tuple(s.nominal_on for s in slots)
        )

    def _add_payment(self, order: Order, on: date, minor: int, text: str, covers: tuple[date, ...]) -> None:
        ref = f"R{len(self.payments):06}"
        payer = order.payer
        number = order.donor_number
        of_order = order if covers else None
        self.payments.append(Payment(ref, on, minor, payer, order.ours, text, number, of_order, covers))

    def _add_one_offs(self, order: Order) -> None:
        draw = self.random
        for _ in range(draw.choices((0, 1, 2), (88, 9, 3))[0]):
            on = order.start_on + timedelta(days=draw.randint(20, 700))
            minor = draw.choice((5000, 7700, 10000, 25000))
            if on < self.end_on and minor <= 4 * order.minor:
                self._add_payment(order, on, minor, f"dodatkowo {order.donor_name}", ())


def _list_nominal_days(order: Order, end_on: date) -> Iterator[date]:
    count = 0
    while (on := add_months(order.start_on, count * order.every, order.start_on.day)) <= end_on:
        yield on
        count += 1


def _roll(on: date, how: str) -> date:
    step = timedelta(days=-1 if how == "back" else 1)
    while how != "none" and (on.weekday() >= 5 or on in FREE_DAYS):
        on += step
    return on


def _make_iban(number: int) -> str:
    body = f"1140{2004:04}{number:016}"
    check = 98 - int(f"{body}252100") % 97
    return f"PL{check:02}{body}"
