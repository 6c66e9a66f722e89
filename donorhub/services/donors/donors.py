"""Donors: creating, changing and finding them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NoReturn

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from sqlalchemy import ColumnElement, bindparam, func, select, text

from donorhub import vault
from donorhub.db import cut_query_values, db
from donorhub.domain.donors import codes, identity, languages, tax_numbers
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Donor, ExternalId, IdentityKey
from donorhub.models.states import DonorKind, IdentityKind
from donorhub.services.access import audit, organisation, row_scope, users
from donorhub.services.donors import (
    consent_rows,
    contact_rows,
    custom_fields,
    custom_values,
    identity_keys,
    interactions,
    search_documents,
    stages,
)
from donorhub.services.donors.donor_fields import DonorFields, leave_out, leave_out_words
from donorhub.services.work import events, tasks

_FOUND_BY: Final = {"name", "given_name", "family_name", "tax_number", *contact_rows.COLUMN_NAMES}
FIRST_NUMBER: Final = 1000  # the first donor's code is DH-1001-7


def create_donor(fields: DonorFields, *, source: str, now: datetime, actor: str) -> Donor:
    """Create a donor, plan the news of it for the staff, and return it.

    Without a name, it is made of given and family name; a note is the first of theirs. Raise Rejected when
    a tax number is none of the donor's country.
    """
    donor = Donor(code=f"new:{uuid.uuid4()}", source=source, created_at=now, updated_at=now, name="")
    donor.lang_is_told, donor.do_not_contact = False, fields.get("do_not_contact", False)
    _refuse_birth_date(fields.get("born_on"), fields.get("kind", "person"), today=organisation.get_day(now))
    _set_fields(donor, _normalise_tax_number(leave_out_words(fields), donor))
    db.session.add(donor)
    db.session.flush()  # the code is made of the id
    donor.code = codes.format_code(get_code_prefix(), FIRST_NUMBER + donor.id)
    contact_rows.begin_donor(donor, source=source, now=now)
    stages.begin_stage(donor, today=organisation.get_day(now))
    if not source.startswith("import:"):  # hundreds taken over from another system are no news
        tasks.plan_task(
            f"new_donor:{donor.id}",
            kind="new_donor",
            performer="worker",
            subject=("donor", donor.id),
            donor_id=donor.id,
            now=now,
        )
    events.record_event("donor.created", ("donor", donor.id), occurred_at=now, now=now, donor_id=donor.id)
    audit.record_action(actor, "donor.created", ("donor", donor.id), now=now, data={"source": source})
    interactions.add_note(donor.id, fields.get("note", ""), source=source, now=now, actor=actor)
    if fields.get("do_not_contact"):
        consent_rows.refuse_contact(donor.id, source=source, now=now, actor=actor)
    if custom := fields.get("custom"):
        custom_values.write_first_values({donor.id: custom}, custom_fields.list_shapes())
    return donor


def change_donor(
    donor: Donor,
    fields: DonorFields,
    *,
    now: datetime,
    actor: str,
    source: str = "form",
    version: int | None = None,
) -> Donor:
    """Change fields of a donor and return it; those that are as they were change nothing.

    Another e-mail, phone or address is the preferred one from now on, with its ``source``, and the one
    before has ended. A note is added to theirs, once, and is no change of the donor. Raise Conflict when
    ``version`` is given and somebody changed the donor since, and Rejected where a no to contact would be
    taken back without a reason.
    """
    if version is not None and version != donor.version:
        raise Conflict(
            "somebody else changed this donor in the meantime: look again before you save",
            code="donor_changed",
        )
    if note := fields.get("note"):
        interactions.add_note(donor.id, note, source=source, now=now, actor=actor)
    if "do_not_contact" in fields:
        consent_rows.follow_mark(donor, fields["do_not_contact"], source=source, now=now, actor=actor)
    custom = fields.get("custom")
    custom_changes = (
        custom_values.write_values(donor.id, custom, custom_fields.list_shapes()) if custom else {}
    )
    born_on, kind = fields.get("born_on", donor.born_on), fields.get("kind", donor.kind)
    _refuse_birth_date(born_on, kind, today=organisation.get_day(now))
    fields = _normalise_tax_number(leave_out_words(fields), donor)
    before = {name: _read_field(donor, name) for name in fields}
    if before == fields and not custom_changes:
        return donor
    contact_rows.lock_donor(donor.id)  # who is erased at this moment is not filled in again
    earlier_lang, earlier_name = donor.lang, "" if has_made_up_name(donor) else donor.name
    _set_fields(donor, fields)
    search_documents.keep_former_name(donor, earlier_name, now=now)
    changes: dict[str, audit.Change] = {
        name: (before[name], _read_field(donor, name))
        for name in sorted(fields)
        if before[name] != _read_field(donor, name)
    }
    if donor.lang != earlier_lang:  # also where it followed the country
        changes["lang"] = (earlier_lang, donor.lang)
    donor.version += 1
    donor.updated_at = now
    contact_rows.follow_columns(donor, changes, source=source, now=now, today=organisation.get_day(now))
    if changes.keys() & _FOUND_BY:
        contact_rows.write_keys(donor)
    if "is_deceased" in changes:
        db.session.flush()  # the stage is worked out of the row
        stages.refresh_stages([donor.id], today=organisation.get_day(now))
        db.session.expire(donor, ["stage", "stage_as_of"])
    changes |= custom_changes
    audit.record_change(
        actor, "donor.changed", ("donor", donor.id), changes, now=now, personal=changes, donor_id=donor.id
    )
    return donor


def get_donor(donor_id: int, *, owner_id: int | None = None) -> Donor:
    """Return the donor, or the one it was merged into; with ``owner_id`` only one of that user's own list.

    Raise NotFound where there is none, or the donor was taken away.
    """
    donor = _follow_merge(donor_id)
    if donor is not None and donor.erased_at is not None:
        raise NotFound(f"donor {donor_id} was erased: their gifts stay without a name", code="donor_erased")
    if donor is not None and donor.removed_at is not None:
        _refuse_removed(donor)
    owner_ids = row_scope.get_owner_ids()  # also of one who was read before somebody else asks
    is_out_of_sight = donor is not None and owner_ids is not None and donor.owner_id not in owner_ids
    if donor is None or is_out_of_sight or (owner_id is not None and donor.owner_id != owner_id):
        raise NotFound(f"there is no donor {donor_id}")
    return donor


def find_names(donor_ids: Collection[int]) -> dict[int, str]:
    """Return the names of donors by id."""
    names: dict[int, str] = {}
    for chunk in cut_query_values(donor_ids):
        rows = db.session.execute(select(Donor.id, Donor.name).where(Donor.id.in_(chunk)))
        names.update({id_: name for id_, name in rows})  # noqa: C416  a Row is no pair for dict
    return names


def make_conditions(
    *,
    code: str = "",
    email: str = "",
    updated_after: datetime | None = None,
    created_after: datetime | None = None,
) -> list[ColumnElement[bool]]:
    """Return conditions on donors for all that is given."""
    conditions: list[ColumnElement[bool]] = []
    if code:
        survivor_id = select(func.coalesce(Donor.merged_into_id, Donor.id)).where(Donor.code == code)
        conditions.append(Donor.id.in_(survivor_id))
    if email:
        email_hash = identity_keys.hash_key("email", normalise_email(email))
        donor_ids = select(IdentityKey.donor_id).filter_by(kind="email", value_hash=email_hash)
        conditions.append(Donor.id.in_(donor_ids))
    if updated_after is not None:
        conditions.append(Donor.updated_at > updated_after)
    if created_after is not None:
        conditions.append(Donor.created_at > created_after)
    return conditions


def find_survivor(donor_id: int) -> Donor | None:
    """Return the donor, or the one it was merged into; None when there is none, or it was taken away."""
    donor = _follow_merge(donor_id)
    return donor if donor is None or donor.removed_at is None else None


def _refuse_removed(donor: Donor) -> NoReturn:
    """Raise NotFound with what became of somebody who is a donor no more, or never was."""
    if donor.id == organisation.get_organisation().unknown_donor_id:
        raise NotFound(
            "nobody knows yet who gave this: the list Unknown donor of the bank's entries has all such gifts",
            code="giver_unknown",
        )
    raise NotFound(f"donor {donor.id} was taken away: what made them was undone", code="donor_removed")


def _follow_merge(donor_id: int) -> Donor | None:
    donor = db.session.get(Donor, donor_id)
    if donor is not None and donor.merged_into_id is not None:
        return db.session.get(Donor, donor.merged_into_id)
    return donor


def find_by_key(kind: IdentityKind, value: str) -> Sequence[Donor]:
    """Return the donors that have this e-mail, IBAN, phone or name in its normal form, the oldest first."""
    return db.session.scalars(
        select(Donor)
        .join(IdentityKey)
        .where(
            IdentityKey.kind == kind,
            IdentityKey.value_hash == identity_keys.hash_key(kind, value),
            Donor.merged_into_id.is_(None),
        )
        .order_by(Donor.id)
    ).all()


def find_by_email(email: str) -> Donor | None:
    """Return the only donor with this address; None when nobody or several have it."""
    donors = find_by_key("email", normalise_email(email)) if email else ()
    return donors[0] if len(donors) == 1 else None


def find_by_emails(emails: Collection[str], *, newcomers: Collection[str]) -> dict[str, list[Donor]]:
    """Return the donors that have each of these addresses, by the normal form of the address.

    On PostgreSQL those who look for an address of ``newcomers`` that nobody has take turns until their
    transactions end, so that two who would both make a donor of it make one.
    """
    new_addresses = {normalise_email(email) for email in newcomers}
    addresses = {normalise_email(email) for email in emails} | new_addresses
    # Hashed here, and not a few calls below: each payment of a provider comes this way.
    address_by_hash = {vault.compute_keyed_hash(address): address for address in addresses}
    donors_by_email = _read_by_emails(address_by_hash)
    missing = new_addresses - donors_by_email.keys()
    if missing and db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(_TAKE_TURNS, {"emails": sorted(missing)})
        missing_by_hash = {key: one for key, one in address_by_hash.items() if one in missing}
        donors_by_email |= _read_by_emails(missing_by_hash)
    return donors_by_email


# In the order of the locks, so that two who want several of the same never wait for each other.
_TAKE_TURNS: Final = text(
    "SELECT pg_advisory_xact_lock(727276, turn) FROM "
    "(SELECT DISTINCT hashtext(one) AS turn FROM unnest(CAST(:emails AS text[])) AS one ORDER BY 1) AS turns"
)


_BY_EMAILS: Final = (
    select(IdentityKey.value_hash, Donor)
    .join(Donor, Donor.id == IdentityKey.donor_id)
    .where(IdentityKey.kind == "email", IdentityKey.value_hash.in_(bindparam("hashes", expanding=True)))
    .where(Donor.merged_into_id.is_(None))
    .order_by(Donor.id)
)


def _read_by_emails(email_by_hash: Mapping[str, str]) -> dict[str, list[Donor]]:
    if not email_by_hash:
        return {}
    donors_by_email: dict[str, list[Donor]] = {}
    for value_hash, donor in db.session.execute(_BY_EMAILS, {"hashes": sorted(email_by_hash)}):
        donors_by_email.setdefault(email_by_hash[value_hash], []).append(donor)
    return donors_by_email


def find_by_external_id(source: str, ref: str) -> Donor | None:
    """Return the donor that another system calls ``ref``, or the one it was merged into; None if unknown."""
    donor_id: int | None = db.session.scalar(select(ExternalId.donor_id).filter_by(source=source, ref=ref))
    return None if donor_id is None else get_donor(donor_id)


def put_by_external_id(
    source: str, ref: str, fields: DonorFields, *, now: datetime, actor: str
) -> tuple[Donor, bool]:
    """Create or change the donor that another system calls ``ref``; return it and whether it is new.

    That the other system knows of no "wants no contact" takes none back.
    """
    donor = find_by_external_id(source, ref)
    if donor is not None:
        if not fields.get("do_not_contact"):
            fields = leave_out(fields, ("do_not_contact",))
        return change_donor(donor, fields, now=now, actor=actor, source=f"import:{source}"), False
    donor = create_donor(fields, source=f"import:{source}", now=now, actor=actor)
    db.session.add(ExternalId(donor_id=donor.id, source=source, ref=ref))
    return donor, True


def normalise_email(email: str) -> str:
    """Return the address as it is compared: in lower case, without a +tag."""
    return identity.normalise_email(email)


def normalise_phone(phone: str) -> str:
    """Return the digits of a phone number, with its plus."""
    return identity.normalise_phone(phone)


def normalise_iban(text: str) -> str | None:
    """Return the IBAN in capitals without blanks; None when the text is no IBAN."""
    try:
        return str(IBAN(text))
    except SchwiftyException:
        return None


def get_code_prefix() -> str:
    """Return what stands before the number in a donor's code."""
    own_organisation = organisation.find_organisation()
    return own_organisation.code_prefix if own_organisation else "DH"


