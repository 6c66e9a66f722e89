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
    Detail,
    Entry,
    EntryAlias,
    ImportFile,
    Statement,
    Task,
)
from donorhub.services.bank.files import bank_accounts, imports, ledger_rows, statements
from donorhub.services.bank.matching import entry_views
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


def test_a_sound_file_is_stored_with_its_account_and_statement(database: Flask) -> None:
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
    again, is_new = imports.receive(camt(GIFTS), "other.xml", now=clock.now(), actor="user:2")
    db.session.commit()
    assert (again.id, is_new) == (first.id, False)
    assert rows() == before


def test_the_same_statement_in_other_bytes_adds_no_entry(database: Flask) -> None:
    send(camt(GIFTS))
    again = send(camt(GIFTS) + b"\n")
    assert (again.state, again.new_count, again.known_count) == ("done", 0, 3)
    assert ledger() == money(GIFTS)
    assert_sound()


def test_the_file_is_kept_as_it_came_and_unreadable_in_the_database(database: Flask) -> None:
    file = send(camt(GIFTS))
    assert imports.content(file) == camt(GIFTS)
    assert b"Kowalska" not in file.content


def test_a_file_that_is_no_statement_leaves_nothing_but_its_reason(database: Flask) -> None:
    before = rows()
    file = send(b"<!DOCTYPE html><html><body>Session expired</body></html>", "statement.ofx")
    assert file.state == "refused"
    assert [problem["code"] for problem in file.problems] == ["web_page"]
    after = rows()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"audit_head"} == {"import_file", "task", "audit_record"}


def test_a_cut_camt_file_leaves_nothing_of_what_came_before_the_cut(database: Flask) -> None:
    whole = camt(GIFTS)
    file = send(whole[: len(whole) - 200])
    assert file.state == "refused"
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 0
    assert db.session.scalar(select(func.count()).select_from(BankAccount)) == 0


def test_a_file_over_the_limit_is_refused_and_not_kept(database: Flask) -> None:
    with pytest.raises(Rejected, match="larger than 1 MB") as refused:
        imports.receive(b"x" * (1024 * 1024 + 1), "big.csv", limit_mb=1, now=clock.now(), actor="user:1")
    assert refused.value.specific_code == "file_too_large"
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0


def test_figures_that_do_not_add_up_hold_the_statement(database: Flask) -> None:
    open_account()
    file = send(camt(GIFTS, opening=0, closing=999))
    assert (file.state, states()) == ("held", ["held"])
    assert "balance_mismatch" in [problem["code"] for problem in file.problems]
    assert ledger() == {}
    statement = db.session.scalars(select(Statement)).one()
    assert (statement.opening_minor, statement.sum_minor, statement.closing_minor) == (0, 22345, 999)
    assert_sound()


def test_a_released_statement_is_posted_and_the_release_is_recorded(database: Flask, now: datetime) -> None:
    open_account()
    send(camt(GIFTS, closing=999))
    held = db.session.scalars(select(Statement)).one()
    statements.release(held.id, reason="the bank confirmed it by phone", now=now, actor="user:7")
    db.session.commit()
    work_off("import_file")
    statement = db.session.scalars(select(Statement)).one()
    assert (statement.state, statement.released_by, statement.new_count) == ("released", "user:7", 3)
    assert ledger() == money(GIFTS)
    record = db.session.scalars(select(AuditRecord).filter_by(what="statement.released")).one()
    assert (record.actor, record.data) == ("user:7", {"reason": "the bank confirmed it by phone"})
    assert imports.get_file(statement.import_file_id).state == "done"
    assert_sound()


def test_releasing_again_changes_nothing_and_without_a_reason_it_is_refused(
    database: Flask, now: datetime
) -> None:
    open_account()
    send(camt(GIFTS, closing=999))
    held_id = db.session.scalars(select(Statement.id)).one()
    before = rows()
    with pytest.raises(Rejected):
        statements.release(held_id, reason="  ", now=now, actor="user:7")
    assert rows() == before
    statements.release(held_id, reason="checked", now=now, actor="user:7")
    db.session.commit()
    work_off("import_file")
    before = rows()
    statements.release(held_id, reason="checked again", now=now, actor="user:8")
    assert rows() == before
    assert db.session.get_one(Statement, held_id).released_by == "user:7"


