"""Questions about bank entries over the API: what only a person can say of one, and saying it."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from marshmallow import Schema, fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_change, show_changed_row
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.db import db
from donorhub.models import EntryQuestion
from donorhub.models.states import QUESTION_KINDS, QUESTION_STATES
from donorhub.schemas.bank import (
    AnswerToGroup,
    AnswerToGroupSchema,
    AnswerToQuestion,
    AnswerToQuestionSchema,
)
from donorhub.schemas.fields import Instant, QueryId, StrictSchema
from donorhub.schemas.shown import Shown, ShownSchema
from donorhub.services.bank.matching import entry_answers, question_groups, question_views
from donorhub.services.bank.matching.question_groups import ShownGroup

bp = HouseBlueprint(
    "entry_questions", __name__, path="/entry-questions", description="What only a person can say of entries."
)
SORTS: Final = {"id": EntryQuestion.id}


class EntryQuestionSchema(AnswerSchema):
    """A question about an entry, with its answer."""

    id = fields.Integer(required=True)
    entry_id = fields.Integer(required=True, metadata={"description": "The entry that it is about"})
    twin_id = fields.Integer(allow_none=True, metadata={"description": "The entry that it may be"})
    import_file_id = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"description": "Why it is asked"})
    differs = fields.List(
        fields.String(), required=True, metadata={"description": "The fields in which both entries differ"}
    )
    state = fields.String(required=True)
    answer = fields.String(allow_none=True)
    answered_by = fields.String(allow_none=True)
    answered_at = Instant(allow_none=True)


class ShownQuestionSchema(EntryQuestionSchema):
    """A question as it is now."""

    digest = fields.String(
        required=True, metadata={"description": "Sent with an answer, answers exactly this"}
    )


class AnsweredSchema(Schema):
    """How many questions were answered at once."""

    answered = fields.Integer(required=True, metadata={"description": "How many questions were answered"})


class GroupQuerySchema(StrictSchema):
    """Which questions are meant."""

    import_file_id = QueryId(required=True, metadata={"description": "The file that raised the questions"})
    kind = fields.String(required=True, validate=validate.OneOf(QUESTION_KINDS))


class GroupSchema(Schema):
    """The open questions of a file that have one reason."""

    digest = fields.String(required=True, metadata={"description": "Confirms these questions as they are"})
    count = fields.Integer(required=True)


Query = pages.make_query_schema(
    *SORTS,
    state=fields.String(validate=validate.OneOf(QUESTION_STATES)),
    kind=fields.String(validate=validate.OneOf(QUESTION_KINDS)),
    import_file_id=QueryId(),
    entry_id=QueryId(),
)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(EntryQuestionSchema))
def list_entry_questions(arguments: dict[str, object]) -> pages.Page:
    """List questions about entries; with `state=open`, those that wait for an answer."""
    page, filters = pages.split_arguments(arguments)
    return pages.read_page(question_views.select_questions().filter_by(**filters), page, SORTS)


@bp.get(f"/<{ID}:question_id>")
@require_permission("imports:read")
@bp.response(200, ShownQuestionSchema)
def get_entry_question(question_id: int) -> Response:
    """Show a question with its answer, if it has one, and the `digest` of it and of both entries."""
    return answer_resource(ShownQuestionSchema, describe_question(entry_answers.get_question(question_id)))


@bp.get("/group")
@require_permission("imports:read")
@bp.arguments(GroupQuerySchema, location="query")
@bp.response(200, GroupSchema)
def show_group(group: dict[str, Any]) -> Response:
    """Show how many questions of a file have one reason, and the `digest` of all that they tell now."""
    view = question_groups.show_group(group["import_file_id"], group["kind"])
    return answer_resource(GroupSchema, view)


@bp.post("/answer-all")
@require_permission("entries:decide")
@do_once
@bp.arguments(AnswerToGroupSchema)
@bp.response(200, AnsweredSchema)
def answer_all(group: AnswerToGroup) -> dict[str, int]:
    """Give all open questions of one file that have one reason the same answer. Again finds none left.

    With the `digest` of `/entry-questions/group` exactly those are answered: where they are others by now, or
    tell something else, the answer is 409 `changed` with the new `preview`, and none is answered. Of more
    than 500 the first may be answered, as they were shown, before others change: then the rest is told.
    """
    count, digest = 0, group.get("digest", "")
    what = group["import_file_id"], group["kind"], group["answer"]
    now, actor = clock.now(), get_principal().actor
    chunk_counts = (
        question_groups.answer_shown_group(*what, digest, now=now, actor=actor)
        if digest
        else question_groups.answer_group(*what, now=now, actor=actor)
    )
    with show_change(ShownGroup, GroupSchema, lambda view: view):
        for chunk_count in chunk_counts:
            count += chunk_count
            if chunk_count == entry_answers.MOST_AT_ONCE:
                db.session.commit()  # nobody else can write while a chunk is answered: let them in between
    return {"answered": count}


@bp.post(f"/<{ID}:question_id>/answer")
@require_permission("entries:decide")
@do_once
@bp.arguments(AnswerToQuestionSchema)
@bp.response(200, ShownQuestionSchema)
def answer_entry_question(answer: AnswerToQuestion, question_id: int) -> Response:
    """Answer a question. The same answer again changes nothing; another wants the first undone.

    With the `digest` of the question exactly that is answered: where it or one of its entries is another by
    now, the answer is 409 `changed` with the new `preview`.
    """
    with show_changed_row(ShownQuestionSchema, describe_question):
        question = question_groups.answer_shown_question(
            question_id,
            answer["answer"],
            answer.get("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
    return answer_resource(ShownQuestionSchema, describe_question(question))


@bp.post(f"/<{ID}:question_id>/undo")
@require_permission("entries:decide")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, ShownQuestionSchema)
def undo_entry_answer(confirmation: Shown, question_id: int) -> Response:
    """Take an answer back: the entries are what they were, and the question is open. Open: no change."""
    with show_changed_row(ShownQuestionSchema, describe_question):
        question = question_groups.undo_shown_answer(
            question_id, confirmation.get("digest"), now=clock.now(), actor=get_principal().actor
        )
    return answer_resource(ShownQuestionSchema, describe_question(question))


def describe_question(question: EntryQuestion) -> dict[str, object]:
    """Return a question as it is told by itself, with its digest."""
    names = EntryQuestionSchema().fields
    digest = question_groups.show_question(question).digest
    return {name: getattr(question, name) for name in names} | {"digest": digest}