def _normalise_tax_number(fields: DonorFields, donor: Donor) -> DonorFields:
    """Return the fields with the tax number as it is kept, if it is one of them; raise Rejected if wrong."""
    if not fields.get("tax_number"):
        return fields
    kind = fields.get("kind", donor.kind)
    country = fields.get("country", donor.country) or organisation.get_home_country()
    try:
        number = tax_numbers.normalise_number(
            fields["tax_number"], country, is_organisation=kind == "organisation"
        )
    except ValueError as e:
        raise Rejected(
            f"this is no tax number of {country}: {e}; correct it, or the donor's kind and country",
            field="/tax_number",
            code="tax_number_invalid",
        ) from e
    return {**fields, "tax_number": number}


def _refuse_birth_date(born_on: date | None, kind: DonorKind, *, today: date) -> None:
    """Raise Rejected for a day on which nobody who gives was born, and of whoever is no person."""
    if born_on is None:
        return
    if not identity.FIRST_BIRTH <= born_on <= today:
        raise Rejected(
            f"nobody was born on {born_on}: it lies before {identity.FIRST_BIRTH.year} or in the future",
            field="/born_on",
            code="birth_date_impossible",
        )
    if kind != "person":
        raise Rejected(
            "only a person has a date of birth: take it away, or say that this is a person",
            field="/born_on",
            code="birth_date_impossible",
        )


