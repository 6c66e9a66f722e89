"""A made-up organisation: who promises what, what they pay on which day, and what they tell the office.

It is drawn from a seed and knows nothing of DonorHub, so that what it says is the truth to compare with:
each payment names the promise and the day of the calendar that it is for.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from tests.services.recurring.made_up_orders import (
    Order,
    OurAccount,
    Payer,
    Payment,
    Period,
    Slot,
    World,
)
from tests.years.organisation import IN_TIME, add_months, make_iban, roll_day

START: Final = date(2027, 1, 1)
_ALIKE_DAYS: Final = 16
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


OURS: Final = (
    OurAccount("PL61109010140000071219812874", "PLN", 7),
    OurAccount("PL83101010230000261395100000", "PLN", 0),
    OurAccount("PL10105000997603123456789123", "EUR", 14),
    OurAccount("PL20105000997603123456789120", "GBP", 0),  # nobody imports its first year before it is over
)
ARREARS: Final = {"pl": "zaległe", "sq": "prapambetur", "en": "arrears"}
FOR_TWO: Final = {"pl": "za 2 miesiące", "sq": "për 2 muaj", "en": "for 2 months"}


def make_world(seed: int, payer_count: int, months: int) -> World:
    """Draw an organisation of so many payers and months."""
    return _Draw(seed, months).make_world(payer_count)


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
            "" if draw.random() < 0.02 else make_iban("PL", number),
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
        period: Period = "W" if draw.random() < 0.03 else "M"
        every = draw.choices((1, 3, 12), (90, 7, 3))[0] if period == "M" else draw.choice((1, 2, 4))
        day = draw.choice((1, 1, 2, 5, 5, 7, 10, 10, 12, 15, 15, 18, 20, 25, 27, 28, 29, 30, 31, 31))
        start_on = add_months(START, draw.choice((0, 0, 0, 0, 1, 2, 3, 5, 8)), day)
        ours = OURS[2] if payer.lang == "sq" and draw.random() < 0.7 else draw.choice(OURS[:2])
        if payer.lang == "en" and draw.random() < 0.3:
            ours = OURS[3]
        text = f"{TEXTS[payer.lang][0]} {kind_of_text}" if kind_of_text else draw.choice(TEXTS[payer.lang])
        # Two orders that begin alike could be told apart by nobody, and so could weekly ones of one amount.
        others = {slot.minor for one in self.orders if one.payer is payer for slot in one.slots}
        order = Order(
            len(self.orders),
            payer,
            self.donor_names[donor_number],
            donor_number,
            ours,
            start_on,
            every,
            draw.choice([minor for minor in MINORS if minor not in others]),
            text,
            period,
        )
        self._draw_life(order)
        self.orders.append(order)

    def _draw_life(self, order: Order) -> None:
        """Draw what happens to an order: at most one thing, but changes of amount go with any."""
        draw = self.random
        nominal_days = list(_list_nominal_days(order, self.end_on))
        self._draw_amounts(order, nominal_days)
        if len(nominal_days) < 6 or order.every > 1 or order.period == "W":
            return
        what = draw.choices(
            ("", "pause", "told_end", "silent_end", "resumed", "shift", "new_payer"),
            (46, 12, 8, 8, 10, 12, 4),
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
        elif what == "new_payer" and order.payer.number:
            order.new_payer = (day, replace(order.payer, number=make_iban("PL", 1_000_000 + order.number)))

    def _draw_amounts(self, order: Order, nominal_days: Sequence[date]) -> None:
        draw = self.random
        months = order.every if order.period == "M" else order.every / 4
        minor, changes_again = order.minor, False
        for nominal_on in nominal_days:
            share = 0.3 if changes_again else 0.02 * months
            changes_again = False
            if nominal_on != nominal_days[0] and draw.random() < share:
                other = draw.choice(
                    (minor * 2, minor + 1000, minor * 3 // 2, minor // 2, max(500, minor - 1000))
                )
                if other != minor and not self._has_alike(order, nominal_on, other):
                    minor, changes_again = other, True
                    order.changed_on.append(nominal_on)
            order.slots.append(Slot(nominal_on, minor))

    def _has_alike(self, order: Order, nominal_on: date, minor: int) -> bool:
        """Return whether another order of the payer is of that amount, words and days: nobody could tell them
        apart.
        """
        return any(
            slot.minor == minor
            and abs((slot.nominal_on - nominal_on).days) < _ALIKE_DAYS
            and (one.text, one.ours.number) == (order.text, order.ours.number)
            for one in self.orders
            if one.payer is order.payer and one.ours.currency == order.ours.currency
            for slot in one.slots
        )

    def _pay_order(self, order: Order) -> None:
        draw = self.random
        owed: list[Slot] = []
        for slot in order.slots:
            if not self._is_sent(order, slot.nominal_on):
                owed = []
                continue
            if slot.nominal_on in order.paid_on:
                continue  # in advance
            fate = draw.random()
            if fate < 0.02:  # forgotten: half of them pay it with the next one, some weeks later by itself
                owed = [slot] if fate < 0.01 else []
                if fate > 0.016 and order.period == "M":
                    self._send_arrears(order, slot)
                continue
            if owed and owed[0].minor != slot.minor:
                owed = []
            slots, is_ahead = [*owed, slot], 0.02 <= fate < 0.024 and not owed
            if is_ahead:
                slots = self._add_next(order, slot)
            is_ahead = is_ahead and len(slots) > 1
            self._send(order, slots, late=fate > 0.985 and order.period == "M", is_ahead=is_ahead)
            owed = []

    def _add_next(self, order: Order, slot: Slot) -> list[Slot]:
        """Return a slot with the next one, if it is paid in advance."""
        later = order.slots[order.slots.index(slot) + 1 :]
        is_alike = later and later[0].minor == slot.minor and self._is_sent(order, later[0].nominal_on)
        return [slot, later[0]] if is_alike and order.period == "M" and order.every == 1 else [slot]

    def _send_arrears(self, order: Order, slot: Slot) -> None:
        """Pay what was forgotten some weeks later, between two days of the calendar."""
        on = slot.nominal_on + timedelta(days=self.random.randint(40, 50))
        if on <= self.end_on and self._is_sent(order, on):
            order.paid_on[slot.nominal_on] = on
            self._add_payment(
                order, on, slot.minor, order.text.format(month=on.month, year=on.year), (slot.nominal_on,)
            )

    def _is_sent(self, order: Order, on: date) -> bool:
        if order.pause is not None and order.is_paused(on):
            return order.number % 10 == 0  # forgot to tell the bank of it
        if order.told_end is not None and on > order.told_end[1]:
            return False
        return order.gap is None or not order.gap[0] <= on < order.gap[1]

    def _send(self, order: Order, slots: Sequence[Slot], *, late: bool, is_ahead: bool = False) -> None:
        draw, payer = self.random, order.payer
        nominal_on = slots[0 if is_ahead else -1].nominal_on
        sent_on = nominal_on
        if order.shift is not None and nominal_on >= order.shift[0]:
            sent_on += timedelta(days=order.shift[1])
        delays = payer.delays if order.period == "M" else (0, 0, 1)
        on = roll_day(sent_on, payer.roll) + timedelta(days=draw.choice(delays))
        if late:
            on = nominal_on + timedelta(days=draw.randint(11, 24))
        if payer.roll != "none":
            on = roll_day(on, "forward" if on != sent_on else payer.roll)
        if order.shift is not None and (on - nominal_on).days >= IN_TIME.stop and not late:
            on = nominal_on + timedelta(days=IN_TIME.stop - 1)
        on = max(on, order.start_on) if nominal_on == order.start_on else on
        if on > self.end_on:
            return
        text = order.text.format(month=nominal_on.month, year=nominal_on.year)
        if len(slots) > 1 and (is_ahead or payer.lang == "pl"):
            text = f"{text} {(FOR_TWO if is_ahead else ARREARS)[payer.lang]}"
        for slot in slots:
            order.paid_on[slot.nominal_on] = on
        self._add_payment(
            order, on, sum(slot.minor for slot in slots), text, tuple(s.nominal_on for s in slots)
        )

    def _add_payment(self, order: Order, on: date, minor: int, text: str, covers: tuple[date, ...]) -> None:
        ref = f"R{len(self.payments):06}"
        payer = order.payer
        if order.new_payer is not None and min(covers, default=on) >= order.new_payer[0]:
            payer = order.new_payer[1]
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
    for count in itertools.count():
        if order.period == "W":
            on = order.start_on + timedelta(weeks=count * order.every)
        else:
            on = add_months(order.start_on, count * order.every, order.start_on.day)
        if on > end_on:
            return
        yield on
