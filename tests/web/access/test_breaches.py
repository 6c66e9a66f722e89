"""After a breach in the browser: whose data it was, what is written down of it, and who was told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import AuditRecord, Breach
from tests.contents import read_contents
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write, words_of
from tests.web.desk import add_donor, key_in

PATH = "/settings/data/breaches"
TEXT = "Laptop zgubiony w tramwaju; hasło zmienione."


@pytest.fixture
def staff(database: Flask) -> Staff:
    """An administrator, beside a fundraiser who looked at one of two donors."""
    add_donor("Anna Kowalska")
    add_donor("Jan Lis")
    Staff(database, "fundraiser").get("/donors/1")
    let_write()
    return Staff(database, "admin")


def fill_form(staff: Staff, **fields: str) -> dict[str, str]:
    today = clock.now().date().isoformat()
    page = staff.get(f"{PATH}?first_on={today}").text
    moment = re.search(r'type="datetime-local"[^>]*value="([^"]+)"', page)
    assert moment
    return {
        "key": key_in(page),
        "first_on": today,
        "last_on": today,
        "suspect": "",
        "noticed_at": moment.group(1),
        "text": TEXT,
        **fields,
    }


def test_page_names_whose_data_it_was(staff: Staff) -> None:
    """Of the days and of one person: exactly who was looked at; of other days nobody."""
    today = clock.now().date()
    text = staff.text(f"{PATH}?first_on={today}")
    assert "1 donor looked at or copied" in text and "Anna Kowalska" in text and "Jan Lis" not in text
    assert "Write it down" in text
    before = today - timedelta(days=9)
    assert "0 donors looked at" in staff.text(f"{PATH}?first_on={before}&last_on={before}")
    assert "0 donors looked at" in staff.text(f"{PATH}?first_on={today}&suspect=user:99")
    wrong = staff.get(f"{PATH}?first_on={today}&last_on={before}")
    assert wrong.status_code == 422 and "end before they begin" in words_of(wrong.text)


def test_breach_is_written_down_once(staff: Staff) -> None:
    """Sent twice it is one, with whom it reached and until when the authority is to be told."""
    form = fill_form(staff)
    first, again = (staff.post(PATH, **form) for _ in range(2))
    assert first.status_code == 302 and again.headers["Location"] == first.headers["Location"]
    let_write()
    (breach,) = db.session.scalars(select(Breach))
    assert (breach.donor_count, breach.concerns_all, breach.text) == (1, False, TEXT)
    (record,) = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "breach.recorded"))
    assert record.data == {"donors": 1, "concerns_all": False}
    let_write()
    text = staff.text(first.headers["Location"])
    assert TEXT in text and "1 donor by what was known then" in text
    assert "nobody told" in staff.text(PATH)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("text", "  ", "Please write"),
        ("noticed_at", "x", "Please give a date."),
        ("noticed_at", "0001-01-01T00:00", "Please give a date."),  # of no year that we reckon with
        ("noticed_at", "2099-01-01T10:00", "still to come"),
        ("first_on", "2099-01-01", "end before they begin"),
    ],
)
def test_half_a_breach_is_refused(staff: Staff, field: str, value: str, sentence: str) -> None:
    """Without words, noticed later, or of no days: nothing is kept and the page says why."""
    form = fill_form(staff, **{field: value})
    let_write()
    before = read_contents()
    answer = staff.post(PATH, **form)
    assert answer.status_code == 422 and sentence in words_of(answer.text)
    let_write()
    assert read_contents() == before


def test_who_was_told_is_kept_once(staff: Staff) -> None:
    """Each of authority and donors is told once, with the moment; a second time changes nothing."""
    place = staff.post(PATH, **fill_form(staff)).headers["Location"]
    for whom in ("authority", "authority", "donors"):
        assert staff.post(f"{place}/told", whom=whom).status_code == 302
    assert staff.post(f"{place}/told", whom="others").status_code == 404
    let_write()
    records = db.session.scalars(
        select(AuditRecord.data).where(AuditRecord.what == "breach.told").order_by(AuditRecord.id)
    )
    assert [data["whom"] for data in records] == ["authority", "donors"]
    let_write()
    assert "authority told" in staff.text(PATH) and "donors told" in staff.text(PATH)
    assert not fields_with_digest(staff.get(place).text)


def test_only_who_may_read_the_audit_sees_it(database: Flask, staff: Staff) -> None:
    """An accountant finds no breach."""
    assert Staff(database, "accountant").get(PATH).status_code == 403
