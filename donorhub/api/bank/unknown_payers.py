"""Unknown payers over the API: who they are, making donors of many at once, and taking that back as one."""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_change
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema, SumSchema
from donorhub.domain.bank.matching.unknown_payers import PAYER_DOUBTS, UnknownPayer
from donorhub.models.states import DONOR_KINDS
from donorhub.schemas.fields import Instant, Line, QueryId, StrictSchema
from donorhub.schemas.payers import ROW_ID, BatchUndoSchema, NewPayer, PayersDecision, PayersDecisionSchema
from donorhub.services.bank.matching import payer_batch_undo, payer_batches, unknown_payers
from donorhub.services.bank.matching.payer_batch_undo import BatchUndo
from donorhub.services.bank.matching.payer_batches import PayerChoice
from donorhub.services.bank.matching.unknown_payers import UnknownPayers

bp = HouseBlueprint(
    "unknown_payers", __name__, path="/unknown-payers", description="Payers for whom no donor is known."
)
batches = HouseBlueprint(
    "payer_batches", __name__, path="/payer-batches", description="Donors made of many payers at once."
)
_KIND_OF: Final = {"person": "person", "organisation": "organisation", "joint": "household"}
_END: Final = 4  # digits of an account that are told


class UnknownPayerSchema(AnswerSchema):
    """A payer with all their money that waits."""

    payer = fields.String(required=True, metadata={"description": "What a decision calls the payer"})
    name_read = fields.String(required=True, metadata={"description": "As the bank wrote it"})
    name = fields.String(required=True)
    given_name = fields.String(required=True)
    family_name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(DONOR_KINDS))
    is_ready = fields.Boolean(required=True, metadata={"description": "Becomes a donor unless it is left"})
    doubts = fields.List(fields.String(validate=validate.OneOf(PAYER_DOUBTS)), required=True)
    account_end = fields.String(required=True, allow_none=True)
    payments = fields.Integer(required=True)
    sums = fields.List(fields.Nested(SumSchema), required=True)
    first_on = fields.Date(required=True)
    last_on = fields.Date(required=True)
    example = fields.String(required=True, metadata={"description": "A remittance"})
    donor_ids = fields.List(
        fields.Integer(), required=True, metadata={"description": "Donors who may be the payer"}
    )


