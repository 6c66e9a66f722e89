"""The quick check goes on from where all held: it names what came or changed since, and says so."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, select, text, update

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.kinds import checking
from donorhub.models import AuditRecord, Gift, ProvenHead, ProviderEvent, Task
from donorhub.money import Money
from donorhub.services.access import audit
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.reports import invariants, proven_head
from tests.services.reports.test_invariants import (
    CHAIN,
    DAMAGES,
    FOLLOWING,
    PARTS,
    sound,
    spoil,
)

__all__ = ["sound"]
ALL_NEW = {table.__tablename__: -1 for table in proven_head.TABLES}
# What is looked at whole each time, since an index leads to the rows that would be broken.
ALWAYS = {"the inbox is worked off", "no sending hangs"}


def give(now: datetime, ref: str) -> Gift:
    donor = donors.create_donor({"name": "Ola"}, source="t", now=now, actor="t")
    gift, _is_new = gifts.record_gift(
        donor.id,
        Money(5000, "PLN"),
        received_on=now.date(),
        source="t",
        source_ref=ref,
        now=now,
        actor="t",
        fund_ids={1: 5000},
    )
    db.session.commit()
    return gift


def check_later(now: datetime, minutes: int) -> dict[str, list[str]]:
    """What the timer finds so many minutes later, its audit sealed before."""
    clock.use_clock(lambda: now + timedelta(minutes=minutes))
    audit.seal_records()
    db.session.commit()
    checking.check_and_report()
    tasks = db.session.scalars(select(Task).where(Task.kind == "invariant_broken"))
    return {task.facts["invariant"]: [task.facts["first"]] for task in tasks}


@pytest.fixture
def proved_gift(database: Flask, now: datetime) -> Gift:
    """A gift that two checks have seen, so that it is behind the head."""
    gift = give(now, "old")
    assert [check_later(now, minutes) for minutes in (0, 10, 20)] == [{}, {}, {}]
    return gift


def head() -> ProvenHead:
    db.session.rollback()
    return db.session.get_one(ProvenHead, 1, populate_existing=True)


def break_designation(gift: Gift) -> None:
    db.session.execute(text(f"UPDATE designation SET amount_minor = 1 WHERE gift_id = {gift.id}"))
    db.session.commit()


def test_broken_new_row_is_reported(proved_gift: Gift, now: datetime) -> None:
    """A broken row after the head is reported."""
    new = give(now, "new")
    break_designation(new)
    assert check_later(now, 30) == {PARTS: [f"the designations of gift {new.id} do not add up to it"]}


def test_old_row_needs_thorough_check(proved_gift: Gift, now: datetime) -> None:
    """A row before the head is found by the thorough check only."""
    break_designation(proved_gift)
    assert check_later(now, 30) == {}
    assert invariants.check_all(now=now)[PARTS] == [
        f"the designations of gift {proved_gift.id} do not add up to it"
    ]


def test_everything_is_looked_at_once_a_day(proved_gift: Gift, now: datetime) -> None:
    break_designation(proved_gift)
    assert check_later(now, 24 * 60 - 1) == {}
    assert set(check_later(now, 24 * 60)) == {PARTS}


def test_linked_old_row_is_checked(proved_gift: Gift, now: datetime) -> None:
    """An old row that a new one links to is looked at."""
    db.session.execute(text("INSERT INTO fund (code, name, is_closed) VALUES ('b', 'B', false)"))
    db.session.execute(
        text(
            "INSERT INTO designation (gift_id, fund_id, amount_minor)"
            f" SELECT {proved_gift.id}, max(id), 7 FROM fund"
        )
    )
    db.session.commit()
    assert set(check_later(now, 30)) == {PARTS}


def test_audited_old_row_is_checked(proved_gift: Gift, now: datetime) -> None:
    """An old row that the audit names is looked at."""
    break_designation(proved_gift)
    audit.record_action("user:1", "gift.moved", ("gift", proved_gift.id), now=now)
    db.session.commit()
    assert set(check_later(now, 30)) == {PARTS}


def test_the_head_stays_where_something_is_broken(proved_gift: Gift, now: datetime) -> None:
    before = dict(head().ids)
    break_designation(give(now, "new"))
    check_later(now, 30)
    check_later(now, 40)
    assert head().ids == before and invariants.check_scope(proven_head.make_scope(head()), now=now)[PARTS]


def test_open_transactions_rows_are_checked(database: Flask, now: datetime) -> None:
    """Rows of a transaction that was open meanwhile are still looked at. A check that saw gift 2 does not
    prove gift 1, which may be committed later."""
    first, second = proven_head.Mark({"gift": 2}, 1, "a"), proven_head.Mark({"gift": 5}, 2, "b")
    proven_head.move_head(first, now=now)
    assert head_is({}, 1)
    proven_head.move_head(second, now=now + timedelta(minutes=4))
    assert head_is({}, 2)
    proven_head.move_head(second, now=now + timedelta(minutes=5))
    assert head_is({"gift": 2}, 2)
    proven_head.move_head(second, now=now + timedelta(minutes=10))
    assert head_is({"gift": 5}, 2)


def head_is(ids: dict[str, int], audit_seq: int) -> bool:
    row = db.session.get_one(ProvenHead, 1)
    return (row.ids, row.audit_seq) == (ids, audit_seq)


def test_changed_new_record_is_reported(proved_gift: Gift, now: datetime) -> None:
    """A changed record after the proven one is reported."""
    seq = head().audit_seq
    give(now, "new")
    audit.seal_records()
    db.session.execute(update(AuditRecord).where(AuditRecord.seq == seq + 1).values(actor="user:7"))
    db.session.commit()
    assert check_later(now, 30) == {CHAIN: [f"audit record {seq + 1} was changed"]}


def test_old_record_needs_thorough_check(proved_gift: Gift, now: datetime) -> None:
    """A changed record before the proven one is found by the thorough check only."""
    db.session.execute(update(AuditRecord).where(AuditRecord.seq == 1).values(actor="user:7"))
    db.session.commit()
    assert check_later(now, 30) == {}
    assert invariants.check_all(now=now)[CHAIN] == ["audit record 1 was changed"]


@pytest.mark.parametrize("change", [{"chain": "x"}, {"actor": "user:7"}, None])
def test_remade_chain_contradicts_proof(
    proved_gift: Gift, now: datetime, change: dict[str, str] | None
) -> None:
    """A chain that was made anew does not fit what was proved."""
    seq = head().audit_seq
    record = AuditRecord.seq == seq
    if change is None:
        db.session.query(AuditRecord).filter(record).delete()
    else:
        db.session.execute(update(AuditRecord).where(record).values(**change))
    db.session.commit()
    assert check_later(now, 30) == {CHAIN: [f"audit record {seq} is not the one that was proved"]}


def test_cut_off_end_is_reported(proved_gift: Gift, now: datetime) -> None:
    """An end of the audit that was cut off is reported."""
    seq = head().audit_seq
    give(now, "new")
    sealed = audit.seal_records()
    db.session.query(AuditRecord).filter(AuditRecord.seq > seq).delete()
    db.session.commit()
    clock.use_clock(lambda: now + timedelta(minutes=30))
    checking.check_and_report()
    told = db.session.scalars(select(Task).where(Task.kind == "invariant_broken")).all()
    assert [task.facts["first"] for task in told if task.facts["invariant"] == CHAIN] == [
        f"audit records {seq + 1} to {seq + sealed} are missing: the end was cut off"
    ]


def test_quick_queries_find_every_damage(sound: Flask, now: datetime, subtests: pytest.Subtests) -> None:
    """The queries of the quick check find every damage. With all rows as new ones, the conditions that leave
    out the old ones leave out nothing."""
    scope = invariants.Scope(ALL_NEW)
    for invariant, damage, statements in DAMAGES:
        with subtests.test(damage):
            spoil(statements, now)
            results = invariants.check_scope(scope, now=now + timedelta(hours=3))
            db.session.rollback()
            results.pop(FOLLOWING.get(invariant, ""), None)
            assert {name for name, sentences in results.items() if sentences} == {invariant}


def test_quick_check_follows_indexes(sound: Flask, now: datetime, subtests: pytest.Subtests) -> None:
    """Of old rows the quick check looks only at those to which an index leads."""
    mark = proven_head.read_mark()
    scope = invariants.Scope(mark.ids, audit_seq=mark.audit_seq, audit_chain=mark.audit_chain)
    for invariant, damage, statements in DAMAGES:
        if "INSERT" in statements:
            continue  # a new row
        with subtests.test(damage):
            spoil(statements, now)
            results = invariants.check_scope(scope, now=now + timedelta(hours=3))
            db.session.rollback()
            broken = {name for name, sentences in results.items() if sentences}
            assert broken == ({invariant} & (ALWAYS | KNOWN_BY_INDEX.get(damage, set())))


KNOWN_BY_INDEX = {
    "a gift lost": {"one gift a payment"},  # a payment without its gift
    "entries of a held statement": {"opening and entries make closing"},
}


def test_the_quick_check_reads_no_large_table_through(database: Flask, now: datetime) -> None:
    if db.session.get_bind().dialect.name != "sqlite":
        pytest.skip("SQLite says in a word whether it reads a table through")
    marks = {table.__tablename__: 5 for table in proven_head.TABLES}
    scope = invariants.Scope(marks, audit_seq=5, audit_chain="x")
    with _note_statements() as statements:
        invariants.check_scope(scope, now=now)
    raw: Any = db.session.connection().connection
    plans = [
        (statement, row[3])
        for statement, values in statements
        for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)
    ]
    small = ("SCAN statement", "SCAN audit_head", "SCAN CONSTANT", "SCAN (")
    assert len(statements) > len(invariants.CHECKS)
    assert [plan for plan in plans if plan[1].startswith("SCAN") and not plan[1].startswith(small)] == []


@contextmanager
def _note_statements() -> Iterator[list[tuple[str, Any]]]:
    """The queries that were sent meanwhile, with their values."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def add_records(count: int, now: datetime) -> None:
    """So many records of the audit, sealed."""
    for first in range(0, count, 5000):
        rows = [
            audit.make_record(
                "user:1", "donor.changed", ("donor", n), now=now, data={"fields": ["name", "city"]}
            )
            for n in range(first, min(first + 5000, count))
        ]
        db.session.execute(insert(AuditRecord), rows)
        audit.seal_records()
        db.session.commit()


