"""Payers over the API: what each pays for, what a year would become with it, and ending a use."""

from __future__ import annotations

from typing import get_args

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_change
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models.matching import PayerKeyKind
from donorhub.schemas.fields import Line, StrictSchema
from donorhub.schemas.money import MoneySchema
from donorhub.services.access import organisation
from donorhub.services.bank.matching import payer_pages
from donorhub.services.bank.matching.payer_pages import Outcome, PayerView

bp = HouseBlueprint("payers", __name__, path="/payers", description="Who the bank shows behind money.")
_END = 4  # digits of an account that are told


class PayerKeySchema(AnswerSchema):
    """What a payer is recognised by."""

    kind = fields.String(required=True, validate=validate.OneOf(get_args(PayerKeyKind)))
    account_end = fields.String(
        required=True, allow_none=True, metadata={"description": "Last digits; None of a name"}
    )


class PayerUseSchema(AnswerSchema):
    """One thing that a payer pays for."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    words = fields.String(required=True, metadata={"description": "`#`: a code or an id said whose it is"})
    amount = fields.Nested(MoneySchema, required=True, allow_none=True, metadata={"description": "Last"})
    hits = fields.Integer(required=True, metadata={"description": "How often people said so"})
    misses = fields.Integer(required=True, metadata={"description": "How often they took it back"})
    last_on = fields.Date(required=True, allow_none=True)
    ended_on = fields.Date(required=True, allow_none=True)


class PayerPaymentSchema(AnswerSchema):
    """A payment of the last twelve months, and what would become of it now."""

    entry_id = fields.Integer(required=True)
    booked_on = fields.Date(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    donor_ids = fields.List(fields.Integer(), required=True)
    is_by_person = fields.Boolean(required=True)
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(get_args(Outcome)),
        metadata={"description": "`same` and `other` without a person, `asks` with one"},
    )
    now_donor_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Whose it would be where `other`"}
    )


class PayerSchema(AnswerSchema):
    """A payer with all that they pay for."""

    id = fields.Integer(required=True)
    name_read = fields.String(required=True, metadata={"description": "As the bank wrote it last"})
    digest = fields.String(required=True, metadata={"description": "Confirms the payer as shown"})
    keys = fields.List(fields.Nested(PayerKeySchema), required=True)
    uses = fields.List(fields.Nested(PayerUseSchema), required=True)
    payments = fields.List(fields.Nested(PayerPaymentSchema), required=True)
    is_cut = fields.Boolean(required=True, metadata={"description": "Only the newest payments are told"})


class UseEndSchema(StrictSchema):
    """Ending a use of the payer as they were shown."""

    digest = Line(64, metadata={"description": "`digest` of the payer; without it nothing was shown"})


@bp.get(f"/<{ID}:payer_id>")
@require_permission("imports:read")
@bp.response(200, PayerSchema)
def get_payer(payer_id: int) -> Response:
    """Show a payer: what they pay for, and the last twelve months as they would be decided now."""
    return _answer_payer(payer_id)


@bp.post(f"/<{ID}:payer_id>/uses/<{ID}:use_id>/end")
@require_permission("entries:decide")
@do_once
@bp.arguments(UseEndSchema)
@bp.response(200, PayerSchema)
@bp.alt_response(409, description="`changed`: somebody answered about the payer; `preview` shows them.")
def end_use(confirmation: dict[str, str], payer_id: int, use_id: int) -> Response:
    """Let a use count no more: money like it asks again. Ended already: no change."""
    now = clock.now()
    with show_change(PayerView, PayerSchema, _describe_payer):
        payer_pages.end_use(
            payer_id,
            use_id,
            today=organisation.get_day(now),
            now=now,
            actor=get_principal().actor,
            digest=confirmation.get("digest"),
        )
    return _answer_payer(payer_id)


def _answer_payer(payer_id: int) -> Response:
    view = payer_pages.view_payer(payer_id, today=organisation.get_day(clock.now()))
    return answer_resource(PayerSchema, _describe_payer(view))


def _describe_payer(view: PayerView) -> dict[str, object]:
    return {
        "id": view.payer.id,
        "name_read": view.payer.name_read,
        "digest": view.digest,
        "keys": [
            {"kind": key.kind, "account_end": key.value[-_END:] if key.kind == "account" else None}
            for key in view.keys
        ],
        "uses": [
            {
                "id": one.use.id,
                "donor_id": one.donor.id,
                "words": one.use.words,
                "amount": one.amount,
                "hits": one.use.hits,
                "misses": one.use.misses,
                "last_on": one.use.last_on,
                "ended_on": one.use.ended_on,
            }
            for one in view.uses
        ],
        "payments": [
            {
                "entry_id": one.entry_id,
                "booked_on": one.booked_on,
                "amount": one.amount,
                "donor_ids": [donor.id for donor in one.donors],
                "is_by_person": one.is_by_person,
                "outcome": one.outcome,
                "now_donor_id": one.now_donor.id if one.now_donor else None,
            }
            for one in view.payments
        ],
        "is_cut": view.is_cut,
    }
