"""Lists are cut into pages that lose and repeat nothing while rows come and go."""

from __future__ import annotations

import base64
import json
from datetime import datetime

import pytest

from donorhub.db import db
from donorhub.services.donors import donors
from tests.api.conftest import Caller, problem


@pytest.fixture
def people(api: Caller, now: datetime) -> list[str]:
    names = [f"Donor {n % 3}" for n in range(7)]
    for name in names:
        donors.create_donor({"name": name}, source="test", now=now, actor="t")
    db.session.commit()
    return names


def walk(api: Caller, path: str) -> list[int]:
    """All ids of a list, following ``next``."""
    found: list[int] = []
    where: str | None = path
    while where:
        answer = api.get(where)
        assert answer.status_code == 200, answer.data
        page = answer.get_json()
        found += [row["id"] for row in page["data"]]
        assert page["has_more"] == (page["next"] is not None)
        where = page["next"] and page["next"].removeprefix("/api/v1")
    return found


@pytest.mark.parametrize("sort", ["id", "-id", "name", "-name", "created_at", "-updated_at"])
def test_every_row_comes_once_in_every_order(api: Caller, people: list[str], sort: str) -> None:
    found = walk(api, f"/donors?limit=2&sort={sort}")
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 7]
    if sort.endswith("id"):
        assert found == sorted(found, reverse=sort.startswith("-"))


@pytest.mark.parametrize("sort", ["id", "-id", "name", "-created_at"])
def test_rows_of_a_stage_come_once(api: Caller, people: list[str], sort: str) -> None:
    """A filter that another table answers cuts the same pages, in the same order, as the whole list."""
    for number in (2, 5):
        gone = api.get(f"/donors/{number}")
        api.patch(f"/donors/{number}", {"is_deceased": True}, etag=gone.headers["ETag"])
    whole = walk(api, f"/donors?limit=2&sort={sort}")
    for stage, ids in (("prospect", {1, 3, 4, 6, 7}), ("deceased", {2, 5}), ("lapsed", set())):
        found = walk(api, f"/donors?limit=1&sort={sort}&stage={stage}")
        assert found == [id_ for id_ in whole if id_ in ids]


@pytest.mark.parametrize("sort", ["id", "-id", "-received_on"])
def test_gifts_of_a_fund_come_once(api: Caller, people: list[str], sort: str) -> None:
    fund_id = api.post("/funds", {"code": "dogs", "name": "Dogs"}).get_json()["id"]
    five, ten = ({"amount": amount, "currency": "PLN"} for amount in ("5.00", "10.00"))
    all_of_it, half = (
        [{"fund_id": fund_id, "amount": ten}],
        [{"fund_id": one, "amount": five} for one in (1, fund_id)],
    )
    for number, parts in enumerate((all_of_it, [], half, [{"fund_id": 1, "amount": ten}], all_of_it)):
        gift = {"donor_id": 1 + number, "amount": ten, "received_on": f"2026-11-0{5 - number % 3}"}
        assert api.post("/gifts", {**gift, "method": "cash", "designations": parts}).status_code == 201
    whole = walk(api, f"/gifts?limit=2&sort={sort}")
    assert walk(api, f"/gifts?limit=1&sort={sort}&fund_id={fund_id}") == [
        id_ for id_ in whole if id_ in {1, 3, 5}
    ]


def test_rows_written_meanwhile_shift_no_page(api: Caller, people: list[str], now: datetime) -> None:
    first = api.get("/donors?limit=3&sort=-id").get_json()
    donors.create_donor({"name": "late"}, source="test", now=now, actor="t")
    db.session.commit()
    second = api.get(first["next"].removeprefix("/api/v1")).get_json()
    assert [row["id"] for row in first["data"] + second["data"]] == [7, 6, 5, 4, 3, 2]


def test_filters_stay_on_the_next_page(api: Caller, people: list[str]) -> None:
    page = api.get("/donors?limit=1&created_after=2020-01-01T00:00:00Z&sort=name").get_json()
    assert "created_after=2020-01-01T00%3A00%3A00Z" in page["next"] and "sort=name" in page["next"]


def cursor(*said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "%00",
        "===",
        cursor("id"),
        cursor("id", "1"),
        cursor("id", True),
        cursor("id", 10**30),
        cursor("-id", 1),
        cursor("id", 1, 2),
        cursor("id", None),
        "ą",
        cursor("id", float("nan")),
        "W10",
    ],
)
def test_foreign_cursor_is_refused(api: Caller, people: list[str], after: str) -> None:
    """A cursor that is not of this list is refused."""
    said = problem(api.get(f"/donors?sort=id&after={after}"))
    assert (said["status"], said["code"], said["errors"][0]["pointer"]) == (422, "bad_cursor", "/after")


def test_a_cursor_of_text_cannot_carry_a_nul(api: Caller, people: list[str]) -> None:
    assert api.get(f"/donors?sort=name&after={cursor('name', chr(0), 1)}").status_code == 422


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=x", "/limit"),
        ("sort=note", "/sort"),
        ("created_after=yesterday", "/created_after"),
        ("created_after=2026-01-01T00:00:00", "/created_after"),
        ("colour=red", "/colour"),
    ],
)
def test_meaningless_query_is_refused(api: Caller, query: str, pointer: str) -> None:
    """A query that means nothing is refused with its name."""
    said = problem(api.get(f"/donors?{query}"))
    assert (said["status"], said["errors"][0]["pointer"]) == (422, pointer)
