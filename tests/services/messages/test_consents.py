"""A donor's yes and no as people record them: once, never edited, and never taken back without a reason."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import Base, db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import AuditRecord, Consent, Donor
from donorhub.services.donors import donors
from donorhub.services.messages import consent_texts, consents, preferences
from donorhub.services.messages.consents import NewConsent

ACTOR = "user:1"
COLUMNS = [column.name for column in Base.metadata.tables["consent"].columns]


@pytest.fixture
def donor(database: Flask, now: datetime) -> Donor:
    return donors.create_donor({"name": "Anna", "email": "a@example.org"}, source="t", now=now, actor="t")


def say(state: Any, on: date, purpose: Any = "bulletin", channel: Any = "email", **more: Any) -> NewConsent:
    return NewConsent(state, more.pop("source", "letter"), on, purpose, channel, **more)


def read_rows() -> list[tuple[Any, ...]]:
    db.session.flush()
    columns = (Consent.purpose, Consent.channel, Consent.state, Consent.source, Consent.reason)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(Consent.id))]


def test_answer_is_recorded_once(donor: Donor, now: datetime) -> None:
    """What a donor said is a row with its source and day; the same again changes nothing."""
    new = say("given", date(2026, 11, 1), expires_on=date(2027, 10, 31))
    row, is_new = consents.record_consent(donor, new, now=now, actor=ACTOR)
    again, is_new_again = consents.record_consent(donor, new, now=now + timedelta(hours=1), actor="user:2")
    assert (is_new, is_new_again, again.id) == (True, False, row.id)
    assert (row.at.isoformat(), row.expires_at and row.expires_at.isoformat()) == (
        "2026-10-31T23:00:00+00:00",
        "2027-10-31T23:00:00+00:00",
    )
    assert (row.basis, row.actor, row.recorded_at) == ("consent", ACTOR, now)
    assert read_rows() == [("bulletin", "email", "given", "letter", "")]
    audited = db.session.execute(
        select(AuditRecord.actor, AuditRecord.data).where(AuditRecord.what == "consent.recorded")
    ).all()
    assert [(actor, data["state"], data["donor_id"]) for actor, data in audited] == [
        (ACTOR, "given", donor.id)
    ]


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (say("opt_out", date(2027, 11, 1)), "day_to_come"),
        (say("given", date(2026, 11, 1), "all"), "consent_too_wide"),
        (say("given", date(2026, 11, 1), "bulletin", "any"), "consent_too_wide"),
        (say("opt_out", date(2026, 11, 1), expires_on=date(2027, 1, 1)), "only_of_a_yes"),
        (say("opt_out", date(2026, 11, 1), text_id=1), "only_of_a_yes"),
        (say("given", date(2026, 11, 1), expires_on=date(2026, 10, 31)), "ends_before_start"),
        (say("given", date(2026, 11, 1), text_id=99), "no_such_text"),
    ],
)
def test_refused_answer_changes_nothing(donor: Donor, now: datetime, new: NewConsent, code: str) -> None:
    """What cannot be so is refused, and nothing is written."""
    with pytest.raises(Rejected) as refusal:
        consents.record_consent(donor, new, now=now, actor=ACTOR)
    assert (refusal.value.specific_code, read_rows()) == (code, [])


def test_no_contact_is_one_button(donor: Donor, now: datetime) -> None:
    """It is an opt-out of everything, the donor is marked by it, and a second click changes nothing."""
    version, now = donor.version, now + timedelta(minutes=1)  # said after they were added
    words = {"source": "phone", "reason": "called us", "said_on": date(2026, 11, 20)}
    row, is_new = consents.refuse_contact(donor, **words, now=now, actor=ACTOR)  # type: ignore[arg-type]
    assert (is_new, donor.do_not_contact, donor.version) == (True, True, version + 1)
    for later in (now, now + timedelta(days=3)):
        words["said_on"] = later.date()
        again, is_new = consents.refuse_contact(donor, **words, now=later, actor=ACTOR)  # type: ignore[arg-type]
        assert (again.id, is_new, donor.version) == (row.id, False, version + 1)
    assert read_rows() == [("all", "any", "opt_out", "phone", "called us")]


def test_form_that_knows_only_the_mark(donor: Donor, now: datetime) -> None:
    """Whoever sets "wants no contact" records an opt-out; taking it back so lacks a reason: refused."""
    donors.change_donor(donor, {"do_not_contact": True, "city": "Łódź"}, now=now, actor=ACTOR)
    donors.change_donor(donor, {"do_not_contact": True}, now=now + timedelta(days=1), actor=ACTOR)
    assert (donor.do_not_contact, donor.city, read_rows()) == (
        True,
        "Łódź",
        [("all", "any", "opt_out", "form", "")],
    )
    with pytest.raises(Rejected) as refusal:
        donors.change_donor(donor, {"do_not_contact": False, "city": "Radom"}, now=now, actor=ACTOR)
    assert (refusal.value.specific_code, donor.do_not_contact, donor.city) == ("opt_out_stands", True, "Łódź")


def test_other_system_takes_no_no_back(database: Flask, now: datetime) -> None:
    """A system that sends its donors again, and knows of no no, changes all else of them."""
    for fields in ({"name": "A", "do_not_contact": True}, {"name": "B", "do_not_contact": False}):
        donor, _ = donors.put_by_external_id("crm", "1", fields, now=now, actor="token:1")  # type: ignore[arg-type]
    assert (donor.name, donor.do_not_contact, len(read_rows())) == ("B", True, 1)


def test_opt_out_is_lifted_with_a_reason(donor: Donor, now: datetime) -> None:
    """The row that lifts it is new, the opt-out stays; a second time changes nothing."""
    row, _ = consents.refuse_contact(
        donor, source="phone", reason="", said_on=date(2026, 11, 1), now=now, actor=ACTOR
    )
    db.session.commit()
    before = {column: getattr(row, column) for column in COLUMNS}
    for actor in (ACTOR, "user:2"):
        lifted = consents.lift_opt_out(donor, row.id, reason="it was her sister", now=now, actor=actor)
    assert (lifted.state, lifted.reason, lifted.actor) == ("lifted", "it was her sister", ACTOR)
    db.session.commit()
    assert not donor.do_not_contact
    assert {column: getattr(row, column) for column in before} == before
    assert [state for _, _, state, _, _ in read_rows()] == ["opt_out", "lifted"]
    with pytest.raises(Conflict):
        consents.lift_opt_out(donor, lifted.id, reason="x", now=now, actor=ACTOR)


def test_lifting_is_of_this_opt_out_alone(donor: Donor, now: datetime) -> None:
    """A narrower no outlives the wider one, and a consent from before stays beaten."""
    for new in (
        say("given", date(2026, 10, 1)),
        say("opt_out", date(2026, 10, 2), "appeal", "email"),
        say("opt_out", date(2026, 10, 3), "all", "any"),
    ):
        row, _ = consents.record_consent(donor, new, now=now, actor=ACTOR)
    consents.lift_opt_out(donor, row.id, reason="mistaken", now=now, actor=ACTOR)
    answers = {
        purpose: consents.rules.find_standing(
            consents.list_sayings(donor.id), purpose, "email", at=now
        ).answer
        for purpose in ("bulletin", "appeal", "thanks")
    }
    assert answers == {"bulletin": "none", "appeal": "opt_out", "thanks": "none"}


def test_complaint_is_lifted_by_nobody(donor: Donor, now: datetime) -> None:
    """Neither a complaint is lifted nor another no of the same scope beside it."""
    for source in ("phone", "complaint"):
        row = consents.consent_rows.add_row(
            consents.NewSaying(donor.id, "opt_out", source, now), now=now, actor=ACTOR
        )
    for id_ in (row.id, row.id - 1):
        with pytest.raises(Conflict) as refusal:
            consents.lift_opt_out(donor, id_, reason="x", now=now, actor=ACTOR)
        assert refusal.value.specific_code == "complaint_stays"
    assert (len(read_rows()), consents.list_open_opt_out_ids(donor.id, now=now)) == (2, set())
    with pytest.raises(NotFound):
        consents.lift_opt_out(donor, 10_000, reason="x", now=now, actor=ACTOR)


def test_yes_against_a_no_is_refused(donor: Donor, now: datetime) -> None:
    """Nobody opts a donor in again by recording a consent: the opt-out is lifted first."""
    row, _ = consents.record_consent(
        donor, say("opt_out", date(2026, 11, 1), "all", "email"), now=now, actor=ACTOR
    )
    new = say("given", now.date())
    with pytest.raises(Conflict) as refusal:
        consents.record_consent(donor, new, now=now, actor=ACTOR)
    assert (refusal.value.specific_code, len(read_rows())) == ("opt_out_stands", 1)
    later = now + timedelta(minutes=1)
    consents.lift_opt_out(donor, row.id, reason="signed the form", now=now, actor=ACTOR)
    consents.record_consent(donor, new, now=later, actor=ACTOR)
    sayings = consents.list_sayings(donor.id)
    assert consents.rules.find_standing(sayings, "bulletin", "email", at=later).answer == "given"


def test_no_of_the_same_day_counts(donor: Donor, now: datetime) -> None:
    """Of a yes and a no that are both of one day the no holds, though nobody noted its hour."""
    day = now.date()
    consents.record_consent(donor, say("given", day), now=now, actor=ACTOR)
    tomorrow = now + timedelta(days=1)
    consents.record_consent(donor, say("opt_out", day), now=tomorrow, actor=ACTOR)
    sayings = consents.list_sayings(donor.id)
    assert consents.rules.find_standing(sayings, "bulletin", "email", at=tomorrow).answer == "opt_out"


def test_later_yes_beats_an_older_no(donor: Donor, now: datetime) -> None:
    """A no that is recorded late, and is older than a yes, does not overwrite it (row 15); one recorded after
    a yes that beat the last no is a new row."""
    consents.record_consent(donor, say("given", date(2026, 11, 10)), now=now, actor=ACTOR)
    old_no = say("opt_out", date(2026, 11, 1))
    consents.record_consent(donor, old_no, now=now, actor=ACTOR)
    find = consents.rules.find_standing
    assert find(consents.list_sayings(donor.id), "bulletin", "email", at=now).answer == "given"
    _, is_new = consents.record_consent(donor, old_no, now=now, actor=ACTOR)
    assert not is_new
    _, is_new = consents.record_consent(donor, say("opt_out", date(2026, 11, 15)), now=now, actor=ACTOR)
    assert is_new
    assert find(consents.list_sayings(donor.id), "bulletin", "email", at=now).answer == "opt_out"


def test_wording_is_kept_in_versions(donor: Donor, now: datetime) -> None:
    """A wording that changes is a new version; a consent names the one that was agreed to, for ever."""
    words = {"valid_from": date(2026, 11, 1), "now": now, "actor": ACTOR}
    first, is_new = consent_texts.add_text("consent", "pl", "Zgadzam się.", **words)  # type: ignore[arg-type]
    same, is_new_again = consent_texts.add_text("consent", "pl", "Zgadzam się.", **words)  # type: ignore[arg-type]
    assert (is_new, is_new_again, same.id) == (True, False, first.id)
    row, _ = consents.record_consent(
        donor, say("given", date(2026, 11, 2), text_id=first.id), now=now, actor=ACTOR
    )
    second, _ = consent_texts.add_text("consent", "pl", "Tak.", **words)  # type: ignore[arg-type]
    other, _ = consent_texts.add_text("information", "pl", "Klauzula.", **words)  # type: ignore[arg-type]
    assert (first.version, second.version, other.version, row.text_id) == (1, 2, 1, first.id)
    assert [text.id for text in consent_texts.list_newest()] == [second.id]
    audited = select(AuditRecord.subject_id).where(AuditRecord.what == "consent_text.added")
    assert db.session.scalars(audited.order_by(AuditRecord.id)).all() == [first.id, second.id, other.id]
    with pytest.raises(Rejected):
        consents.record_consent(
            donor, say("given", date(2026, 11, 2), "appeal", text_id=other.id), now=now, actor=ACTOR
        )


def test_preference_is_kept_and_given_up(donor: Donor, now: datetime) -> None:
    """A preference of a topic and channel is one, changed in place with its audit; again changes nothing."""
    wish: preferences.Wish = {"channel": "email", "topic": "news", "format": "video", "frequency": "weekly"}
    row, is_new = preferences.set_preference(donor, wish, source="form", now=now, actor=ACTOR)
    _, is_new_again = preferences.set_preference(donor, wish, source="api", now=now, actor="user:2")
    assert (is_new, is_new_again, row.source) == (True, False, "form")
    changed, is_new = preferences.set_preference(
        donor, {**wish, "frequency": "monthly"}, source="form", now=now, actor=ACTOR
    )
    assert (changed.id, is_new, changed.frequency) == (row.id, True, "monthly")
    assert [one.id for one in preferences.list_preferences(donor.id)] == [row.id]
    preferences.set_preference(
        donor, {**wish, "format": "any", "frequency": "any"}, source="form", now=now, actor=ACTOR
    )
    assert preferences.list_preferences(donor.id) == []
    what = AuditRecord.what == "donor.preference_changed"
    assert len(db.session.scalars(select(AuditRecord.id).where(what)).all()) == 3
