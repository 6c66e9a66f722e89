"""Records that may be one person over the API: the questions that wait, and answering them."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_change
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.domain.donors.evidence import EVIDENCE_KINDS, Comparison
from donorhub.models import DuplicateQuestion
from donorhub.schemas.fields import Instant, StrictSchema
from donorhub.schemas.merging import Answering, DuplicateAnswerSchema
from donorhub.services.donors import duplicate_review
from donorhub.services.donors.duplicate_review import Review

bp = HouseBlueprint(
    "duplicates", __name__, path="/duplicates", description="Groups of records that may be one person."
)


class EvidenceSchema(AnswerSchema):
    """One thing that speaks for or against two records being one person."""

    kind = fields.String(required=True, validate=validate.OneOf(EVIDENCE_KINDS))
    points = fields.Integer(required=True)
    holders = fields.Integer(
        required=True, metadata={"description": "How many people have what is shared; 0: not counted"}
    )
    is_generic = fields.Boolean(required=True, metadata={"description": "Too many have it to say anything"})


class ComparisonSchema(AnswerSchema):
    """Two records side by side."""

    left_id = fields.Integer(required=True)
    right_id = fields.Integer(required=True)
    score = fields.Integer(required=True)
    evidence = fields.List(fields.Nested(EvidenceSchema), required=True)
    vetoes = fields.List(fields.String(), required=True, metadata={"description": "Why they cannot be one"})


class DuplicateSchema(AnswerSchema):
    """A group of records that may be one person."""

    id = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"description": "open, answered or gone"})
    merge_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Whether this merge was right is asked"}
    )
    found_at = Instant(required=True)
    answer = fields.String(required=True, allow_none=True)
    donor_ids = fields.List(fields.Integer(), required=True)


class DuplicateReviewSchema(DuplicateSchema):
    """A group with what speaks for and against each pair."""

    comparisons = fields.List(fields.Nested(ComparisonSchema), required=True)
    people = fields.List(
        fields.List(fields.Integer()), required=True, metadata={"description": "Who is whom, as proposed"}
    )
    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})


class DuplicatesQuerySchema(StrictSchema):
    """Which page of the questions that wait."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, pages.MOST))
    after = fields.String(validate=validate.Length(1, 200))


class DuplicatesQuery(TypedDict):
    """The same as values."""

    limit: int
    after: NotRequired[str]


@bp.get("")
@require_permission("donors:merge")
@bp.arguments(DuplicatesQuerySchema, location="query")
@bp.response(200, pages.make_page_schema(DuplicateSchema))
def list_duplicates(query: DuplicatesQuery) -> pages.Page:
    """List the groups that wait for an answer, the oldest first."""
    page = duplicate_review.list_questions(after=query.get("after"), limit=query["limit"])
    members = duplicate_review.read_members([question.id for question in page.rows])
    rows = [
        _describe_question(question, [donor.id for donor in members.get(question.id, [])])
        for question in page.rows
    ]
    return pages.make_page(rows, page.cursor)


@bp.get(f"/<{ID}:question_id>")
@require_permission("donors:merge")
@bp.response(200, DuplicateReviewSchema)
def get_duplicate(question_id: int) -> Response:
    """Show a group with what speaks for and against each pair."""
    return answer_resource(DuplicateReviewSchema, describe_review(duplicate_review.get_review(question_id)))


@bp.post(f"/<{ID}:question_id>/answer")
@require_permission("donors:merge")
@do_once
@bp.arguments(DuplicateAnswerSchema)
@bp.response(200, DuplicateReviewSchema)
def answer_duplicate(new: Answering, question_id: int) -> Response:
    """Say how many people they are: one, `people` as named, all different, or a household; of a merge,
    whether it was right or is undone. The verdict is kept for each pair, and nobody is asked again.

    Where the group is another by now, the answer is 409 `changed` with the new `preview`.
    """
    with show_change(Review, DuplicateReviewSchema, describe_review):
        duplicate_review.answer_question(
            question_id,
            new["answer"],
            people=new.get("people", ()),
            shown_digest=new.get("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
    return answer_resource(DuplicateReviewSchema, describe_review(duplicate_review.get_review(question_id)))


def _describe_question(question: DuplicateQuestion, donor_ids: list[int]) -> dict[str, object]:
    return {
        "id": question.id,
        "state": question.state,
        "merge_id": question.merge_id,
        "found_at": question.found_at,
        "answer": question.answer,
        "donor_ids": donor_ids,
    }


def describe_review(review: Review) -> dict[str, object]:
    """Return a group as its schema tells it."""
    return {
        **_describe_question(review.question, [donor.id for donor in review.donors]),
        "comparisons": [describe_comparison(one) for one in review.comparisons.values()],
        "people": [list(person) for person in review.people],
        "digest": review.digest,
    }


def describe_comparison(comparison: Comparison) -> dict[str, object]:
    """Return two records side by side as the schema tells it."""
    return {
        "left_id": comparison.left_id,
        "right_id": comparison.right_id,
        "score": comparison.score,
        "evidence": [
            {
                "kind": one.kind,
                "points": one.points,
                "holders": one.holders,
                "is_generic": one.is_generic,
            }
            for one in comparison.evidence
        ],
        "vetoes": list(comparison.vetoes),
    }
