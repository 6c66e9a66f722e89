"""An organisation drawn by habits: people pay when they think of it or when their bank does, day after day.

Nothing is shared with :mod:`.by_calendar` but the values: other rates, words, names on accounts and amounts.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from tests.years.names import Name, draw_name, fold, write_as_bank
from tests.years.organisation import (
    OurAccount,
    Payment,
    Person,
    Promise,
    Truth,
    World,
    add_months,
    make_iban,
    roll_day,
)

START: Final = date(2026, 1, 1)
ACCOUNTS: Final = (
    OurAccount("PL71114010100000524863001001", "PLN", "mt940"),
    OurAccount("PL34116022020000000061233450", "PLN", "camt"),
    OurAccount("PL06116022020000000061233456", "EUR", "camt"),
    OurAccount("PL26105014451000002276470461", "PLN", "csv", has_payer_accounts=False),
)
_WORDS: Final = {
    "pl": ("wpłata", "datek", "pomoc dla zwierząt", "składka {month}.{year}", "przelew własny", "dar serca"),
    "sq": ("dhurim", "për shkollën", "ndihma {month}.{year}", "transfer"),
}
_AGAINST: Final[tuple[tuple[Truth, str], ...]] = (
    ("sale", "zakup książek, FV nr {number}"),
    ("course", "opłata za kurs - {number}"),
    ("rent", "najem sali {month}/{year}"),
    ("sale", "invoice {number}"),
    ("rent", "qira {month}/{year}"),
    ("course", "szkolenia dla wolontariuszy"),
)


def generate(seed: int, payers: int, months: int) -> World:
    """Draw an organisation of so many payers that lives so many months."""
    return _Draw(seed, months).make_world(payers)


@dataclass(slots=True)
class _Payer:
    """One account or post office, and how it behaves."""

    person: Person
    name: Name
    written: str
    account: str
    ours: OurAccount
    lang: str
    start_on: date
    roll: str
    diligence: float  # how often a month is not forgotten
    slowness: float  # mean days after the day
    members: list[Person] = field(default_factory=list)


class _Draw:
    def __init__(self, seed: int, months: int) -> None:
        self.random = random.Random(seed * 7919 + 1)
        self.end_on = add_months(START, months, 1) - timedelta(days=1)
        self.people: list[Person] = []
        self.promises: list[Promise] = []
        self.payments: list[Payment] = []

    def make_world(self, payers: int) -> World:
        for number in range(payers):
            payer = self._draw_payer(number)
            if self.random.random() < 0.7:
                self._draw_orders(payer)
            else:
                self._give_by_chance(payer, per_year=self.random.choice((1, 2, 4)))
            if self.random.random() < 0.1:
                self._give_by_chance(payer, per_year=1)
            self._draw_trouble(payer)
        self.payments = [p for p in self.payments if START <= p.on <= self.end_on]
        self.payments.sort(key=lambda p: (p.on, p.ref))
        return World(START, self.end_on, ACCOUNTS, self.people, self.promises, self.payments)

    def _draw_payer(self, number: int) -> _Payer:
        draw = self.random
        lang = "sq" if draw.random() < 0.3 else "pl"
        name = draw_name(draw, lang)
        is_new = draw.random() < 0.2
        if is_new and len(self.people) > 20 and draw.random() < 0.08:
            name = Name(*draw.choice(self.people).name.replace("-", " ").split()[:2])
        if draw.random() < 0.05:  # a double name, of which banks know one half or both
            name = Name(name.given, f"{name.family}-{draw_name(draw, lang).family}")
        written = write_as_bank(draw, name)
        if "-" in name.family and draw.random() < 0.5:
            written = f"{name.given} {name.family.split('-')[0]}"
        elif draw.random() < 0.04:
            written = f"{draw_name(draw, lang).given} I {name.given} {name.family}".upper()
        ours = draw.choices(ACCOUNTS, (52, 30, 10, 8))[0]
        if lang == "sq":
            ours = draw.choices(ACCOUNTS, (20, 15, 60, 5))[0]
        account = make_iban("AL" if lang == "sq" else "PL", 500_000 + number)
        start_on = START + timedelta(days=draw.randint(20, 640) if is_new else draw.choice((0, 3, 9, 14, 22)))
        person = self._add_person(name.full, is_new=is_new, account=account if draw.random() < 0.9 else "")
        return _Payer(
            person,
            name,
            written,
            account if ours.has_payer_accounts else "",
            ours,
            lang,
            start_on,
            draw.choices(("forward", "back", "none"), (50, 30, 20))[0],
            draw.choices((0.995, 0.97, 0.9), (60, 30, 10))[0],
            draw.choices((0.1, 0.6, 3.0), (70, 22, 8))[0],
        )

    def _add_person(self, name: str, *, is_new: bool, account: str) -> Person:
        person = Person(len(self.people), name, not is_new, (account,) if account and not is_new else ())
        self.people.append(person)
        return person

    def _draw_orders(self, payer: _Payer) -> None:
        draw = self.random
        kind = draw.choices(("one", "two", "family"), (83, 6, 11))[0]
        words = draw.sample(_WORDS[payer.lang], 3)
        day = min(28, max(1, round(draw.gauss(10, 6))))
        self._live_order(payer, payer.person, words[0], day, 1)
        if kind == "two":
            self._live_order(payer, payer.person, words[1], min(28, day + 8), 1)
        if kind != "family":
            return
        size = draw.choice((2, 2, 3))
        self.promises[-1].family_size = size
        for place in range(1, size):
            name = draw_name(draw, payer.lang, payer.name.family.split("-")[0])
            member = self._add_person(name.full, is_new=not payer.person.is_in_base, account="")
            text = draw.choice((f"{words[place]} {fold(name.full)}", f"od {name.given}", words[place]))
            self._live_order(payer, member, text, day, size)

    def _live_order(self, payer: _Payer, person: Person, text: str, day: int, family_size: int) -> None:
        """Let one order live: each month it is paid, forgotten, caught up with, changed or ended."""
        draw = self.random
        minor = max(500, round(math.exp(draw.gauss(8.1, 0.8)) / 500) * 500)
        while any(minor == one.slots[0][1] for one in self.promises[-2:] if one.slots):
            minor += 500
        every = draw.choices((1, 3, 6), (92, 5, 3))[0]
        start_on = add_months(payer.start_on, 0 if payer.start_on.day <= day else 1, day)
        promise = Promise(
            len(self.promises),
            person,
            payer.written,
            payer.account,
            payer.ours,
            start_on,
            every,
            text,
            is_declared=person.is_in_base and draw.random() < 0.92,
            family_size=family_size,
        )
        self.promises.append(promise)
        is_missed, is_over, count, last_change = False, False, 0, 0
        while True:
            nominal_on = add_months(start_on, count * every, day)
            if nominal_on > self.end_on:
                return
            is_over = is_over or draw.random() < 0.004
            if count - last_change > 3 and draw.random() < 0.012 * every:
                factor = draw.choice((0.5, 0.8, 1.2, 1.5, 2.0))
                changed_minor = max(500, round(minor * factor / 100) * 100)
                if changed_minor != minor and not is_missed:
                    minor, last_change = changed_minor, count
                    promise.changed_on.append(nominal_on)
            promise.slots.append((nominal_on, minor))
            if not is_over:
                is_missed = self._pay_slot(payer, promise, count, is_missed=is_missed)
            count += 1

    def _pay_slot(self, payer: _Payer, promise: Promise, count: int, *, is_missed: bool) -> bool:
        """Pay one day of the calendar, and the one before if that is caught up with; tell if it is owed."""
        draw = self.random
        nominal_on, minor = promise.slots[count]
        if draw.random() > payer.diligence:
            return promise.every == 1 and draw.random() < 0.5
        covers, text, total = (nominal_on,), promise.text, minor
        if is_missed and promise.slots[count - 1][1] == minor:
            covers, total = (promise.slots[count - 1][0], nominal_on), 2 * minor
            text += " za 2 miesiące" if payer.lang == "pl" and draw.random() < 0.4 else ""
        delay = min(10, int(draw.expovariate(1 / payer.slowness)))
        on = roll_day(nominal_on, payer.roll)
        on = roll_day(on + timedelta(days=delay), "forward") if delay else on
        promise.paid_on.update(dict.fromkeys(covers, on))
        payment = Payment("", on, total, payer.ours, payer.written, payer.account, text)
        self._add(replace(payment, person=promise.person, promise=promise, covers=covers))
        return False

    def _give_by_chance(self, payer: _Payer, *, per_year: int) -> None:
        draw = self.random
        on = payer.start_on + timedelta(days=draw.randint(0, 60))
        minor = draw.choice((2200, 4700, 6600, 11000, 31000))
        while on <= self.end_on:
            text = draw.choice(_WORDS[payer.lang])
            text += f" <code {payer.person.number}>" if draw.random() < 0.2 else ""
            payment = Payment(
                "", roll_day(on, "forward"), minor, payer.ours, payer.written, payer.account, text
            )
            self._add(replace(payment, person=payer.person))
            on += timedelta(days=max(15, int(draw.expovariate(per_year / 365))))

    def _draw_trouble(self, payer: _Payer) -> None:
        draw = self.random
        span = (self.end_on - payer.start_on).days - 20
        if span < 30:
            return
        on = roll_day(payer.start_on + timedelta(days=draw.randint(15, span)), "forward")
        payment = Payment(
            "", on, 9900, payer.ours, payer.written, payer.account, draw.choice(_WORDS[payer.lang])
        )
        gift = replace(payment, person=payer.person)
        what = draw.choices(("", "against", "friend", "wrong", "back"), (86, 6, 3, 3, 2))[0]
        if what == "against":
            truth, text = draw.choice(_AGAINST)
            text = text.replace("{number}", str(draw.randint(100, 999)))
            self._add(replace(payment, truth=truth, text=text))
        elif what == "friend":
            self._add(replace(gift, text=f"{gift.text} <code {draw.choice(self.people).number}>"))
        elif what == "wrong":
            self._add(replace(gift, text=f"{gift.text} <wrong {payer.person.number}>"))
        elif what == "back" and payer.account:
            end_to_end = f"H{on:%y%m%d}{payer.person.number}"
            back_on = roll_day(on + timedelta(days=draw.randint(1, 20)), "forward")
            ref = self._add(replace(gift, end_to_end=end_to_end)).ref
            back = replace(payment, on=back_on, minor=-9900, text="RETURN", truth="return", takes_back=ref)
            self._add(replace(back, end_to_end=end_to_end, return_code="MD06"))

    def _add(self, payment: Payment) -> Payment:
        on = payment.on
        text = payment.text.replace("{month}", f"{on.month:02}").replace("{year}", str(on.year))
        payment = replace(payment, ref=f"H{len(self.payments):06}", text=text)
        self.payments.append(payment)
        return payment
