"""What taking a bank file back would do, as the API tells it: with the digest that confirms it."""

from __future__ import annotations

from marshmallow import fields, validate

from donorhub.api.schemas import AnswerSchema, SumSchema
from donorhub.services.bank.import_undo import TakingBackView


class ObstacleSchema(AnswerSchema):
    """Why an import cannot simply be taken back."""

    kind = fields.String(required=True, validate=validate.OneOf(("receipt", "decision", "closed_books")))
    entry_id = fields.Integer(required=True)
    gift_id = fields.Integer(allow_none=True)
    receipt_id = fields.Integer(allow_none=True)
    actor = fields.String(required=True)


class ObstacleListSchema(AnswerSchema):
    """All that stands in the way."""

    data = fields.List(fields.Nested(ObstacleSchema), required=True)


class TakingBackSchema(AnswerSchema):
    """What would leave the ledger, and what stands in the way."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})
    entries_count = fields.Integer(required=True, metadata={"description": "Entries that count now"})
    sums = fields.List(fields.Nested(SumSchema), required=True)
    obstacles = fields.List(fields.Nested(ObstacleSchema), required=True)


def describe_taking_back(view: TakingBackView) -> dict[str, object]:
    """Return what taking a file back would do as its schema tells it."""
    return {
        "digest": view.digest,
        "entries_count": view.entries_count,
        "sums": [{"amount": amount} for amount in view.sums],
        "obstacles": view.obstacles,
    }
