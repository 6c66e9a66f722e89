"""Merging by the pages: records side by side, an answer for a group, a merge that is seen first."""

from __future__ import annotations

import re

from flask import Flask

from donorhub.db import db
from donorhub.models import Donor, DuplicateQuestion, MergeLog
from donorhub.services.donors import donors, duplicate_scan
from tests.conftest import NOW
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, add_gift, rows


def add_twins() -> tuple[int, int]:
    one = add_donor("Anna Kowalska", email="anna@example.org", phone="601 000 001")
    other = add_donor("Ania Kowalska", email="anna@example.org", salutation="Droga Aniu")
    add_gift(other, "70.00")
    return one.id, other.id


def ask() -> int:
    for ids in duplicate_scan.stream_changed_ids():
        duplicate_scan.look_at(ids, now=NOW)
    db.session.commit()
    question = db.session.query(DuplicateQuestion).one()
    return question.id


def field_of(page: str, name: str, path: str) -> str:
    """A hidden field of the form that goes to this address."""
    form = re.search(rf'<form[^>]*action="{path}"[^>]*>.*?</form>', page, re.DOTALL)
    assert form is not None, path
    value = re.search(rf'name="{name}" value="([^"]*)"', form[0])
    assert value is not None, name
    return value[1]


def test_group_is_answered_by_page(database: Flask) -> None:
    """The steward sees the group waiting, both records with the reasons, and answers once."""
    one, other = add_twins()
    question_id = ask()
    staff = Staff(database, "steward")
    assert "1 group of possible duplicates" in staff.text("/")
    assert "2 records" in staff.text("/donors/duplicates")
    path = f"/donors/duplicates/{question_id}"
    page = staff.get(path).text
    for sentence in ("The same e-mail address.", "One given name is the everyday form of the other."):
        assert sentence in words_of(page), sentence
    assert "PLN 70.00" in words_of(page)
    before = rows()
    assert staff.post(path, answer="one", digest="stale").status_code == 422 and rows() == before
    assert staff.post(path, answer="", digest=field_of(page, "digest", path)).status_code == 422
    answered = staff.post(path, answer="one", digest=field_of(page, "digest", path))
    assert answered.headers["Location"] == "/donors/duplicates"
    before = rows()
    assert staff.post(path, answer="different", digest="stale").status_code == 302 and rows() == before
    assert "Nothing waits" in staff.text("/donors/duplicates")
    moved = staff.get(f"/donors/{other}")
    assert (moved.status_code, moved.headers["Location"]) == (302, f"/donors/{one}")
    assert "Took another record over" in staff.text(f"/donors/{one}")


def test_who_is_whom_by_page(database: Flask) -> None:
    """Records with one number are one person."""
    one, other = add_twins()
    third = add_donor("Anna Kowalska", email="anna@example.org").id
    question_id = ask()
    staff = Staff(database, "steward")
    path = f"/donors/duplicates/{question_id}"
    digest = field_of(staff.get(path).text, "digest", path)
    fields = {f"person-{one}": "1", f"person-{other}": "2", f"person-{third}": "1"}
    assert staff.post(path, answer="people", digest=digest, **fields).status_code == 302
    let_write()
    assert donors.get_donor(third).id == one and donors.get_donor(other).id == other


def test_merge_is_seen_and_undone(database: Flask) -> None:
    """One chooses the other record, sees what happens, merges, and takes it apart with what came since."""
    one, other = add_twins()
    staff = Staff(database, "steward")
    choice = staff.get(f"/donors/{one}/merge?q=ania").text
    assert f"/donors/{one}/merge?other={other}" in choice
    path = f"/donors/{one}/merge"
    page = staff.get(f"{path}?other={other}").text
    text = words_of(page)
    assert "Gifts: 1" in text and "take “Ania Kowalska” in place of “Anna Kowalska”" in text
    before = rows()
    stale = staff.post(path, other=str(other), digest="stale")
    assert stale.status_code == 422 and rows() == before
    merged = staff.post(path, other=str(other), digest=field_of(page, "digest", path))
    assert merged.status_code == 302
    again = staff.post(path, other=str(other), digest=field_of(page, "digest", path))
    assert again.headers["Location"] == merged.headers["Location"]
    let_write()
    gift = add_gift(db.session.get_one(Donor, one), "90.00")
    shown = staff.get(merged.headers["Location"]).text
    undo = f"{merged.headers['Location']}/undo"
    assert f'value="gift-{gift.id}"' in shown and "PLN 90.00" in words_of(shown)
    undone = staff.post(undo, digest=field_of(shown, "digest", undo), given_back=f"gift-{gift.id}")
    assert undone.headers["Location"] == f"/donors/{other}"
    let_write()
    assert db.session.get_one(type(gift), gift.id).donor_id == other
    assert "taken apart" in staff.text("/donors/merges")
    before = rows()
    assert staff.post(undo, digest=field_of(shown, "digest", undo)).status_code == 302 and rows() == before


def test_fundraiser_merges_nobody(database: Flask) -> None:
    """Who may not merge sees neither the questions nor the way there, and is refused."""
    one, other = add_twins()
    ask()
    staff = Staff(database, "fundraiser")
    assert "merge" not in staff.get(f"/donors/{one}").text.lower()
    assert staff.get("/donors/duplicates").status_code == 403
    assert staff.post(f"/donors/{one}/merge", other=str(other), digest="x").status_code == 403
    assert db.session.query(MergeLog).all() == []


def test_record_that_cannot_be_merged_leads_on(database: Flask) -> None:
    """Where the other record is the same or is not there, the page leads back to choosing one."""
    one, other = add_twins()
    staff = Staff(database, "steward")
    choose, leave = (f'class="btn" href="/donors/{one}{path}"' for path in ("/merge", ""))
    for wrong_id in (one, 99999):
        assert choose in staff.get(f"/donors/{one}/merge?other={wrong_id}").text
    page = staff.get(f"/donors/{one}/merge?other={other}").text
    assert leave in page and choose not in page


def test_other_choices_are_shown_and_write_nothing(database: Flask) -> None:
    """The choices are sent as the merge is, so that the form's token is in no address; nothing is written."""
    one, other = add_twins()
    staff = Staff(database, "steward")
    path = f"/donors/{one}/merge"
    page = staff.get(f"{path}?other={other}").text
    assert 'formmethod="get"' not in page and 'name="act" value="show"' in page
    before = rows()
    shown = staff.post(path, act="show", other=other, taken="name", digest=field_of(page, "digest", path))
    assert shown.status_code == 200 and rows() == before
    assert 'value="name" checked' in shown.text and 'value="name" checked' not in page
