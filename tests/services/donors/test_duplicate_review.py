"""Records that may be one person: found, asked about once as a group, and never again when answered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Changed, Rejected
from donorhub.jobs.queue import timer
from donorhub.models import AuditRecord, Donor, DuplicateQuestion, DuplicateVerdict, HouseholdMember, MergeLog
from donorhub.services.access import organisation
from donorhub.services.donors import (
    candidates,
    donors,
    duplicate_review,
    duplicate_scan,
    duplicates,
    households,
    merging,
    verdicts,
)
from donorhub.services.donors.duplicate_scan import Findings
from tests.races import run_second
from tests.services.donors.merge_world import ME, add_donor, read_all

HOME = {"street": "Długa 4", "postcode": "00-241", "city": "Warszawa"}


@pytest.fixture
def three(database: Flask) -> list[Donor]:
    """Three records of one name at one address with one mailbox, and a couple's other half."""
    names = ("Anna Kowalska", "Ania Kowalska", "Anna Kowalska")
    alike = [add_donor(name, email="anna@example.org", **HOME) for name in names]
    add_donor("Jan Kowalski", phone="+48 601 000 000", **HOME)
    return alike


def look(now: datetime) -> Findings:
    findings = Findings()
    for ids in duplicate_scan.stream_changed_ids():
        findings += duplicate_scan.look_at(ids, now=now)
    duplicate_scan.doubt_merges(now=now)
    duplicate_scan.finish_look(now=now)
    db.session.commit()
    return findings


def ask_one(now: datetime) -> int:
    assert look(now).asked == 1
    (question,) = duplicate_review.list_questions().rows
    return question.id


def answer(question_id: int, word: str, now: datetime, **more: object) -> bool:
    _review, is_new = duplicate_review.answer_question(question_id, word, now=now, actor=ME, **more)  # type: ignore[arg-type]
    db.session.commit()
    return is_new


def assert_nothing_but_a_home(now: datetime) -> None:
    """Nobody asks again who is one; whether the husband lives with them is another question."""
    assert look(now).asked == 1
    (question,) = duplicate_review.list_questions().rows
    assert duplicate_review.get_review(question.id).is_of_home


def list_merged() -> set[int | None]:
    return set(db.session.scalars(select(Donor.merged_into_id).where(Donor.merged_into_id.is_not(None))))


def test_group_is_asked_about_once(three: list[Donor], now: datetime) -> None:
    """One question for three records, without the husband; a second look asks nothing."""
    question_id = ask_one(now)
    review = duplicate_review.get_review(question_id)
    assert [donor.id for donor in review.donors] == [donor.id for donor in three]
    assert review.people == [[donor.id for donor in three]]
    assert all(one.score >= 52 for one in review.comparisons.values()) and not list_merged()
    before = read_all()
    assert look(now).asked == 0
    for ids in candidates.stream_donor_ids():
        assert duplicate_scan.look_at(ids, now=now) == Findings(4, 0, 0)
    db.session.commit()
    assert read_all()["duplicate_question"] == before["duplicate_question"]
    assert read_all()["duplicate_member"] == before["duplicate_member"]


def test_all_are_one(three: list[Donor], now: datetime) -> None:
    """All one: the oldest goes on, and nobody is asked again, nor twice by the same answer."""
    question_id = ask_one(now)
    digest = duplicate_review.get_review(question_id).digest
    assert answer(question_id, "one", now, shown_digest=digest)
    assert list_merged() == {three[0].id}
    before = read_all()
    assert not answer(question_id, "different", now) and read_all() == before
    assert_nothing_but_a_home(now + timedelta(days=1))


def test_who_is_whom_is_kept(three: list[Donor], now: datetime) -> None:
    """Two are one and the third another: the verdict holds for each pair, also for who is merged later."""
    question_id = ask_one(now)
    first, second, third = (donor.id for donor in three)
    assert answer(question_id, "people", now, people=[[first, second], [third]])
    assert list_merged() == {first} and donors.get_donor(second).id == first
    rows = db.session.execute(
        select(DuplicateVerdict.left_id, DuplicateVerdict.right_id, DuplicateVerdict.verdict)
    )
    assert {tuple(row) for row in rows} == {
        (first, second, "same"),
        (first, third, "different"),
        (second, third, "different"),
    }
    assert_nothing_but_a_home(now + timedelta(days=1))


