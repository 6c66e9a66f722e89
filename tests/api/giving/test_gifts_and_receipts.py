"""Gifts and receipts over the API, from recording to the PDF and back."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.jobs.queue.worker import work_once
from donorhub.models import Donor, Gift
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from tests.api.conftest import Caller, dump, problem
from tests.receipts import reading

PLN = {"currency": "PLN"}


def test_gift_has_funds_and_rest(api: Caller, donor: Donor) -> None:
    """A gift is recorded for its funds and is shown with what is left of it."""
    fund = api.post("/funds", {"code": "dogs", "name": "Dogs"}).get_json()
    parts = [
        {"fund_id": 1, "amount": {"amount": "4.00", **PLN}},
        {"fund_id": fund["id"], "amount": {"amount": "6", **PLN}},
    ]
    body = {
        "donor_id": donor.id,
        "amount": {"amount": "10.00", **PLN},
        "received_on": "2026-11-01",
        "method": "cash",
        "designations": parts,
        "note": "from the\nbox",
    }
    made = api.post("/gifts", body, key="box-1")
    said = made.get_json()
    assert (said["left"], said["source"], said["source_ref"]) == (
        {"amount": "10.00", **PLN},
        "api:1",
        "box-1",
    )
    assert [part["amount"]["amount"] for part in said["designations"]] == ["4.00", "6.00"]
    assert api.get(f"/gifts/{said['id']}").get_json() == said
    assert [row["id"] for row in api.get(f"/gifts?fund_id={fund['id']}").get_json()["data"]] == [said["id"]]
    assert api.get("/gifts?method=card").get_json()["data"] == []


def test_sources_key_records_once(api: Caller, donor: Donor) -> None:
    """The source's own key records a gift once, whatever the idempotency key."""
    body = {
        "donor_id": donor.id,
        "amount": {"amount": "10.00", **PLN},
        "received_on": "2026-11-01",
        "source": "import:civicrm",
        "source_ref": "C-1",
    }
    first, again = api.post("/gifts", body), api.post("/gifts", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    other = api.post("/gifts", body | {"amount": {"amount": "11.00", **PLN}})
    assert (problem(other)["status"], problem(other)["code"]) == (409, "gift_differs")


def test_merged_donors_gift_is_survivors(api: Caller, donor: Donor, now: datetime) -> None:
    """A gift for a donor that was merged away is the survivor's."""
    other = api.post("/donors", {"name": "Twin"}).get_json()["id"]
    db.session.get_one(Donor, other).merged_into_id = donor.id
    db.session.commit()
    body = {"donor_id": other, "amount": {"amount": "1.00", **PLN}, "received_on": "2026-11-01"}
    assert api.post("/gifts", body).get_json()["donor_id"] == donor.id


def test_corrected_gift_stays_with_nothing_left(api: Caller, gift: Gift) -> None:
    """A corrected gift stays, and nothing is left of it."""
    made = api.post(f"/gifts/{gift.id}/corrections", {"reason": "twice"})
    assert (made.status_code, made.get_json()["amount"]) == (201, {"amount": "50.00", **PLN})
    shown = api.get(f"/gifts/{gift.id}").get_json()
    assert (shown["amount"]["amount"], shown["left"]["amount"]) == ("50.00", "0.00")
    before = dump()
    assert problem(api.post(f"/gifts/{gift.id}/corrections", {"reason": "again"}))["code"] == "nothing_left"
    assert dump() == before


def test_receipt_waits_for_pdf_until_voided(database: Flask, api: Caller, gift: Gift) -> None:
    """A receipt waits for its PDF, can be voided, and then frees its gift."""
    receipt = api.post("/receipts", {"gift_ids": [gift.id], "lang": "en"}).get_json()
    assert receipt["number"] == "R/2026/000001" and receipt["total"] == {"amount": "50.00", **PLN}
    waiting = api.get(f"/receipts/{receipt['id']}/pdf")
    assert problem(waiting)["code"] == "pdf_not_ready" and waiting.headers["Retry-After"] == "2"
    db.session.rollback()
    while work_once(database):
        pass
    pdf = api.get(f"/receipts/{receipt['id']}/pdf")
    assert pdf.content_type == "application/pdf" and pdf.data.startswith(b"%PDF-")
    made = api.get(f"/receipts/{receipt['id']}").get_json()
    assert pdf.headers["ETag"] == '"' + made["pdf_sha256"] + '"'
    assert "R-2026-000001.pdf" in pdf.headers["Content-Disposition"]
    voided = api.post(f"/receipts/{receipt['id']}/void", {"reason": "wrong name"}).get_json()
    assert (voided["state"], voided["void_reason"]) == ("void", "wrong name")
    new = api.post("/receipts", {"gift_ids": [gift.id]})
    assert new.get_json()["number"] == "R/2026/000002"


def test_replacement_names_the_old_receipt(api: Caller, gift: Gift) -> None:
    """A replacement names the old receipt, and a void one is not replaced."""
    old = api.post("/receipts", {"gift_ids": [gift.id]}).get_json()
    new = api.post(f"/receipts/{old['id']}/replace", {"lang": "sq"})
    assert (new.status_code, new.get_json()["replaces_id"], new.get_json()["lang"]) == (201, old["id"], "sq")
    before = dump()
    assert problem(api.post(f"/receipts/{old['id']}/replace", {}))["code"] == "receipt_void"
    assert dump() == before
    listed = api.get("/receipts?sort=-number&state=issued").get_json()["data"]
    assert [row["id"] for row in listed] == [new.get_json()["id"]]


def test_receipt_needs_something_left(api: Caller, gift: Gift, now: datetime) -> None:
    """A gift can be receipted only for what is left of it."""
    gifts.correct_gift(gift.id, reason="x", source_ref="1", now=now, actor="t")
    db.session.commit()
    before = dump()
    assert problem(api.post("/receipts", {"gift_ids": [gift.id]}))["code"] == "gift_not_receiptable"
    assert dump() == before


def test_program_sends_receipt_once(database: Flask, api: Caller, gift: Gift) -> None:
    """A program sends a receipt to its donor, once however often it asks, and sees what went."""
    issued = api.post("/receipts", {"gift_ids": [gift.id]}).json
    first = api.post(f"/receipts/{issued['id']}/send", {})
    again = api.post(f"/receipts/{issued['id']}/send", {})
    assert (first.status_code, first.json["is_new"], again.json["is_new"]) == (200, True, False)
    assert again.json["message_id"] == first.json["message_id"]
    (file,) = api.get(f"/messages/{first.json['message_id']}/attachments").json["data"]
    assert (file["receipt_id"], file["filename"]) == (issued["id"], "R-2026-000001.pdf")


def test_preview_is_what_is_issued(api: Caller, gift: Gift, now: datetime) -> None:
    """A program looks at a receipt before it takes a number; confirmed by its digest, only that is issued."""
    before = dump()
    preview = api.post("/receipts/preview", {"gift_ids": [gift.id]}, key=None).get_json()
    assert (preview["lang"], preview["total"]["amount"]) == ("pl", "50.00")
    assert preview["donor_name"] == "Łucja Żółć"
    assert [problem["level"] for problem in preview["problems"]] == ["warning"]
    pdf = api.post("/receipts/preview/pdf", {"gift_ids": [gift.id]}, key=None)
    assert "PROJEKT" in reading.text(pdf.data) and pdf.headers["ETag"] == f'"{preview["digest"]}"'
    assert dump() == before
    donors.change_donor(donors.get_donor(gift.donor_id), {"name": "Lucyna"}, now=now, actor="t")
    db.session.commit()
    before = dump()
    body = {"gift_ids": [gift.id], "digest": preview["digest"]}
    refused = api.post("/receipts", body)
    assert (refused.status_code, problem(refused)["code"]) == (409, "changed")
    assert dump() == before
    issued = api.post("/receipts", body | {"digest": problem(refused)["preview"]["digest"]})
    assert (issued.status_code, issued.get_json()["number"]) == (201, "R/2026/000001")


def test_replacement_is_confirmed_by_digest(api: Caller, gift: Gift) -> None:
    old = api.post("/receipts", {"gift_ids": [gift.id]}).get_json()
    before = dump()
    refused = api.post(f"/receipts/{old['id']}/replace", {"digest": "0" * 64})
    assert problem(refused)["code"] == "changed"
    assert dump() == before
    new = api.post(f"/receipts/{old['id']}/replace", {"digest": problem(refused)["preview"]["digest"]})
    assert new.status_code == 201


def test_preview_names_what_is_missing(api: Caller, gift: Gift) -> None:
    """A preview tells a program what is missing; the receipt itself, and its PDF, are refused."""
    organisation.get_organisation().ids = {"NIP": "5252810771"}
    db.session.commit()
    body = {"gift_ids": [gift.id]}
    problems = api.post("/receipts/preview", body, key=None).get_json()["problems"]
    assert ("error", "organisation_id_wrong", "organisation.ids.NIP") in [
        (one["level"], one["code"], one["where"]) for one in problems
    ]
    before = dump()
    for path in ("/receipts", "/receipts/preview/pdf"):
        refused = problem(api.post(path, body))
        assert (refused["code"], refused["problems"]) == ("receipt_incomplete", ["organisation_id_wrong"])
        assert refused["places"] == ["organisation.ids.NIP"]
    assert dump() == before


def test_gift_tells_what_was_taken_of_it(api: Caller, gift: Gift) -> None:
    """One gift and the list say alike whether a part or all of it was taken away."""
    assert (api.get(f"/gifts/{gift.id}").get_json()["deduction"], gift.amount_minor) == ("", 5000)
    api.post(f"/gifts/{gift.id}/corrections", {"reason": "typo"})
    told = api.get(f"/gifts/{gift.id}").get_json()
    assert (told["deduction"], told["left"]["amount"]) == ("gone", "0.00")
    assert api.get("/gifts").get_json()["data"][0]["deduction"] == "gone"


def test_program_says_what_was_given(api: Caller, donor: Donor) -> None:
    """A program records a gift in kind with what was given, and may change that until a receipt says it."""
    body = {"donor_id": donor.id, "amount": {"amount": "10", **PLN}, "received_on": "2026-11-01"}
    made = api.post("/gifts", body | {"method": "in_kind", "goods": "books"}, key="k1")
    path = f"/gifts/{made.get_json()['id']}"
    assert made.get_json()["goods"] == "books"
    changed = api.patch(path, {"goods": "40 books"}, etag=api.get(path).headers["ETag"])
    assert changed.get_json()["goods"] == "40 books"
    assert api.post("/receipts", {"gift_ids": [made.get_json()["id"]]}).status_code == 201
    refused = api.patch(path, {"goods": "50 books"}, etag=api.get(path).headers["ETag"])
    assert problem(refused)["code"] == "gift_on_receipt"
