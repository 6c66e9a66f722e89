"""What an organisation keeps of somebody erased through whom it was reached: nothing, and its other contacts
take their place. The contacts themselves go with the person's rows (:mod:`.erased_rows`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import delete, select, update

from donorhub.db import db
from donorhub.models import AuditValue, ContactPoint, Donor, Message
from donorhub.models.states import ContactKind
from donorhub.services.donors import contact_rows, handing_over

_WRITTEN_TO: Final[tuple[ContactKind, ...]] = ("email", "phone", "post")


def list_reached(person_ids: Collection[int]) -> dict[int, set[str]]:
    """Return the organisations that were reached through these people, with what their contacts said."""
    rows = db.session.execute(
        select(ContactPoint.donor_id, ContactPoint.value, ContactPoint.street).where(
            ContactPoint.person_id.in_(person_ids), ContactPoint.donor_id.not_in(person_ids)
        )
    )
    values_by_organisation: dict[int, set[str]] = {}
    for organisation_id, value, street in rows:
        values_by_organisation.setdefault(organisation_id, set()).update(filter(None, (value, street)))
    return values_by_organisation


def leave_organisations(values_by_organisation: Mapping[int, Collection[str]]) -> None:
    """Let each organisation be written to by another contact, once those of the person are gone, and forget
    what its audit and messages said of them."""
    for organisation_id, values in sorted(values_by_organisation.items()):
        contact_rows.lock_donor(organisation_id)
        preferred_kinds = {
            contact.kind for contact in contact_rows.list_live(organisation_id) if contact.is_preferred
        }
        for kind in _WRITTEN_TO:
            other = None if kind in preferred_kinds else handing_over.find_role_contact(organisation_id, kind)
            if other is not None:
                contact_rows.prefer_row(other)
        contact_rows.fill_columns(db.session.get_one(Donor, organisation_id))
        _forget_values(organisation_id, values)
    db.session.flush()  # what is erased next is read from the database


def _forget_values(organisation_id: int, values: Collection[str]) -> None:
    rows = db.session.execute(
        select(AuditValue.id, AuditValue.before, AuditValue.after).where(
            AuditValue.donor_id == organisation_id
        )
    )
    ids = [id_ for id_, before, after in rows if before in values or after in values]
    db.session.execute(delete(AuditValue).where(AuditValue.id.in_(ids)))
    db.session.execute(
        update(Message)
        .where(Message.donor_id == organisation_id, Message.to_address.in_(values))
        .values(to_address="")
    )
