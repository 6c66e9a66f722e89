"""The nouns that are little more than reading and writing rows: each way in, once."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from donorhub.db import db
from donorhub.models import ApiToken, Donor, Gift, Payout, PayoutItem, ProviderEvent
from donorhub.services.access import users
from donorhub.services.messages import messages
from donorhub.services.providers import endpoints
from donorhub.services.work import tasks
from tests.api.conftest import Caller, dump, problem

MONTHLY = {
    "amount": {"amount": "25.00", "currency": "PLN"},
    "kind": "standing_order",
    "start_on": "2026-11-10",
    "day_of_month": 10,
}


def test_funds_campaigns_and_appeals_change(api: Caller) -> None:
    """Funds, campaigns and appeals are added, renamed and closed."""
    fund = api.post("/funds", {"code": "dogs", "name": "Dogs"}).get_json()
    assert problem(api.post("/funds", {"code": "dogs", "name": "Cats"}))["errors"][0]["pointer"] == "/code"
    etag = api.get(f"/funds/{fund['id']}").headers["ETag"]
    assert api.patch(f"/funds/{fund['id']}", {"is_closed": True}, etag=etag).get_json()["is_closed"]
    assert problem(api.patch(f"/funds/{fund['id']}", {"name": "X"}, etag=etag))["status"] == 412
    goal = {"amount": "1000.00", "currency": "EUR"}
    campaign = api.post("/campaigns", {"code": "x", "name": "Xmas", "goal": goal, "starts_on": "2026-12-01"})
    said = campaign.get_json()
    assert said["goal"] == goal
    etag = api.get(f"/campaigns/{said['id']}").headers["ETag"]
    refused = api.patch(f"/campaigns/{said['id']}", {"ends_on": "2026-11-01"}, etag=etag)
    assert problem(refused)["errors"][0]["pointer"] == "/ends_on"
    changed = api.patch(f"/campaigns/{said['id']}", {"goal": None}, etag=etag)
    assert changed.get_json()["goal"] is None
    appeal = api.post("/appeals", {"code": "a", "name": "Letter", "campaign_id": said["id"]}).get_json()
    assert api.get(f"/appeals?campaign_id={said['id']}").get_json()["data"] == [appeal]
    assert problem(api.post("/appeals", {"code": "b", "name": "B", "campaign_id": 9}))["status"] == 422


def test_a_closed_fund_takes_no_gift(api: Caller, donor: Donor) -> None:
    etag = api.get("/funds/1").headers["ETag"]
    api.patch("/funds/1", {"is_closed": True}, etag=etag)
    before = dump()
    amount = {"amount": "1.00", "currency": "PLN"}
    body = {"donor_id": donor.id, "amount": amount, "received_on": "2026-11-01"}
    refused = api.post("/gifts", body | {"designations": [{"fund_id": 1, "amount": amount}]})
    assert problem(refused)["errors"][0]["pointer"] == "/designations"
    assert dump() == before


def test_debit_waits_for_its_mandate(api: Caller, donor: Donor) -> None:
    """A direct debit has instalments only while its mandate is active."""
    body = {"donor_id": donor.id, **MONTHLY, "kind": "direct_debit"}
    made = api.post("/recurring-gifts", body).get_json()
    assert (made["state"], made["state_reason"]) == ("pending", "no_mandate")
    due = f"/instalments?recurring_gift_id={made['id']}&state=expected"
    assert api.get(due).get_json()["data"] == []
    assert problem(api.post("/mandates", {"recurring_gift_id": made["id"], "reference": "DH1"}))[
        "errors"
    ] == [{"pointer": "/active_from", "code": "mandate_day", "detail": "an active mandate has a day"}]
    mandate = {"recurring_gift_id": made["id"], "reference": "DH1", "active_from": "2026-11-20"}
    first = api.post("/mandates", mandate)
    again = api.post("/mandates", mandate)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    days = [row["due_on"] for row in api.get(due).get_json()["data"]]
    assert days == ["2026-12-10", "2027-01-11", "2027-02-10"]
    assert api.get(f"/recurring-gifts/{made['id']}").get_json()["state"] == "active"
    path = first.headers["Location"].removeprefix("/api/v1")
    ended = api.post(f"{path}/change", {"state": "withdrawn", "on": "2026-12-20", "reason": "by phone"})
    assert ended.get_json() | {"state": "withdrawn", "ended_on": "2026-12-20"} == ended.get_json()
    assert [row["due_on"] for row in api.get(due).get_json()["data"]] == ["2026-12-10"]
    assert problem(api.post(f"{path}/change", {"state": "active"}))["code"] == "mandate_step"
    listed = api.get(f"/mandates?recurring_gift_id={made['id']}").get_json()["data"]
    assert listed == [api.get(path).get_json()] == [ended.get_json()]


def test_ended_gift_goes_on_once(api: Caller, donor: Donor) -> None:
    """A call lets a closed recurring gift go on from the money that came since, and not where none came."""
    body = {"donor_id": donor.id, **MONTHLY, "start_on": "2026-09-10"}
    made = api.post("/recurring-gifts", body).get_json()
    path = f"/recurring-gifts/{made['id']}"
    api.post(f"{path}/close", {"reason": "asked", "on": "2026-09-20"})
    assert problem(api.post(f"{path}/go-on", {}))["code"] == "nothing_goes_on"
    gift = {
        "donor_id": donor.id,
        "amount": MONTHLY["amount"],
        "received_on": "2026-11-10",
        "method": "transfer",
    }
    assert api.post("/gifts", gift).status_code == 201
    again = api.post(f"{path}/go-on", {}).get_json()
    assert (again["state"], again["ends_on"]) == ("active", None)
    due = api.get(f"/instalments?recurring_gift_id={made['id']}&sort=due_on").get_json()["data"]
    states = {row["due_on"]: row["state"] for row in due}
    assert (states["2026-10-12"], states["2026-11-10"], states["2026-12-10"]) == (
        "skipped",
        "paid",
        "expected",
    )


def test_recurring_gift_runs_its_life(api: Caller, donor: Donor) -> None:
    """A recurring gift is started, changed, paused, resumed and closed."""
    made = api.post("/recurring-gifts", {"donor_id": donor.id, **MONTHLY})
    assert made.status_code == 201
    path = made.headers["Location"].removeprefix("/api/v1")
    due = api.get(f"/instalments?recurring_gift_id={made.get_json()['id']}&sort=due_on").get_json()["data"]
    assert [row["due_on"] for row in due] == ["2026-11-10", "2026-12-10", "2027-01-11", "2027-02-10"]
    more = {"amount": {"amount": "30.00", "currency": "PLN"}, "from_on": "2026-12-01"}
    changed = api.post(f"{path}/change", more).get_json()
    assert [term["amount"]["amount"] for term in changed["terms"]] == ["25.00", "30.00"]
    assert changed["amount"]["amount"] == "25.00"  # the new term begins in December
    paused = api.post(f"{path}/pause", {"from_on": "2027-01-01", "reason": "no work"}).get_json()
    assert paused["state"] in ("paused", "active")
    api.post(f"{path}/resume", {"from_on": "2027-02-01"})
    closed = api.post(f"{path}/close", {"reason": "no_longer_interested"}).get_json()
    assert (closed["state"], closed["state_reason"]) == ("closed", "no_longer_interested")
    before = {name: rows for name, rows in dump().items() if name != "idempotency_key"}
    assert api.post(f"{path}/close", {"reason": "again"}).get_json() == closed
    assert {name: rows for name, rows in dump().items() if name != "idempotency_key"} == before
    assert problem(api.post(f"{path}/change", more))["code"] == "recurring_gift_closed"


def test_what_a_provider_runs_is_changed_there(api: Caller, donor: Donor) -> None:
    api.post("/recurring-gifts", {"donor_id": donor.id, **MONTHLY})
    db.session.execute(db.text("UPDATE recurring_gift SET origin = 'provider', source = 'stripe:acct_1'"))
    db.session.commit()
    before = dump()
    for action, body in (("close", {"reason": "x"}), ("pause", {"from_on": "2026-12-01"})):
        assert problem(api.post(f"/recurring-gifts/1/{action}", body))["code"] == "run_by_provider"
    assert dump() == before


def test_an_instalment_is_let_go_once(api: Caller, donor: Donor) -> None:
    api.post("/recurring-gifts", {"donor_id": donor.id, **MONTHLY})
    skipped = api.post("/instalments/1/skip", {"reason": "ill"}).get_json()
    assert (skipped["state"], skipped["state_reason"]) == ("skipped", "ill")
    assert api.post("/instalments/1/skip", {"reason": "again"}).get_json() == skipped


def test_person_completes_only_persons_task(api: Caller, donor: Donor, now: datetime) -> None:
    """A task is postponed and done by a person only, never one of the worker's."""
    tasks.plan_task(
        "p", kind="call", performer="person", subject=("donor", 1), due_at=now, now=now, donor_id=1
    )
    tasks.plan_task("w", kind="thank_you", performer="worker", subject=("gift", 1), due_at=now, now=now)
    db.session.commit()
    mine = api.get("/me/tasks").get_json()["data"]
    assert [task["kind"] for task in mine] == ["call"]
    path = f"/tasks/{mine[0]['id']}"
    later = api.post(f"{path}/postpone", {"due_at": "2026-11-30T09:00:00+01:00"}).get_json()
    assert later["due_at"] == "2026-11-30T08:00:00Z"
    assert api.get("/me/tasks").get_json()["data"] == []
    done = api.post(f"{path}/complete", {"outcome": "reached"}).get_json()
    assert (done["state"], done["outcome"], done["done_by"]) == ("done", "reached", "token:1")
    assert api.get("/tasks?state=done&donor_id=1").get_json()["data"] == [done]
    worker = api.get("/tasks?state=open&performer=worker&kind=thank_you").get_json()["data"][0]
    assert problem(api.post(f"/tasks/{worker['id']}/complete", {}))["code"] == "task_of_worker"


