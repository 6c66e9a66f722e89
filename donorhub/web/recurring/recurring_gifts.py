"""Recurring gifts: the list, late instalments, starting, changing, pausing and closing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.recurring.mandate_states import FIRST_STATES, MANDATE_STEPS
from donorhub.errors import Conflict
from donorhub.models import Campaign, Donor, Instalment, RecurringGift, Term
from donorhub.models.states import (
    OVERDUE_INSTALMENTS,
    RECURRING_STATES,
    RUNNING_PROMISES,
    RecurringKind,
    find_word,
)
from donorhub.money import Money
from donorhub.schemas.limits import IBAN
from donorhub.schemas.recurring import (
    Change,
    ChangeSchema,
    CloseSchema,
    Closing,
    NewRecurringGiftSchema,
    Pause,
    PauseSchema,
    PromiseDetails,
)
from donorhub.services.access import organisation
from donorhub.services.donors import accounts, donors
from donorhub.services.donors.donors import normalise_iban
from donorhub.services.giving import funds, history
from donorhub.services.moving.lists.description import Filters, keep_filters
from donorhub.services.recurring import (
    changed_amounts,
    ended_promises,
    instalments,
    known_banks,
    mandate_days,
    promises,
    recurring_gifts,
    recurring_terms,
    shown_promises,
    waiting_instalments,
)
from donorhub.services.recurring.shown_promises import Step
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form, make_key
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels

bp = Blueprint("recurring", __name__, url_prefix="/recurring-gifts")
Answer = Response | str | tuple[str, int]
PROMISE: Final = NewRecurringGiftSchema(exclude=("source", "source_ref"))
BY_HAND: Final[tuple[RecurringKind, ...]] = ("standing_order", "pledge", "direct_debit")
MOST_INSTALMENTS: Final = 600


@bp.get("")
@require_permission("recurring:read")
def list_recurring_gifts() -> str:
    """Show the list, by state and donor."""
    form = Form(request.args)
    donor_id, state = form.read_id("donor"), form.get_value("state")
    one_state = find_word(state, RECURRING_STATES)
    states = RUNNING_PROMISES if state == "running" else (one_state,) if one_state else ()
    page = promises.list_recurring_gift_rows(
        states=states, donor_id=donor_id, after=request.args.get("after")
    )
    return render_template(
        "recurring/recurring_gifts.html",
        page=page,
        form=form,
        terms=promises.find_terms_on(page.rows, get_today()),
        donor=donors.get_donor(donor_id) if donor_id else None,
    )


def read_filters() -> Filters:
    """Return what the list of this address is narrowed by."""
    form = Form(request.args)
    state = find_word(form.get_value("state"), ("running", *RECURRING_STATES))
    return keep_filters(state=state, donor_id=form.read_id("donor"))


def read_late_filters() -> Filters:
    """Return what the list of late instalments of this address is narrowed by."""
    return keep_filters(state=find_word(request.args.get("state"), OVERDUE_INSTALMENTS))


@bp.get("/late")
@require_permission("recurring:read")
def list_late_instalments() -> str:
    """Show the instalments that are late or missed."""
    state = request.args.get("state", "")
    one_state = find_word(state, OVERDUE_INSTALMENTS)
    states = (one_state,) if one_state else OVERDUE_INSTALMENTS
    page = promises.list_late_instalments(states=states, after=request.args.get("after"))
    tabs = [
        ("", gettext("All")),
        *((word, labels.INSTALMENT_STATES[word]) for word in OVERDUE_INSTALMENTS),
    ]
    now = clock.now()
    coverage = known_banks.read_coverage(now=now)
    return render_template(
        "recurring/late_instalments.html",
        page=page,
        state=state,
        tabs=tabs,
        day=get_today(),
        banks=waiting_instalments.list_bank_days(today=get_today(), now=now, coverage=coverage),
        known_days=waiting_instalments.find_known_days(
            page.rows, today=get_today(), now=now, coverage=coverage
        ),
    )


def _find_known_days(rows: Sequence[Instalment]) -> Mapping[int, date | None]:
    """Return up to which day the bank is known, for those of the instalments that wait for it."""
    return waiting_instalments.find_known_days(rows, today=get_today(), now=clock.now())


@bp.get("/new")
@require_permission("recurring:write")
def show_new_form() -> str:
    """Show an empty form for a donor."""
    donor = donors.get_donor(Form(request.args).read_number("donor", 1, 10**9) or 0)
    start = {
        "key": make_key(),
        "kind": "standing_order",
        "every": 1,
        "period": "M",
        "start_on": get_today(),
        "currency": organisation.get_organisation().home_currency,
    }
    return _render_form(Form(start=start), donor)


@bp.post("/new")
@require_permission("recurring:write")
def start_recurring_gift() -> Answer:
    """Start a standing order or a pledge; the same form sent twice starts one."""
    form = Form(request.form)
    donor = donors.get_donor(form.read_id("donor_id") or 0)
    key, instalments_total = form.read_key(), form.read_number("instalments_total", 1, MOST_INSTALMENTS)
    form.read_choice("kind", BY_HAND)
    iban = _read_iban(form)
    with form.start_saving():
        new: PromiseDetails = form.load_fields(PROMISE)
        new["donor_id"], new["payer_iban"] = donor.id, iban
        gift, _is_new = recurring_gifts.start_recurring_gift(
            recurring_gifts.NewRecurringGift(
                source="manual", source_ref=key, instalments_total=instalments_total, **new
            ),
            now=clock.now(),
            actor=get_principal().actor,
        )
        if iban:
            accounts.learn_account(donor.id, iban, source="form", now=clock.now())
        instalments.make_instalments(gift, today=get_today())
        commit()
        tell_reader(gettext("The recurring gift is started."))
        return redirect(url_for("recurring.show_recurring_gift", recurring_gift_id=gift.id))
    return _render_form(form, donors.get_donor(donor.id)), 422


@bp.get("/<int:recurring_gift_id>")
@require_permission("recurring:read")
def show_recurring_gift(recurring_gift_id: int) -> str:
    """Show one recurring gift: terms, instalments and what paid them."""
    gift = recurring_gifts.get_recurring_gift(recurring_gift_id)
    return render_recurring_gift(gift, _make_start_form(gift))


@bp.post("/<int:recurring_gift_id>/amount")
@require_permission("recurring:write")
def change_amount(recurring_gift_id: int) -> Answer:
    """Promise another amount from a day on."""
    form = Form(request.form)

    def change_promise(gift: RecurringGift) -> None:
        change: Change = form.load_fields(ChangeSchema(only=("amount", "from_on")))
        recurring_gifts.change_amount(
            gift, change["amount"], from_on=change["from_on"], now=clock.now(), actor=get_principal().actor
        )

    return save_change(recurring_gift_id, form, change_promise, gettext("The amount is changed."))


@bp.post("/<int:recurring_gift_id>/accept-amount")
@require_permission("recurring:write")
def accept_changed_amount(recurring_gift_id: int) -> Answer:
    """Promise the other amount that came, from its first payment on."""

    def accept_amount(gift: RecurringGift) -> None:
        changed_amounts.accept_changed_amount(gift, now=clock.now(), actor=get_principal().actor)

    return save_change(
        recurring_gift_id, Form(request.form), accept_amount, gettext("The amount is changed.")
    )


@bp.post("/<int:recurring_gift_id>/pause")
@require_permission("recurring:write")
def pause_recurring_gift(recurring_gift_id: int) -> Answer:
    """Expect nothing for a while."""
    form = Form(request.form)

    def pause_promise(gift: RecurringGift) -> None:
        pause: Pause = form.load_fields(PauseSchema(partial=("from_on",)), {"from_on": "pause_from_on"})
        recurring_gifts.pause_recurring_gift(
            gift,
            from_on=pause.get("from_on", get_today()),
            until=pause["until"],
            reason=pause["reason"],
            now=clock.now(),
            actor=get_principal().actor,
        )

    return save_change(recurring_gift_id, form, pause_promise, gettext("The pause is noted."), step="pause")


@bp.post("/<int:recurring_gift_id>/resume")
@require_permission("recurring:write")
def resume_recurring_gift(recurring_gift_id: int) -> Answer:
    """Expect instalments again from today on."""
    form = Form(request.form)

    def resume_promise(gift: RecurringGift) -> None:
        recurring_gifts.resume_recurring_gift(
            gift, from_on=get_today(), now=clock.now(), actor=get_principal().actor
        )

    return save_change(
        recurring_gift_id, form, resume_promise, gettext("The recurring gift runs again."), step="resume"
    )


@bp.post("/<int:recurring_gift_id>/close")
@require_permission("recurring:write")
def close_recurring_gift(recurring_gift_id: int) -> Answer:
    """End the promise with its reason."""
    form = Form(request.form)

    def close_promise(gift: RecurringGift) -> None:
        closing: Closing = form.load_fields(CloseSchema(exclude=("on",)))
        recurring_gifts.close_recurring_gift(
            gift, reason=closing["reason"], now=clock.now(), actor=get_principal().actor, on=get_today()
        )

    return save_change(
        recurring_gift_id, form, close_promise, gettext("The recurring gift is closed."), step="close"
    )


@bp.post("/<int:recurring_gift_id>/go-on")
@require_permission("recurring:write")
def let_recurring_gift_go_on(recurring_gift_id: int) -> Answer:
    """Expect an ended promise again from the first payment that came since."""

    def let_go_on(gift: RecurringGift) -> None:
        ended_promises.let_promise_go_on(gift, now=clock.now(), actor=get_principal().actor)

    return save_change(
        recurring_gift_id, Form(request.form), let_go_on, gettext("The recurring gift runs again.")
    )


def refuse_gift_of_provider(gift: RecurringGift) -> None:
    """Raise Conflict for what the provider runs: its next event would undo a change of ours."""
    if gift.origin == "provider":
        raise Conflict("the provider collects this recurring gift: change it there", code="run_by_provider")


def save_change(
    recurring_gift_id: int,
    form: Form,
    change: Callable[[RecurringGift], None],
    sentence: str,
    *,
    step: Step = "other",
) -> Answer:
    """Make one change of what was shown and the instalments that follow, and show the page again with the
    sentence.
    """
    gift = recurring_gifts.get_recurring_gift(recurring_gift_id)
    refuse_gift_of_provider(gift)
    with form.start_saving():
        shown_promises.refuse_changed_promise(gift, form.get_value("digest"), step=step, now=clock.now())
        change(gift)
        instalments.make_instalments(gift, today=get_today())
        commit()
        tell_reader(sentence)
        return redirect(url_for("recurring.show_recurring_gift", recurring_gift_id=recurring_gift_id))
    return render_recurring_gift(recurring_gifts.get_recurring_gift(recurring_gift_id), form), 422


def get_amount_of(term: Term) -> Money:
    """Return the amount of a term."""
    return Money(term.amount_minor, term.currency)


def _read_iban(form: Form) -> str:
    """Return the payer's IBAN as it is kept; empty where none is given or it is none, which is an error."""
    text = form.read_line("payer_iban", IBAN)
    iban = normalise_iban(text) if text else ""
    if iban is None:
        form.add_error("payer_iban", gettext("This is no IBAN: a digit may be missing or wrong."))
    return iban or ""


