"""Bank statements over the API: what each file told of an account, and releasing one that was held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_changed_row
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Statement
from donorhub.models.states import STATEMENT_INTEGRITIES, STATEMENT_STATES
from donorhub.money import Money
from donorhub.schemas.bank import ReleaseSchema
from donorhub.schemas.fields import Instant, QueryId
from donorhub.schemas.money import MoneySchema
from donorhub.schemas.shown import ShownReason
from donorhub.services.bank.files import statements

bp = HouseBlueprint("statements", __name__, path="/statements", description="Accounts' reports for periods.")
SORTS: Final = {"id": Statement.id}


class StatementSchema(AnswerSchema):
    digest = fields.String(required=True, metadata={"description": "Sent with a release: of exactly this"})
    id = fields.Integer(required=True)
    import_file_id = fields.Integer(required=True)
    bank_account_id = fields.Integer(required=True)
    format = fields.String(required=True)
    is_advice = fields.Boolean(required=True, metadata={"description": "It adds no money, only knowledge"})
    ref = fields.String(allow_none=True)
    sequence_no = fields.String(allow_none=True)
    period_from = fields.Date(allow_none=True)
    period_to = fields.Date(allow_none=True)
    opening = fields.Nested(MoneySchema, allow_none=True)
    closing = fields.Nested(MoneySchema, allow_none=True)
    sum = fields.Nested(MoneySchema, metadata={"description": "Of all its booked entries"})
    entries_count = fields.Integer(required=True)
    new_count = fields.Integer(required=True)
    integrity = fields.String(required=True, validate=validate.OneOf(STATEMENT_INTEGRITIES))
    state = fields.String(required=True, validate=validate.OneOf(STATEMENT_STATES))
    released_by = fields.String(allow_none=True)
    released_at = Instant(allow_none=True)
    release_reason = fields.String(allow_none=True, metadata={"description": "Why it was let in"})


Query = pages.make_query_schema(
    *SORTS,
    import_file_id=QueryId(),
    bank_account_id=QueryId(),
    state=fields.String(validate=validate.OneOf(STATEMENT_STATES)),
    integrity=fields.String(validate=validate.OneOf(STATEMENT_INTEGRITIES)),
)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(StatementSchema))
def list_statements(query: dict[str, object]) -> pages.Page:
    """List bank statements."""
    page, filters = pages.split_arguments(query)
    page_of_statements = pages.read_page(statements.select_statements(**filters), page, SORTS)
    return pages.change_data(page_of_statements, _make_answers)


@bp.get(f"/<{ID}:statement_id>")
@require_permission("imports:read")
@bp.response(200, StatementSchema)
def get_statement(statement_id: int) -> Response:
    """Show a bank statement."""
    return answer_resource(StatementSchema, *_make_answers([statements.get_statement(statement_id)]))


@bp.post(f"/<{ID}:statement_id>/release")
@require_permission("statements:release")
@do_once
@bp.arguments(ReleaseSchema)
@bp.response(200, StatementSchema)
def release_statement(request_body: ShownReason, statement_id: int) -> Response:
    """Take a held statement into the ledger although its balance does not hold; who did is recorded."""
    with show_changed_row(StatementSchema, lambda row: _make_answers([row])[0]):
        row = statements.release_statement(
            statement_id,
            reason=request_body["reason"],
            digest=request_body.get("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
    return answer_resource(StatementSchema, *_make_answers([row]))


def _make_answers(rows: Sequence[Statement]) -> list[dict[str, object]]:
    released_ids = [row.id for row in rows if row.released_at is not None]
    reasons = statements.find_release_reasons(released_ids) if released_ids else {}
    return [_make_answer(row) | {"release_reason": reasons.get(row.id)} for row in rows]


def _make_answer(row: Statement) -> dict[str, object]:
    ours = {column.key: getattr(row, column.key) for column in Statement.__table__.columns}
    return ours | {
        "digest": statements.compute_statement_digest(row),
        "opening": None if row.opening_minor is None else Money(row.opening_minor, row.currency),
        "closing": None if row.closing_minor is None else Money(row.closing_minor, row.currency),
        "sum": Money(row.sum_minor, row.currency),
    }
