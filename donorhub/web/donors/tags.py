"""Giving a donor a tag and taking one away, on the donor's page."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.schemas.donors import NewTagSchema
from donorhub.services.donors import donors, tags
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.donors.donor_page import WorkForms, render_donor
from donorhub.web.donors.donors import Answer
from donorhub.web.donors.interactions import bp
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]


@bp.post("/<int:donor_id>/tags")
@require_permission("donors:write")
def add_tag(donor_id: int) -> Answer:
    """Give the donor a tag; one that they have changes nothing."""
    donor = donors.get_donor(donor_id, owner_id=get_own_list())
    form = Form(request.form)
    with form.start_saving():
        name: str = form.load_fields(NewTagSchema())["name"]
        tag, is_new = tags.add_tag(
            donor.id, name, source="form", now=clock.now(), actor=get_principal().actor
        )
        tag_name = tag.name
        commit()
        if is_new:
            tell_reader(gettext("The donor has the tag “%(name)s” now.", name=tag_name))
        else:
            tell_reader(gettext("The donor had the tag “%(name)s” already.", name=tag_name))
        return redirect(url_for("donors.show_donor", donor_id=donor_id))
    donor = donors.get_donor(donor_id, owner_id=get_own_list())
    return render_donor(donor, WorkForms(tag=form)), 422


@bp.post("/<int:donor_id>/tags/<int:tag_id>/remove")
@require_permission("donors:write")
def remove_tag(donor_id: int, tag_id: int) -> Answer:
    """Take a tag away; again changes nothing."""
    donor = donors.get_donor(donor_id, owner_id=get_own_list())
    tag_name = tags.get_tag(tag_id).name
    tags.remove_tag(donor.id, tag_id, now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The tag “%(name)s” is taken away.", name=tag_name))
    return redirect(url_for("donors.show_donor", donor_id=donor_id))
