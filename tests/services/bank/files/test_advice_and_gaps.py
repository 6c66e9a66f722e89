"""What a statement brings beside its entries: payments of batches, advice, other formats, gaps and doubts."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.models import (
    AuditRecord,
    BankAccount,
    Detail,
    Entry,
    EntryAlias,
)
from donorhub.services.bank.files import bank_accounts, ref_trust
from donorhub.services.bank.matching import entry_views
from tests.services.bank.bank import (
    ANNA,
    CSV_LAYOUT,
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
from tests.services.bank.files.test_imports import DAY, GIFTS


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


def test_advice_adds_details_but_no_money(database: Flask) -> None:
    """Advice adds no money to the ledger, but brings the payments of a batch."""
    send(camt([Paid(DAY, 5000, name="", account="", text="SEPA batch", ref="B1")]))
    batch = [Paid(DAY, 3000, name="A", ref="B1"), Paid(DAY, 2000, name="B")]
    file = send(camt([batch], kind="054"))
    assert (file.state, file.new_count) == ("done", 0)
    assert ledger() == {(DAY, 5000): 1}
    assert db.session.scalars(select(Detail.counterparty_name).order_by(Detail.position)).all() == ["A", "B"]
    assert_sound()


def test_early_advice_is_read_again(database: Flask) -> None:
    """Advice that comes before its statement is read again when the statement comes, and only then."""
    open_account()
    batch = [Paid(DAY, 3000, name="A"), Paid(DAY, 2000, name="B")]
    send(camt([batch], kind="054"))
    assert ledger() == {}
    send(camt([Paid(DAY, 5000, name="", account="", text="SEPA batch")]))
    assert db.session.scalar(select(func.count()).select_from(Detail)) == 2
    before = rows()
    work_off("import_file")
    assert rows() == before


def test_other_format_fills_empty_fields(database: Flask) -> None:
    """Another format of the same days brings no new entry and fills what was empty."""
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


def test_repeated_bank_id_is_not_trusted(database: Flask) -> None:
    """An id that the bank gives twice is not trusted; the others of the account are."""
    file = send(camt([Paid(DAY, 100, ref="X"), Paid(DAY, 200, ref="X"), Paid(DAY, 300, ref="Y")]))
    (account,) = bank_accounts.list_accounts()
    (weak_ref,), _ = ref_trust.list_weak_refs(account.id)
    assert (weak_ref.ref, weak_ref.why, weak_ref.import_file_id) == ("X", "two_sums", file.id)
    again = send(camt([Paid(DAY, 100, ref="X"), Paid(DAY, 200, ref="X"), Paid(DAY, 300, ref="Y")]) + b" ")
    assert (again.new_count, ledger()) == (0, {(DAY, 100): 1, (DAY, 200): 1, (DAY, 300): 1})


def test_missing_statement_is_gap(database: Flask) -> None:
    """A missing statement is a gap with its figures, which closes when the statement comes."""
    first, third = date(2026, 10, 1), date(2026, 10, 3)
    send(camt([Paid(first, 100)], opening=0))
    file = send(camt([Paid(third, 300)], opening=350))
    account = db.session.scalars(select(BankAccount)).one()
    gap = bank_accounts.find_gaps(account.id)[0]
    assert (gap.from_on, gap.to_on, gap.missing_minor) == (first, third, 250)
    assert [problem["code"] for problem in file.problems] == ["gap"]
    send(camt([Paid(date(2026, 10, 2), 250)], opening=100))
    assert bank_accounts.find_gaps(account.id) == []


def test_file_without_balances_fills_a_gap(database: Flask) -> None:
    """What a file without balances brought is not missing from a gap."""
    first, third = date(2026, 10, 1), date(2026, 10, 3)
    send(camt([Paid(first, 100)], opening=0))
    send(camt([Paid(third, 300)], opening=350))
    account = db.session.scalars(select(BankAccount)).one()
    send(camt([Paid(date(2026, 10, 2), 200)], opening=None))
    assert [gap.missing_minor for gap in bank_accounts.find_gaps(account.id)] == [50]
    send(camt([Paid(date(2026, 10, 2), 50, text="other")], opening=None))
    assert bank_accounts.find_gaps(account.id) == []


def test_too_many_statements_are_refused(database: Flask) -> None:
    """A file of too many statements is refused, and leaves only its reason."""
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


def test_audit_holds_no_bank_text(database: Flask) -> None:
    """What the bank wrote is no part of the audit, which is never erased."""
    send(camt(GIFTS))
    told = " ".join(str(data) for data in db.session.scalars(select(AuditRecord.data)))
    assert "Kowalska" not in told and GIFTS[0].account not in told


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [((5000, 6000, 700), (5000, 9000, 700), "-30.00 PLN"), ((5000, 6000, 700), (5000, 700), "60.00 PLN")],
)
def test_contradicted_day_is_reported_with_figures(
    database: Flask, first: tuple[int, ...], second: tuple[int, ...], more: str
) -> None:
    """A day of which another file has other entries is reported with its figures. The bank corrected its
    statement, or a file is not of this account: a question is asked, and until then it says so."""
    days = [date(2026, 10, 5 + n) for n in range(3)]
    send(camt([Paid(day, minor) for day, minor in zip(days, first, strict=True)]))
    kept = days if len(second) == len(days) else [days[0], days[2]]
    file = send(camt([Paid(day, minor) for day, minor in zip(kept, second, strict=True)], name="S2"))
    problems = [problem for problem in file.problems if problem["code"] == "ledger_differs_open"]
    assert len(problems) == 1
    assert "2026-10-06" in problems[0]["message"]
    assert more in problems[0]["message"]


def test_newer_issue_is_compared_with_ledger(database: Flask) -> None:
    """A newer issue of a daily statement is compared with the ledger, and a difference is reported."""
    day = date(2026, 10, 5)
    send(camt([Paid(day, 5000)]))
    file = send(camt([Paid(day, 9000, text="other")]))
    assert "ledger_differs_open" in [problem["code"] for problem in file.problems]
    assert "ledger_differs_open" not in [
        p["code"] for p in send(camt([Paid(day, 700)], opening=14000)).problems
    ]


@pytest.mark.parametrize("account", [ANNA, ""])
def test_other_formats_day_counts_once(database: Flask, account: str) -> None:
    """A payment that another format has on another day counts once: known by its id and its account, and a
    question where no account is told and the words differ. The bank's ids stay trusted."""
    ours = open_account()
    send(camt([Paid(date(2026, 10, 6), 5000, ref="R1"), Paid(date(2026, 10, 8), 900, ref="R2")]))
    layout = {**CSV_LAYOUT, "columns": [*CSV_LAYOUT["columns"], {"role": "bank_ref", "name": "Ref"}]}
    layout["header"] = [*CSV_LAYOUT["header"], "Ref"]
    lines = csv([Paid(date(2026, 10, 5), 5000, account=account, name="", text="")]).decode().splitlines()
    data = "\r\n".join([f"{lines[0]};Ref", f"{lines[1]};R1", ""]).encode()
    file = send(data, "a.csv", layout=layout, bank_account_id=ours.id)
    doubts = 0 if account else 1
    assert (file.new_count, file.doubtful_count) == (doubts, doubts)
    assert ledger()[(date(2026, 10, 5), 5000)] == 0
    if doubts:
        doubtful = db.session.scalars(select(Entry).where(Entry.state == "doubtful")).one()
        assert entry_views.find_twins([doubtful])[doubtful.id].booked_on == date(2026, 10, 6)
    assert ref_trust.list_weak_refs(ours.id) == ([], 0)
