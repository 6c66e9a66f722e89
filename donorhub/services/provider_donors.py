"""Who a provider speaks of: the donor of a payment or subscription, found or made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import select

from donorhub.db import db, insert_or_ignore
from donorhub.domain import codes
from donorhub.models import Donor, Organisation, ProviderMap
from donorhub.services import donors, registers
from donorhub.services.organisation import get_organisation
from webhooks.states import DonorState

LANGS: Final = ("en", "pl", "sq")


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
    at: Account, told: DonorState, metadata: Mapping[str, str], fallback: str, *, now: datetime
) -> Donor:
    """The donor: by our own code in the metadata, by the customer we know, by the exact address, else new.

    What a payment says of its payer fills only what was empty. What the provider's customer
    says, replaces what the provider itself told before; staff's own edits stay.
    """
    customer = told.get("customer")
    of_customer = _fields(_customer_state(at, customer))
    fields = {**_fields(told), **of_customer}
    donor = (
        _by_metadata(metadata) or _by_customer(at, customer) or donors.find_by_email(fields.get("email", ""))
    )
    if donor is None:
        donor = _make(at, fields, told, fallback, now=now)
        _map(at, customer, donor, fields)
    else:
        _map(at, customer, donor, {})
        _fill_in(at, donor, fields, of_customer, customer, now=now)
    return donor


def follow_customer(at: Account, customer: str, *, now: datetime) -> None:
    """A customer was told of anew: bring the donor up to it, if we have one."""
    donor = _by_customer(at, customer)
    if donor is not None:
        fields = _fields(_customer_state(at, customer))
        _fill_in(at, donor, fields, fields, customer, now=now)


def _fill_in(
    at: Account, donor: Donor, fields: Mapping[str, Any], replacing: Mapping[str, Any], customer: str | None,
    *, now: datetime,
) -> None:  # fmt: skip
    row = _mapped(at, customer)
    told_before = (row.told if row is not None else None) or {}
    changes = {name: value for name, value in fields.items() if not getattr(donor, name)}
    for name, value in replacing.items():
        if getattr(donor, name) == told_before.get(name):
            changes[name] = value
    if donor.name.startswith(f"{donor.source} ") and fields.get("name"):
        changes["name"] = fields["name"]  # we had made one up
    if row is not None:
        row.told = {**told_before, **{name: fields[name] for name in changes}}
    if changes:
        donors.change_donor(donor, changes, now=now, actor=at.actor)


def _map(at: Account, customer: str | None, donor: Donor, told: Mapping[str, Any]) -> None:
    if customer:
        db.session.execute(
            insert_or_ignore(ProviderMap, on=("provider", "account", "kind", "ref")).values(
                provider=at.provider, account=at.account, kind="customer", ref=customer, subject_id=donor.id,
                told=dict(told),
            )
        )  # fmt: skip


def _mapped(at: Account, customer: str | None) -> ProviderMap | None:
    if not customer:
        return None
    return db.session.scalar(
        select(ProviderMap).filter_by(provider=at.provider, account=at.account, kind="customer", ref=customer)
    )


def _customer_state(at: Account, customer: str | None) -> DonorState:
    """What the newest word on a customer says; nothing when none has come or it was deleted."""
    state = registers.state_of(at.provider, at.account, "donor", customer) if customer else None
    return cast(DonorState, {} if state is None or state.get("is_deleted") else state)


def _by_metadata(metadata: Mapping[str, str]) -> Donor | None:
    text = metadata.get("donor_code") or metadata.get("donor_ref") or ""
    ours: Organisation = get_organisation()
    numbers = codes.find_codes(text, ours.code_prefix)
    if len(numbers) != 1:
        return None
    known = db.session.get(Donor, numbers[0] - donors.FIRST_NUMBER)
    return donors.get_donor(known.id) if known is not None else None  # the one it was merged into


def _by_customer(at: Account, customer: str | None) -> Donor | None:
    row = _mapped(at, customer)
    return donors.get_donor(row.subject_id) if row is not None else None


def _make(at: Account, fields: Mapping[str, Any], told: DonorState, fallback: str, *, now: datetime) -> Donor:
    named = {"name": fields.get("email") or f"{at.source} {fallback}", **fields, "lang": _lang(told)}
    return donors.create_donor(named, source=at.source, now=now, actor=at.actor)


def _lang(told: DonorState) -> str:
    wanted = (told.get("locale") or "")[:2].lower()
    return wanted if wanted in LANGS else get_organisation().lang


def _fields(told: DonorState) -> dict[str, Any]:
    address = told.get("address") or {}
    fields = {
        "name": told.get("name"),
        "email": told.get("email"),
        "phone": told.get("phone"),
        "street": " ".join(part for part in (address.get("line1"), address.get("line2")) if part),
        "postcode": address.get("postal_code"),
        "city": address.get("city"),
        "country": address.get("country"),
    }
    return {name: value for name, value in fields.items() if value}
