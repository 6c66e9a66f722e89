"""The page of what was decided alone: right and wrong, rules that stop and go on."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import MatchLook, MatchRule
from tests.services.bank.matching.matching_world import donor, import_and_match
from tests.services.bank.matching.test_looks import pay_with_code
from tests.web.bank.bank_world import Staff, let_write

PAGE = "/bank/looks"


def read_answers() -> list[bool | None]:
    let_write()
    return list(db.session.scalars(select(MatchLook.is_right).order_by(MatchLook.id)))


def test_the_page_takes_right_and_wrong(database: Flask) -> None:
    """Each answer is one click; a wrong one leads to its entry; two wrong ones stop the rule, which a click
    lets go on.
    """
    import_and_match(*pay_with_code(donor(), 3), mode="auto")
    ids = list(db.session.scalars(select(MatchLook.id).order_by(MatchLook.id)))
    staff = Staff(database, "accountant")
    text = staff.text(PAGE)
    assert "Anna Kowalska" in text
    assert "The donor's code" in text
    assert staff.post(f"{PAGE}/{ids[0]}", answer="right").location == PAGE
    assert staff.post(f"{PAGE}/{ids[1]}", answer="wrong").location.startswith("/bank/entries/")
    assert staff.post(f"{PAGE}/{ids[2]}", answer="maybe").status_code == 422
    assert read_answers() == [True, False, None]
    staff.post(f"{PAGE}/{ids[2]}", answer="wrong")
    assert "stopped" in staff.text(PAGE)
    stop_id = db.session.scalars(select(MatchRule.id)).one()
    assert staff.post(f"/bank/rules/{stop_id}/restart").location == PAGE
    assert "stopped" not in staff.text(PAGE)
    assert "Nothing waits for a look." in staff.text(PAGE)
    assert staff.post("/bank/rules/code/stop", account="").location == PAGE
    assert "stopped by hand" in staff.text(PAGE)


def test_an_answer_may_be_changed(database: Flask) -> None:
    import_and_match(*pay_with_code(donor(), 1), mode="auto")
    (look_id,) = db.session.scalars(select(MatchLook.id))
    staff = Staff(database, "accountant")
    staff.post(f"{PAGE}/{look_id}", answer="right")
    assert 'value="wrong"' in staff.get(f"{PAGE}/answered").text
    staff.post(f"{PAGE}/{look_id}", answer="wrong")
    assert read_answers() == [False]
    assert 'value="right"' in staff.get(f"{PAGE}/answered").text


def test_the_page_of_a_rule_lists_its_decisions(database: Flask) -> None:
    import_and_match(*pay_with_code(donor(), 2), mode="auto")
    staff = Staff(database, "accountant")
    assert staff.text("/bank/rules/code").count("Anna Kowalska") >= 2
    assert "Nothing." in staff.text("/bank/rules/account")
    assert staff.get("/bank/rules/guess").status_code == 404
