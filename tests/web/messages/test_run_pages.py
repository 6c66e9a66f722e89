"""Post to all of a list: labels and letters, who is left out and why, and one file for fifty letters."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, Donor, Message, Task
from donorhub.services.donors import donors
from tests.conftest import NOW
from tests.contents import read_contents
from tests.receipts.reading import pages, text
from tests.web.bank.bank_world import Staff, let_write, words_of, work
from tests.web.desk import add_donor, key_in

WORDS = {"subject": "Wieści", "text": "Nowy dach jest gotowy."}
PATH = "/donors/post?speaks=pl&why=transactional"


def fill_base() -> None:
    add_donor("Anna Kowalska", postcode="90-001")
    add_donor("Jan Nowak", postcode="00-950", city="Warszawa")
    add_donor("Ewa Zmarła", is_deceased=True)
    add_donor("Piotr Bezdomny", street="", postcode="", city="")
    add_donor("Arta Krasniqi", lang="sq", country="XK", postcode="10000", city="Prishtinë")


def digests_of(page: str) -> list[str]:
    return re.findall(r'name="digest" value="([^"]*)"', page)


def write_letters(staff: Staff, path: str = PATH) -> str:
    """Preview the letters and have them written; return where they are printed."""
    place = plan_letters(staff, path)
    work()
    return place


def plan_letters(staff: Staff, path: str = PATH) -> str:
    """Preview the letters and say twice that they be written; return where they will be printed."""
    post = path.replace("/post", "/post/letters")
    form = {"key": key_in(staff.get(path).text), **WORDS}
    shown = staff.post(post, act="preview", **form)
    form["digest"] = digests_of(shown.text)[1]
    first, again = (staff.post(post, act="write", **form) for _ in range(2))
    assert first.status_code == 302, words_of(first.text)[:500]
    assert again.headers["Location"] == first.headers["Location"]
    return first.headers["Location"]


def test_page_tells_who_is_left_out_and_why(database: Flask) -> None:
    fill_base()
    shown = Staff(database, "fundraiser").text(PATH)
    assert "2 donors get post" in shown
    assert "the donor has died 1" in shown and "there is no whole address 1" in shown
    assert "Ewa Zmarła" in shown and "Arta" not in shown


def test_labels_of_the_list_begin_at_a_place(database: Flask) -> None:
    """Labels are of those who were shown, by postcode, from the first unused place on; it is in the audit."""
    fill_base()
    staff = Staff(database, "fundraiser")
    digest = digests_of(staff.get(PATH).text)[0]
    answer = staff.post(PATH.replace("/post", "/post/labels"), digest=digest, sheet="99.1x38.1", used="13")
    assert answer.content_type == "application/pdf"
    first, second = pages(answer.data)
    assert (
        first == "Jan Nowak ul. Lipowa 3 00-950 Warszawa"
        and second == "Anna Kowalska ul. Lipowa 3 90-001 Łódź"
    )
    let_write()
    (record,) = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "labels.printed"))
    assert record.data == {"count": 2}


def test_list_that_changed_is_shown_anew(database: Flask) -> None:
    """Where somebody of the list has died since, no label and no letter is made, and the page counts anew."""
    fill_base()
    staff = Staff(database, "fundraiser")
    digest = digests_of(staff.get(PATH).text)[0]
    let_write()
    anna = db.session.scalars(select(Donor).where(Donor.name == "Anna Kowalska")).one()
    donors.change_donor(anna, {"is_deceased": True}, now=NOW, actor="t")
    db.session.commit()
    before = read_contents()
    answer = staff.post(PATH.replace("/post", "/post/labels"), digest=digest, sheet="70x37", used="0")
    assert answer.status_code == 422 and "1 donor gets post" in words_of(answer.text)
    unseen = staff.post(
        PATH.replace("/post", "/post/letters"), act="write", key="k" * 20, digest=digest, **WORDS
    )
    assert unseen.status_code == 422
    let_write()
    assert read_contents() == before


def test_letters_are_written_printed_and_posted_once(database: Flask) -> None:
    """Each of the list gets a letter with their greeting; posting them closes the task."""
    fill_base()
    staff = Staff(database, "fundraiser", lang="pl")
    place = write_letters(staff)
    let_write()
    assert len(db.session.scalars(select(Message.id).where(Message.channel == "post")).all()) == 2
    printed = pages(staff.get(f"{place}/1.pdf").data)
    assert "Jan Nowak" in printed[0] and "Szanowny Panie Janie," in printed[0]
    assert "Szanowna Pani Anno," in printed[1] and "Nowy dach jest gotowy." in printed[1]
    assert staff.get(f"{place}/2.pdf").status_code == 404
    for _ in range(2):
        assert staff.post(f"{place}/posted").status_code == 302
    let_write()
    assert set(db.session.scalars(select(Message.state).where(Message.channel == "post"))) == {"sent"}
    task = db.session.scalars(select(Task).where(Task.subject_type == "letters")).one()
    assert (task.state, task.title) == ("done", "Wydrukuj i nadaj listy: Wieści")


def test_letters_go_in_each_readers_language(database: Flask) -> None:
    fill_base()
    place = write_letters(Staff(database, "fundraiser"), "/donors/post?why=transactional")
    printed = text(Staff(database, "fundraiser").get(f"{place}/1.pdf").data)
    assert "Të nderuar," in printed and "Szanowna Pani Anno," in printed and "Prishtinë KOSOVO" in printed


def test_run_is_not_posted_while_it_is_written(database: Flask) -> None:
    """The page says how far the worker is and offers no posting; pressed all the same, it is refused."""
    fill_base()
    staff = Staff(database, "fundraiser")
    place = plan_letters(staff)
    page = staff.get(place).text
    assert "Written so far: 0, still to be written: 2." in words_of(page) and "data-waits" in page
    refusal = staff.post(f"{place}/posted")
    assert refusal.status_code == 422 and "still being written" in words_of(refusal.text)
    work()
    assert "data-waits" not in staff.get(place).text and "They are all posted" in staff.text(place)


def test_who_died_since_gets_no_letter(database: Flask) -> None:
    """Who dies between the button and the worker gets no letter, and the page says so."""
    fill_base()
    staff = Staff(database, "fundraiser")
    place = plan_letters(staff)
    let_write()
    anna = db.session.scalars(select(Donor).where(Donor.name == "Anna Kowalska")).one()
    donors.change_donor(anna, {"is_deceased": True}, now=NOW, actor="t")
    db.session.commit()
    work()
    text_of_page = staff.text(place)
    assert "Letters 1 to 1" in text_of_page
    assert "Left out when their letter was written Anna Kowalska : the donor has died" in text_of_page


def test_many_letters_come_in_parts(database: Flask) -> None:
    """Fifty letters are a file, so that no file and no worker grows with the list."""
    for n in range(51):
        add_donor(f"Anna Osoba{n}", postcode=f"10-{n:03}")
    place = write_letters(Staff(database, "fundraiser"))
    staff = Staff(database, "fundraiser")
    sizes = [len(PdfReader(io.BytesIO(staff.get(f"{place}/{part}.pdf").data)).pages) for part in (1, 2)]
    assert sizes == [50, 1]
    assert "Letters 51 to 51" in staff.text(place)


def test_news_needs_what_the_country_asks(database: Flask) -> None:
    """Where a country's rules want consent to an ask by post, who gave none is left out."""
    fill_base()
    shown = Staff(database, "fundraiser").text("/donors/post?speaks=sq&why=appeal")
    assert "there is no consent 1" in shown and "0 donors get post" in shown


def test_too_long_list_is_refused(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has an end: a longer list is to be narrowed."""
    monkeypatch.setattr("donorhub.services.messages.letter_runs.MOST", 3)
    fill_base()
    shown = Staff(database, "fundraiser").text("/donors/post")
    assert "Post goes to 3 donors at once: narrow the list." in shown
