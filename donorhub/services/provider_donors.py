"""Who a provider speaks of: the donor of a payment or subscription, found or made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from donorhub.db import db, insert_or_ignore
from donorhub.domain import codes
from donorhub.models import Donor, Organisation, ProviderMap
from donorhub.services import donors, tasks
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

    What is known of the donor is filled in where it was empty; staff's own edits stay.
    """
    customer = told.get("customer")
    donor = (
        _by_metadata(metadata) or _by_customer(at, customer) or donors.find_by_email(told.get("email") or "")
    )
    if donor is None:
        donor = _make(at, told, fallback, now=now)
    else:
        fill_in(donor, told, now=now, actor=at.actor)
    if customer:
        db.session.execute(
            insert_or_ignore(ProviderMap, on=("provider", "account", "kind", "ref")).values(
                provider=at.provider, account=at.account, kind="customer", ref=customer, subject_id=donor.id
            )
        )
    return donor


def find_customer(at: Account, customer: str) -> Donor | None:
    return _by_customer(at, customer)


def fill_in(donor: Donor, told: DonorState, *, now: datetime, actor: str) -> None:
    """Take over what was empty, and a name that we had made up ourselves."""
    known = _fields(told)
    empty = {name: value for name, value in known.items() if not getattr(donor, name)}
    if donor.name.startswith(f"{donor.source} ") and known.get("name"):
        empty["name"] = known["name"]
    if empty:
        donors.change_donor(donor, empty, now=now, actor=actor)


def _by_metadata(metadata: Mapping[str, str]) -> Donor | None:
    text = metadata.get("donor_code") or metadata.get("donor_ref") or ""
    ours: Organisation = get_organisation()
    numbers = codes.find_codes(text, ours.code_prefix)
    if len(numbers) != 1:
        return None
    return db.session.get(Donor, numbers[0] - donors.FIRST_NUMBER)


def _by_customer(at: Account, customer: str | None) -> Donor | None:
    if not customer:
        return None
    donor_id = db.session.scalar(
        select(ProviderMap.subject_id).filter_by(
            provider=at.provider, account=at.account, kind="customer", ref=customer
        )
    )
    return donors.get_donor(donor_id) if donor_id else None


def _make(at: Account, told: DonorState, fallback: str, *, now: datetime) -> Donor:
    fields = _fields(told)
    fields.setdefault("name", told.get("email") or f"{at.source} {fallback}")
    fields["lang"] = _lang(told)
    donor = donors.create_donor(fields, source=at.source, now=now, actor=at.actor)
    tasks.plan(
        f"new_donor:{donor.id}", kind="new_donor", performer="worker", subject=("donor", donor.id),
        donor_id=donor.id, due_at=now, now=now,
    )  # fmt: skip
    return donor


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
