"""A donor's contacts on their page: one more, another one preferred, put right, marked, ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.db import MAX_ID
from donorhub.errors import NotFound
from donorhub.models import ContactPoint, Donor
from donorhub.models.states import CONTACT_POINT_KINDS, ContactKind, find_word
from donorhub.schemas.contacts import PARTS, ContactChangesSchema, NewContactSchema
from donorhub.services.donors import contacts, donors, duplicates, positions, verdicts
from donorhub.services.donors.contacts import ContactChanges, NewContact
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.donors.donors import Answer
from donorhub.web.donors.memberships import bp
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]
_POINT: Final = "/<int:donor_id>/contact-points/<int:contact_id>"


@bp.get("/<int:donor_id>/contact-points/new")
@require_permission("donors:write")
def show_new_contact(donor_id: int) -> str:
    """Show an empty form for an e-mail, phone, address or account."""
    kind = _find_kind(request.args.get("kind"))
    return _render_new(_get_donor(donor_id), kind, Form(start={"kind": kind}))


@bp.post("/<int:donor_id>/contact-points")
@require_permission("donors:write")
def add_contact_point(donor_id: int) -> Answer:
    """Add a contact; one that the donor has is left as it is, and one that another has too is asked about."""
    donor = _get_donor(donor_id)
    form = Form(request.form)
    kind = _find_kind(form.get_value("kind"))
    alike: Sequence[Donor] = ()
    with form.start_saving():
        new: NewContact = form.load_fields(NewContactSchema(exclude=_list_needless(donor, kind)))
        alike = duplicates.list_alike_by_contact(donor, new)
        duplicates.refuse_alike(alike, known_ids=form.list_ids("another"))
        others = [one.id for one in alike]
        verdicts.record_others(donor.id, others, now=clock.now(), actor=get_principal().actor)
        _, is_new = contacts.add_contact(
            donor.id, new, source="form", now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(
            gettext("The contact is added.") if is_new else gettext("The donor has this contact already.")
        )
        return _lead_back(donor_id)
    return _render_new(_get_donor(donor_id), kind, form, [donors.get_donor(one.id) for one in alike]), 422


@bp.get(_POINT)
@require_permission("donors:write")
def show_contact_point(donor_id: int, contact_id: int) -> str:
    """Show the form of one contact."""
    donor = _get_donor(donor_id)
    contact = contacts.get_contact(donor.id, contact_id, reader=get_principal())
    names = ("value", *PARTS, "label", "role", "person_id", "state", "since_on", "until_on")
    start = {name: getattr(contact, name) for name in names} | {"version": donor.version}
    return _render_contact(donor, contact, Form(start=start))


@bp.post(_POINT)
@require_permission("donors:write")
def save_contact_point(donor_id: int, contact_id: int) -> Answer:
    """Save a contact; refused when somebody else changed the donor in the meantime."""
    donor = _get_donor(donor_id)
    contact = contacts.get_contact(donor.id, contact_id, reader=get_principal())
    form = Form(request.form)
    with form.start_saving():
        exclude = ("is_preferred", *_list_needless(donor, contact.kind))
        changes: ContactChanges = form.load_fields(ContactChangesSchema(partial=True, exclude=exclude))
        _save_changes(contact, changes, form)
        tell_reader(gettext("The contact is saved."))
        return _lead_back(donor_id)
    donor = _get_donor(donor_id)
    return _render_contact(
        donor, contacts.get_contact(donor.id, contact_id, reader=get_principal()), form
    ), 422


@bp.post(f"{_POINT}/prefer")
@require_permission("donors:write")
def prefer_contact_point(donor_id: int, contact_id: int) -> Answer:
    """Write to this one from now on, and name it in lists."""
    return _change_at_once(
        donor_id, contact_id, {"is_preferred": True}, gettext("This contact is preferred from now on.")
    )


@bp.post(f"{_POINT}/end")
@require_permission("donors:write")
def end_contact_point(donor_id: int, contact_id: int) -> Answer:
    """Let a contact be a former one after today."""
    return _change_at_once(
        donor_id, contact_id, {"until_on": get_today()}, gettext("This contact has ended, and is kept below.")
    )


@bp.post(f"{_POINT}/bounced")
@require_permission("donors:write")
def mark_contact_point(donor_id: int, contact_id: int) -> Answer:
    """Say that what was sent to a contact came back: nothing more is sent there."""
    return _change_at_once(
        donor_id, contact_id, {"state": "bounced"}, gettext("Nothing more is sent to this contact.")
    )


def _change_at_once(donor_id: int, contact_id: int, changes: ContactChanges, sentence: str) -> Answer:
    donor = _get_donor(donor_id)
    contact = contacts.get_contact(donor.id, contact_id, reader=get_principal())
    form = Form(request.form)
    with form.start_saving():
        _save_changes(contact, changes, form)
        tell_reader(sentence)
        return _lead_back(donor_id)
    for error in form.errors.values():
        tell_reader(error, "no")
    return _lead_back(donor_id)


def _save_changes(contact: ContactPoint, changes: ContactChanges, form: Form) -> None:
    version = form.read_number("version", 1, MAX_ID)
    contacts.change_contact(
        contact, changes, now=clock.now(), actor=get_principal().actor, version=version or 0
    )
    commit()


def _find_kind(text: str | None) -> ContactKind:
    """Return the kind that is asked for; raise NotFound for one that the reader does not see."""
    kind = find_word(text, CONTACT_POINT_KINDS) or "email"
    if kind not in contacts.list_shown_kinds(get_principal()):
        raise NotFound(f"no contact of the kind {kind} is shown to you")
    return kind


def _list_needless(donor: Donor, kind: ContactKind) -> tuple[str, ...]:
    """Return the fields that the form of this kind does not have, at this donor."""
    whose = () if _may_be_of_others(donor, kind) else ("role", "person_id")
    if kind == "account":
        return (*PARTS, *whose, "is_preferred")
    return ("value", *whose) if kind == "post" else (*PARTS, *whose)


def _may_be_of_others(donor: Donor, kind: ContactKind) -> bool:
    """Return whether the form asks whose a contact is: a role's, or that of somebody with a position."""
    return donor.kind == "organisation" and kind != "account"


def _list_people(donor: Donor, contact: ContactPoint | None = None) -> dict[int, str]:
    """Return whom of an organisation a contact may reach, by their ids, with whom it reaches now."""
    if donor.kind != "organisation":
        return {}
    people = {one.id: one.name for one in positions.list_holders(donor.id, today=get_today())}
    return people | (positions.find_names([contact]) if contact is not None else {})


def _get_donor(donor_id: int) -> Donor:
    return donors.get_donor(donor_id, owner_id=get_own_list())


def _lead_back(donor_id: int) -> Answer:
    return redirect(url_for("donors.show_donor", donor_id=donor_id, _anchor="contact"))


def _render_new(donor: Donor, kind: ContactKind, form: Form, alike: Sequence[Donor] = ()) -> str:
    return render_template(
        "donors/contact_new.html",
        donor=donor,
        kind=kind,
        form=form,
        alike=alike,
        people=_list_people(donor),
    )


def _render_contact(donor: Donor, contact: ContactPoint, form: Form) -> str:
    version = donor.version if "" in form.errors else form.get_value("version")
    return render_template(
        "donors/contact.html",
        donor=donor,
        contact=contact,
        form=form,
        version=version,
        people=_list_people(donor, contact),
    )
