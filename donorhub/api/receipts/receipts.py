"""Receipts over the API: issuing, reading, voiding, replacing. Their numbers have no gaps."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final

from flask import Response, current_app
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_new_resource, answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_change, show_changed_row
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once, do_once_by_key
from donorhub.api.schemas import AnswerSchema
from donorhub.config import Settings
from donorhub.errors import Conflict, Forbidden
from donorhub.models import Receipt
from donorhub.models.states import MESSAGE_STATES
from donorhub.money import Money
from donorhub.schemas.fields import Day, Instant, QueryId
from donorhub.schemas.money import MoneySchema
from donorhub.schemas.receipts import (
    NewReceipt,
    NewReceiptSchema,
    ReceiptPreview,
    ReceiptPreviewSchema,
    Replacement,
    ReplacementSchema,
    VoidSchema,
)
from donorhub.schemas.shown import Shown, ShownReason, ShownSchema
from donorhub.services.access import organisation
from donorhub.services.messages import receipt_mail
from donorhub.services.receipts import receipt_drafts, receipts, shown_receipts
from donorhub.services.receipts.receipt_previews import Preview, draw_preview, make_preview
from receipts.document import Unrenderable

bp = HouseBlueprint("receipts", __name__, path="/receipts", description="Numbered documents, never edited.")
SORTS: Final = {"id": Receipt.id, "issued_on": Receipt.issued_on, "number": Receipt.number}
PDF: Final = "application/pdf"


def shows_amounts(view: Callable[..., Response]) -> Callable[..., Response]:
    """Answer 403 where the reader may not see amounts, whatever else the request is."""

    @wraps(view)
    def answer_request(*args: object, **kwargs: object) -> Response:
        if not get_principal().has_permission("gifts:read"):
            raise Forbidden("a receipt shows amounts: this token has not the scope gifts:read")
        return view(*args, **kwargs)

    return answer_request


class ReceiptLineSchema(AnswerSchema):
    gift_id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)


class ReceiptSchema(AnswerSchema):
    digest = fields.String(required=True, metadata={"description": "Sent to void or send exactly this"})
    id = fields.Integer(required=True)
    number = fields.String(required=True, metadata={"description": "As it is printed, `R/2026/000123`"})
    state = fields.String(required=True, validate=validate.OneOf(("issued", "void")))
    kind = fields.String(required=True)
    jurisdiction = fields.String(required=True)
    lang = fields.String(required=True)
    donor_id = fields.Integer(required=True)
    total = fields.Nested(MoneySchema)
    lines = fields.List(fields.Nested(ReceiptLineSchema))
    issued_on = fields.Date(required=True)
    issued_at = Instant(required=True)
    replaces_id = fields.Integer(allow_none=True)
    voided_at = Instant(allow_none=True)
    void_reason = fields.String(allow_none=True)
    pdf_sha256 = fields.String(allow_none=True, metadata={"description": "None until the PDF is made"})
    waits_because = fields.String(metadata={"description": "Why there is no PDF yet"})


Query = pages.make_query_schema(
    *SORTS,
    by_time={"issued_from": "issued_on", "issued_to": "issued_on"},
    donor_id=QueryId(),
    state=fields.String(validate=validate.OneOf(("issued", "void"))),
    issued_from=Day(),
    issued_to=Day(),
)


@bp.get("")
@require_permission("receipts:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(ReceiptSchema))
def list_receipts(arguments: dict[str, object]) -> pages.Page:
    """List receipts."""
    page, filters = pages.split_arguments(arguments)
    receipts_of_page = pages.read_page(receipts.select_receipts(**filters), page, SORTS)
    return pages.change_data(receipts_of_page, lambda rows: [make_receipt_answer(row) for row in rows])


@bp.post("")
@require_permission("receipts:issue")
@do_once_by_key
@bp.arguments(NewReceiptSchema)
@bp.response(201, ReceiptSchema)
def issue_receipt(new: NewReceipt) -> Response:
    """Issue a receipt for gifts of one donor. Its PDF is made a moment later."""
    now = clock.now()
    with show_change(Preview, ReceiptPreviewAnswerSchema, _describe_preview):
        receipt = receipts.issue_receipt(
            new["gift_ids"],
            lang=new.get("lang"),
            today=organisation.get_day(now),
            now=now,
            actor=get_principal().actor,
            digest=new.get("digest"),
        )
    return answer_new_resource(ReceiptSchema, make_receipt_answer(receipt))


class ReceiptProblemSchema(AnswerSchema):
    level = fields.String(required=True, validate=validate.OneOf(("error", "warning")))
    code = fields.String(required=True)
    message = fields.String(required=True)
    where = fields.String(required=True, metadata={"description": "Such as `organisation.ids.NIP`"})


class PreviewLineSchema(AnswerSchema):
    received_on = fields.Date(required=True)
    amount = fields.Nested(MoneySchema)
    purpose = fields.String(required=True)


class ReceiptPreviewAnswerSchema(AnswerSchema):
    """What a receipt would say. It has no number."""

    digest = fields.String(required=True, metadata={"description": "Of all that would be printed"})
    kind = fields.String(required=True)
    lang = fields.String(required=True)
    issued_on = fields.Date(required=True)
    donor_name = fields.String(required=True)
    total = fields.Nested(MoneySchema)
    lines = fields.List(fields.Nested(PreviewLineSchema))
    problems = fields.List(
        fields.Nested(ReceiptProblemSchema),
        metadata={"description": "With an `error` it cannot be issued"},
    )


@bp.post("/preview")
@require_permission("receipts:issue")
@commit_work
@bp.arguments(ReceiptPreviewSchema)
@bp.response(200, ReceiptPreviewAnswerSchema)
def preview_receipt(new: ReceiptPreview) -> Response:
    """Show what a receipt would say, before it takes a number. Nothing is kept."""
    return answer_resource(ReceiptPreviewAnswerSchema, _describe_preview(_make_preview(new)))


@bp.post("/preview/pdf")
@require_permission("receipts:issue")
@commit_work
@shows_amounts
@bp.arguments(ReceiptPreviewSchema)
@bp.response(200, {"type": "string", "format": "binary"}, content_type=PDF)
def preview_pdf(new: ReceiptPreview) -> Response:
    """Fetch the PDF that a receipt would be, marked as a draft, without a number. Needs `gifts:read` too."""
    preview = _make_preview(new)
    try:
        content = draw_preview(preview)
    except Unrenderable as e:
        raise Conflict(str(e), code="pdf_not_ready") from e
    return Response(content, content_type=PDF, headers={"ETag": f'"{preview.digest}"'})


def _describe_preview(preview: Preview) -> dict[str, object]:
    document = preview.document
    return {
        "digest": preview.digest,
        "kind": document.kind,
        "lang": document.lang,
        "issued_on": document.issued_on,
        "donor_name": document.donor.name_line,
        "total": document.total,
        "lines": document.lines,
        "problems": receipt_drafts.list_problems(document),
    }


def _make_preview(new: ReceiptPreview) -> Preview:
    return make_preview(new["gift_ids"], today=organisation.get_day(clock.now()), lang=new.get("lang"))


@bp.get(f"/<{ID}:receipt_id>")
@require_permission("receipts:read")
@bp.response(200, ReceiptSchema)
def get_receipt(receipt_id: int) -> Response:
    """Show a receipt."""
    return answer_resource(ReceiptSchema, make_receipt_answer(receipts.get_receipt(receipt_id)))


@bp.get(f"/<{ID}:receipt_id>/pdf")
@require_permission("receipts:read")
@shows_amounts
@bp.response(200, {"type": "string", "format": "binary"}, content_type=PDF)
@bp.alt_response(409, success=False, description="The PDF is not made yet.")
def get_pdf(receipt_id: int) -> Response:
    """Fetch the PDF of a receipt; of a void one the stamped PDF. Needs `gifts:read` too."""
    receipt = receipts.get_receipt(receipt_id)
    pdf = receipts.find_pdf(receipt)
    if pdf is None:
        raise Conflict(
            receipt.waits_because or "the PDF is not made yet: ask again in a moment",
            code="pdf_not_ready",
            retry_after=2,
        )
    name = f"{receipts.format_number_of(receipt).replace('/', '-')}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "ETag": f'"{pdf.sha256}"'}
    return Response(pdf.content, content_type=PDF, headers=headers)


class SendingSchema(AnswerSchema):
    """The mail that brings a receipt to its donor."""

    receipt_id = fields.Integer(required=True)
    message_id = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(MESSAGE_STATES))
    is_new = fields.Boolean(required=True, metadata={"description": "False: it was sent before"})


@bp.post(f"/<{ID}:receipt_id>/send")
@require_permission("receipts:issue")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, SendingSchema)
def send_receipt(confirmation: Shown, receipt_id: int) -> Response:
    """Send a receipt to its donor by e-mail, the PDF attached. It goes once, however often this is asked."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    with show_changed_row(ReceiptSchema, make_receipt_answer):
        message, is_new = receipt_mail.send_receipt(
            receipt_id,
            digest=confirmation.get("digest"),
            now=clock.now(),
            actor=get_principal().actor,
            domain=settings.mail_domain,
        )
    answer = {"receipt_id": receipt_id, "message_id": message.id, "state": message.state, "is_new": is_new}
    return answer_resource(SendingSchema, answer)