def test_the_reason_of_a_release_is_kept_whole(database: Flask, now: datetime) -> None:
    open_account()
    send(camt(GIFTS, closing=999))
    held_id = db.session.scalars(select(Statement.id)).one()
    reason = "the bank wrote that " + "its balance is of another day " * 15
    statements.release(held_id, reason=reason, now=now, actor="user:7")
    assert statements.release_reasons([held_id]) == {held_id: reason.strip()}


def test_a_statement_that_is_posted_cannot_be_released(database: Flask, now: datetime) -> None:
    send(camt(GIFTS))
    with pytest.raises(Conflict):
        statements.release(
            db.session.scalars(select(Statement.id)).one(), reason="x", now=now, actor="user:1"
        )
    with pytest.raises(NotFound):
        statements.release(99, reason="x", now=now, actor="user:1")


def test_entries_of_days_to_come_hold_the_statement(database: Flask) -> None:
    open_account()
    file = send(camt([Paid(date(2027, 5, 1), 100)]))
    assert file.state == "held"
    assert "future_entries" in [problem["code"] for problem in file.problems]


def test_a_row_that_cannot_be_read_holds_a_table_that_nothing_proves(database: Flask) -> None:
    account = open_account()
    data = csv(GIFTS) + "2026-10-07;X;;y;zwölf;PLN\r\n".encode()
    file = send(data, "a.csv", layout=CSV_LAYOUT, bank_account_id=account.id)
    assert (file.state, ledger()) == ("held", {})
    held_id = db.session.scalars(select(Statement.id)).one()
    statements.release(held_id, reason="the last row is a remark", now=clock.now(), actor="user:1")
    db.session.commit()
    work_off("import_file")
    assert ledger() == money(GIFTS)


def test_an_unknown_account_is_asked_for_when_none_may_be_made(database: Flask, now: datetime) -> None:
    file = send(camt(GIFTS), create_accounts=False)
    assert (file.state, file.problems[-1]["code"]) == ("asking", "account_unknown")
    assert db.session.scalar(select(func.count()).select_from(Statement)) == 0
    imports.answer(file.id, create_accounts=True, now=now, actor="user:1")
    db.session.commit()
    work_off("import_file")
    assert imports.get_file(file.id).state == "done"
    assert ledger() == money(GIFTS)


def test_no_account_is_made_for_figures_that_do_not_add_up(database: Flask) -> None:
    file = send(camt(GIFTS, closing=1))
    assert file.state == "asking"
    assert db.session.scalar(select(func.count()).select_from(BankAccount)) == 0


def test_a_sound_statement_makes_the_account_of_its_neighbour_that_is_held(database: Flask) -> None:
    first, second = camt(GIFTS[:2], opening=0), camt(GIFTS[2:], opening=10000, closing=1)
    cut = second.index(b"<Stmt>"), second.index(b"</BkToCstmrStmt>")
    both = first.replace(b"</BkToCstmrStmt>", second[cut[0] : cut[1]] + b"</BkToCstmrStmt>")
    assert (send(both).state, states()) == ("held", ["posted", "held"])
    assert ledger() == money(GIFTS[:2])


def test_a_table_without_account_asks_whose_it_is_and_takes_the_answer(
    database: Flask, now: datetime
) -> None:
    file = send(csv(GIFTS), "a.csv", layout=CSV_LAYOUT)
    assert (file.state, file.problems[-1]["code"]) == ("asking", "account_missing")
    account = open_account()
    imports.answer(file.id, bank_account_id=account.id, now=now, actor="user:1")
    db.session.commit()
    work_off("import_file")
    assert ledger() == money(GIFTS)


def test_an_answer_that_cannot_be_is_refused_before_it_is_kept(database: Flask, now: datetime) -> None:
    file = send(csv(GIFTS), "a.csv", layout=CSV_LAYOUT)
    before = rows()
    with pytest.raises(Rejected):
        imports.answer(file.id, layout={"name": "x", "columns": [{"role": "?"}]}, now=now, actor="user:1")
    with pytest.raises(NotFound):
        imports.answer(file.id, bank_account_id=77, now=now, actor="user:1")
    with pytest.raises(NotFound):
        imports.receive(b"other", "b.csv", bank_account_id=77, now=now, actor="user:1")
    assert rows() == before


def test_only_a_file_that_asks_takes_answers(database: Flask, now: datetime) -> None:
    file = send(camt(GIFTS))
    before = rows()
    with pytest.raises(Conflict):
        imports.answer(file.id, currency="EUR", now=now, actor="user:1")
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


