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
from donorhub.models import AuditRecord, Donor, Entry, Gift, ImportFile, Match, Payout, Receipt, Task
from donorhub.services.access import audit
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import imports, statement_drafts, statements
from donorhub.services.bank.matching import certain_entries, entries, matching
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import donors
from donorhub.services.providers import inbox
from donorhub.services.receipts import receipts
from donorhub.services.reports import proven_head
from donorhub.services.work import claims, tasks
from tests.races import record_locks, run_second, skip_without_locks
from tests.services.bank.bank import Paid, assert_sound, camt, match, open_account, send, work_off
from tests.services.bank.matching.matching_world import DAY, arrived, donor, only_entry
from tests.services.providers.test_failed_payouts import FAILED, MONEY, only_payout, steps
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.services.receipts.conftest import make_receiptable
from tests.services.receipts.test_receipts import give
from tests.webhooks.scenarios import one_off, to_raw


@pytest.fixture
def locks(database: Flask) -> Flask:
    skip_without_locks(database)
    return database


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


def test_a_task_asked_for_by_its_id_is_claimed_by_one(locks: Flask, now: datetime) -> None:
    (one,) = plan_tasks(now, 1)
    assert claims.claim_task(one, now=now)
    second = run_second(locks, lambda: claims.claim_task(one, now=now))
    assert (second.result, second.error) == (False, None)


def test_a_lease_frees_its_task_when_it_is_over_and_not_before(database: Flask, now: datetime) -> None:
    (one,) = plan_tasks(now, 1)
    assert claims.claim_next_tasks(now=now) == [one]
    almost = now + claims.LEASE - timedelta(seconds=1)
    assert (claims.claim_next_tasks(now=almost), claims.claim_task(one, now=almost)) == ([], False)
    assert claims.claim_next_tasks(now=now + claims.LEASE) == [one]


def test_what_another_worker_has_just_done_is_not_performed_again(locks: Flask, now: datetime) -> None:
    (one,) = plan_tasks(now, 1)
    claims.claim_task(one, now=now)
    db.session.commit()
    (task,) = claims.lock_claimed_tasks([one])
    task.state, task.done_at = "done", now
    second = run_second(locks, lambda: len(claims.lock_claimed_tasks([one])))
    assert (second.result, second.error) == (0, None)


def test_a_claimed_task_is_held_before_it_is_performed(locks: Flask, now: datetime) -> None:
    (one,) = plan_tasks(now, 1)
    claims.claim_task(one, now=now)
    db.session.commit()
    assert len(claims.lock_claimed_tasks([one])) == 1
    second = run_second(locks, lambda: len(claims.lock_claimed_tasks([one])))
    assert second.waited


# ---------------------------------------------------------------- audit and migrations


