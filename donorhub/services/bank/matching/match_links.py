"""Which donors the keys in a bank's text point to: codes, references, accounts, names, addresses.

Every look-up goes by an indexed key, some hundreds at a time. What the donors owe or
gave, :mod:`donorhub.services.bank.matching.match_facts` adds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sqlalchemy import Select, func, select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import PayerKeyFacts
from donorhub.domain.bank.matching.other_payers import write_saying
from donorhub.domain.donors import codes
from donorhub.models import (
    Donor,
    ExternalId,
    IdentityKey,
    Instalment,
    Mandate,
    PayerKey,
    PayerUse,
    RecurringGift,
)
from donorhub.models.states import IdentityKind
from donorhub.money import Money
from donorhub.services.bank.matching import payer_keys
from donorhub.services.bank.matching.payer_keys import UseRow
from donorhub.services.donors import donors, identity_keys

# Systems whose ids a payer's bank carries: a reference printed on a slip, a mandate, an account of one's own.
REF_SOURCES: Final = ("payer_ref", "mandate", "virtual_account")
PROVED_AFTER: Final = 100  # confirmations of names
WRONG_IN: Final = 1000  # of them one may be wrong
Key = TypeVar("Key", int, str)
Links = Mapping[str, tuple[int, ...]]
NumberLinks = Mapping[int, tuple[int, ...]]
Query = Callable[[list[str]], Select[str, int] | Select[str | None, int]]


def fetch_links(items: Sequence[Clues], prefix: str) -> KeyLinks:
    """Return the donors that each key of these credits points to, merged ones not yet followed."""
    refs = {ref for clues in items for ref in clues.refs}
    numbers = {n for clues in items for n in clues.numbers} | _list_numbers_of_rf(refs, prefix)
    return KeyLinks(
        numbers=_find_by_number(numbers, prefix),
        refs=_find_by_ref(refs),
        accounts=_find_by_account({clues.account for clues in items if clues.account}),
        names=_find_by_identity(
            "name", {key for clues in items for key in (clues.name_key, *clues.names_in_text) if key}
        ),
        emails=_find_by_email({email for clues in items for email in clues.emails}),
        payer_key_facts=_read_payer_keys(items),
    )


class KeyLinks:
    """Donor ids by each kind of key."""

    def __init__(
        self,
        *,
        numbers: NumberLinks,
        refs: Links,
        accounts: Links,
        names: Links,
        emails: Links,
        payer_key_facts: Sequence[PayerKeyFacts],
    ) -> None:
        self.numbers, self.accounts, self.names, self.emails = numbers, accounts, names, emails
        self.refs = dict(refs)
        self.payer_key_facts = payer_key_facts

    def list_donor_ids(self) -> set[int]:
        """Return all donors that some key points to."""
        by_word = (self.refs, self.accounts, self.names, self.emails)
        ids = {id_ for links in (self.numbers, *by_word) for some in links.values() for id_ in some}
        return ids | {key.donor_id for key in self.payer_key_facts}

    def list_named_ids(self) -> set[int]:
        """Return the donors to whom a name points and nothing else."""
        others = (self.numbers, self.refs, self.accounts, self.emails)
        other_ids = {id_ for links in others for some in links.values() for id_ in some}
        named_ids = {id_ for some in self.names.values() for id_ in some}
        return named_ids - other_ids - {key.donor_id for key in self.payer_key_facts}

    def follow_merges(self, survivors: Mapping[int, int]) -> KeyLinks:
        """Return the links with merged donors replaced by those they were merged into."""
        payer_key_facts = [
            key if key.donor_id not in survivors else replace(key, donor_id=survivors[key.donor_id])
            for key in self.payer_key_facts
        ]
        return KeyLinks(
            numbers=_follow_merges(self.numbers, survivors),
            refs=_follow_merges(self.refs, survivors),
            accounts=_follow_merges(self.accounts, survivors),
            names=_follow_merges(self.names, survivors),
            emails=_follow_merges(self.emails, survivors),
            payer_key_facts=payer_key_facts,
        )

    def add_rf_refs(self, refs: Iterable[str], prefix: str) -> None:
        """Let an ISO 11649 reference that carries a code point where the code does."""
        for ref in refs:
            if ref.startswith("RF") and ref not in self.refs:
                ids = [id_ for n in codes.find_codes(ref[4:], prefix) for id_ in self.numbers.get(n, ())]
                if ids:
                    self.refs[ref] = tuple(dict.fromkeys(ids))

    def group_payer_keys(self) -> dict[str, tuple[PayerKeyFacts, ...]]:
        """Return what was learned of payers, by their keys."""
        facts_by_key: dict[str, tuple[PayerKeyFacts, ...]] = {}
        for key in self.payer_key_facts:
            facts_by_key[key.key] = (*facts_by_key.get(key.key, ()), key)
        return facts_by_key


def _follow_merges(
    links: Mapping[Key, tuple[int, ...]], survivors: Mapping[int, int]
) -> Mapping[Key, tuple[int, ...]]:
    if not survivors:
        return links
    return {key: tuple(dict.fromkeys(survivors.get(id_, id_) for id_ in ids)) for key, ids in links.items()}


def _find_links(query: Query, keys: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return donor ids by key, from a query that gives (key, donor id) for some keys."""
    ids_by_key: dict[str, list[int]] = defaultdict(list)
    for chunk in cut_query_values(sorted(keys)):
        for key, donor_id in db.session.execute(query(chunk)):
            if key is not None and donor_id not in ids_by_key[key]:
                ids_by_key[key].append(donor_id)
    return {key: tuple(ids) for key, ids in ids_by_key.items()}


