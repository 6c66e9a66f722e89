"""The organisation's logo over the API: sent as multipart, fetched as it is kept, taken away."""

from __future__ import annotations

import io
from collections.abc import Callable

from werkzeug.test import TestResponse

from tests.api.conftest import Caller, dump, problem
from tests.pictures import make_picture, open_picture

PATH = "/organisation/logo"


def send(api: Caller, content: bytes, *, key: str = "") -> TestResponse:
    data = {"file": (io.BytesIO(content), "logo.png")}
    return api.post(PATH, key=key, data=data, content_type="multipart/form-data")


def test_logo_is_kept_fetched_and_removed(caller_with: Callable[..., Caller]) -> None:
    """A picture is the logo from then on, the same one again changes nothing, and it goes once."""
    api = caller_with(["donors:read", "settings:write"])
    assert problem(api.get(PATH))["status"] == 404
    first = send(api, make_picture())
    assert (first.status_code, first.get_json()["width"], first.get_json()["height"]) == (201, 660, 220)
    assert first.headers["Location"].endswith("/api/v1/organisation/logo")
    before = dump()
    again = send(api, make_picture("PNG"))
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert {**dump(), "idempotency_key": ()} == {**before, "idempotency_key": ()}
    picture = api.get(PATH)
    assert picture.content_type == "image/png" and open_picture(picture.get_data()).size == (660, 220)
    answers = [api.post(f"{PATH}/remove", {}).get_json() for _ in range(2)]
    assert answers == [{"was_there": True}, {"was_there": False}]


def test_refused_logo_changes_nothing(caller_with: Callable[..., Caller]) -> None:
    """What is no picture, and who may not set the organisation, is refused."""
    api = caller_with(["donors:read", "settings:write"])
    send(api, make_picture())
    reader = caller_with(["donors:read"])
    before = dump()
    refusal = problem(send(api, b"<svg/>"))
    assert (refusal["status"], refusal["code"], refusal["errors"][0]["pointer"]) == (
        422,
        "logo_kind",
        "/file",
    )
    assert problem(send(reader, make_picture(size=(9, 9))))["status"] == 403
    assert dump() == before
