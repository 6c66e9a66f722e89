"""Whether a credit's best candidate is certain enough to be settled without a person.

Only an id, or the payer's account together with amount or history, is; and only with
distance to the second best, no contradiction, and below the organisation's cap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import (
    Candidate,
    Credit,
    Decision,
    Evidence,
    Family,
    Hindrance,
    Kind,
    MatchFacts,
    Part,
    Policy,
    Proposal,
)
from donorhub.domain.bank.matching.not_gifts import ContestedRows
from donorhub.domain.bank.matching.payer_uses import SAID_OFTEN

if TYPE_CHECKING:
    from donorhub.models.matching_states import RuleName

_NO_GIFT: Final = frozenset({"cost", "outgoing", "transfer", "refund_back"})
_IN_WINDOW: Final = frozenset({"match.date_on_time", "match.date_other_amount"})
_NAME_AT_BEST: Final = frozenset({"NAME", "AMOUNT", "DATE"})
_KNOWN_AFTER: Final = 2  # confirmed payments after which a payer's account alone is enough


def list_families(evidence: Iterable[Evidence]) -> set[Family]:
    """Return the kinds of reason that speak for a candidate."""
    return {reason.family for reason in evidence if reason.points > 0}


def decide_credit(
    clues: Clues,
    kind: Kind,
    candidates: Sequence[Candidate],
    *,
    facts: MatchFacts,
    contested_ids: ContestedRows,
    policy: Policy,
) -> Proposal:
    """Return the proposal for one credit; ``contested_ids`` are what several entries claim."""
    if policy.mode == "off":
        return _propose_waiting(clues, kind, (), ("mode_off",), policy)
    if kind in _NO_GIFT:
        return _propose_no_gift(clues, kind, facts, policy)
    if not candidates:
        proposal = _propose_waiting(clues, kind, (), (_explain_nothing(clues, kind, facts),), policy)
        proposal.is_new_first = kind == "gift" and proposal.hindrances == ("nothing_found",)
        return proposal
    summary = _sum_up_evidence(candidates[0])
    hindrances = _list_hindrances(clues, kind, candidates, summary, contested_ids, facts=facts, policy=policy)
    unsure = _list_doubts_of_promise(candidates[0], summary)
    if unsure and not hindrances and not _is_known_payer(summary):
        hindrances = unsure
    rule = _name_rule(clues, candidates[0], summary, facts)
    if not hindrances and rule in policy.stopped_rules:
        hindrances = ("rule_stopped",)
    if hindrances:
        proposal = _propose_waiting(clues, kind, candidates, (*hindrances, *unsure), policy)
        proposal.is_new_first = kind == "gift" and stands_new_first(clues, candidates, facts)
        return proposal
    credit = clues.credit
    best = _leave_unsettled(candidates[0]) if unsure else candidates[0]
    sure = (replace(best, level="sure"), *candidates[1:])
    if policy.mode == "auto":
        return Proposal(credit.entry_id, credit.detail_id, kind, "auto", True, sure, rule=rule)
    return _propose_waiting(clues, kind, sure, ("mode_suggest",), policy)


def _propose_waiting(
    clues: Clues,
    kind: Kind,
    candidates: Sequence[Candidate],
    hindrances: tuple[Hindrance, ...],
    policy: Policy,
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
        tuple(dict.fromkeys(hindrances)),
    )


def _propose_no_gift(clues: Clues, kind: Kind, facts: MatchFacts, policy: Policy) -> Proposal:
    """Return a settled proposal that records nothing, or one that waits: money to a donor may be a refund."""
    credit = clues.credit
    if kind == "outgoing" and _points_to_donor(clues, facts):
        return _propose_waiting(clues, kind, (), ("paid_to_donor",), policy)
    if "no_gift" in policy.stopped_rules:
        return _propose_waiting(clues, kind, (), ("rule_stopped",), policy)
    return Proposal(credit.entry_id, credit.detail_id, kind, "auto", True, rule="no_gift")


def _points_to_donor(clues: Clues, facts: MatchFacts) -> bool:
    return (
        clues.account in facts.donors_of_account
        or bool(clues.name_key and facts.donors_of_name.get(clues.name_key))
        or any(number in facts.donor_of_number for number in clues.numbers)
    )


def _explain_nothing(clues: Clues, kind: Kind, facts: MatchFacts) -> Hindrance:
    if kind == "payout":
        return "payout_unknown"
    if kind == "return":
        return "original_unknown"
    return "code_unknown" if clues.numbers else "nothing_found"


def _list_hindrances(
    clues: Clues,
    kind: Kind,
    candidates: Sequence[Candidate],
    summary: _Summary,
    contested_ids: ContestedRows,
    *,
    facts: MatchFacts,
    policy: Policy,
) -> tuple[Hindrance, ...]:
    """Return all that keeps the best candidate from being settled now, as message keys; whether it settles
    its promise is another question.
    """
    best = candidates[0]
    hindrances: list[Hindrance] = []
    if best.gift_id is not None and best.gift_id in contested_ids.gifts:
        hindrances.append("contested_return")
    if best.payout_id is not None:
        if best.payout_id in contested_ids.payouts:
            hindrances.append("contested")
    elif not _is_strong(best, summary, clues.credit) and not _is_trusted_name(clues, best, summary, facts):
        hindrances.append("name_only" if summary.families <= _NAME_AT_BEST else "not_enough")
    if len(candidates) > 1 and best.points - candidates[1].points < policy.margin:
        hindrances.append("margin")
    if summary.is_contradicted:
        hindrances.append("contradiction")
    cap = policy.cap.get(clues.credit.amount.currency)
    if kind == "gift" and cap is not None and clues.credit.amount.minor > cap:
        hindrances.append("over_cap")
    return tuple(hindrances)


def _list_doubts_of_promise(best: Candidate, summary: _Summary) -> tuple[Hindrance, ...]:
    """Return why it is not sure what the best candidate settles, whoever's money it is."""
    if summary.is_tied:
        return ("contradiction",)
    if not summary.in_window and any(part.allocations for part in best.parts):
        return ("outside_window",)
    return ()


