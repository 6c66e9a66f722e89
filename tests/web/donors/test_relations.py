"""Relationships, households, memberships and roles on the donor's page, without a script."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.models import Donor
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, rows


def find_action(page: str, ending: str) -> str:
    return re.findall(rf'action="([^"]*{ending})"', page)[0]


def test_relationship_is_seen_and_ended_at_both_ends(database: Flask) -> None:
    """Each end says it in its own words; the second time nothing is added, and either end may end it."""
    staff = Staff(database, "fundraiser")
    anna, firm = add_donor().id, add_donor("Firma", kind="organisation", given_name="Firma", family_name="")
    firm_id, code = firm.id, firm.code
    said = {"relation": "employee_of:from", "relation_donor": code, "relation_title": "treasurer"}
    for _ in range(2):
        answer = staff.post(f"/donors/{anna}/relationships", **said, relation_since_on="2026-01-05")
        assert answer.status_code == 302, words_of(answer.text)
    assert staff.text(f"/donors/{anna}").count("works at Firma , treasurer since 5 Jan 2026") == 1
    assert "employs Anna Kowalska , treasurer" in staff.text(f"/donors/{firm_id}")
    action = find_action(staff.get(f"/donors/{firm_id}").text, "/relationships/[0-9]+/end")
    early = staff.post(action, until_on="2026-01-04")
    assert early.status_code == 422 and "It would end before it began." in words_of(early.text)
    for _ in range(2):
        assert staff.post(action, until_on="2026-11-20").status_code == 302
    assert "until 20 Nov 2026" in staff.text(f"/donors/{anna}")
    late = staff.post(action, until_on="2026-11-21")
    assert late.status_code == 422 and "This has ended already." in words_of(late.text)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"relation": "friend:from"}, "Please choose one of the list."),
        ({"relation_donor": ""}, "Please name somebody"),
        ({"relation_donor": "Nobody Here"}, "Nobody is found for “Nobody Here”."),
        ({"relation_donor": "Nowak"}, "Several fit, write the code: "),
        ({"relation_donor": "Kowalska"}, "Nobody is related to themselves."),
        ({"relation_since_on": "soon"}, "date"),
    ],
)
def test_wrong_relationship_is_refused(database: Flask, wrong: dict[str, str], sentence: str) -> None:
    """What is wrong is said on the page with what was typed, and nothing is kept."""
    staff = Staff(database, "fundraiser")
    page = f"/donors/{add_donor().id}"
    add_donor("Ewa Nowak")
    add_donor("Jan Nowak")
    before = rows()
    said = {"relation": "spouse:from", "relation_donor": "Ewa Nowak", "relation_title": "kept words"}
    answer = staff.post(f"{page}/relationships", **{**said, **wrong})
    assert answer.status_code == 422
    assert sentence in words_of(answer.text) and "kept words" in answer.text
    assert rows() == before


def test_household_has_members_and_their_name(database: Flask) -> None:
    """Members are added from either end, name the household, and are taken out."""
    staff = Staff(database, "fundraiser")
    anna = add_donor().id
    add_donor("Jan Kowalski")
    home = add_donor("Dom", kind="household", given_name="Dom", family_name="")
    page, code = f"/donors/{home.id}", home.code
    head = {"role": "partner", "is_head": "1"}
    assert staff.post(f"{page}/members", member="Jan Kowalski", **head).status_code == 302
    for _ in range(2):
        assert staff.post(f"/donors/{anna}/members", member=code, **head).status_code == 302
    shown = staff.text(page)
    assert "Jan Kowalski , partner named in letters" in shown and "Anna Kowalska , partner" in shown
    assert "Name it “Jan i Anna Kowalscy”" in shown
    assert "Dom , partner" in staff.text(f"/donors/{anna}")
    for _ in range(2):
        assert staff.post(f"{page}/joint-name").status_code == 302
    let_write()
    assert db.session.get_one(Donor, home.id).name == "Jan i Anna Kowalscy"
    let_write()
    assert "Name it" not in staff.text(page)
    wrong = staff.post(f"/donors/{anna}/members", member="Jan Kowalski", **head)
    assert wrong.status_code == 422 and "Only a household has members." in words_of(wrong.text)
    action = find_action(staff.get(page).text, f"/members/{anna}/remove")
    for _ in range(2):
        assert staff.post(action).status_code == 302
    assert "Anna Kowalska , partner" not in staff.text(page)


def test_membership_hides_its_fee(database: Flask) -> None:
    """A membership is recorded with its fee, which a role without amounts does not see, and ends."""
    staff = Staff(database, "fundraiser")
    page = f"/donors/{add_donor().id}"
    said = {"membership": "regular", "member_since_on": "2026-01-05", "amount": "10,00", "currency": "pln"}
    for _ in range(2):
        assert staff.post(f"{page}/memberships", **said).status_code == 302
    assert staff.text(page).count("regular, PLN 10.00 since 5 Jan 2026") == 1
    shown = Staff(database, "communications").text(page)
    assert "regular" in shown and "10.00" not in shown
    again = staff.post(f"{page}/memberships", **{**said, "member_since_on": "2026-05-05"})
    assert again.status_code == 422 and "end it first" in words_of(again.text)
    wrong = staff.post(f"{page}/memberships", **{**said, "membership": "", "amount": "x"})
    assert wrong.status_code == 422
    action = find_action(staff.get(page).text, "/memberships/[0-9]+/end")
    assert staff.post(action, until_on="2026-11-20").status_code == 302
    assert "until 20 Nov 2026" in staff.text(page)


def test_target_is_said_on_the_page(database: Flask) -> None:
    """The page of a target says that they are neither asked nor thanked, until the role ends."""
    staff = Staff(database, "fundraiser")
    page = f"/donors/{add_donor().id}"
    said = {"donor_role": "target", "stance": "against the dam", "role_since_on": "2026-11-20"}
    assert staff.post(f"{page}/roles", **said).status_code == 302
    shown = staff.text(page)
    assert "they are neither asked nor thanked" in shown
    assert "target of a campaign: against the dam since 20 Nov 2026" in shown
    action = find_action(staff.get(page).text, "/roles/[0-9]+/end")
    assert staff.post(action, until_on="2026-11-21").status_code == 302
    assert "they are neither asked nor thanked" not in staff.text(page)
    wrong = staff.post(f"{page}/roles", **{**said, "donor_role": "volunteer"})
    assert wrong.status_code == 422 and "Only a target has a stance." in words_of(wrong.text)


def test_caller_learns_no_name_of_another_list(database: Flask) -> None:
    """Who sees their own list only sees no relative who is on another's, and writes nothing of it."""
    caller = Staff(database, "caller")
    let_write()
    me = 1
    anna = add_donor(owner_id=me).id
    add_donor("Jan Kowalski")
    steward = Staff(database, "steward")
    said = {"relation": "spouse:from", "relation_donor": "Jan Kowalski"}
    assert steward.post(f"/donors/{anna}/relationships", **said).status_code == 302
    assert "spouse of Jan Kowalski" in steward.text(f"/donors/{anna}")
    assert "Jan Kowalski" not in caller.text(f"/donors/{anna}")
    assert caller.post(f"/donors/{anna}/relationships", **said).status_code == 403
