"""Bank files are stored whole or not at all, once, and what cannot be trusted waits for a person."""

from __future__ import annotations

import threading
from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.jobs.queue.run import run_task
from donorhub.models import (
    AuditRecord,
    BankAccount,
    Entry,
    ImportFile,
    Statement,
    Task,
)
from donorhub.services.bank.files import bank_accounts, imports, ledger_rows, statements
from tests.services.bank.bank import (
    CSV_LAYOUT,
    OURS,
    Paid,
    assert_sound,
    camt,
    csv,
    ledger,
    money,
    open_account,
    rows,
    send,
    work_off,
)

DAY = date(2026, 10, 5)
GIFTS = [
    Paid(DAY, 5000, ref="R1"),
    Paid(DAY, 5000, ref="R2"),
    Paid(date(2026, 10, 6), 12345, name="Besa Hoxha", text="dhurim", ref="R3"),
]


def states() -> list[str]:
    return list(db.session.scalars(select(Statement.state).order_by(Statement.id)))


def test_sound_file_is_stored(database: Flask) -> None:
    """A sound file is stored with its account, its statement and its entries."""
    file = send(camt(GIFTS, opening=100))
    assert (file.state, file.new_count, file.known_count, file.format) == ("done", 3, 0, "camt.053")
    statement = db.session.scalars(select(Statement)).one()
    assert (statement.integrity, statement.state, statement.sum_minor) == ("proved", "posted", 22345)
    assert (statement.opening_minor, statement.closing_minor) == (100, 22445)
    entry = db.session.scalars(select(Entry).where(Entry.amount_minor == 12345)).one()
    assert (entry.counterparty_name, entry.remittance, entry.bank_ref) == ("Besa Hoxha", "dhurim", "R3")
    assert (entry.booked_on, entry.currency, entry.state) == (date(2026, 10, 6), "PLN", "new")
    assert db.session.scalars(select(BankAccount.number)).all() == [OURS]
    assert_sound()


def test_the_same_bytes_under_any_name_change_nothing(database: Flask) -> None:
    first = send(camt(GIFTS))
    before = rows()
    again, is_new = imports.receive_file(camt(GIFTS), "other.xml", now=clock.now(), actor="user:2")
    db.session.commit()
    assert (again.id, is_new) == (first.id, False)
    assert rows() == before


def test_other_bytes_add_no_entry(database: Flask) -> None:
    """The same statement in other bytes adds no entry."""
    send(camt(GIFTS))
    again = send(camt(GIFTS) + b"\n")
    assert (again.state, again.new_count, again.known_count) == ("done", 0, 3)
    assert ledger() == money(GIFTS)
    assert_sound()


def test_file_is_kept_sealed(database: Flask) -> None:
    """The file is kept as it came, and is unreadable in the database."""
    file = send(camt(GIFTS))
    assert imports.read_content(file) == camt(GIFTS)
    assert b"Kowalska" not in file.content


def test_no_statement_leaves_only_its_reason(database: Flask) -> None:
    """A file that is no statement leaves nothing but its reason."""
    before = rows()
    file = send(b"<!DOCTYPE html><html><body>Session expired</body></html>", "statement.ofx")
    assert file.state == "refused"
    assert [problem["code"] for problem in file.problems] == ["web_page"]
    after = rows()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"audit_head"} == {"import_file", "task", "audit_record"}


def test_cut_camt_file_leaves_nothing(database: Flask) -> None:
    """A cut camt file leaves nothing of what came before the cut."""
    whole = camt(GIFTS)
    file = send(whole[: len(whole) - 200])
    assert file.state == "refused"
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 0
    assert db.session.scalar(select(func.count()).select_from(BankAccount)) == 0


