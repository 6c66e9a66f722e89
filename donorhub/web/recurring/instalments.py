"""Instalments, on the page of their recurring gift: one is let go, or paid by money that came beside it."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.models import RecurringGift
from donorhub.schemas.recurring import Counting, CountSchema, Skip, SkipSchema
from donorhub.services.recurring import changed_amounts, instalments, recurring_gifts, shown_promises
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.recurring.recurring_gifts import (
    Answer,
    bp,
    refuse_gift_of_provider,
    render_recurring_gift,
    save_change,
)
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]


@bp.post("/instalments/<int:instalment_id>/count")
@require_permission("recurring:write")
def count_gift(instalment_id: int) -> Answer:
    """Let a gift that settles nothing pay this instalment."""
    form = Form(request.form)
    recurring_gift_id = instalments.get_instalment(instalment_id).recurring_gift_id

    def count_one(_gift: RecurringGift) -> None:
        counting: Counting = form.load_fields(CountSchema())
        changed_amounts.count_gift(
            instalment_id, counting["gift_id"], now=clock.now(), actor=get_principal().actor
        )

    return save_change(recurring_gift_id, form, count_one, gettext("The payment counts for the instalment."))


@bp.post("/instalments/<int:instalment_id>/skip")
@require_permission("recurring:write")
def skip_instalment(instalment_id: int) -> Answer:
    """Let an instalment go: nothing is owed for it."""
    form = Form(request.form)
    instalment = instalments.get_instalment(instalment_id)
    gift = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    refuse_gift_of_provider(gift)
    with form.start_saving():
        skip: Skip = form.load_fields(SkipSchema())
        shown_promises.refuse_changed_debt(instalment, form.get_value("digest"))
        instalments.skip_instalment(
            instalment_id, reason=skip["reason"], now=clock.now(), actor=get_principal().actor
        )
        instalments.make_instalments(gift, today=get_today())
        commit()
        tell_reader(gettext("The instalment is skipped."))
        return redirect(url_for("recurring.show_recurring_gift", recurring_gift_id=gift.id))
    return render_recurring_gift(recurring_gifts.get_recurring_gift(gift.id), form), 422
