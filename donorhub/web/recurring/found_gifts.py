"""Recurring gifts found in payments, on the page of each: it is one, or it is none."""

from __future__ import annotations

from flask import request
from flask_babel import gettext

from donorhub import clock
from donorhub.models import RecurringGift
from donorhub.services.recurring import inferred_answers
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.recurring.instalments import bp
from donorhub.web.recurring.recurring_gifts import Answer, save_change

__all__ = ["bp"]


@bp.post("/<int:recurring_gift_id>/accept")
@require_permission("recurring:write")
def accept_found(recurring_gift_id: int) -> Answer:
    """Let what was found in payments be a recurring gift."""

    def accept_gift(gift: RecurringGift) -> None:
        inferred_answers.accept_found(gift, now=clock.now(), actor=get_principal().actor)

    return save_change(
        recurring_gift_id,
        Form(request.form),
        accept_gift,
        gettext("The recurring gift is accepted."),
        step="accept",
    )


@bp.post("/<int:recurring_gift_id>/not-recurring")
@require_permission("recurring:write")
def refuse_found(recurring_gift_id: int) -> Answer:
    """Note that what was found in payments is no recurring gift."""

    def refuse_gift(gift: RecurringGift) -> None:
        inferred_answers.refuse_found(gift, now=clock.now(), actor=get_principal().actor)

    return save_change(
        recurring_gift_id,
        Form(request.form),
        refuse_gift,
        gettext("It is no recurring gift, and is not found again."),
        step="refuse",
    )