def test_my_tasks_are_tokens_makers(api: Caller, now: datetime) -> None:
    """My tasks are those of the user who made the token."""
    for n, kind in ((1, "call"), (2, "dunning")):
        users.create_user(
            f"u{n}@example.org", name="U", password="a long password", roles=["caller"], now=now, actor="t"
        )
        tasks.plan_task(
            f"p{n}", kind=kind, performer="person", subject=("donor", 1), due_at=now, now=now, assignee_id=n
        )
    db.session.query(ApiToken).one().created_by = "user:2"
    db.session.commit()
    assert [task["kind"] for task in api.get("/me/tasks").get_json()["data"]] == ["dunning"]


def test_messages_are_shown_with_what_became_of_them(api: Caller, now: datetime) -> None:
    messages.plan_message(
        "new_donor",
        {"code": "DH-1", "source": "form", "link": "x"},
        key="k",
        task_id=None,
        donor=None,
        to_address="staff@example.org",
        lang="en",
        now=now,
        domain="example.org",
    )
    db.session.commit()
    (listed,) = api.get("/messages?state=planned").get_json()["data"]
    assert listed["to_address"] == "staff@example.org" and listed["body"]
    assert api.get(f"/messages/{listed['id']}").get_json() == listed


def test_event_body_is_never_shown(api: Caller, now: datetime) -> None:
    """An event in the error inbox is released, and its body is never shown."""
    endpoint = endpoints.create_endpoint("stripe", "whsec_12345678", now=now, actor="t")
    db.session.add(
        ProviderEvent(
            endpoint_id=endpoint.id,
            provider="stripe",
            account="",
            external_id="evt_1",
            type="x",
            livemode=True,
            occurred_at=1,
            received_at=now,
            object_kind="charge",
            object_id="ch_1",
            body=b"SECRET",
            body_sha256=b"1",
            state="quarantined",
            reason="another account",
        )
    )
    db.session.commit()
    (listed,) = api.get("/provider-events?state=quarantined").get_json()["data"]
    assert api.get(f"/provider-events/{listed['id']}").get_json() == listed
    assert "body" not in listed and listed["other_body"] is False
    assert api.post(f"/provider-events/{listed['id']}/release", {}).get_json()["state"] == "received"
    before = dump()
    assert problem(api.post(f"/provider-events/{listed['id']}/release", {}))["code"] == "nothing_to_release"
    assert dump() == before


