"""Files of donors over the API: sent as multipart, once, listed, fetched as they came, taken away."""

from __future__ import annotations

import io
from collections.abc import Callable

from werkzeug.test import TestResponse

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor
from donorhub.services.access import hidden_fields, users
from tests.api.conftest import Caller, dump, problem

PDF = b"%PDF-1.7 Deklaracja"


def send(api: Caller, donor: Donor, content: bytes = PDF, *, key: str = "", **fields: str) -> TestResponse:
    data = {"file": (io.BytesIO(content), "Umowa ë.pdf"), **fields}
    return api.post(f"/donors/{donor.id}/files", key=key, data=data, content_type="multipart/form-data")


def test_file_is_sent_once_and_fetched(api: Caller, donor: Donor) -> None:
    """The same request and the same bytes are one file, and its content is what was sent."""
    first = send(api, donor, key="k" * 20, note="signed")
    row = first.get_json()
    assert (first.status_code, row["kind"], row["name"], row["note"]) == (201, "pdf", "Umowa ë.pdf", "signed")
    assert send(api, donor, key="k" * 20, note="signed").get_json() == row
    before = dump()
    again = send(api, donor, note="another")
    assert (again.status_code, again.get_json()) == (200, row)
    key_table = "idempotency_key"  # of this request too
    assert {**dump(), key_table: ()} == {**before, key_table: ()}
    path = f"/donors/{donor.id}/files"
    assert api.get(path).get_json() == {"data": [row]}
    content = api.get(f"{path}/{row['id']}/content")
    assert content.get_data() == PDF and content.content_type == "application/octet-stream"
    assert content.headers["Content-Disposition"].startswith("attachment; ")
    assert content.headers["X-Content-Type-Options"] == "nosniff"


def test_file_is_taken_away_over_the_api(api: Caller, donor: Donor) -> None:
    """What is left is answered; a second time there is nothing to take away."""
    path = f"/donors/{donor.id}/files/{send(api, donor).get_json()['id']}"
    assert api.post(f"{path}/remove", {}).get_json() == {"data": []}
    before = dump()
    assert problem(api.post(f"{path}/remove", {}, key=None))["status"] == 404
    assert problem(api.get(f"{path}/content"))["status"] == 404
    assert dump() == before


def test_refused_upload_changes_nothing(api: Caller, donor: Donor) -> None:
    """A kind that is not kept, a note too long, no file and no donor are refused by their field."""
    before = dump()
    refusal = problem(send(api, donor, b"MZ\x90\x00"))
    assert (refusal["status"], refusal["code"]) == (422, "donor_file_kind")
    assert problem(send(api, donor, note="x" * 201))["errors"][0]["pointer"] == "/note"
    no_file = api.post(f"/donors/{donor.id}/files", data={"note": "x"}, content_type="multipart/form-data")
    assert problem(no_file)["errors"][0]["pointer"] == "/file"
    donor.id += 4711
    db.session.expunge(donor)
    assert problem(send(api, donor))["status"] == 404
    assert dump() == before


def test_hidden_files_are_no_files(api: Caller, donor: Donor, caller_with: Callable[..., Caller]) -> None:
    """A token of a role that does not see files lists none, fetches none and adds none."""
    path, id_ = f"/donors/{donor.id}/files", send(api, donor).get_json()["id"]
    hidden_fields.hide_field("files", ["fundraiser"], now=clock.now(), actor="user:1")
    scopes = {"donors:read", "donors:write"}
    _, token = users.create_token("f", scopes, role="fundraiser", now=clock.now(), actor="system:0")
    db.session.commit()
    blind = Caller(api._client.application, token)
    assert blind.get(path).get_json() == {"data": []}
    assert problem(blind.get(f"{path}/{id_}/content"))["status"] == 404
    assert problem(blind.post(f"{path}/{id_}/remove", {}))["status"] == 404
    assert problem(send(blind, donor, b"another"))["status"] == 404
    assert len(api.get(path).get_json()["data"]) == 1
