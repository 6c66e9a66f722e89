"""A write that is sent again is done once and answered the same; one that was refused may be tried again."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Gift, IdempotencyKey, Task
from donorhub.services.access import idempotency
from tests.api.conftest import Caller, dump, problem


def new_gift(donor: Donor, **more: Any) -> dict[str, Any]:
    amount = {"amount": "10.00", "currency": "PLN"}
    return {"donor_id": donor.id, "amount": amount, "received_on": "2026-11-01", **more}


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_repeated_request_gets_first_answer(api: Caller, donor: Donor) -> None:
    """The same request again gets the first answer and changes nothing."""
    first = api.post("/gifts", new_gift(donor), key="k1")
    before = dump()
    again = api.post("/gifts", new_gift(donor), key="k1")
    assert (again.status_code, again.data) == (first.status_code, first.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.headers
    assert dump() == before


def test_key_with_other_body_is_refused(api: Caller, donor: Donor) -> None:
    """A key with another body is refused and changes nothing."""
    api.post("/gifts", new_gift(donor), key="k1")
    before = dump()
    assert (
        problem(api.post("/gifts", new_gift(donor, note="x"), key="k1"))["code"] == "idempotency_key_reused"
    )
    assert dump() == before


def test_key_on_other_path_is_refused(api: Caller, donor: Donor) -> None:
    """A key on another path of the same route is refused and changes nothing."""
    address = "/gifts?allow_duplicate=true"
    one, other = (api.post(address, new_gift(donor)).get_json()["id"] for _ in range(2))
    body = {"reason": "twice"}
    assert api.post(f"/gifts/{one}/corrections", body, key="k1").status_code in (200, 201)
    before = dump()
    answer = api.post(f"/gifts/{other}/corrections", body, key="k1")
    assert problem(answer)["code"] == "idempotency_key_reused"
    assert dump() == before


def test_money_routes_need_a_key(api: Caller, donor: Donor, gift: Gift) -> None:
    """Where money is at stake a key is required, so a repeated request cannot pay twice."""
    before = dump()
    for path, body in (
        ("/gifts", new_gift(donor)),
        ("/receipts", {"gift_ids": [gift.id]}),
        (f"/gifts/{gift.id}/corrections", {"reason": "twice"}),
    ):
        said = problem(api.post(path, body, key=None))
        assert (said["status"], said["code"]) == (400, "idempotency_key_missing")
    assert dump() == before


def test_a_key_that_cannot_be_kept_is_refused(api: Caller, donor: Donor) -> None:
    for key in ("x" * 256, "with blank", "ł".encode().decode("latin-1")):
        assert problem(api.post("/gifts", new_gift(donor), key=key))["code"] == "idempotency_key_invalid"
    assert api.post("/gifts", new_gift(donor), key="x" * 255).status_code == 201


def test_refused_request_frees_its_key(api: Caller, donor: Donor) -> None:
    """A refusal is not kept, so the same key may be tried again."""
    wrong = new_gift(donor) | {"received_on": "2030-01-01"}
    assert api.post("/gifts", wrong, key="k1").status_code == 422
    assert count(IdempotencyKey) == 0
    assert api.post("/gifts", new_gift(donor), key="k1").status_code == 201


def test_keys_of_programs_do_not_meet(api: Caller, caller_with: Callable[..., Caller], donor: Donor) -> None:
    """Keys of two programs and of two routes do not meet."""
    other = caller_with(name="other")
    first = api.post("/gifts", new_gift(donor), key="k1")
    another = new_gift(donor, amount={"amount": "20.00", "currency": "PLN"})
    second = other.post("/gifts", another, key="k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert api.post("/funds", {"code": "k", "name": "K"}, key="k1").status_code == 201
    assert api.post("/gifts", new_gift(donor), key="k1").data == first.data
    assert other.post("/gifts", another, key="k1").data == second.data != first.data
    assert count(Gift) == 2


def test_answer_is_kept_thirty_days(api: Caller, donor: Donor, now: datetime) -> None:
    """An answer is kept for thirty days and then forgotten."""
    api.post("/funds", {"code": "k", "name": "K"}, key="k1")
    assert idempotency.delete_expired_keys(now + timedelta(days=30) - timedelta(seconds=1)) == 0
    assert idempotency.delete_expired_keys(now + timedelta(days=30)) == 1
    db.session.commit()


def test_expired_key_counts_as_forgotten(api: Caller, now: datetime) -> None:
    """A key that the sweep has not reached yet is as good as forgotten."""
    api.post("/funds", {"code": "a", "name": "A"}, key="k1")
    clock.use_clock(lambda: now + timedelta(days=31))
    assert api.post("/funds", {"code": "b", "name": "B"}, key="k1").status_code == 201


def test_simultaneous_twins_make_one_gift(api: Caller, donor: Donor, database: Flask) -> None:
    """Twins at the same moment make one gift and get one answer."""
    body, answers, barrier = new_gift(donor), [], threading.Barrier(8)

    def send() -> None:
        caller = Caller(database, api.token)
        barrier.wait()
        answers.append(caller.post("/gifts", body, key="twin"))

    db.session.rollback()  # this thread asks for nothing while the others write
    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert count(Gift) == 1
    assert db.session.scalar(select(func.count()).where(Task.kind == "thank_you")) == 1


def test_upload_boundary_changes_no_key(api: Caller) -> None:
    """An upload is the same, whatever boundary the client drew."""

    def send(content: bytes) -> Any:
        parts = {"file": (io.BytesIO(content), "a.sta")}
        return api.post("/imports", key="up", data=parts, content_type="multipart/form-data")

    first = send(b"not a statement")
    assert first.status_code == 202, first.data
    again = send(b"not a statement")
    assert (again.status_code, again.data) == (202, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert problem(send(b"another"))["code"] == "idempotency_key_reused"
