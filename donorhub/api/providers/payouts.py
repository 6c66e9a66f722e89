"""Payouts over the API: providers' transfers to our bank and the lines that explain them. Read only."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import require_permission
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Payout, PayoutItem
from donorhub.models.states import PAYOUT_STATES
from donorhub.money import Money
from donorhub.schemas.fields import Day, Line
from donorhub.schemas.money import MoneySchema
from donorhub.services.providers import payouts

bp = HouseBlueprint("payouts", __name__, path="/payouts", description="Transfers of providers to our bank.")
SORTS: Final = {"id": Payout.id, "arrival_on": Payout.arrival_on}


class PayoutSchema(AnswerSchema):
    """A payout as a list shows it."""

    id = fields.Integer(required=True)
    provider = fields.String(required=True)
    account = fields.String(required=True)
    ref = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(PAYOUT_STATES))
    net = fields.Nested(
        MoneySchema,
        metadata={"description": "Below zero: money that the provider took from our account"},
    )
    arrival_on = fields.Date(required=True)
    descriptor = fields.String()
    entry_id = fields.Integer(allow_none=True, metadata={"description": "The bank entry that it is"})
    is_test = fields.Boolean(required=True)


class PayoutItemSchema(AnswerSchema):
    """One line of a payout: gross less fee is net, each signed."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    gross = fields.Nested(MoneySchema)
    fee = fields.Nested(MoneySchema)
    net = fields.Nested(MoneySchema)
    gift_id = fields.Integer(allow_none=True)
    source_ref = fields.String(required=True)


class PayoutWithItemsSchema(PayoutSchema):
    """A payout with all its lines."""

    items = fields.List(fields.Nested(PayoutItemSchema), required=True)


Query = pages.make_query_schema(
    *SORTS,
    by_time={"arrival_from": "arrival_on", "arrival_to": "arrival_on"},
    provider=Line(40),
    state=fields.String(validate=validate.OneOf(PAYOUT_STATES)),
    arrival_from=Day(),
    arrival_to=Day(),
)


@bp.get("")
@require_permission("providers:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(PayoutSchema))
def list_payouts(query: dict[str, object]) -> pages.Page:
    """List payouts."""
    page, filters = pages.split_arguments(query)
    rows_page = pages.read_page(payouts.select_payouts(**filters), page, SORTS)
    return pages.change_data(rows_page, lambda rows: [_make_answer(row) for row in rows])


@bp.get(f"/<{ID}:payout_id>")
@require_permission("providers:read")
@bp.response(200, PayoutWithItemsSchema)
def get_payout(payout_id: int) -> Response:
    """Show a payout with the lines that add up to it."""
    payout = payouts.get_payout(payout_id)
    items = [_make_item_answer(item) for item in payouts.list_items(payout_id)]
    return answer_resource(PayoutWithItemsSchema, _make_answer(payout) | {"items": items})


def _make_answer(row: Payout) -> dict[str, object]:
    ours = {column.key: getattr(row, column.key) for column in Payout.__table__.columns}
    return ours | {"net": Money(row.net_minor, row.currency)}


def _make_item_answer(row: PayoutItem) -> dict[str, object]:
    amounts = {name: Money(getattr(row, f"{name}_minor"), row.currency) for name in ("gross", "fee", "net")}
    return amounts | {"id": row.id, "kind": row.kind, "gift_id": row.gift_id, "source_ref": row.source_ref}