def add_bodies(count: int) -> None:
    """So many events of a provider, each with a body of its own."""
    columns = [column.name for column in ProviderEvent.__table__.columns if column.name != "id"]
    values = ["external_id || :n" if name == "external_id" else name for name in columns]
    copy = f"INSERT INTO provider_event ({', '.join(columns)}) SELECT {', '.join(values)} FROM provider_event"
    db.session.execute(text(f"{copy} WHERE id = 1"), [{"n": f"-{n}"} for n in range(count)])
    db.session.commit()


def measure_peak(step: Callable[[], object]) -> int:
    """The most memory in bytes that Python objects of a step took at one moment."""
    step()  # what is made once, such as compiled statements
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_whole_check_holds_few_rows(sound: Flask, now: datetime) -> None:
    """A whole check holds few rows at a time."""
    few = measure_peak(lambda: invariants.check_all(now=now))
    add_records(10_000, now)
    add_bodies(8_000)
    assert measure_peak(lambda: invariants.check_all(now=now)) < few + 2_500_000


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_large_check_stays_in_memory(sound: Flask, now: datetime) -> None:
    """A whole check of 300,000 records takes no more memory than a chunk of them."""
    add_records(300_000, now)
    invariants.check_all(now=now)
    db.session.remove()
    Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text
    before = _read_kb(status(), "VmRSS")
    invariants.check_all(now=now)
    assert _read_kb(status(), "VmHWM") - before < 60_000


def _read_kb(status: str, name: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))
