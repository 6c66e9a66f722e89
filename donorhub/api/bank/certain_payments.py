"""What would be decided of many entries at once, as the API tells it: with the digest that confirms it."""

from __future__ import annotations

from marshmallow import fields

from donorhub.api.bank.entry_answers import ProposedPartSchema, make_parts
from donorhub.api.schemas import AnswerSchema, SumSchema
from donorhub.schemas.money import MoneySchema
from donorhub.services.bank.matching.certain_entries import CertainPayments


class CertainPaymentSchema(AnswerSchema):
    """A payment, and what it would become."""

    entry_id = fields.Integer(required=True)
    detail_id = fields.Integer(allow_none=True)
    amount = fields.Nested(MoneySchema)
    parts = fields.List(fields.Nested(ProposedPartSchema), required=True)
    payout_id = fields.Integer(allow_none=True)
    gift_id = fields.Integer(allow_none=True)


class CertainPaymentsSchema(AnswerSchema):
    """What `accept-certain` would accept next."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})
    count = fields.Integer(required=True)
    sums = fields.List(fields.Nested(SumSchema), required=True)
    payments = fields.List(fields.Nested(CertainPaymentSchema), required=True)
    last_entry_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The last that was looked at: ask for what is behind it. None: the end"},
    )


def describe_payments(payments: CertainPayments) -> dict[str, object]:
    """Return certain payments as their schema tells them."""
    return {
        "digest": payments.digest,
        "count": len(payments.decisions),
        "sums": [{"amount": amount} for amount in payments.sums],
        "last_entry_id": payments.last_entry_id,
        "payments": [
            {
                "entry_id": decision.place.entry_id,
                "detail_id": decision.place.detail_id,
                "amount": decision.place.credit.amount,
                "parts": make_parts(decision.parts, decision.place.credit.amount.currency),
                "payout_id": decision.payout_id,
                "gift_id": decision.gift_id,
            }
            for decision in payments.decisions
        ],
    }
