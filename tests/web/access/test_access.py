"""Which rows somebody gets on a page: the own list, no amounts, no form without its token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import Task
from donorhub.services.work import tasks
from donorhub.web.admission import PUBLIC
from tests.web.bank.bank_world import Staff, let_write
from tests.web.desk import ACTOR, add_donor, add_gift, add_recurring, moment, rows


def pages(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/api", "/webhooks")) and not rule.endpoint.startswith(PUBLIC):
            yield rule


def path_of(rule: Rule) -> str:
    """The address of a rule with ids of rows that are not there, so that nothing can be changed."""
    values: dict[str, Any] = {
        name: 987654
        if isinstance(converter, IntegerConverter)
        else sorted(getattr(converter, "items", ["none"]))[0]
        for name, converter in rule._converters.items()
    }
    built = rule.build(values, append_unknown=False)
    assert built is not None
    return str(built[1])


def test_every_page_declares_permissions_that_exist(app: Flask) -> None:
    undeclared = [
        rule.endpoint
        for rule in pages(app)
        if not set(getattr(app.view_functions[rule.endpoint], "_needs", ())) & PERMISSIONS
    ]
    assert undeclared == []


def test_a_form_without_its_token_is_refused(database: Flask) -> None:
    staff = Staff(database, "admin")
    before = rows()
    for rule in pages(database):
        if "POST" in (rule.methods or ()):
            let_write()
            assert staff.client.post(path_of(rule)).status_code == 400, rule.rule
    assert rows() == before


def test_caller_sees_only_own_donors(database: Flask) -> None:
    """A caller sees the own list and cannot guess other ids."""
    staff = Staff(database, "caller")
    me = int(database.extensions["security"].datastore.find_user(email="caller-en@example.org").id)
    mine, other = add_donor("Zofia Mazur", owner_id=me), add_donor("Besnik Çela")
    for donor in (mine, other):
        tasks.plan_task(
            f"call:{donor.id}",
            kind="call",
            performer="person",
            subject=("donor", donor.id),
            donor_id=donor.id,
            due_at=moment(22),
            now=moment(21),
        )
    db.session.commit()
    mine_id, other_id = mine.id, other.id
    listed = staff.text("/donors")
    assert "Zofia Mazur" in listed and "Besnik" not in listed
    assert "Besnik" not in staff.text("/donors?q=besnik") and "Besnik" not in staff.text("/donors?q=be")
    assert staff.get(f"/donors/{mine_id}").status_code == 200
    assert staff.get(f"/donors/{other_id}").status_code == 404
    assert staff.get("/donors?q=DH-1002-5").status_code == 200  # the code of another's donor leads nowhere
    assert "Besnik" not in staff.text("/tasks?view=all")
    foreign = db.session.query(Task).filter_by(donor_id=other_id, kind="call").one().id
    assert staff.get(f"/tasks/{foreign}").status_code == 404
    assert staff.post(f"/tasks/{foreign}/done", outcome="x").status_code == 404
    let_write()
    assert db.session.get(Task, foreign).state == "planned"  # type: ignore[union-attr]


@pytest.mark.parametrize("role", ["caller", "communications"])
def test_roles_without_amounts_see_none(database: Flask, role: str) -> None:
    staff = Staff(database, role)
    me = int(database.extensions["security"].datastore.find_user(email=f"{role}-en@example.org").id)
    donor = add_donor(owner_id=me)
    add_gift(donor, "1234.00", note="a secret 1234")
    add_recurring(donor, "1234.00")
    tasks.plan_task(
        "thank_by_hand:gift:1",
        kind="thank_by_hand",
        performer="person",
        subject=("gift", 1),
        donor_id=donor.id,
        due_at=moment(22),
        now=moment(21),
        facts={"amount": "1234.00", "currency": "PLN"},
    )
    db.session.commit()
    task = db.session.query(Task).filter_by(kind="thank_by_hand").one().id
    for path in ("/", "/donors", f"/donors/{donor.id}", "/tasks", f"/tasks/{task}"):
        shown = staff.text(path)
        assert "234" not in shown and "PLN" not in shown, path
    assert "Gift" in staff.text(f"/donors/{donor.id}")


def test_removed_right_is_gone_at_once(database: Flask) -> None:
    """A right that was taken away is gone with the next click."""
    from donorhub.services.access import users

    staff = Staff(database, "fundraiser")
    assert staff.get("/gifts").status_code == 200
    let_write()
    user = users.find_user("fundraiser-en@example.org")
    assert user is not None
    users.set_roles(user.id, ["communications"], now=moment(22), actor=ACTOR)
    db.session.commit()
    assert staff.get("/gifts").status_code == 403
