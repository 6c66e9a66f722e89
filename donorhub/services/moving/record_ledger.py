"""What of the base a file of donors and gifts is about, in a few statements, however many rows it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import or_, select

from donorhub.db import cut_query_values, db
from donorhub.domain.donors.custom_shapes import Shape, Value
from donorhub.domain.donors.identity import NameParts
from donorhub.domain.moving.grouping import Group
from donorhub.domain.moving.ledger import DonorFacts, GiftFacts, Ledger
from donorhub.domain.moving.plan import FILLED_FIELDS, list_emails
from donorhub.domain.moving.plan_rows import RowPlan
from donorhub.domain.moving.same_money import SAME_MONEY
from donorhub.domain.payer_text import fold_letters, make_name_key
from donorhub.models import Campaign, ContactPoint, Correction, Donor, ExternalId, Fund, Gift, IdentityKey
from donorhub.models.states import HARD_KEYS
from donorhub.services.donors import contact_rows, custom_values, erasure, identity_keys, interactions
from donorhub.services.donors.erasure import ErasedContact
from donorhub.services.giving import soft_credits
from donorhub.services.messages import suppressions
from donorhub.services.moving import record_consents

ROW_SOURCE: Final = ":rows"  # of ids that we give to people of files without ids of their own
_GIFTS: Final = select(
    Gift.id,
    Gift.donor_id,
    Gift.amount_minor,
    Gift.currency,
    Gift.received_on,
    Gift.source,
    Gift.source_ref,
    Donor.name,
).join(Donor, Donor.id == Gift.donor_id)


def read_ledger(
    rows: Sequence[RowPlan],
    groups: Sequence[Group],
    system: str,
    shapes: Sequence[Shape] = (),
    *,
    now: datetime,
) -> Ledger:
    """Return what the base knows of these people and gifts; of the fields that were added, these."""
    by_ref = _find_by_refs(system, {group.person.ref for group in groups} - {""})
    by_row_key = _find_by_refs(system + ROW_SOURCE, {group.row_key for group in groups} - {""})
    by_code = _find_by_codes({group.person.code for group in groups} - {""})
    by_contact = _find_by_contacts({contact for group in groups for contact in group.contacts})
    drafts = [row.record.gift for row in rows if row.record.gift is not None]
    days = [day for draft in drafts for day in (draft.received_on, *(draft.span or ()))]
    own_gifts_about, other_gifts, gifts_of_spans = (
        _read_gifts_about(rows, days, system) if days else ({}, (), ())
    )
    own_gifts = _read_own_gifts(rows, system) | own_gifts_about
    donor_ids = {*by_ref.values(), *by_code.values(), *by_row_key.values()}
    donor_ids.update(gift.donor_id for gift in own_gifts.values())
    donor_ids.update(id_ for ids in by_contact.values() for id_ in ids)
    donor_ids.update(gift.donor_id for gift in (*other_gifts, *gifts_of_spans))
    erased_ids = _find_erased_donors(gift.donor_id for gift in own_gifts.values())
    erased_refs = _find_erased_refs(groups, system)
    bounced_people = [group.person for group in groups if group.person.is_bounced]
    refused_emails = suppressions.list_suppressed(
        {email for one in bounced_people for email in list_emails(one)}
    )
    return Ledger(
        _read_donors(donor_ids, [shape for shape in shapes if shape.entity == "donor"]),
        by_ref,
        by_code,
        by_row_key,
        by_contact,
        own_gifts,
        _read_credits(rows, own_gifts),
        other_gifts,
        gifts_of_spans,
        frozenset(refused_emails),
        erased_ids,
        erased_refs,
        _find_erased_contacts({contact for group in groups for contact in group.contacts}),
        _read_purposes(Fund),
        _read_purposes(Campaign),
        record_consents.read_noes(donor_ids, now=now),
        record_consents.read_answers(donor_ids),
        _read_gift_custom(rows, own_gifts, [shape for shape in shapes if shape.entity == "gift"]),
        record_consents.find_refusers(donor_ids, now=now),
    )


def _read_gift_custom(
    rows: Sequence[RowPlan], own_gifts: Mapping[str, GiftFacts], shapes: Sequence[Shape]
) -> dict[int, dict[str, Value]]:
    """Return what stands in fields that were added to gifts which the file tells more of."""
    gift_ids = {
        own_gifts[row.source_ref].id
        for row in rows
        if row.source_ref in own_gifts and row.record.gift is not None and row.record.gift.custom
    }
    return custom_values.read_values(sorted(gift_ids), shapes) if shapes else {}


def _find_erased_donors(donor_ids: Iterable[int]) -> frozenset[int]:
    ids: set[int] = set()
    for chunk in cut_query_values(sorted(set(donor_ids))):
        ids.update(
            db.session.scalars(select(Donor.id).where(Donor.id.in_(chunk), Donor.erased_at.is_not(None)))
        )
    return frozenset(ids)


def _find_erased_refs(groups: Sequence[Group], system: str) -> frozenset[str]:
    """Return those of the file's ids and row keys by which somebody erased was known."""
    hashes = {erasure.hash_ref(system, group.person.ref): group.person.ref for group in groups}
    hashes |= {erasure.hash_ref(system + ROW_SOURCE, group.row_key): group.row_key for group in groups}
    return frozenset(hashes[one] for one in erasure.find_erased("external_id", hashes)) - {""}


