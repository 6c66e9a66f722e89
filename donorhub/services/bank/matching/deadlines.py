"""The end of suspense: money for which nobody said in time whose it is becomes the unknown donor's gift.

Only money that could be a gift does. What speaks against giving, left the account, is a payout or may be a
gift that is recorded already has no last day any more: it waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from donorhub.db import db
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import Part, Proposal
from donorhub.domain.bank.matching.words_against import find_word_against, split_words_against
from donorhub.models import BankAccount, Entry, Match
from donorhub.services.access import organisation
from donorhub.services.bank.matching import credits, decisions, gifts_by_hand, matching, unknown_donor
from donorhub.services.bank.matching.credits import Place
from donorhub.services.bank.matching.decisions import CreditDecision

CHUNK: Final = 200  # entries in one transaction
ACTOR: Final = "system:deadline"


def settle_expired_entries(*, now: datetime) -> int:
    """Give the next entries whose last day has passed to the unknown donor; return how many were looked at.

    A second call looks at none of them again. An account whose matching is off is left as it is, and so is
    everything where the organisation lets money wait for ever.
    """
    ours = organisation.get_organisation()
    if not ours.suspense_days:
        return 0
    running_ids = select(BankAccount.id).where(BankAccount.matching != "off")
    places = credits.read_entries(
        (Entry.decide_by < organisation.get_day(now))
        & (Entry.state == "suspense")
        & Entry.bank_account_id.in_(running_ids),
        limit=CHUNK,
        lock=True,
    )
    entry_ids = sorted({place.entry_id for place in places})
    if not entry_ids:
        return 0
    decided_places = _list_decided_places(entry_ids)
    words = split_words_against(ours.words_against)
    unclaimed = [
        (place, clues)
        for place, clues, proposal in matching.propose_for_entries(entry_ids)
        if (place.entry_id, place.detail_id) not in decided_places and _may_be_gift(place, proposal, words)
    ]
    # What is not settled below has no last day any more; what is settled has none either.
    db.session.execute(update(Entry).where(Entry.id.in_(entry_ids)).values(decide_by=None))
    if unclaimed:
        donor_id = unknown_donor.get_or_create_id(now=now, actor=ACTOR)
        decisions.settle_matches(
            [_make_decision(place, clues, donor_id) for place, clues in unclaimed], now=now, actor=ACTOR
        )
    return len(entry_ids)


def _list_decided_places(entry_ids: Sequence[int]) -> set[tuple[int, int | None]]:
    rows = db.session.execute(
        select(Match.entry_id, Match.detail_id).where(
            Match.entry_id.in_(entry_ids), Match.undone_at.is_(None)
        )
    )
    return {(entry_id, detail_id) for entry_id, detail_id in rows}


def _may_be_gift(place: Place, proposal: Proposal, words: tuple[str, ...]) -> bool:
    """Return whether nothing speaks against a gift, and no gift is recorded that it may be already."""
    candidates = proposal.candidates
    if proposal.kind != "gift" or place.credit.is_fee or find_word_against(place.credit.text, words):
        return False
    if any(one.payout_id is not None or one.gift_id is not None for one in candidates):
        return False
    return not gifts_by_hand.is_recorded(place.booked_on, place.credit.amount)


def _make_decision(place: Place, clues: Clues, donor_id: int) -> CreditDecision:
    reason = {"family": "TEXT", "points": 0, "key": "match.deadline", "params": {}}
    part = Part(donor_id, place.credit.amount.minor, "one_off")
    return CreditDecision(place, clues, (part,), evidence=(reason,), thank=False)
