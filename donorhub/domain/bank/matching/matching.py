"""Propose what each entry of a statement is: whose gift, which payout, which return, or no gift.

It proposes with reasons and decides only what is certain; it writes nothing, and a
name alone never decides. :mod:`.clues` reads the credits, :mod:`.evidence` weighs,
:mod:`.assignment` settles instalments, :mod:`.deciding` judges; the values are :mod:`.matching_facts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from donorhub.domain.bank.matching.assignment import Fit, fit, nearest
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.deciding import decided, families
from donorhub.domain.bank.matching.evidence import Reasons, Scales, of_fit, reasons_for
from donorhub.domain.bank.matching.matching_facts import (
    Allocated,
    Candidate,
    Kind,
    Level,
    MatchFacts,
    Part,
    Policy,
    Proposal,
)
from donorhub.domain.bank.matching.not_gifts import Payouts, claimed_twice, kind_of_debit, originals

ENGINE_VERSION: Final = "2026.1"


@dataclass(slots=True)
class _Draft:
    """One credit while the statement is being worked on."""

    clues: Clues
    kind: Kind
    reasons: Reasons = field(default_factory=dict)
    fits: dict[int, Fit] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)


def propose(items: Sequence[Clues], facts: MatchFacts, policy: Policy) -> list[Proposal]:
    """One proposal for each credit, in order. The statement is one problem: an instalment is paid once."""
    scales = Scales(policy)
    payouts = Payouts(facts, policy)
    drafts = [_draft(clues, facts, payouts, scales, policy) for clues in items]
    _share_instalments(drafts, facts, scales, policy)
    contested = claimed_twice(draft.candidates[0] for draft in drafts if draft.candidates)
    return [
        decided(draft.clues, draft.kind, draft.candidates, facts=facts, contested=contested, policy=policy)
        for draft in drafts
    ]


def _draft(clues: Clues, facts: MatchFacts, payouts: Payouts, scales: Scales, policy: Policy) -> _Draft:
    provider = payouts.provider_of(clues)
    paid_out = payouts.candidates(clues, provider, scales)
    if paid_out or provider is not None:
        return _Draft(clues, "payout", candidates=paid_out)
    if clues.credit.amount.minor > 0:
        return _draft_of_gift(clues, facts, scales, policy)
    kind = kind_of_debit(clues, facts)
    if kind != "return":
        return _Draft(clues, kind)
    reasons = reasons_for(clues, facts, scales)
    payers = [donor_id for donor_id, found in reasons.items() if families(found) & {"REF", "ACCOUNT"}]
    return _Draft(clues, kind, candidates=originals(clues, payers, facts, scales, policy))


def _draft_of_gift(clues: Clues, facts: MatchFacts, scales: Scales, policy: Policy) -> _Draft:
    if clues.account is not None and clues.account in facts.own_accounts:
        return _Draft(clues, "transfer")
    draft = _Draft(clues, "gift", reasons_for(clues, facts, scales))
    for donor_id in draft.reasons:
        instalments = facts.instalments.get(donor_id)
        if instalments:
            draft.fits[donor_id] = fit([clues.credit], instalments, policy)[0]
    _rank(draft, facts, scales, policy)
    return draft


def _rank(draft: _Draft, facts: MatchFacts, scales: Scales, policy: Policy) -> None:
    draft.candidates = [_candidate(draft, donor_id, facts, scales, policy) for donor_id in draft.reasons]
    split = _split(draft, facts, scales, policy) if len(draft.clues.numbers) > 1 else None
    if split is not None:
        draft.candidates.append(split)
    if len(draft.candidates) > 1:
        draft.candidates.sort(key=lambda candidate: (-candidate.points, candidate.donor_id or 0))


def _candidate(draft: _Draft, donor_id: int, facts: MatchFacts, scales: Scales, policy: Policy) -> Candidate:
    amount, settled = draft.clues.credit.amount, draft.fits.get(donor_id)
    reasons = draft.reasons[donor_id]
    if settled is not None:
        wants = {i.open.currency for i in facts.instalments[donor_id]}
        reasons = [*reasons, *of_fit(settled, scales, policy)]
        if amount.currency not in wants:
            reasons.append(
                scales.weigh("AMOUNT", "match.currency", "wants", ", ".join(sorted(wants)), contradicts=True)
            )
    points = 0
    for reason in reasons:
        points += reason.points
    settles, allocations = (settled.settles, settled.allocations) if settled else ("one_off", ())
    part = Part(donor_id, amount.minor, settles, allocations)
    return Candidate(points, _level(points, policy), tuple(reasons), (part,))


def _level(points: int, policy: Policy) -> Level:
    return "likely" if points >= policy.likely else "low"


def _split(draft: _Draft, facts: MatchFacts, scales: Scales, policy: Policy) -> Candidate | None:
    """One credit for the donors of several codes, when what they owe about now is exactly its amount."""
    credit = draft.clues.credit
    donors = {facts.donor_of_number[n]: n for n in draft.clues.numbers if n in facts.donor_of_number}
    owed = {donor_id: nearest(credit, facts.instalments.get(donor_id, ()), policy) for donor_id in donors}
    found = [instalment for instalment in owed.values() if instalment is not None]
    if len(found) < max(len(owed), 2) or sum(i.open.minor for i in found) != credit.amount.minor:
        return None
    parts = tuple(
        Part(i.donor_id, i.open.minor, "exact", (Allocated(i.instalment_id, i.open.minor),)) for i in found
    )
    codes = [scales.weigh("REF", "match.code", "number", number) for number in donors.values()]
    days = max(((credit.booked_on - i.due_on).days for i in found), key=abs)
    evidence = (
        *codes,
        scales.weigh("AMOUNT", "match.amount_several", "count", len(found)),
        scales.weigh("DATE", "match.date_on_time", "days", days),
    )
    return Candidate(sum(reason.points for reason in evidence), "likely", evidence, parts)


def _share_instalments(drafts: Sequence[_Draft], facts: MatchFacts, scales: Scales, policy: Policy) -> None:
    """Where several credits have the same best donor, assign the instalments among them and rank again."""
    rivals: dict[tuple[int, str], list[_Draft]] = {}
    for draft in drafts:
        donor_id = draft.candidates[0].donor_id if draft.fits else None
        if donor_id in draft.fits:
            rivals.setdefault((donor_id, draft.clues.credit.amount.currency), []).append(draft)
    for (donor_id, _), group in rivals.items():
        if len(group) > 1:
            fits = fit([d.clues.credit for d in group], facts.instalments[donor_id], policy)
            for draft, settled in zip(group, fits, strict=True):
                draft.fits[donor_id] = settled
                _rank(draft, facts, scales, policy)
