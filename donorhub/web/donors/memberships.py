"""Memberships and roles on the donor's page: begun, and ended by a day."""

from __future__ import annotations

from typing import Final

from flask import request
from flask_babel import gettext

from donorhub import clock
from donorhub.money import Money
from donorhub.schemas.relations import (
    End,
    EndSchema,
    NewMembershipSchema,
    NewRole,
    NewRoleSchema,
)
from donorhub.services.donors import donor_roles, memberships
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors.donor_page import WorkForms, render_donor
from donorhub.web.donors.donors import Answer
from donorhub.web.donors.relations import NO_FIELD, bp, get_own_donor, lead_back
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]
_WITHOUT_FEE: Final = NewMembershipSchema(exclude=("fee",))  # an empty field asks for none
_FEE: Final = NewMembershipSchema(only=("fee",))
_MEMBERSHIP_NAMES: Final = {"kind": "membership", "since_on": "member_since_on"}
_ROLE_NAMES: Final = {"role": "donor_role", "since_on": "role_since_on"}


@bp.post("/<int:donor_id>/memberships")
@require_permission("donors:write")
def start_membership(donor_id: int) -> Answer:
    """Record that the donor is a member; the same again changes nothing."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(_MEMBERSHIP_NAMES):
        new = form.load_fields(_WITHOUT_FEE, _MEMBERSHIP_NAMES)
        memberships.start_membership(
            donor.id, fee=_read_fee(form), now=clock.now(), actor=get_principal().actor, **new
        )
        commit()
        tell_reader(gettext("The membership is recorded."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(membership=form)), 422


def _read_fee(form: Form) -> Money | None:
    """Return the fee that a form names; None where it names none."""
    if not form.get_value("amount").strip():
        return None
    fee: Money = form.load_fields(_FEE, {"fee": "amount"})["fee"]
    return fee


@bp.post("/<int:donor_id>/memberships/<int:membership_id>/end")
@require_permission("donors:write")
def end_membership(donor_id: int, membership_id: int) -> Answer:
    """Let a membership end with a day."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(NO_FIELD):
        row = memberships.get_membership(membership_id, donor.id)
        end: End = form.load_fields(EndSchema())
        memberships.end_membership(row, end["until_on"], now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The membership has ended."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(membership=form)), 422


@bp.post("/<int:donor_id>/roles")
@require_permission("donors:write")
def give_role(donor_id: int) -> Answer:
    """Record what the donor is to the organisation; a role that goes on changes nothing."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(_ROLE_NAMES):
        new: NewRole = form.load_fields(NewRoleSchema(), _ROLE_NAMES)
        donor_roles.give_role(
            donor.id,
            new["role"],
            stance=new["stance"],
            since_on=new["since_on"],
            until_on=new["until_on"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("The role is recorded."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(role=form)), 422


@bp.post("/<int:donor_id>/roles/<int:role_id>/end")
@require_permission("donors:write")
def end_role(donor_id: int, role_id: int) -> Answer:
    """Let a role end with a day."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(NO_FIELD):
        row = donor_roles.get_role(role_id, donor.id)
        end: End = form.load_fields(EndSchema())
        donor_roles.end_role(row, end["until_on"], now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The role has ended."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(role=form)), 422
