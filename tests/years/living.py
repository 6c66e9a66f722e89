"""DonorHub lives through a made-up organisation's years: files come in, and a person answers what waits.

The person knows the truth and answers rightly; :mod:`.figures` counts what was right without them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.bank.matching.matching_facts import Proposal
from donorhub.domain.recurring.changed_amounts import Claim
from donorhub.jobs.queue import timer
from donorhub.models import Entry, Match, RecurringGift, Task
from donorhub.money import Money
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import entries, matching, payer_keys
from donorhub.services.donors import accounts, donors
from donorhub.services.recurring import changed_amounts, instalments, recurring_gifts
from tests.services.bank.bank import assert_sound, match, send
from tests.years.bank_files import LAYOUT, write_file
from tests.years.figures import Figures
from tests.years.judging import Judge
from tests.years.organisation import MONTH, OurAccount, Payment, World, add_months

WARSAW: Final = ZoneInfo("Europe/Warsaw")
_CODE: Final = re.compile(r"<(code|wrong) (\d+)>")
ME: Final = "user:1"


class File(NamedTuple):
    """One statement: its days, and the day on which it is imported."""

    account: OurAccount
    first_on: date
    last_on: date
    import_on: date


def live(world: World, rhythms: Mapping[str, int], *, timer_days: int = 7) -> Figures:
    """Let the years pass; return what DonorHub said of them. ``rhythms`` are the days that a file of each
    account holds, 0 for a month; the clock's round comes each so many days and after each day with files.
    """
    return _Life(world, rhythms, timer_days).run()


class _Life:
    """One life of an organisation with DonorHub."""

    def __init__(self, world: World, rhythms: Mapping[str, int], timer_days: int) -> None:
        self.world, self.timer_days = world, timer_days
        self.judge = Judge(world)
        self.files: dict[date, list[File]] = defaultdict(list)
        for account in world.accounts:
            self._plan_files(account, rhythms[account.number])
        self.payments_of = {
            account.number: [p for p in world.payments if p.ours == account] for account in world.accounts
        }
        self.confirmations: Counter[tuple[str, int]] = Counter()  # of a family's use
        self.bank_account_ids: dict[str, int] = {}

    def _plan_files(self, account: OurAccount, days: int) -> None:
        first_on = self.world.start_on
        while first_on <= self.world.end_on:
            month_over = add_months(first_on.replace(day=1), 1, 1)
            next_on = month_over if days == MONTH else first_on + timedelta(days=days)
            last_on = min(next_on - timedelta(days=1), self.world.end_on)
            file = File(account, first_on, last_on, last_on + timedelta(days=1))
            self.files[file.import_on].append(file)
            first_on = next_on

    def run(self) -> Figures:
        """Live from the first day until every file is there and what it shows is overdue."""
        self._open()
        day = self.world.start_on
        while day <= self.world.end_on + timedelta(days=30):
            self._set_day(day)
            files = self.files.get(day, ())
            for file in files:
                self._import(file)
            if files:
                self._answer_waiting()
                self._answer_proposals(day)
            if files or (day - self.world.start_on).days % self.timer_days == 0:
                timer._infer_recurring_gifts()
                timer._advance_recurring_gifts()
                self.judge.judge_events()
            day += timedelta(days=1)
        self.judge.judge_end()
        assert_sound()
        return self.judge.figures

    def _set_day(self, day: date) -> None:
        clock.use_clock(lambda: datetime.combine(day, time(9), WARSAW))

    def _open(self) -> None:
        """Make the accounts, the donors who are there already and what they promised."""
        self._set_day(self.world.start_on)
        for account in self.world.accounts:
            row = bank_accounts.create_account(
                account.number, account.currency, matching="auto", now=clock.now(), actor=ME
            )
            self.bank_account_ids[account.number] = row.id
        for person in self.world.people:
            if person.is_in_base:
                donor = donors.create_donor({"name": person.name}, source="form", now=clock.now(), actor=ME)
                self.judge.add_donor(person, donor)
                for number in person.accounts_in_base:
                    accounts.learn_account(donor.id, number, now=clock.now())
        for promise in self.world.promises:
            if not promise.is_declared or not promise.slots:
                continue
            gift, _ = recurring_gifts.start_recurring_gift(
                recurring_gifts.NewRecurringGift(
                    donor_id=self.judge.donor_ids[promise.person.number],
                    amount=Money(promise.slots[0][1], promise.ours.currency),
                    kind="standing_order",
                    start_on=promise.start_on,
                    every=promise.every,
                    source="years",
                    source_ref=str(promise.number),
                    payer_iban=promise.payer_account if promise.person.accounts_in_base else "",
                ),
                now=clock.now(),
                actor=ME,
            )
            instalments.make_instalments(gift, today=self.world.start_on)
            self.judge.promise_ids[promise.number] = gift.id
        db.session.commit()

    def _import(self, file: File) -> None:
        rows = self.payments_of[file.account.number]
        first = bisect_left(rows, file.first_on, key=lambda p: p.on)
        last = bisect_right(rows, file.last_on, key=lambda p: p.on)
        payments = [self._write_code(p) for p in rows[first:last]]
        opening = sum(p.minor for p in rows[:first])
        data = write_file(
            file.account, payments, opening=opening, first_on=file.first_on, last_on=file.last_on
        )
        name = f"{file.account.number[-4:]}-{file.first_on}.{file.account.file_format}"
        if file.account.file_format == "csv":
            if payments:
                account_id = self.bank_account_ids[file.account.number]
                sent = send(data, name, layout=LAYOUT, bank_account_id=account_id)
                assert sent.state == "done", (sent.state, sent.problems)
        else:
            sent = send(data, name)
            assert sent.state == "done", (sent.state, sent.problems)
        match()
        self.judge.known_to[file.account.number] = file.last_on

    def _write_code(self, payment: Payment) -> Payment:
        """Return the payment with the donor's code of that day in the place of what stands for it."""
        text = payment.text
        for whole, kind, number in [(m[0], m[1], int(m[2])) for m in _CODE.finditer(payment.text)]:
            code = self.judge.codes.get(number, "")
            if code and kind == "wrong":
                code = code[:-1] + str((int(code[-1]) + 3) % 10)
            text = text.replace(whole, code)
        return payment if text == payment.text else self.judge.replace_text(payment, " ".join(text.split()))

    def _answer_waiting(self) -> None:
        """Say of every entry that waits what it is."""
        rows = db.session.execute(
            select(Entry.id, Entry.bank_ref).where(Entry.state == "suspense").order_by(Entry.id)
        ).all()
        payments = {id_: self.judge.payment_of_ref[ref or ""] for id_, ref in rows}
        payer_counts = Counter((p.payer_account, p.payer_name) for p in payments.values())
        proposals = matching.list_proposals(payments)
        for id_, payment in payments.items():
            if payer_counts[payment.payer_account, payment.payer_name] > 1:
                proposals |= matching.list_proposals([id_])  # what was said of the payer may have changed it
            (proposal,) = proposals[id_]
            self.judge.judge_suggestion(payment, proposal)
            self._answer_one(db.session.get_one(Entry, id_), payment, proposal)
            db.session.commit()

    def _answer_one(self, entry: Entry, payment: Payment, proposal: Proposal) -> None:
        now = clock.now()
        if payment.truth == "return":
            gift_id = self._find_gift_of(payment.takes_back)
            if gift_id is not None:
                entries.accept_return(entry.id, gift_id, now=now, actor=ME)
            else:
                entries.mark_not_a_gift(entry.id, "return", now=now, actor=ME)
        elif payment.truth != "gift" or payment.person is None:
            entries.mark_not_a_gift(entry.id, payment.truth, now=now, actor=ME)
        elif payment.person.number not in self.judge.donor_ids:
            payer_key = entries.find_payer_key(entry.id)
            others = payer_keys.list_known_donors(payer_key) if payer_key else []  # a family's account
            donor = entries.create_donor_from(
                entry.id,
                {"name": payment.person.name},
                known_ids=others,
                alike_ids=None,
                now=now,
                actor=ME,
            )
            self.judge.add_donor(payment.person, donor)
        else:
            self._accept_gift(entry, payment, proposal)

    def _accept_gift(self, entry: Entry, payment: Payment, proposal: Proposal) -> None:
        """Take the engine's proposal for the right donor if what it settles is right too, else say it."""
        assert payment.person is not None
        donor_id = self.judge.donor_ids[payment.person.number]
        for rank, candidate in enumerate(proposal.candidates):
            if candidate.donor_id == donor_id and self.judge.is_right_part(payment, candidate.parts[0]):
                entries.accept_proposal(entry.id, rank=rank, equal_ids=None, now=clock.now(), actor=ME)
                return
        allocations = self.judge.find_true_allocations(payment)
        share = entries.Share(donor_id, payment.minor, allocations=allocations)
        entries.accept_shares(entry.id, [share], equal_ids=None, now=clock.now(), actor=ME)

    def _find_gift_of(self, ref: str) -> int | None:
        return db.session.scalar(
            select(Match.gift_id)
            .join(Entry, Entry.id == Match.entry_id)
            .where(Entry.bank_ref == ref, Match.kind == "gift", Match.undone_at.is_(None))
        )

    def _answer_proposals(self, day: date) -> None:
        """Look which changes of amount are proposed, and accept those that are true."""
        self.judge.judge_changes()
        open_tasks = db.session.scalars(
            select(Task).where(Task.kind == "amount_differs", Task.state == "planned").order_by(Task.id)
        ).all()
        for task in open_tasks:
            gift = db.session.get_one(RecurringGift, task.subject_id)
            promise = self.judge.find_promise(gift)
            change = changed_amounts.find_changed_amount(gift, today=day)
            if promise is None or change is None:
                continue
            if change.amount == change.promised:
                self._count_late_gifts(change.claims)
                continue
            if not change.is_proposed:
                continue
            minor_on = dict(promise.slots)
            first = instalments.get_instalment(change.claims[0].slot.instalment_id)
            is_true = minor_on.get(first.nominal_on) == change.amount.minor
            if is_true and change.amount != change.promised:
                changed_amounts.accept_changed_amount(gift, now=clock.now(), actor=ME)
                self.judge.figures.note("changes accepted")
            db.session.commit()

    def _count_late_gifts(self, claims: Sequence[Claim]) -> None:
        """Let each gift of the right amount that came on another day pay the instalment that it is for."""
        for claim in claims:
            ref = db.session.scalar(
                select(Entry.bank_ref)
                .join(Match, Match.entry_id == Entry.id)
                .where(Match.gift_id == claim.gift.gift_id, Match.kind == "gift", Match.undone_at.is_(None))
            )
            row = instalments.get_instalment(claim.slot.instalment_id)
            if row.nominal_on in self.judge.payment_of_ref[ref or ""].covers:
                changed_amounts.count_gift(row.id, claim.gift.gift_id, now=clock.now(), actor=ME)
                self.judge.figures.note("late gifts counted by a person")
        db.session.commit()


def list_rhythms(world: World, days: Sequence[int]) -> dict[str, int]:
    """Return how many days a file of each account holds, in the order of the accounts."""
    return {account.number: n for account, n in zip(world.accounts, days, strict=True)}