def _is_known_payer(summary: _Summary) -> bool:
    """Return whether the donor is certain even where the gift settles nothing: an id names them, or people
    confirmed the payer.
    """
    return "REF" in summary.families or ("ACCOUNT" in summary.families and summary.times >= _KNOWN_AFTER)


def _leave_unsettled(best: Candidate) -> Candidate:
    """Return the candidate with its gift settling nothing: which instalment it is for, a person says."""
    parts = tuple(
        _unsettle_part(part, part.allocations[0].instalment_id) if part.allocations else part
        for part in best.parts
    )
    return replace(best, parts=parts)


def _unsettle_part(part: Part, slot_id: int) -> Part:
    return part._replace(settles="unsure", allocations=(), slot_id=slot_id)


def stands_new_first(clues: Clues, candidates: Sequence[Candidate], facts: MatchFacts) -> bool:
    """Return whether the payer is rather a new donor than the best candidate, a namesake: one who has another
    account, or who is one of several; and whether the text names one of the payer's family whom nobody knows.

    Nobody else is new whom a code, an id, an account, an address or what people confirmed points to, or whose
    promise is paid to the minor unit.
    """
    best = candidates[0]
    if names_new_relative(clues, facts) and not any(
        "REF" in list_families(candidate.evidence) for candidate in candidates
    ):
        return True
    if any(
        list_families(candidate.evidence) - _NAME_AT_BEST
        or any(reason.key == "match.amount_exact" for reason in candidate.evidence)
        for candidate in candidates
    ):
        return False
    namesakes = facts.donors_of_name.get(clues.name_key, ())
    if best.donor_id not in namesakes or len(namesakes) > 1:
        return True
    return clues.account is not None and best.donor_id in facts.holder_ids


