"""Whether what DonorHub said of one payment, instalment or promise is true."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.bank.matching.matching_facts import Part, Proposal
from donorhub.models import (
    Allocation,
    Detail,
    DomainEvent,
    Donor,
    Entry,
    Gift,
    Instalment,
    Match,
    RecurringGift,
)
from donorhub.services.recurring import changed_amounts
from tests.years.figures import Figures
from tests.years.organisation import Payment, Person, Promise, World

_BAD_ENDS = ("instalment.missed", "recurring_gift.lapsed", "recurring_gift.closed")
_SAME_SLOT = 10  # days
_SURE_OF_FAMILY = 3  # confirmations of one use of an account


class Judge:
    """Compares what DonorHub says with the truth, as time passes."""

    def __init__(self, world: World) -> None:
        self.world, self.figures = world, Figures()
        self.payment_of_ref = {payment.ref: payment for payment in world.payments}
        self.promise_of_number = {promise.number: promise for promise in world.promises}
        self.donor_ids: dict[int, int] = {}  # by person
        self.codes: dict[int, str] = {}
        self.new_since: dict[int, date] = {}
        self.promise_ids: dict[int, int] = {}
        self.known_to: dict[str, date] = {}
        self.seen_event_id = 0
        self.changes_to_see = [(p, day) for p in world.promises if p.is_declared for day in p.changed_on]

    def add_donor(self, person: Person, donor: Donor) -> None:
        """Note which donor a person is."""
        self.donor_ids[person.number], self.codes[person.number] = donor.id, donor.code

    def replace_text(self, payment: Payment, text: str) -> Payment:
        """Return the payment with another text; its truth stays."""
        return replace(payment, text=text)

    def find_promise(self, gift: RecurringGift) -> Promise | None:
        """Return the promise that a recurring gift was declared for."""
        return self.promise_of_number[int(gift.source_ref)] if gift.source == "years" else None

    def find_true_allocations(self, payment: Payment) -> dict[int, int]:
        """Return the instalments that a payment is for, with its minor units for each; none where they are of
        another amount or not there.
        """
        if payment.promise is None or payment.promise.number not in self.promise_ids:
            return {}
        rows = db.session.scalars(
            select(Instalment).where(
                Instalment.recurring_gift_id == self.promise_ids[payment.promise.number],
                Instalment.nominal_on.in_(payment.covers),
                Instalment.state != "paid",
            )
        ).all()
        if len(rows) != len(payment.covers) or sum(row.amount_minor for row in rows) != payment.minor:
            return {}
        return {row.id: row.amount_minor for row in rows}

    def is_right_part(self, payment: Payment, part: Part) -> bool:
        """Return whether a proposal settles just what the payment is for."""
        return {a.instalment_id: a.minor for a in part.allocations} == self.find_true_allocations(payment)

    def judge_suggestion(self, payment: Payment, proposal: Proposal) -> None:
        """Look who stands first where a person decides."""
        if payment.minor <= 0 or payment.truth != "gift" or payment.person is None:
            return
        best = proposal.candidates[0] if proposal.candidates else None
        reasons = " ".join(reason.key.removeprefix("match.") for reason in best.evidence) if best else ""
        is_family = payment.promise is not None and payment.promise.family_size > 1
        for hindrance in proposal.hindrances:
            kind = "family" if is_family else "recurring" if payment.is_recurring else "once"
            self.figures.note(f"waits: {hindrance}, {kind}", f"{_describe(payment)}: {reasons}")
        if payment.person.number not in self.donor_ids:
            self.figures.note("new payer")
            if proposal.is_new_first:
                self.figures.note("new donor first")
            else:
                self.figures.note("new donor not first", f"{_describe(payment)}: {reasons}")
            return
        self.figures.note("donor in base")
        is_first = best is not None and best.donor_id == self.donor_ids[payment.person.number]
        if is_first and not proposal.is_new_first:
            self.figures.note("right donor first")
        else:
            self.figures.note("right donor not first", f"{_describe(payment)}: {reasons}")

    def judge_changes(self) -> None:
        """Look whether each change whose second payment is there by now is proposed."""
        still_to_see = []
        for promise, changed_on in self.changes_to_see:
            slots = [slot for slot in promise.slots if slot[0] >= changed_on][:2]
            days = [promise.paid_on.get(nominal_on) for nominal_on, _ in slots]
            if len(slots) < 2 or None in days or slots[0][1] != slots[1][1] or len(set(days)) < 2:
                continue
            if not all(promise.is_paid_in_time(nominal_on) for nominal_on, _ in slots):
                continue
            if self.known_to.get(promise.ours.number, date.min) < max(day for day in days if day):
                still_to_see.append((promise, changed_on))
                continue
            self._judge_change(promise, [nominal_on for nominal_on, _ in slots], slots[0][1])
        self.changes_to_see = still_to_see

    def _judge_change(self, promise: Promise, nominal_days: Sequence[date], minor: int) -> None:
        self.figures.note("change")
        gift = db.session.get_one(RecurringGift, self.promise_ids[promise.number])
        change = changed_amounts.find_changed_amount(gift, today=clock.now().date())
        rows = db.session.execute(
            select(Instalment.amount_minor, Instalment.state).where(
                Instalment.recurring_gift_id == gift.id, Instalment.nominal_on.in_(nominal_days)
            )
        ).all()
        is_accepted = len(rows) == len(nominal_days) and all(tuple(row) == (minor, "paid") for row in rows)
        if is_accepted or (change is not None and change.is_proposed and change.amount.minor == minor):
            self.figures.note("change proposed")
        else:
            text = f"promise {promise.number} from {nominal_days[0]} to {minor}: {change and change.amount}"
            self.figures.note("change not proposed", text)

    def judge_events(self) -> None:
        """Look at each miss, lapse and closing that was said since the last time."""
        events = db.session.scalars(
            select(DomainEvent)
            .where(DomainEvent.id > self.seen_event_id, DomainEvent.kind.in_(_BAD_ENDS))
            .order_by(DomainEvent.id)
        ).all()
        for event in events:
            self.seen_event_id = max(self.seen_event_id, event.id)
            if event.kind == "instalment.missed":
                self._judge_miss(db.session.get_one(Instalment, event.subject_id))
            else:
                self._judge_end_of(db.session.get_one(RecurringGift, event.subject_id), event.kind)

    def _judge_miss(self, row: Instalment) -> None:
        promise = self.find_promise(row.recurring_gift)
        if promise is None:
            return
        if promise.is_paid_in_time(row.nominal_on):
            on = promise.paid_on[row.nominal_on]
            self.figures.note("missed though paid", f"promise {promise.number} {row.nominal_on}, on {on}")
        else:
            self.figures.note("missed rightly")

    def _judge_end_of(self, gift: RecurringGift, kind: str) -> None:
        promise = self.find_promise(gift)
        if promise is None:
            return
        unpaid_count = promise.count_unpaid_at_end(self.known_to.get(promise.ours.number, date.min))
        if unpaid_count < (1 if promise.every > 1 else 2):
            self.figures.note("lapsed while paying", f"{kind} {promise.number} on {clock.now().date()}")
        else:
            self.figures.note("lapsed rightly")

    def judge_end(self) -> None:
        """Compare what every payment became with what it is."""
        allocations: dict[int, list[Instalment]] = defaultdict(list)
        for gift_id, row in db.session.execute(
            select(Allocation.gift_id, Instalment).join(Instalment, Instalment.id == Allocation.instalment_id)
        ):
            allocations[gift_id].append(row)
        rows = db.session.execute(
            select(Entry.bank_ref, Match, Gift)
            .join(Match, Match.entry_id == Entry.id)
            .outerjoin(Gift, Gift.id == Match.gift_id)
            .outerjoin(Detail, Detail.id == Match.detail_id)
            .where(Match.undone_at.is_(None))
            .order_by(Entry.booked_on, Entry.id)
        ).all()
        confirmations: Counter[tuple[str, int]] = Counter()
        for ref, match, gift in rows:
            payment = self.payment_of_ref[ref]
            is_auto = not match.actor.startswith("user:")
            self._count_share(payment, is_auto=is_auto, confirmations=confirmations)
            if is_auto:
                self._judge_match(payment, match, gift, allocations[gift.id] if gift else [])

    def _count_share(
        self, payment: Payment, *, is_auto: bool, confirmations: Counter[tuple[str, int]]
    ) -> None:
        if payment.minor <= 0:
            return
        year = 1 if payment.on < self.world.second_year_on else 2
        self.figures.note(f"money in, year {year}")
        if not is_auto:
            self.figures.note(f"waits, year {year}")
        if payment.is_recurring:
            self.figures.note(f"recurring, year {year}")
            if is_auto:
                self.figures.note(f"recurring auto, year {year}")
        if payment.promise is None or payment.promise.family_size < 2 or payment.person is None:
            return
        key = (payment.payer_account or payment.payer_name, payment.person.number)
        if confirmations[key] >= _SURE_OF_FAMILY:
            self.figures.note("family")
            self.figures.note("family auto" if is_auto else "family waits", _describe(payment))
        if not is_auto:
            confirmations[key] += 1

    def _judge_match(
        self, payment: Payment, match: Match, gift: Gift | None, rows: Sequence[Instalment]
    ) -> None:
        """Judge what was decided without a person."""
        self.figures.note("auto")
        if payment.truth != "gift":
            if match.kind == "gift":
                self.figures.note("wrong: no gift as a gift", _describe(payment))
            elif payment.truth == "return" and match.kind != "return":
                self.figures.note("wrong: return", _describe(payment))
            else:
                self.figures.note("auto, right donor and kind")
            return
        person = payment.person
        donor_id = self.donor_ids.get(person.number) if person is not None else None
        if gift is None or match.kind != "gift" or gift.donor_id != donor_id:
            is_new = person is not None and not person.is_in_base
            self.figures.note("wrong donor", _describe(payment))
            if is_new and donor_id is None:
                self.figures.note("wrong: newcomer on a namesake", _describe(payment))
            return
        self.figures.note("auto, right donor and kind")
        for row in rows:
            self.figures.note("auto instalments")
            promise = self.find_promise(row.recurring_gift)
            if promise is None and _is_of_series(payment, row.nominal_on):
                self.figures.note("auto instalments of inferred orders")
                self.figures.note("auto instalments right")
            elif promise is payment.promise and row.nominal_on in payment.covers:
                self.figures.note("auto instalments right")
            else:
                self.figures.note("auto instalments wrong", f"{_describe(payment)}: {row.nominal_on}")


def _is_of_series(payment: Payment, nominal_on: date) -> bool:
    """Return whether a day of an order that was inferred is about one that the payment is for: nobody told
    the day of the month.
    """
    return any(abs((nominal_on - day).days) < _SAME_SLOT for day in payment.covers)


def _describe(payment: Payment) -> str:
    covers = ", ".join(str(day) for day in payment.covers)
    number = payment.promise.number if payment.promise else "-"
    whom = payment.person.name if payment.person else payment.truth
    return (
        f"{payment.ref} {payment.on} {payment.minor} {payment.payer_name} {payment.payer_account[-6:]}"
        f" '{payment.text}' for {whom}, promise {number} [{covers}]"
    )
