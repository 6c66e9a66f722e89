"""Bank files over the API: sent in, read, asked about, decided, taken back."""

from __future__ import annotations

import io
import json
from typing import Any
from zipfile import ZIP_STORED

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from donorhub.db import db
from donorhub.jobs.queue.worker import work_once
from donorhub.models import Donor, ImportFile
from tests.api.conftest import Caller, dump, problem
from tests.importers.zips import damage_member, pack_files

# Two credits and a fee; 1000.00 + 50.00 + 30.00 - 4.00 = 1076.00.
MT940 = b"""\
:20:STMT
:25:PL61109010140000071219812874
:28C:1/1
:60F:C261101PLN1000,00
:61:2611021102C50,00NTRFNONREF//B1
:86:020?00PRZELEW?20DAROWIZNA DH-1001-7?32LUCJA ZOLC?38PL27114020040000300201355387
:61:2611031103C30,00NTRFNONREF//B2
:86:020?00PRZELEW?20DLA PIESKOW?32NOWA OSOBA?38PL83101010230000261395100000
:61:2611041104D4,00NCHGNONREF//B3
:86:034?00OPLATA?20PROWIZJA ZA PRZELEW
:62F:C261104PLN1076,00
-
"""


def send(api: Caller, content: bytes = MT940, **parts: Any) -> TestResponse:
    data = {"file": (io.BytesIO(content), "wyciag.sta"), **parts}
    return api.post("/imports", data=data, content_type="multipart/form-data")


def work(app: Flask) -> None:
    db.session.rollback()
    while work_once(app):
        pass


@pytest.fixture
def import_row(database: Flask, api: Caller, donor: Donor) -> dict[str, Any]:
    sent = send(api, create_accounts="true")
    assert sent.status_code == 202, sent.data
    work(database)
    said: dict[str, Any] = api.get(sent.headers["Location"].removeprefix("/api/v1")).get_json()
    return said


