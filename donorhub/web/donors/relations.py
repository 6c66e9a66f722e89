"""Relationships and households on the donor's page: added, ended, and seen from both ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import redirect, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.models import Donor
from donorhub.models.states import RELATIONSHIP_KINDS, find_word
from donorhub.schemas.relations import End, EndSchema, NewMemberSchema, NewRelationshipSchema
from donorhub.services.donors import donors, households, relationships
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.donors.donor_page import WorkForms, render_donor
from donorhub.web.donors.donors import Answer
from donorhub.web.donors.other_donors import choose_donor
from donorhub.web.donors.tags import bp
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]
_SIDES: Final = ("from", "to")
_RELATION: Final = NewRelationshipSchema(exclude=("kind", "to_id"))  # a page names kind and side as one
_MEMBER: Final = NewMemberSchema(exclude=("donor_id",))
NO_FIELD: Final = {"until_on": ""}  # the forms that end something have no field of a name of its own
_NAMES: Final = {"since_on": "relation_since_on", "until_on": "relation_until_on", "title": "relation_title"}
_SERVICE_NAMES: Final = {**_NAMES, "to_id": "relation_donor"}


@bp.post("/<int:donor_id>/relationships")
@require_permission("donors:write")
def add_relationship(donor_id: int) -> Answer:
    """Record what the donor is to another, or the other to them; one that goes on already changes nothing."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(_SERVICE_NAMES) as saving:
        word, _, side_word = form.get_value("relation").partition(":")
        kind, side = find_word(word, RELATIONSHIP_KINDS), find_word(side_word, _SIDES)
        if kind is None or side is None:
            form.add_error("relation", gettext("Please choose one of the list."))
        other = choose_donor(form, "relation_donor")
        saving.refuse_errors()
        new: Mapping[str, Any] = form.load_fields(_RELATION, _NAMES)
        assert kind is not None and other is not None  # noqa: S101, PT018  else it is refused above
        from_id, to_id = (donor.id, other.id) if side == "from" else (other.id, donor.id)
        relationships.add_relationship(
            from_id, to_id, kind, now=clock.now(), actor=get_principal().actor, **new
        )
        commit()
        tell_reader(gettext("The relationship is recorded."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(relation=form)), 422


@bp.post("/<int:donor_id>/relationships/<int:relationship_id>/end")
@require_permission("donors:write")
def end_relationship(donor_id: int, relationship_id: int) -> Answer:
    """Let a relationship end with a day."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving(NO_FIELD):
        row = relationships.get_relationship(relationship_id, donor.id)
        end: End = form.load_fields(EndSchema())
        relationships.end_relationship(row, end["until_on"], now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The relationship has ended."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(relation=form)), 422


@bp.post("/<int:donor_id>/members")
@require_permission("donors:write")
def add_member(donor_id: int) -> Answer:
    """Let a person belong to this household, or this person to a household; again changes what is said."""
    donor = get_own_donor(donor_id)
    form = Form(request.form)
    with form.start_saving({"donor_id": "member"}) as saving:
        other = choose_donor(form, "member")
        saving.refuse_errors()
        new: Mapping[str, Any] = form.load_fields(_MEMBER)
        assert other is not None  # noqa: S101  else it is refused above
        household, person = (donor, other) if donor.kind == "household" else (other, donor)
        households.add_member(household, person, now=clock.now(), actor=get_principal().actor, **new)
        commit()
        tell_reader(gettext("It is recorded who belongs to the household."))
        return lead_back(donor_id)
    return render_donor(get_own_donor(donor_id), WorkForms(member=form)), 422


@bp.post("/<int:donor_id>/members/<int:member_id>/remove")
@require_permission("donors:write")
def remove_member(donor_id: int, member_id: int) -> Answer:
    """Let a person belong to a household no more; again changes nothing."""
    household = get_own_donor(donor_id)
    households.remove_member(household.id, member_id, now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The person belongs to the household no more."))
    return lead_back(donor_id)


@bp.post("/<int:donor_id>/joint-name")
@require_permission("donors:write")
def take_joint_name(donor_id: int) -> Answer:
    """Name a household by those whom letters to it name."""
    household = get_own_donor(donor_id)
    households.take_joint_name(household, now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The household is named by its members."))
    return lead_back(donor_id)


def get_own_donor(donor_id: int) -> Donor:
    """Return a donor whom the reader may see; raise NotFound for any other."""
    return donors.get_donor(donor_id, owner_id=get_own_list())


def lead_back(donor_id: int) -> Answer:
    """Return the way to the donor's page."""
    return redirect(url_for("donors.show_donor", donor_id=donor_id))
