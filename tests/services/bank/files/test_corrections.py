"""What the bank changed of entries that it told before: one question each, and nothing counts twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import AuditRecord, Designation, Entry, EntryQuestion, Fund, Gift, Receipt
from donorhub.models.states import QuestionAnswer
from donorhub.services.access import organisation
from donorhub.services.bank.files import bank_accounts, entry_questions, imports, ref_trust
from donorhub.services.bank.matching import entries, entry_answers
from donorhub.services.bank.matching.entries import Share
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from donorhub.services.reports import invariants
from tests.services.bank.bank import (
    BESA,
    CSV_LAYOUT,
    Paid,
    assert_sound,
    camt,
    csv,
    ledger,
    match,
    open_account,
    rows,
    send,
)
from tests.services.bank.matching.matching_world import donor
from tests.services.receipts.conftest import make_receiptable
from tests.shared import CASES, needs_shared

DAY = date(2026, 10, 5)
OLD = [Paid(DAY, 11000, ref="R1"), Paid(DAY, 5000, name="Jan Nowak", account=BESA, ref="R2")]
NEW = [Paid(DAY, 10000, ref="R1"), OLD[1]]


def ask() -> EntryQuestion:
    """The only open question."""
    return db.session.scalars(select(EntryQuestion).where(EntryQuestion.state == "open")).one()


def kinds() -> list[str]:
    return sorted(db.session.scalars(select(EntryQuestion.kind).where(EntryQuestion.state == "open")))


def total() -> int:
    return sum(minor * times for (_, minor), times in ledger().items())


def say(answer: QuestionAnswer, now: datetime) -> EntryQuestion:
    question = entry_answers.answer_question(ask().id, answer, now=now, actor="user:1")
    db.session.commit()
    return question


def undo(question_id: int, now: datetime) -> None:
    entry_answers.undo_answer(question_id, now=now, actor="user:1")
    db.session.commit()


def without_refs(payments: Sequence[Paid]) -> list[Paid]:
    return [Paid(paid.on, paid.minor, name=paid.name, account=paid.account) for paid in payments]


@pytest.mark.parametrize("refs", [True, False])
def test_statement_issued_anew_is_one_question(database: Flask, now: datetime, refs: bool) -> None:
    """A statement issued again with another sum is one question about that entry, with ids and without, and
    the new sum counts nothing before the answer."""
    first, second = (OLD, NEW) if refs else (without_refs(OLD), without_refs(NEW))
    send(camt(first, opening=100000))
    file = send(camt(second, opening=100000), "b.xml")
    question = ask()
    assert (question.kind, question.differs, file.doubtful_count) == ("amount_changed", ["amount_minor"], 1)
    assert total() == 16000
    assert [problem["code"] for problem in file.problems] == ["ledger_differs_open"]
    say("corrected", now)
    assert total() == 15000
    assert imports.get_file(file.id).problems == []
    assert_sound()


def test_corrected_sum_can_be_undone(database: Flask, now: datetime) -> None:
    """Undoing the answer brings the old sum back, and answering again counts the new one: never both."""
    send(camt(OLD, opening=100000))
    send(camt(NEW, opening=100000), "b.xml")
    for _again in range(2):
        question_id = say("corrected", now).id
        assert total() == 15000
        before = rows()
        entry_answers.answer_question(question_id, "corrected", now=now, actor="user:2")
        db.session.commit()
        assert rows() == before
        undo(question_id, now)
        assert total() == 16000
        undo(question_id, now)
        assert total() == 16000
    assert say("other_money", now).answer == "other_money"
    assert total() == 26000


def test_two_payments_both_count(database: Flask, now: datetime) -> None:
    """Two payments under one id both count when a person says so, and the id counts no more."""
    send(camt(OLD, opening=100000))
    file = send(camt(NEW, opening=100000), "b.xml")
    question = say("other_money", now)
    assert total() == 26000
    assert [problem["code"] for problem in imports.get_file(file.id).problems] == ["ledger_differs"]
    (account,) = bank_accounts.list_accounts()
    assert [(row.ref, row.why) for row in ref_trust.list_weak_refs(account.id)[0]] == [("R1", "answer")]
    with pytest.raises(Conflict):
        entry_answers.answer_question(question.id, "corrected", now=now, actor="user:1")
    db.session.rollback()
    undo(question.id, now)
    assert total() == 16000
    assert ref_trust.list_weak_refs(account.id)[1] == 0


def make_gift_of_old(now: datetime) -> tuple[Gift, Fund]:
    """R1 of the old statement is Anna's gift for a fund, with a receipt."""
    fund = Fund(code="dogs", name="Dogs")
    db.session.add(fund)
    anna = donor()
    open_account()
    send(camt(OLD, opening=100000))
    match()
    entry_id = db.session.scalars(select(Entry.id).where(Entry.amount_minor == 11000)).one()
    entries.accept_shares(entry_id, [Share(anna.id, 11000, fund.id)], now=now, actor="user:1")
    gift = db.session.scalars(select(Gift)).one()
    db.session.commit()
    return gift, fund