def test_file_over_limit_is_not_kept(database: Flask) -> None:
    """A file over the limit is refused and not kept."""
    with pytest.raises(Rejected, match="larger than 1 MB") as refused:
        imports.receive_file(b"x" * (1024 * 1024 + 1), "big.csv", limit_mb=1, now=clock.now(), actor="user:1")
    assert refused.value.specific_code == "file_too_large"
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0


def test_wrong_figures_hold_the_statement(database: Flask) -> None:
    """Figures that do not add up hold the statement, and none of its entries count."""
    open_account()
    file = send(camt(GIFTS, opening=0, closing=999))
    assert (file.state, states()) == ("held", ["held"])
    assert "balance_mismatch" in [problem["code"] for problem in file.problems]
    assert ledger() == {}
    statement = db.session.scalars(select(Statement)).one()
    assert (statement.opening_minor, statement.sum_minor, statement.closing_minor) == (0, 22345, 999)
    assert_sound()


def test_released_statement_is_posted_and_audited(database: Flask, now: datetime) -> None:
    """A released statement is posted, and the release is recorded with its reason."""
    open_account()
    send(camt(GIFTS, closing=999))
    held = db.session.scalars(select(Statement)).one()
    statements.release_statement(held.id, reason="the bank confirmed it by phone", now=now, actor="user:7")
    db.session.commit()
    work_off("import_file")
    statement = db.session.scalars(select(Statement)).one()
    assert (statement.state, statement.released_by, statement.new_count) == ("released", "user:7", 3)
    assert ledger() == money(GIFTS)
    record = db.session.scalars(select(AuditRecord).filter_by(what="statement.released")).one()
    assert (record.actor, record.data) == ("user:7", {"reason": "the bank confirmed it by phone"})
    assert imports.get_file(statement.import_file_id).state == "done"
    assert_sound()


def test_release_needs_reason_once(database: Flask, now: datetime) -> None:
    """Releasing without a reason is refused, and releasing again changes nothing."""
    open_account()
    send(camt(GIFTS, closing=999))
    held_id = db.session.scalars(select(Statement.id)).one()
    before = rows()
    with pytest.raises(Rejected):
        statements.release_statement(held_id, reason="  ", now=now, actor="user:7")
    assert rows() == before
    statements.release_statement(held_id, reason="checked", now=now, actor="user:7")
    db.session.commit()
    work_off("import_file")
    before = rows()
    statements.release_statement(held_id, reason="checked again", now=now, actor="user:8")
    assert rows() == before
    assert db.session.get_one(Statement, held_id).released_by == "user:7"


def test_the_reason_of_a_release_is_kept_whole(database: Flask, now: datetime) -> None:
    open_account()
    send(camt(GIFTS, closing=999))
    held_id = db.session.scalars(select(Statement.id)).one()
    reason = "the bank wrote that " + "its balance is of another day " * 15
    statements.release_statement(held_id, reason=reason, now=now, actor="user:7")
    assert statements.find_release_reasons([held_id]) == {held_id: reason.strip()}


def test_a_statement_that_is_posted_cannot_be_released(database: Flask, now: datetime) -> None:
    send(camt(GIFTS))
    with pytest.raises(Conflict):
        statements.release_statement(
            db.session.scalars(select(Statement.id)).one(), reason="x", now=now, actor="user:1"
        )
    with pytest.raises(NotFound):
        statements.release_statement(99, reason="x", now=now, actor="user:1")


def test_entries_of_days_to_come_hold_the_statement(database: Flask) -> None:
    open_account()
    file = send(camt([Paid(date(2027, 5, 1), 100)]))
    assert file.state == "held"
    assert "future_entries" in [problem["code"] for problem in file.problems]


def test_unreadable_row_holds_unproved_table(database: Flask) -> None:
    """A row that cannot be read holds a table that nothing proves, until a person releases it."""
    account = open_account()
    data = csv(GIFTS) + "2026-10-07;X;;y;zwölf;PLN\r\n".encode()
    file = send(data, "a.csv", layout=CSV_LAYOUT, bank_account_id=account.id)
    assert (file.state, ledger()) == ("held", {})
    held_id = db.session.scalars(select(Statement.id)).one()
    statements.release_statement(held_id, reason="the last row is a remark", now=clock.now(), actor="user:1")
    db.session.commit()
    work_off("import_file")
    assert ledger() == money(GIFTS)


