"""What a gift is for, changed over the API: one gift with its ETag, several as a preview showed them."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, Gift
from tests.api.conftest import Caller, dump, problem


def test_gift_is_changed_with_its_etag(api: Caller, gift: Gift) -> None:
    """A gift is changed by who saw its present state; amount, day and donor are no fields of that."""
    path = f"/gifts/{gift.id}"
    shown = api.get(path)
    amount = {"amount": "50.00", "currency": "PLN"}
    body = {"designations": [{"fund_id": 1, "amount": amount}], "note": "for the roof"}
    assert problem(api.patch(path, body))["status"] == 428
    changed = api.patch(path, body, etag=shown.headers["ETag"])
    assert changed.status_code == 200, changed.text
    said = changed.get_json()
    assert (said["designations"], said["note"]) == ([{"fund_id": 1, "amount": amount}], "for the roof")
    assert said == api.get(path).get_json()
    before = dump()
    assert problem(api.patch(path, {"note": "x"}, etag=shown.headers["ETag"]))["status"] == 412
    etag = changed.headers["ETag"]
    for field, value in (("amount", amount), ("received_on", "2026-11-01"), ("donor_id", 1)):
        assert problem(api.patch(path, {field: value}, etag=etag))["status"] == 422
    other = {"designations": [{"fund_id": 1, "amount": {"amount": "50.00", "currency": "EUR"}}]}
    assert problem(api.patch(path, other, etag=etag))["code"] == "currency_differs"
    assert dump() == before
    assert api.patch(path, {"designations": []}, etag=etag).get_json()["designations"] == []


def test_soft_credits_over_the_api(api: Caller, gift: Gift) -> None:
    """Who is recognised is set and told with the gift; another currency is refused."""
    anna_id = api.post("/donors", {"name": "Anna Lis"}).get_json()["id"]
    path = f"/gifts/{gift.id}"
    credit = {"donor_id": anna_id, "amount": {"amount": "20.00", "currency": "PLN"}}
    etag = api.get(path).headers["ETag"]
    changed = api.patch(path, {"soft_credits": [credit]}, etag=etag)
    assert changed.status_code == 200, changed.text
    assert changed.get_json()["soft_credits"] == [credit]
    before = dump()
    euro = credit | {"amount": {"amount": "20.00", "currency": "EUR"}}
    answer = api.patch(path, {"soft_credits": [euro]}, etag=changed.headers["ETag"])
    assert problem(answer)["code"] == "currency_differs"
    assert dump() == before


def test_posted_preview_acts_once(api: Caller, gift: Gift, database: Flask) -> None:
    """Several gifts go to a fund as the preview said; the same digest again, or after a change, does not."""
    fund_id = api.post("/funds", {"code": "dogs", "name": "Dogs"}).get_json()["id"]
    asked = {"gift_ids": [gift.id], "fund_id": fund_id}
    before = dump()
    plan = api.post("/gifts/fund-changes/preview", asked).get_json()
    assert (plan["changing_ids"], plan["unchanged_ids"], plan["hindered"]) == ([gift.id], [], [])
    assert dump() == before
    assert problem(api.post("/gifts/fund-changes", asked))["status"] == 422
    done = api.post("/gifts/fund-changes", asked | {"digest": plan["digest"]}).get_json()
    assert done == {"changed_ids": [gift.id]}
    records = select(AuditRecord.data).where(AuditRecord.what == "gift.changed")
    assert db.session.scalars(records).all() == [{"changes": {"funds": [[], [[fund_id, 5000]]]}}]
    again = api.post("/gifts/fund-changes", asked | {"digest": plan["digest"]}).get_json()
    assert again == {"changed_ids": []}
    back = {"gift_ids": [gift.id], "fund_id": 1, "digest": plan["digest"]}
    assert problem(api.post("/gifts/fund-changes", back))["code"] == "gifts_changed"


def test_preview_says_why_fund_stays(api: Caller, gift: Gift) -> None:
    """A gift whose fund stays is named with the reason."""
    api.post(f"/gifts/{gift.id}/corrections", {"reason": "twice"})
    plan = api.post("/gifts/fund-changes/preview", {"gift_ids": [gift.id], "fund_id": 1}).get_json()
    assert plan["changing_ids"] == []
    assert [(one["gift_id"], one["code"]) for one in plan["hindered"]] == [(gift.id, "nothing_left")]
