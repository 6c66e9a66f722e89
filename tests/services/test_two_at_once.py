"""Each lock of PostgreSQL: what two who write at once would do to each other without it.

SQLite has one writer, so that none of this can happen there.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.migrations import run as migrations
from donorhub.models import AuditRecord, Donor, Entry, Gift, ImportFile, Match, Receipt, Task
from donorhub.services.access import audit
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import imports, statement_drafts, statements
from donorhub.services.bank.matching import certain_entries, entries, matching
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import donors
from donorhub.services.giving import gift_changes
from donorhub.services.receipts import receipts
from donorhub.services.reports import proven_head
from donorhub.services.work import claims, tasks
from tests.races import record_locks, run_second
from tests.services.bank.bank import Paid, assert_sound, camt, match, open_account, send
from tests.services.bank.matching.matching_world import DAY, donor, import_and_match, only_entry
from tests.services.receipts.conftest import make_receiptable
from tests.services.receipts.test_receipts import give


def plan_tasks(now: datetime, count: int) -> list[int]:
    for number in range(count):
        key = f"note:{number}"
        tasks.plan_task(key, kind="new_donor", performer="worker", subject=("donor", 0), due_at=now, now=now)
    db.session.commit()
    return list(db.session.scalars(select(Task.id).order_by(Task.id)))


# ---------------------------------------------------------------- tasks and their leases


def test_two_workers_claim_different_tasks_and_none_waits(locks: Flask, now: datetime) -> None:
    one, other = plan_tasks(now, 2)
    assert claims.claim_next_tasks(now=now) == [one]
    second = run_second(locks, lambda: claims.claim_next_tasks(now=now))
    assert (second.result, second.error, second.waited) == ([other], None, False)


def test_the_last_task_is_claimed_by_one(locks: Flask, now: datetime) -> None:
    (one,) = plan_tasks(now, 1)
    assert claims.claim_next_tasks(now=now) == [one]
    second = run_second(locks, lambda: claims.claim_next_tasks(now=now))
    assert (second.result, second.error) == ([], None)


def test_task_by_id_is_claimed_once(locks: Flask, now: datetime) -> None:
    """A task that is asked for by its id is claimed by one worker."""
    (one,) = plan_tasks(now, 1)
    assert claims.claim_task(one, now=now)
    second = run_second(locks, lambda: claims.claim_task(one, now=now))
    assert (second.result, second.error) == (False, None)


def test_lease_frees_task_when_over(database: Flask, now: datetime) -> None:
    """A lease frees its task when it is over, and not before."""
    (one,) = plan_tasks(now, 1)
    assert claims.claim_next_tasks(now=now) == [one]
    almost = now + claims.LEASE - timedelta(seconds=1)
    assert (claims.claim_next_tasks(now=almost), claims.claim_task(one, now=almost)) == ([], False)
    assert claims.claim_next_tasks(now=now + claims.LEASE) == [one]


def test_done_task_is_not_performed_again(locks: Flask, now: datetime) -> None:
    """What another worker has just done is not performed again."""
    (one,) = plan_tasks(now, 1)
    claims.claim_task(one, now=now)
    db.session.commit()
    (task,) = claims.lock_claimed_tasks([one])
    task.state, task.done_at = "done", now
    second = run_second(locks, lambda: len(claims.lock_claimed_tasks([one])))
    assert (second.result, second.error) == (0, None)


def test_claimed_task_is_held_first(locks: Flask, now: datetime) -> None:
    """A claimed task is held before it is performed."""
    (one,) = plan_tasks(now, 1)
    claims.claim_task(one, now=now)
    db.session.commit()
    assert len(claims.lock_claimed_tasks([one])) == 1
    second = run_second(locks, lambda: len(claims.lock_claimed_tasks([one])))
    assert second.waited


# ---------------------------------------------------------------- audit and migrations


def test_two_sealers_number_once(locks: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who seal the audit give each number once. The second reads where the chain ends, and the first
    commits before it reads what is to be sealed."""
    for number in range(3):
        audit.record_action("user:1", "donor.changed", ("donor", number), now=now)
        db.session.commit()
    assert audit.seal_records(limit=2) == 2
    read_head, reached = audit.find_head, threading.Event()

    def read_head_early() -> tuple[int, str] | None:
        head = read_head()
        reached.set()
        time.sleep(0.3)
        return head

    monkeypatch.setattr(audit, "find_head", read_head_early)
    second = run_second(locks, audit.seal_records, reached=reached)
    assert second.error is None
    sealed = db.session.scalars(select(AuditRecord.seq).order_by(AuditRecord.id)).all()
    assert sealed == list(range(1, len(sealed) + 1))
    assert_sound()


