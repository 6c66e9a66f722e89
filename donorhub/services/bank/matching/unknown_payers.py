"""The payers of waiting entries whom nobody knows, each with all their money: shown, and their digest.

What is made of them, :mod:`donorhub.services.bank.matching.payer_batches` writes. The rules are those of
:mod:`donorhub.domain.bank.matching.unknown_payers`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from sqlalchemy import select

from donorhub.db import cut_chunks, cut_query_values, db
from donorhub.domain.bank.matching import unknown_payers as rules
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import Candidate, Proposal
from donorhub.domain.bank.matching.unknown_payers import UnknownPayer
from donorhub.domain.bank.matching.words_against import split_words_against
from donorhub.domain.donors.names import parse_payer
from donorhub.models import Donor, Entry, IdentityKey, Match
from donorhub.money import Money, sum_by_currency
from donorhub.services import shown
from donorhub.services.access import organisation
from donorhub.services.bank.matching import match_facts, matching
from donorhub.services.bank.matching.credits import Place
from donorhub.services.donors import identity_keys

MOST_ENTRIES: Final = 50_000  # that are looked at together, the oldest ids first
MOST_CANDIDATES: Final = 5  # donors who may be a payer
_CHUNK: Final = 2_000
_BY_NAME: Final = frozenset({"NAME", "AMOUNT", "DATE"})
PlaceClues = tuple[Place, Clues]


@dataclass(frozen=True)
class UnknownPayers:
    """The unknown payers of some waiting entries, those who may become donors first."""

    payers: tuple[UnknownPayer, ...]
    places: Mapping[str, Sequence[PlaceClues]] = field(repr=False)  # the payments of each, by row id
    fees: Sequence[PlaceClues] = field(repr=False)  # what the bank took beside some payment
    is_cut: bool  # more entries wait than are looked at together

    @cached_property
    def digest(self) -> str:
        """The digest of the payers, their money and what was thought of them."""
        return shown.compute_digest([_describe_payer(payer) for payer in self.payers])

    @cached_property
    def ready(self) -> tuple[UnknownPayer, ...]:
        """Those who are ticked beforehand."""
        return tuple(payer for payer in self.payers if payer.is_ready)

    @cached_property
    def by_row_id(self) -> Mapping[str, UnknownPayer]:
        """The payers by what a form calls them."""
        return {payer.row_id: payer for payer in self.payers}


def _describe_payer(payer: UnknownPayer) -> list[object]:
    credits = [
        [one.entry_id, one.detail_id, one.booked_on.isoformat(), one.amount.minor, one.amount.currency]
        for one in payer.credits
    ]
    return [
        payer.key,
        payer.name_read,
        payer.parsed_name.name,
        list(payer.doubts),
        list(payer.donor_ids),
        credits,
    ]


def sum_payers(payers: Iterable[UnknownPayer]) -> list[Money]:
    """Return what the money of some payers comes to, by currency."""
    amounts = (credit.amount for payer in payers for credit in payer.credits)
    return sum_by_currency((amount.minor, amount.currency) for amount in amounts)


def find_unknown_payers(*, bank_account_id: int | None = None) -> UnknownPayers:
    """Return the payers whose waiting money no donor is known for; nothing is locked or changed.

    A payer to whom an account, an id or a learned key of some donor points is known: their entries wait for
    a decision of their own.
    """
    entry_ids = _list_waiting_ids(bank_account_id)
    groups = _Groups()
    for chunk in cut_chunks(entry_ids[:MOST_ENTRIES], _CHUNK):
        decided_places = _list_decided_payments(chunk)
        for place, clues, proposal in matching.propose_for_entries(chunk):
            if (place.entry_id, place.detail_id) not in decided_places:
                groups.add_payment(place, clues, proposal)
    payers = _judge_groups(groups)
    places = {payer.row_id: groups.places[payer.key] for payer in payers}
    return UnknownPayers(payers, places, groups.fees, is_cut=len(entry_ids) > MOST_ENTRIES)


def _list_waiting_ids(bank_account_id: int | None) -> Sequence[int]:
    query = select(Entry.id).where(Entry.state == "suspense", Entry.amount_minor > 0)
    if bank_account_id is not None:
        query = query.where(Entry.bank_account_id == bank_account_id)
    return db.session.scalars(query.order_by(Entry.id).limit(MOST_ENTRIES + 1)).all()


def _list_decided_payments(entry_ids: Sequence[int]) -> set[tuple[int, int | None]]:
    places: set[tuple[int, int | None]] = set()
    for chunk in cut_query_values(entry_ids):
        rows = db.session.execute(
            select(Match.entry_id, Match.detail_id).where(
                Match.entry_id.in_(chunk), Match.undone_at.is_(None)
            )
        )
        places.update((entry_id, detail_id) for entry_id, detail_id in rows)
    return places


class _Groups:
    """Payments by payer, and the donors whom their keys point to."""

    def __init__(self) -> None:
        self.places: dict[str, list[PlaceClues]] = defaultdict(list)
        self.donor_ids: dict[str, set[int]] = defaultdict(set)
        self.fees: list[PlaceClues] = []

    def add_payment(self, place: Place, clues: Clues, proposal: Proposal) -> None:
        """Note a payment whose payer nobody knows, or who is known by a payment with more to tell."""
        if proposal.kind == "cost" and clues.credit.is_fee:
            self.fees.append((place, clues))
        if proposal.kind != "gift" or clues.payer_key is None or clues.credit.amount.minor <= 0:
            return
        self.donor_ids[clues.payer_key].update(_list_donor_ids(proposal.candidates))
        if all(_is_by_name(candidate) for candidate in proposal.candidates):
            self.places[clues.payer_key].append((place, clues))


def _list_donor_ids(candidates: Sequence[Candidate]) -> list[int]:
    return [part.donor_id for candidate in candidates for part in candidate.parts][:MOST_CANDIDATES]


def _is_by_name(candidate: Candidate) -> bool:
    """Return whether a name alone, with what its donor owes, makes this candidate."""
    return {reason.family for reason in candidate.evidence if reason.points > 0} <= _BY_NAME


def _judge_groups(groups: _Groups) -> tuple[UnknownPayer, ...]:
    ours = organisation.get_organisation()
    words_against, cap = split_words_against(ours.words_against), match_facts.read_caps(ours.ask_above)
    like_ids = _find_like_donors(groups)
    payers = [
        rules.judge_payer(
            key,
            [clues.credit for _, clues in places],
            sorted(groups.donor_ids[key] | like_ids.get(key, set()))[:MOST_CANDIDATES],
            words_against=words_against,
            cap=cap,
        )
        for key, places in groups.places.items()
    ]
    return tuple(
        sorted(payers, key=lambda one: (not one.is_ready, -len(one.credits), one.name_read, one.key))
    )


def _find_like_donors(groups: _Groups) -> dict[str, set[int]]:
    """Return the donors who bear a payer's name or one like it, by the payer's key."""
    keys_of_name: dict[str, list[str]] = defaultdict(list)
    for key, places in groups.places.items():
        name = rules.choose_name([clues.credit for _, clues in places])
        for name_key in rules.list_name_keys(parse_payer(name), name):
            keys_of_name[name_key].append(key)
    like_ids: dict[str, set[int]] = defaultdict(set)
    name_by_hash = identity_keys.hash_keys("name", keys_of_name)
    for chunk in cut_query_values(sorted(name_by_hash)):
        rows = db.session.execute(
            select(IdentityKey.value_hash, IdentityKey.donor_id)
            .join(Donor, Donor.id == IdentityKey.donor_id)
            .where(IdentityKey.kind == "name", IdentityKey.value_hash.in_(chunk))
            .where(Donor.merged_into_id.is_(None))
        )
        for value_hash, donor_id in rows:
            for key in keys_of_name[name_by_hash[value_hash]]:
                like_ids[key].add(donor_id)
    return like_ids


def read_candidates(payers: Collection[UnknownPayer]) -> dict[int, Donor]:
    """Return the donors who may be these payers, by id."""
    ids = {id_ for payer in payers for id_ in payer.donor_ids}
    return {donor.id: donor for donor in db.session.scalars(select(Donor).where(Donor.id.in_(ids)))}
