"""Recurring gifts over the API: starting, changing, pausing, resuming and closing the promise."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import answer_new_resource, answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_changed_row
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once, read_key
from donorhub.api.schemas import AnswerSchema
from donorhub.models import RecurringGift, Term
from donorhub.models.states import RECURRING_KINDS, RECURRING_STATES
from donorhub.money import Money
from donorhub.schemas.fields import Instant, QueryId
from donorhub.schemas.money import MoneySchema
from donorhub.schemas.recurring import (
    Change,
    ChangeSchema,
    CloseSchema,
    Closing,
    NewRecurringGift,
    NewRecurringGiftSchema,
    Pause,
    PauseSchema,
    ResumeSchema,
    Resumption,
)
from donorhub.schemas.shown import Shown, ShownSchema
from donorhub.services.access import organisation
from donorhub.services.recurring import (
    changed_amounts,
    ended_promises,
    inferred_answers,
    instalments,
    promises,
    recurring_gifts,
    recurring_terms,
    shown_promises,
)
from donorhub.services.recurring.shown_promises import Step

bp = HouseBlueprint("recurring", __name__, path="/recurring-gifts", description="Promises to give again.")
SORTS: Final = {"id": RecurringGift.id, "created_at": RecurringGift.created_at}


class TermSchema(AnswerSchema):
    from_on = fields.Date(required=True)
    to_on = fields.Date(allow_none=True)
    amount = fields.Nested(MoneySchema)
    period = fields.String(required=True)
    every = fields.Integer(required=True)
    day_of_month = fields.Integer(allow_none=True)
    is_pause = fields.Boolean(required=True)


class ChangedAmountSchema(AnswerSchema):
    amount = fields.Nested(MoneySchema)
    from_on = fields.Date(required=True, metadata={"description": "The first instalment it came for"})
    count = fields.Integer(required=True, metadata={"description": "How many times running it came"})
    is_proposed = fields.Boolean(required=True, metadata={"description": "It is proposed as the new amount"})


class RecurringGiftSchema(AnswerSchema):
    digest = fields.String(
        metadata={"description": "Sent with a change, changes exactly this; for one gift only"}
    )
    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    kind = fields.String(required=True)
    charged_by = fields.String(
        required=True, metadata={"description": "Who starts each payment: provider, us or none (the donor)"}
    )
    state = fields.String(required=True, validate=validate.OneOf(RECURRING_STATES))
    state_reason = fields.String()
    amount = fields.Nested(MoneySchema, metadata={"description": "Of the term that holds today"})
    period = fields.String(required=True)
    every = fields.Integer(required=True)
    terms = fields.List(fields.Nested(TermSchema))
    changed_amount = fields.Nested(
        ChangedAmountSchema,
        allow_none=True,
        metadata={"description": "Another amount that came when an instalment was due; for one gift only"},
    )
    goes_on_from = fields.Date(
        allow_none=True,
        metadata={"description": "Where `go-on` would go on from after the end; for one gift only"},
    )
    start_on = fields.Date(required=True)
    ends_on = fields.Date(allow_none=True)
    campaign_id = fields.Integer(allow_none=True)
    fund_id = fields.Integer(allow_none=True)
    payer_iban = fields.String()
    origin = fields.String(required=True)
    confidence = fields.Integer(
        allow_none=True, metadata={"description": "Of one found in payments: how sure it is, in thousandths"}
    )
    found_count = fields.Integer(
        allow_none=True, metadata={"description": "Of one found in payments: how many came"}
    )
    slot_count = fields.Integer(
        allow_none=True, metadata={"description": "Of one found in payments: of how many that were due"}
    )
    source = fields.String(required=True)
    source_ref = fields.String(required=True)
    is_test = fields.Boolean(required=True)
    created_at = Instant(required=True)
    closed_at = Instant(allow_none=True)
    version = fields.Integer(required=True)


Query = pages.make_query_schema(
    *SORTS,
    donor_id=QueryId(),
    state=fields.String(validate=validate.OneOf(RECURRING_STATES)),
    kind=fields.String(validate=validate.OneOf(RECURRING_KINDS)),
)


@bp.get("")
@require_permission("recurring:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(RecurringGiftSchema))
def list_recurring_gifts(arguments: dict[str, object]) -> pages.Page:
    """List recurring gifts."""
    page, filters = pages.split_arguments(arguments)
    gifts = pages.read_page(promises.select_recurring_gifts(**filters), page, SORTS)
    terms = recurring_terms.list_terms([gift.id for gift in gifts.data])
    return pages.change_data(
        gifts, lambda rows: [make_recurring_gift_answer(row, terms[row.id]) for row in rows]
    )


@bp.post("")
@require_permission("recurring:write")
@do_once
@bp.arguments(NewRecurringGiftSchema)
@bp.response(201, RecurringGiftSchema)
@bp.alt_response(200, schema=RecurringGiftSchema, description="The source told of it before.")
def start_recurring_gift(new: NewRecurringGift) -> Response:
    """Record a promise to give again; its instalments are made ahead."""
    now = clock.now()
    gift, is_new = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=new["donor_id"],
            amount=new["amount"],
            kind=new["kind"],
            start_on=new["start_on"],
            ends_on=new.get("ends_on"),
            period=new["period"],
            every=new["every"],
            day_of_month=new.get("day_of_month"),
            payer_iban=new.get("payer_iban", ""),
            fund_id=new.get("fund_id"),
            campaign_id=new.get("campaign_id"),
            source=new.get("source", f"api:{get_principal().id}"),
            source_ref=new.get("source_ref") or read_key() or uuid.uuid4().hex,
            origin="declared",
        ),
        now=now,
        actor=get_principal().actor,
    )
    instalments.make_instalments(gift, today=organisation.get_day(now))
    return answer_new_resource(RecurringGiftSchema, make_recurring_gift_answer(gift), is_new=is_new)


@bp.get(f"/<{ID}:recurring_gift_id>")
@require_permission("recurring:read")
@etags.mark_versioned
@bp.response(200, RecurringGiftSchema)
def get_recurring_gift(recurring_gift_id: int) -> Response:
    """Show a recurring gift with its terms, what came beside them, and the `digest` of all that."""
    gift = recurring_gifts.get_recurring_gift(recurring_gift_id)
    return answer_resource(RecurringGiftSchema, describe_promise(gift), version=gift.version)


def describe_promise(gift: RecurringGift) -> dict[str, object]:
    """Return a recurring gift as it is told by itself, with what came beside its terms and its digest."""
    facts = shown_promises.read_promise(gift, today=organisation.get_day(clock.now()))
    amount_change = facts.amount_change
    changed_amount = amount_change and {
        "amount": amount_change.amount,
        "from_on": amount_change.from_on,
        "count": len(amount_change.claims),
        "is_proposed": amount_change.is_proposed,
    }
    return make_recurring_gift_answer(gift, facts.terms) | {
        "digest": facts.digest,
        "changed_amount": changed_amount,
        "goes_on_from": facts.fits[0].nominal_on if facts.fits else None,
    }


@bp.post(f"/<{ID}:recurring_gift_id>/change")
@require_permission("recurring:write")
@do_once
@bp.arguments(ChangeSchema)
@bp.response(200, RecurringGiftSchema)
def change_recurring_gift(body: Change, recurring_gift_id: int) -> Response:
    """Promise another amount or interval from a day on; what differs in nothing changes nothing."""
    gift = _get_changeable_gift(recurring_gift_id, body)
    recurring_gifts.change_amount(
        gift,
        body["amount"],
        from_on=body["from_on"],
        period=body.get("period"),
        every=body.get("every"),
        now=clock.now(),
        actor=get_principal().actor,
    )
    return _make_answer(gift)


@bp.post(f"/<{ID}:recurring_gift_id>/accept-amount")
@require_permission("recurring:write")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, RecurringGiftSchema)
def accept_changed_amount(confirmation: Shown, recurring_gift_id: int) -> Response:
    """Promise the other amount that came last, from its first payment on, which then pays its instalments."""
    gift = _get_changeable_gift(recurring_gift_id, confirmation)
    changed_amounts.accept_changed_amount(gift, now=clock.now(), actor=get_principal().actor)
    return _make_answer(gift)


@bp.post(f"/<{ID}:recurring_gift_id>/pause")
@require_permission("recurring:write")
@do_once
@bp.arguments(PauseSchema)
@bp.response(200, RecurringGiftSchema)
def pause_recurring_gift(body: Pause, recurring_gift_id: int) -> Response:
    """Expect nothing from a day on, until another or until resumed."""
    gift = _get_changeable_gift(recurring_gift_id, body, step="pause")
    recurring_gifts.pause_recurring_gift(
        gift,
        from_on=body["from_on"],
        until=body["until"],
        reason=body["reason"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return _make_answer(gift)


@bp.post(f"/<{ID}:recurring_gift_id>/resume")
@require_permission("recurring:write")
@do_once
@bp.arguments(ResumeSchema)
@bp.response(200, RecurringGiftSchema)
def resume_recurring_gift(body: Resumption, recurring_gift_id: int) -> Response:
    """Expect instalments again from a day on."""
    gift = _get_changeable_gift(recurring_gift_id, body, step="resume")
    recurring_gifts.resume_recurring_gift(
        gift, from_on=body["from_on"], now=clock.now(), actor=get_principal().actor
    )
    return _make_answer(gift)


@bp.post(f"/<{ID}:recurring_gift_id>/close")
@require_permission("recurring:write")
@do_once
@bp.arguments(CloseSchema)
@bp.response(200, RecurringGiftSchema)
def close_recurring_gift(body: Closing, recurring_gift_id: int) -> Response:
    """End the promise; instalments not due yet are owed no more. Closed already: nothing changes."""
    gift = _get_changeable_gift(recurring_gift_id, body, step="close")
    recurring_gifts.close_recurring_gift(
        gift, reason=body["reason"], on=body.get("on"), now=clock.now(), actor=get_principal().actor
    )
    return _make_answer(gift)


@bp.post(f"/<{ID}:recurring_gift_id>/go-on")
@require_permission("recurring:write")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, RecurringGiftSchema)
def let_recurring_gift_go_on(confirmation: Shown, recurring_gift_id: int) -> Response:
    """Expect a closed promise again from the first payment that came as promised, which then pays its
    instalment; nothing is owed from between.
    """
    gift = _get_changeable_gift(recurring_gift_id, confirmation)
    ended_promises.let_promise_go_on(gift, now=clock.now(), actor=get_principal().actor)
    return _make_answer(gift)


@bp.post(f"/<{ID}:recurring_gift_id>/accept")
@require_permission("recurring:write")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, RecurringGiftSchema)
def accept_found(confirmation: Shown, recurring_gift_id: int) -> Response:
    """Let a proposal from payments be a recurring gift, which those payments settle so far."""
    gift = _get_changeable_gift(recurring_gift_id, confirmation, step="accept")
    inferred_answers.accept_found(gift, now=clock.now(), actor=get_principal().actor)
    return _make_answer(gift)


@bp.post(f"/<{ID}:recurring_gift_id>/not-recurring")
@require_permission("recurring:write")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, RecurringGiftSchema)
def refuse_found(confirmation: Shown, recurring_gift_id: int) -> Response:
    """Close what was found in payments as no recurring gift: it settles nothing, and is not found again."""
    gift = _get_changeable_gift(recurring_gift_id, confirmation, step="refuse")
    inferred_answers.refuse_found(gift, now=clock.now(), actor=get_principal().actor)
    return _make_answer(gift)


def _get_changeable_gift(
    recurring_gift_id: int,
    confirmation: Shown | Change | Pause | Resumption | Closing,
    *,
    step: Step = "other",
) -> RecurringGift:
    """Return a recurring gift that we may change and that is as it was seen; what a provider runs is changed
    at the provider.
    """
    gift = recurring_gifts.get_recurring_gift(recurring_gift_id)
    recurring_gifts.refuse_gift_of_provider(gift)
    with show_changed_row(RecurringGiftSchema, describe_promise):
        shown_promises.refuse_changed_promise(gift, confirmation.get("digest"), step=step, now=clock.now())
    return gift


def _make_answer(gift: RecurringGift) -> Response:
    instalments.make_instalments(gift, today=organisation.get_day(clock.now()))
    return answer_resource(RecurringGiftSchema, make_recurring_gift_answer(gift), version=gift.version)


def make_recurring_gift_answer(gift: RecurringGift, terms: Sequence[Term] = ()) -> dict[str, object]:
    """Return the answer for a recurring gift, with the term that holds today on top; ``terms``, if read."""
    today = organisation.get_day(clock.now())
    terms = terms or recurring_terms.list_terms_of_gift(gift)
    current_term = recurring_terms.pick_term(terms, today)
    ours = {column.key: getattr(gift, column.key) for column in RecurringGift.__table__.columns}
    return ours | {
        "amount": Money(current_term.amount_minor, current_term.currency),
        "period": current_term.period,
        "every": current_term.every,
        "terms": [
            {name: getattr(term, name) for name in TermSchema().fields if name != "amount"}
            | {"amount": Money(term.amount_minor, term.currency)}
            for term in terms
        ],
    }
