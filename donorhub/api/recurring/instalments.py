"""Instalments over the API: what is expected of recurring gifts, what is late, what is let go."""

from __future__ import annotations

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
from donorhub.models import Instalment
from donorhub.models.states import INSTALMENT_STATES
from donorhub.money import Money
from donorhub.schemas.fields import Day, Instant, QueryId
from donorhub.schemas.money import MoneySchema
from donorhub.schemas.recurring import Counting, CountSchema, Skip, SkipSchema
from donorhub.services.recurring import changed_amounts, instalments, shown_promises

bp = HouseBlueprint("instalments", __name__, path="/instalments", description="Expected payments.")
SORTS: Final = {"id": Instalment.id, "due_on": Instalment.due_on}


class InstalmentSchema(AnswerSchema):
    digest = fields.String(
        required=True, metadata={"description": "Sent with a change, changes exactly this"}
    )
    id = fields.Integer(required=True)
    recurring_gift_id = fields.Integer(required=True)
    nominal_on = fields.Date(required=True)
    due_on = fields.Date(required=True, metadata={"description": "The nominal day, rolled to a banking day"})
    amount = fields.Nested(MoneySchema)
    allocated = fields.Nested(MoneySchema, metadata={"description": "What gifts have paid of it so far"})
    state = fields.String(required=True, validate=validate.OneOf(INSTALMENT_STATES))
    state_reason = fields.String()
    missed_at = Instant(allow_none=True)


Query = pages.make_query_schema(
    *SORTS,
    by_time={"due_from": "due_on", "due_to": "due_on"},
    recurring_gift_id=QueryId(),
    donor_id=QueryId(),
    state=fields.String(validate=validate.OneOf(INSTALMENT_STATES)),
    due_from=Day(),
    due_to=Day(),
)


@bp.get("")
@require_permission("recurring:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(InstalmentSchema))
def list_instalments(arguments: dict[str, object]) -> pages.Page:
    """List instalments."""
    page, filters = pages.split_arguments(arguments)
    instalments_of_page = pages.read_page(instalments.select_instalments(**filters), page, SORTS)
    settled_minors = instalments.sum_settled_minor([row.id for row in instalments_of_page.data])
    return pages.change_data(
        instalments_of_page,
        lambda rows: [_make_instalment_answer(row, settled_minors.get(row.id, 0)) for row in rows],
    )


@bp.post(f"/<{ID}:instalment_id>/skip")
@require_permission("recurring:write")
@do_once
@bp.arguments(SkipSchema)
@bp.response(200, InstalmentSchema)
def skip_instalment(body: Skip, instalment_id: int) -> Response:
    """Let an instalment go: nothing is owed for it. Let go already: nothing changes."""
    with show_changed_row(InstalmentSchema, _describe_instalment):
        instalment = instalments.get_instalment(instalment_id)
        shown_promises.refuse_changed_debt(instalment, body.get("digest"))
    row = instalments.skip_instalment(
        instalment_id, reason=body["reason"], now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(
        InstalmentSchema, _make_instalment_answer(row, instalments.compute_settled_minor(row.id))
    )


@bp.post(f"/<{ID}:instalment_id>/count")
@require_permission("recurring:write")
@do_once
@bp.arguments(CountSchema)
@bp.response(200, InstalmentSchema)
def count_gift(body: Counting, instalment_id: int) -> Response:
    """Let a gift of the donor that settles nothing pay the instalment, wholly or in part."""
    with show_changed_row(InstalmentSchema, _describe_instalment):
        instalment = instalments.get_instalment(instalment_id)
        shown_promises.refuse_changed_instalment(instalment, body.get("digest"))
    row = changed_amounts.count_gift(
        instalment_id, body["gift_id"], now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(
        InstalmentSchema, _make_instalment_answer(row, instalments.compute_settled_minor(row.id))
    )


def _describe_instalment(row: Instalment) -> dict[str, object]:
    return _make_instalment_answer(row, instalments.compute_settled_minor(row.id))


def _make_instalment_answer(row: Instalment, paid_minor: int) -> dict[str, object]:
    ours = {column.key: getattr(row, column.key) for column in Instalment.__table__.columns}
    digest = shown_promises.compute_instalment_digest(row)
    return ours | {"digest": digest, "amount": row.amount, "allocated": Money(paid_minor, row.currency)}
