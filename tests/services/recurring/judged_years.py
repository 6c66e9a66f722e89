"""Whether what DonorHub said of a made-up organisation is true: counted, with the first few faults of a kind.

The truth is :mod:`.made_up_years`'s alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Allocation, DomainEvent, Entry, Gift, Instalment, Match, RecurringGift, Task
from donorhub.services.recurring import changed_amounts
from tests.services.recurring.made_up_orders import Order, Payment, World
from tests.years.figures import Tally

NEVER: Final = (
    "instalments called missed though paid",
    "promises lapsed while paying",
    "promises closed while paying",
    "wrong donors by itself",
)
MOST_OF_ALL: Final = (  # a part, its whole, and the least share
    ("amount changes proposed by the second payment", "amount changes", 0.95),
    ("instalments settled rightly by itself", "instalments settled by itself", 0.995),
)


def assert_goals(result: Tally) -> None:
    """What must never be said was not, and nearly all of what can be known was."""
    assert {what: result.counts[what] for what in NEVER if result.counts[what]} == {}
    for part, whole, least in MOST_OF_ALL:
        assert result.find_share(part, whole) >= least, part


class Judge:
    """Compares what DonorHub says with the truth, as time passes."""

    def __init__(self, world: World) -> None:
        self.world, self.result = world, Tally()
        self.payment_of_ref = {payment.ref: payment for payment in world.payments}
        self.donor_ids: list[int] = []
        self.promise_ids: dict[int, int] = {}
        self.orders: dict[int, Order] = {order.number: order for order in world.orders}
        self.known_to: dict[str, date] = {}
        self.seen_event_id = 0
        self.changes_to_see = {(order.number, day) for order in world.orders for day in order.changed_on}
        self.payments_of_order: dict[int, list[Payment]] = defaultdict(list)
        for payment in world.payments:
            if payment.order is not None:
                self.payments_of_order[payment.order.number].append(payment)

    def get_promise(self, order: Order) -> RecurringGift:
        """Return what DonorHub knows of an order."""
        return db.session.get_one(RecurringGift, self.promise_ids[order.number])

    def judge_changes(self) -> None:
        """Look whether a change whose second payment is known since now is proposed."""
        for number, changed_on in sorted(self.changes_to_see):
            order = self.orders[number]
            known_to = self.known_to.get(order.ours.number)
            if known_to is not None and changed_on <= known_to and number in self.promise_ids:
                self._judge_change(order, changed_on, known_to)

    def _judge_change(self, order: Order, changed_on: date, known_to: date) -> None:
        slots = [slot for slot in order.slots if slot.nominal_on >= changed_on][:2]
        paid_days = [order.paid_on.get(slot.nominal_on) for slot in slots]
        if len(slots) < 2 or slots[0].minor != slots[1].minor or None in paid_days:
            self.changes_to_see.discard((order.number, changed_on))
            return
        if not all(order.is_paid_in_time(slot.nominal_on) for slot in slots) or len(set(paid_days)) < 2:
            self.changes_to_see.discard((order.number, changed_on))
            return
        if known_to < max(day for day in paid_days if day is not None):
            return
        promise = self.get_promise(order)
        slot_days = {slot.nominal_on for slot in slots}
        refs = {p.ref for p in self.payments_of_order[order.number] if slot_days & set(p.covers)}
        waiting = db.session.scalars(
            select(Entry.id).where(Entry.bank_ref.in_(refs), Entry.state == "suspense")
        ).first()
        if waiting is not None:
            return  # a person has not said yet whose it is
        self.changes_to_see.discard((order.number, changed_on))
        if (promise.state, promise.state_reason) == ("closed", "told"):
            self.result.note("changes of a promise whose end was told meanwhile")
            return
        self.result.note("amount changes")
        changed = changed_amounts.find_changed_amount(promise, today=clock.now().date())
        minor = slots[0].minor
        rows = db.session.execute(
            select(Instalment.amount_minor, Instalment.state).where(
                Instalment.recurring_gift_id == promise.id,
                Instalment.nominal_on.in_([slot.nominal_on for slot in slots]),
            )
        ).all()
        if len(rows) == 2 and all(tuple(row) == (minor, "paid") for row in rows):
            self.result.note("amount changes proposed by the second payment")  # and accepted meanwhile
        elif changed is not None and changed.is_proposed and changed.amount.minor == minor:
            self.result.note("amount changes proposed by the second payment")
        else:
            found = (changed.amount, len(changed.claims)) if changed else None
            self.result.note(
                "amount changes not proposed",
                f"order {order.number} from {changed_on} to {minor}, on {clock.now().date()}: {found}",
            )

    def judge_events(self) -> None:
        """Look at each miss, lapse and closing that was said since the last time."""
        rows = db.session.scalars(
            select(DomainEvent)
            .where(
                DomainEvent.id > self.seen_event_id,
                DomainEvent.kind.in_(("instalment.missed", "recurring_gift.lapsed", "recurring_gift.closed")),
            )
            .order_by(DomainEvent.id)
        ).all()
        for event in rows:
            self.seen_event_id = max(self.seen_event_id, event.id)
            if event.kind == "instalment.missed":
                self._judge_miss(event.subject_id)
            else:
                self._judge_end_of(event.subject_id, event.kind.removeprefix("recurring_gift."))

    def _judge_miss(self, instalment_id: int) -> None:
        row = db.session.get_one(Instalment, instalment_id)
        order = self.orders[int(row.recurring_gift.source_ref)]
        if order.is_paid_in_time(row.nominal_on):
            self.result.note(
                "instalments called missed though paid",
                f"order {order.number} {row.nominal_on}, paid on {order.paid_on[row.nominal_on]}",
            )
        else:
            self.result.note("instalments missed")

    def _judge_end_of(self, promise_id: int, word: str) -> None:
        promise = db.session.get_one(RecurringGift, promise_id)
        order = self.orders[int(promise.source_ref)]
        if word == "closed" and promise.state_reason == "told":
            return
        unpaid_count = order.count_unpaid_at_end(self.known_to[order.ours.number])
        if unpaid_count < (1 if order.period == "M" and order.every > 1 else 2):
            self.result.note(
                f"promises {word} while paying",
                f"order {order.number} on {clock.now().date()}, known {self.known_to[order.ours.number]}",
            )
        else:
            self.result.note(f"promises {word}")

    def judge_end(self) -> None:
        """Compare who got the money, and for which instalments, with whom and what it was sent for."""
        rows = db.session.execute(
            select(Entry.bank_ref, Gift, Match.actor)
            .join(Match, Match.entry_id == Entry.id)
            .join(Gift, Gift.id == Match.gift_id)
            .where(Match.undone_at.is_(None))
        ).all()
        settled: dict[int, list[Instalment]] = defaultdict(list)
        for gift_id, row in db.session.execute(
            select(Allocation.gift_id, Instalment).join(Instalment, Instalment.id == Allocation.instalment_id)
        ):
            settled[gift_id].append(row)
        for ref, gift, actor in rows:
            who = "by itself" if actor.startswith("system") or actor.startswith("task") else "by a person"
            self._judge_gift(self.payment_of_ref[ref], gift, settled[gift.id], who)
        missed = db.session.scalars(
            select(Task).where(Task.kind == "missed_instalment", Task.state == "planned")
        )
        for task in missed:
            row = db.session.get_one(Instalment, task.subject_id)
            order = self.orders[int(row.recurring_gift.source_ref)]
            if row.nominal_on in order.paid_on:
                self.result.note("tasks that nobody needs", f"{order.number} {row.nominal_on} {row.state}")

    def _judge_gift(self, payment: Payment, gift: Gift, rows: Sequence[Instalment], who: str) -> None:
        self.result.note(f"gifts {who}")
        if gift.donor_id != self.donor_ids[payment.donor_number]:
            self.result.note(f"wrong donors {who}", payment.ref)
        for row in rows:
            self.result.note(f"instalments settled {who}")
            order = self.orders[int(row.recurring_gift.source_ref)]
            is_as_good = (
                payment.order is not None
                and order.donor_number == payment.order.donor_number
                and row.amount_minor == payment.minor
            )
            if row.nominal_on not in payment.covers or not (order is payment.order or is_as_good):
                self.result.note(
                    f"instalments settled wrongly {who}",
                    f"{payment.ref} on {payment.on}: {row.nominal_on} of order {order.number}",
                )
            else:
                self.result.note(f"instalments settled rightly {who}")
        if payment.order is not None and not rows:
            self.result.note("payments of an order that settle nothing")
