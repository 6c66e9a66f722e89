"""Changing what gifts are for: one on its page, several from the list, previewed before it is done."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, ngettext

from donorhub import clock
from donorhub.models import Fund
from donorhub.schemas.giving import GiftFields, GiftFieldsSchema
from donorhub.services.donors import donors, search
from donorhub.services.giving import funds, gift_changes, gifts, history, soft_credits
from donorhub.services.giving.gift_changes import FundPlan
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors import custom_values
from donorhub.web.forms import Form
from donorhub.web.giving.gifts import SPLIT, Answer, bp, render_gift
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import refusals

__all__ = ["bp"]
BEFORE: Final = "before"  # in place of a fund: what each gift was for before the last change
# One fund, or as it is; fields that were added have a schema of their own.
GIFT_FIELDS: Final = GiftFieldsSchema(exclude=("designations", "soft_credits", "custom"))


@bp.post("/<int:gift_id>/change")
@require_permission("gifts:write")
def change_gift(gift_id: int) -> Answer:
    """Change what a gift is for, as long as nobody else did since it was shown."""
    form = Form(request.form)
    shapes = custom_values.list_shapes("gift")
    shapes = custom_values.ease_shapes(custom_values.read_own_values(gift_id, shapes), shapes)
    with form.start_saving() as saving:
        fund_ids = None
        fund = form.get_value("fund_id")
        if "fund_id" in request.form and fund != SPLIT:
            fund_id = form.read_id("fund_id")
            fund_ids = {fund_id: gifts.get_gift(gift_id).amount_minor} if fund_id else {}
        credits = _read_credits(form, gift_id)
        saving.refuse_errors()
        new: GiftFields = form.load_fields(GIFT_FIELDS)
        is_changed = gift_changes.change_gift(
            gift_id,
            gift_changes.collect_changes(new, fund_ids, credits, custom_values.load_form(form, shapes)),
            now=clock.now(),
            actor=get_principal().actor,
            shown_digest=form.get_value("shown"),
            shapes=shapes,
        )
        commit()
        tell_reader(gettext("The gift is changed.") if is_changed else gettext("Nothing was changed."))
        return redirect(url_for("gifts.show_gift", gift_id=gift_id))
    return render_gift(gift_id, change=form), 422


def _read_credits(form: Form, gift_id: int) -> dict[int, int] | None:
    """Return who is recognised for a gift as its form says, by code, for as much as before or all of it; None
    where the form does not ask, as of a gift with several."""
    if "credited" not in request.form:
        return None
    code = form.get_value("credited").strip()
    if not code:
        return {}
    donor = search.find_by_code(code)
    if donor is None:
        form.add_error("credited", gettext("There is no donor with this code."))
        return None
    gift = gifts.get_gift(gift_id)
    before = dict(soft_credits.read_credits([gift_id]).get(gift_id, ()))
    return {donor.id: before.get(donor.id, gift.amount_minor)}


@bp.get("/fund")
@require_permission("gifts:write")
def preview_fund() -> Answer:
    """Show what giving the ticked gifts to another fund would do, and what stays and why."""
    return _render_preview(Form(request.args))


@bp.post("/fund")
@require_permission("gifts:write")
def change_fund() -> Answer:
    """Give the gifts to the fund as was shown; where that is no longer so, show anew what would be done."""
    form = Form(request.form)
    with form.start_saving() as saving:
        fund_id = _read_fund(form)
        saving.refuse_errors()
        ids = _change_fund(form, fund_id)
        commit()
        tell_reader(
            ngettext(
                "The fund of %(num)d gift is changed.", "The fund of %(num)d gifts is changed.", len(ids)
            )
            if ids
            else gettext("Nothing was changed.")
        )
        if not ids or _is_undo(form):
            return redirect(url_for("gifts.list_gifts"))
        return redirect(url_for("gifts.preview_fund", fund_id=BEFORE, gift_ids=ids))
    return _render_preview(form)


def _is_undo(form: Form) -> bool:
    return form.get_value("fund_id") == BEFORE


def _change_fund(form: Form, fund_id: int | None) -> list[int]:
    ids, shown_digest = form.list_ids("gift_ids"), form.get_value("shown")
    now, actor = clock.now(), get_principal().actor
    if _is_undo(form):
        return gift_changes.undo_fund_change(ids, shown_digest=shown_digest, now=now, actor=actor)
    return gift_changes.change_fund(ids, fund_id, shown_digest=shown_digest, now=now, actor=actor)


def _read_fund(form: Form) -> int | None:
    """Return the fund that was chosen, None for none in particular and for what it was before; nothing
    chosen is an error."""
    if not form.get_value("fund_id"):
        form.add_error("fund_id", gettext("Please choose one of the list."))
        return None
    return None if form.get_value("fund_id") in ("none", BEFORE) else form.read_id("fund_id")


def _render_preview(form: Form) -> Answer:
    plan: FundPlan | None = None
    fund_id = _read_fund(form)
    ids = form.list_ids("gift_ids")
    if not ids:
        form.add_error("", gettext("Please tick at least one gift."))
    if not form.errors or "" in form.errors:
        plan = _find_plan(form, ids, fund_id)
    hindrances = plan.hindrances if plan else ()
    gift_rows = [gift for gift, _refusal in hindrances]
    if plan:
        gift_rows += [*plan.changing_gifts, *plan.unchanged_gifts]
    page_text = render_template(
        "giving/fund_change.html",
        form=form,
        plan=plan,
        fund=funds.get_purpose(Fund, fund_id) if plan and fund_id else None,
        ids=ids,
        funds=history.find_fund_names(gift_rows),
        names=donors.find_names({gift.donor_id for gift in gift_rows}),
        open_funds=funds.list_open_funds(),
        is_undo=_is_undo(form),
        earlier_funds=_name_earlier_funds(plan) if plan else {},
        reasons={gift.id: refusals.write_refusal(refusal) for gift, refusal in hindrances},
    )
    return (page_text, 422) if form.errors else page_text


def _find_plan(form: Form, ids: list[int], fund_id: int | None) -> FundPlan | None:
    if not ids:
        return None
    with form.start_saving():
        return gift_changes.plan_fund_undo(ids) if _is_undo(form) else gift_changes.plan_fund(ids, fund_id)
    return None


def _name_earlier_funds(plan: FundPlan) -> dict[int, list[str]]:
    """Return the names of the funds that gifts go back to, by gift."""
    names = {fund.id: fund.name for fund in funds.list_purposes(Fund)} if plan.earlier_funds else {}
    return {
        gift_id: [names[fund_id] for fund_id in fund_ids] for gift_id, fund_ids in plan.earlier_funds.items()
    }