def test_two_upgrades_wait(locks: Flask) -> None:
    """Two who upgrade at once wait for each other."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrations.LOCK})
    second = run_second(locks, lambda: migrations.upgrade(db.engine))
    assert second.waited


def test_two_checks_keep_first_head(locks: Flask, now: datetime) -> None:
    """Two checks at once do not forget how far the first came."""
    mark, step = proven_head.read_mark(), proven_head.OPEN_FOR + timedelta(minutes=1)
    proven_head.move_head(mark, now=now)
    db.session.commit()
    proven_head.move_head(mark, now=now + step)
    second = run_second(locks, lambda: proven_head.move_head(mark, now=now + 2 * step))
    assert second.error is None
    db.session.expire_all()
    head = proven_head.find_head()
    assert head is not None
    assert (head.proved_at, head.next_at) == (now + step, now + 2 * step)


# ---------------------------------------------------------------- receipts


@pytest.fixture
def giver(locks: Flask, now: datetime) -> Donor:
    giver = donors.create_donor({"name": "Łucja Żółć"}, source="test", now=now, actor="t")
    db.session.commit()
    make_receiptable(giver.id, now)
    return giver


def test_first_voiding_reason_stays(giver: Donor, locks: Flask, now: datetime) -> None:
    """Of two who void at once the first reason stays."""
    receipt = receipts.issue_receipt([give(giver.id, now)], today=now.date(), now=now, actor="t")
    db.session.commit()
    receipt_id = receipt.id
    receipts.void_receipt(receipt_id, reason="the first", now=now, actor="user:1")
    second = run_second(
        locks, lambda: receipts.void_receipt(receipt_id, reason="another", now=now, actor="user:2").state
    )
    assert (second.result, second.error) == ("void", None)
    db.session.expire_all()
    void = db.session.get_one(Receipt, receipt_id)
    assert (void.void_reason, void.voided_by) == ("the first", "user:1")
    query = select(AuditRecord.actor).where(AuditRecord.what == "receipt.voided")
    assert db.session.scalars(query).all() == ["user:1"]


def test_two_replacers_make_one(giver: Donor, locks: Flask, now: datetime) -> None:
    """Of two who replace a receipt at once one makes the new one."""
    receipt = receipts.issue_receipt([give(giver.id, now)], today=now.date(), now=now, actor="t")
    db.session.commit()
    receipt_id = receipt.id

    def replace() -> None:
        receipts.replace_receipt(receipt_id, today=now.date(), now=now, actor="t")

    replace()
    second = run_second(locks, replace)
    assert isinstance(second.error, Conflict), second.error
    assert len(db.session.scalars(select(Receipt.id)).all()) == 2


def test_second_issuer_sees_receipt(giver: Donor, locks: Flask, now: datetime) -> None:
    """Who receipts a gift at the same time sees the other's receipt, and no error of the database."""
    gift_id = give(giver.id, now)

    def issue() -> None:
        receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="t")

    issue()
    second = run_second(locks, issue)
    assert isinstance(second.error, Rejected), second.error  # and no error of the database
    assert db.session.scalars(select(Receipt.number)).all() == [1]


def test_receipts_at_once_number_in_row(giver: Donor, locks: Flask, now: datetime) -> None:
    """Two receipts at once have numbers in a row."""
    gift_ids = [give(giver.id, now, str(number)) for number in range(2)]
    receipts.issue_receipt(gift_ids[:1], today=now.date(), now=now, actor="t")
    second = run_second(
        locks, lambda: receipts.issue_receipt(gift_ids[1:], today=now.date(), now=now, actor="t").number
    )
    assert (second.result, second.error) == (2, None)


# ---------------------------------------------------------------- bank entries


def test_second_decider_gets_conflict(locks: Flask, now: datetime) -> None:
    """Of two who decide an entry the second gets a conflict."""
    anna_id, besa_id = donor().id, donor("Besa").id
    import_and_match(Paid(DAY, 5000))
    entry_id = only_entry().id
    entries.accept_shares(entry_id, [Share(anna_id, 5000)], now=now, actor="user:1")
    second = run_second(
        locks, lambda: entries.accept_shares(entry_id, [Share(besa_id, 5000)], now=now, actor="user:2")
    )
    assert isinstance(second.error, Conflict), second.error
    assert db.session.scalars(select(Gift.donor_id)).all() == [anna_id]
    assert_sound()


def test_accepting_skips_held_entries(locks: Flask, now: datetime) -> None:
    """Accepting what is certain leaves out what a person holds."""
    anna = donor()
    import_and_match(*(Paid(DAY, 5000 + number, text=anna.code) for number in range(2)))
    first, other = db.session.scalars(select(Entry.id).order_by(Entry.id)).all()
    entries.mark_not_a_gift(first, "own_transfer", now=now, actor="user:1")
    second = run_second(locks, lambda: sum(certain_entries.accept_certain_entries(now=now, actor="user:2")))
    assert (second.result, second.error, second.waited) == (1, None, False)
    assert db.session.scalars(select(Match.entry_id).where(Match.gift_id.is_not(None))).all() == [other]


