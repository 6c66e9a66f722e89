"""The donors that the payments and subscriptions of one account speak of, looked up together.

It finds or creates them and keeps them up; what a provider says of a person is read in ``customers``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.donors import codes
from donorhub.models import Donor, ProviderMap
from donorhub.services.access.organisation import get_organisation
from donorhub.services.donors import donors
from donorhub.services.donors.donor_fields import DonorFields, select_fields
from donorhub.services.providers.customers import Account, Giver, read_donor_fields
from donorhub.services.providers.placeholder_donors import is_placeholder, merge_placeholder
from webhooks.states import DonorState


class Directory:
    """Givers and the donors they are. While it is in use nobody else writes to the account.

    ``customers`` is what the provider's customers say of themselves. Only ``newcomers`` may become new
    donors: on PostgreSQL their addresses are kept from others until the transaction ends. ``givers``
    have a donor already. ``known_donors`` are read already, such as those of promises and gifts.
    """

    def __init__(
        self,
        at: Account,
        customers: Mapping[str, DonorState],
        givers: Sequence[Giver],
        *,
        newcomers: Sequence[Giver],
        known_donors: Iterable[Donor] = (),
    ) -> None:
        self._at = at
        self._customers = customers
        self._organisation = get_organisation()
        emails, new_emails = (
            {email for giver in some if (email := self._read_fields(giver)[0].get("email"))}
            for some in (givers, newcomers)
        )
        self._by_email = donors.find_by_emails(emails | new_emails, newcomers=new_emails)
        givers = [*givers, *newcomers]
        donors_by_row = _read_map(at, {giver.map_key[1] for giver in givers})
        self._rows = {(row.kind, row.ref): row for row in donors_by_row}
        self._ids_by_code = {text: self._read_code(text) for text in {giver.code_text for giver in givers}}
        self._donors = {donor.id: donor for donor in (*known_donors, *donors_by_row.values())}
        ids = {id_ for id_ in self._ids_by_code.values() if id_}
        self._donors |= {donor.id: donor for donor in _read_donors(ids - self._donors.keys())}

    def find_or_create_donor(self, giver: Giver, *, now: datetime) -> Donor:
        """Return the donor: by our own code in the metadata, by the customer we know, by the exact address,
        else a new one.

        What a payment says of its payer fills only what was empty. What the provider's customer
        says, replaces what the provider itself said before; staff's own edits stay.
        """
        fields, _ = self._read_fields(giver)
        donor = self._find_donor(giver) or self._find_namesake(fields)
        if donor is not None:
            return self.keep_up_donor(donor, giver, now=now)
        donor = self._create_donor(fields, giver.ref, now=now)
        self._map_giver(giver, donor, {"lang": donor.lang, **fields})
        return donor

    def keep_up_donor(self, donor: Donor, giver: Giver, *, now: datetime) -> Donor:
        """Return the donor of a payment or subscription after more was said of it: mostly the same, with
        what was empty filled in.

        One who was erased stays so.

        A place-holder gives way to the donor who is named now. One whom our own code in the metadata
        names counts even where another one, with gifts of their own, was taken for the giver.
        """
        if donor.erased_at is not None:  # nothing that is said of them again makes them known
            return donor
        fields, replacing = self._read_fields(giver)
        better = self._find_donor(giver) or self._find_namesake(fields)
        if (better is None or better.id == donor.id) and not donor.email:
            better = self._find_namesake(fields)  # known before under another customer
        if better is not None and better.id != donor.id:
            if is_placeholder(donor, self._at.source):
                merge_placeholder(donor, better, now=now, actor=self._at.actor)
                donor = better
            elif self._ids_by_code[giver.code_text] in self._donors:
                donor = better
            self._donors[donor.id] = donor
        row = self._map_giver(giver, donor, {})
        self._fill_in(donor, fields, replacing, row, now=now)
        return donor

    def follow_customer(self, giver: Giver, *, now: datetime) -> None:
        """Bring the donor of a provider's customer up to what it says now; ignore one whom we do not know."""
        row = self._rows.get(giver.map_key)
        donor = donors.find_survivor(row.subject_id) if row is not None else None
        if donor is not None:
            self.keep_up_donor(donor, giver, now=now)

    def _read_fields(self, giver: Giver) -> tuple[DonorFields, DonorFields]:
        """Return what is said of the giver, and which of it may replace what the same name said before."""
        fields = read_donor_fields(giver.person)
        customer = giver.person.get("customer")
        if not customer:
            return fields, fields
        fields_of_customer = read_donor_fields(self._customers.get(customer, DonorState()))
        # The language comes from the checkout only, and mostly after the donor was made with ours.
        lang = select_fields({**fields, **fields_of_customer}, ["lang"])
        return {**fields, **fields_of_customer}, {**lang, **fields_of_customer}

    def _read_code(self, text: str) -> int | None:
        """Return the id in the one code of ours that a text names."""
        numbers = codes.find_codes(text, self._organisation.code_prefix) if text else []
        return numbers[0] - donors.FIRST_NUMBER if len(numbers) == 1 else None

    def _find_donor(self, giver: Giver) -> Donor | None:
        donor = self._donors.get(self._ids_by_code[giver.code_text] or 0)
        if donor is None and (customer := giver.person.get("customer")):
            row = self._rows.get(("customer", customer))
            donor = self._donors.get(row.subject_id) if row is not None else None
        return donors.find_survivor(donor.id) if donor is not None else None  # the one it was merged into

    def _find_namesake(self, fields: DonorFields) -> Donor | None:
        """Return the only donor with the address."""
        namesakes = self._by_email.get(donors.normalise_email(str(fields.get("email", ""))), [])
        namesakes = [donor for donor in namesakes if donor.merged_into_id is None]
        return namesakes[0] if len(namesakes) == 1 else None

    def _create_donor(self, fields: DonorFields, ref: str, *, now: datetime) -> Donor:
        fields = {
            "name": fields.get("email") or f"{self._at.source} {ref}",
            **fields,
        }
        donor = donors.create_donor(fields, source=self._at.source, now=now, actor=self._at.actor)
        self._donors[donor.id] = donor
        self._learn_email(donor)
        return donor

    def _learn_email(self, donor: Donor) -> None:
        """Let the donor be found by their address from now on."""
        for namesakes in self._by_email.values():
            if donor in namesakes:
                namesakes.remove(donor)
        if donor.email:
            self._by_email.setdefault(donors.normalise_email(donor.email), []).append(donor)

    def _map_giver(self, giver: Giver, donor: Donor, fields: DonorFields) -> ProviderMap:
        """Return the row that says whose donor the giver is; there already, it stays as it is."""
        row = self._rows.get(giver.map_key)
        if row is None:
            kind, ref = giver.map_key
            row = self._rows[kind, ref] = ProviderMap(
                provider=self._at.provider,
                account=self._at.account,
                kind=kind,
                ref=ref,
                subject_id=donor.id,
                donor_fields=dict(fields),
            )
            db.session.add(row)
        return row

    def _fill_in(
        self, donor: Donor, fields: DonorFields, replacing: DonorFields, row: ProviderMap, *, now: datetime
    ) -> None:
        """Change what is known of a donor by what was said."""
        earlier_fields = row.donor_fields or {}
        empty_names = [
            name
            for name, value in fields.items()
            # What was said before and is empty now was taken out by a person.
            if not getattr(donor, name) and earlier_fields.get(name) != value
        ]
        old_names = [
            name
            for name, value in replacing.items()
            if (name in earlier_fields and getattr(donor, name) == earlier_fields[name] != value)
            or (name == "lang" and not donor.lang_is_told)
        ]
        changes: DonorFields = {**select_fields(fields, empty_names), **select_fields(replacing, old_names)}
        better_name = fields.get("name") or fields.get("email")
        if donors.has_made_up_name(donor) and better_name and better_name != donor.name:
            changes["name"] = better_name
        if changes:
            row.donor_fields = {**earlier_fields, **changes}
            donors.change_donor(donor, changes, now=now, actor=self._at.actor, source=self._at.source)
            self._learn_email(donor)


def _read_map(at: Account, refs: Collection[str]) -> dict[ProviderMap, Donor]:
    """Return the rows that say whose donor each of these givers is, with the donor."""
    if not refs:
        return {}
    query = (
        select(ProviderMap, Donor)
        .join(Donor, Donor.id == ProviderMap.subject_id)
        .where(
            ProviderMap.provider == at.provider, ProviderMap.account == at.account, ProviderMap.ref.in_(refs)
        )
    )
    return {row: donor for row, donor in db.session.execute(query)}  # noqa: C416  a Row is no pair for dict


def _read_donors(ids: Collection[int]) -> Sequence[Donor]:
    return db.session.scalars(select(Donor).where(Donor.id.in_(ids))).all() if ids else []
