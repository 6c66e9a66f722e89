"""Donors on pages: finding, adding once, changing without overwriting each other."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Donor
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, add_gift, add_recurring, key_in, rows

FORM = {"kind": "person", "lang": "pl", "given_name": "Łucja", "family_name": "Gżegżółka", "country": "PL"}


def test_a_donor_is_added_and_shown(database: Flask) -> None:
    staff = Staff(database, "fundraiser")
    key = key_in(staff.get("/donors/new").text)
    answer = staff.post("/donors/new", key=key, email="lucja@example.org", city="Łódź", **FORM)
    assert answer.status_code == 302
    page = staff.text(answer.headers["Location"])
    assert "Łucja Gżegżółka" in page and "DH-1001-7" in page and "No gift yet" in page
    assert "The donor is added." in page


def test_the_same_form_sent_twice_adds_one_donor(database: Flask) -> None:
    staff = Staff(database, "fundraiser")
    key = key_in(staff.get("/donors/new").text)
    first = staff.post("/donors/new", key=key, **FORM)
    before = rows()
    second = staff.post("/donors/new", key=key, **FORM)
    assert first.headers["Location"] == second.headers["Location"]
    assert rows() == before


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"given_name": "", "family_name": ""}, "Please give a name."),
        ({"email": "anna@"}, "This is no e-mail address."),
        ({"country": "1X"}, "Two letters"),
        ({"kind": "cat"}, "Please choose one of the list."),
        ({"city": "x" * 201}, "At most 200 characters"),
        ({"city": "Łó\x07dź"}, "cannot be printed"),
        ({"owner_id": "987654"}, "Please choose one of the list."),
        ({"key": "short"}, "load the form anew"),
    ],
)
def test_fault_stands_beside_its_field(database: Flask, wrong: dict[str, str], sentence: str) -> None:
    """What is wrong is said beside its field, and nothing is saved."""
    staff = Staff(database, "fundraiser")
    key = key_in(staff.get("/donors/new").text)
    before = rows()
    answer = staff.post("/donors/new", **{**FORM, "key": key, "note": "kept words", **wrong})
    assert answer.status_code == 422
    assert sentence in words_of(answer.text) and "kept words" in answer.text
    if "key" not in wrong and "owner_id" not in wrong:
        assert 'aria-invalid="true"' in answer.text
    assert rows() == before


def test_stale_change_is_refused(database: Flask) -> None:
    """A change is saved, and a stale one is refused, so nobody overwrites another's change."""
    staff = Staff(database, "steward")
    donor_id = add_donor().id
    form = {**FORM, "given_name": "Anna", "family_name": "Nowak", "name": "Anna Nowak"}
    assert staff.post(f"/donors/{donor_id}/edit", version="1", **form).status_code == 302
    stale = staff.post(f"/donors/{donor_id}/edit", version="1", **{**form, "name": "Anna Other"})
    assert stale.status_code == 422
    assert "Somebody else changed this donor" in words_of(stale.text) and "Anna Other" in stale.text
    assert 'name="version" value="2"' in stale.text  # looked at now, it may be saved
    let_write()
    assert db.session.get(Donor, donor_id).name == "Anna Nowak"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text", ["kowal", "KOWALSKA łódź", "lodz", "anna@example.org", "512 345 678", "+48512345678"]
)
def test_search_folds_letters_and_numbers(database: Flask, text: str) -> None:
    """A search finds by parts, by folded letters and by numbers."""
    staff = Staff(database, "auditor")
    add_donor(email="Anna@Example.org", phone="+48 512 345 678")
    add_donor("Besnik Çela", city="Prizren")
    shown = staff.text(f"/donors?q={text.replace('+', '%2B')}")
    assert "Anna Kowalska" in shown and "Besnik" not in shown


def test_a_code_leads_straight_to_the_donor(database: Flask) -> None:
    staff = Staff(database, "auditor")
    donor_id = add_donor().id
    assert staff.get("/donors?q=dh1001 7").headers["Location"] == f"/donors/{donor_id}"


