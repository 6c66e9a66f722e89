"""Writing to one donor over the API: seen before, through the gate, once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import Message
from tests.api.conftest import Caller, problem
from tests.contents import read_contents
from tests.services.messages.test_one_thank_you import give, minutes
from tests.web.desk import add_donor

WORDS = {"channel": "post", "category": "transactional", "subject": "Wieści", "text": "Nowy *dach*."}


def test_letter_is_seen_written_and_posted(api: Caller) -> None:
    """What the preview showed is written once, and posted once."""
    donor_id = add_donor().id
    place = f"/donors/{donor_id}/messages"
    draft = api.post(f"{place}/preview", WORDS).json
    assert draft["to_address"] == "Anna Kowalska\nul. Lipowa 3\n90-001 Łódź" and draft["held"] is None
    assert draft["body"].startswith("Szanowna Pani Anno,\n\nNowy *dach*.")
    first = api.post(place, {**WORDS, "digest": draft["digest"]}, key="a-letter")
    again = api.post(place, {**WORDS, "digest": draft["digest"]}, key="a-letter")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["id"] == again.json["id"] and first.json["channel"] == "post"
    posted = [api.post(f"/messages/{first.json['id']}/posted", {}) for _ in range(2)]
    assert [answer.json["state"] for answer in posted] == ["sent", "sent"]
    assert posted[0].json["sent_at"] == posted[1].json["sent_at"]
    db.session.rollback()
    assert len(db.session.scalars(select(Message)).all()) == 1


def test_refused_writing_changes_nothing(api: Caller) -> None:
    donor_id = add_donor(email="anna@example.org", is_deceased=True).id
    place = f"/donors/{donor_id}/messages"
    before = read_contents()
    assert api.post(f"{place}/preview", WORDS).json["held"] == "deceased"
    assert problem(api.post(place, WORDS, key="k1"))["code"] == "donor_unreachable"
    stale = {**WORDS, "digest": "0" * 64}
    assert problem(api.post(place, stale, key="k2"))["code"] == "changed"
    assert problem(api.post(place, {"channel": "post"}, key="k3"))["code"] == "nothing_written"
    db.session.rollback()
    assert read_contents() == before


def test_rights_of_who_writes_are_asked(api: Caller, caller_with: Callable[..., Caller]) -> None:
    """Who may not read donors previews none; who may not read gifts thanks for none."""
    donor = add_donor(email="anna@example.org")
    donor_id, gift_id = donor.id, give(donor, 5000, minutes(0))
    place = f"/donors/{donor_id}/messages/preview"
    thanks = {"channel": "post", "kind": "thank_you", "gift_ids": [gift_id]}
    assert "50,00" in api.post(place, thanks).json["body"]
    assert caller_with(PERMISSIONS - {"donors:read"}).post(place, WORDS).status_code == 403
    assert caller_with(PERMISSIONS - {"gifts:read"}).post(place, thanks).status_code == 403
