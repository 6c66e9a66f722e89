"""Donors and past gifts over the API: sent, shown with its sums, answered, confirmed as shown, taken back."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.jobs.queue.worker import work_once
from donorhub.models import Donor, Gift
from importers import presets
from tests import record_books
from tests.api.conftest import Caller, dump
from tests.services.moving.records import count
from tests.services.moving.test_presets import MAILCHIMP, read_sample, zip_mailchimp

MULTIPART = "multipart/form-data"
YEARS = record_books.make_polish_years()


def send(api: Caller, data: bytes, name: str = "years.xlsx") -> Any:
    return api.post("/record-files", data={"file": (io.BytesIO(data), name)}, content_type=MULTIPART)


def send_years(api: Caller) -> str:
    """Send a Polish workbook; return its address."""
    answer = send(api, YEARS)
    assert answer.status_code == 201, answer.json
    return f"/record-files/{answer.json['data'][0]['id']}"


def work(app: Flask) -> None:
    while work_once(app):
        pass


def test_a_workbook_comes_as_it_was_shown(database: Flask, api: Caller) -> None:
    """Nothing changes before the digest is confirmed: sums, questions, held rows are told, then all comes."""
    page = send_years(api)
    plan = api.get(page).json
    assert [question["code"] for question in plan["questions"]] == ["currency"]
    assert (plan["can_be_written"], count(Donor), count(Gift)) == (False, 0, 0)
    plan = api.post(f"{page}/answers", {"currency": "PLN"}).json
    assert plan["counts"] == {"made": 6, "joined": 0, "known": 0, "held": 1, "left_out": 0}
    assert plan["sums"] == [{"amount": {"amount": "1684.50", "currency": "PLN"}}]
    second = plan["sheets"][1]
    assert (second["own_amount"]["amount"], second["difference"]["amount"]) == ("330.00", "30.00")
    assert second["out_rows"] == [8]
    (held,) = api.get(f"{page}/rows?state=held").json["data"]
    assert (held["key"], held["message"]) == ("2024!8", "the day cannot be read")
    assert ",the day cannot be read,2024 8" in api.get(f"{page}/held-rows.csv").text
    assert api.post(f"{page}/write", {"digest": plan["digest"]}).status_code == 202
    work(database)
    told = api.get(page).json
    assert (told["state"], told["new_count"], count(Donor), count(Gift)) == ("done", 6, 4, 6)


def test_a_held_row_is_mended_and_left_out(database: Flask, api: Caller) -> None:
    """Cells are mended by the row's key; what is said of one row leaves what was said of another."""
    page = send_years(api)
    api.post(f"{page}/answers", {"currency": "PLN", "rows": {"2023!5": {"is_left_out": True}}})
    plan = api.post(f"{page}/answers", {"rows": {"2024!8": {"cells": {"4": "2024-05-01"}}}}).json
    assert (plan["counts"]["held"], plan["counts"]["left_out"]) == (0, 1)
    assert plan["answers"]["currency"] == "PLN"


def test_twice_changes_nothing(database: Flask, api: Caller) -> None:
    """The same bytes, the same confirmation and the same taking back again leave all as it is."""
    page = send_years(api)
    assert send(api, YEARS).status_code == 200
    digest = api.post(f"{page}/answers", {"currency": "PLN"}).json["digest"]
    for _ in range(2):
        assert api.post(f"{page}/write", {"digest": digest}).status_code == 202
    work(database)
    assert api.post(f"{page}/write", {"digest": digest}).json["state"] == "done"
    work(database)
    assert count(Gift) == 6
    view = api.get(f"{page}/take-back").json
    assert (len(view["gift_ids"]), len(view["donor_ids"]), view["obstacles"]) == (6, 4, [])
    for _ in range(2):
        assert api.post(f"{page}/take-back", {"digest": view["digest"]}).json["state"] == "taken_back"


def test_what_changed_is_shown_again(database: Flask, api: Caller) -> None:
    """A stale digest is 409 with the plan of now, and nothing is planned or taken back."""
    page = send_years(api)
    digest = api.post(f"{page}/answers", {"currency": "PLN"}).json["digest"]
    api.post("/donors", {"name": "Piotr Zieliński", "phone": "+48602345678"})
    before = dump()
    answer = api.post(f"{page}/write", {"digest": digest})
    assert (answer.status_code, answer.json["code"]) == (409, "changed")
    assert answer.json["preview"]["digest"] != digest
    assert dump() == before
    assert api.post(f"{page}/write", {"digest": answer.json["preview"]["digest"]}).status_code == 202
    work(database)
    refusal = api.post(f"{page}/take-back", {"digest": "stale"})
    assert (refusal.status_code, refusal.json["code"]) == (409, "changed")
    assert refusal.json["preview"]["gift_ids"]


def test_questions_must_be_answered(api: Caller) -> None:
    """A file that asks something is not written, wrong answers are refused, and no table is kept."""
    page = send_years(api)
    plan = api.get(page).json
    answer = api.post(f"{page}/write", {"digest": plan["digest"]})
    assert (answer.status_code, answer.json["code"]) == (409, "cannot_be_written")
    before = dump()
    assert api.post(f"{page}/answers", {"columns": {"0": "nonsense"}}).status_code == 422
    assert api.post(f"{page}/answers", {"nonsense": 1}).status_code == 422
    assert send(api, b"\x89PNG\r\n\x1a\n" + b"x" * 99, "a.png").json["code"] == "no_table_of_people"
    assert dump() == before


def test_a_zip_is_its_files(api: Caller) -> None:
    """The three files of an audience are recognised, and the subscribed wait for the other two."""
    files = send(api, zip_mailchimp(*MAILCHIMP), "export.zip").json["data"]
    assert [file["preset"] for file in files][-1] == "mailchimp-subscribed"
    (question,) = api.get(f"/record-files/{files[-1]['id']}").json["questions"]
    assert question["examples"] == ["Mailchimp: unsubscribed", "Mailchimp: cleaned"]


def test_presets_are_told(api: Caller) -> None:
    """Programs see every kind of file that is known."""
    told = api.get("/record-files/presets").json["data"]
    assert {one["name"] for one in told} == {one.name for one in presets.list_presets()}


@pytest.mark.parametrize("lacking", ["donors:write", "gifts:write"])
def test_writing_takes_all_that_the_page_takes(
    database: Flask, api: Caller, caller_with: Callable[..., Caller], lacking: str
) -> None:
    """A token that may not write donors or gifts sends, answers, confirms and takes back nothing."""
    page = send_years(api)
    other = caller_with(PERMISSIONS - {lacking}, "other")
    before = dump()
    assert send(other, read_sample("civicrm-contacts"), "x.csv").status_code == 403
    for path, body in (
        ("answers", {"currency": "PLN"}),
        ("write", {"digest": "x"}),
        ("take-back", {"digest": "x"}),
    ):
        assert other.post(f"{page}/{path}", body).status_code == 403, path
    assert dump()["import_file"] == before["import_file"]


def test_reading_takes_donors_read(api: Caller, caller_with: Callable[..., Caller]) -> None:
    """Who may not see donors sees no row, and who may not see gifts no sum of one."""
    page = send_years(api)
    api.post(f"{page}/answers", {"currency": "PLN"})
    other = caller_with(PERMISSIONS - {"donors:read"}, "other")
    assert (other.get(page).status_code, other.get(f"{page}/rows").status_code) == (403, 403)
    blind = caller_with(PERMISSIONS - {"gifts:read"}, "blind")
    told = blind.get(page)
    assert told.status_code == 200
    assert "1684.50" not in told.text
    assert blind.get(f"{page}/rows").status_code == 403
