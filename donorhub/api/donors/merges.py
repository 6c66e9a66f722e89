"""Making two records one donor over the API, seen before it is done; and taking a merge apart."""

from __future__ import annotations

from flask import Response, url_for
from marshmallow import fields

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_change
from donorhub.api.donors.duplicates import (
    ComparisonSchema,
    DuplicatesQuery,
    DuplicatesQuerySchema,
    describe_comparison,
)
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.errors import DonorHubError
from donorhub.models import MergeLog
from donorhub.schemas.fields import Instant
from donorhub.schemas.merging import MergeSchema, NewMerge, Undoing, UndoSchema
from donorhub.services.donors import duplicate_review, merging, unmerging
from donorhub.services.donors.merging import MergePlan
from donorhub.services.donors.unmerging import UndoPlan

bp = HouseBlueprint("merges", __name__, path="/merges", description="Records that were made one donor.")


class FieldChoiceSchema(AnswerSchema):
    """A field that two records say differently."""

    field = fields.String(required=True)
    is_taken = fields.Boolean(required=True, metadata={"description": "The younger record's word is taken"})


class MergePreviewSchema(AnswerSchema):
    """What making two records one would do."""

    survivor_id = fields.Integer(required=True, metadata={"description": "The older one, which goes on"})
    loser_id = fields.Integer(required=True)
    comparison = fields.Nested(ComparisonSchema, required=True)
    choices = fields.List(fields.Nested(FieldChoiceSchema), required=True)
    moves = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Rows that go along, by table"},
    )
    verdict = fields.String(
        required=True, allow_none=True, metadata={"description": "What a person said of the two before"}
    )
    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})


class LaterRowSchema(AnswerSchema):
    """A row that came after a merge."""

    table = fields.String(required=True)
    id = fields.Integer(required=True)
    side = fields.String(required=True, metadata={"description": "survivor or loser: to whom it points"})
    reason = fields.String(required=True, metadata={"description": "By what; empty where nothing tells"})


class MergeRowSchema(AnswerSchema):
    """A merge."""

    id = fields.Integer(required=True)
    survivor_id = fields.Integer(required=True)
    loser_id = fields.Integer(required=True)
    at = Instant(required=True)
    actor = fields.String(required=True)
    undone_at = Instant(required=True, allow_none=True)
    undone_by = fields.String(required=True, allow_none=True)


class MergeDetailSchema(MergeRowSchema):
    """A merge, and what taking it apart would do."""

    moved_count = fields.Integer(required=True)
    folded_count = fields.Integer(required=True)
    undo_ends_at = Instant(required=True)
    later_rows = fields.List(fields.Nested(LaterRowSchema), required=True)
    digest = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Confirms the undo; none: it cannot be undone"},
    )


@bp.get("")
@require_permission("donors:merge")
@bp.arguments(DuplicatesQuerySchema, location="query")
@bp.response(200, pages.make_page_schema(MergeRowSchema))
def list_merges(query: DuplicatesQuery) -> pages.Page:
    """List the merges there were, the newest first."""
    page = merging.list_merges(after=query.get("after"), limit=query["limit"])
    return pages.make_page(page.rows, page.cursor)


@bp.post("/preview")
@require_permission("donors:merge")
@commit_work
@bp.arguments(MergeSchema)
@bp.response(200, MergePreviewSchema)
def preview_merge(new: NewMerge) -> Response:
    """Show what making two records one would do. Nothing is done."""
    plan = merging.plan_merge(new["donor_id"], new["other_id"], taken_names=new.get("taken", ()))
    return answer_resource(MergePreviewSchema, describe_plan(plan))


@bp.post("")
@require_permission("donors:merge")
@do_once
@bp.arguments(MergeSchema)
@bp.response(201, MergeDetailSchema)
@bp.alt_response(200, schema=MergeDetailSchema, description="They are one already.")
def merge_donors(new: NewMerge) -> Response:
    """Make two records one donor: the older goes on, the other's number leads there (308).

    Where it would do something else than was shown, the answer is 409 `changed` with the new `preview`.
    """
    with show_change(MergePlan, MergePreviewSchema, describe_plan):
        log, is_new = duplicate_review.join_pair(
            new["donor_id"],
            new["other_id"],
            taken_names=new.get("taken", ()),
            shown_digest=new.get("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
    at = url_for(".get_merge", merge_id=log.id)
    return answer_resource(
        MergeDetailSchema, describe_merge(log), status=201 if is_new else 200, at=at if is_new else None
    )


@bp.get(f"/<{ID}:merge_id>")
@require_permission("donors:merge")
@bp.response(200, MergeDetailSchema)
def get_merge(merge_id: int) -> Response:
    """Show a merge, what came since, and to which of the two it points."""
    return answer_resource(MergeDetailSchema, describe_merge(unmerging.get_merge(merge_id)))


@bp.post(f"/<{ID}:merge_id>/undo")
@require_permission("donors:merge")
@do_once
@bp.arguments(UndoSchema)
@bp.response(200, MergeDetailSchema)
def undo_merge(new: Undoing, merge_id: int) -> Response:
    """Take a merge apart: all that moved goes back, and `given_back` of what came since; again changes
    nothing. That they are two people is kept.

    Where it would do something else than was shown, the answer is 409 `changed` with the new `preview`.
    """
    rows = new.get("given_back")
    with show_change(UndoPlan, MergeDetailSchema, lambda plan: describe_merge(plan.log)):
        log, _ = duplicate_review.take_apart(
            merge_id,
            given_back=None if rows is None else [(row["table"], row["id"]) for row in rows],
            shown_digest=new.get("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
    return answer_resource(MergeDetailSchema, describe_merge(log))


def describe_plan(plan: MergePlan) -> dict[str, object]:
    """Return what a merge would do as its schema tells it."""
    return {
        "survivor_id": plan.survivor.id,
        "loser_id": plan.loser.id,
        "comparison": describe_comparison(plan.comparison),
        "choices": [{"field": one.name, "is_taken": one.is_theirs} for one in plan.choices],
        "moves": plan.moved_counts,
        "verdict": plan.verdict,
        "digest": plan.digest,
    }


def describe_merge(log: MergeLog) -> dict[str, object]:
    """Return a merge as its schema tells it, with what an undo would do where it can be done."""
    plan: UndoPlan | None = None
    try:
        plan = unmerging.plan_undo(log.id, now=clock.now())
    except DonorHubError:
        plan = None  # it stays: the answer has no digest
    moved_count, folded_count = merging.count_merge(log.id)
    return {
        **{name: getattr(log, name) for name in MergeRowSchema._declared_fields},
        "moved_count": moved_count,
        "folded_count": folded_count,
        "undo_ends_at": unmerging.find_last_day(log),
        "later_rows": [
            {"table": one.table_name, "id": one.row_id, "side": one.side, "reason": one.reason}
            for one in (plan.later_rows if plan else ())
        ],
        "digest": plan.digest if plan else None,
    }
