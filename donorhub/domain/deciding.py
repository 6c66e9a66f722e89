"""Whether a credit's best candidate is certain enough to be settled without a person.

Only an id, or the payer's account together with amount or history, is; and only with
distance to the second best, no contradiction, and below the organisation's cap.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import timedelta
from typing import Final

from donorhub.domain.clues import Clues
from donorhub.domain.matching_facts import (
    Candidate,
    Decision,
    Evidence,
    Family,
    Kind,
    MatchFacts,
    Policy,
    Proposal,
)

_NO_GIFT: Final = frozenset({"cost", "outgoing", "transfer"})
_IN_WINDOW: Final = frozenset({"match.date_on_time", "match.date_other_amount"})
_KNOWN_AFTER: Final = 2  # confirmed payments after which a payer's account alone is enough


def families(evidence: Iterable[Evidence]) -> set[Family]:
    """The kinds of reason that speak for a candidate."""
    return {reason.family for reason in evidence if reason.points > 0}


def decided(
    clues: Clues,
    kind: Kind,
    candidates: Sequence[Candidate],
    *,
    facts: MatchFacts,
    contested: Container[int],
    policy: Policy,
) -> Proposal:
    """The proposal for one credit; ``contested`` are payouts that several entries would be."""
    if policy.mode == "off":
        return _waiting(clues, kind, (), ("mode_off",), policy)
    if kind in _NO_GIFT:
        return _no_gift(clues, kind, facts, policy)
    if not candidates:
        return _waiting(clues, kind, (), (_why_nothing(clues, kind, facts),), policy)
    hindrances = _hindrances(clues, kind, candidates, contested, policy)
    if hindrances:
        return _waiting(clues, kind, candidates, hindrances, policy)
    credit = clues.credit
    if policy.mode == "auto":
        return Proposal(credit.entry_id, credit.detail_id, kind, "auto", True, tuple(candidates))
    return _waiting(clues, kind, candidates, ("mode_suggest",), policy)


def _waiting(
    clues: Clues, kind: Kind, candidates: Sequence[Candidate], hindrances: tuple[str, ...], policy: Policy
) -> Proposal:
    credit = clues.credit
    decision: Decision = "suggest" if candidates and candidates[0].points > 0 else "suspense"
    return Proposal(
        credit.entry_id,
        credit.detail_id,
        kind,
        decision,
        hindrances == ("mode_suggest",),
        tuple(candidates),
        hindrances,
        credit.booked_on + timedelta(days=policy.suspense_days),
    )


def _no_gift(clues: Clues, kind: Kind, facts: MatchFacts, policy: Policy) -> Proposal:
    """Needs no one, whatever the mode: nothing is recorded. Only money to a donor may be a refund."""
    credit = clues.credit
    if kind == "outgoing" and clues.account in facts.donors_of_account:
        return _waiting(clues, kind, (), ("paid_to_donor",), policy)
    return Proposal(credit.entry_id, credit.detail_id, kind, "auto", True)


def _why_nothing(clues: Clues, kind: Kind, facts: MatchFacts) -> str:
    if kind == "payout":
        return "payout_unknown"
    if kind == "return":
        return "original_unknown"
    return "code_unknown" if clues.numbers else "nothing_found"


def _hindrances(
    clues: Clues, kind: Kind, candidates: Sequence[Candidate], contested: Container[int], policy: Policy
) -> tuple[str, ...]:
    """All that keeps the best candidate from being settled now, as message keys."""
    best = candidates[0]
    found: list[str] = []
    if best.payout_id is not None:
        if best.payout_id in contested:
            found.append("contested")
    elif not _is_strong(best):
        found.append(_weakness(best))
    if len(candidates) > 1 and best.points - candidates[1].points < policy.margin:
        found.append("margin")
    if any(reason.contradicts for reason in best.evidence):
        found.append("contradiction")
    if kind == "gift" and _is_over_cap(clues, policy):
        found.append("over_cap")
    if _is_outside_window(best):
        found.append("outside_window")
    return tuple(found)


def _is_over_cap(clues: Clues, policy: Policy) -> bool:
    cap = policy.cap.get(clues.credit.amount.currency)
    return cap is not None and clues.credit.amount.minor > cap


def _is_strong(best: Candidate) -> bool:
    found = families(best.evidence)
    if best.gift_id is not None:
        return "AMOUNT" in found
    if "REF" in found:
        return True
    if "ACCOUNT" not in found:
        return False
    settles = {part.settles for part in best.parts}
    return bool(settles & {"exact", "several"}) or _times(best) >= _KNOWN_AFTER


def _times(best: Candidate) -> int:
    told = [reason.params["times"] for reason in best.evidence if reason.key == "match.history"]
    return max((int(times) for times in told), default=0)


def _weakness(best: Candidate) -> str:
    return "name_only" if families(best.evidence) <= {"NAME", "AMOUNT", "DATE"} else "not_enough"


def _is_outside_window(best: Candidate) -> bool:
    """It settles instalments, and none of them is due about now."""
    settles_some = any(part.allocations for part in best.parts)
    return settles_some and not any(reason.key in _IN_WINDOW for reason in best.evidence)