def test_all_are_different(three: list[Donor], now: datetime) -> None:
    """All different: nothing is merged, and the verdict is read through later merges."""
    question_id = ask_one(now)
    assert answer(question_id, "different", now) and not list_merged()
    assert_nothing_but_a_home(now + timedelta(days=1))
    fourth = add_donor("Anna Kowalska", email="anna@example.org", **HOME)
    merging.merge_donors(fourth.id, three[2].id, now=now, actor=ME)
    db.session.commit()
    assert verdicts.list_apart([three[0].id, three[2].id]) == {(three[0].id, three[2].id)}


def test_household_is_proposed_once(database: Flask, now: datetime) -> None:
    """A couple at one address is asked about, made a household by one answer, and never asked about again."""
    anna = add_donor("Anna Kowalska", **HOME)
    jan = add_donor("Jan Kowalski", **HOME)
    add_donor("Ewa Lis", **HOME)  # a neighbour: the address alone is no sign
    question_id = ask_one(now)
    review = duplicate_review.get_review(question_id)
    assert [donor.id for donor in review.donors] == [anna.id, jan.id]
    assert review.is_of_home
    assert look(now).asked == 0
    assert answer(question_id, "household", now)
    members = db.session.scalars(select(HouseholdMember.donor_id).order_by(HouseholdMember.donor_id)).all()
    assert members == [anna.id, jan.id]
    for ids in candidates.stream_donor_ids():
        assert duplicate_scan.look_at(ids, now=now).asked == 0
    assert db.session.scalar(select(DuplicateQuestion.id).where(DuplicateQuestion.state == "open")) is None


def test_household_that_is_none_stays_none(database: Flask, now: datetime) -> None:
    """Two whom a person told apart are not proposed again, and those who are a household already never."""
    add_donor("Anna Kowalska", **HOME)
    add_donor("Jan Kowalski", **HOME)
    assert answer(ask_one(now), "different", now)
    for ids in candidates.stream_donor_ids():
        assert duplicate_scan.look_at(ids, now=now).asked == 0


def test_household_is_made(three: list[Donor], now: datetime) -> None:
    """A household: as many people as records, who live together from now on."""
    question_id = ask_one(now)
    assert answer(question_id, "household", now) and not list_merged()
    (household_id,) = set(db.session.scalars(select(HouseholdMember.household_id)))
    members = [pair[1].id for pair in households.list_members(household_id)]
    assert sorted(members) == [donor.id for donor in three]


@pytest.mark.parametrize(
    ("word", "people"), [("people", [[1], [2]]), ("people", [[1, 2, 3], [3]]), ("right", []), ("undone", [])]
)
def test_unfit_answer_changes_nothing(
    three: list[Donor], now: datetime, word: str, people: list[list[int]]
) -> None:
    """Each record is named once, and a question about records is not one about a merge."""
    question_id = ask_one(now)
    before = read_all()
    with pytest.raises(Rejected):
        answer(question_id, word, now, people=people)
    assert read_all() == before


def test_answer_is_audited(three: list[Donor], now: datetime) -> None:
    """Who said what of a question is kept, once."""
    question_id = ask_one(now)
    assert answer(question_id, "different", now)
    assert not answer(question_id, "different", now)
    query = select(AuditRecord).where(AuditRecord.what == "duplicate_question.answered")
    (record,) = db.session.scalars(query).all()
    assert (record.actor, record.subject_type, record.subject_id) == (ME, "duplicate_question", question_id)


def test_other_than_shown_is_not_answered(three: list[Donor], now: datetime) -> None:
    """Where a record changed since the page was shown, the question is shown anew."""
    question_id = ask_one(now)
    digest = duplicate_review.get_review(question_id).digest
    donors.change_donor(three[0], {"city": "Gdynia"}, now=now, actor=ME)
    db.session.commit()
    before = read_all()
    with pytest.raises(Changed):
        answer(question_id, "one", now, shown_digest=digest)
    assert read_all() == before


def test_fourth_record_joins_the_question(three: list[Donor], now: datetime) -> None:
    """Another record of the same person is asked about in the question that waits."""
    question_id = ask_one(now)
    fourth = add_donor("Anna Kowalska", email="anna@example.org", **HOME)
    assert look(now + timedelta(hours=1)).asked == 0
    ids = [donor.id for donor in duplicate_review.get_review(question_id).donors]
    assert ids == [*(donor.id for donor in three), fourth.id]


def test_only_who_changed_is_looked_at(three: list[Donor], now: datetime) -> None:
    """After the first look, those alone who came or changed since."""
    look(now)
    assert list(duplicate_scan.stream_changed_ids()) == [[donor.id for donor in three] + [three[2].id + 1]]
    look(now + timedelta(hours=1))
    assert list(duplicate_scan.stream_changed_ids()) == []


