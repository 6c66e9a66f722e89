"""The bank corrects what it told, between exports, in every format: nothing twice, nothing lost, few asked.

The truth is the made-up bank's own (:mod:`tests.services.bank.changing_bank`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Entry, EntryQuestion
from donorhub.models.states import UNCOUNTED_ENTRIES, QuestionAnswer, QuestionKind
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import entry_answers
from donorhub.services.reports import invariants
from tests.conftest import empty_database
from tests.services.bank.bank import open_account, send
from tests.services.bank.changing_bank import (
    CHANGES,
    MORE_CHANGES,
    PROVED,
    START,
    UNPROVED,
    ChangingBank,
    Export,
    can_pair,
)


@dataclass
class Story:
    """What one bank told, in the order in which it came, and a person who answers what is asked."""

    bank: ChangingBank
    rng: random.Random
    told: dict[int, None] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def take(self, export: Export) -> None:
        """Import a file, and see that no payment counts twice and none is out of sight."""
        account_id = open_or_find_account()
        file = send(export.data, export.filename, bank_account_id=account_id, **export.choices)
        assert file.state == "done", (file.state, file.problems, export.source)
        self.told |= dict.fromkeys(export.told)
        self.told = {key: None for key in self.told if key in self.bank.payments}
        days = sorted(one.booked_on for one in export.told.values())
        self.log.append(
            f"{export.filename} {export.source} {days[0]} to {days[-1]} after {export.made_at} changes, "
            f"{len(days)} payments: +{file.new_count} ?{file.doubtful_count}"
        )
        self.check()

    def check(self) -> None:
        """No payment counts twice; each that was told counts or is asked about."""
        rows = db.session.scalars(select(Entry)).all()
        counted = [row for row in rows if row.state not in UNCOUNTED_ENTRIES]
        may_be = [self.find_keys(row) for row in counted]
        if not can_pair(may_be):
            self.fail("a payment counts twice")
        waiting = [self.find_keys(row) for row in rows if row.state == "doubtful"]
        seen: list[set[int]] = [set() for _ in self.told]
        places = [*may_be, *waiting]
        for n, key in enumerate(self.told):
            seen[n] = {place for place, keys in enumerate(places) if key in keys}
        if not can_pair(seen):
            self.fail("a payment is lost")

    def find_keys(self, row: Entry) -> set[int]:
        return self.bank.find_keys((row.booked_on, row.amount_minor), row.counterparty_name or "")

    def answer_some(self, share: float) -> None:
        """Answer open questions in any order as the bank's truth has it; some first wrongly, and undone."""
        ids = db.session.scalars(select(EntryQuestion.id).where(EntryQuestion.state == "open")).all()
        for id_ in self.rng.sample(list(ids), len(ids)):
            if self.rng.random() >= share:
                continue
            question = db.session.get_one(EntryQuestion, id_)
            right = self.judge(question)
            answers = entry_answers.ANSWERS[question.kind]
            if self.rng.random() < 0.2:
                entry_answers.answer_question(id_, self.rng.choice(answers), now=clock.now(), actor="user:1")
                db.session.commit()
                entry_answers.undo_answer(id_, now=clock.now(), actor="user:1")
                db.session.commit()
            self.log.append(f"question {id_} {question.kind}: {right}")
            entry_answers.answer_question(id_, right, now=clock.now(), actor="user:1")
            db.session.commit()
            self.check()

    def judge(self, question: EntryQuestion) -> QuestionAnswer:
        """What a person says who asks the bank."""
        entry = db.session.get_one(Entry, question.entry_id)
        keys = self.find_keys(entry)
        if question.kind == "no_longer_told":
            return "stays" if self.can_count(entry) else "withdrawn"
        assert question.twin_id is not None
        twin = db.session.get_one(Entry, question.twin_id)
        both = keys & self.find_keys(twin)
        if not both:
            # Nobody can tell payments of one payer with one sum and the same words apart: they are no other
            # money where the bank has no more of them than count already.
            return "other_money" if self.can_count(entry) else self.say_same(question, entry, keys)
        if question.kind != "amount_changed":
            return "known" if not self.is_gone(twin) or not self.can_count(entry) else "other_money"
        return self.say_same(question, entry, both)

    def say_same(self, question: EntryQuestion, entry: Entry, keys: Collection[int]) -> QuestionAnswer:
        """What a person says who knows which of two versions of a payment the bank told last."""
        if question.kind != "amount_changed":
            return "known"
        twin = db.session.get_one(Entry, question.twin_id)
        is_newer = any(
            self.bank.find_last(key, (entry.booked_on, entry.amount_minor))
            > self.bank.find_last(key, (twin.booked_on, twin.amount_minor))
            for key in keys
        )
        return "corrected" if is_newer else "outdated"

    def is_gone(self, row: Entry) -> bool:
        return row.state in UNCOUNTED_ENTRIES

    def can_count(self, entry: Entry) -> bool:
        """Whether the bank has one more payment like this than count already."""
        counted = db.session.scalars(
            select(Entry).where(Entry.state.not_in(UNCOUNTED_ENTRIES), Entry.id != entry.id)
        )
        there = self.bank.payments.keys()
        others = [self.find_keys(row) & there for row in counted]
        return can_pair([self.find_keys(entry) & there, *filter(None, others)])

    def count_asked(self, but_kinds: Collection[QuestionKind] = ()) -> int:
        kinds = db.session.scalars(select(EntryQuestion.kind)).all()
        return sum(kind not in but_kinds for kind in kinds)

    def fail(self, what: str) -> None:
        raise AssertionError(f"{what}\n{self.explain()}")

    def explain(self) -> str:
        rows = db.session.scalars(select(Entry).order_by(Entry.booked_on, Entry.id))
        text = [
            f"  {row.booked_on} {row.amount_minor:7} {row.counterparty_name} {row.remittance} {row.bank_ref} "
            f"s{row.statement_id} {row.state} {sorted(self.find_keys(row))}"
            for row in rows
        ]
        questions = db.session.scalars(select(EntryQuestion).order_by(EntryQuestion.id))
        text += [f"  q{q.id} {q.kind} {q.entry_id}/{q.twin_id} {q.state} {q.answer}" for q in questions]
        return "\n".join(
            [
                f"refs {self.bank.with_refs}",
                *self.log,
                *(f"  {kind} of {key}: {self.bank.versions[key]}" for kind, key in self.bank.changes),
                *text,
            ]
        )


