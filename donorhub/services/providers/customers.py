"""Who a provider speaks of: the donor of a payment or subscription, found or made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, cast

from sqlalchemy import select

from donorhub.db import db, insert_or_ignore
from donorhub.domain.donors import codes
from donorhub.models import Donor, ProviderMap
from donorhub.models.states import LANGS, ProviderObject, find_word
from donorhub.services.access.organisation import get_organisation
from donorhub.services.donors import donors
from donorhub.services.donors.donor_fields import DonorFields, select_fields
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


Teller = tuple[ProviderObject, str]


class Giver(NamedTuple):
    """What one payment or subscription (``ref``) says of who gives."""

    person: DonorState
    metadata: Mapping[str, str]
    ref: str
    kind: Literal["payment", "subscription"]


class Directory:
    """The donors of many payments of one account, looked up together. While it is in use nobody else
    writes to the account."""

    def __init__(self, at: Account, givers: Sequence[Giver]) -> None:
        self._at = at
        self._organisation = get_organisation()
        self._rows = _read_map(at, {_teller(giver)[1] for giver in givers})
        customers = {customer for giver in givers if (customer := giver.person.get("customer"))}
        self._customers = registers.states_of(at.provider, at.account, "donor", customers)
        self._numbers = {
            text: self._number(text) for text in {_code_text(giver.metadata) for giver in givers}
        }
        ids = {row.subject_id for row in self._rows.values()} | {n for n in self._numbers.values() if n}
        self._donors = {donor.id: donor for donor in _read_donors(ids)}
        emails = {str(fields["email"]) for giver in givers if "email" in (fields := self._words(giver)[0])}
        self._by_email = donors.find_by_emails(emails)

    def find_or_make(self, giver: Giver, *, now: datetime) -> Donor:
        """Return the donor: by our own code in the metadata, by the customer we know, by the exact address,
        else a new one.

        What a payment says of its payer fills only what was empty. What the provider's customer
        says, replaces what the provider itself told before; staff's own edits stay.
        """
        teller = _teller(giver)
        fields, replacing = self._words(giver)
        donor = self._find(giver, fields)
        if donor is None:
            donor = self._make(fields, giver.ref, now=now)
            self._map(teller, donor, {"lang": donor.lang, **fields})
        else:
            row = self._map(teller, donor, {})
            if _fill_in(self._at, donor, fields, replacing, row, now=now):
                self._learn(donor)
        return donor

    def _words(self, giver: Giver) -> tuple[DonorFields, DonorFields]:
        customer = giver.person.get("customer")
        return _words(giver.person, cast(DonorState, self._customers.get(customer, {})) if customer else None)

    def _number(self, text: str) -> int | None:
        numbers = codes.find_codes(text, self._organisation.code_prefix)
        return numbers[0] - donors.FIRST_NUMBER if len(numbers) == 1 else None

    def _find(self, giver: Giver, fields: DonorFields) -> Donor | None:
        number = self._numbers[_code_text(giver.metadata)]
        named = self._donors.get(number) if number else None
        if named is None and (customer := giver.person.get("customer")):
            row = self._rows.get(("customer", customer))
            named = self._donors.get(row.subject_id) if row is not None else None
        if named is not None:
            return donors.get_donor(named.id)  # the one that it was merged into
        namesakes = self._by_email.get(donors.normalise_email(str(fields.get("email", ""))), [])
        return namesakes[0] if len(namesakes) == 1 else None

    def _make(self, fields: DonorFields, ref: str, *, now: datetime) -> Donor:
        named: DonorFields = {
            "name": fields.get("email") or f"{self._at.source} {ref}",
            "lang": self._organisation.lang,
            **fields,
        }
        donor = donors.create_donor(named, source=self._at.source, now=now, actor=self._at.actor)
        self._donors[donor.id] = donor
        self._learn(donor)
        return donor

    def _learn(self, donor: Donor) -> None:
        """Let the donor be found by their address from now on."""
        for namesakes in self._by_email.values():
            if donor in namesakes:
                namesakes.remove(donor)
        if donor.email:
            self._by_email.setdefault(donors.normalise_email(donor.email), []).append(donor)

    def _map(self, teller: Teller, donor: Donor, fields: DonorFields) -> ProviderMap:
        row = self._rows.get(teller)
        if row is None:
            row = self._rows[teller] = ProviderMap(
                provider=self._at.provider,
                account=self._at.account,
                kind=teller[0],
                ref=teller[1],
                subject_id=donor.id,
                donor_fields=dict(fields),
            )
            db.session.add(row)
        return row


def find_or_make(at: Account, giver: Giver, *, now: datetime) -> Donor:
    """Return the donor of one payment or subscription (see :meth:`Directory.find_or_make`)."""
    return Directory(at, [giver]).find_or_make(giver, now=now)


def keep_up(at: Account, donor: Donor, giver: Giver, *, now: datetime) -> Donor:
    """The donor of a payment or subscription after more was told of it: mostly the same, with what
    was empty filled in.

    A place-holder gives way to the donor who is named now. One whom our own code in the metadata
    names counts even where another one, with gifts of their own, was taken for the giver.
    """
    teller = _teller(giver)
    fields, replacing = _words(giver.person, _customer_state(at, giver.person.get("customer")))
    better = _find(at, giver, fields)
    if (better is None or better.id == donor.id) and not donor.email:
        better = donors.find_by_email(str(fields.get("email", "")))  # known before under another customer
    if better is not None and better.id != donor.id:
        if may_give_way(donor, at.source):
            give_way(donor, better, now=now, actor=at.actor)
            donor = better
        elif _by_metadata(giver.metadata) is not None:
            donor = better
    _map(at, teller, donor, {})
    _fill_in(at, donor, fields, replacing, _mapped(at, *teller), now=now)
    return donor


def follow_customer(at: Account, customer: str, *, now: datetime) -> None:
    """A customer was told of anew: bring the donor up to it, if we have one."""
    donor = _by_customer(at, customer)
    if donor is not None:
        keep_up(at, donor, Giver(DonorState(customer=customer), {}, customer, "payment"), now=now)


def _teller(giver: Giver) -> Teller:
    """Under which name we remember what was told: the customer, else the payment or subscription alone."""
    if customer := giver.person.get("customer"):
        return "customer", customer
    return giver.kind, giver.ref


def _words(person: DonorState, of_customer: DonorState | None) -> tuple[DonorFields, DonorFields]:
    """Return what is said of the giver, and which of it may replace what the same teller said before;
    ``of_customer`` is what the provider's customer says, None where there is none."""
    if of_customer is None:
        fields = _fields(person)
        return fields, fields
    named = _fields(of_customer)
    fields = {**_fields(person), **named}
    # The language comes from the checkout only, and mostly after the donor was made with ours.
    return fields, {**select_fields(fields, ["lang"]), **named}


