"""Relationships, households, memberships and roles over the API: recorded once, listed, ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from donorhub.models import Donor
from tests.api.conftest import Caller, dump, problem


def add(api: Caller, name: str, kind: str = "person") -> int:
    id_: int = api.post("/donors", {"name": name, "kind": kind}).get_json()["id"]
    return id_


def read(api: Caller, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get(path).get_json()["data"]
    return rows


def test_relationship_is_listed_at_both_ends(api: Caller, donor: Donor) -> None:
    """One row at both ends; again it is the same, it ends once, and from either end."""
    id_ = donor.id
    firm = add(api, "Firma", "organisation")
    said = {"kind": "employee_of", "to_id": firm, "title": "treasurer", "since_on": "2026-01-05"}
    first = api.post(f"/donors/{id_}/relationships", said)
    again = api.post(f"/donors/{id_}/relationships", said)
    row = first.get_json()
    assert (first.status_code, again.status_code, again.get_json()) == (201, 200, row)
    assert (row["from_id"], row["to_id"], row["until_on"]) == (id_, firm, None)
    assert read(api, f"/donors/{id_}/relationships") == read(api, f"/donors/{firm}/relationships") == [row]
    path = f"/donors/{firm}/relationships/{row['id']}/end"
    for _ in range(2):
        assert api.post(path, {"until_on": "2026-06-30"}).get_json()["until_on"] == "2026-06-30"
    before = dump()
    assert problem(api.post(path, {"until_on": "2026-07-01"}))["code"] == "ended_already"
    assert problem(api.post(f"/donors/{id_}/relationships", {**said, "to_id": id_}))["code"] == "same_donor"
    assert problem(api.post(f"/donors/{id_}/relationships", {**said, "to_id": 4711}))["status"] == 404
    assert problem(api.post(f"/donors/{id_}/relationships", {**said, "kind": "friend"}))["status"] == 422
    assert dump() == before


def test_household_members_are_listed_at_both_ends(api: Caller, donor: Donor) -> None:
    """A member is listed at the household and the household at the member, until they are taken out."""
    id_ = donor.id
    home = add(api, "Dom", "household")
    said = {"donor_id": id_, "role": "partner", "is_head": True}
    answers = [api.post(f"/donors/{home}/members", said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert read(api, f"/donors/{home}/members") == read(api, f"/donors/{id_}/members")
    assert problem(api.post(f"/donors/{id_}/members", {**said, "donor_id": home}))["code"] == "no_household"
    for _ in range(2):
        assert api.post(f"/donors/{home}/members/{id_}/remove", {}).get_json() == {"data": []}


def test_membership_keeps_its_fee_from_others(
    api: Caller, donor: Donor, caller_with: Callable[..., Caller]
) -> None:
    """A membership is recorded once, and its fee is answered to those only who may see amounts."""
    path = f"/donors/{donor.id}/memberships"
    said = {"kind": "regular", "since_on": "2026-01-05", "fee": {"amount": "10.00", "currency": "PLN"}}
    answers = [api.post(path, said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    row = answers[0].get_json()
    assert row["fee"] == {"amount": "10.00", "currency": "PLN"}
    reader = caller_with({"donors:read"}, "reader")
    assert "10.00" not in reader.get(path).text and read(reader, path)[0]["kind"] == "regular"
    assert problem(api.post(path, {**said, "since_on": "2026-02-05"}))["code"] == "membership_goes_on"
    for _ in range(2):
        ended = api.post(f"{path}/{row['id']}/end", {"until_on": "2026-06-30"})
        assert ended.get_json()["until_on"] == "2026-06-30"
    assert problem(api.post(path, {**said, "kind": "x", "until_on": "2025-01-01"}))["status"] == 422


def test_role_is_given_once(api: Caller, donor: Donor) -> None:
    """A role is recorded once, with its stance, and ends once."""
    path = f"/donors/{donor.id}/roles"
    said = {"role": "target", "stance": "against", "since_on": "2026-01-05"}
    answers = [api.post(path, said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    row = answers[0].get_json()
    assert (row["role"], row["stance"], row["until_on"]) == ("target", "against", None)
    assert read(api, path) == [row]
    assert problem(api.post(path, {**said, "role": "volunteer"}))["code"] == "stance_of_target"
    for _ in range(2):
        assert api.post(f"{path}/{row['id']}/end", {"until_on": "2026-06-30"}).status_code == 200
    assert problem(api.post(f"{path}/{row['id']}/end", {"until_on": "2026-07-01"}))["code"] == "ended_already"


def test_who_joined_in_a_year_is_listed(
    api: Caller, donor: Donor, caller_with: Callable[..., Caller]
) -> None:
    """First and last day count, page by page in the order of the days, without fees for who sees none."""
    days = ("2023-12-31", "2024-01-01", "2024-12-31", "2025-01-01")
    for number, day in enumerate(reversed(days)):
        fee = {"amount": "10.00", "currency": "PLN"}
        said = {"kind": f"k{number}", "since_on": day, "fee": fee}
        assert api.post(f"/donors/{donor.id}/memberships", said).status_code == 201
    path = "/memberships?joined_from=2024-01-01&joined_to=2024-12-31"
    assert [row["since_on"] for row in read(api, path)] == ["2024-01-01", "2024-12-31"]
    first = api.get(f"{path}&limit=1").get_json()
    second = api.get(first["next"].removeprefix("/api/v1")).get_json()
    assert (first["data"] + second["data"], second["has_more"]) == (read(api, path), False)
    assert len(read(api, "/memberships")) == len(days)
    reader = caller_with({"donors:read"}, "reader")
    assert "10.00" in api.get(path).text and "10.00" not in reader.get(path).text