def _find_by_number(numbers: Iterable[int], prefix: str) -> NumberLinks:
    number_of = {codes.format_code(prefix, number): number for number in numbers}
    links = _find_links(
        lambda some: select(Donor.code, Donor.id).where(Donor.code.in_(some), Donor.removed_at.is_(None)),
        number_of,
    )
    return {number_of[code]: ids for code, ids in links.items()}


def _list_numbers_of_rf(refs: Iterable[str], prefix: str) -> set[int]:
    """Return the donors' numbers that ISO 11649 references carry as codes after their check digits."""
    return {n for ref in refs if ref.startswith("RF") for n in codes.find_codes(ref[4:], prefix)}


def _find_by_ref(refs: Iterable[str]) -> Links:
    refs = list(refs)
    queries: tuple[Query, ...] = (
        lambda some: select(ExternalId.ref, ExternalId.donor_id).where(
            ExternalId.source.in_(REF_SOURCES), ExternalId.ref.in_(some)
        ),
        lambda some: select(RecurringGift.source_ref, RecurringGift.donor_id).where(
            RecurringGift.source == "mandate", RecurringGift.source_ref.in_(some)
        ),
        lambda some: (
            select(Mandate.reference, RecurringGift.donor_id)
            .join(RecurringGift)
            .where(Mandate.reference.in_(some))
        ),
        lambda some: (
            select(Instalment.source_ref, RecurringGift.donor_id)
            .join(RecurringGift)
            .where(Instalment.source_ref.in_(some))
        ),
    )
    return _join_links(_find_links(query, refs) for query in queries)


def _find_by_account(accounts: Iterable[str]) -> Links:
    accounts = list(accounts)
    promised_links = _find_links(
        lambda some: select(RecurringGift.payer_iban, RecurringGift.donor_id).where(
            RecurringGift.payer_iban.in_(some)
        ),
        accounts,
    )
    return _join_links((_find_by_identity("iban", accounts), promised_links))


def _find_by_email(emails: Iterable[str]) -> Links:
    """Return the donors of addresses as written in the text, by their normal form."""
    emails_by_normal: dict[str, list[str]] = defaultdict(list)
    for email in emails:
        emails_by_normal[donors.normalise_email(email)].append(email)
    links = _find_by_identity("email", emails_by_normal)
    return {email: ids for normal, ids in links.items() for email in emails_by_normal[normal]}


def _find_by_identity(kind: IdentityKind, values: Iterable[str]) -> Links:
    value_by_hash = identity_keys.hash_keys(kind, values)
    links = _find_links(
        lambda some: select(IdentityKey.value_hash, IdentityKey.donor_id).where(
            IdentityKey.kind == kind, IdentityKey.value_hash.in_(some)
        ),
        value_by_hash,
    )
    return {value_by_hash[value_hash]: ids for value_hash, ids in links.items()}


def find_holders(donor_ids: Iterable[int]) -> frozenset[int]:
    """Return those of whom an account is known."""
    return frozenset(
        id_
        for chunk in cut_query_values(sorted(donor_ids))
        for id_ in db.session.scalars(
            select(IdentityKey.donor_id).where(IdentityKey.donor_id.in_(chunk), IdentityKey.kind == "iban")
        )
    )


def are_names_proved() -> bool:
    """Return whether people confirmed the names of files without accounts a hundred times, and of a thousand
    such answers at most one was taken back.
    """
    hits, misses = db.session.execute(
        select(func.coalesce(func.sum(PayerUse.hits), 0), func.coalesce(func.sum(PayerUse.misses), 0))
        .join(PayerKey, PayerKey.payer_id == PayerUse.payer_id)
        .where(PayerKey.kind == "name")
    ).one()
    return int(hits) >= PROVED_AFTER and int(misses) * WRONG_IN <= int(hits)


def _join_links(several: Iterable[Links]) -> dict[str, tuple[int, ...]]:
    links_by_key: dict[str, tuple[int, ...]] = {}
    for links in several:
        for key, ids in links.items():
            links_by_key[key] = tuple(dict.fromkeys((*links_by_key.get(key, ()), *ids)))
    return links_by_key


def _read_payer_keys(items: Sequence[Clues]) -> list[PayerKeyFacts]:
    """Return what was learned of the payers: of each for each donor, and of the words that they say now."""
    sayings = {clues.saying for clues in items if clues.saying}
    facts: dict[tuple[str, int], PayerKeyFacts] = {}
    for payer_key, use in payer_keys.list_uses({clues.payer_key for clues in items if clues.payer_key}):
        fact = _make_fact(payer_key, use)
        so_far = facts.get((payer_key, use.donor_id))
        facts[payer_key, use.donor_id] = fact if so_far is None else _add_facts(so_far, fact)
        saying = write_saying(payer_key, use.name_key, use.words)
        if saying in sayings:
            facts[saying, use.donor_id] = replace(fact, key=saying)
    return list(facts.values())


def _make_fact(payer_key: str, use: UseRow) -> PayerKeyFacts:
    amount = None if use.amount_minor is None else Money(use.amount_minor, use.currency or "")
    return PayerKeyFacts(payer_key, use.donor_id, use.hits, use.misses, use.last_on, amount, use.day)


def _add_facts(one: PayerKeyFacts, other: PayerKeyFacts) -> PayerKeyFacts:
    days = [fact.last_on for fact in (one, other) if fact.last_on is not None]
    return PayerKeyFacts(
        one.key,
        one.donor_id,
        one.hits + other.hits,
        one.misses + other.misses,
        max(days, default=None),
    )
