"""Gifts: the list, recording one by hand, one gift with all that became of it, taking one out."""

from __future__ import annotations

from typing import TypedDict

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import Appeal, Campaign, Donor
from donorhub.models.states import GiftMethod, find_word
from donorhub.schemas.limits import GIFT_NOTE, REASON
from donorhub.services.access import organisation
from donorhub.services.donors import donors, search
from donorhub.services.giving import funds, gift_story, gifts, history
from donorhub.services.paging import Page
from donorhub.web.forms import Form, new_key
from donorhub.web.shell import commit, needs, principal, say, today
from donorhub.web.words import labels

bp = Blueprint("gifts", __name__, url_prefix="/gifts")
Answer = Response | str | tuple[str, int]


@bp.get("")
@needs("gifts:read")
def index() -> Answer:
    """The list, by days received, donor and method."""
    form = Form(request.args)
    first, last, donor_id = form.day("first"), form.day("last"), form.id("donor")
    method = find_word(form.value("method"), labels.METHODS)
    donor = donors.get_donor(donor_id) if donor_id else None
    page = history.list_gifts(
        first=first,
        last=last,
        donor_id=donor.id if donor else None,
        method=method,
        after=request.args.get("after"),
    )
    shown = render_template(
        "giving/gifts.html",
        page=page,
        form=form,
        donor=donor,
        taken=history.find_deduction_states(page.rows),
        funds=history.find_fund_names(page.rows),
    )
    return (shown, 422) if form.errors else shown


@bp.get("/new")
@needs("gifts:write")
def new() -> str:
    """First who gave, then the gift: one page each, so that it works without JavaScript."""
    form = Form(request.args)
    donor_id = form.id("donor")
    if donor_id:
        return _form_page(Form(start=_start()), donors.get_donor(donor_id))
    text = form.text("q")
    page: Page[Donor] = search.find_donors(text, limit=12) if text else Page(())
    donor = search.find_by_code(text) if text else None
    if donor is None and len(page.rows) == 1:
        donor = page.rows[0]
    if donor is not None:
        return _form_page(Form(start=_start()), donor)
    return render_template("giving/choose_donor.html", text=text, page=page)


@bp.post("/new")
@needs("gifts:write")
def create() -> Answer:
    """Record a gift; the same form sent twice records one."""
    form = Form(request.form)
    donor = donors.get_donor(form.id("donor_id") or 0)
    amount, key, rest = form.money("amount"), form.key(), _rest(form)
    fund_id = form.row("fund_id", [fund.id for fund in funds.list_open_funds()])
    received_on = form.needed_day("received_on")
    if received_on > today():
        form.wrong("received_on", gettext("This day is in the future."))
    with form.saving() as saving:
        saving.check()
        gift, is_new = gifts.record_gift(
            donor.id,
            amount,
            received_on=received_on,
            source="manual",
            source_ref=key,
            now=clock.now(),
            actor=principal().actor,
            fund_ids={fund_id: amount.minor} if fund_id else None,
            **rest,
        )
        address = url_for("gifts.show", gift_id=gift.id)  # after the commit its row would be read once more
        commit()
        say(gettext("The gift is recorded.") if is_new else gettext("This gift was recorded already."))
        return redirect(address)
    return _form_page(form, donors.get_donor(donor.id)), 422


@bp.get("/<int:gift_id>")
@needs("gifts:read")
def show(gift_id: int) -> str:
    """One gift and what became of it."""
    return _page(gift_id, Form(start={"key": new_key()}))


@bp.post("/<int:gift_id>/correct")
@needs("gifts:write")
def correct(gift_id: int) -> Answer:
    """Take out a gift that was recorded wrongly, with the reason."""
    form = Form(request.form)
    reason, key = form.text("reason", required=True, limit=REASON), form.key()
    with form.saving() as saving:
        saving.check()
        gifts.correct_gift(gift_id, reason=reason, source_ref=key, now=clock.now(), actor=principal().actor)
        commit()
        say(gettext("The gift is taken out. Its row stays, so that it can be explained."))
        return redirect(url_for("gifts.show", gift_id=gift_id))
    return _page(gift_id, form), 422


class GiftDetails(TypedDict):
    """What a form says of a gift beside its donor, day and amount."""

    method: GiftMethod
    campaign_id: int | None
    appeal_id: int | None
    note: str
    thank: bool


def _rest(form: Form) -> GiftDetails:
    return {
        "method": form.choice("method", labels.METHODS),
        "campaign_id": _choose_row(form, "campaign_id", Campaign),
        "appeal_id": _choose_row(form, "appeal_id", Appeal),
        "note": form.lines("note", limit=GIFT_NOTE),
        "thank": form.tick("thank"),
    }


def _choose_row(form: Form, name: str, kind: type[funds.Purpose]) -> int | None:
    """Return the id that was chosen; what is offered is read only where something was."""
    if not form.value(name):
        return None
    return form.row(name, [row.id for row in funds.list_purposes(kind)])


def _start() -> dict[str, object]:
    return {
        "key": new_key(),
        "currency": organisation.get_organisation().home_currency,
        "received_on": today(),
        "method": "transfer",
        "thank": "1",
    }


def _page(gift_id: int, form: Form) -> str:
    gift = gifts.get_gift(gift_id)
    kind_of_source = gift.source.partition(":")[0]  # a provider's has its account behind it
    return render_template(
        "giving/gift.html",
        gift=gift,
        source=labels.SOURCES.get(kind_of_source, gift.source),
        story=gift_story.read_story(gift),
        form=form,
    )


def _form_page(form: Form, donor: Donor) -> str:
    return render_template(
        "giving/gift_form.html",
        form=form,
        donor=donor,
        funds=funds.list_open_funds(),
        campaigns=funds.list_purposes(Campaign),
        appeals=funds.list_purposes(Appeal),
    )
