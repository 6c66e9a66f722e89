"""A donor's rights over the API: the preview of an erasure confirms it, a restriction has a reason."""

from __future__ import annotations

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, Donor
from tests.api.conftest import Caller, dump, problem


def test_erasure_needs_the_digest_of_now(api: Caller, donor: Donor) -> None:
    """A stale digest is answered with the preview of now and changes nothing; again changes nothing."""
    path = f"/donors/{donor.id}/erasure"
    preview = api.get(path).get_json()
    assert preview["goes"]["contact_point"] == 2
    assert (preview["gift_count"], preview["promise_count"]) == (0, 0)
    before = dump()
    stale = api.post(path, {"digest": "0" * 64})
    assert stale.status_code == 409
    assert problem(stale)["code"] == "changed"
    assert stale.get_json()["preview"] == preview
    assert dump() == before
    done = api.post(path, {"digest": preview["digest"]})
    assert (done.status_code, done.get_json()["donor_id"]) == (200, donor.id)
    again = api.post(path, {"digest": preview["digest"]})
    assert again.get_json() == done.get_json()
    assert api.get(f"/donors/{donor.id}").status_code == 404


def test_restriction_has_a_reason(api: Caller, donor: Donor) -> None:
    """Without one it is refused; with one the donor's data is only kept until it is lifted."""
    path = f"/donors/{donor.id}/restriction"
    assert api.post(path, {"is_restricted": True, "reason": ""}).status_code == 422
    for is_restricted in (True, True, False):
        answer = api.post(path, {"is_restricted": is_restricted, "reason": "told by phone"})
        assert answer.get_json() == {"donor_id": donor.id, "is_restricted": is_restricted}


def test_copy_is_fetched_and_recorded(api: Caller, donor: Donor) -> None:
    """All that is held comes with its purposes; the audit tells who fetched it."""
    copy = api.get(f"/donors/{donor.id}/copy").get_json()
    assert copy["donor_id"] == donor.id
    assert [part["purpose"] for part in copy["sections"]][:2] == ["identity", "contact"]
    records = db.session.scalars(select(AuditRecord.data).where(AuditRecord.what == "donor.copied")).all()
    assert records == [{"form": "api"}]
