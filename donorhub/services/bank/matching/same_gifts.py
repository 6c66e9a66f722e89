"""Waiting entries that are gifts recorded already, by hand or taken over: shown many at once, then joined.

An entry that is joined makes no gift. The engine says whose it may be; amount, currency and about the day
must agree too, and each gift is one entry's only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.matching_facts import Candidate, Part
from donorhub.models import Entry, Gift, Match
from donorhub.money import Money, sum_by_currency
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.bank.matching import certain_entries, decisions, gifts_by_hand, matching
from donorhub.services.bank.matching import entry_holding as holding
from donorhub.services.bank.matching.certain_entries import AT_ONCE, LOOKS
from donorhub.services.bank.matching.decisions import CreditDecision
from donorhub.services.bank.matching.gifts_by_hand import PlaceProposal


@dataclass(frozen=True, slots=True)
class SameGifts:
    """Payments that would be joined to gifts which are recorded, each with its gift."""

    decisions: tuple[CreditDecision, ...]
    last_entry_id: int | None  # of those looked at; None where none waits behind it

    @property
    def digest(self) -> str:
        """The digest of the payments and of the gift that each is."""
        return shown.compute_digest(
            [[one.place.entry_id, one.known_gift_id, one.parts[0].donor_id] for one in self.decisions]
        )

    @property
    def sums(self) -> list[Money]:
        """What the payments come to, by currency."""
        amounts = (one.place.credit.amount for one in self.decisions)
        return sum_by_currency((amount.minor, amount.currency) for amount in amounts)


def list_same_gifts(
    *,
    statement_id: int | None = None,
    bank_account_id: int | None = None,
    entry_id: int | None = None,
    after_entry_id: int | None = None,
) -> SameGifts:
    """Return the next waiting entries that are gifts recorded already; nothing is locked or changed."""
    query = certain_entries.select_suspense(statement_id, bank_account_id, entry_id)
    return _find_first(query, after_entry_id)


def join_shown_gifts(
    digest: str,
    *,
    now: datetime,
    actor: str,
    statement_id: int | None = None,
    bank_account_id: int | None = None,
    entry_id: int | None = None,
    after_entry_id: int | None = None,
) -> int:
    """Join the entries that were shown under this digest to their gifts; return how many, none where there
    are none any more.

    Raise Changed with those of now where they are others.
    """
    query = certain_entries.select_waiting(statement_id, bank_account_id, entry_id)
    same_gifts = _find_first(query, after_entry_id)
    if not same_gifts.decisions:
        return 0
    shown.refuse_changed(digest, same_gifts)
    decisions.settle_matches(same_gifts.decisions, now=now, actor=actor)
    holding.learn_accounts(same_gifts.decisions, now=now)
    count = len(same_gifts.decisions)
    audit.record_action(
        actor, "entries.joined", ("statement", statement_id or 0), now=now, data={"count": count}
    )
    db.session.flush()  # what is not written yet would be forgotten
    db.session.expire_all()
    return count


def join_gift(entry: Entry, gift_id: int, *, now: datetime, actor: str) -> None:
    """Join an entry that the caller holds, and that stands for one that was joined, to the same gift.

    Where another has that gift by now, or the amount is another, the entry waits.
    """
    gift = _read_free_gifts({gift_id}).get(gift_id)
    if gift is None or (gift.amount_minor, gift.currency) != (entry.amount_minor, entry.currency):
        return
    for place, clues, _ in matching.propose_for_entries([entry.id]):
        part = Part(gift.donor_id, gift.amount_minor, "one_off")
        decision = CreditDecision(place, clues, (part,), known_gift_id=gift.id)
        holding.settle_entry(entry, holding.add_person_evidence(decision), now=now, actor=actor)


def _find_first(query: Select[int, object], after_entry_id: int | None) -> SameGifts:
    last_id = after_entry_id
    for _ in range(LOOKS):
        rows = db.session.execute(certain_entries.cut_at(query, last_id)).all()
        decisions = _join_entries([id_ for id_, _ in rows])
        last_id = rows[-1][0] if len(rows) == AT_ONCE else None
        if decisions or last_id is None:
            return SameGifts(tuple(decisions), last_id)
    return SameGifts((), last_id)


def _join_entries(entry_ids: Sequence[int]) -> list[CreditDecision]:
    """Return a decision for each payment that is a gift recorded already, the likeliest donor's first."""
    proposals = [one for one in matching.propose_for_entries(entry_ids) if _may_be_gift(one)]
    candidates = [
        (rank, at, candidate)
        for at, (_, _, proposal) in enumerate(proposals)
        for rank, candidate in enumerate(proposal.candidates)
        if len(candidate.parts) == 1
    ]
    keys = {
        (at, rank): gifts_by_hand.list_keys(proposals[at][0], candidate)[0]
        for rank, at, candidate in candidates
    }
    gift_ids = gifts_by_hand.find_gifts_by_hand(keys.values())
    gifts = _read_free_gifts({id_ for ids in gift_ids.values() for id_ in ids})
    pairs = sorted(
        (
            (rank, abs(gifts[id_].received_on - keys[at, rank].on), at, id_, candidate)
            for rank, at, candidate in candidates
            for id_ in gift_ids.get(keys[at, rank], ())
            if id_ in gifts and gifts[id_].amount_minor == keys[at, rank].minor  # and not only a part of it
        ),
        key=lambda pair: pair[:4],
    )
    decision_by_place: dict[int, CreditDecision] = {}
    taken_ids: set[int] = set()
    for _, _, at, gift_id, candidate in pairs:
        if at not in decision_by_place and gift_id not in taken_ids:
            decision_by_place[at] = _make_decision(proposals[at], candidate, gift_id)
            taken_ids.add(gift_id)
    return [decision_by_place[at] for at in sorted(decision_by_place)]


def _may_be_gift(one: PlaceProposal) -> bool:
    place = one[0]
    return place.detail_id is None and place.credit.amount.minor > 0


def _make_decision(one: PlaceProposal, candidate: Candidate, gift_id: int) -> CreditDecision:
    place, clues, _ = one
    decision = matching.make_decision(place, clues, candidate)
    part = decision.parts[0]._replace(allocations=())
    return holding.add_person_evidence(replace(decision, parts=(part,), known_gift_id=gift_id))


def _read_free_gifts(ids: set[int]) -> dict[int, Gift]:
    """Return those of the gifts that no entry is matched to."""
    gifts: dict[int, Gift] = {}
    for chunk in cut_query_values(sorted(ids)):
        live_matches = select(Match.gift_id).where(Match.gift_id.in_(chunk), Match.undone_at.is_(None))
        matched_ids = set(db.session.scalars(live_matches))
        for gift in db.session.scalars(select(Gift).where(Gift.id.in_(chunk))):
            if gift.id not in matched_ids:
                gifts[gift.id] = gift
    return gifts