class UnknownPayersSchema(AnswerSchema):
    """A page of unknown payers, and what would be done of all of them."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly these payers"})
    count = fields.Integer(required=True)
    donors = fields.Integer(required=True, metadata={"description": "How many donors would be made"})
    gifts = fields.Integer(required=True, metadata={"description": "How many gifts would be recorded"})
    sums = fields.List(fields.Nested(SumSchema), required=True, metadata={"description": "Of these gifts"})
    is_cut = fields.Boolean(required=True, metadata={"description": "More entries wait than are looked at"})
    payers = fields.List(fields.Nested(UnknownPayerSchema), required=True)
    last_payer = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The last told: ask with `after` for what is behind it. None: the end"},
    )


class PayersQuerySchema(StrictSchema):
    """Whose entries are looked at, and which page."""

    bank_account_id = QueryId(metadata={"description": "Those of one account"})
    after = Line(ROW_ID, metadata={"description": "Those behind this one: the `last_payer` of before"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, pages.MOST))


class PayersQuery(TypedDict):
    """The same as values."""

    limit: int
    bank_account_id: NotRequired[int]
    after: NotRequired[str]


class StayingDonorSchema(AnswerSchema):
    """Why a donor and their gifts stay when a batch is undone."""

    donor_id = fields.Integer(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    row_id = fields.Integer(required=True, metadata={"description": "Of what hangs on the donor"})


class PayerBatchSchema(AnswerSchema):
    """What was made at once, and what undoing it would do now."""

    id = fields.Integer(required=True)
    made_at = Instant(required=True)
    made_by = fields.String(required=True)
    donors_count = fields.Integer(required=True)
    gifts_count = fields.Integer(required=True)
    undone_at = Instant(required=True, allow_none=True)
    undone_by = fields.String(required=True, allow_none=True)
    digest = fields.String(required=True, metadata={"description": "Confirms exactly this undo"})
    donors_to_remove = fields.Integer(required=True)
    gifts_to_take_out = fields.Integer(required=True)
    sums = fields.List(fields.Nested(SumSchema), required=True, metadata={"description": "Of these gifts"})
    obstacles = fields.List(fields.Nested(StayingDonorSchema), required=True)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(PayersQuerySchema, location="query")
@bp.response(200, UnknownPayersSchema)
def list_unknown_payers(query: PayersQuery) -> Response:
    """Show the payers of waiting entries for whom no donor is known, the ready ones first."""
    view = unknown_payers.find_unknown_payers(bank_account_id=query.get("bank_account_id"))
    return answer_resource(UnknownPayersSchema, _describe_view(view, query.get("after"), query["limit"]))


def _describe_view(
    view: UnknownPayers, after: str | None = None, limit: int = pages.MOST
) -> dict[str, object]:
    places = {payer.row_id: n for n, payer in enumerate(view.payers)}
    start = places.get(after or "", -1) + 1
    some = view.payers[start : start + limit]
    has_more = start + limit < len(view.payers)
    return {
        "digest": view.digest,
        "count": len(view.payers),
        "donors": len(view.ready),
        "gifts": sum(len(payer.credits) for payer in view.ready),
        "sums": _list_sums(view.ready),
        "is_cut": view.is_cut,
        "payers": [_describe_payer(payer) for payer in some],
        "last_payer": some[-1].row_id if has_more else None,
    }


def _list_sums(payers: tuple[UnknownPayer, ...]) -> list[dict[str, object]]:
    return [{"amount": amount} for amount in unknown_payers.sum_payers(payers)]


def _describe_payer(payer: UnknownPayer) -> dict[str, object]:
    return {
        "payer": payer.row_id,
        "name_read": payer.name_read,
        "name": payer.parsed_name.name,
        "given_name": payer.parsed_name.given_name,
        "family_name": payer.parsed_name.family_name,
        "kind": _KIND_OF[payer.parsed_name.kind],
        "is_ready": payer.is_ready,
        "doubts": payer.doubts,
        "account_end": payer.account[-_END:] if payer.account else None,
        "payments": len(payer.credits),
        "sums": _list_sums((payer,)),
        "first_on": payer.credits[0].booked_on,
        "last_on": payer.credits[-1].booked_on,
        "example": payer.example,
        "donor_ids": payer.donor_ids,
    }


@bp.post("")
@require_permission("entries:decide")
@do_once
@bp.arguments(PayersDecisionSchema)
@bp.response(200, PayerBatchSchema)
@bp.alt_response(409, description="`changed`: the payers are others by now; `preview` shows them.")
def make_donors(decision: PayersDecision) -> Response:
    """Make donors of the ready payers and record their waiting money as gifts, as it was shown.

    `leave` and `take` say of whom else or not. All is one transaction, and `/payer-batches/{id}/undo` takes
    it back as one. The same digest again shows what was made of it.
    """
    with show_change(UnknownPayers, UnknownPayersSchema, _describe_view):
        batch = payer_batches.make_donors(
            decision["digest"],
            leave=decision.get("leave", ()),
            take={one["payer"]: _make_choice(one) for one in decision.get("take", ())},
            bank_account_id=decision.get("bank_account_id"),
            now=clock.now(),
            actor=get_principal().actor,
        )
    return _answer_batch(batch.id)


def _make_choice(payer: NewPayer) -> PayerChoice:
    return PayerChoice(
        payer.get("donor_id"), payer.get("kind"), payer.get("given_name", ""), payer.get("family_name", "")
    )


@batches.get(f"/<{ID}:batch_id>")
@require_permission("imports:read")
@batches.response(200, PayerBatchSchema)
def get_batch(batch_id: int) -> Response:
    """Show what was made of many payers at once, and what undoing it would do now."""
    return _answer_batch(batch_id)


@batches.post(f"/<{ID}:batch_id>/undo")
@require_permission("entries:decide")
@do_once
@batches.arguments(BatchUndoSchema)
@batches.response(200, PayerBatchSchema)
@batches.alt_response(409, description="`changed`: it would do something else by now; `preview` shows it.")
def undo_batch(confirmation: dict[str, str], batch_id: int) -> Response:
    """Take gifts out and donors away, but for those on whom something hangs; undone already: no change."""
    with show_change(BatchUndo, PayerBatchSchema, _describe_batch):
        payer_batch_undo.undo_batch(
            batch_id, confirmation["digest"], now=clock.now(), actor=get_principal().actor
        )
    return _answer_batch(batch_id)


def _answer_batch(batch_id: int) -> Response:
    return answer_resource(PayerBatchSchema, _describe_batch(payer_batch_undo.show_undo(batch_id)))


def _describe_batch(view: BatchUndo) -> dict[str, object]:
    batch = view.batch
    return {
        "id": batch.id,
        "made_at": batch.made_at,
        "made_by": batch.made_by,
        "donors_count": batch.donors_count,
        "gifts_count": batch.gifts_count,
        "undone_at": batch.undone_at,
        "undone_by": batch.undone_by,
        "digest": view.digest,
        "donors_to_remove": view.donors_count,
        "gifts_to_take_out": len(view.rows),
        "sums": [{"amount": amount} for amount in view.sums],
        "obstacles": [one._asdict() for one in view.obstacles],
    }
