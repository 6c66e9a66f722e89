"""What gifts are for, changed on pages: one with its trace, several as the preview showed them."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Designation, Fund, Gift
from donorhub.services.access import organisation
from donorhub.services.giving import funds, gift_changes
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import TODAY, add_donor, add_gift, rows


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "fundraiser")


@pytest.fixture
def dogs(staff: Staff) -> int:
    let_write()
    fund = funds.create_purpose(Fund, {"code": "dogs", "name": "Dogs"}, now=clock.now(), actor="t")
    db.session.commit()
    return fund.id


def read_shown(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found, words_of(page)
    return found.group(1)


def read_fund_ids(gift_id: int) -> list[int]:
    let_write()
    return list(db.session.scalars(select(Designation.fund_id).filter_by(gift_id=gift_id)))


def test_gift_page_changes_purpose_and_tells(staff: Staff, dogs: int) -> None:
    """The page of a gift changes what it is for, shows it, and tells who changed what from what to what."""
    gift = add_gift(add_donor(), fund_ids={1: 5000}, note="box")
    path = f"/gifts/{gift.id}"
    form = {"fund_id": str(dogs), "campaign_id": "", "appeal_id": "", "note": "fair"}
    answer = staff.post(f"{path}/change", **form, shown=read_shown(staff.get(path).text))
    assert answer.status_code == 302
    text = staff.text(path)
    assert "The gift is changed." in text
    assert "Ann fundraiser" in text and "Fund: General → Dogs" in text and "Note: box → fair" in text
    assert read_fund_ids(gift.id) == [dogs]
    before = rows()
    again = staff.post(f"{path}/change", **form, shown=read_shown(staff.get(path).text))
    assert again.status_code == 302 and "Nothing was changed." in staff.text(path)
    assert rows() == before


def test_split_gift_keeps_its_parts(staff: Staff, dogs: int) -> None:
    """A gift that goes to several funds keeps them unless another is chosen."""
    gift = add_gift(add_donor(), fund_ids={1: 2000, dogs: 3000})
    path = f"/gifts/{gift.id}"
    page = staff.get(path).text
    assert '<option value="split" selected>General, Dogs</option>' in page
    form = {"campaign_id": "", "appeal_id": "", "note": "x", "shown": read_shown(page)}
    assert staff.post(f"{path}/change", fund_id="split", **form).status_code == 302
    assert read_fund_ids(gift.id) == [1, dogs]


def test_page_overwrites_nothing_unseen(staff: Staff, dogs: int) -> None:
    """Who looked before another changed the gift sees that, and what they typed is still there."""
    gift = add_gift(add_donor())
    path = f"/gifts/{gift.id}"
    shown = read_shown(staff.get(path).text)
    let_write()
    gift_changes.change_gift(gift.id, {"note": "by another"}, now=clock.now(), actor="user:9")
    db.session.commit()
    before = rows()
    answer = staff.post(f"{path}/change", fund_id=str(dogs), note="mine", shown=shown)
    assert answer.status_code == 422
    assert "Somebody else changed this gift" in words_of(answer.text) and 'value="mine"' in answer.text
    assert "by another" in words_of(answer.text)
    assert rows() == before
    form = {"fund_id": str(dogs), "note": "mine", "shown": read_shown(answer.text)}
    assert staff.post(f"{path}/change", **form).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"fund_id": "77"}, "This fund is closed"),
        ({"fund_id": "x"}, "Please choose one of the list."),
        ({"campaign_id": "77"}, "Please choose one of the list."),
        ({"appeal_id": "77"}, "Please choose one of the list."),
        ({"note": "x" * 2001}, "At most 2000 characters"),
        ({"shown": ""}, "Somebody else changed this gift"),
    ],
)
def test_wrong_purpose_changes_nothing(staff: Staff, wrong: dict[str, str], sentence: str) -> None:
    """What is wrong is said beside its field, and nothing is changed."""
    gift = add_gift(add_donor())
    form = {"fund_id": "1", "note": "new", "shown": read_shown(staff.get(f"/gifts/{gift.id}").text)}
    before = rows()
    answer = staff.post(f"/gifts/{gift.id}/change", **{**form, **wrong})
    assert answer.status_code == 422
    assert sentence in words_of(answer.text)
    assert rows() == before


def test_page_says_why_fund_stays(staff: Staff) -> None:
    """In closed books the page offers no fund and says why, and keeps it whatever is posted."""
    gift = add_gift(add_donor())
    path = f"/gifts/{gift.id}"
    let_write()
    organisation.change_organisation({"closed_until": TODAY}, now=clock.now(), actor="t")
    db.session.commit()
    page = staff.get(path).text
    assert 'id="f-fund_id"' not in page and "Its fund stays. The books of this day are closed" in words_of(
        page
    )
    before = rows()
    assert staff.post(f"{path}/change", fund_id="1", shown=read_shown(page)).status_code == 422
    assert rows() == before
    assert staff.post(f"{path}/change", note="typed", shown=read_shown(page)).status_code == 302


# ---------------------------------------------------------------- several from the list


def make_gifts(dogs: int) -> list[Gift]:
    """One that may change, one of closed books, one that is there already."""
    donor = add_donor()
    let_write()
    organisation.change_organisation({"closed_until": date(2026, 10, 31)}, now=clock.now(), actor="t")
    db.session.commit()
    free, there = add_gift(donor), add_gift(donor, "20.00", fund_ids={dogs: 2000})
    organisation.change_organisation({"closed_until": None}, now=clock.now(), actor="t")
    closed = add_gift(donor, "30.00", on=date(2026, 10, 5))
    organisation.change_organisation({"closed_until": date(2026, 10, 31)}, now=clock.now(), actor="t")
    db.session.commit()
    return [free, closed, there]


def test_ticked_gifts_change_fund_as_shown(staff: Staff, dogs: int) -> None:
    """The list ticks gifts; the preview says which change, which stay and why; the button does just that."""
    ids = [gift.id for gift in make_gifts(dogs)]
    page = staff.get("/gifts").text
    assert all(f'name="gift_ids" value="{id_}"' in page for id_ in ids)
    query = "&".join(f"gift_ids={id_}" for id_ in ids)
    before = rows()
    preview = staff.get(f"/gifts/fund?{query}&fund_id={dogs}").text
    text = words_of(preview)
    assert "They go to: Dogs" in text and "The books of this day are closed" in text
    assert "They are there already" in text and "Change the fund of 1 gift" in text
    assert rows() == before
    form = {"gift_ids": [str(id_) for id_ in ids], "fund_id": str(dogs), "shown": read_shown(preview)}
    answer = staff.post("/gifts/fund", **form)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/gifts/fund?fund_id=before&gift_ids={ids[0]}"
    assert "The fund of 1 gift is changed." in staff.text("/gifts")
    assert [read_fund_ids(id_) for id_ in ids] == [[dogs], [], [dogs]]
    before = rows()
    assert staff.post("/gifts/fund", **form).status_code == 302
    assert rows() == before


def test_changed_gifts_show_new_preview(staff: Staff, dogs: int) -> None:
    """Where a ticked gift was changed since, nothing is done and the page shows what would be done now."""
    free, _closed, _there = make_gifts(dogs)
    query = f"gift_ids={free.id}&fund_id={dogs}"
    shown = read_shown(staff.get(f"/gifts/fund?{query}").text)
    let_write()
    gift_changes.change_gift(free.id, {"fund_ids": {1: 5000}}, now=clock.now(), actor="user:9")
    db.session.commit()
    before = rows()
    form = {"gift_ids": [str(free.id)], "fund_id": str(dogs)}
    answer = staff.post("/gifts/fund", **form, shown=shown)
    assert answer.status_code == 422 and rows() == before
    assert "is not what was shown any more" in words_of(answer.text) and "General" in words_of(answer.text)
    assert staff.post("/gifts/fund", **form, shown=read_shown(answer.text)).status_code == 302
    assert read_fund_ids(free.id) == [dogs]


def test_several_changed_funds_are_undone(staff: Staff, dogs: int) -> None:
    """After several gifts changed their fund one click lets each be for what it was before, split gifts too,
    and the gift tells both changes. A second click does nothing unseen."""
    donor = add_donor()
    split = add_gift(donor, fund_ids={1: 4000, dogs: 1000}, on=date(2026, 11, 2))
    free = add_gift(donor, "30.00", on=date(2026, 11, 3))
    gift_ids = [split.id, free.id]
    query = "&".join(f"gift_ids={id_}" for id_ in gift_ids)
    form = {"gift_ids": [str(id_) for id_ in gift_ids], "fund_id": str(dogs)}
    shown = read_shown(staff.get(f"/gifts/fund?{query}&fund_id={dogs}").text)
    place = staff.post("/gifts/fund", **form, shown=shown).headers["Location"]
    assert [read_fund_ids(id_) for id_ in gift_ids] == [[dogs], [dogs]]
    page = staff.get(place).text
    words = words_of(page)
    assert "The fund of 2 gifts is changed." in words and "They go back to what they were for before" in words
    assert "General, Dogs" in words and "Undo" in words
    undo = {**form, "fund_id": "before", "shown": read_shown(page)}
    assert staff.post("/gifts/fund", **undo).status_code == 302
    assert [read_fund_ids(id_) for id_ in gift_ids] == [[1, dogs], []]
    text = staff.text(f"/gifts/{free.id}")
    assert "Not earmarked → Dogs" in text and "Dogs → Not earmarked" in text
    before = rows()
    assert staff.post("/gifts/fund", **undo).status_code == 422
    assert rows() == before


def test_undo_leaves_what_was_changed_since(staff: Staff, dogs: int) -> None:
    """What somebody changed after it was shown, and what a closed day holds, stays and is named."""
    free, closed, _there = make_gifts(dogs)
    let_write()
    gift_changes.change_gift(free.id, {"fund_ids": {dogs: 5000}}, now=clock.now(), actor="t")
    organisation.change_organisation({"closed_until": None}, now=clock.now(), actor="t")
    gift_changes.change_gift(closed.id, {"fund_ids": {dogs: 3000}}, now=clock.now(), actor="t")
    organisation.change_organisation({"closed_until": date(2026, 10, 31)}, now=clock.now(), actor="t")
    db.session.commit()
    query = f"gift_ids={free.id}&gift_ids={closed.id}&fund_id=before"
    shown = read_shown(staff.get(f"/gifts/fund?{query}").text)
    let_write()
    gift_changes.change_gift(free.id, {"fund_ids": {1: 5000}}, now=clock.now(), actor="t")
    db.session.commit()
    before = rows()
    form = {"gift_ids": [str(free.id), str(closed.id)], "fund_id": "before"}
    answer = staff.post("/gifts/fund", **form, shown=shown)
    assert answer.status_code == 422 and rows() == before
    text = words_of(answer.text)
    assert "The books of this day are closed" in text and "is not what was shown any more" in text
    assert staff.post("/gifts/fund", **form, shown=read_shown(answer.text)).status_code == 302
    assert [read_fund_ids(free.id), read_fund_ids(closed.id)] == [[dogs], [dogs]]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("fund_id=1", "Please tick at least one gift."),
        ("gift_ids=1", "Please choose one of the list."),
        ("gift_ids=1&fund_id=77", "This fund is closed"),
        ("gift_ids=x&fund_id=1", "Please tick at least one gift."),
    ],
)
def test_preview_asks_for_what_is_missing(staff: Staff, query: str, sentence: str) -> None:
    """Without gifts or a fund the page says so."""
    add_gift(add_donor())
    answer = staff.get(f"/gifts/fund?{query}")
    assert answer.status_code == 422
    assert sentence in words_of(answer.text)


def test_readers_tick_no_gifts(database: Flask) -> None:
    """Who may not record gifts is offered neither ticks nor the form."""
    gift = add_gift(add_donor())
    staff = Staff(database, "auditor")
    assert "gift_ids" not in staff.get("/gifts").text
    assert "Change what it is for" not in staff.text(f"/gifts/{gift.id}")


def test_who_is_recognised_on_both_pages(staff: Staff, dogs: int) -> None:
    """A code on the gift's page recognises its donor, whose own page names the gift and counts no money."""
    firm, anna = add_donor("Firma"), add_donor("Anna Lis")
    gift = add_gift(firm, fund_ids={1: 5000})
    path, code = f"/gifts/{gift.id}", anna.code
    form = {"fund_id": "1", "campaign_id": "", "appeal_id": "", "note": ""}
    answer = staff.post(f"{path}/change", **form, credited=code, shown=read_shown(staff.get(path).text))
    assert answer.status_code == 302
    assert "Anna Lis" in staff.text(path)
    page = staff.text(f"/donors/{anna.id}")
    assert "Recognised for gifts of others" in page and "Firma" in page
    before = rows()
    wrong = staff.post(f"{path}/change", **form, credited="DH-9", shown=read_shown(staff.get(path).text))
    assert wrong.status_code == 422 and "There is no donor with this code." in words_of(wrong.text)
    assert rows() == before
