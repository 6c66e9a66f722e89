"""A person of a file as fields of a donor: of a new one, and what changes of one who is here."""

from __future__ import annotations

from donorhub.domain.donors.contact_values import ContactValue
from donorhub.domain.moving.plan_rows import DonorPlan
from donorhub.domain.moving.records import Person
from donorhub.models.states import LANGS, find_word
from donorhub.services.donors.donor_fields import DonorFields, select_fields


def make_fields(person: Person) -> DonorFields:
    """Return the fields of a new donor."""
    fields: DonorFields = {
        "kind": person.kind,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "salutation": person.salutation,
        "email": person.email,
        "phone": person.phone,
        "street": person.street,
        "postcode": person.postcode,
        "city": person.city,
        "country": person.country,
        "tax_number": person.tax_number,
        "born_on": person.born_on if person.kind == "person" else None,
        "note": person.note,
        "is_deceased": person.is_deceased,
        "custom": dict(person.custom),
    }
    if lang := find_word(person.lang, LANGS):
        fields["lang"] = lang
    return fields


def list_more_values(plan: DonorPlan) -> list[ContactValue]:
    """Return the second e-mails and phones of a person; of a donor who is here, those that are news."""
    person = plan.group.person
    values = [
        *(ContactValue("email", email) for email in person.more_emails),
        *(ContactValue("phone", phone) for phone in person.more_phones),
    ]
    if plan.donor_id is None:
        return values
    return [value for value in values if (value.kind, value.make_comparable()) in plan.more_contacts]


def make_changes(plan: DonorPlan) -> DonorFields:
    """Return what a file fills in, or changes, of a donor who is here."""
    fields = select_fields(make_fields(plan.group.person), plan.changes)
    if plan.custom:
        fields["custom"] = plan.custom
    if plan.more_note:
        fields["note"] = plan.more_note
    return fields