def test_unknown_account_is_asked_for(database: Flask, now: datetime) -> None:
    """An unknown account is asked for when none may be made, and the answer lets the file in."""
    file = send(camt(GIFTS), create_accounts=False)
    assert (file.state, file.problems[-1]["code"]) == ("asking", "account_unknown")
    assert db.session.scalar(select(func.count()).select_from(Statement)) == 0
    imports.answer_questions(file.id, create_accounts=True, now=now, actor="user:1")
    db.session.commit()
    work_off("import_file")
    assert imports.get_file(file.id).state == "done"
    assert ledger() == money(GIFTS)


def test_wrong_figures_make_no_account(database: Flask) -> None:
    """No account is made for figures that do not add up."""
    file = send(camt(GIFTS, closing=1))
    assert file.state == "asking"
    assert db.session.scalar(select(func.count()).select_from(BankAccount)) == 0


def test_sound_statement_makes_neighbours_account(database: Flask) -> None:
    """A sound statement makes the account that its held neighbour also needs."""
    first, second = camt(GIFTS[:2], opening=0), camt(GIFTS[2:], opening=10000, closing=1)
    cut = second.index(b"<Stmt>"), second.index(b"</BkToCstmrStmt>")
    both = first.replace(b"</BkToCstmrStmt>", second[cut[0] : cut[1]] + b"</BkToCstmrStmt>")
    assert (send(both).state, states()) == ("held", ["posted", "held"])
    assert ledger() == money(GIFTS[:2])


def test_table_without_account_asks(database: Flask, now: datetime) -> None:
    """A table without an account asks whose it is and takes the answer."""
    file = send(csv(GIFTS), "a.csv", layout=CSV_LAYOUT)
    assert (file.state, file.problems[-1]["code"]) == ("asking", "account_missing")
    account = open_account()
    imports.answer_questions(file.id, bank_account_id=account.id, now=now, actor="user:1")
    db.session.commit()
    work_off("import_file")
    assert ledger() == money(GIFTS)


def test_impossible_answer_is_refused(database: Flask, now: datetime) -> None:
    """An answer that cannot be is refused before it is kept."""
    file = send(csv(GIFTS), "a.csv", layout=CSV_LAYOUT)
    before = rows()
    with pytest.raises(Rejected):
        imports.answer_questions(
            file.id, layout={"name": "x", "columns": [{"role": "?"}]}, now=now, actor="user:1"
        )
    with pytest.raises(NotFound):
        imports.answer_questions(file.id, bank_account_id=77, now=now, actor="user:1")
    with pytest.raises(NotFound):
        imports.receive_file(b"other", "b.csv", bank_account_id=77, now=now, actor="user:1")
    assert rows() == before


def test_only_a_file_that_asks_takes_answers(database: Flask, now: datetime) -> None:
    file = send(camt(GIFTS))
    before = rows()
    with pytest.raises(Conflict):
        imports.answer_questions(file.id, currency="EUR", now=now, actor="user:1")
    db.session.rollback()
    assert rows() == before


def test_a_nrb_and_its_iban_are_one_account(database: Flask) -> None:
    account = open_account()
    assert bank_accounts.find_account(OURS[2:], "PLN") is account
    assert bank_accounts.find_account("PL61 1090 1014 0000 0712 1981 2874", "PLN") is account
    assert bank_accounts.find_account(OURS, "EUR") is None


