"""What the deciding pages show of an entry: its payments, who they may be from and why, what was decided.

Proposals are the engine's, worked out of what is known now. Each form has the digest of what it stands for,
so that a click never decides another thing than was shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.bank.matching.matching_facts import Candidate, Credit, Evidence, Proposal
from donorhub.models import Donor, Entry, Gift, Match, Payout
from donorhub.models.states import DECIDABLE_ENTRIES
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.bank import bank_views
from donorhub.services.bank.matching import (
    credits,
    entry_views,
    gifts_by_hand,
    matching,
    shown_entries,
    unknown_donor,
)
from donorhub.services.bank.matching.decisions import CreditDecision
from donorhub.services.bank.matching.entry_views import MatchView
from donorhub.web.words import bank


@dataclass(frozen=True, slots=True)
class Reason:
    text: str
    is_against: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a payment may be: gifts of one or several donors, a payout, or a gift taken back."""

    value: str
    level: str
    level_word: str
    reasons: Sequence[Reason]
    donors: Sequence[tuple[Donor, Money]] = ()
    payout: Payout | None = None
    gift: Gift | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment of an entry; most entries are one."""

    detail_id: int | None
    credit: Credit
    choices: Sequence[Choice] = ()
    hindrances: Sequence[str] = ()
    matches: Sequence[MatchView] = ()
    equal_ids: Sequence[int] = ()  # gifts recorded by hand that one of the choices would be once more
    digest: str = ""
    is_new_first: bool = False  # rather a new donor than any of the choices
    is_unclaimed: bool = False  # the unknown donor's, and a person may say whose it is

    @property
    def is_first_chosen(self) -> bool:
        """Whether the first of several choices is ticked: it is surer than the next, and no new donor is."""
        return not self.is_new_first and self.choices[0].level != self.choices[1].level

    @property
    def is_open(self) -> bool:
        return self.is_unclaimed or not self.matches

    @property
    def is_in(self) -> bool:
        return self.credit.amount.minor > 0


@dataclass(frozen=True, slots=True)
class Item:
    """An entry with its payments."""

    entry: Entry
    account: str
    payments: Sequence[Payment]

    @property
    def amount(self) -> Money:
        return Money(self.entry.amount_minor, self.entry.currency)

    @property
    def matches(self) -> list[MatchView]:
        return [match for payment in self.payments for match in payment.matches]

    @property
    def digest(self) -> str:
        """The digest of the whole entry with what was decided of it."""
        return shown_entries.compute_entry_digest(self.entry, [view.row.id for view in self.matches])

    def find_digest(self, detail_id: int | None) -> str:
        """Return the digest of one payment, empty where there is none such."""
        return next((one.digest for one in self.payments if one.detail_id == detail_id), "")

    @property
    def open_payments(self) -> list[Payment]:
        """The payments that came in and of which nobody said whose they are."""
        return [payment for payment in self.payments if payment.is_in and payment.is_open]


@dataclass(slots=True)
class NamedRows:
    """The rows that the candidates of a page name, fetched at once."""

    donors: Mapping[int, Donor] = field(default_factory=dict)
    payouts: Mapping[int, Payout] = field(default_factory=dict)
    gifts: Mapping[int, Gift] = field(default_factory=dict)
    prefix: str = "DH"


def list_items(entries: Sequence[Entry]) -> list[Item]:
    """Return the entries of a page with proposals for what waits and decisions for the rest."""
    ids = [entry.id for entry in entries]
    waiting = [entry.id for entry in entries if entry.state in DECIDABLE_ENTRIES]
    proposals = matching.list_proposals(waiting) if waiting else {}
    names = fetch_names(
        [
            candidate
            for of_entry in proposals.values()
            for proposal in of_entry
            for candidate in proposal.candidates
        ]
    )
    matches = entry_views.list_live_matches(ids)
    accounts = bank_views.list_account_names()
    places: dict[int, list[credits.Place]] = {}
    for place in credits.read_places(ids):
        places.setdefault(place.entry_id, []).append(place)
    by_hand = gifts_by_hand.find_gifts_by_hand(
        key
        for entry_id, of_entry in proposals.items()
        for place in places.get(entry_id, ())
        for key in _list_keys(place, of_entry)
    )
    return [
        Item(
            entry,
            accounts.get(entry.bank_account_id, ""),
            [
                _make_payment(
                    entry, place, proposals.get(entry.id, ()), matches.get(entry.id, ()), names, by_hand
                )
                for place in places.get(entry.id, ())
            ],
        )
        for entry in entries
    ]


def _list_keys(place: credits.Place, proposals: Iterable[Proposal]) -> list[gifts_by_hand.Key]:
    return [
        key
        for proposal in proposals
        if proposal.detail_id == place.detail_id
        for candidate in proposal.candidates
        for key in gifts_by_hand.list_keys(place, candidate)
    ]


def _make_payment(
    entry: Entry,
    place: credits.Place,
    proposals: Sequence[Proposal],
    matches: Iterable[MatchView],
    names: NamedRows,
    by_hand: Mapping[gifts_by_hand.Key, Sequence[int]],
) -> Payment:
    mine = [view for view in matches if view.row.detail_id == place.detail_id]
    proposal = next((p for p in proposals if p.detail_id == place.detail_id), None)
    digest = shown_entries.compute_payment_digest(entry, place.credit, [view.row.id for view in mine])
    is_unclaimed = unknown_donor.holds_all([view.row for view in mine])
    if proposal is None or (mine and not is_unclaimed):
        return Payment(place.detail_id, place.credit, matches=mine, digest=digest)
    return Payment(
        place.detail_id,
        place.credit,
        [_make_choice(candidate, place.credit, names) for candidate in proposal.candidates],
        [bank.word_hindrance(key) for key in proposal.hindrances if key not in ("mode_off", "equal_gift")],
        equal_ids=sorted({id_ for key in _list_keys(place, proposals) for id_ in by_hand.get(key, ())}),
        matches=mine,
        digest=digest,
        is_new_first=proposal.is_new_first,
        is_unclaimed=is_unclaimed,
    )


def _make_choice(candidate: Candidate, credit: Credit, names: NamedRows) -> Choice:
    return Choice(
        value=shown_entries.write_choice(
            credit,
            shown_entries.make_choice(candidate),
            {id_: donor.name for id_, donor in names.donors.items()},
        ),
        level=candidate.level,
        level_word=bank.word_level(candidate.level),
        reasons=[_make_reason(reason, names.prefix) for reason in candidate.evidence],
        donors=[
            (names.donors[part.donor_id], Money(part.minor, credit.amount.currency))
            for part in candidate.parts
        ],
        payout=names.payouts.get(candidate.payout_id or 0),
        gift=names.gifts.get(candidate.gift_id or 0),
    )


def _make_reason(reason: Evidence, prefix: str) -> Reason:
    text = bank.word_reason(reason.key, reason.params, prefix=prefix)
    return Reason(text, reason.contradicts or reason.points < 0)


def fetch_names(candidates: Sequence[Candidate | CreditDecision]) -> NamedRows:
    """Return the rows that candidates or decisions name."""
    donor_ids = {part.donor_id for candidate in candidates for part in candidate.parts}
    gifts = _fetch_by_id(Gift, {candidate.gift_id for candidate in candidates})
    donor_ids |= {gift.donor_id for gift in gifts.values()}
    return NamedRows(
        donors=_fetch_by_id(Donor, donor_ids),
        payouts=_fetch_by_id(Payout, {candidate.payout_id for candidate in candidates}),
        gifts=gifts,
        prefix=organisation.get_organisation().code_prefix,
    )


AnyRow = TypeVar("AnyRow", Gift, Donor, Payout)


def _fetch_by_id(model: type[AnyRow], ids: Iterable[int | None]) -> dict[int, AnyRow]:
    row_ids = sorted(id_ for id_ in ids if id_ is not None)
    if not row_ids:
        return {}
    return {row.id: row for row in db.session.scalars(select(model).where(model.id.in_(row_ids)))}


def list_reasons(match: Match) -> list[Reason]:
    """Return why a decision was taken, as it was recorded with it."""
    prefix = organisation.get_organisation().code_prefix
    return [
        Reason(
            bank.word_reason(str(evidence["key"]), evidence.get("params") or {}, prefix=prefix),
            bool(evidence.get("contradicts")) or int(evidence.get("points", 0)) < 0,
        )
        for evidence in match.evidence
    ]