def _find(at: Account, giver: Giver, fields: DonorFields) -> Donor | None:
    return (
        _by_metadata(giver.metadata)
        or _by_customer(at, giver.person.get("customer"))
        or donors.find_by_email(str(fields.get("email", "")))
    )


def _fill_in(
    at: Account,
    donor: Donor,
    fields: DonorFields,
    replacing: DonorFields,
    row: ProviderMap | None,
    *,
    now: datetime,
) -> bool:
    """Change what is known of a donor by what was said; return whether anything was."""
    filled_in = (row.donor_fields if row is not None else None) or {}
    missing = [
        name
        for name, value in fields.items()
        # What was told before and is empty now was taken out by a person.
        if not getattr(donor, name) and filled_in.get(name) != value
    ]
    outdated = [
        name
        for name, value in replacing.items()
        if name in filled_in and getattr(donor, name) == filled_in[name] != value
    ]
    changes: DonorFields = {**select_fields(fields, missing), **select_fields(replacing, outdated)}
    is_made_up = donor.name == donor.email or donor.name.startswith(f"{donor.source} ")
    better_name = fields.get("name") or fields.get("email")
    if is_made_up and better_name and better_name != donor.name:
        changes["name"] = better_name
    if row is not None and changes:
        row.donor_fields = {**filled_in, **changes}
    if changes:
        donors.change_donor(donor, changes, now=now, actor=at.actor)
    return bool(changes)


def _map(at: Account, teller: Teller, donor: Donor, fields: DonorFields) -> None:
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
            donor_fields=dict(fields),
        )
    )


def _mapped(at: Account, kind: ProviderObject, ref: str) -> ProviderMap | None:
    return db.session.scalar(
        select(ProviderMap).filter_by(provider=at.provider, account=at.account, kind=kind, ref=ref)
    )


def _read_map(at: Account, refs: Collection[str]) -> dict[Teller, ProviderMap]:
    rows = db.session.scalars(
        select(ProviderMap).where(
            ProviderMap.provider == at.provider, ProviderMap.account == at.account, ProviderMap.ref.in_(refs)
        )
    )
    return {(row.kind, row.ref): row for row in rows}


def _read_donors(ids: Collection[int]) -> Sequence[Donor]:
    return db.session.scalars(select(Donor).where(Donor.id.in_(ids))).all() if ids else []


def _customer_state(at: Account, customer: str | None) -> DonorState | None:
    """What the newest word on a customer says, also on one deleted since; nothing when none has come."""
    if not customer:
        return None
    return cast(DonorState, registers.state_of(at.provider, at.account, "donor", customer) or {})


def _code_text(metadata: Mapping[str, str]) -> str:
    return metadata.get("donor_code") or metadata.get("donor_ref") or ""


def _by_metadata(metadata: Mapping[str, str]) -> Donor | None:
    text = _code_text(metadata)
    numbers = codes.find_codes(text, get_organisation().code_prefix) if text else []
    if len(numbers) != 1:
        return None
    known = db.session.get(Donor, numbers[0] - donors.FIRST_NUMBER)
    return donors.get_donor(known.id) if known is not None else None  # the one it was merged into


def _by_customer(at: Account, customer: str | None) -> Donor | None:
    row = _mapped(at, "customer", customer) if customer else None
    return donors.get_donor(row.subject_id) if row is not None else None


def _fields(person: DonorState) -> DonorFields:
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
