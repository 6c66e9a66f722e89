"""Propose what each entry of a statement is: whose gift, which payout, which return, or no gift.

It proposes with reasons and decides only what is certain; it writes nothing, and a
name alone never decides. :mod:`.clues` reads the credits, :mod:`.evidence` weighs,
:mod:`.assignment` settles instalments, :mod:`.deciding` judges; the values are :mod:`.matching_facts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from donorhub.domain.bank.matching.assignment import Fit, find_nearest, fit_credits
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.deciding import decide_credit, list_families
from donorhub.domain.bank.matching.doubts import Sizes, weigh_words
from donorhub.domain.bank.matching.evidence import Reasons, Scales, collect_reasons, weigh_fit
from donorhub.domain.bank.matching.matching_facts import (
    Candidate,
    Evidence,
    Kind,
    Level,
    MatchFacts,
    NewAllocation,
    Part,
    Policy,
    Proposal,
)
from donorhub.domain.bank.matching.not_gifts import (
    Payouts,
    find_contested,
    find_debit_kind,
    find_originals,
    is_refund_back,
)
from donorhub.domain.bank.matching.payer_uses import point_to_use

ENGINE_VERSION: Final = "2026.2"


@dataclass(slots=True)
class _Draft:
    """One credit while the statement is being worked on."""

    clues: Clues
    kind: Kind
    reasons: Reasons = field(default_factory=dict)
    fits: dict[int, Fit] = field(default_factory=dict)
    doubts: tuple[Evidence, ...] = ()  # whoever the donor is
    size_doubts: dict[int, tuple[Evidence, ...]] = field(default_factory=dict)  # by donor
    candidates: list[Candidate] = field(default_factory=list)


def propose_matches(items: Sequence[Clues], facts: MatchFacts, policy: Policy) -> list[Proposal]:
    """Return one proposal for each credit, in order; no instalment is settled by two of them."""
    scales = Scales(policy)
    payouts = Payouts(facts, policy)
    sizes = Sizes(facts)
    drafts = [_draft_credit(clues, facts, payouts, sizes, scales, policy) for clues in items]
    _share_instalments(drafts, facts, scales, policy)
    contested_ids = find_contested(draft.candidates[0] for draft in drafts if draft.candidates)
    return [
        decide_credit(
            draft.clues, draft.kind, draft.candidates, facts=facts, contested_ids=contested_ids, policy=policy
        )
        for draft in drafts
    ]


def _draft_credit(
    clues: Clues, facts: MatchFacts, payouts: Payouts, sizes: Sizes, scales: Scales, policy: Policy
) -> _Draft:
    if clues.credit.is_fee:
        return _Draft(clues, "cost")
    provider = payouts.find_provider(clues)
    paid_out = payouts.find_candidates(clues, provider, scales)
    if paid_out or provider is not None:
        return _Draft(clues, "payout", candidates=paid_out)
    if clues.credit.amount.minor > 0:
        return _draft_gift(clues, facts, sizes, scales, policy)
    kind = find_debit_kind(clues, facts)
    if kind != "return":
        return _Draft(clues, kind)
    reasons = collect_reasons(clues, facts, scales)
    payers = [
        donor_id for donor_id, evidence in reasons.items() if list_families(evidence) & {"REF", "ACCOUNT"}
    ]
    return _Draft(clues, kind, candidates=find_originals(clues, payers, facts, scales, policy))


def _draft_gift(clues: Clues, facts: MatchFacts, sizes: Sizes, scales: Scales, policy: Policy) -> _Draft:
    if clues.account is not None and clues.account in facts.own_accounts:
        return _Draft(clues, "transfer")
    if is_refund_back(clues, facts, policy):
        return _Draft(clues, "refund_back")
    draft = _Draft(clues, "gift", collect_reasons(clues, facts, scales))
    draft.doubts = weigh_words(clues, scales, policy)
    for donor_id in draft.reasons:
        draft.size_doubts[donor_id] = sizes.weigh_size(donor_id, clues.credit.amount, scales)
        instalments = facts.instalments.get(donor_id)
        if instalments:
            draft.fits[donor_id] = fit_credits([clues.credit], instalments, policy)[0]
    point_to_use(clues, facts, draft.reasons, draft.fits, scales)
    _rank_candidates(draft, facts, scales, policy)
    best_id = draft.candidates[0].donor_id if draft.candidates else None
    if best_id is not None and not draft.size_doubts[best_id]:
        sizes.note_credit(best_id, clues.credit.amount)
    return draft


def _rank_candidates(draft: _Draft, facts: MatchFacts, scales: Scales, policy: Policy) -> None:
    draft.candidates = [_make_candidate(draft, donor_id, facts, scales, policy) for donor_id in draft.reasons]
    split = _split_credit(draft, facts, scales, policy) if len(draft.clues.numbers) > 1 else None
    if split is not None:
        draft.candidates.append(split)
    if len(draft.candidates) > 1:
        draft.candidates.sort(key=lambda candidate: (-candidate.points, candidate.donor_id or 0))


def _make_candidate(
    draft: _Draft, donor_id: int, facts: MatchFacts, scales: Scales, policy: Policy
) -> Candidate:
    amount, fit = draft.clues.credit.amount, draft.fits.get(donor_id)
    reasons = [*draft.reasons[donor_id], *draft.doubts, *draft.size_doubts[donor_id]]
    if fit is not None:
        wants = {i.open.currency for i in facts.instalments[donor_id]}
        reasons += weigh_fit(fit, scales, policy)
        if amount.currency not in wants:
            reasons.append(
                scales.weigh_reason(
                    "AMOUNT", "match.currency", "wants", ", ".join(sorted(wants)), contradicts=True
                )
            )
    points = 0
    for reason in reasons:
        points += reason.points
    part = Part(donor_id, amount.minor, "one_off")
    if fit is not None:
        part = Part(donor_id, amount.minor, fit.settles, fit.allocations, fit.slot_id)
    return Candidate(points, _find_level(points, policy), tuple(reasons), (part,))


def _find_level(points: int, policy: Policy) -> Level:
    return "likely" if points >= policy.likely else "low"


def _split_credit(draft: _Draft, facts: MatchFacts, scales: Scales, policy: Policy) -> Candidate | None:
    """Return one credit shared by the donors of its codes, or None unless their instalments make its sum."""
    credit = draft.clues.credit
    donors = {facts.donor_of_number[n]: n for n in draft.clues.numbers if n in facts.donor_of_number}
    instalment_of_donor = {
        donor_id: find_nearest(credit, facts.instalments.get(donor_id, ()), policy) for donor_id in donors
    }
    instalments = [instalment for instalment in instalment_of_donor.values() if instalment is not None]
    if (
        len(instalments) < max(len(instalment_of_donor), 2)
        or sum(i.open.minor for i in instalments) != credit.amount.minor
    ):
        return None
    parts = tuple(
        Part(i.donor_id, i.open.minor, "exact", (NewAllocation(i.instalment_id, i.open.minor),))
        for i in instalments
    )
    codes = [scales.weigh_reason("REF", "match.code", "number", number) for number in donors.values()]
    days = max((i.count_days(credit.booked_on) for i in instalments), key=abs)
    evidence = (
        *codes,
        scales.weigh_reason("AMOUNT", "match.amount_several", "count", len(instalments)),
        scales.weigh_reason("DATE", "match.date_on_time", "days", days),
        *draft.doubts,
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
            fits = fit_credits([d.clues.credit for d in group], facts.instalments[donor_id], policy)
            for draft, fit_of_credit in zip(group, fits, strict=True):
                draft.fits[donor_id] = fit_of_credit
                _rank_candidates(draft, facts, scales, policy)
