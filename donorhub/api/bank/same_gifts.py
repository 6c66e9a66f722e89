"""Waiting entries that are gifts recorded already, over the API: shown with their gifts, then joined."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from donorhub import clock
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.changed import show_change
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema, SumSchema
from donorhub.schemas.bank import JoinedWhichSchema
from donorhub.schemas.fields import QueryId, StrictSchema
from donorhub.schemas.money import MoneySchema
from donorhub.services.bank.matching import same_gifts
from donorhub.services.bank.matching.same_gifts import SameGifts

bp = HouseBlueprint(
    "same_gifts", __name__, path="/entries", description="Entries that are gifts recorded already."
)


class WhichQuerySchema(StrictSchema):
    """Which of the waiting entries are looked at; all, when nothing is said."""

    bank_account_id = QueryId(metadata={"description": "Those of one account"})
    statement_id = QueryId(metadata={"description": "Those that one statement brought"})
    entry_id = QueryId(metadata={"description": "This one alone"})
    after_entry_id = QueryId(metadata={"description": "Those behind this one: the `last_entry_id` of before"})


class SameGiftSchema(AnswerSchema):
    """An entry, and the gift that it is."""

    entry_id = fields.Integer(required=True)
    gift_id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)


class SameGiftsSchema(AnswerSchema):
    """What `join-same-gifts` would join next."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})
    count = fields.Integer(required=True)
    sums = fields.List(fields.Nested(SumSchema), required=True)
    entries = fields.List(fields.Nested(SameGiftSchema), required=True)
    last_entry_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The last that was looked at: ask for what is behind it. None: the end"},
    )


class JoinedSchema(AnswerSchema):
    """How much was joined."""

    joined = fields.Integer(required=True, metadata={"description": "How many entries have their gift"})


def describe_gifts(view: SameGifts) -> dict[str, object]:
    """Return what would be joined as its schema tells it."""
    return {
        "digest": view.digest,
        "count": len(view.decisions),
        "sums": [{"amount": amount} for amount in view.sums],
        "last_entry_id": view.last_entry_id,
        "entries": [
            {
                "entry_id": one.place.entry_id,
                "gift_id": one.known_gift_id,
                "donor_id": one.parts[0].donor_id,
                "amount": one.place.credit.amount,
            }
            for one in view.decisions
        ],
    }


@bp.get("/same-gifts")
@require_permission("imports:read")
@bp.arguments(WhichQuerySchema, location="query")
@bp.response(200, SameGiftsSchema)
def list_same_gifts(which: dict[str, int]) -> Response:
    """Show the waiting entries that are gifts recorded already, at most those of 500 entries, with the
    `digest` of it: donor, amount and about the day agree.
    """
    return answer_resource(SameGiftsSchema, describe_gifts(same_gifts.list_same_gifts(**which)))


@bp.post("/join-same-gifts")
@require_permission("entries:decide")
@do_once
@bp.arguments(JoinedWhichSchema)
@bp.response(200, JoinedSchema)
def join_same_gifts(which: dict[str, Any]) -> dict[str, int]:
    """Join the entries to their gifts as `/entries/same-gifts` showed it; no second gift is made.

    Where they are others by now, the answer is 409 `changed` with the new `preview`, and nothing is joined.
    Again finds none left.
    """
    digest = which.pop("digest")
    with show_change(SameGifts, SameGiftsSchema, describe_gifts):
        count = same_gifts.join_shown_gifts(digest, **which, now=clock.now(), actor=get_principal().actor)
    return {"joined": count}