def test_two_who_seal_the_audit_give_each_number_once(
    locks: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reads where the chain ends, and the first commits before it reads what is to be sealed."""
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


def test_two_who_upgrade_at_once_wait_for_each_other(locks: Flask) -> None:
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrations.LOCK})
    second = run_second(locks, lambda: migrations.upgrade(db.engine))
    assert second.waited


def test_two_checks_at_once_do_not_forget_how_far_the_first_came(locks: Flask, now: datetime) -> None:
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


def test_of_two_who_void_at_once_the_first_reason_stays(giver: Donor, locks: Flask, now: datetime) -> None:
    receipt = receipts.issue([give(giver.id, now)], today=now.date(), now=now, actor="t")
    db.session.commit()
    receipt_id = receipt.id
    receipts.void(receipt_id, reason="the first", now=now, actor="user:1")
    second = run_second(
        locks, lambda: receipts.void(receipt_id, reason="another", now=now, actor="user:2").state
    )
    assert (second.result, second.error) == ("void", None)
    db.session.expire_all()
    void = db.session.get_one(Receipt, receipt_id)
    assert (void.void_reason, void.voided_by) == ("the first", "user:1")
    query = select(AuditRecord.actor).where(AuditRecord.what == "receipt.voided")
    assert db.session.scalars(query).all() == ["user:1"]


def test_of_two_who_replace_at_once_one_makes_the_new_one(giver: Donor, locks: Flask, now: datetime) -> None:
    receipt = receipts.issue([give(giver.id, now)], today=now.date(), now=now, actor="t")
    db.session.commit()
    receipt_id = receipt.id

    def replace() -> None:
        receipts.replace(receipt_id, today=now.date(), now=now, actor="t")

    replace()
    second = run_second(locks, replace)
    assert isinstance(second.error, Conflict), second.error
    assert len(db.session.scalars(select(Receipt.id)).all()) == 2


def test_who_receipts_a_gift_at_once_sees_the_receipt(giver: Donor, locks: Flask, now: datetime) -> None:
    gift_id = give(giver.id, now)

    def issue() -> None:
        receipts.issue([gift_id], today=now.date(), now=now, actor="t")

    issue()
    second = run_second(locks, issue)
    assert isinstance(second.error, Rejected), second.error  # and no error of the database
    assert db.session.scalars(select(Receipt.number)).all() == [1]


def test_two_receipts_at_once_have_numbers_in_a_row(giver: Donor, locks: Flask, now: datetime) -> None:
    gift_ids = [give(giver.id, now, str(number)) for number in range(2)]
    receipts.issue(gift_ids[:1], today=now.date(), now=now, actor="t")
    second = run_second(
        locks, lambda: receipts.issue(gift_ids[1:], today=now.date(), now=now, actor="t").number
    )
    assert (second.result, second.error) == (2, None)


# ---------------------------------------------------------------- bank entries


def test_of_two_who_decide_an_entry_the_second_is_told(locks: Flask, now: datetime) -> None:
    anna_id, besa_id = donor().id, donor("Besa").id
    arrived(Paid(DAY, 5000))
    entry_id = only_entry().id
    entries.accept_shares(entry_id, [Share(anna_id, 5000)], now=now, actor="user:1")
    second = run_second(
        locks, lambda: entries.accept_shares(entry_id, [Share(besa_id, 5000)], now=now, actor="user:2")
    )
    assert isinstance(second.error, Conflict), second.error
    assert db.session.scalars(select(Gift.donor_id)).all() == [anna_id]
    assert_sound()


def test_accepting_what_is_certain_leaves_out_what_a_person_holds(locks: Flask, now: datetime) -> None:
    anna = donor()
    arrived(*(Paid(DAY, 5000 + number, text=anna.code) for number in range(2)))
    first, other = db.session.scalars(select(Entry.id).order_by(Entry.id)).all()
    entries.mark_not_a_gift(first, "own_transfer", now=now, actor="user:1")
    second = run_second(locks, lambda: sum(certain_entries.accept_certain(now=now, actor="user:2")))
    assert (second.result, second.error, second.waited) == (1, None, False)
    assert db.session.scalars(select(Match.entry_id).where(Match.gift_id.is_not(None))).all() == [other]


def test_who_accepts_what_is_certain_holds_it(locks: Flask, now: datetime) -> None:
    anna = donor()
    arrived(Paid(DAY, 5000, text=anna.code))
    assert sum(certain_entries.accept_certain(now=now, actor="user:1")) == 1
    second = run_second(locks, lambda: sum(certain_entries.accept_certain(now=now, actor="user:2")))
    assert (second.result, second.error, second.waited) == (0, None, False)


def test_two_looks_at_a_statement_match_each_entry_once(locks: Flask, now: datetime) -> None:
    anna = donor()
    open_account("auto")
    send(camt([Paid(DAY, 5000, text=anna.code)]))
    statement_id = only_entry().statement_id

    def look() -> tuple[int, int]:
        matched = matching.match_next(statement_id, 0, now=now, actor="system:matching")
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


def test_two_files_of_one_account_count_an_entry_once(locks: Flask, now: datetime) -> None:
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


def test_an_import_waits_for_an_undo_on_its_account(locks: Flask, now: datetime) -> None:
    open_account()
    first = send(camt([Paid(DAY, 5000)])).id
    other = receive(camt([Paid(DAY, 5000), Paid(DAY, 700)]), "b.xml", now)
    import_undo.take_back_import(first, reason="a wrong file", now=now, actor="user:1")
    second = run_second(locks, lambda: post(other, now))
    assert (second.result, second.error) == ((2, 0), None)
    assert_sound()


# ---------------------------------------------------------------- provider events and payouts


def test_events_of_one_account_are_worked_off_by_one_at_a_time(locks: Flask, now: datetime) -> None:
    endpoint = open_endpoint(now)
    raw = [to_raw(event) for event in one_off("aa")]
    rows = [inbox.columns(endpoint.id, "stripe", event, now=now, source="http") for event in raw]
    inbox.store(db.session.connection(), rows)
    db.session.commit()
    (ids,) = inbox.find_due(50, now=now).values()
    assert len(inbox.take(ids, "stripe") or ()) == len(rows)
    second = run_second(locks, lambda: inbox.take(ids, "stripe"))
    assert (second.result, second.error, second.waited) == (None, None, False)
    assert len(inbox.take(ids, "stripe") or ()) == len(rows)


def test_a_payout_that_fails_sees_the_entry_being_joined(locks: Flask, now: datetime) -> None:
    do = steps(locks, now)
    do["paid"]()
    send(MONEY)
    work_off("match_statement")
    entry = only_entry()
    if entry.state == "matched":  # by itself: undone, so that a person joins it while the payout fails
        entries.undo_entry(entry.id, now=now, actor="user:1")
        db.session.commit()
    endpoint = open_endpoint(now)
    db.session.commit()
    entry_id, payout_id = only_entry().id, only_payout().id
    entries.join_payout(entry_id, payout_id, now=now, actor="user:1")
    second = run_second(locks, lambda: deliver(locks, endpoint, [FAILED], now))
    assert second.error is None
    db.session.expire_all()
    payout = db.session.get_one(Payout, payout_id)
    assert (payout.state, payout.entry_id) == ("failed", None)
    assert db.session.get_one(Entry, entry_id).state == "suspense"
    assert_sound()


def test_an_entry_is_not_joined_to_a_payout_that_fails_meanwhile(locks: Flask, now: datetime) -> None:
    do = steps(locks, now)
    do["paid"]()
    send(MONEY)
    entry_id, payout_id = only_entry().id, only_payout().id
    db.session.execute(text("UPDATE payout SET state = 'failed' WHERE id = :id"), {"id": payout_id})
    second = run_second(locks, lambda: entries.join_payout(entry_id, payout_id, now=now, actor="user:1"))
    assert isinstance(second.error, Conflict), second.error
    db.session.expire_all()
    assert db.session.get_one(Payout, payout_id).entry_id is None
