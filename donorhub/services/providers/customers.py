"""Who a provider speaks of: the donor of a payment or subscription, found or made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import select

from donorhub.db import db, insert_or_ignore
from donorhub.domain.donors import codes
from donorhub.models import Donor, Organisation, ProviderMap
from donorhub.models.states import LANGS, ProviderObject
from donorhub.services.access.organisation import get_organisation
from donorhub.services.donors import donors
from donorhub.services.providers import registers
from donorhub.services.providers.placeholder_donors import give_way, may_give_way
from webhooks.states import DonorState


@dataclass(frozen=True, slots=True)
class Account:
    """One account at one provider: where registers, payments and gifts of it belong."""

    provider: str
    account: str
    projects_tests: bool = False  # test-mode messages make (test) gifts: the endpoint is one for tests

    @property
    def source(self) -> str:
        return f"{self.provider}:{self.account}"

    @property
    def actor(self) -> str:
        return f"provider:{self.provider}"


def find_or_make(
    at: Account, told: DonorState, metadata: Mapping[str, str], ref: str, *, now: datetime
) -> Donor:
    """The donor: by our own code in the metadata, by the customer we know, by the exact address, else new.

    What a payment says of its payer fills only what was empty. What the provider's customer
    says, replaces what the provider itself told before; staff's own edits stay. ``ref`` is the
    payment or subscription that speaks.
    """
    teller = _teller(told, ref)
    fields, replacing = _words(at, told, teller)
    donor = _known(at, told, metadata, fields)
    if donor is None:
        donor = _make(at, fields, ref, now=now)
        _map(at, teller, donor, {"lang": donor.lang, **fields})
    else:
        _map(at, teller, donor, {})
        _fill_in(at, donor, fields, replacing, teller, now=now)
    return donor


def keep_up(
    at: Account, donor: Donor, told: DonorState, metadata: Mapping[str, str], ref: str, *, now: datetime
) -> Donor:
    """The donor of a payment or subscription after more was told of it: mostly the same, with what
    was empty filled in.

    A place-holder gives way to the donor who is named now. One whom our own code in the metadata
    names counts even where another one, with gifts of their own, was taken for the giver.
    """
    teller = _teller(told, ref)
    fields, replacing = _words(at, told, teller)
    better = _known(at, told, metadata, fields)
    if (better is None or better.id == donor.id) and not donor.email:
        better = donors.find_by_email(fields.get("email", ""))  # known before under another customer
    if better is not None and better.id != donor.id:
        if may_give_way(donor, at.source):
            give_way(donor, better, now=now, actor=at.actor)
            donor = better
        elif _by_metadata(metadata) is not None:
            donor = better
    _map(at, teller, donor, {})
    _fill_in(at, donor, fields, replacing, teller, now=now)
    return donor


def follow_customer(at: Account, customer: str, *, now: datetime) -> None:
    """A customer was told of anew: bring the donor up to it, if we have one."""
    donor = _by_customer(at, customer)
    if donor is not None:
        keep_up(at, donor, DonorState(customer=customer), {}, customer, now=now)


Teller = tuple[ProviderObject, str]


def _teller(told: DonorState, ref: str) -> Teller:
    """Under which name we remember what was told: the customer, else the payment or subscription alone."""
    if customer := told.get("customer"):
        return "customer", customer
    return ("subscription" if ref.startswith("sub_") else "payment"), ref


def _words(at: Account, told: DonorState, teller: Teller) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is told of the giver, and which of it may replace what the same teller told before."""
    if teller[0] != "customer":
        fields = _fields(told)
        return fields, fields
    of_customer = _fields(_customer_state(at, teller[1]))
    fields = {**_fields(told), **of_customer}
    # The language comes from Checkout only, and mostly after the donor was made with ours.
    return fields, {**({"lang": fields["lang"]} if "lang" in fields else {}), **of_customer}


def _known(
    at: Account, told: DonorState, metadata: Mapping[str, str], fields: Mapping[str, Any]
) -> Donor | None:
    return (
        _by_metadata(metadata)
        or _by_customer(at, told.get("customer"))
        or donors.find_by_email(fields.get("email", ""))
    )


def _fill_in(
    at: Account, donor: Donor, fields: Mapping[str, Any], replacing: Mapping[str, Any], teller: Teller,
    *, now: datetime,
) -> None:  # fmt: skip
    row = _mapped(at, *teller)
    told_before = (row.told if row is not None else None) or {}
    changes = {
        name: value
        for name, value in fields.items()
        # What was told before and is empty now was taken out by a person.
        if not getattr(donor, name) and told_before.get(name) != value
    }
    for name, value in replacing.items():
        if name in told_before and getattr(donor, name) == told_before[name] != value:
            changes[name] = value
    is_made_up = donor.name == donor.email or donor.name.startswith(f"{donor.source} ")
    better_name = fields.get("name") or fields.get("email")
    if is_made_up and better_name and better_name != donor.name:
        changes["name"] = better_name
    if row is not None and changes:
        row.told = {**told_before, **changes}
    if changes:
        donors.change_donor(donor, changes, now=now, actor=at.actor)


def _map(at: Account, teller: Teller, donor: Donor, told: Mapping[str, object]) -> None:
    db.session.execute(
        insert_or_ignore(
            ProviderMap,
            on=(
                ProviderMap.provider,
                ProviderMap.account,
                ProviderMap.kind,
                ProviderMap.ref,
            ),
        ).values(
            provider=at.provider,
            account=at.account,
            kind=teller[0],
            ref=teller[1],
            subject_id=donor.id,
            told=dict(told),
        )
    )


def _mapped(at: Account, kind: ProviderObject, ref: str) -> ProviderMap | None:
    return db.session.scalar(
        select(ProviderMap).filter_by(provider=at.provider, account=at.account, kind=kind, ref=ref)
    )


def _customer_state(at: Account, customer: str | None) -> DonorState:
    """What the newest word on a customer says, also on one deleted since; nothing when none has come."""
    state = registers.state_of(at.provider, at.account, "donor", customer) if customer else None
    return cast(DonorState, state or {})


def _by_metadata(metadata: Mapping[str, str]) -> Donor | None:
    text = metadata.get("donor_code") or metadata.get("donor_ref") or ""
    ours: Organisation = get_organisation()
    numbers = codes.find_codes(text, ours.code_prefix)
    if len(numbers) != 1:
        return None
    known = db.session.get(Donor, numbers[0] - donors.FIRST_NUMBER)
    return donors.get_donor(known.id) if known is not None else None  # the one it was merged into


def _by_customer(at: Account, customer: str | None) -> Donor | None:
    row = _mapped(at, "customer", customer) if customer else None
    return donors.get_donor(row.subject_id) if row is not None else None


def _make(at: Account, fields: Mapping[str, object], ref: str, *, now: datetime) -> Donor:
    named = {
        "name": fields.get("email") or f"{at.source} {ref}",
        "lang": get_organisation().lang,
        **fields,
    }
    return donors.create_donor(named, source=at.source, now=now, actor=at.actor)


def _fields(told: DonorState) -> dict[str, object]:
    address = told.get("address") or {}
    lang = (told.get("locale") or "")[:2].lower()
    fields = {
        "name": told.get("name"),
        "email": told.get("email"),
        "phone": told.get("phone"),
        "street": " ".join(part for part in (address.get("line1"), address.get("line2")) if part),
        "postcode": address.get("postal_code"),
        "city": address.get("city"),
        "country": address.get("country"),
        "lang": lang if lang in LANGS else None,
    }
    return {name: value for name, value in fields.items() if value}
