"""Duplicates and merges over the API: seen, confirmed as seen, undone, and numbers that lead on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import DuplicateVerdict
from donorhub.services.donors import duplicate_scan
from tests.api.conftest import Caller, dump
from tests.conftest import NOW

ANNA = {"name": "Anna Kowalska", "given_name": "Anna", "family_name": "Kowalska", "email": "anna@example.org"}


def add_twins(api: Caller) -> tuple[int, int]:
    first = api.post("/donors", ANNA).get_json()
    external = api.put(
        "/donors/by-external-id/crm/7", {**ANNA, "name": "Ania Kowalska", "given_name": "Ania"}
    )
    return first["id"], external.get_json()["id"]


def ask() -> None:
    for ids in duplicate_scan.stream_changed_ids():
        duplicate_scan.look_at(ids, now=NOW)
    db.session.commit()


def test_allowed_duplicate_is_another(api: Caller) -> None:
    """Who is added although one is alike is another person from then on: nobody is asked."""
    api.post("/donors", ANNA)
    assert api.post("/donors?allow_duplicate=true", ANNA).status_code == 201
    rows = db.session.execute(
        select(DuplicateVerdict.left_id, DuplicateVerdict.right_id, DuplicateVerdict.verdict)
    )
    assert [tuple(row) for row in rows] == [(1, 2, "different")]
    ask()
    assert api.get("/duplicates").get_json()["data"] == []


def test_group_is_answered(api: Caller) -> None:
    """A group is listed, shown with its evidence, and answered as it was shown."""
    ids = list(add_twins(api))
    ask()
    (question,) = api.get("/duplicates").get_json()["data"]
    assert question["donor_ids"] == ids and question["state"] == "open"
    review: dict[str, Any] = api.get(f"/duplicates/{question['id']}").get_json()
    (comparison,) = review["comparisons"]
    assert [one["kind"] for one in comparison["evidence"]] == ["email", "surname", "given_form"]
    assert review["people"] == [ids] and comparison["score"] == 71
    path = f"/duplicates/{question['id']}/answer"
    before = dump()
    changed = api.post(path, {"answer": "one", "digest": "0" * 64})
    assert changed.status_code == 409 and changed.get_json()["preview"]["digest"] == review["digest"]
    assert api.post(path, {"answer": "right"}).status_code == 422
    assert dump() == before
    answered = api.post(path, {"answer": "one", "digest": review["digest"]})
    assert answered.status_code == 200 and answered.get_json()["state"] == "answered"
    again = api.post(path, {"answer": "different", "digest": review["digest"]})
    assert again.get_json()["answer"] == "one"
    assert api.get(f"/donors/{ids[1]}").status_code == 308


def test_merge_and_undo(api: Caller) -> None:
    """A preview is confirmed by its digest; every number and key leads on; the undo gives both back."""
    one, other = add_twins(api)
    code = api.get(f"/donors/{other}").get_json()["code"]
    body = {"donor_id": other, "other_id": one}
    preview = api.post("/merges/preview", body).get_json()
    assert (preview["survivor_id"], preview["loser_id"]) == (one, other)
    assert preview["choices"] == [{"field": "name", "is_taken": False}]
    before = dump()
    assert api.post("/merges", {**body, "digest": "0" * 64}).status_code == 409 and dump() == before
    merged = api.post("/merges", {**body, "digest": preview["digest"]})
    assert merged.status_code == 201
    merge = merged.get_json()
    assert api.post("/merges", body).status_code == 200
    redirect = api.get(f"/donors/{other}")
    assert redirect.status_code == 308 and redirect.headers["Location"].endswith(f"/donors/{one}")
    assert api.get("/donors/by-external-id/crm/7").get_json()["id"] == one
    assert [row["id"] for row in api.get(f"/donors?code={code}").get_json()["data"]] == [one]
    assert [row["id"] for row in api.get("/merges").get_json()["data"]] == [merge["id"]]
    path = f"/merges/{merge['id']}/undo"
    assert api.post(path, {"digest": "0" * 64}).status_code == 409
    undone = api.post(path, {"digest": merge["digest"]})
    assert undone.status_code == 200 and undone.get_json()["undone_at"]
    assert api.get(f"/donors/{other}").get_json()["code"] == code
    before = dump()
    assert api.post(path, {}).status_code == 200
    assert {name: held for name, held in dump().items() if name != "idempotency_key"} == {
        name: held for name, held in before.items() if name != "idempotency_key"
    }


def test_refused_merge_changes_nothing(api: Caller) -> None:
    """With themselves, with nobody, with another kind."""
    one, _other = add_twins(api)
    firm = api.post("/donors", {"name": "Firma", "kind": "organisation"}).get_json()["id"]
    before = dump()
    for other, status in ((one, 422), (99, 404), (firm, 422)):
        assert api.post("/merges", {"donor_id": one, "other_id": other}).status_code == status
        assert dump() == before