def _make_start_form(gift: RecurringGift) -> Form:
    term = promises.get_term_on(gift, get_today())
    start = {
        "amount": "",
        "currency": gift.currency,
        "from_on": get_today() + timedelta(days=1),
        "pause_from_on": get_today(),
        "mandate_state": "active",
        "mandate_on": get_today(),
    }
    return Form(start=start | {"amount": get_amount_of(term).as_text()})


def render_recurring_gift(gift: RecurringGift, form: Form) -> str:
    """Return the page of a recurring gift with what a form says."""
    rows = promises.list_instalments_with_gifts(gift.id)
    facts = shown_promises.read_promise(gift, today=get_today())
    return render_template(
        "recurring/recurring_gift.html",
        gift=gift,
        form=form,
        term=recurring_terms.pick_term(facts.terms, get_today()),
        amount_of=get_amount_of,
        rows=rows,
        taken=history.find_deduction_states([one for _, gifts_of_row in rows for one in gifts_of_row]),
        known_days=_find_known_days([instalment for instalment, _ in rows]),
        mandates=facts.mandates if mandate_days.needs_mandate(gift) else None,
        mandate_steps=MANDATE_STEPS,
        first_states=[(state, labels.MANDATE_STATES[state]) for state in FIRST_STATES],
        terms=facts.terms,
        fits=facts.fits,
        planned_pause=recurring_terms.find_planned_pause(gift, get_today()),
        changed=facts.amount_change,
        promise_digest=facts.digest,
        instalment_digest=shown_promises.compute_instalment_digest,
        mandate_digest=shown_promises.compute_mandate_digest,
        may_step=lambda word: recurring_gifts.is_step_allowed(gift, word),
        changes=_can_be_changed(gift),
    )


def _can_be_changed(gift: RecurringGift) -> bool:
    """Return whether it may be changed here; what a provider collects is changed there."""
    return gift.origin != "provider" and gift.state != "closed"


def _render_form(form: Form, donor: Donor) -> str:
    return render_template(
        "recurring/recurring_gift_form.html",
        form=form,
        donor=donor,
        funds=funds.list_open_funds(),
        campaigns=funds.list_purposes(Campaign),
        kinds=[(kind, labels.RECURRING_KINDS[kind]) for kind in BY_HAND],
    )