def _find_erased_contacts(contacts: set[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    erased_contacts: set[tuple[str, str]] = set()
    kinds: tuple[tuple[str, ErasedContact], ...] = (
        ("email", "email"),
        ("phone", "phone"),
        ("iban", "account"),
    )
    for kind, erased_kind in kinds:
        hashes = erasure.hash_contacts(erased_kind, (value for of, value in contacts if of == kind))
        erased_contacts.update((kind, hashes[one]) for one in erasure.find_erased(erased_kind, hashes))
    return frozenset(erased_contacts)


def _find_by_refs(source: str, refs: Iterable[str]) -> dict[str, int]:
    donor_by_ref: dict[str, int] = {}
    for chunk in cut_query_values(sorted(refs)):
        rows = db.session.execute(
            select(ExternalId.ref, ExternalId.donor_id, Donor.merged_into_id)
            .join(Donor, Donor.id == ExternalId.donor_id)
            .where(ExternalId.source == source, ExternalId.ref.in_(chunk), Donor.removed_at.is_(None))
        )
        donor_by_ref |= {ref: merged_into_id or donor_id for ref, donor_id, merged_into_id in rows}
    return donor_by_ref


def _find_by_codes(donor_codes: Iterable[str]) -> dict[str, int]:
    donor_by_code: dict[str, int] = {}
    for chunk in cut_query_values(sorted(donor_codes)):
        rows = db.session.execute(
            select(Donor.code, Donor.id, Donor.merged_into_id).where(
                Donor.code.in_(chunk), Donor.removed_at.is_(None)
            )
        )
        donor_by_code |= {code: merged_into_id or id_ for code, id_, merged_into_id in rows}
    return donor_by_code


def _find_by_contacts(contacts: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, ...]]:
    donors_by_contact: dict[tuple[str, str], list[int]] = {}
    contacts_by_hash: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for kind in HARD_KEYS:
        for value in {value for of, value in contacts if of == kind}:
            hash_pair = (kind, identity_keys.hash_key(kind, value))
            contacts_by_hash.setdefault(hash_pair, []).append((kind, value))
    for chunk in cut_query_values(sorted({value_hash for _, value_hash in contacts_by_hash})):
        rows = db.session.execute(
            select(IdentityKey.kind, IdentityKey.value_hash, IdentityKey.donor_id)
            .join(Donor, Donor.id == IdentityKey.donor_id)
            .where(IdentityKey.kind.in_(HARD_KEYS), IdentityKey.value_hash.in_(chunk))
            .where(Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
            .order_by(IdentityKey.donor_id)
        )
        for of, value_hash, donor_id in rows:
            for contact in contacts_by_hash.get((of, value_hash), ()):
                donors_by_contact.setdefault(contact, []).append(donor_id)
    return {contact: tuple(ids) for contact, ids in donors_by_contact.items()}


def _read_donors(donor_ids: set[int], shapes: Sequence[Shape]) -> dict[int, DonorFacts]:
    facts: dict[int, DonorFacts] = {}
    for chunk in cut_query_values(sorted(donor_ids)):
        columns = [getattr(Donor, name) for name in FILLED_FIELDS]
        rows: Any = db.session.execute(
            select(Donor.id, Donor.name, Donor.kind, *columns).where(Donor.id.in_(chunk))
        ).mappings()
        notes, former = interactions.read_notes(chunk), _read_former_contacts(chunk)
        custom = custom_values.read_values(chunk, shapes)
        for row in rows:
            parts = NameParts(row["name"], row["given_name"], row["family_name"])
            values = {**row, "note": "\n".join(notes.get(row["id"], ()))}
            ended_contacts = frozenset(former.get(row["id"], ()))
            facts[row["id"]] = DonorFacts(row["id"], parts, values, custom[row["id"]], ended_contacts)
    return facts


def _read_former_contacts(donor_ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the contacts that these donors have no more, as ``domain.moving.plan`` asks for them."""
    query = select(ContactPoint).where(
        ContactPoint.donor_id.in_(donor_ids), ContactPoint.until_on.is_not(None)
    )
    former: dict[int, list[tuple[str, str]]] = {}
    for contact in db.session.scalars(query):
        text = contact_rows.read_value(contact).make_comparable()
        if contact.kind == "post":
            text = fold_letters(contact.street or contact.town)
        former.setdefault(contact.donor_id, []).append((contact.kind, text))
    return former


def _read_own_gifts(rows: Sequence[RowPlan], system: str) -> dict[str, GiftFacts]:
    """Return the gifts of the same system that rows are, or recognise somebody for, by their keys."""
    refs = {row.source_ref for row in rows}
    refs |= {row.record.credit.gift_ref for row in rows if row.record.credit is not None}
    gifts: dict[str, GiftFacts] = {}
    for chunk in cut_query_values(sorted(refs - {""})):
        query = _GIFTS.where(Gift.source == f"import:{system}", Gift.source_ref.in_(chunk))
        gifts |= {gift.source_ref: gift for gift in _make_facts(db.session.execute(query))}
    return gifts


def _read_gifts_about(
    rows: Sequence[RowPlan], days: Sequence[date], system: str
) -> tuple[dict[str, GiftFacts], tuple[GiftFacts, ...], tuple[GiftFacts, ...]]:
    """Return the gifts about the file's days: those of the same system, by their keys, those of other doors
    that a row may be, and where the file has money of months all of other doors, of which it may be the sum.
    """
    source = f"import:{system}"
    about = _GIFTS.where(
        Gift.received_on >= min(days) - SAME_MONEY,
        Gift.received_on <= max(days) + SAME_MONEY,
        Gift.is_test.is_(False),
        Gift.id.not_in(select(Correction.gift_id)),
    )
    own_gifts = _make_facts(db.session.execute(about.where(Gift.source == source)))
    amounts = {
        (row.record.gift.amount.minor, row.record.gift.amount.currency) for row in rows if row.record.gift
    }
    others = db.session.execute(about.where(or_(Gift.source < source, Gift.source > source)))
    has_spans = any(row.record.gift.span is not None for row in rows if row.record.gift)
    facts = _make_facts(row for row in others if has_spans or (row.amount_minor, row.currency) in amounts)
    other_gifts = tuple(gift for gift in facts if (gift.minor, gift.currency) in amounts)
    return {gift.source_ref: gift for gift in own_gifts}, other_gifts, tuple(facts) if has_spans else ()


def _read_credits(rows: Sequence[RowPlan], own_gifts: dict[str, GiftFacts]) -> frozenset[tuple[int, int]]:
    """Return who is recognised already for the gifts of the file; the giver of a gift needs no more."""
    if not any(row.record.credit is not None for row in rows):
        return frozenset()
    givers = [(gift.id, gift.donor_id) for gift in own_gifts.values()]
    credits_by_gift = soft_credits.read_credits([id_ for id_, _ in givers])
    pairs = [(gift_id, donor_id) for gift_id, parts in credits_by_gift.items() for donor_id, _ in parts]
    return frozenset((*givers, *pairs))


def _make_facts(rows: Iterable[Any]) -> list[GiftFacts]:
    return [
        GiftFacts(id_, donor_id, make_name_key(name), minor, currency, on, source, ref)
        for id_, donor_id, minor, currency, on, source, ref, name in rows
    ]


def _read_purposes(kind: type[Fund | Campaign]) -> dict[str, int]:
    purposes: dict[str, int] = {}
    for id_, code, name in db.session.execute(select(kind.id, kind.code, kind.name)):
        purposes.setdefault(fold_letters(name), id_)
        purposes.setdefault(fold_letters(code), id_)
    return purposes