def entries(api: Caller, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/entries?{query}").get_json()["data"]
    return found


def test_file_is_received_then_read(import_row: dict[str, Any], api: Caller) -> None:
    """A file is taken in at once and read afterwards, and statements and entries show its figures."""
    counts = {name: import_row[name] for name in ("state", "statements_count", "entries_count", "new_count")}
    assert counts == {"state": "done", "statements_count": 1, "entries_count": 3, "new_count": 3}
    (statement,) = api.get(f"/statements?import_file_id={import_row['id']}").get_json()["data"]
    assert (statement["integrity"], statement["state"]) == ("proved", "posted")
    assert (statement["opening"]["amount"], statement["closing"]["amount"]) == ("1000.00", "1076.00")
    assert statement["sum"] == {"amount": "76.00", "currency": "PLN"}
    assert api.get(f"/statements/{statement['id']}").get_json() == statement
    assert sorted(row["amount"]["amount"] for row in entries(api)) == ["-4.00", "30.00", "50.00"]


def test_the_same_bytes_again_change_nothing(import_row: dict[str, Any], api: Caller) -> None:
    before = {name: rows for name, rows in dump().items() if name != "idempotency_key"}
    again = send(api)
    assert (again.status_code, again.get_json()["id"]) == (200, import_row["id"])
    assert {name: rows for name, rows in dump().items() if name != "idempotency_key"} == before


def test_unreadable_file_lists_its_problems(database: Flask, api: Caller) -> None:
    """A file that cannot be read says so line by line, also as a table for download."""
    made = send(api, b"=cmd();this is no statement\n").get_json()
    work(database)
    path = f"/imports/{made['id']}"
    assert api.get(path).get_json()["state"] in ("refused", "asking")
    problems = api.get(f"{path}/problems").get_json()["data"]
    assert problems and problems[0]["message"]
    table = api.get(f"{path}/problems.csv")
    assert table.content_type == "text/csv; charset=utf-8" and table.text.startswith(
        "level,code,where,message"
    )


def test_spreadsheet_formula_is_made_harmless(database: Flask, api: Caller) -> None:
    """A cell that a spreadsheet would calculate is made harmless, since a bank file may come from anyone."""
    send(api, b"nothing")
    file = db.session.get_one(ImportFile, 1)
    file.problems = [{"level": "error", "code": "x", "message": "=HYPERLINK()", "where": " ＝1"}]
    db.session.commit()
    assert "'=HYPERLINK()" in api.get("/imports/1/problems.csv").text
    assert "' ＝1" in api.get("/imports/1/problems.csv").text


def test_proposal_is_explained_and_accepted(import_row: dict[str, Any], api: Caller, donor: Donor) -> None:
    """What the engine proposes comes with its reasons and is accepted; accepting again changes nothing."""
    row = next(row for row in entries(api, "state=suspense") if row["amount"]["amount"] == "50.00")
    shown = api.get(f"/entries/{row['id']}").get_json()
    best = shown["proposals"][0]["candidates"][0]
    assert best["parts"][0]["donor_id"] == donor.id and best["reasons"]
    decided = api.post(f"/entries/{row['id']}/matches", {"rank": 0}).get_json()
    assert decided["state"] == "matched" and decided["proposals"] == []
    gift = api.get(f"/gifts/{decided['matches'][0]['gift_id']}").get_json()
    assert (gift["amount"]["amount"], gift["donor_id"], gift["source"]) == ("50.00", donor.id, "bank")
    before = {name: rows for name, rows in dump().items() if name != "idempotency_key"}
    assert api.post(f"/entries/{row['id']}/matches", {"rank": 0}).get_json() == decided
    assert {name: rows for name, rows in dump().items() if name != "idempotency_key"} == before


def test_a_decision_is_undone_by_a_correction(import_row: dict[str, Any], api: Caller, donor: Donor) -> None:
    row = next(row for row in entries(api) if row["amount"]["amount"] == "30.00")
    parts = [
        {"donor_id": donor.id, "amount": {"amount": "10.00", "currency": "PLN"}},
        {"donor_id": donor.id, "amount": {"amount": "20.00", "currency": "PLN"}, "fund_id": 1},
    ]
    decided = api.post(f"/entries/{row['id']}/matches", {"parts": parts}).get_json()
    ids = [match["gift_id"] for match in decided["matches"]]
    assert len(ids) == 2
    undone = api.post(f"/entries/{row['id']}/undo", {}).get_json()
    assert undone["state"] == "suspense" and all(match["undone_at"] for match in undone["matches"])
    assert {api.get(f"/gifts/{id_}").get_json()["left"]["amount"] for id_ in ids} == {"0.00"}


def test_a_payer_whom_nobody_knows_becomes_a_donor(import_row: dict[str, Any], api: Caller) -> None:
    row = next(row for row in entries(api) if row["amount"]["amount"] == "30.00")
    given = {"name": "Nowa Osoba", "email": "nowa@example.org"}
    decided = api.post(f"/entries/{row['id']}/matches", {"new_donor": given}).get_json()
    donor = api.get(f"/donors/{decided['matches'][0]['donor_id']}").get_json()
    assert (donor["name"], donor["email"]) == ("Nowa Osoba", "nowa@example.org")


@pytest.mark.parametrize(
    ("decision", "pointer"),
    [
        ({}, "/"),
        ({"rank": 0, "not_gift": "x"}, "/"),
        ({"rank": "0"}, "/rank"),
        ({"parts": []}, "/parts"),
        ({"parts": [{"donor_id": 1, "amount": {"amount": "1.00", "currency": "PLN"}}]}, "/parts"),
        ({"parts": [{"donor_id": 1, "amount": {"amount": "30.00", "currency": "EUR"}}]}, "/parts"),
        ({"payout_id": 99}, "/payout_id"),
        ({"gift_id": 99}, "/gift_id"),
        ({"not_gift": ""}, "/not_gift"),
        ({"new_donor": {"lang": "de"}}, "/new_donor/lang"),
    ],
)
def test_impossible_decision_names_its_field(
    import_row: dict[str, Any], api: Caller, decision: dict[str, Any], pointer: str
) -> None:
    """A decision that cannot be is refused with the name of the field, and nothing changes."""
    row = next(row for row in entries(api) if row["amount"]["amount"] == "30.00")
    before = dump()
    said = problem(api.post(f"/entries/{row['id']}/matches", decision))
    assert pointer in [error["pointer"] for error in said["errors"]], said
    assert dump() == before


def test_receipt_blocks_taking_back_file(import_row: dict[str, Any], api: Caller, donor: Donor) -> None:
    """A whole file is taken back, unless a receipt stands in the way."""
    row = next(row for row in entries(api) if row["amount"]["amount"] == "50.00")
    matched = api.post(f"/entries/{row['id']}/matches", {"rank": 0}).get_json()
    receipt = api.post("/receipts", {"gift_ids": [matched["matches"][0]["gift_id"]]}).get_json()
    path, asked = f"/imports/{import_row['id']}", {"reason": "wrong account", "undo_decisions": True}
    kinds = {one["kind"] for one in api.get(f"{path}/obstacles").get_json()["data"]}
    assert kinds == {"receipt", "decision"}
    assert problem(api.post(f"{path}/take-back", asked))["code"] == "in_the_way"
    api.post(f"/receipts/{receipt['id']}/void", {"reason": "wrong account"})
    assert problem(api.post(f"{path}/take-back", {"reason": "x"}))["code"] == "in_the_way"
    assert api.post(f"{path}/take-back", asked).get_json()["state"] == "taken_back"
    assert {row["state"] for row in entries(api)} <= {"taken_back"}


def test_own_account_is_added_once(api: Caller) -> None:
    """An account of ours is added once and can be changed."""
    new = {"number": "PL61 1090 1014 0000 0712 1981 2874", "currency": "PLN", "name": "Main"}
    made = api.post("/bank-accounts", new).get_json()
    assert made["number"] == "PL61109010140000071219812874"
    assert api.post("/bank-accounts", new).get_json()["id"] == made["id"]
    shown = api.get(f"/bank-accounts/{made['id']}")
    assert shown.get_json()["gaps"] == []
    changed = api.patch(f"/bank-accounts/{made['id']}", {"matching": "auto"}, etag=shown.headers["ETag"])
    assert changed.get_json()["matching"] == "auto"
    assert [row["id"] for row in api.get("/bank-accounts").get_json()["data"]] == [made["id"]]
    refused = api.post("/bank-accounts", new | {"matching": "yes"})
    assert problem(refused)["errors"][0]["pointer"] == "/matching"


LAYOUT = {
    "name": "our bank",
    "delimiter": ";",
    "date_order": "ymd",
    "decimal": ",",
    "currency": "PLN",
    "header": ["Data", "Nadawca", "Tytul", "Kwota"],
    "columns": [
        {"role": "booked_on", "name": "Data"},
        {"role": "name", "name": "Nadawca"},
        {"role": "remittance", "name": "Tytul"},
        {"role": "amount", "name": "Kwota"},
    ],
}
TABLE = b"Data;Nadawca;Tytul;Kwota\n2026-11-02;Anna;DH-1001-7;50,00\n2026-11-03;Jan;x;abc\n"


def test_layout_is_tried_kept_and_versioned(api: Caller) -> None:
    """A layout is tried out without storing anything, kept, and kept anew when it changes."""
    before = dump()
    data = {"file": (io.BytesIO(TABLE), "t.csv"), "layout": json.dumps(LAYOUT), "currency": "PLN"}
    tried = api.post("/column-mappings/preview", data=data, content_type="multipart/form-data", key=None)
    assert tried.status_code == 200, tried.data
    rows = tried.get_json()["rows"][1:]  # the first is the header
    assert [(row["status"], row.get("counterparty")) for row in rows] == [("entry", "Anna"), ("failed", None)]
    assert rows[0]["amount"] == {"amount": "50.00", "currency": "PLN"} and rows[1]["why"]
    assert dump() == before
    made = api.post("/column-mappings", {"name": "ours", "layout": LAYOUT}).get_json()
    assert (made["version"], made["signature"] != "") == (1, True)
    assert api.post("/column-mappings", {"name": "ours", "layout": LAYOUT}).get_json()["id"] == made["id"]
    changed = api.post("/column-mappings", {"name": "ours", "layout": LAYOUT | {"debits": "negative"}})
    assert changed.get_json()["version"] == 2
    assert api.get(f"/column-mappings/{made['id']}").get_json() == made
    assert len(api.get("/column-mappings").get_json()["data"]) == 2


def test_preview_proposes_layout_and_asks(api: Caller) -> None:
    """Without a layout the preview proposes one and asks what it leaves open."""
    before = dump()
    table = b"Date;Payer;Details;Amount\n03/04/2026;Anna;gift;50,00\n05/06/2026;Bank;fee;-2,00\n"
    data = {"file": (io.BytesIO(table), "t.csv"), "currency": "EUR"}
    tried = api.post("/column-mappings/preview", data=data, content_type="multipart/form-data", key=None)
    said = tried.get_json()
    assert [question["code"] for question in said["questions"]] == ["date_order", "amounts", "currency"]
    assert [column["role"] for column in said["layout"]["columns"]] == [
        "booked_on",
        "name",
        "remittance",
        "amount",
    ]
    answered = {**said["layout"], "name": "ours", "date_order": "dmy", "amounts": "signed", "currency": "EUR"}
    data = {"file": (io.BytesIO(table), "t.csv"), "layout": json.dumps(answered)}
    tried = api.post("/column-mappings/preview", data=data, content_type="multipart/form-data", key=None)
    assert [row.get("booked_on") for row in tried.get_json()["rows"][1:]] == ["2026-04-03", "2026-06-05"]
    assert dump() == before


def test_preview_explains_what_is_no_table(api: Caller) -> None:
    """What is no table gets its reason from the preview."""
    data = {"file": (io.BytesIO(b"<html>log in</html>"), "t.csv")}
    refused = api.post("/column-mappings/preview", data=data, content_type="multipart/form-data")
    assert (problem(refused)["status"], problem(refused)["code"]) == (422, "not_a_table")


def test_released_statement_names_releaser(database: Flask, api: Caller) -> None:
    """A released statement says who let it in and why, and the first reason stays."""
    sent = send(api, MT940.replace(b"1076,00", b"1077,00"), create_accounts="true")
    work(database)
    api.post("/bank-accounts", {"number": "PL61109010140000071219812874", "currency": "PLN"})
    at = sent.headers["Location"].removeprefix("/api/v1")
    api.post(f"{at}/answers", {"create_accounts": True})
    work(database)
    held = api.get("/statements?state=held").get_json()["data"][0]
    assert held["release_reason"] is None
    told = api.post(f"/statements/{held['id']}/release", {"reason": "the bank said so"}).get_json()
    again = api.post(f"/statements/{held['id']}/release", {"reason": "another"}).get_json()
    assert told["release_reason"] == again["release_reason"] == "the bank said so"
    work(database)
    assert api.get(f"/statements/{held['id']}").get_json()["release_reason"] == "the bank said so"


@pytest.mark.parametrize("layout", ["", "{", "[]", "{}", '{"name": "x", "columns": 7}', '{"a": NaN}', "null"])
def test_meaningless_layout_names_its_field(api: Caller, layout: str) -> None:
    """A layout that means nothing is refused with the name of the field."""
    data = {"file": (io.BytesIO(TABLE), "t.csv"), "layout": layout}
    refused = api.post("/column-mappings/preview", data=data, content_type="multipart/form-data")
    assert problem(refused)["status"] == 422
    assert problem(refused)["errors"][0]["pointer"].startswith("/layout")


def test_all_certain_entries_accepted_once(import_row: dict[str, Any], api: Caller) -> None:
    """All that is called sure is accepted at once, and doing it again finds none."""
    shown = [api.get(f"/entries/{row['id']}").get_json() for row in entries(api, "state=suspense")]
    levels = [
        found["level"] for entry in shown for said in entry["proposals"] for found in said["candidates"]
    ]
    sent = {"bank_account_id": shown[0]["bank_account_id"]}
    assert api.post("/entries/accept-certain", sent).get_json() == {"accepted": levels.count("sure")}
    assert levels.count("sure") == 1
    assert api.post("/entries/accept-certain", {}).get_json() == {"accepted": 0}


def test_accepting_is_idempotent_by_key(import_row: dict[str, Any], api: Caller) -> None:
    """Accepting what is certain is done once for a key."""
    first = api.post("/entries/accept-certain", {}, key="k1")
    again = api.post("/entries/accept-certain", {}, key="k1")
    assert first.get_json() == again.get_json() == {"accepted": 1}
    assert again.headers["Idempotent-Replayed"] == "true"


def test_bank_correction_is_answered_over_api(
    database: Flask, import_row: dict[str, Any], api: Caller
) -> None:
    """A correction by the bank is a question, answered once, undone, and answered with all of its file."""
    corrected = MT940.replace(b"C50,00", b"C40,00").replace(b"PLN1076,00", b"PLN1066,00")
    file_id = send(api, corrected).get_json()["id"]
    work(database)
    (question,) = api.get("/entry-questions?state=open").get_json()["data"]
    assert (question["kind"], question["import_file_id"]) == ("amount_changed", file_id)
    path = f"/entry-questions/{question['id']}"
    for _ in range(2):
        answered = api.post(f"{path}/answer", json={"answer": "corrected"})
        assert (answered.status_code, answered.get_json()["answer"]) == (200, "corrected")
    assert api.get(path).get_json()["state"] == "answered"
    states = {row["id"]: row["state"] for row in entries(api)}
    assert states[question["twin_id"]] == "replaced"
    refused = api.post(f"{path}/answer", json={"answer": "other_money"})
    assert (refused.status_code, problem(refused)["code"]) == (409, "question_answered")
    assert api.post(f"{path}/undo", json={}).get_json()["state"] == "open"
    group = {"import_file_id": file_id, "kind": "amount_changed", "answer": "corrected"}
    assert api.post("/entry-questions/answer-all", json=group).get_json() == {"answered": 1}
    assert api.post("/entry-questions/answer-all", json=group).get_json() == {"answered": 0}
    assert api.post("/entry-questions/99/answer", json={"answer": "known"}).status_code == 404


def send_several(api: Caller, *files: tuple[bytes, str]) -> list[dict[str, Any]]:
    data = {"file": [(io.BytesIO(content), name) for content, name in files], "create_accounts": "true"}
    sent = api.post("/imports/several", data=data, content_type="multipart/form-data")
    assert sent.status_code == 202, sent.data
    arrivals: list[dict[str, Any]] = sent.get_json()["data"]
    return arrivals


def test_several_files_are_answered_one_by_one(database: Flask, api: Caller) -> None:
    """Several files and those in a ZIP are answered one by one, each an import of its own."""
    zip_ = damage_member(pack_files({"a.sta": MT940, "b.sta": b"damaged"}, ZIP_STORED), b"damaged")
    first, damaged, page = send_several(api, (zip_, "may.zip"), (b"<html></html>", "page.csv"))
    assert (first["filename"], first["is_read"], first["problem"]) == ("may.zip / a.sta", True, None)
    assert (damaged["file"], damaged["is_read"], damaged["problem"]["code"]) == (None, False, "archive")
    work(database)
    states = [api.get(f"/imports/{one['file']['id']}").get_json()["state"] for one in (first, page)]
    assert states == ["done", "refused"]
    again, _, _ = send_several(api, (zip_, "may.zip"), (b"<html></html>", "page.csv"))
    assert (again["is_read"], again["file"]["id"]) == (False, first["file"]["id"])


def test_zip_is_sent_where_each_file_is_answered(database: Flask, api: Caller) -> None:
    """Where one file is sent, a ZIP is refused with the address that answers for each file in it."""
    sent = send(api, pack_files({"a.sta": MT940}))
    assert sent.status_code == 422
    said = problem(sent)
    assert said["code"] == "several_files" and "/imports/several" in said["detail"]
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0