def test_endpoint_secrets_never_come_out(api: Caller) -> None:
    """An endpoint is opened, and its secrets never come out."""
    made = api.post("/webhook-endpoints", {"provider": "stripe", "secret": "whsec_first_one"})
    said = made.get_json()
    assert made.status_code == 201 and "/webhooks/stripe/" in said["url"]
    second = api.post(f"/webhook-endpoints/{said['id']}/secrets", {"secret": "whsec_second", "label": "new"})
    expired = api.post(f"/webhook-endpoints/{said['id']}/secrets/1/expire", {"at": "2026-11-22T10:00:00Z"})
    assert expired.get_json()["expires_at"] == "2026-11-22T10:00:00Z"
    everything = made.text + second.text + expired.text + api.get("/webhook-endpoints").text
    assert "whsec_" not in everything
    assert (
        problem(api.post("/webhook-endpoints/9/secrets/1/expire", {"at": "2026-11-22T10:00:00Z"}))["status"]
        == 404
    )
    refused = api.post("/webhook-endpoints", {"provider": "nobody", "secret": "whsec_first_one"})
    assert problem(refused)["errors"][0]["pointer"] == "/provider"


def test_organisation_changes_from_seen_version(api: Caller) -> None:
    """The organisation is changed only from the version that was seen, and a wrong field is named."""
    etag = api.get("/organisation").headers["ETag"]
    changed = api.patch("/organisation", {"city": "Tiranë", "ids": {"NIPT": "K12345678L"}}, etag=etag)
    assert (changed.get_json()["city"], changed.get_json()["ids"]) == ("Tiranë", {"NIPT": "K12345678L"})
    assert problem(api.patch("/organisation", {"city": "X"}, etag=etag))["status"] == 412
    for wrong in (
        {"time_zone": "Mars/Base"},
        {"jurisdiction": "DE"},
        {"home_currency": "zł"},
        {"code_prefix": "X"},
    ):
        said = problem(api.patch("/organisation", wrong, etag=changed.headers["ETag"]))
        assert said["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


def test_user_changes_until_deactivated(api: Caller) -> None:
    """A user is added, given roles and deactivated, while the last admin stays."""
    new = {"email": "Anna@Example.org", "name": "Anna", "password": "a long password", "roles": ["admin"]}
    made = api.post("/users", new)
    said = made.get_json()
    assert (said["email"], said["roles"], said["is_active"]) == ("anna@example.org", ["admin"], True)
    assert "password" not in made.text
    etag = api.get(f"/users/{said['id']}").headers["ETag"]
    before = dump()
    for change in ({"roles": ["caller"]}, {"is_active": False}):
        assert problem(api.patch(f"/users/{said['id']}", change, etag=etag))["code"] == "last_admin"
    assert dump() == before
    api.post("/users", new | {"email": "other@example.org"})
    changed = api.patch(f"/users/{said['id']}", {"roles": ["caller", "auditor"]}, etag=etag)
    assert sorted(changed.get_json()["roles"]) == ["auditor", "caller"]
    gone = api.patch(f"/users/{said['id']}", {"is_active": False}, etag=changed.headers["ETag"])
    assert gone.get_json()["is_active"] is False
    assert problem(api.post("/users", new))["errors"][0]["pointer"] == "/email"
    cases: list[dict[str, object]] = [
        {"password": "short"},
        {"roles": ["king"]},
        {"roles": []},
        {"email": "x"},
    ]
    for wrong in cases:
        said = problem(api.post("/users", new | {"email": "new@example.org"} | wrong))
        assert said["errors"][0]["pointer"].startswith(f"/{next(iter(wrong))}")


def test_who_did_what_is_listed_and_narrowed(api: Caller, gift: Gift, now: datetime) -> None:
    api.post(f"/gifts/{gift.id}/corrections", {"reason": "x"})
    said = api.get(f"/audit-records?subject_type=gift&subject_id={gift.id}&actor=token:1").get_json()["data"]
    assert [record["what"] for record in said] == ["gift.corrected"]
    later = (now + timedelta(days=1)).isoformat().replace("+", "%2B")
    assert api.get(f"/audit-records?since={later}").get_json()["data"] == []


def test_payout_is_explained_by_line(api: Caller, gift: Gift, now: datetime) -> None:
    """A payout is explained line by line, and a gift shows its fee."""
    payout = Payout(
        provider="stripe",
        account="",
        ref="po_1",
        state="paid",
        net_minor=4850,
        currency="PLN",
        arrival_on=now.date(),
    )
    db.session.add(payout)
    db.session.flush()
    db.session.add(
        PayoutItem(
            payout_id=payout.id,
            kind="charge",
            gross_minor=5000,
            fee_minor=150,
            net_minor=4850,
            currency="PLN",
            gift_id=gift.id,
            source="stripe:",
            source_ref="txn_1",
        )
    )
    db.session.commit()
    shown = api.get(f"/payouts/{payout.id}").get_json()
    assert shown["net"]["amount"] == shown["items"][0]["net"]["amount"] == "48.50"
    said = api.get(f"/gifts/{gift.id}").get_json()
    assert (said["fee"], said["payout_id"]) == ({"amount": "1.50", "currency": "PLN"}, payout.id)
    assert [row["id"] for row in api.get("/payouts?state=paid").get_json()["data"]] == [payout.id]


def test_audit_tells_from_what_to_what(api: Caller, donor: Donor, database: Flask, now: datetime) -> None:
    """The audit tells what each field was and became; what is personal only to who may read donors."""
    etag = api.get(f"/donors/{donor.id}").headers["ETag"]
    was = api.get(f"/donors/{donor.id}").get_json()["city"]
    assert api.patch(f"/donors/{donor.id}", {"city": "Berat"}, etag=etag).status_code == 200
    (record,) = api.get("/audit-records?what=donor.changed").get_json()["data"]
    change = {"field": "city", "is_known": True, "before": was, "after": "Berat"}
    assert record["changes"] == [change]
    assert "Berat" not in str(record["data"])
    _row, text = users.create_token("t", ["audit:read"], now=now, actor="t")
    db.session.commit()
    (record,) = Caller(database, text).get("/audit-records?what=donor.changed").get_json()["data"]
    assert record["changes"] == [{"field": "city", "is_known": False, "before": None, "after": None}]
    at = record["at"]
    assert api.get(f"/audit-records?what=donor.changed&recorded_before={at}").get_json()["data"] == []
    assert len(api.get(f"/audit-records?what=donor.changed&since={at}").get_json()["data"]) == 1
