"""Teams and scopes on pages and over the API: who is in which team, and whose donors somebody sees."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, Team, User
from donorhub.services.access import teams, users
from tests.api.conftest import Caller, caller_with, problem  # noqa: F401  fixtures
from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import add_donor, rows


def find_id(role: str) -> int:
    return db.session.scalars(select(User.id).where(User.name == f"Ann {role}")).one()


def test_team_shares_its_donors(database: Flask) -> None:
    """Who has the scope of their team sees the donors of its members, until somebody is taken out of it."""
    admin, fundraiser = Staff(database, "admin"), Staff(database, "fundraiser")
    Staff(database, "steward")
    me, mate = find_id("fundraiser"), find_id("steward")
    mine, theirs, nobodys = (
        add_donor(name, owner_id=owner_id).id
        for name, owner_id in (("Anna Moja", me), ("Jan Ich", mate), ("Ewa Niczyja", None))
    )
    assert admin.post("/settings/teams", name="North", user_ids=[me, mate]).status_code == 302
    for _ in range(2):
        assert admin.post(f"/settings/users/{me}/scope", row_scope="team").status_code == 302
    shown = fundraiser.text("/donors")
    assert "Anna Moja" in shown and "Jan Ich" in shown and "Ewa Niczyja" not in shown
    assert [fundraiser.get(f"/donors/{id_}").status_code for id_ in (mine, theirs, nobodys)] == [
        200,
        200,
        404,
    ]
    team_id = db.session.scalars(select(Team.id)).one()
    for _ in range(2):
        assert admin.post(f"/settings/teams/{team_id}", user_ids=[me]).status_code == 302
        before = rows()
    assert rows() == before
    assert fundraiser.get(f"/donors/{theirs}").status_code == 404
    words = db.session.scalars(select(AuditRecord.what)).all()
    assert [words.count(word) for word in ("team.created", "team.changed", "user.row_scope_changed")] == [
        1,
        2,
        1,
    ]
    admin.post(f"/settings/users/{me}/scope", row_scope="")
    assert fundraiser.get(f"/donors/{nobodys}").status_code == 200


def test_wrong_team_or_scope_is_refused(database: Flask) -> None:
    """A name that is taken, users that are not, and a narrow administrator are refused; nothing is kept."""
    admin = Staff(database, "admin")
    me = find_id("admin")
    admin.post("/settings/teams", name="North", user_ids=[me])
    before = rows()
    for path, fields in (
        ("/settings/teams", {"name": "North", "user_ids": [me]}),
        ("/settings/teams", {"name": "", "user_ids": [me]}),
        ("/settings/teams", {"name": "South", "user_ids": [4711]}),
        (f"/settings/users/{me}/scope", {"row_scope": "own"}),
        (f"/settings/users/{me}/scope", {"row_scope": "mine"}),
        ("/settings/tokens", {"name": "x", "scopes": ["donors:read"], "row_scope": "own"}),
    ):
        answer = admin.post(path, **fields)
        assert answer.status_code == 422, (path, fields, words_of(answer.text)[:200])
    assert rows() == before


def test_teams_over_the_api(database: Flask, caller_with: object) -> None:  # noqa: F811
    """Programs with the right make teams and say whose donors a user sees."""
    api: Caller = caller_with()  # type: ignore[operator]
    Staff(database, "caller")
    me = find_id("caller")
    team = api.post("/teams", {"name": "North", "user_ids": []}).get_json()
    for _ in range(2):
        answer = api.post(f"/teams/{team['id']}/members", {"user_ids": [me]})
        assert answer.get_json() == {"id": team["id"], "name": "North", "user_ids": [me]}
    assert api.get("/teams").get_json()["data"] == [answer.get_json()]
    etag = api.get(f"/users/{me}").headers["ETag"]
    assert api.patch(f"/users/{me}", {"row_scope": "team"}, etag=etag).get_json()["row_scope"] == "team"
    assert problem(api.post("/teams", {"name": "North", "user_ids": []}))["code"] == "team_known"
    assert problem(api.post("/teams/4711/members", {"user_ids": []}))["status"] == 404


@pytest.mark.parametrize(("scope", "seen"), [("own", {"mine"}), ("team", {"mine", "theirs"}), ("all", set())])
def test_principal_knows_whose_donors_it_sees(database: Flask, scope: str, seen: set[str]) -> None:
    """A scope is worked out anew for each request, of the teams that there are."""
    Staff(database, "fundraiser")
    Staff(database, "steward")
    ids = {"mine": find_id("fundraiser"), "theirs": find_id("steward")}
    user = users.get_user(ids["mine"])
    teams.create_team("North", list(ids.values()), now=user.created_at, actor="user:1")
    users.set_row_scope(user.id, scope, now=user.created_at, actor="user:1")  # type: ignore[arg-type]
    owner_ids = users.make_principal(user).owner_ids
    assert owner_ids == (frozenset(ids[name] for name in seen) if seen else None)
