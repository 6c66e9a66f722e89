"""Interactions and tasks by hand over the API: what is told is what is kept, once."""

from __future__ import annotations

from donorhub.models import Donor
from tests.api.conftest import Caller, dump, problem


def test_call_is_recorded_and_listed(api: Caller, donor: Donor) -> None:
    """What a program tells of a call is listed with who told it, the oldest first."""
    path = f"/donors/{donor.id}/interactions"
    call = {"kind": "call", "outcome": "reached", "text": "ë", "at": "2026-11-20T10:00:00+01:00"}
    answer = api.post(path, call, key="one")
    again = api.post(path, call, key="one")
    said = answer.get_json()
    assert answer.status_code == 201 and again.get_json() == said
    assert (said["at"], said["direction"], said["source"]) == ("2026-11-20T09:00:00Z", "out", "api")
    api.post(path, {"kind": "note", "text": "older", "at": "2026-11-19T10:00:00Z"})
    listed = api.get(path).get_json()["data"]
    assert [row["text"] for row in listed] == ["older", "ë"]
    assert [row["id"] for row in api.get(f"{path}?kind=call").get_json()["data"]] == [said["id"]]
    events = api.get(f"/donors/{donor.id}/timeline").get_json()["data"]
    event = next(one for one in events if (one["kind"], one["id"]) == ("interaction", said["id"]))
    assert (event["facts"]["interaction"], event["facts"]["outcome"], event["facts"]["text"]) == (
        "call",
        "reached",
        "ë",
    )


def test_correction_leaves_what_it_corrects(api: Caller, donor: Donor) -> None:
    """Both rows are listed, the timeline shows the last, and a second correction of the first is refused."""
    path = f"/donors/{donor.id}/interactions"
    first = api.post(path, {"kind": "note", "text": "cats", "at": "2026-11-20T09:00:00Z"}).get_json()
    right = {"kind": "note", "text": "dogs", "at": "2026-11-20T09:00:00Z"}
    second = api.post(f"{path}/{first['id']}/correct", right).get_json()
    assert second["corrects_id"] == first["id"]
    assert [row["text"] for row in api.get(f"{path}?sort=id").get_json()["data"]] == ["cats", "dogs"]
    timeline = api.get(f"/donors/{donor.id}/timeline").get_json()["data"]
    assert [row["facts"]["text"] for row in timeline if row["kind"] == "interaction"] == ["dogs"]
    before = dump()
    refusal = problem(api.post(f"{path}/{first['id']}/correct", right))
    assert (refusal["status"], refusal["code"]) == (409, "corrected_already")
    assert dump() == before


def test_what_does_not_fit_is_named(api: Caller, donor: Donor) -> None:
    """Each fault is named by its field, and nothing is recorded."""
    path = f"/donors/{donor.id}/interactions"
    before = dump()
    for body, pointer in (
        ({"kind": "note"}, "/text"),
        ({"kind": "song", "text": "x"}, "/kind"),
        ({"kind": "visit", "text": "x", "outcome": "reached"}, "/outcome"),
        ({"kind": "note", "text": "x", "direction": "in"}, "/direction"),
        ({"kind": "note", "text": "x", "at": "2026-11-20"}, "/at"),
        ({"kind": "note", "text": "x", "by": "me"}, "/by"),
    ):
        refusal = problem(api.post(path, body))
        assert (refusal["status"], refusal["errors"][0]["pointer"]) == (422, pointer), body
    assert (
        problem(api.post(path, {"kind": "note", "text": "x", "at": "2126-11-20T00:00:00Z"}))["code"]
        == "not_yet"
    )
    assert problem(api.post("/donors/4711/interactions", {"kind": "note", "text": "x"}))["status"] == 404
    assert dump() == before


def test_task_is_planned_for_a_donor(api: Caller, donor: Donor) -> None:
    """A task by hand has its title and its day, and is refused for a day that is over."""
    body = {"donor_id": donor.id, "title": "Visit", "due_on": "2026-12-01"}
    answer = api.post("/tasks", body, key="one")
    assert api.post("/tasks", body, key="one").get_json() == answer.get_json()
    said = api.get(answer.headers["Location"].removeprefix("/api/v1")).get_json()
    assert (said["kind"], said["title"], said["donor_id"]) == ("by_hand", "Visit", donor.id)
    assert len(api.get(f"/tasks?donor_id={donor.id}&kind=by_hand").get_json()["data"]) == 1
    before = dump()
    assert problem(api.post("/tasks", {**body, "due_on": "2026-11-01"}))["code"] == "due_day_over"
    assert problem(api.post("/tasks", {**body, "donor_id": 4711}))["status"] == 404
    assert dump() == before


def test_token_needs_the_scope(caller_with: object, donor: Donor) -> None:
    """Whoever may only read records nothing."""
    reader: Caller = caller_with({"donors:read"})  # type: ignore[operator]
    path = f"/donors/{donor.id}/interactions"
    assert problem(reader.post(path, {"kind": "note", "text": "x"}))["status"] == 403
    assert reader.get(path).get_json()["data"] == []


def test_timeline_is_asked_for_a_part(api: Caller, donor: Donor) -> None:
    """One part of the timeline holds its kinds alone, and a part that nobody knows is refused."""
    api.post(f"/donors/{donor.id}/interactions", {"kind": "note", "text": "x"})
    path = f"/donors/{donor.id}/timeline"
    assert {row["kind"] for row in api.get(path).get_json()["data"]} == {"donor", "interaction"}
    assert [row["kind"] for row in api.get(f"{path}?part=interactions").get_json()["data"]] == ["interaction"]
    assert api.get(f"{path}?part=gifts").get_json()["data"] == []
    assert problem(api.get(f"{path}?part=all"))["status"] == 422
