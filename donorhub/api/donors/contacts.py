"""A donor's e-mails, phones, addresses and accounts over the API: listed, added, changed, ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Response, url_for
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID
from donorhub.api.donors.memberships import bp
from donorhub.api.duplicates import DuplicateQuery
from donorhub.api.http import get_principal, refuse_fields, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import ContactPoint
from donorhub.models.states import CONTACT_POINT_KINDS, CONTACT_ROLES, CONTACT_STATES
from donorhub.schemas import faults
from donorhub.schemas.contacts import ContactChangesSchema, NewContactSchema
from donorhub.schemas.fields import Instant
from donorhub.services.donors import contacts, donors, duplicates, verdicts
from donorhub.services.donors.contacts import ContactChanges, NewContact

__all__ = ["bp"]
SORTS: Final = {"id": ContactPoint.id}


class ContactSchema(AnswerSchema):
    """One e-mail, phone, postal address or account of a donor."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(CONTACT_POINT_KINDS))
    value = fields.String(required=True, metadata={"description": "In one line"})
    street = fields.String(required=True)
    postcode = fields.String(required=True)
    town = fields.String(required=True)
    country = fields.String(required=True)
    label = fields.String(required=True)
    role = fields.String(
        allow_none=True,
        validate=validate.OneOf(CONTACT_ROLES),
        metadata={"description": "Of an organisation: whose it is, whoever works there"},
    )
    person_id = fields.Integer(
        allow_none=True,
        metadata={"description": "Whom of the organisation it reaches, until their last position there ends"},
    )
    is_preferred = fields.Boolean(required=True, metadata={"description": "The donor's own fields show it"})
    state = fields.String(required=True, validate=validate.OneOf(CONTACT_STATES))
    since_on = fields.Date(allow_none=True)
    until_on = fields.Date(allow_none=True, metadata={"description": "Its last day; `null` while it is live"})
    source = fields.String(required=True)
    collected_at = Instant(required=True)


ROWS: Final = Rows(ContactSchema, ContactPoint, SORTS)
Query = pages.make_query_schema("id", kind=fields.String(validate=validate.OneOf(CONTACT_POINT_KINDS)))


@bp.get(f"/<{ID}:donor_id>/contacts")
@require_permission("donors:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(ContactSchema))
def list_contacts(arguments: dict[str, object], donor_id: int) -> Response:
    """List the contacts of a donor, former ones too."""
    page, filters = pages.split_arguments(arguments)
    of_donor = ContactPoint.donor_id == donors.get_donor(donor_id).id
    kind = filters.get("kind")
    shown_kinds = contacts.list_shown_kinds(get_principal())
    is_shown = None if len(shown_kinds) == len(CONTACT_POINT_KINDS) else ContactPoint.kind.in_(shown_kinds)
    return ROWS.answer_page(page, of_donor, is_shown, None if kind is None else ContactPoint.kind == kind)


@bp.post(f"/<{ID}:donor_id>/contacts")
@require_permission("donors:write")
@do_once
@bp.arguments(DuplicateQuery, location="query")
@bp.arguments(NewContactSchema)
@bp.response(201, ContactSchema)
@bp.alt_response(200, schema=ContactSchema, description="The donor has it already.")
@bp.alt_response(409, description="`possible_duplicate`: another donor has this e-mail, or name and town.")
def add_contact(arguments: Mapping[str, bool], new: NewContact, donor_id: int) -> Response:
    """Add an e-mail, phone, address or account; the first of its kind is preferred, but for accounts."""
    donor = donors.get_donor(donor_id)
    if new["kind"] not in contacts.list_shown_kinds(get_principal()):
        refuse_fields({"kind": [faults.UNKNOWN_CHOICE.format(choices="…")]})
    alike = duplicates.list_alike_by_contact(donor, new)
    if not arguments["allow_duplicate"]:
        duplicates.refuse_alike(alike)
    others = [one.id for one in alike]
    verdicts.record_others(donor.id, others, now=clock.now(), actor=get_principal().actor)
    contact, is_new = contacts.add_contact(
        donor.id, new, source="api", now=clock.now(), actor=get_principal().actor
    )
    at = url_for(".get_contact", donor_id=donor.id, contact_id=contact.id) if is_new else None
    return _answer_contact(contact, at=at)


@bp.get(f"/<{ID}:donor_id>/contacts/<{ID}:contact_id>")
@require_permission("donors:read")
@etags.mark_versioned
@bp.response(200, ContactSchema)
def get_contact(donor_id: int, contact_id: int) -> Response:
    """Show a contact of a donor."""
    return _answer_contact(_get_contact(donors.get_donor(donor_id).id, contact_id))


@bp.patch(f"/<{ID}:donor_id>/contacts/<{ID}:contact_id>")
@require_permission("donors:write")
@commit_work
@etags.mark_versioned
@bp.arguments(ContactChangesSchema)
@bp.response(200, ContactSchema)
@bp.alt_response(409, description="`contact_known`, `complaint_stays`.")
def change_contact(changes: ContactChanges, donor_id: int, contact_id: int) -> Response:
    """Change a contact: put it right, prefer it, say what became of it, end it with `until_on`."""
    donor = donors.get_donor(donor_id)
    contact = _get_contact(donor.id, contact_id)
    etags.require_version(donor.version)
    contacts.change_contact(
        contact, changes, now=clock.now(), actor=get_principal().actor, version=donor.version
    )
    return _answer_contact(contact)


def _get_contact(donor_id: int, contact_id: int) -> ContactPoint:
    return contacts.get_contact(donor_id, contact_id, reader=get_principal())


def _answer_contact(contact: ContactPoint, *, at: str | None = None) -> Response:
    """Return a contact as JSON; its ETag is that of the donor, of whom each change of a contact is one."""
    version = donors.get_donor(contact.donor_id).version
    return answer_resource(
        ContactSchema, contact, status=201 if at else 200, at=at, etag=etags.make_etag(version)
    )
