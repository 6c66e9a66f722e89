"""Two who have one file of donors and gifts written, or taken away, at once: it is done once."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import AuditRecord, Correction, Donor, Gift
from donorhub.services.moving import record_files, record_undo, record_writing
from tests import record_books
from tests.races import run_second
from tests.services.moving.records import ME, bring, count, show


def read_writers() -> list[str]:
    """Who had a file written, as the audit says it."""
    query = select(AuditRecord.actor).where(AuditRecord.what == "import_file.records_written")
    return list(db.session.scalars(query))


def test_two_who_write_do_it_once(locks: Flask) -> None:
    """The second waits for the first, and then finds the file written."""
    file, plan = show(record_books.make_polish_text())
    file_id, digest = file.id, plan.digest
    record_files.plan_writing(file, digest, now=clock.now(), actor=ME)
    db.session.commit()
    record_writing.write_file(file_id, digest, now=clock.now(), actor=ME)
    second = run_second(
        locks,
        lambda: record_writing.write_file(file_id, digest, now=clock.now(), actor="user:2").state,
    )
    assert (second.waited, second.error, second.result) == (True, None, "done")
    assert (count(Donor), count(Gift), read_writers()) == (2, 3, [ME])


def test_two_who_take_away_do_it_once(locks: Flask) -> None:
    """The second waits for the first, and then finds the file taken away."""
    file_id = bring(record_books.make_polish_text()).id
    digest = record_undo.show_taking_back(file_id).digest
    db.session.rollback()
    record_undo.take_back_file(file_id, digest, now=clock.now(), actor=ME)
    second = run_second(
        locks,
        lambda: record_undo.take_back_file(file_id, digest, now=clock.now(), actor="user:2").state,
    )
    assert (second.waited, second.error, second.result) == (True, None, "taken_back")
    assert count(Correction) == 3
