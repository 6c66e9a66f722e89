"""Somebody who had themselves erased is not made again by a file that names them, nor filled in."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor, Gift, RecordRow
from donorhub.services.donors import erasure
from donorhub.services.messages import suppressions
from tests.contents import read_contents
from tests.services.moving.records import ME, bring, count, show

TABLE = (
    b"Name;Date;Amount;E-mail;Phone\n"
    b"Anna Zzyzxqui;2026-10-04;50;zzyzxqui@example.org;+48 501 234 999\n"
    b"Jan Inny;2026-10-04;20;jan@example.org;\n"
)
LONGER = TABLE + b"Anna Zzyzxqui;2026-11-04;70;zzyzxqui@example.org;\n"
BY_PHONE = b"Name;Phone;E-mail\nAnna Zzyzxqui;501234999;\nEwa Nowa;;ewa@example.org\n"


@pytest.fixture
def erased(database: Flask) -> int:
    """The id of somebody who came with a file and was erased."""
    bring(TABLE)
    donor_id = db.session.scalars(select(Donor.id).where(Donor.name == "Anna Zzyzxqui")).one()
    erasure.erase_donor(donor_id, now=clock.now(), actor=ME)
    db.session.commit()
    return donor_id


def rows_of(file_id: int) -> list[tuple[str, str]]:
    query = select(RecordRow.state, RecordRow.reason).where(RecordRow.import_file_id == file_id)
    return [(state, reason) for state, reason in db.session.execute(query.order_by(RecordRow.row_no))]


def test_kept_rows_name_nobody(erased: int) -> None:
    """The cells of the file that brought them are gone, those of others stay."""
    texts = {repr(row.raw) + repr(row.plan) for row in db.session.scalars(select(RecordRow))}
    assert not [text for text in texts if "zzyzxqui" in text.lower()]
    assert [text for text in texts if "Jan Inny" in text]


def test_longer_file_brings_nobody_back(erased: int) -> None:
    """Gifts that are here stay known; a new one of the person is left out with the reason."""
    donors_before, gifts_before = count(Donor), count(Gift)
    file, plan = show(LONGER)
    assert plan.figures["counts"]["made"] == 0
    assert rows_of(file.id) == [
        ("known", "imported_before"),
        ("known", "imported_before"),
        ("left_out", "erased"),
    ]
    assert (count(Donor), count(Gift)) == (donors_before, gifts_before)
    assert db.session.get_one(Donor, erased).email == ""


def test_file_of_another_system_is_seen(erased: int) -> None:
    """The phone alone tells them, however it is written; others of the file come in."""
    file = bring(BY_PHONE, Answers(system="excel"), filename="inny.csv")
    assert rows_of(file.id) == [("left_out", "erased"), ("made", "")]
    names = set(db.session.scalars(select(Donor.name)))
    assert not [name for name in names if "zzyzxqui" in name.lower()]
    assert suppressions.is_suppressed("zzyzxqui@example.org")


def test_second_erasure_of_nobody_changes_nothing(erased: int) -> None:
    """Erasing again returns what was done."""
    before = read_contents()
    erasure.erase_donor(erased, now=clock.now(), actor=ME)
    db.session.commit()
    assert read_contents() == before
