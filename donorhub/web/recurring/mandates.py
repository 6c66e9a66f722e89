"""Mandates of direct debits, on the page of their recurring gift: written down, and what became of them."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.schemas.mandates import (
    MandateChange,
    MandateChangeSchema,
    NewMandate,
    NewMandateSchema,
)
from donorhub.services.recurring import mandates, recurring_gifts, shown_promises
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.recurring.recurring_gifts import Answer, render_recurring_gift
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("mandates", __name__, url_prefix="/recurring-gifts")


@bp.post("/<int:recurring_gift_id>/mandates")
@require_permission("recurring:write")
def record_mandate(recurring_gift_id: int) -> Answer:
    """Write down a mandate; the same form sent twice writes one."""
    form = Form(request.form)
    gift = recurring_gifts.get_recurring_gift(recurring_gift_id)
    with form.start_saving():
        shown_promises.refuse_changed_promise(gift, form.get_value("digest"), now=clock.now())
        new: NewMandate = form.load_fields(
            NewMandateSchema(exclude=("recurring_gift_id",)), {"state": "mandate_state"}
        )
        mandates.record_mandate(
            gift,
            mandates.NewMandate(
                reference=new["reference"],
                creditor_id=new["creditor_id"],
                state=new["state"],
                signed_on=new["signed_on"],
                active_from=new["active_from"],
            ),
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("The mandate is written down."))
        return redirect(url_for("recurring.show_recurring_gift", recurring_gift_id=recurring_gift_id))
    return render_recurring_gift(recurring_gifts.get_recurring_gift(recurring_gift_id), form), 422


@bp.post("/mandates/<int:mandate_id>")
@require_permission("recurring:write")
def change_mandate(mandate_id: int) -> Answer:
    """Write down what became of a mandate."""
    form = Form(request.form)
    recurring_gift_id = mandates.get_mandate(mandate_id).recurring_gift_id
    with form.start_saving():
        change: MandateChange = form.load_fields(
            MandateChangeSchema(), {"state": "new_state", "on": "mandate_on", "reason": "mandate_reason"}
        )
        mandate = mandates.get_mandate(mandate_id)
        shown_promises.refuse_changed_mandate(mandate, change["state"], form.get_value("digest"))
        mandates.change_mandate(
            mandate,
            change["state"],
            on=change.get("on") or get_today(),
            reason=change["reason"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("The mandate is changed."))
        return redirect(url_for("recurring.show_recurring_gift", recurring_gift_id=recurring_gift_id))
    return render_recurring_gift(recurring_gifts.get_recurring_gift(recurring_gift_id), form), 422
