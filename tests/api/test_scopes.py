"""Route by scope: every route declares one, and lets nobody in without it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import ApiToken, Donor, Gift
from donorhub.services.access import users
from tests.api.conftest import Caller, apart, dump, problem
from tests.api.routes import routes


def test_every_route_declares_its_scope(app: Flask) -> None:
    """Every route declares a scope, and every write is committed by the house and nowhere else."""
    found = routes(app)
    assert len(found) > 60
    assert [route for route in found if route.scope not in PERMISSIONS] == []
    assert [route for route in found if route.writes and not route.commits] == []
    assert [route for route in found if route.commits and not route.writes] == []
    reading = {
        "users:write",
        "settings:write",
        "texts:write",
        "donors:merge",
        "donors:erase",
    }  # they have no reading right: who sees them may change them
    assert [
        r for r in found if not r.writes and not r.scope.endswith(":read") and r.scope not in reading
    ] == []
    assert [r for r in found if r.writes and r.scope.endswith(":read")] == []


def test_missing_scope_closes_every_route(app: Flask, caller_with: Callable[..., Caller]) -> None:
    """Without its scope every route is closed, and names the scope."""
    callers = {scope: caller_with(PERMISSIONS - {scope}) for scope in {route.scope for route in routes(app)}}
    before = dump()
    for route in routes(app):
        said = problem(callers[route.scope].send(route.method, route.path, {} if route.writes else None))
        assert (said["status"], said["code"]) == (403, "forbidden"), route
        assert route.scope in said["detail"], route
    assert dump() == before


def test_with_its_scope_alone_every_route_lets_in(app: Flask, caller_with: Callable[..., Caller]) -> None:
    callers = {scope: caller_with({scope}) for scope in {route.scope for route in routes(app)}}
    for route in routes(app):
        if route.path.endswith("/pdf"):  # shows amounts, and so asks for gifts:read too
            continue
        headers = {"Idempotency-Key": uuid.uuid4().hex, "If-Match": '"0"'}
        answer = callers[route.scope].send(
            route.method, route.path, {} if route.writes else None, headers=headers
        )
        assert answer.status_code not in (401, 403, 500), (route, answer.data)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer dhk_wrong",
        "Basic dXNlcjpwdw==",
        "dhk_wrong",
        "Bearer ą",
        "Bearer a b",
    ],
)
def test_without_a_good_token_every_route_is_closed(database: Flask, header: str) -> None:
    caller = Caller(database, "")
    before = dump()
    for route in routes(database):
        answer = caller.send(
            route.method, route.path, headers={"Authorization": header.encode().decode("latin-1")}
        )
        said = problem(answer)
        assert (said["status"], said["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert dump() == before


def test_revoked_token_is_refused_at_once(api: Caller, now: datetime) -> None:
    """A revoked token is refused at the next call, and one that ends at its hour."""
    token = db.session.query(ApiToken).one()
    token.expires_at = now + timedelta(hours=1)
    db.session.commit()
    assert api.get("/donors").status_code == 200
    clock.use_clock(lambda: now + timedelta(hours=1))
    assert api.get("/donors").status_code == 401
    clock.use_clock(lambda: now)
    users.revoke_token(1, now=now, actor="t")
    db.session.commit()
    assert api.get("/donors").status_code == 401


def test_no_amounts_without_gifts_read(
    api: Caller, caller_with: Callable[..., Caller], donor: Donor, gift: Gift
) -> None:
    """Who may not see gifts sees no amount anywhere."""
    api.post("/receipts", {"gift_ids": [gift.id]})
    start = {"amount": {"amount": "7.77", "currency": "PLN"}, "kind": "pledge", "start_on": "2026-11-01"}
    api.post("/recurring-gifts", {"donor_id": donor.id, **start})
    others = caller_with(PERMISSIONS - {"gifts:read"})
    paths = (
        "/receipts",
        "/receipts/1",
        "/recurring-gifts",
        "/recurring-gifts/1",
        "/instalments",
        f"/donors/{donor.id}/timeline",
        "/tasks",
        "/messages",
        "/payouts",
        "/statements",
    )
    for path in paths:
        shown = others.get(path)
        assert shown.status_code == 200, path
        assert '"amount":' not in shown.text and "7.77" not in shown.text and "50.00" not in shown.text, path
    assert others.get("/receipts/1/pdf").status_code == 403
    assert "7.77" in api.get("/recurring-gifts/1").text and "50.00" in api.get("/receipts/1").text


def test_health_needs_no_token(database: Flask) -> None:
    answer = apart(database.test_client().get, "/api/health")
    assert (answer.status_code, answer.get_json()) == (200, {"state": "ok"})