def live_gifts() -> list[tuple[int, int]]:
    """Donor and what is left of every gift."""
    left = [(gift.donor_id, gifts.compute_remainder(gift).minor) for gift in db.session.scalars(select(Gift))]
    return [(donor_id, minor) for donor_id, minor in left if minor]


def test_corrected_gift_keeps_donor_and_fund(database: Flask, now: datetime) -> None:
    """The gift of a corrected entry is taken out and recorded anew for the same donor and fund, its receipt
    is voided, and undoing records it with the old sum."""
    gift, fund = make_gift_of_old(now)
    make_receiptable(gift.donor_id, now)
    today = organisation.get_day(now)
    receipt = receipts.issue_receipt([gift.id], today=today, now=now, actor="user:1")
    db.session.commit()
    send(camt(NEW, opening=100000), "b.xml")
    assert live_gifts() == [(gift.donor_id, 11000)]
    question_id = say("corrected", now).id
    match()
    assert live_gifts() == [(gift.donor_id, 10000)]
    assert db.session.get_one(Receipt, receipt.id).state == "void"
    last = db.session.scalars(select(Gift).order_by(Gift.id.desc())).first()
    assert last is not None
    assert db.session.scalars(select(Designation.fund_id).where(Designation.gift_id == last.id)).all() == [
        fund.id
    ]
    assert_sound()
    undo(question_id, now)
    assert live_gifts() == [(gift.donor_id, 11000)]


def test_withdrawn_entry_takes_its_gift_out(database: Flask, now: datetime) -> None:
    """An entry that the bank tells no longer counts until a person says that it was withdrawn; then its gift
    is taken out, and undoing brings it back."""
    gift, _ = make_gift_of_old(now)
    send(camt(OLD[1:], opening=100000, period=(DAY, DAY)), "b.xml")
    assert (kinds(), total()) == (["no_longer_told"], 16000)
    question_id = say("withdrawn", now).id
    assert (total(), live_gifts()) == (5000, [])
    assert_sound()
    undo(question_id, now)
    assert (total(), live_gifts()) == (16000, [(gift.donor_id, 11000)])
    say("stays", now)
    assert total() == 16000
    send(camt(OLD[1:], opening=100000, period=(DAY, DAY)) + b" ", "c.xml")
    assert kinds() == []


def test_correction_in_closed_books_is_refused(database: Flask, now: datetime) -> None:
    """What the bank corrects of closed books changes nothing until they are opened."""
    make_gift_of_old(now)
    send(camt(NEW, opening=100000), "b.xml")
    organisation.get_organisation().closed_until = DAY
    db.session.commit()
    before = rows()
    with pytest.raises(Rejected):
        entry_answers.answer_question(ask().id, "corrected", now=now, actor="user:1")
    db.session.rollback()
    assert rows() == before


def test_wrong_answer_changes_nothing(database: Flask, now: datetime) -> None:
    """An answer that the question does not have is refused."""
    send(camt(OLD, opening=100000))
    send(camt(NEW, opening=100000), "b.xml")
    before = rows()
    for answer in ("known", "withdrawn", "stays"):
        with pytest.raises(Rejected):
            entry_answers.answer_question(ask().id, answer, now=now, actor="user:1")  # type: ignore[arg-type]
        db.session.rollback()
    with pytest.raises(Conflict):
        entry_answers.reject_doubtful(ask().entry_id, now=now, actor="user:1")
    db.session.rollback()
    assert rows() == before


