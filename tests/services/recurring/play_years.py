"""DonorHub lives through a made-up organisation: files come as they come, an office decides what waits.

Whether what it said is true, :mod:`.judged_years` says.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import Entry, RecurringGift, Task
from donorhub.money import Money
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import entries, matching
from donorhub.services.donors import accounts, donors
from donorhub.services.recurring import changed_amounts, instalments, recurring_gifts
from tests.services.bank.bank import Paid, assert_sound, camt, match, send
from tests.services.recurring.judged_years import Judge
from tests.services.recurring.made_up_orders import Order, OurAccount, Payment, World
from tests.services.recurring.made_up_years import OURS, START
from tests.years.figures import Tally
from tests.years.organisation import add_months

_YEAR_OVER: Final = date(2028, 1, 1)
WARSAW = ZoneInfo("Europe/Warsaw")


class File(NamedTuple):
    """One statement: its days, and the day on which somebody imports it."""

    account: OurAccount
    first_on: date
    last_on: date
    import_on: date


def play(world: World, *, seed: int, timer_days: int = 4, office_days: int = 3) -> Tally:
    """Let the years pass; return what DonorHub said of them. The clock's round and the office's work are done
    each so many days; the former also after each file.
    """
    return Play(world, seed, timer_days, office_days).run()


class Play:
    """One life of an organisation with DonorHub."""

    def __init__(self, world: World, seed: int, timer_days: int = 4, office_days: int = 3) -> None:
        self.timer_days, self.office_days = timer_days, office_days
        self.world, self.random, self.judge = world, random.Random(seed), Judge(world)
        self.pending_files = sorted(self._list_files(), key=lambda file: (file.import_on, file.first_on))
        self.books = {account.number: _Book(world.payments, account) for account in OURS}
        self.news = _collect_news(world.orders)
        self.imported: dict[str, set[date]] = defaultdict(set)
        self.never_answers = {o.number for o in world.orders if self.random.random() < 0.2}

    def run(self) -> Tally:
        """Live from the first day until every file is there."""
        self._set_day(START)
        for account in OURS:
            bank_accounts.create_account(
                account.number, account.currency, matching="auto", now=clock.now(), actor="user:1"
            )
        self._make_donors()
        db.session.commit()
        day, last_on = START, self.world.end_on + timedelta(days=45)
        while day <= last_on:
            self._live_day(day)
            day += timedelta(days=1)
        self.judge.judge_end()
        assert_sound()
        return self.judge.result

    def _set_day(self, day: date) -> None:
        clock.use_clock(lambda: datetime.combine(day, time(9), WARSAW))

    def _list_files(self) -> Iterator[File]:
        for account in OURS:
            first_on = START
            while first_on <= self.world.end_on:
                month_over = add_months(first_on.replace(day=1), 1, 1)
                next_on = first_on + timedelta(days=account.days) if account.days else month_over
                last_on = min(next_on - timedelta(days=1), self.world.end_on)
                late = self.random.choice((20, 33, 50)) if self.random.random() < 0.08 else 0
                wait = self.random.choice((1, 2, 3))
                import_on = last_on + timedelta(days=wait + late)
                if account is OURS[-1] and last_on < _YEAR_OVER:
                    import_on = _YEAR_OVER + timedelta(days=self.random.choice((9, 10, 11)))
                yield File(account, first_on, last_on, import_on)
                first_on = next_on

    def _make_donors(self) -> None:
        for number, name in enumerate(self.world.donor_names):
            made = donors.create_donor({"name": name}, source="form", now=clock.now(), actor="user:1")
            for account in self.world.donor_numbers[number]:
                accounts.learn_account(made.id, account, now=clock.now())
            self.judge.donor_ids.append(made.id)

    def _live_day(self, day: date) -> None:
        self._set_day(day)
        self._hear(day)
        files = [file for file in self.pending_files if file.import_on == day]
        for file in files:
            self._import(file)
        if files or (day - START).days % self.timer_days == 0:
            timer._advance_recurring_gifts()
            self.judge.judge_events()
            self.judge.judge_changes()
        if (day - START).days % self.office_days == 0:
            self._decide(day)
            self.judge.judge_changes()
            self._answer(day)

    def _hear(self, day: date) -> None:
        """Write down what donors tell on a day."""
        for order in self.news.get(day, ()):
            if order.start_on == day:
                self._start(order)
            elif order.pause is not None:
                recurring_gifts.pause_recurring_gift(
                    self.judge.get_promise(order),
                    from_on=order.pause[1],
                    until=order.pause[2],
                    now=clock.now(),
                    actor="user:1",
                )
            elif order.told_end is not None:
                recurring_gifts.close_recurring_gift(
                    self.judge.get_promise(order),
                    reason="told",
                    now=clock.now(),
                    actor="user:1",
                    on=order.told_end[1],
                )
        db.session.commit()

    def _start(self, order: Order) -> None:
        gift, _ = recurring_gifts.start_recurring_gift(
            recurring_gifts.NewRecurringGift(
                donor_id=self.judge.donor_ids[order.donor_number],
                amount=Money(order.slots[0].minor if order.slots else order.minor, order.ours.currency),
                kind="standing_order",
                start_on=order.start_on,
                every=order.every,
                period=order.period,
                source="made_up",
                source_ref=str(order.number),
                payer_iban=order.payer.number,
            ),
            now=clock.now(),
            actor="user:1",
        )
        instalments.make_instalments(gift, today=clock.now().date())
        self.judge.promise_ids[order.number] = gift.id

    def _import(self, file: File) -> None:
        payments = self._list_payments(file)
        before = self.books[file.account.number].sum_before(file.first_on)
        paid = [Paid(p.on, p.minor, p.payer.name, p.payer.number, p.text, p.ref) for p in payments]
        statement = camt(
            paid,
            opening=before,
            account=file.account.number,
            currency=file.account.currency,
            period=(file.first_on, file.last_on),
            name=f"S{file.first_on}",
        )
        sent = send(statement, f"{file.account.number[-4:]}-{file.first_on}.xml")
        assert sent.state == "done", sent.state
        match()
        self._note_known(file)

    def _note_known(self, file: File) -> None:
        """Count the days up to which an account is known, from the oldest file on: also those of a file that
        is not there, if it holds nothing and later ones begin with the same balance.
        """
        number = file.account.number
        days = self.imported[number]
        days.update(_list_days(file))
        known_days = set(days)
        for other in self.pending_files:
            if other.account == file.account and other.last_on < max(days) and not self._list_payments(other):
                known_days.update(_list_days(other))
        known_to = min(known_days) - timedelta(days=1)
        while known_to + timedelta(days=1) in known_days:
            known_to += timedelta(days=1)
        self.judge.known_to[number] = known_to

    def _list_payments(self, file: File) -> Sequence[Payment]:
        return self.books[file.account.number].list_payments(file.first_on, file.last_on)

    def _decide(self, day: date) -> None:
        """Decide most of what waits, as somebody does who knows each payer: the right donor is taken."""
        ids = db.session.scalars(select(Entry.id).where(Entry.state == "suspense").order_by(Entry.id)).all()
        ids = [id_ for id_ in ids if self.random.random() < 0.9]
        for id_ in ids:
            entry = db.session.get_one(Entry, id_)
            payment = self.judge.payment_of_ref[entry.bank_ref or ""]
            donor_id = self.judge.donor_ids[payment.donor_number]
            (proposal,) = matching.list_proposals([id_])[id_]
            ranks = [rank for rank, one in enumerate(proposal.candidates) if one.donor_id == donor_id]
            self.judge.result.note("decided by a person")
            for hindrance in proposal.hindrances:
                self.judge.result.note(f"waits: {hindrance}")
            if ranks:
                entries.accept_proposal(id_, rank=ranks[0], now=clock.now(), actor="user:1")
            else:
                share = entries.Share(donor_id, payment.minor)
                entries.accept_shares(id_, [share], now=clock.now(), actor="user:1")
            db.session.commit()

    def _answer(self, day: date) -> None:
        """Accept the new amounts that are proposed, but for a few donors whom nobody asks."""
        open_tasks = db.session.scalars(
            select(Task).where(Task.kind == "amount_differs", Task.state == "planned").order_by(Task.id)
        ).all()
        for task in open_tasks:
            promise = db.session.get_one(RecurringGift, task.subject_id)
            order = self.judge.orders[int(promise.source_ref)]
            changed = changed_amounts.find_changed_amount(promise, today=day)
            if changed is None or not changed.is_proposed or order.number in self.never_answers:
                continue
            true_minors = {slot.minor for slot in order.slots}
            if changed.amount.minor in true_minors and changed.amount != changed.promised:
                changed_amounts.accept_changed_amount(promise, now=clock.now(), actor="user:1")
                self.judge.result.note("amount changes accepted")
            db.session.commit()


class _Book:
    """What came to one of our accounts, found by its days without looking at all."""

    def __init__(self, payments: Iterable[Payment], account: OurAccount) -> None:
        self._payments = [payment for payment in payments if payment.ours == account]
        self._days = [payment.on for payment in self._payments]
        self._sums = list(accumulate((payment.minor for payment in self._payments), initial=0))

    def sum_before(self, day: date) -> int:
        """Return what came before a day, in minor units."""
        return self._sums[bisect_left(self._days, day)]

    def list_payments(self, first_on: date, last_on: date) -> Sequence[Payment]:
        """Return what came from one day to another, both with them."""
        return self._payments[bisect_left(self._days, first_on) : bisect_right(self._days, last_on)]


def _collect_news(orders: Iterable[Order]) -> dict[date, list[Order]]:
    """Return of which orders something is heard on which day."""
    news: dict[date, list[Order]] = defaultdict(list)
    for order in orders:
        days = {order.start_on}
        days |= {order.pause[0]} if order.pause else set()
        days |= {order.told_end[0]} if order.told_end else set()
        for day in days:
            news[day].append(order)
    return news


def _list_days(file: File) -> Iterator[date]:
    return (file.first_on + timedelta(days=n) for n in range((file.last_on - file.first_on).days + 1))