def open_or_find_account() -> int:
    accounts = bank_accounts.list_accounts()
    return accounts[0].id if accounts else open_account().id


def make_exports(
    bank: ChangingBank, rng: random.Random, sources: Sequence[str], kinds: Sequence[str]
) -> list[Export]:
    """Weekly, monthly and overlapping exports, the bank changing something between them."""
    change = bank.change_wildly if set(kinds) - set(CHANGES) else bank.change
    exports = []
    last = bank.days - 1
    style = rng.choice(("weekly", "monthly", "overlapping", "mixed"))
    cuts: list[tuple[int, int]] = []
    if style in ("weekly", "mixed"):
        cuts += [(n, min(n + 6, last)) for n in range(0, bank.days, 7)]
    if style in ("monthly", "mixed"):
        cuts += [(0, last)] * 2
    if style in ("overlapping", "mixed"):
        cuts += [(n, min(n + rng.randint(4, 12), last)) for n in range(0, bank.days, 4)]
    for first, until in cuts:
        export = bank.export(
            rng.choice(sources), START + timedelta(days=first), START + timedelta(days=until)
        )
        exports += [export] if export else []
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            if kinds:
                change(rng.choice(kinds), START + timedelta(days=until))
    for _ in range(2):
        export = bank.export(rng.choice(sources), START, START + timedelta(days=last))
        exports += [export] if export else []
    return exports


def put_out_of_order(exports: list[Export], rng: random.Random) -> list[Export]:
    """Some files come late."""
    ordered = list(exports)
    for _ in range(rng.choice((0, 0, 1, 2))):
        late = ordered.pop(rng.randrange(len(ordered)))
        ordered.insert(rng.randint(0, len(ordered)), late)
    return ordered


def run_story(seed: int, kinds: Sequence[str] = CHANGES, *, days: int = 16, count: int = 26) -> Story:
    """Let a bank tell and change its payments, and people answer what is asked."""
    rng = random.Random(seed)
    bank = ChangingBank(rng, days, with_refs=rng.random() < 0.6, is_numbered=rng.random() < 0.5)
    bank.fill(count)
    every = [*PROVED, *UNPROVED]
    sources = rng.choice(
        ([rng.choice(PROVED)], [rng.choice(every)], rng.sample(every, 2), rng.sample(every, 4))
    )
    exports = make_exports(bank, rng, sources, kinds)
    story = Story(bank, rng)
    for export in put_out_of_order(exports, rng):
        story.take(export)
        story.answer_some(rng.choice((0, 0.5, 1)))
    last = exports[-1]
    if not story.log[-1].startswith(last.filename):
        export = bank.export(last.source, START, START + timedelta(days=days - 1))
        assert export is not None
        story.take(export)
    story.answer_some(1)
    return story