@bp.post(f"/<{ID}:receipt_id>/void")
@require_permission("receipts:issue")
@do_once
@bp.arguments(VoidSchema)
@bp.response(200, ReceiptSchema)
def void_receipt(body: ShownReason, receipt_id: int) -> Response:
    """Void a receipt: its number stays, its gifts are free again. A void one stays as it is."""
    with show_changed_row(ReceiptSchema, make_receipt_answer):
        shown_receipts.refuse_changed_receipt(receipt_id, body.get("digest"), void_reason=body["reason"])
    receipt = receipts.void_receipt(
        receipt_id, reason=body["reason"], now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(ReceiptSchema, make_receipt_answer(receipt))


@bp.post(f"/<{ID}:receipt_id>/replace")
@require_permission("receipts:issue")
@do_once_by_key
@bp.arguments(ReplacementSchema)
@bp.response(201, ReceiptSchema)
def replace_receipt(body: Replacement, receipt_id: int) -> Response:
    """Void a receipt and issue a new one for the same gifts."""
    now = clock.now()
    with show_change(Preview, ReceiptPreviewAnswerSchema, _describe_preview):
        receipt = receipts.replace_receipt(
            receipt_id,
            lang=body.get("lang"),
            today=organisation.get_day(now),
            now=now,
            actor=get_principal().actor,
            digest=body.get("digest"),
        )
    return answer_resource(ReceiptSchema, make_receipt_answer(receipt), status=201)


def make_receipt_answer(receipt: Receipt) -> dict[str, object]:
    """Return the answer for a receipt."""
    names = [field for field in ReceiptSchema().fields if field not in ("digest", "number", "total", "lines")]
    return {name: getattr(receipt, name) for name in names} | {
        "digest": shown_receipts.compute_receipt_digest(receipt),
        "number": receipts.format_number_of(receipt),
        "total": Money(receipt.total_minor, receipt.currency),
        "lines": [
            {"gift_id": line.gift_id, "amount": Money(line.amount_minor, receipt.currency)}
            for line in receipt.lines
        ],
    }