def test_sure_ones_merge_where_wanted(three: list[Donor], now: datetime) -> None:
    """Nobody is merged without a person until the organisation says so; then those who are surely one."""
    organisation.get_organisation().merges_alone = True
    db.session.commit()
    assert look(now) == Findings(4, 2, 0)
    assert list_merged() == {three[0].id}
    assert set(db.session.scalars(select(MergeLog.actor))) == {merging.AUTOMATIC}


@pytest.mark.parametrize(("country", "phone"), [("", "601 000 001"), ("AL", "069 123 4567")])
def test_third_person_puts_merge_in_doubt(database: Flask, now: datetime, country: str, phone: str) -> None:
    """When a third person has the phone that made two records one, a person is asked, and nothing undone."""
    organisation.get_organisation().merges_alone = True
    one, other = (add_donor("Anna Kowalska", phone=phone, country=country, **HOME) for _ in range(2))
    assert look(now).merged == 1
    for name in ("Ewa Nowak", "Jan Lis"):
        add_donor(name, phone=phone, country=country)
    look(now + timedelta(hours=1))
    (question,) = duplicate_review.list_questions().rows
    assert question.merge_id is not None and donors.get_donor(other.id).id == one.id
    assert answer(question.id, "undone", now + timedelta(hours=2))
    assert donors.get_donor(other.id).id == other.id
    assert look(now + timedelta(days=1)) == Findings(4, 0, 0) or not list_merged()
    assert list_merged() == set()


def test_answered_family_is_not_asked_at_entry(three: list[Donor], now: datetime) -> None:
    """Who is made although another is alike is a person of their own: nobody asks later."""
    look(now)
    fields: donors.DonorFields = {"name": "Anna Kowalska", "email": "anna@example.org", "city": "Warszawa"}
    alike = duplicates.list_alike(fields)
    assert [one.id for one in alike] == [donor.id for donor in three]
    donor = donors.create_donor(fields, source="form", now=now, actor=ME)
    verdicts.record_others(donor.id, [one.id for one in alike], now=now, actor=ME)
    db.session.commit()
    before = db.session.scalars(select(DuplicateQuestion.id)).all()
    look(now + timedelta(hours=1))
    assert db.session.scalars(select(DuplicateQuestion.id)).all() == before
    (question_id,) = before
    assert donor.id not in [one.id for one in duplicate_review.get_review(question_id).donors]


def test_question_that_is_none_closes(three: list[Donor], now: datetime) -> None:
    """Where records were made unlike, the question goes by itself."""
    question_id = ask_one(now)
    for number, donor in enumerate(three):
        donors.change_donor(
            donor, {"email": f"{number}@example.org", "street": "", "postcode": ""}, now=now, actor=ME
        )
    db.session.commit()
    assert duplicate_review.close_outdated(most=100) == 1
    db.session.commit()
    assert duplicate_review.list_questions().rows == []
    assert db.session.get_one(DuplicateQuestion, question_id).state == "gone"


def test_two_answers_at_once_are_one(locks: Flask, three: list[Donor], now: datetime) -> None:
    """Of two people who answer one question at once the first is heard."""
    question_id = ask_one(now)
    duplicate_review.answer_question(question_id, "different", now=now, actor=ME)
    second = run_second(
        locks,
        lambda: duplicate_review.answer_question(question_id, "one", now=now, actor="user:2")[1],
    )
    assert second.waited and second.error is None and second.result is False
    assert list_merged() == set()


def test_clock_looks(three: list[Donor], now: datetime) -> None:
    """The timer looks at all once, and then at who changed."""
    first = timer.look_for_duplicates()
    assert (first.donors, first.asked) == (4, 1)
    assert timer.look_for_duplicates(is_whole=True) == Findings(4, 0, 0)
    ours = organisation.get_organisation()
    assert ours.duplicates_seen_at is not None
    assert "duplicates" in {step.name for step in timer.list_steps()}


def test_points_of_merging_stay_above(database: Flask, now: datetime) -> None:
    """Without a person more points are asked for than for a question, and that they are kept is told."""
    before = read_all()
    with pytest.raises(Rejected):
        organisation.change_organisation({"merge_from_points": 60, "ask_from_points": 70}, now=now, actor=ME)
    assert read_all() == before
    organisation.change_organisation({"merge_from_points": 90, "merges_alone": True}, now=now, actor=ME)
    db.session.commit()
    assert candidates.read_thresholds().automatic == 90
