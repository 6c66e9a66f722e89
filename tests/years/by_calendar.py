"""An organisation drawn by the calendar: each payer has a character, each standing order a calendar.

Its rates stand in ``_Draw``; :mod:`.by_habit` makes other assumptions.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from tests.years.names import Name, draw_name, write_as_bank
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

START: Final = date(2027, 1, 1)
_ZLOTY: Final = OurAccount("PL61109010140000071219812874", "PLN", "camt")
_SECOND: Final = OurAccount("PL83101010230000261395100000", "PLN", "mt940")
_TABLE: Final = OurAccount("PL10105000997603123456789123", "PLN", "csv", has_payer_accounts=False)
_EURO: Final = OurAccount("PL20105000997603123456789120", "EUR", "camt")
ACCOUNTS: Final = (_ZLOTY, _SECOND, _TABLE, _EURO)
_MINORS: Final = (1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10000, 12000, 15000, 20000, 33300)
_TEXTS: Final = {
    "pl": (
        "Darowizna na cele statutowe",
        "zlecenie stałe",
        "Darowizna {month}/{year}",
        "wsparcie",
        "na leki",
    ),
    "sq": ("Donacion", "urdhër i përhershëm", "Kontribut {month}/{year}", "ndihmë për fëmijët"),
}
_SALES: Final[tuple[tuple[Truth, str], ...]] = (
    ("sale", "Faktura {number}/{year}"),
    ("sale", "FV {number}/{month}/{year} kalendarze"),
    ("sale", "zakup kartek świątecznych"),
    ("course", "szkolenie z pierwszej pomocy"),
    ("rent", "czynsz za salę {month}/{year}"),
    ("sale", "faturë nr {number}"),
)


def generate(seed: int, payers: int, months: int) -> World:
    """Draw an organisation of so many payers that lives so many months."""
    return _Draw(seed, months).make_world(payers)


class _Draw:
    def __init__(self, seed: int, months: int) -> None:
        self.random = random.Random(seed)
        self.end_on = add_months(START, months, 1) - timedelta(days=1)
        self.people: list[Person] = []
        self.promises: list[Promise] = []
        self.payments: list[Payment] = []

    def make_world(self, payers: int) -> World:
        for number in range(payers):
            self._add_payer(number)
        for promise in self.promises:
            self._pay_promise(promise)
        for month in range(1, (self.end_on.year - START.year) * 12 + self.end_on.month):
            on = roll_day(add_months(START, month, 1) - timedelta(days=1), "back")
            self._add(on, -1500, _ZLOTY, "", "", "Opłata za prowadzenie rachunku", truth="fee")
        self.payments = [p for p in self.payments if START <= p.on <= self.end_on]
        self.payments.sort(key=lambda p: (p.on, p.ref))
        return World(START, self.end_on, ACCOUNTS, self.people, self.promises, self.payments)

    def _add_payer(self, number: int) -> None:
        draw = self.random
        lang = draw.choices(("pl", "sq"), (76, 24))[0]
        is_new = draw.random() < 0.14
        name = draw_name(draw, lang)
        if is_new and self.people and draw.random() < 0.12:  # a donor's name, and another person
            given, family = draw.choice(self.people).name.split(maxsplit=1)
            name = Name(given, family)
        account = "" if draw.random() < 0.015 else make_iban("AL" if lang == "sq" else "PL", number)
        person = self._add_person(name.full, account, is_new=is_new)
        ours = draw.choices((_ZLOTY, _SECOND, _TABLE), (62, 30, 8))[0]
        if lang == "sq" and draw.random() < 0.6:
            ours = _EURO
        payer = (write_as_bank(draw, name), account if ours.has_payer_accounts else "", ours)
        kind = draw.choices(("single", "two", "family", "irregular"), (62, 7, 7, 24))[0]
        start_on = add_months(START, draw.choice((0, 0, 0, 0, 0, 1, 2, 3, 5, 8)), draw.randint(1, 31))
        if is_new:
            start_on = START + timedelta(days=draw.randint(5, 600))
        if kind == "irregular":
            self._give_now_and_then(person, *payer, start_on, lang)
        else:
            self._promise(person, *payer, start_on, lang, kind, name)
        self._add_odd_money(person, *payer, start_on, lang)

    def _add_person(self, name: str, account: str, *, is_new: bool) -> Person:
        knows_account = bool(account) and not is_new and self.random.random() < 0.93
        person = Person(len(self.people), name, not is_new, (account,) if knows_account else ())
        self.people.append(person)
        return person

    def _promise(
        self,
        person: Person,
        payer_name: str,
        account: str,
        ours: OurAccount,
        start_on: date,
        lang: str,
        kind: str,
        name: Name,
    ) -> None:
        draw = self.random
        promise = self._add_promise(person, payer_name, account, ours, start_on, draw.choice(_TEXTS[lang]))
        if kind == "two":
            text = draw.choice([text for text in _TEXTS[lang] if text != promise.text])
            self._add_promise(person, payer_name, account, ours, start_on + timedelta(days=9), text)
        elif kind == "family":
            size = draw.randint(2, 3)
            promise.text, promise.family_size = f"{_TEXTS[lang][0]} {person.name}", size
            for _ in range(size - 1):
                member = self._add_person(
                    draw_name(draw, lang, name.family).full, "", is_new=not person.is_in_base
                )
                text = (
                    f"{_TEXTS[lang][0]} {member.name}"
                    if draw.random() < 0.7
                    else f"za {member.name.split()[0]}"
                )
                other = self._add_promise(member, payer_name, account, ours, start_on, text)
                other.family_size = size

    def _add_promise(
        self, person: Person, payer_name: str, account: str, ours: OurAccount, start_on: date, text: str
    ) -> Promise:
        draw = self.random
        taken_minors = {minor for one in self.promises[-3:] for _, minor in one.slots}
        minor = draw.choice([minor for minor in _MINORS if minor not in taken_minors])
        every = draw.choices((1, 3, 12), (91, 6, 3))[0]
        is_declared = person.is_in_base and draw.random() < 0.88
        promise = Promise(
            len(self.promises), person, payer_name, account, ours, start_on, every, text, is_declared
        )
        changes_again = False
        for count in range(0, 40, every):
            nominal_on = add_months(start_on, count, start_on.day)
            if nominal_on > self.end_on:
                break
            if count and draw.random() < (0.3 if changes_again else 0.011 * every):
                other = draw.choice(
                    (minor * 2, minor + 1000, minor * 3 // 2, minor // 2, max(500, minor - 1000))
                )
                if other != minor and other not in taken_minors:
                    minor, changes_again = other, not changes_again
                    promise.changed_on.append(nominal_on)
            promise.slots.append((nominal_on, minor))
        self.promises.append(promise)
        return promise

    def _pay_promise(self, promise: Promise) -> None:
        draw = self.random
        roll = draw.choices(("forward", "back", "none"), (62, 23, 15))[0]
        delays = (0, 1, 3, 5, 7, 9) if draw.random() < 0.06 else (0, 0, 0, 0, 1, 1, 2)
        ends_on = (
            promise.start_on + timedelta(days=draw.randint(120, 600)) if draw.random() < 0.1 else date.max
        )
        writes_code = draw.random() < 0.1
        owed: list[tuple[date, int]] = []
        is_in_advance = False
        for place, (nominal_on, minor) in enumerate(promise.slots):
            if nominal_on > ends_on:
                return
            if is_in_advance:
                is_in_advance = False
                continue
            if owed and owed[0][1] != minor:
                owed = []
            fate = draw.random()
            if fate < 0.02:  # forgotten: half of them are paid with the next one
                owed = [(nominal_on, minor)] if fate < 0.01 and promise.every == 1 else []
                continue
            slots = [*owed, (nominal_on, minor)]
            owed = []
            text = promise.text
            if len(slots) > 1 and draw.random() < 0.5:
                text += " zaległe"
            next_slot = promise.slots[place + 1 : place + 2]
            if fate > 0.996 and len(slots) == 1 and next_slot and next_slot[0][1] == minor:
                slots, text, is_in_advance = [*slots, next_slot[0]], f"{text} za 2 miesiące", True
            delay = draw.choice((5, 6, 8, 10)) if 0.02 <= fate < 0.034 else draw.choice(delays)
            on = roll_day(nominal_on, roll) + timedelta(days=delay)
            on = roll_day(on, "forward") if delay else on
            text += f" <code {promise.person.number}>" if writes_code else ""
            self._send(promise, slots, on, text)

    def _send(self, promise: Promise, slots: list[tuple[date, int]], on: date, text: str) -> None:
        covers = tuple(nominal_on for nominal_on, _ in slots)
        promise.paid_on.update(dict.fromkeys(covers, on))
        name, account, ours = promise.payer_name, promise.payer_account, promise.ours
        minor = sum(minor for _, minor in slots)
        self._add(on, minor, ours, name, account, text, person=promise.person, promise=promise, covers=covers)

    def _give_now_and_then(
        self, person: Person, payer_name: str, account: str, ours: OurAccount, start_on: date, lang: str
    ) -> None:
        draw = self.random
        minor = draw.choice((3000, 5000, 10000, 20000, 50000))
        on = start_on
        while on <= self.end_on:
            text = draw.choice(_TEXTS[lang]) + (f" <code {person.number}>" if draw.random() < 0.15 else "")
            amount = minor if draw.random() < 0.6 else draw.choice((3000, 5000, 10000, 20000))
            self._add(roll_day(on, "forward"), amount, ours, payer_name, account, text, person=person)
            on += timedelta(days=draw.choice((40, 90, 120, 180, 250, 365)))

    def _add_odd_money(
        self, person: Person, payer_name: str, account: str, ours: OurAccount, start_on: date, lang: str
    ) -> None:
        """Draw what is not usual: one-offs, sales, a wrong or friend's code, a gift that is sent back."""
        draw = self.random
        days = (self.end_on - start_on).days
        if days < 40:
            return
        for share, what in (
            (0.12, "one_off"),
            (0.05, "sale"),
            (0.02, "friend"),
            (0.03, "wrong"),
            (0.02, "back"),
        ):
            if draw.random() >= share:
                continue
            on = roll_day(start_on + timedelta(days=draw.randint(20, days)), "forward")
            minor, text, truth = draw.choice((4400, 7700, 11100, 25500)), draw.choice(_TEXTS[lang]), "gift"
            if what == "sale":
                truth, text = draw.choice(_SALES)
                text = text.replace("{number}", str(draw.randint(1, 400)))
            elif what == "friend" and self.people:
                text = f"{text} <code {draw.choice(self.people).number}>"
            elif what == "wrong":
                text = f"{text} <wrong {person.number}>"
            receiver = person if truth == "gift" else None
            payment = self._add(on, minor, ours, payer_name, account, text, truth=truth, person=receiver)
            if what == "back" and account:
                self._send_back(payment)

    def _send_back(self, payment: Payment) -> None:
        """Let a payment be a debit that the bank takes back some days later."""
        self.payments[-1] = replace(payment, end_to_end=f"E2E{payment.ref}")
        on = roll_day(payment.on + timedelta(days=self.random.randint(2, 9)), "forward")
        self._add(
            on,
            -payment.minor,
            payment.ours,
            payment.payer_name,
            payment.payer_account,
            "zwrot polecenia zapłaty",
            truth="return",
            takes_back=payment.ref,
            end_to_end=f"E2E{payment.ref}",
            return_code="AM04",
        )

    def _add(
        self,
        on: date,
        minor: int,
        ours: OurAccount,
        payer_name: str,
        account: str,
        text: str,
        *,
        truth: Truth = "gift",
        person: Person | None = None,
        promise: Promise | None = None,
        covers: tuple[date, ...] = (),
        takes_back: str = "",
        end_to_end: str = "",
        return_code: str = "",
    ) -> Payment:
        text = text.replace("{month}", f"{on.month:02}").replace("{year}", str(on.year))
        payment = Payment(
            f"C{len(self.payments):06}",
            on,
            minor,
            ours,
            payer_name,
            account,
            text,
            truth,
            person,
            promise,
            covers,
            takes_back,
            end_to_end,
            return_code,
        )
        self.payments.append(payment)
        return payment