def assert_true(story: Story, *, but_kinds: Collection[QuestionKind] = ()) -> None:
    """The ledger is what the bank has now, and no more was asked than the bank changed."""
    rows = db.session.scalars(select(Entry).where(Entry.state.not_in(UNCOUNTED_ENTRIES))).all()
    bank = story.bank
    now = Counter(one.minor for one in bank.payments.values())
    if Counter(row.amount_minor for row in rows) != now:
        story.fail("the ledger is not what the bank has")
    if story.count_asked(but_kinds) > len(bank.changes):
        story.fail("too many questions")
    faults = invariants.check_all(now=clock.now())["opening and entries make closing"]
    if faults:
        story.fail(f"verify: {faults}")


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=pytest.mark.slow) for n in range(4, 10))]
)
def test_corrections_by_the_bank_make_its_ledger(database: Flask, seed: int) -> None:
    """Whatever the bank changes between exports of any format, its money counts once, none is lost, and no
    more is asked than it changed."""
    assert_true(run_story(seed))


@pytest.mark.load
@pytest.mark.parametrize("seed", range(10, 210))
def test_many_corrections_make_the_banks_ledger(database: Flask, seed: int) -> None:
    """The same for many more accounts, each twice as long; where a correction shifts the balances of two
    files with a common day, that day may be asked about too."""
    assert_true(run_story(seed, days=30, count=60), but_kinds=("unsure_order",))


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 5))])
def test_less_orderly_banks_make_their_ledger(database: Flask, seed: int) -> None:
    """The same where ids are dropped or given twice, changes are changed again or taken back, payments are
    withdrawn or booked late, and the first and last days of files are changed."""
    assert_true(run_story(seed, MORE_CHANGES, days=24, count=40), but_kinds=("unsure_order",))


@pytest.mark.load
@pytest.mark.parametrize("seed", range(5, 45))
def test_many_less_orderly_banks_make_their_ledger(database: Flask, seed: int) -> None:
    """The same for many more of them."""
    assert_true(run_story(seed, MORE_CHANGES, days=24, count=40), but_kinds=("unsure_order",))


@pytest.mark.load
@pytest.mark.parametrize("seed", range(20))
def test_many_moved_days_are_asked_once(database: Flask, seed: int) -> None:
    """The same where the bank changes nothing but days."""
    assert_true(run_story(seed, ("day",), days=30, count=60), but_kinds=("unsure_order",))


def test_exports_without_changes_ask_nothing(database: Flask) -> None:
    """Where the bank changes nothing, nothing is asked, late files or not."""
    story = run_story(3, kinds=())
    assert_true(story)
    assert story.count_asked() == 0


def renumber_often(seed: int, days: int, count: int) -> tuple[int, int]:
    """How many entries a bank told again that numbers its ids anew in each file, in weeks that share a day,
    and how many of them were asked about; the ledger is right before any answer."""
    rng = random.Random(seed)
    bank = ChangingBank(rng, days)
    bank.fill(count)
    story = Story(bank, rng)
    source = rng.choice(("ofx1", "csv plain.pl", "xlsx", "camt"))
    repeated_count = 0
    for first in range(0, days - 1, 6):
        until = min(first + 6, days - 1)
        bank.renumber()
        export = bank.export(source, START + timedelta(days=first), START + timedelta(days=until))
        if export is not None:
            repeated_count += len(export.told.keys() & story.told.keys())
            story.take(export)
    return repeated_count, story.count_asked()


def test_renumbered_weeks_that_share_a_day_ask_nothing(database: Flask) -> None:
    """Where each week begins with the last day of the one before under other ids, no entry is asked about
    but one that is alone on its day, and none counts twice."""
    repeated_count, asked_count = renumber_often(5, days=31, count=120)
    print(f"{asked_count} of {repeated_count} repeated entries are questions")
    assert repeated_count >= 8
    assert asked_count <= 1


@pytest.mark.load
def test_many_renumbered_weeks_ask_little(database: Flask, home: Path) -> None:
    """Over many such accounts hardly one of a hundred repeated entries is a question."""
    repeated_count = asked_count = 0
    for seed in range(12):
        empty_database(database, home)
        repeated, asked = renumber_often(seed, days=61, count=200)
        repeated_count, asked_count = repeated_count + repeated, asked_count + asked
    print(f"{asked_count} of {repeated_count} repeated entries are questions")
    assert asked_count * 100 <= repeated_count


@pytest.mark.parametrize("count", [300, pytest.param(2000, marks=pytest.mark.load)])
def test_renumbered_exports_of_several_formats_ask_nothing(database: Flask, count: int) -> None:
    """Where exports overlap by days, in one format or in several, and each numbers the ids anew, nothing
    that was told before is asked about."""
    rng = random.Random(1)
    bank = ChangingBank(rng, 61)
    bank.fill(count)
    story = Story(bank, rng)
    sources, repeated_count = ("ofx1", "csv plain.pl", "xlsx", "camt"), 0
    for number, first in enumerate(range(0, 60, 7)):
        bank.renumber()
        until = START + timedelta(days=min(first + 10, 60))
        export = bank.export(sources[number % 4], START + timedelta(days=first), until)
        assert export is not None
        repeated_count += len(export.told.keys() & story.told.keys())
        story.take(export)
    assert repeated_count > count // 3
    assert story.count_asked() == 0
