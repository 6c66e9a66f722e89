"""How many people some records are: one question for a group, asked once, and what follows of the answer.

Questions are made by :mod:`.duplicate_scan`. What speaks for and against is worked out each time one is
shown, so that it tells of the records as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from sqlalchemy import Select, select, update

from donorhub.db import db
from donorhub.domain.donors.clusters import (
    Pair,
    gather_people,
    list_pairs,
    list_pairs_across,
)
from donorhub.domain.donors.evidence import Comparison, compare_records, judge_pair
from donorhub.errors import NotFound, Rejected
from donorhub.models import Donor, DuplicateMember, DuplicateQuestion, MergeLog
from donorhub.models.states import DuplicateAnswer
from donorhub.services import paging, shown
from donorhub.services.access import audit
from donorhub.services.donors import candidates, donors, households, merging, unmerging, verdicts
from donorhub.services.paging import LIMIT, Page

MOST_MEMBERS: Final = 12  # records of one question: a person must see them side by side


@dataclass(frozen=True)
class Review:
    """A question with its records as they are now, and what speaks for and against each pair."""

    question: DuplicateQuestion
    donors: Sequence[Donor]
    comparisons: Mapping[Pair, Comparison]
    apart: Collection[Pair]  # of whom a person said, or the rules say, that they are two
    people: Sequence[Sequence[int]]  # who is whom by what is known
    homes: Collection[Pair]  # who may live together: of different given names, at one address
    merge: MergeLog | None

    @property
    def is_of_home(self) -> bool:
        """Whether nothing says that any two are one, and they may live together."""
        return bool(self.homes) and len(self.people) == len(self.donors)

    @cached_property
    def digest(self) -> str:
        """The digest of the records and of what speaks for and against."""
        return shown.compute_digest(
            [
                self.question.id,
                self.question.state,
                [[donor.id, donor.version] for donor in self.donors],
                [
                    [*pair, [[one.kind, one.points, one.holders] for one in comparison.evidence]]
                    for pair, comparison in sorted(self.comparisons.items())
                ],
                sorted(self.apart),
            ]
        )


def select_open() -> Select[int]:
    """Return the query for the ids of questions that wait, for counting."""
    return select(DuplicateQuestion.id).where(DuplicateQuestion.state == "open")


def list_questions(*, after: str | None = None, limit: int = LIMIT) -> Page[DuplicateQuestion]:
    """Return the questions that wait, the oldest first."""
    query = select(DuplicateQuestion).where(DuplicateQuestion.state == "open")
    if after:
        (last_id,) = paging.read_cursor(after, "duplicates", (int,))
        query = query.where(DuplicateQuestion.id > last_id)
    rows = db.session.scalars(query.order_by(DuplicateQuestion.id).limit(limit + 1)).all()
    cursor = paging.write_cursor("duplicates", [rows[limit - 1].id]) if len(rows) > limit else None
    return Page(rows[:limit], cursor)


def read_members(question_ids: Collection[int]) -> dict[int, list[Donor]]:
    """Return the donors whom questions are about as they are now, the oldest first."""
    rows = db.session.execute(
        select(DuplicateMember.question_id, DuplicateMember.donor_id).where(
            DuplicateMember.question_id.in_(question_ids)
        )
    ).all()
    survivor_of = verdicts.follow_merges({row.donor_id for row in rows})
    found = {
        donor.id: donor
        for donor in db.session.scalars(select(Donor).where(Donor.id.in_(set(survivor_of.values()))))
    }
    members: dict[int, set[int]] = {}
    for question_id, donor_id in rows:
        if donor_id in survivor_of:
            members.setdefault(question_id, set()).add(survivor_of[donor_id])
    return {id_: [found[one] for one in sorted(ids) if one in found] for id_, ids in members.items()}


def find_questions(donor_id: int) -> Sequence[DuplicateQuestion]:
    """Return the questions about a donor that wait."""
    return db.session.scalars(
        select(DuplicateQuestion)
        .join(DuplicateMember, DuplicateMember.question_id == DuplicateQuestion.id)
        .where(DuplicateMember.donor_id == donor_id, DuplicateQuestion.state == "open")
        .order_by(DuplicateQuestion.id)
    ).all()


def get_review(question_id: int) -> Review:
    """Return a question with all that a person needs to answer it; raise NotFound where there is none."""
    question = db.session.get(DuplicateQuestion, question_id)
    if question is None:
        raise NotFound(f"there is no question {question_id} about duplicates")
    members = read_members([question.id]).get(question.id, [])
    ids = [donor.id for donor in members]
    facts = candidates.read_facts(ids)
    commonness = candidates.read_commonness(facts.values())
    comparisons = {
        pair: compare_records(facts[pair[0]], facts[pair[1]], commonness) for pair in list_pairs(facts)
    }
    parted_pairs = verdicts.list_apart(ids)
    apart = parted_pairs | {pair for pair, one in comparisons.items() if one.vetoes}
    thresholds = candidates.read_thresholds()
    scores = {pair: one.score for pair, one in comparisons.items() if one.score >= thresholds.review}
    homes = {pair for pair, one in comparisons.items() if judge_pair(one, thresholds) == "household"}
    merge = None if question.merge_id is None else db.session.get(MergeLog, question.merge_id)
    return Review(
        question,
        members,
        comparisons,
        apart,
        gather_people(ids, scores, apart),
        homes - parted_pairs - households.list_together(ids),
        merge,
    )


def answer_question(
    question_id: int,
    answer: DuplicateAnswer,
    *,
    now: datetime,
    actor: str,
    people: Sequence[Collection[int]] = (),
    shown_digest: str | None = None,
) -> tuple[Review, bool]:
    """Answer how many people some records are; return the question and whether that is new.

    ``people`` says who is whom where the answer is "people". The verdict is kept for all pairs, and nobody is
    asked again. Raise Changed where ``shown_digest`` is given and this is not what was shown; Rejected where
    the answer does not name each record once, or does not fit the question.
    """
    _lock_question(question_id)
    review = get_review(question_id)
    if review.question.state != "open":
        return review, False
    shown.refuse_changed(shown_digest, review)
    if review.merge is not None:
        _answer_merge(review.merge, answer, now=now, actor=actor)
    else:
        _answer_group(review, answer, people, now=now, actor=actor)
    question = review.question
    question.state, question.answer = "answered", answer
    question.answered_at, question.answered_by = now, actor
    audit.record_action(
        actor,
        "duplicate_question.answered",
        ("duplicate_question", question.id),
        now=now,
        data={"answer": answer},
    )
    db.session.flush()
    return review, True


def _lock_question(question_id: int) -> None:
    """Let nobody else answer this question until the transaction ends: two answers would be two truths."""
    db.session.execute(
        select(DuplicateQuestion)
        .where(DuplicateQuestion.id == question_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _answer_merge(merge: MergeLog, answer: DuplicateAnswer, *, now: datetime, actor: str) -> None:
    if answer == "right":
        verdicts.record_verdicts([(merge.survivor_id, merge.loser_id)], "same", now=now, actor=actor)
    elif answer == "undone":
        take_apart(merge.id, now=now, actor=actor)
    else:
        raise Rejected("say whether this merge was right", field="/answer", code="answer_unfit")


def _answer_group(
    review: Review, answer: DuplicateAnswer, people: Sequence[Collection[int]], *, now: datetime, actor: str
) -> None:
    ids = [donor.id for donor in review.donors]
    if answer == "one":
        people = [ids]
    elif answer in ("different", "household"):
        people = [[id_] for id_ in ids]
    elif answer != "people":
        raise Rejected("this is no answer to how many people they are", field="/answer", code="answer_unfit")
    if sorted(id_ for person in people for id_ in person) != sorted(ids):
        raise Rejected("name each record once", field="/people", code="people_incomplete")
    verdicts.record_verdicts(list_pairs_across(people), "different", now=now, actor=actor)
    for person in people:
        join_records(sorted(person), now=now, actor=actor)
    if answer == "household":
        _make_household(review.donors, now=now, actor=actor)


def join_pair(
    one_id: int,
    other_id: int,
    *,
    now: datetime,
    actor: str,
    taken_names: Collection[str] = (),
    shown_digest: str | None = None,
) -> tuple[MergeLog, bool]:
    """Make two records one donor, as a person says who saw what that does; the verdict is kept."""
    log, is_new = merging.merge_donors(
        one_id, other_id, now=now, actor=actor, taken_names=taken_names, shown_digest=shown_digest
    )
    if is_new:
        verdicts.record_verdicts([(log.survivor_id, log.loser_id)], "same", now=now, actor=actor)
    return log, is_new


def join_records(ids: Sequence[int], *, now: datetime, actor: str) -> list[MergeLog]:
    """Make some records the donor that the oldest of them is, as a person says; return the merges."""
    verdicts.record_verdicts(list_pairs(ids), "same", now=now, actor=actor)
    return [merging.merge_donors(ids[0], id_, now=now, actor=actor)[0] for id_ in ids[1:]]


def take_apart(
    merge_id: int,
    *,
    now: datetime,
    actor: str,
    given_back: Collection[tuple[str, int]] | None = None,
    shown_digest: str | None = None,
) -> tuple[MergeLog, bool]:
    """Take a merge apart, as a person says, who also says that they are two: nobody asks again."""
    log, is_new = unmerging.undo_merge(
        merge_id, now=now, actor=actor, given_back=given_back, shown_digest=shown_digest
    )
    if is_new:
        verdicts.record_verdicts([(log.survivor_id, log.loser_id)], "different", now=now, actor=actor)
    return log, is_new


def _make_household(members: Sequence[Donor], *, now: datetime, actor: str) -> None:
    """Let people who live together be a household: one that some are of already, or a new one."""
    if any(donor.kind != "person" for donor in members):
        raise Rejected("only people make a household", field="/answer", code="no_person")
    known_households = [pair[1] for donor in members for pair in households.list_households(donor.id)]
    household = known_households[0] if known_households else None
    if household is None:
        first = members[0]
        household = donors.create_donor(
            {
                "kind": "household",
                "name": first.name,
                "street": first.street,
                "postcode": first.postcode,
                "city": first.city,
                "country": first.country,
                "lang": first.lang if first.lang_is_told else None,
            },
            source="form",
            now=now,
            actor=actor,
        )
    heads = {donor.id for donor in members[:2]}
    for donor in members:
        households.add_member(household, donor, role="other", is_head=donor.id in heads, now=now, actor=actor)
    if not known_households:
        households.take_joint_name(household, now=now, actor=actor)


# ---------------------------------------------------------------- asking


def ask_about(groups: Iterable[Collection[int]], *, now: datetime) -> int:
    """Ask about groups of records, those that hang together with an open question in that one; return how
    many questions are new.
    """
    count = 0
    for group in groups:
        ids = set(sorted(group)[:MOST_MEMBERS])
        earlier_questions = _find_open(ids)
        if earlier_questions:
            question = earlier_questions[0]
            for other in earlier_questions[1:]:
                ids |= _list_member_ids(other)
                other.state = "gone"
            ids -= _list_member_ids(question)
        else:
            question = DuplicateQuestion(state="open", found_at=now)
            db.session.add(question)
            count += 1
        db.session.flush()  # members name its id
        db.session.add_all(DuplicateMember(question_id=question.id, donor_id=id_) for id_ in sorted(ids))
        db.session.flush()
    return count


def _find_open(donor_ids: Collection[int]) -> Sequence[DuplicateQuestion]:
    return db.session.scalars(
        select(DuplicateQuestion)
        .where(
            DuplicateQuestion.state == "open",
            DuplicateQuestion.merge_id.is_(None),
            DuplicateQuestion.id.in_(
                select(DuplicateMember.question_id).where(DuplicateMember.donor_id.in_(donor_ids))
            ),
        )
        .order_by(DuplicateQuestion.id)
    ).all()


def _list_member_ids(question: DuplicateQuestion) -> set[int]:
    return set(
        db.session.scalars(select(DuplicateMember.donor_id).where(DuplicateMember.question_id == question.id))
    )


def ask_about_merge(merge: MergeLog, *, now: datetime) -> bool:
    """Ask whether a merge was right, once; return whether that is new."""
    is_asked = db.session.scalar(select(DuplicateQuestion.id).where(DuplicateQuestion.merge_id == merge.id))
    if is_asked is not None:
        return False
    question = DuplicateQuestion(state="open", found_at=now, merge_id=merge.id)
    db.session.add(question)
    db.session.flush()  # members name its id
    db.session.add_all(
        DuplicateMember(question_id=question.id, donor_id=id_) for id_ in (merge.survivor_id, merge.loser_id)
    )
    db.session.flush()
    return True


def close_outdated(*, most: int) -> int:
    """Close questions whose records are alike no more; return how many."""
    count = 0
    for question in list_questions(limit=most).rows:
        if question.merge_id is not None:
            merge = db.session.get_one(MergeLog, question.merge_id)
            is_outdated = merge.undone_at is not None
        else:
            review = get_review(question.id)
            is_outdated = len(review.people) == len(review.donors) and not review.homes
        if is_outdated:
            db.session.execute(
                update(DuplicateQuestion)
                .where(DuplicateQuestion.id == question.id, DuplicateQuestion.state == "open")
                .values(state="gone")
            )
            count += 1
    return count