def test_accepting_certain_entries_holds_them(locks: Flask, now: datetime) -> None:
    """Who accepts what is certain holds those entries until the commit."""
    anna = donor()
    import_and_match(Paid(DAY, 5000, text=anna.code))
    assert sum(certain_entries.accept_certain_entries(now=now, actor="user:1")) == 1
    second = run_second(locks, lambda: sum(certain_entries.accept_certain_entries(now=now, actor="user:2")))
    assert (second.result, second.error, second.waited) == (0, None, False)


def test_two_looks_match_once(locks: Flask, now: datetime) -> None:
    """Two looks at a statement match each entry once."""
    anna = donor()
    open_account("auto")
    send(camt([Paid(DAY, 5000, text=anna.code)]))
    statement_id = only_entry().statement_id

    def look() -> tuple[int, int]:
        matched = matching.match_next_entries(statement_id, 0, now=now, actor="system:matching")
        return matched.settled_count, matched.left_count

    assert look() == (1, 0)
    second = run_second(locks, look)
    assert (second.result, second.error, second.waited) == ((0, 1), None, False)


# ---------------------------------------------------------------- bank files


def receive(data: bytes, name: str, now: datetime) -> int:
    file, _ = imports.receive_file(data, name, create_accounts=True, now=now, actor="user:1")
    db.session.commit()
    return file.id


def post(file_id: int, now: datetime) -> tuple[int, int]:
    """Read a kept file and store it, as its task does, without the commit; new and known entries."""
    from donorhub.jobs.kinds import imports as kind

    file = imports.get_file(file_id)
    kept = kind._take_file_out(file_id)
    assert kept is not None
    drafts = statement_drafts.draft_statements(kept.content, kept.filename)
    file = statements.store_statements(
        file_id, drafts, create_accounts=True, account_id=None, now=now, actor="user:1"
    )
    return file.new_count, file.known_count


def test_two_workers_post_one_file_once(locks: Flask, now: datetime) -> None:
    open_account()
    file_id = receive(camt([Paid(DAY, 5000)]), "a.xml", now)
    assert post(file_id, now) == (1, 0)
    second = run_second(locks, lambda: post(file_id, now))
    assert (second.error, second.waited) == (None, True)
    assert len(db.session.scalars(select(Entry.id)).all()) == 1
    posted = db.session.scalars(
        select(AuditRecord.what).where(AuditRecord.subject_type == "import_file")
    ).all()
    assert len(posted) == len(set(posted))


def test_two_files_count_entry_once(locks: Flask, now: datetime) -> None:
    """Two files of one account count an entry once."""
    open_account()
    one, other = (
        receive(camt([Paid(DAY, 5000), *more]), f"{len(more)}.xml", now) for more in ([], [Paid(DAY, 700)])
    )
    assert post(one, now) == (1, 0)
    second = run_second(locks, lambda: post(other, now))
    assert (second.result, second.error) == ((1, 1), None)
    assert sorted(db.session.scalars(select(Entry.amount_minor))) == [700, 5000]


def test_taking_back_holds_file_statements_accounts_and_entries(locks: Flask, now: datetime) -> None:
    anna = donor()
    open_account("auto")
    file_id = send(camt([Paid(DAY, 5000, text=anna.code)])).id
    match()
    with record_locks() as tables:
        import_undo.take_back_import(file_id, reason="a wrong file", now=now, actor="user:1")
    assert tables[:4] == ["import_file", "statement", "bank_account", "entry"]


def test_a_file_is_taken_back_once(locks: Flask, now: datetime) -> None:
    open_account()
    file_id = send(camt([Paid(DAY, 5000)])).id

    def take_back(actor: str) -> None:
        import_undo.take_back_import(file_id, reason="a wrong file", now=now, actor=actor)

    take_back("user:1")
    second = run_second(locks, lambda: take_back("user:2"))
    assert second.error is None
    assert db.session.get_one(ImportFile, file_id, populate_existing=True).state == "taken_back"
    query = select(AuditRecord.actor).where(AuditRecord.what.contains("taken_back"))
    assert db.session.scalars(query).all() == ["user:1"]


def test_import_waits_for_undo(locks: Flask, now: datetime) -> None:
    """An import waits for an undo on its account."""
    open_account()
    first = send(camt([Paid(DAY, 5000)])).id
    other = receive(camt([Paid(DAY, 5000), Paid(DAY, 700)]), "b.xml", now)
    import_undo.take_back_import(first, reason="a wrong file", now=now, actor="user:1")
    second = run_second(locks, lambda: post(other, now))
    assert (second.result, second.error) == ((2, 0), None)
    assert_sound()


def test_fund_waits_for_receipt_being_issued(giver: Donor, locks: Flask, now: datetime) -> None:
    """Who changes the fund of a gift that somebody is receipting waits, and is then refused."""
    gift_id = give(giver.id, now)
    receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="t")
    second = run_second(
        locks, lambda: gift_changes.change_gift(gift_id, {"fund_ids": {1: 5000}}, now=now, actor="t")
    )
    assert second.waited
    assert isinstance(second.error, Rejected) and second.error.specific_code == "fund_on_receipt"
