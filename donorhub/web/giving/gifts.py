"""Gifts: the list, recording one by hand, one gift with all that became of it, taking one out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.donors.custom_shapes import Shape, Value
from donorhub.models import Appeal, Campaign, Donor, Gift
from donorhub.models.states import find_word
from donorhub.schemas.fields import Reason
from donorhub.schemas.giving import GiftDetails, NewCorrectionSchema, NewGiftSchema
from donorhub.services.access import organisation
from donorhub.services.donors import donors, search
from donorhub.services.giving import (
    funds,
    gift_changes,
    gift_story,
    gift_sums,
    gifts,
    history,
    shown_gifts,
    soft_credits,
)
from donorhub.services.giving.gift_sums import GiftSums
from donorhub.services.giving.soft_credits import CreditedDonor
from donorhub.services.messages import thank_yous
from donorhub.services.moving.lists.description import Filters, get_day, get_number, get_text, keep_filters
from donorhub.services.paging import AnyRow, Page
from donorhub.web.access import audit_lines
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors import custom_values
from donorhub.web.forms import Form, make_key
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader
from donorhub.web.showing import list_options
from donorhub.web.words import labels, refusals

bp = Blueprint("gifts", __name__, url_prefix="/gifts")
Answer = Response | str | tuple[str, int]
SPLIT: Final = "split"  # the funds of a gift that goes to several
GIFT: Final = NewGiftSchema(
    exclude=("source", "source_ref", "designations", "custom")
)  # one fund at most, and our own key


@bp.get("")
@require_permission("gifts:read")
def list_gifts() -> Answer:
    """Show the list, by days received, donor and method."""
    form = Form(request.args)
    filters = _read_filters_of(form)
    donor_id = get_number(filters, "donor_id")
    donor = donors.get_donor(donor_id) if donor_id else None
    conditions = history.make_conditions(
        first=get_day(filters, "received_from"),
        last=get_day(filters, "received_to"),
        donor_id=donor_id,
        method=find_word(get_text(filters, "method"), labels.METHODS),
    )
    shapes = custom_values.list_shapes("gift")
    custom, wrong_value = custom_values.read_filter(shapes)
    page: Page[AnyRow] = (
        Page(())
        if wrong_value
        else history.list_gifts(*conditions, custom=custom, after=request.args.get("after"))
    )
    page_text = render_template(
        "giving/gifts.html",
        page=page,
        sums=GiftSums(0) if wrong_value else gift_sums.sum_gifts(*conditions, custom=custom),
        form=form,
        donor=donor,
        taken=history.find_deduction_states(page.rows),
        funds=history.find_fund_names(page.rows),
        open_funds=funds.list_open_funds() if get_principal().has_permission("gifts:write") else (),
        shapes=[shape for shape in shapes if shape.kind != "long_text"],
        wrong_value=wrong_value,
        custom_label=custom_values.write_label,
    )
    return (page_text, 422) if form.errors else page_text


def read_filters() -> Filters:
    """Return what the list of this address is narrowed by."""
    return _read_filters_of(Form(request.args))


def _read_filters_of(form: Form) -> Filters:
    donor_id = form.read_id("donor")
    return keep_filters(
        received_from=form.read_day("first"),
        received_to=form.read_day("last"),
        donor_id=donors.get_donor(donor_id).id if donor_id else None,
        method=find_word(form.get_value("method"), labels.METHODS),
        custom=custom_values.write_filter(custom_values.list_shapes("gift")),
    )


@bp.get("/new")
@require_permission("gifts:write")
def show_new_form() -> str:
    """Ask who gave, then for the gift: one page each, so that it works without JavaScript."""
    form = Form(request.args)
    donor_id = form.read_id("donor")
    if donor_id:
        return _render_form(Form(start=_make_start_values()), donors.get_donor(donor_id))
    text = form.read_line("q")
    page: Page[Donor] = (
        search.find_donors(text, hidden_fields=get_principal().hidden_fields, limit=12) if text else Page(())
    )
    donor = search.find_by_code(text) if text else None
    if donor is None and len(page.rows) == 1:
        donor = page.rows[0]
    if donor is not None:
        return _render_form(Form(start=_make_start_values()), donor)
    return render_template("giving/choose_donor.html", text=text, page=page)


@bp.post("/new")
@require_permission("gifts:write")
def record_gift() -> Answer:
    """Record a gift; the same form sent twice records one."""
    form = Form(request.form)
    donor = donors.get_donor(form.read_id("donor_id") or 0)
    key, fund_id = form.read_key(), form.read_id("fund_id")
    equal_gifts: Sequence[Gift] = ()
    shapes = custom_values.list_shapes("gift")
    with form.start_saving():
        new: GiftDetails = form.load_fields(GIFT)
        custom = custom_values.load_form(form, shapes)
        equal_gifts = gifts.list_equal_gifts(donor.id, new["amount"], new["received_on"])
        gifts.refuse_equal_gifts(equal_gifts, "manual", key, known_ids=form.list_ids("another"))
        gift, is_new = gifts.record_gift(
            donor.id,
            new["amount"],
            received_on=new["received_on"],
            method=new["method"],
            fund_ids={fund_id: new["amount"].minor} if fund_id else None,
            campaign_id=new.get("campaign_id"),
            appeal_id=new.get("appeal_id"),
            note=new.get("note", ""),
            goods=new.get("goods", ""),
            thank=new["thank"],
            custom=custom,
            source="manual",
            source_ref=key,
            now=clock.now(),
            actor=get_principal().actor,
        )
        address = url_for(
            "gifts.show_gift", gift_id=gift.id
        )  # after the commit its row would be read once more
        commit()
        tell_reader(
            gettext("The gift is recorded.") if is_new else gettext("This gift was recorded already.")
        )
        return redirect(address)
    return _render_form(
        form, donors.get_donor(donor.id), [gifts.get_gift(gift.id) for gift in equal_gifts]
    ), 422


@bp.get("/<int:gift_id>")
@require_permission("gifts:read")
def show_gift(gift_id: int) -> str:
    """Show one gift and what became of it."""
    return render_gift(gift_id)


@bp.post("/<int:gift_id>/correct")
@require_permission("gifts:write")
def take_out_gift(gift_id: int) -> Answer:
    """Take out a gift that was recorded wrongly, with the reason."""
    form = Form(request.form)
    key = form.read_key()
    with form.start_saving():
        new: Reason = form.load_fields(NewCorrectionSchema())
        shown_gifts.refuse_changed_gift(gift_id, form.get_value("digest"), source_ref=key)
        gifts.correct_gift(
            gift_id, reason=new["reason"], source_ref=key, now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("The gift is taken out. Its row stays, so that it can be explained."))
        return redirect(url_for("gifts.show_gift", gift_id=gift_id))
    return render_gift(gift_id, form), 422


@bp.post("/<int:gift_id>/thank")
@require_permission("gifts:write")
def thank_for_gift(gift_id: int) -> Answer:
    """Thank for a gift that is too old to be thanked for by itself; a second time changes nothing."""
    form = Form(request.form)
    gifts.get_gift(gift_id)
    with form.start_saving():
        shown_gifts.refuse_changed_gift(gift_id, form.get_value("digest"))
        if thank_yous.ask_for_thanks([gift_id], now=clock.now(), actor=get_principal().actor):
            commit()
            tell_reader(gettext("The thank-you will be written in a moment."))
        return redirect(url_for("gifts.show_gift", gift_id=gift_id))
    return render_gift(gift_id, form), 422


def _make_start_values() -> dict[str, object]:
    return {
        "key": make_key(),
        "currency": organisation.get_organisation().home_currency,
        "received_on": get_today(),
        "method": "transfer",
        "thank": "1",
    }


def render_gift(gift_id: int, form: Form | None = None, change: Form | None = None) -> str:
    """Return the page of a gift; ``form`` takes it out, ``change`` says what it is for."""
    gift = gifts.get_gift(gift_id)
    kind_of_source = gift.source.partition(":")[0]  # a provider's has its account behind it
    story = gift_story.read_story(gift)
    purposes, shapes = _list_purposes(gift), custom_values.list_shapes("gift")
    values = custom_values.read_own_values(gift.id, shapes)
    credited_donors = soft_credits.list_credited_donors(gift)
    hindrance = gift_changes.find_fund_hindrance(
        gift, receipt_id=story.receipt.id if story.receipt else None, remainder=story.remainder
    )
    return render_template(
        "giving/gift.html",
        gift=gift,
        may_be_thanked=story.thank_you and story.remainder.minor and thank_yous.is_held(story.thank_you),
        source=labels.SOURCES.get(kind_of_source, gift.source),
        story=story,
        credited_donors=credited_donors,
        form=form or Form(),
        new_key=make_key(),
        change=change or Form(start=_make_start_of_change(gift, credited_donors, values, shapes)),
        digest=shown_gifts.compute_gift_digest(
            gift, left_minor=story.remainder.minor, receipt_id=story.receipt.id if story.receipt else None
        ),
        shown=gift_changes.compute_digest(gift, shapes),  # of now, also where somebody changed it meanwhile
        purposes=purposes,
        campaign=dict(purposes["campaign"]).get(gift.campaign_id),
        appeal=dict(purposes["appeal"]).get(gift.appeal_id),
        fund_hindrance=refusals.write_refusal(hindrance) if hindrance else "",
        lines=audit_lines.make_lines(gift_changes.list_changes(gift.id)),
        custom=custom_values.show_values(values, shapes),
        shapes=custom_values.ease_shapes(values, shapes),
        custom_label=custom_values.write_label,
        custom_options=custom_values.list_options,
    )


def _make_start_of_change(
    gift: Gift,
    credited_donors: Sequence[CreditedDonor],
    values: Mapping[str, Value],
    shapes: Sequence[Shape],
) -> dict[str, object]:
    return custom_values.start_form(shapes, values) | {
        "credited": credited_donors[0].donor.code if len(credited_donors) == 1 else "",
        "fund_id": _name_funds(gift),
        "campaign_id": gift.campaign_id,
        "appeal_id": gift.appeal_id,
        "note": gift.note,
        "goods": gift.goods,
    }


def _name_funds(gift: Gift) -> object:
    """Return what stands for the present funds of a gift in its form: the one, none, or as it is."""
    parts = gift.designations
    return SPLIT if len(parts) > 1 else parts[0].fund_id if parts else ""


def _list_purposes(gift: Gift) -> dict[str, Sequence[tuple[object, object]]]:
    """Return what a gift may be for: open funds and its own, campaigns and appeals."""
    own_funds = {part.fund_id: part.fund.name for part in gift.designations}
    open_funds = {fund.id: fund.name for fund in funds.list_open_funds()}
    names = sorted((open_funds | own_funds).items(), key=lambda pair: pair[1])
    split = [(SPLIT, ", ".join(own_funds.values()))] if len(own_funds) > 1 else []
    return {
        "fund": [*split, *names],
        "campaign": list_options(funds.list_purposes(Campaign)),
        "appeal": list_options(funds.list_purposes(Appeal)),
    }


def _render_form(form: Form, donor: Donor, equal_gifts: Sequence[Gift] = ()) -> str:
    return render_template(
        "giving/gift_form.html",
        form=form,
        donor=donor,
        equal_gifts=equal_gifts,
        funds=funds.list_open_funds(),
        campaigns=funds.list_purposes(Campaign),
        appeals=funds.list_purposes(Appeal),
        shapes=custom_values.list_shapes("gift"),
        custom_label=custom_values.write_label,
        custom_options=custom_values.list_options,
    )