def test_a_failure_in_the_middle_of_storing_leaves_nothing_and_can_be_repeated(
    database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for kill -9: the power goes after the entries were written, before the commit."""

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    file, _ = imports.receive(camt(GIFTS), "a.xml", create_accounts=True, now=clock.now(), actor="user:1")
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


def test_four_at_once_send_the_same_file_and_one_set_of_rows_is_made(database: Flask) -> None:
    problems: list[BaseException] = []

    def send_in_thread() -> None:
        try:
            with database.app_context():
                file, _ = imports.receive(
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


def test_the_payments_of_a_batch_become_details(database: Flask) -> None:
    batch = [Paid(DAY, 3000, name="A"), Paid(DAY, 2000, name="B")]
    send(camt([GIFTS[0], batch]))
    entry = db.session.scalars(select(Entry).where(Entry.has_details)).one()
    details = db.session.scalars(select(Detail).order_by(Detail.position)).all()
    assert [(d.entry_id, d.amount_minor, d.counterparty_name) for d in details] == [
        (entry.id, 3000, "A"),
        (entry.id, 2000, "B"),
    ]
    assert_sound()


def test_advice_adds_no_money_and_tells_the_payments_of_a_batch(database: Flask) -> None:
    send(camt([Paid(DAY, 5000, name="", account="", text="SEPA batch", ref="B1")]))
    batch = [Paid(DAY, 3000, name="A", ref="B1"), Paid(DAY, 2000, name="B")]
    file = send(camt([batch], kind="054"))
    assert (file.state, file.new_count) == ("done", 0)
    assert ledger() == {(DAY, 5000): 1}
    assert db.session.scalars(select(Detail.counterparty_name).order_by(Detail.position)).all() == ["A", "B"]
    assert_sound()


def test_advice_that_comes_before_its_statement_is_read_again_when_that_comes(database: Flask) -> None:
    open_account()
    batch = [Paid(DAY, 3000, name="A"), Paid(DAY, 2000, name="B")]
    send(camt([batch], kind="054"))
    assert ledger() == {}
    send(camt([Paid(DAY, 5000, name="", account="", text="SEPA batch")]))
    assert db.session.scalar(select(func.count()).select_from(Detail)) == 2
    before = rows()
    work_off("import_file")
    assert rows() == before


def test_another_format_of_the_same_days_is_known_and_fills_what_was_empty(database: Flask) -> None:
    account = open_account()
    bare = [Paid(paid.on, paid.minor, name=paid.name, account="", text=paid.text) for paid in GIFTS]
    send(csv(bare), "a.csv", layout=CSV_LAYOUT, bank_account_id=account.id)
    file = send(camt(GIFTS))
    assert (file.new_count, file.known_count) == (0, 3)
    assert set(db.session.scalars(select(Entry.counterparty_account))) == {GIFTS[0].account}
    refs = select(EntryAlias.ref).where(EntryAlias.kind == "bank_ref")
    assert sorted(db.session.scalars(refs)) == ["R1", "R2", "R3"]
    again = send(csv(bare) + b"\r\n", "b.csv", layout=CSV_LAYOUT, bank_account_id=account.id)
    assert (again.new_count, ledger()) == (0, money(GIFTS))


def test_an_id_that_the_bank_gives_twice_is_not_trusted_for_the_account(database: Flask) -> None:
    send(camt([Paid(DAY, 100, ref="X"), Paid(DAY, 200, ref="X")]))
    assert db.session.scalars(select(BankAccount.ids_untrusted)).one()
    again = send(camt([Paid(DAY, 100, ref="X"), Paid(DAY, 200, ref="X")]) + b" ")
    assert (again.new_count, ledger()) == (0, {(DAY, 100): 1, (DAY, 200): 1})


def test_a_missing_statement_is_a_gap_with_its_figures(database: Flask) -> None:
    first, third = date(2026, 10, 1), date(2026, 10, 3)
    send(camt([Paid(first, 100)], opening=0))
    file = send(camt([Paid(third, 300)], opening=350))
    account = db.session.scalars(select(BankAccount)).one()
    gap = bank_accounts.gaps(account.id)[0]
    assert (gap.from_on, gap.to_on, gap.missing_minor) == (first, third, 250)
    assert [problem["code"] for problem in file.problems] == ["gap"]
    send(camt([Paid(date(2026, 10, 2), 250)], opening=100))
    assert bank_accounts.gaps(account.id) == []


def test_what_a_file_without_balances_brought_is_not_missing_from_a_gap(database: Flask) -> None:
    first, third = date(2026, 10, 1), date(2026, 10, 3)
    send(camt([Paid(first, 100)], opening=0))
    send(camt([Paid(third, 300)], opening=350))
    account = db.session.scalars(select(BankAccount)).one()
    send(camt([Paid(date(2026, 10, 2), 200)], opening=None))
    assert [gap.missing_minor for gap in bank_accounts.gaps(account.id)] == [50]
    send(camt([Paid(date(2026, 10, 2), 50, text="other")], opening=None))
    assert bank_accounts.gaps(account.id) == []


def test_a_file_of_too_many_statements_is_refused_with_a_way_out(database: Flask) -> None:
    one = b":20:X\r\n:25:1\r\n:28C:1\r\n:60F:C260101PLN0,00\r\n:62F:C260101PLN0,00\r\n-\r\n"
    before = rows()
    file = send(one * 4001, "a.sta")
    assert (file.state, [problem["code"] for problem in file.problems]) == (
        "refused",
        ["too_many_statements"],
    )
    after = rows()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"import_file", "task", "audit_record", "audit_head"}
    assert [len(after[name]) for name in ("import_file", "task")] == [1, 1]


def test_what_the_bank_wrote_is_no_part_of_the_audit(database: Flask) -> None:
    send(camt(GIFTS))
    told = " ".join(str(data) for data in db.session.scalars(select(AuditRecord.data)))
    assert "Kowalska" not in told and GIFTS[0].account not in told


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [((5000, 6000, 700), (5000, 9000, 700), "60.00 PLN"), ((5000, 6000, 700), (5000, 700), "60.00 PLN")],
)
def test_a_day_that_another_file_tells_otherwise_is_told_with_its_figures(
    database: Flask, first: tuple[int, ...], second: tuple[int, ...], more: str
) -> None:
    """The bank corrected its statement, or a file is not of this account: both would count."""
    days = [date(2026, 10, 5 + n) for n in range(3)]
    send(camt([Paid(day, minor) for day, minor in zip(days, first, strict=True)]))
    kept = days if len(second) == len(days) else [days[0], days[2]]
    file = send(camt([Paid(day, minor) for day, minor in zip(kept, second, strict=True)], name="S2"))
    found = [problem for problem in file.problems if problem["code"] == "ledger_differs"]
    assert len(found) == 1
    assert "2026-10-06" in found[0]["message"]
    assert more in found[0]["message"]


def test_a_newer_issue_of_a_daily_statement_is_compared_with_the_ledger(database: Flask) -> None:
    day = date(2026, 10, 5)
    send(camt([Paid(day, 5000)]))
    file = send(camt([Paid(day, 9000, text="other")]))
    assert "ledger_differs" in [problem["code"] for problem in file.problems]
    assert "ledger_differs" not in [p["code"] for p in send(camt([Paid(day, 700)], opening=14000)).problems]


def test_another_day_in_another_format_is_a_doubt_and_the_banks_ids_stay_trusted(database: Flask) -> None:
    account = open_account()
    send(camt([Paid(date(2026, 10, 6), 5000, ref="R1"), Paid(date(2026, 10, 8), 900, ref="R2")]))
    layout = {**CSV_LAYOUT, "columns": [*CSV_LAYOUT["columns"], {"role": "bank_ref", "name": "Ref"}]}
    layout["header"] = [*CSV_LAYOUT["header"], "Ref"]
    lines = csv([Paid(date(2026, 10, 5), 5000)]).decode().splitlines()
    data = "\r\n".join([f"{lines[0]};Ref", f"{lines[1]};R1", ""]).encode()
    file = send(data, "a.csv", layout=layout, bank_account_id=account.id)
    assert (file.new_count, file.doubtful_count) == (1, 1)
    assert ledger()[(date(2026, 10, 5), 5000)] == 0
    doubtful = db.session.scalars(select(Entry).where(Entry.state == "doubtful")).one()
    assert entry_views.twins([doubtful])[doubtful.id].booked_on == date(2026, 10, 6)
    assert not bank_accounts.get_account(account.id).ids_untrusted
