"""A donor's yes and no over the API: recorded once, listed, lifted with a reason, and what follows."""

from __future__ import annotations

from typing import Any

from donorhub.models import Donor
from tests.api.conftest import Caller, dump, problem

NO: dict[str, Any] = {"state": "opt_out", "source": "letter", "said_on": "2026-11-01"}
YES: dict[str, Any] = {
    "state": "given",
    "purpose": "bulletin",
    "channel": "email",
    "source": "form",
    "said_on": "2026-11-02",
}


def read(api: Caller, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get(path).get_json()["data"]
    return rows


def read_verdicts(api: Caller, donor_id: int) -> dict[tuple[str, str], tuple[str, str | None]]:
    rows = read(api, f"/donors/{donor_id}/verdicts")
    return {(row["category"], row["channel"]): (row["verdict"], row["reason"]) for row in rows}


def test_answers_are_recorded_and_explained(api: Caller, donor: Donor) -> None:
    """A consent opens what it is to, an opt-out closes all but receipts, and each is there once."""
    id_ = donor.id
    verdicts = read_verdicts(api, id_)
    assert len(verdicts) == 24
    assert verdicts["bulletin", "email"] == ("held", "no_consent")
    path = f"/donors/{id_}/consents"
    answers = [api.post(path, YES) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    row = answers[0].get_json()
    assert (row["basis"], row["at"], row["actor"][:6]) == ("consent", "2026-11-01T23:00:00Z", "token:")
    assert read_verdicts(api, id_)["bulletin", "email"] == ("ok", None)
    assert read_verdicts(api, id_)["appeal", "email"] == ("held", "no_consent")
    no = api.post(path, {**NO, "said_on": "2026-11-03", "reason": "„Proszę nie pisać”"}).get_json()
    assert (no["purpose"], no["channel"], no["reason"]) == ("all", "any", "„Proszę nie pisać”")
    verdicts = read_verdicts(api, id_)
    assert verdicts["bulletin", "email"] == verdicts["thanks", "email"] == ("held", "no_contact")
    assert verdicts["transactional", "email"] == ("ok", None)
    assert api.get(f"/donors/{id_}").get_json()["do_not_contact"] is True
    assert [one["state"] for one in read(api, path)] == ["opt_out", "given"]
    since = [one["since"] for one in read(api, f"/donors/{id_}/verdicts") if one["reason"] == "no_contact"]
    assert set(since) == {no["at"]}


def test_refused_answers_change_nothing(api: Caller, donor: Donor) -> None:
    """A yes against a no, a yes to everything and a no taken back without its reason are refused."""
    path = f"/donors/{donor.id}/consents"
    no = api.post(path, NO).get_json()
    before = dump()
    assert problem(api.post(path, YES))["code"] == "opt_out_stands"
    assert problem(api.post(path, {**YES, "purpose": "all"}))["code"] == "consent_too_wide"
    assert problem(api.post(path, {**NO, "state": "lifted"}))["status"] == 422
    assert problem(api.post(path, {**NO, "source": "import:crm"}))["status"] == 422
    assert problem(api.post(path, {**NO, "said_on": "2027-11-01"}))["code"] == "day_to_come"
    assert problem(api.post(f"{path}/{no['id']}/lift", {}))["status"] == 422
    assert problem(api.post(f"{path}/{no['id'] + 1}/lift", {"reason": "x"}))["status"] == 404
    etag = api.get(f"/donors/{donor.id}").headers["ETag"]
    patch = api.patch(f"/donors/{donor.id}", {"do_not_contact": False}, etag=etag)
    assert problem(patch)["code"] == "opt_out_stands"
    assert dump() == before
    lifted = [api.post(f"{path}/{no['id']}/lift", {"reason": "her sister"}).get_json() for _ in range(2)]
    assert lifted[0] == lifted[1]
    assert (lifted[0]["state"], lifted[0]["reason"]) == ("lifted", "her sister")
    assert api.get(f"/donors/{donor.id}").get_json()["do_not_contact"] is False


def test_preference_is_one_a_topic(api: Caller, donor: Donor) -> None:
    """What a donor likes is kept once for a topic and channel, and changed in place."""
    path = f"/donors/{donor.id}/preferences"
    wish = {"channel": "email", "topic": "news", "frequency": "monthly"}
    answers = [api.post(path, wish) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert api.post(path, {**wish, "frequency": "weekly"}).status_code == 201
    assert [(one["topic"], one["frequency"]) for one in read(api, path)] == [("news", "weekly")]
    before = dump()
    assert problem(api.post(path, {**wish, "frequency": "hourly"}))["status"] == 422
    assert dump() == before


def test_wordings_have_versions(api: Caller, donor: Donor) -> None:
    """Another wording is the next version, and a consent names the one of its day."""
    text = {"lang": "pl", "body": "Zgadzam się na biuletyn.", "valid_from": "2026-01-01"}
    answers = [api.post("/consent-texts", text) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert api.post("/consent-texts", {**text, "body": "Tak."}).get_json()["version"] == 2
    assert [one["version"] for one in read(api, "/consent-texts")] == [2, 1]
    first = answers[0].get_json()["id"]
    row = api.post(f"/donors/{donor.id}/consents", {**YES, "text_id": first}).get_json()
    assert row["text_id"] == first


def test_suppression_has_a_scope(api: Caller, donor: Donor) -> None:
    """Without one a suppression stops everything, as before; a narrower one leaves receipts."""
    said = {"address": "a@example.org", "reason": "r"}
    assert api.post("/suppressions", said).get_json()["scope"] == "everything"
    narrow = {"address": "b@example.org", "reason": "r", "scope": "all_but_legal"}
    assert api.post("/suppressions", narrow).get_json()["scope"] == "all_but_legal"
    assert problem(api.post("/suppressions", {**narrow, "scope": "some"}))["status"] == 422
