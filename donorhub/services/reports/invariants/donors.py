"""What must hold of donors: that lists and letters name their preferred contacts, and no others."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from donorhub.models import ContactPoint, Donor, IdentityKey
from donorhub.models.states import ContactKind
from donorhub.services.reports.invariants.scope import Scope, find_broken


def check_contacts(scope: Scope, _now: datetime) -> list[str]:
    """Return donors whose columns are not their preferred contacts, and accounts that are known by a key
    and no contact, or the other way round.
    """
    email, phone, post = aliased(ContactPoint), aliased(ContactPoint), aliased(ContactPoint)
    concerned = or_(
        scope.is_concerned(Donor),
        Donor.id.in_(select(ContactPoint.donor_id).where(scope.is_concerned(ContactPoint))),
    )
    parted_donors = (
        select(Donor.id)
        .outerjoin(email, _is_preferred(email, "email"))
        .outerjoin(phone, _is_preferred(phone, "phone"))
        .outerjoin(post, _is_preferred(post, "post"))
        .where(
            scope.narrow_condition(concerned, Donor),
            Donor.merged_into_id.is_(None),  # whose contacts are the other's now
            or_(
                Donor.email != func.coalesce(email.value, ""),
                Donor.phone != func.coalesce(phone.value, ""),
                Donor.street != func.coalesce(post.street, ""),
                Donor.postcode != func.coalesce(post.postcode, ""),
                Donor.city != func.coalesce(post.town, ""),
                and_(post.country != "", Donor.country != post.country),
            ),
        )
        .order_by(Donor.id)
    )
    return [
        *find_broken(parted_donors, lambda id_: f"donor {id_} is not shown with their preferred contacts"),
        *find_broken(
            _select_accounts_without_key(scope), lambda id_: f"an account of donor {id_} is not matched by"
        ),
        *find_broken(
            _select_keys_without_account(scope),
            lambda id_: f"donor {id_} is matched by an account of no contact",
        ),
    ]


def _select_accounts_without_key(scope: Scope) -> Select[int]:
    return (
        select(ContactPoint.donor_id)
        .where(
            scope.is_concerned(ContactPoint),
            ContactPoint.kind == "account",
            ContactPoint.until_on.is_(None),
            ~exists().where(
                IdentityKey.kind == "iban",
                IdentityKey.donor_id == ContactPoint.donor_id,
                IdentityKey.value_hash == ContactPoint.value_hash,
            ),
        )
        .order_by(ContactPoint.id)
    )


def _select_keys_without_account(scope: Scope) -> Select[int]:
    return (
        select(IdentityKey.donor_id)
        .join(Donor, Donor.id == IdentityKey.donor_id)
        .where(
            scope.is_new(IdentityKey),
            IdentityKey.kind == "iban",
            Donor.merged_into_id.is_(None),
            ~exists().where(
                ContactPoint.kind == "account",
                ContactPoint.until_on.is_(None),
                ContactPoint.donor_id == IdentityKey.donor_id,
                ContactPoint.value_hash == IdentityKey.value_hash,
            ),
        )
        .order_by(IdentityKey.id)
    )


def _is_preferred(contact: type[ContactPoint], kind: ContactKind) -> ColumnElement[bool]:
    return and_(contact.donor_id == Donor.id, contact.kind == kind, contact.is_preferred)