def names_new_relative(clues: Clues, facts: MatchFacts) -> bool:
    """Return whether the text names one of the payer's family who is no donor, and nobody confirmed yet whom
    such words are for.
    """
    if not clues.relative_keys or any(facts.donors_of_name.get(key) for key in clues.relative_keys):
        return False
    payer_keys = facts.payer_keys.get(clues.saying or "", ())
    return not any(key.is_trusted(clues.credit.booked_on) for key in payer_keys)


class _Summary(NamedTuple):
    """What a candidate's evidence comes to."""

    families: set[Family]
    is_contradicted: bool
    is_tied: bool  # another promise of the donor would do as well
    times: int  # confirmed before
    said_times: int  # with these words
    in_window: bool  # something it settles is due about now


def _sum_up_evidence(best: Candidate) -> _Summary:
    supporting_families: set[Family] = set()
    is_contradicted, is_tied, times, said_times, in_window = False, False, 0, 0, False
    for reason in best.evidence:
        if reason.points > 0:
            supporting_families.add(reason.family)
        if reason.key == "match.amount_tied":
            is_tied = True
        elif reason.contradicts:
            is_contradicted = True
        if reason.key == "match.history":
            times = max(times, int(reason.params["times"]))
        elif reason.key == "match.said":
            said_times = int(reason.params["times"])
        elif reason.key in _IN_WINDOW:
            in_window = True
    return _Summary(supporting_families, is_contradicted, is_tied, times, said_times, in_window)


def _is_trusted_name(clues: Clues, best: Candidate, summary: _Summary, facts: MatchFacts) -> bool:
    """Return whether a file without accounts names its payer well enough: words that people confirmed three
    times, nobody else of the name, and a promise paid to the minor unit on its day; and names proved right.
    """
    return (
        facts.trusts_names
        and clues.account is None
        and summary.said_times >= SAID_OFTEN
        and summary.in_window
        and not summary.is_tied
        and all(part.settles == "exact" for part in best.parts)
        and _is_one_payer(clues, best, facts)
    )


def _is_one_payer(clues: Clues, best: Candidate, facts: MatchFacts) -> bool:
    """Return whether the name is one person's, the donor or who was confirmed to pay for them, and the words
    are for nobody else.
    """
    use_ids = {key.donor_id for key in facts.payer_keys.get(clues.payer_key or "", ()) if key.hits}
    said_ids = {key.donor_id for key in facts.payer_keys.get(clues.saying or "", ()) if key.hits}
    namesakes = set(facts.donors_of_name.get(clues.name_key, ()))
    return len(namesakes) <= 1 and namesakes <= use_ids | {best.donor_id} and said_ids == {best.donor_id}


def _name_rule(clues: Clues, best: Candidate, summary: _Summary, facts: MatchFacts) -> RuleName:
    """Return what decides for a candidate that nothing hinders."""
    if best.payout_id is not None:
        return "payout"
    if best.gift_id is not None:
        return "return"
    if "REF" in summary.families:
        is_code = any(reason.key == "match.code" for reason in best.evidence)
        return "code" if is_code else "ref"
    if "ACCOUNT" not in summary.families:
        return "name_file"
    pays_for_several = len(facts.payer_keys.get(clues.payer_key or "", ())) > 1
    return "saying" if pays_for_several and summary.said_times >= SAID_OFTEN else "account"


def _is_strong(best: Candidate, summary: _Summary, credit: Credit) -> bool:
    if best.gift_id is not None:
        # Words like "zwrot" stand in what is paid back to volunteers, too.
        is_marked = "REF" in summary.families or credit.return_code is not None or credit.reversal
        return "AMOUNT" in summary.families and is_marked
    if "REF" in summary.families:
        return True
    if "ACCOUNT" not in summary.families:
        return False
    return summary.times >= _KNOWN_AFTER or any(part.settles in ("exact", "several") for part in best.parts)