def test_making_the_same_account_again_gives_the_first(database: Flask, now: datetime) -> None:
    first = open_account()
    before = rows()
    again = bank_accounts.create_account(OURS[2:], "PLN", name="other", now=now, actor="user:2")
    assert (again.id, again.name, rows()) == (first.id, OURS, before)
    with pytest.raises(Rejected):
        bank_accounts.create_account(" - ", "PLN", now=now, actor="user:2")


def test_failed_storing_leaves_nothing(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure in the middle of storing leaves nothing and can be repeated. A stand-in for kill -9: the
    power goes after the entries were written, before the commit."""

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    file, _ = imports.receive_file(
        camt(GIFTS), "a.xml", create_accounts=True, now=clock.now(), actor="user:1"
    )
    file_id = file.id
    db.session.commit()
    before = rows()
    task_id = db.session.scalars(select(Task.id)).one()
    db.session.rollback()
    with monkeypatch.context() as patched:
        patched.setattr(ledger_rows, "insert_aliases", die)
        run_task(task_id)
    after = rows()
    assert {name for name in after if after[name] != before[name]} <= {"import_file", "task"}  # its attempts
    assert imports.get_file(file_id).state == "received"
    task = db.session.get_one(Task, task_id)
    assert task.state == "failed"
    task.next_attempt_at = None
    db.session.commit()
    run_task(task_id)
    assert ledger() == money(GIFTS)
    assert_sound()


def test_four_senders_make_one_set(database: Flask) -> None:
    """Four at once send the same file, and one set of rows is made."""
    problems: list[BaseException] = []

    def send_in_thread() -> None:
        try:
            with database.app_context():
                file, _ = imports.receive_file(
                    camt(GIFTS), "a.xml", create_accounts=True, now=clock.now(), actor="user:1"
                )
                file_id = file.id
                db.session.commit()
                for task_id in db.session.scalars(select(Task.id).where(Task.subject_id == file_id)).all():
                    db.session.rollback()
                    run_task(task_id)
                db.session.remove()
        except BaseException as e:
            problems.append(e)

    threads = [threading.Thread(target=send_in_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    work_off("import_file")
    assert ledger() == money(GIFTS)
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 1
    assert states() == ["posted"]


def test_statement_of_no_currency_makes_no_account(database: Flask) -> None:
    """A currency that ISO 4217 does not hold makes no account, however well the balances add up."""
    file = send(
        b":20:X\n:25:PL61109010140000071219812874\n:28C:1\n:60F:C260901XXX0,00\n"
        b":61:2609020902C50,00NTRFNONREF\n:86:dar\n:62F:C260902XXX50,00\n-\n"
    )
    assert file.state != "done"
    assert db.session.scalars(select(BankAccount)).all() == []


def test_currency_that_ended_holds_the_statement(database: Flask) -> None:
    """Entries after the last day of their currency are held, for one of both is wrong."""
    file = send(
        b":20:X\n:25:HR1210010051863000160\n:28C:1\n:60F:C260901HRK0,00\n"
        b":61:2609020902C50,00NTRFNONREF\n:86:dar\n:62F:C260902HRK50,00\n-\n"
    )
    assert "currency_ended" in [problem["code"] for problem in file.problems]
    assert file.state != "done"
    assert not ledger()


def test_report_of_debits_makes_no_account(database: Flask) -> None:
    """A report never makes a bank account, not even of the number in its header: a person adds it."""
    report = "\n".join(
        [
            f"H,2026-09-15,{OURS},2",
            '2,"2026-09-15",50.00,"61109010140000071219812874","ANNA NOWAK",ID000124',
            '2,"2026-09-15",30.00,"61109010140000071219812874","JAN KOT",ID000125',
            "3,2,80.00",
        ]
    )
    file = send(report.encode())
    assert "account_unknown" in [problem["code"] for problem in file.problems]
    assert db.session.scalars(select(BankAccount)).all() == []
    account = open_account()
    assert send(report.encode() + b"\n").state == "done"
    assert db.session.scalars(select(BankAccount)).all() == [account]