def has_made_up_name(donor: Donor) -> bool:
    """Return whether nobody has said a donor's name yet: it is the address, or what a provider calls the
    payment that came first."""
    is_ref = ":" in donor.source and donor.name.startswith(f"{donor.source} ")
    return is_ref or donor.name == donor.email


def get_tax_number_label(donor: Donor) -> str:
    """Return what stands before the donor's tax number on paper: NIP, NIPT, NUI."""
    country = donor.country or organisation.get_home_country()
    return tax_numbers.get_number_label(country, is_organisation=donor.kind == "organisation")


def _read_field(donor: Donor, name: str) -> object:
    """Return a field as people say it: a language that nobody told is None."""
    return getattr(donor, name) if name != "lang" or donor.lang_is_told else None


def _set_lang(donor: Donor, fields: DonorFields) -> None:
    """Set the language that was told; while none is, that of the donor's country."""
    lang = fields.get("lang")
    if "lang" in fields:
        donor.lang_is_told = lang is not None
    if lang is not None:
        donor.lang = lang
    elif not donor.lang_is_told:
        ours = organisation.find_organisation()
        donor.lang = languages.choose_lang(donor.country or "", ours.lang if ours else "en")


def _set_fields(donor: Donor, fields: DonorFields) -> None:
    owner_id = fields.get("owner_id")
    if owner_id is not None and not users.user_exists(owner_id):
        raise Rejected(f"there is no user {owner_id}", field="/owner_id")
    owner_ids = row_scope.get_owner_ids()
    if owner_ids is not None and "owner_id" in fields and owner_id not in owner_ids:
        raise Rejected("they would be out of your sight: choose somebody of your team", field="/owner_id")
    for name, value in fields.items():
        if name != "lang":
            setattr(donor, name, value)
    _set_lang(donor, fields)
    if not donor.name:
        donor.name = " ".join(part for part in (donor.given_name, donor.family_name) if part)
