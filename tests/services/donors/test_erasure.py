"""Erasing a donor: no byte of them is left, the books are as they were, and nobody brings them back."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import PERSONAL, Base, db
from donorhub.errors import Changed, Conflict, NotFound, Rejected
from donorhub.jobs.queue.run import run_task
from donorhub.models import (
    AuditRecord,
    Donor,
    Erasure,
    ProviderMap,
    Receipt,
    RecurringGift,
    Suppression,
    Task,
)
from donorhub.services.access import audit
from donorhub.services.donors import donors, erased_rows, erasure
from donorhub.services.messages import suppressions
from donorhub.services.receipts import receipts, sealed_receipts
from donorhub.services.reports import invariants
from tests.contents import read_contents
from tests.services.donors.erasure_world import (
    EMAIL,
    ME,
    NOW,
    RARE,
    find_bytes,
    make_person,
    read_packed,
    read_totals,
)
from tests.web import desk


@pytest.fixture
def person(database: Flask) -> int:
    return make_person()


def erase(donor_id: int, **more: Any) -> Erasure:
    row, _ = erasure.erase_donor(donor_id, now=NOW, actor=ME, **more)
    db.session.commit()
    return row


def overwrite(row: Erasure) -> None:
    task_id = db.session.scalars(select(Task.id).where(Task.key == erasure.name_task(row))).one()
    db.session.rollback()
    run_task(task_id)


def find_rare(contents: dict[str, Any]) -> list[str]:
    return [name for name, rows in contents.items() if RARE.lower() in repr(rows).lower()]


def test_no_byte_of_the_person_is_left(app: Flask, person: int) -> None:
    """Rows, indexes, log, free pages, the packed bodies: nowhere; what was there before can be seen."""
    assert len(find_rare(read_contents())) > 25
    db.session.commit()
    assert find_bytes(app) != []
    overwrite(erase(person))
    assert find_rare(read_contents()) == []
    assert all(RARE not in body and EMAIL not in body for body in read_packed(person))
    assert find_bytes(app) == []


def test_books_and_chain_are_as_before(person: int) -> None:
    """Totals, days and receipt numbers stay; every invariant holds and the audit's chain is whole."""
    before = read_totals()
    broken_before = {name for name, faults in invariants.check_all(now=NOW).items() if faults}
    erase(person)
    while audit.seal_records():
        db.session.commit()
    assert read_totals() == before
    assert list(audit.find_broken_links()) == []
    assert list(audit.find_changed_values()) == []
    broken = {name for name, faults in invariants.check_all(now=NOW).items() if faults}
    assert broken <= broken_before


def test_again_changes_nothing(person: int) -> None:
    """A second erasure returns the first and writes no row."""
    first = erase(person)
    before = read_contents()
    row, is_new = erasure.erase_donor(person, now=NOW, actor=ME)
    db.session.commit()
    assert (row.id, is_new) == (first.id, False)
    assert read_contents() == before


def test_changed_since_shown_is_refused(person: int) -> None:
    """What was not shown is not done: another gift since, and nothing is written."""
    digest = erasure.preview_erasure(person).digest
    desk.add_gift(db.session.get_one(Donor, person), amount="1.00", ref="since", thank=False)
    before = read_contents()
    with pytest.raises(Changed):
        erase(person, digest=digest)
    db.session.rollback()
    assert read_contents() == before


def test_whoever_was_merged_goes_too(database: Flask) -> None:
    """A donor who was merged into the erased one is the same person: their name goes as well."""
    one, other = desk.add_donor(f"Anna {RARE}"), desk.add_donor(f"A. {RARE}", email=EMAIL)
    other.merged_into_id = one.id
    db.session.commit()
    erase(other.id)
    assert find_rare(read_contents()) == []
    assert suppressions.is_suppressed(EMAIL)


def test_nothing_is_sent_and_nobody_waits(person: int) -> None:
    """The address is suppressed by its hash, tasks and promises end, customers are nobody's."""
    erase(person)
    assert suppressions.is_suppressed(EMAIL)
    assert {row.reason for row in db.session.scalars(select(Suppression))} == {"erased"}
    assert set(db.session.scalars(select(RecurringGift.state))) == {"closed"}
    open_tasks = select(Task.kind).where(Task.donor_id == person, Task.state == "planned")
    assert db.session.scalars(open_tasks).all() == []
    assert db.session.scalar(select(func.count()).select_from(ProviderMap)) == 0
    with pytest.raises(NotFound, match="erased"):
        donors.get_donor(person)


def test_sealed_paper_opens_with_a_reason(person: int) -> None:
    """Number and sum stay readable; the paper itself needs a reason, which the audit holds."""
    receipt_id = db.session.scalars(select(Receipt.id).where(Receipt.donor_id == person)).one()
    issued = db.session.get_one(Receipt, receipt_id).payload
    erase(person)
    receipt = receipts.get_receipt(receipt_id)
    assert receipt.payload["donor"]["name_line"] == ""
    assert receipt.payload["total"] == issued["total"]
    with pytest.raises(Conflict, match="sealed"):
        receipts.find_pdf(receipt)
    with pytest.raises(Rejected):
        sealed_receipts.reopen_receipt(receipt_id, reason=" ", now=NOW, actor=ME)
    payload, papers = sealed_receipts.reopen_receipt(receipt_id, reason="tax office", now=NOW, actor=ME)
    assert payload == issued
    assert [content for _, content in papers] == [f"%PDF {RARE}".encode()]
    record = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "receipt.reopened")).one()
    assert record.data == {"reason": "tax office"}


def test_destroyed_key_opens_no_paper(person: int) -> None:
    """When the years of keeping end, the year's key goes, and again changes nothing."""
    erase(person)
    assert sealed_receipts.destroy_keys(last_year=2025, now=NOW) == 0
    assert sealed_receipts.destroy_keys(last_year=2026, now=NOW) == 1
    assert sealed_receipts.destroy_keys(last_year=2026, now=NOW) == 0
    record = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "receipt.key_destroyed")).one()
    assert record.data == {"year": 2026}
    with pytest.raises(Conflict, match="destroyed"):
        sealed_receipts.reopen_receipt(2, reason="tax office", now=NOW, actor=ME)


def test_others_keep_all_they_have(person: int) -> None:
    """Another donor's row is what it was."""
    others = select(Donor.name, Donor.email).where(Donor.id != person).order_by(Donor.id)
    before = db.session.execute(others).all()
    erase(person)
    assert db.session.execute(others).all() == before
    assert len(before) == 2


def test_every_personal_table_has_a_treatment() -> None:
    """A new table with a personal column says what erasure does with it."""
    personal = {table.name for table in Base.metadata.sorted_tables if erased_rows.list_personal(table)}
    treated = {*erased_rows.DELETED, *erased_rows.EMPTIED, *erased_rows.BY_STEPS, *erased_rows.KEPT_TABLES}
    assert personal - treated == set()
    assert treated - personal <= {"donor_tag", "household_member", "preference"}
    assert [column.name for column in Base.metadata.tables["gift"].columns if column.info == PERSONAL]