def test_corrected_day_is_asked_once(database: Flask, now: datetime) -> None:
    """An entry that the bank moves to another day is one question, and counts once whatever the answer."""
    send(camt([Paid(DAY, 5000, ref="R1")], opening=None))
    moved = [Paid(DAY + timedelta(days=2), 5000, ref="R1")]
    send(camt(moved, opening=None, period=(DAY, DAY + timedelta(days=3)), name="S2"), "b.xml")
    assert (kinds(), total()) == (["other_day"], 5000)
    say("known", now)
    assert total() == 5000
    send(camt(moved, opening=None, period=(DAY, DAY + timedelta(days=3)), name="S3"), "c.xml")
    assert (kinds(), total()) == ([], 5000)


def test_renumbered_ids_over_whole_days_ask_nothing(database: Flask) -> None:
    """Where a bank numbers its ids anew in each file, whole days are recognised without a question, and its
    ids come back after three files that agree."""
    days = [DAY + timedelta(days=n // 4) for n in range(32)]
    names = [f"Payer {n % 3}" for n in range(32)]

    def tell(prefix: str, text: str = "dar") -> list[Paid]:
        return [
            Paid(day, 5000, name=name, account=f"PL{len(name) + n % 3:026d}", text=text, ref=f"{prefix}{n}")
            for n, (day, name) in enumerate(zip(days, names, strict=True))
        ]

    send(camt(tell("A"), opening=0, name="S1"))
    file = send(camt(tell("B"), opening=0, name="S2"), "b.xml")
    assert (file.new_count, kinds(), total()) == (0, [], 160000)
    (account,) = bank_accounts.list_accounts()
    (habit,) = ref_trust.list_habits(account.id)
    assert (habit.source, habit.habit) == ("camt.053", "per_file")
    for n in range(3):
        send(camt(tell("A"), opening=0, name=f"S{n + 3}"), f"{n}.xml")
    assert [habit.habit for habit in ref_trust.list_habits(account.id)] == ["stable"]
    assert total() == 160000


def test_ids_counted_from_one_ask_nothing(database: Flask) -> None:
    """Ids that begin at one in each file stand on other people's money, and are neither known money nor
    corrections."""
    first = [Paid(DAY, 1000 * (n + 1), name=f"Payer {n}", account="", ref=str(n)) for n in range(6)]
    second = [
        Paid(DAY + timedelta(days=1), 700 * (n + 1), name=f"Giver {n}", account="", ref=str(n))
        for n in range(6)
    ]
    send(camt(first, opening=None))
    file = send(camt(second, opening=None, name="S2"), "b.xml")
    assert (file.new_count, kinds()) == (6, [])
    assert total() == 21000 + 14700


def test_fee_with_payments_id_spoils_no_other(database: Flask) -> None:
    """A fee that carries its payment's id makes that id alone count no more: another payment is still known
    on another day in another format."""
    payments = [Paid(DAY, 10000, ref="R1"), Paid(DAY, -200, name="", account="", text="fee", ref="R1")]
    send(camt([*payments, Paid(DAY, 5000, name="Jan Nowak", account=BESA, ref="R2")], opening=None))
    ours = bank_accounts.list_accounts()[0]
    layout = {**CSV_LAYOUT, "columns": [*CSV_LAYOUT["columns"], {"role": "bank_ref", "name": "Ref"}]}
    layout["header"] = [*CSV_LAYOUT["header"], "Ref"]
    lines = csv([Paid(DAY + timedelta(days=1), 5000, name="JAN NOWAK", account=BESA)]).decode().splitlines()
    data = "\r\n".join([f"{lines[0]};Ref", f"{lines[1]};R2", ""]).encode()
    file = send(data, "a.csv", layout=layout, bank_account_id=ours.id)
    assert (file.new_count, total()) == (0, 14800)
    assert [row.ref for row in ref_trust.list_weak_refs(ours.id)[0]] == ["R1"]


def test_group_is_answered_at_once(database: Flask, now: datetime) -> None:
    """The questions of a file with one reason are answered at once, and one of them can be undone."""
    first = [Paid(DAY, 1000 * (n + 1), text=f"a{n}") for n in range(5)]
    second = [Paid(DAY, 1000 * (n + 1), text=f"b{n}") for n in range(5)]
    send(camt(first, opening=None))
    send(camt(second, opening=None, name="S2"), "b.xml")
    (group,) = entry_questions.list_groups()
    assert (group.kind, group.count, total()) == ("text_changed", 5, 15000)
    assert entry_answers.answer_group(group.file.id, group.kind, "known", now=now, actor="user:1") == 5
    db.session.commit()
    assert entry_answers.answer_group(group.file.id, group.kind, "known", now=now, actor="user:1") == 0
    assert (kinds(), total()) == ([], 15000)
    send(camt(second, opening=None, name="S3"), "c.xml")
    assert kinds() == []
    undo(group.first_id, now)
    assert (kinds(), total()) == (["text_changed"], 15000)


def find_faults(now: datetime) -> list[str]:
    """What verify says of statements and balances."""
    return invariants.check_all(now=now)["opening and entries make closing"]


def test_verify_compares_ledger_with_balances(database: Flask, now: datetime) -> None:
    """While the ledger is not what the newest balances prove, verify says the days and both sums; statements
    of the days before and after change nothing in that."""
    before, after = DAY - timedelta(days=1), DAY + timedelta(days=1)
    send(camt([Paid(before, 700)], opening=99300, name="S0"), "0.xml")
    send(camt(OLD, opening=100000), "1.xml")
    assert find_faults(now) == []
    send(camt(NEW, opening=100000), "2.xml")
    send(camt([Paid(after, 900)], opening=115000, name="S2"), "3.xml")
    (fault,) = find_faults(now)
    assert f"from {before} to {after}" in fault and f"ends on {DAY}" in fault
    assert "166.00 PLN" in fault and "176.00 PLN" in fault
    question_id = say("corrected", now).id
    assert find_faults(now) == []
    undo(question_id, now)
    assert len(find_faults(now)) == 1
    say("other_money", now)
    assert len(find_faults(now)) == 1


def test_verify_sees_money_of_no_statement(database: Flask, now: datetime) -> None:
    """A file without balances that adds money inside proven days makes verify fail; on their first or last
    day it may be what came after the statement."""
    days = [DAY + timedelta(days=n) for n in range(3)]
    send(camt([Paid(day, 1000) for day in days], opening=0), "1.xml")
    ours = bank_accounts.list_accounts()[0]
    late = csv([Paid(days[2], 300, name="Jan Nowak", account=BESA)])
    send(late, "late.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert find_faults(now) == []
    more = csv([Paid(days[1], 500, name="Jan Nowak", account=BESA)])
    send(more, "more.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert len(find_faults(now)) == 1


def test_answers_about_entries_are_audited(database: Flask, now: datetime) -> None:
    """What a person says of an entry that the bank corrected or withdrew has its words in the audit."""
    send(camt([Paid(DAY, 5000, ref="R1"), Paid(DAY, 700, ref="R2")], opening=0))
    send(camt([Paid(DAY, 4000, ref="R1")], opening=0, period=(DAY, DAY)), "b.xml")
    questions = db.session.scalars(select(EntryQuestion).order_by(EntryQuestion.kind)).all()
    changed_id, missing_id = (question.id for question in questions)
    answers: list[tuple[int, QuestionAnswer, str]] = [
        (changed_id, "corrected", "entry.corrected"),
        (missing_id, "withdrawn", "entry.withdrawn"),
        (missing_id, "stays", "entry.kept"),
    ]
    words = select(AuditRecord.what).order_by(AuditRecord.id.desc()).limit(1)
    for question_id, answer, word in answers:
        entry_answers.answer_question(question_id, answer, now=now, actor="user:1")
        assert db.session.scalar(words) == word
        entry_answers.undo_answer(question_id, now=now, actor="user:1")
        assert db.session.scalar(words) == "entry.answer_undone"


@needs_shared(CASES)
def test_shared_correction_is_about_its_entry(database: Flask, now: datetime) -> None:
    """The case from the shared collection: 160 with one open question about R1, and 150 after its answer."""
    send((CASES / "corrected-1.xml").read_bytes())
    send((CASES / "corrected-2.xml").read_bytes(), "b.xml")
    question = ask()
    twin = db.session.get_one(Entry, question.twin_id)
    assert (question.kind, twin.bank_ref, total()) == ("amount_changed", "R1", 16000)
    say("corrected", now)
    assert total() == 15000


@needs_shared(CASES)
def test_shared_weak_id_spoils_no_other(database: Flask) -> None:
    """The case from the shared collection: R2 counts once."""
    send((CASES / "shared-id-1.xml").read_bytes())
    send((CASES / "shared-id-2.sta").read_bytes(), "b.sta")
    assert total() == 14800
