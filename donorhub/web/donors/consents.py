"""A donor's yes and no on pages: what may be sent and why not, all that they said, and what they like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.domain.messages import packs
from donorhub.models import Donor
from donorhub.schemas.consents import NewConsentSchema, NoContact, NoContactSchema, SaidConsent, WishSchema
from donorhub.schemas.fields import Reason
from donorhub.schemas.messages import LiftSchema
from donorhub.services.access import users
from donorhub.services.messages import consent_texts, consents, gate, preferences
from donorhub.services.messages.consents import NewConsent
from donorhub.services.messages.preferences import Wish
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors.donor_page import WorkForms, render_donor
from donorhub.web.donors.donors import Answer
from donorhub.web.donors.relations import get_own_donor, lead_back
from donorhub.web.donors.rights import bp
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]
_NO_CONTACT_NAMES: Final = {"source": "no_source", "said_on": "no_said_on", "reason": "no_reason"}
_WISH_NAMES: Final = {"channel": "wish_channel"}


def _start_answer() -> Form:
    return Form(start={"state": "opt_out", "source": "phone", "said_on": get_today().isoformat()})


@dataclass(slots=True)
class ConsentForms:
    """The forms of the page, empty, or as one of them was sent and is wrong."""

    answer: Form = field(default_factory=_start_answer)
    wish: Form = field(default_factory=Form)
    lift: Form = field(default_factory=Form)


@bp.get("/<int:donor_id>/consents")
@require_permission("donors:read")
def show_consents(donor_id: int) -> Answer:
    """Show what may be sent to a donor and why not, all that they said, and what they like to get."""
    donor = get_own_donor(donor_id)
    return _render_consents(donor, ConsentForms())


@bp.post("/<int:donor_id>/consents")
@require_permission("donors:write")
def record_consent(donor_id: int) -> Answer:
    """Record what the donor said; what holds already changes nothing."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving():
        new: SaidConsent = form.load_fields(NewConsentSchema())
        _, is_new = consents.record_consent(
            donor, NewConsent(**new), now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("It is recorded.") if is_new else gettext("It was so already."))
        return _lead_to_consents(donor)
    return _render_consents(get_own_donor(donor_id), ConsentForms(answer=form)), 422


@bp.post("/<int:donor_id>/no-contact")
@require_permission("donors:read", "tasks:write")
def refuse_contact(donor_id: int) -> Answer:
    """Record that the donor wants no contact at all; again changes nothing."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(_NO_CONTACT_NAMES):
        told: NoContact = form.load_fields(NoContactSchema(), _NO_CONTACT_NAMES)
        consents.refuse_contact(
            donor,
            source=told["source"],
            reason=told["reason"],
            said_on=told["said_on"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("Nothing but receipts is sent to this donor any more."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(no_contact=form)), 422


@bp.post("/<int:donor_id>/consents/<int:consent_id>/lift")
@require_permission("donors:write")
def lift_opt_out(donor_id: int, consent_id: int) -> Answer:
    """Let an opt-out hold no more, with the reason."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving():
        new: Reason = form.load_fields(LiftSchema())
        consents.lift_opt_out(
            donor, consent_id, reason=new["reason"], now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(gettext("The no is taken back. What needs a consent needs a new one."))
        return _lead_to_consents(donor)
    return _render_consents(get_own_donor(donor_id), ConsentForms(lift=form)), 422


@bp.post("/<int:donor_id>/preferences")
@require_permission("donors:write")
def set_preference(donor_id: int) -> Answer:
    """Keep what the donor likes to get; the same again changes nothing."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(_WISH_NAMES):
        wish: Wish = form.load_fields(WishSchema(), _WISH_NAMES)
        preferences.set_preference(donor, wish, source="form", now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("It is recorded."))
        return _lead_to_consents(donor)
    return _render_consents(get_own_donor(donor_id), ConsentForms(wish=form)), 422


def _render_consents(donor: Donor, forms: ConsentForms) -> str:
    rows = consents.list_consents(donor.id)
    texts = {text.id: text for text in consent_texts.list_texts()}
    return render_template(
        "donors/consents.html",
        donor=donor,
        forms=forms,
        lines=gate.explain_verdicts(donor, at=clock.now()),
        has_pack=gate.find_country(donor) in packs.list_countries(),
        country=gate.find_country(donor),
        rows=rows,
        liftable_ids=consents.list_open_opt_out_ids(donor.id, now=clock.now()),
        actors=users.find_actor_names({row.actor for row in rows}),
        texts=texts,
        newest_texts=consent_texts.list_newest(),
        preferences=preferences.list_preferences(donor.id),
    )


def _lead_to_consents(donor: Donor) -> Answer:
    return redirect(url_for("donors.show_consents", donor_id=donor.id))
