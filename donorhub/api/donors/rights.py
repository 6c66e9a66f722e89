"""A donor's rights over the API: restricting what is done with their data, and erasing it."""

from __future__ import annotations

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_resource, make_json_answer
from donorhub.api.blueprint import ID
from donorhub.api.changed import show_change
from donorhub.api.donors.contacts import bp
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema, SumSchema
from donorhub.db import db, set_reading
from donorhub.money import Money
from donorhub.schemas.fields import Instant
from donorhub.schemas.rights import Erasing, ErasureSchema, Restriction, RestrictionSchema
from donorhub.services.donors import donors, erasure, restriction
from donorhub.services.donors.erasure import Preview
from donorhub.services.moving import subject_access
from donorhub.services.moving.purposes import PURPOSES

__all__ = ["bp"]


class RestrictedSchema(AnswerSchema):
    """Whether a donor's data may only be kept."""

    donor_id = fields.Integer(required=True)
    is_restricted = fields.Boolean(required=True)


class CopiedTableSchema(AnswerSchema):
    """The rows of one table that are about the donor, without what is empty."""

    name = fields.String(required=True)
    sources = fields.List(fields.String(), required=True)
    rows = fields.List(fields.Dict(), required=True)


class CopiedSectionSchema(AnswerSchema):
    """What is held for one purpose."""

    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES))
    tables = fields.List(fields.Nested(CopiedTableSchema), required=True)


class DonorCopySchema(AnswerSchema):
    """All that is held about a donor."""

    donor_id = fields.Integer(required=True)
    made_at = Instant(required=True)
    first_source = fields.String(required=True)
    sections = fields.List(fields.Nested(CopiedSectionSchema), required=True)
    recipients = fields.Dict(required=True)
    not_copied = fields.Dict(required=True, metadata={"description": "What is left out, by table, and why"})


class ErasurePreviewSchema(AnswerSchema):
    """What erasing a donor would do."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})
    merged_count = fields.Integer(required=True, metadata={"description": "Donors merged into this one"})
    goes = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Rows of each table that go, or whose texts are emptied"},
    )
    gift_count = fields.Integer(required=True, metadata={"description": "Gifts that stay without a name"})
    sums = fields.List(fields.Nested(SumSchema), required=True)
    receipt_count = fields.Integer(
        required=True, metadata={"description": "Receipts whose papers are sealed"}
    )
    promise_count = fields.Integer(required=True, metadata={"description": "Recurring gifts that end now"})


class ErasureDoneSchema(AnswerSchema):
    """That a donor was erased, and since when no byte of them is left."""

    donor_id = fields.Integer(required=True)
    erased_at = Instant(required=True)
    bytes_erased_at = Instant(allow_none=True, metadata={"description": "None until that was done"})


@bp.post(f"/<{ID}:donor_id>/restriction")
@require_permission("donors:write")
@do_once
@bp.arguments(RestrictionSchema)
@bp.response(200, RestrictedSchema)
def restrict_donor(new: Restriction, donor_id: int) -> Response:
    """Let a donor's data only be kept, or be used again; again changes nothing."""
    donor = donors.get_donor(donor_id)
    restriction.set_restriction(
        donor, new["is_restricted"], reason=new["reason"], now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(RestrictedSchema, {"donor_id": donor.id, "is_restricted": new["is_restricted"]})


@bp.get(f"/<{ID}:donor_id>/copy")
@require_permission("donors:erase")
@bp.response(200, DonorCopySchema)
def get_copy(donor_id: int) -> Response:
    """Fetch all that is held about a donor, with source and purpose, and who got something of it.

    That it was fetched stands in the audit.
    """
    copy = subject_access.collect_copy(donor_id, now=clock.now())
    db.session.rollback()  # it only read until here
    set_reading(False)
    subject_access.record_copy(copy, form="api", actor=get_principal().actor)
    db.session.commit()
    set_reading(True)
    return make_json_answer(subject_access.describe_copy(copy))


@bp.get(f"/<{ID}:donor_id>/erasure")
@require_permission("donors:erase")
@bp.response(200, ErasurePreviewSchema)
def show_erasure(donor_id: int) -> Response:
    """Show what erasing a donor would do: what goes, what stays and why. Nothing is done."""
    return answer_resource(ErasurePreviewSchema, describe_preview(erasure.preview_erasure(donor_id)))


@bp.post(f"/<{ID}:donor_id>/erasure")
@require_permission("donors:erase")
@do_once
@bp.arguments(ErasureSchema)
@bp.response(200, ErasureDoneSchema)
def erase_donor(confirmation: Erasing, donor_id: int) -> Response:
    """Erase a donor as it was shown, for good; again changes nothing.

    Where it would do something else by now, the answer is 409 `changed` with the new `preview`.
    """
    with show_change(Preview, ErasurePreviewSchema, describe_preview):
        row, _ = erasure.erase_donor(
            donor_id, digest=confirmation["digest"], now=clock.now(), actor=get_principal().actor
        )
    return answer_resource(ErasureDoneSchema, row)


def describe_preview(preview: Preview) -> dict[str, object]:
    """Return what erasing a donor would do as its schema tells it."""
    return {
        "digest": preview.digest,
        "merged_count": preview.merged_count,
        "goes": dict(preview.goes),
        "gift_count": preview.gift_count,
        "sums": [{"amount": Money(minor, currency)} for currency, minor in preview.sums.items()],
        "receipt_count": len(preview.receipt_numbers),
        "promise_count": preview.promise_count,
    }