def test_the_list_goes_on_where_it_ended(database: Flask) -> None:
    staff = Staff(database, "auditor")
    for number in range(55):
        add_donor(f"Nr {number:03}")
    first = staff.get("/donors").text
    following = first[first.rindex('href="/donors?after=') + 6 :].partition('"')[0].replace("&amp;", "&")
    add_donor("Added Meanwhile")
    second = staff.text(following)
    assert "Nr 054" in words_of(first) and "Nr 005" in words_of(first) and "Nr 004" not in words_of(first)
    assert "Nr 004" in second and "Nr 000" in second and "Meanwhile" not in second


def test_damaged_page_address_is_refused(database: Flask) -> None:
    """A damaged page address is refused and not guessed."""
    staff = Staff(database, "auditor")
    assert staff.get("/donors?after=x").status_code == 422
    assert staff.get("/gifts?after=x~1").status_code == 422


def test_donor_page_shows_the_whole_story(database: Flask) -> None:
    """The page of a donor shows giving, recurring gifts and the timeline."""
    staff = Staff(database, "admin")
    donor = add_donor()
    donor_id = donor.id
    add_gift(donor, "50.00", ref="one")
    add_gift(donor, "70.00", ref="two")
    add_recurring(donor)
    shown = staff.text(f"/donors/{donor_id}")
    assert "PLN 120.00" in shown and "PLN 60.00" in shown and "every month" in shown
    assert "Donor added" in shown and "Gift PLN 70.00" in shown and "Recurring gift started" in shown


def test_merged_donor_leads_to_survivor(database: Flask) -> None:
    """A merged donor leads to the one that it became."""
    staff = Staff(database, "admin")
    kept, gone = add_donor(), add_donor("Ania Kowalska")
    kept_id, gone_id = kept.id, gone.id
    gone.merged_into_id = kept_id
    db.session.commit()
    assert staff.get(f"/donors/{gone_id}").headers["Location"] == f"/donors/{kept_id}"
    assert "Ania" not in staff.text("/donors")


def test_names_are_never_markup(database: Flask) -> None:
    """Names are shown as text and never as markup."""
    staff = Staff(database, "admin")
    donor_id = add_donor("<script>alert(1)</script> X", note="<b>bold</b>").id
    page = staff.get(f"/donors/{donor_id}").text
    assert "<script>alert" not in page and "<b>bold" not in page and "&lt;b&gt;bold" in page
    assert db.session.scalar(select(Donor.name)) == "<script>alert(1)</script> X"


def test_tax_number_is_checked_beside_field(database: Flask) -> None:
    """A tax number is kept and shown, and a wrong one is named beside its field."""
    staff = Staff(database, "fundraiser")
    key = key_in(staff.get("/donors/new").text)
    before = rows()
    answer = staff.post("/donors/new", key=key, tax_number="5252810771", **FORM)
    assert answer.status_code == 422
    assert "This is no tax number of the donor's country." in words_of(answer.text)
    assert rows() == before
    page = staff.post("/donors/new", key=key, tax_number="525-281-07-70", **FORM).headers["Location"]
    assert "Tax number 5252810770" in staff.text(page)
    assert 'value="5252810770"' in staff.get(f"{page}/edit").text


def test_stage_filters_and_says_why(database: Flask) -> None:
    """The list asks for one stage, says what it means, and the donor's page says why it holds."""
    anna, ewa = add_donor(), add_donor("Ewa Nowak")
    add_gift(anna)
    staff = Staff(database, "communications")
    listed = staff.text("/donors?stage=new")
    assert "Anna Kowalska" in listed and "Ewa Nowak" not in listed
    assert "New: the first gift came within the last 90 days." in listed
    assert '<option value="new" selected>' in staff.get("/donors?stage=new").text
    assert "Nobody is in this stage: the last gift came 12 to 13 months ago." in staff.text(
        "/donors?stage=lapsing"
    )
    assert "Ewa Nowak" in staff.text("/donors?stage=nonsense")
    assert "No gift yet: no gift is known of which anything is left." in staff.text(f"/donors/{ewa.id}")
    assert "New: the first gift came within the last 90 days." in staff.text(f"/donors/{anna.id}")
