"""Who a provider speaks of, and what it says of them. Whose row that is stands in ``directory``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from donorhub.models.states import LANGS, ProviderObject, find_word
from donorhub.services.donors.donor_fields import DonorFields, select_fields
from webhooks.states import DonorState
from webhooks.views import PaymentView, PayoutView, RecurringView


@dataclass(frozen=True, slots=True)
class Account:
    """One account at one provider: where registers, payments and gifts of it belong."""

    provider: str
    account: str
    projects_tests: bool = False  # test-mode messages make (test) gifts: the endpoint is one for tests

    @property
    def source(self) -> str:
        """Return what gifts of this account are said to come from."""
        return f"{self.provider}:{self.account}"

    @property
    def actor(self) -> str:
        """Return who did what this account's events did, as the audit names it."""
        return f"provider:{self.provider}"

    def accepts_view(self, view: RecurringView | PaymentView | PayoutView) -> bool:
        """Return whether a view makes rows here: one of a test only where the endpoint is for tests."""
        return self.projects_tests or not view.is_test


class Giver(NamedTuple):
    """What one payment or subscription (``ref``) says of who gives."""

    person: DonorState
    metadata: Mapping[str, str]
    ref: str
    kind: Literal["payment", "subscription"]

    @property
    def map_key(self) -> tuple[ProviderObject, str]:
        """Return under which name the provider map remembers the giver: the customer's, else the payment's
        or subscription's own."""
        customer = self.person.get("customer")
        return ("customer", customer) if customer else (self.kind, self.ref)

    @property
    def code_text(self) -> str:
        """Return where our own code of the donor may stand."""
        return self.metadata.get("donor_code") or self.metadata.get("donor_ref") or ""


def read_donor_fields(person: DonorState) -> DonorFields:
    """Return what is said of a person as fields of our donor, without those that are empty."""
    address = person.get("address") or {}
    fields: DonorFields = {
        "name": person.get("name") or "",
        "email": person.get("email") or "",
        "phone": person.get("phone") or "",
        "street": " ".join(part for part in (address.get("line1"), address.get("line2")) if part),
        "postcode": address.get("postal_code") or "",
        "city": address.get("city") or "",
        "country": address.get("country") or "",
    }
    lang = find_word((person.get("locale") or "")[:2].lower(), LANGS)
    if lang is not None:
        fields["lang"] = lang
    return select_fields(fields, [name for name, value in fields.items() if value])
