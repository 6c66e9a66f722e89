"""Why a credit may be a donor's: reasons with points, from what was fetched for the statement.

It collects and weighs; it decides nothing. Points are priors for a new installation;
:func:`calibrated` draws them from what people confirmed and rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rapidfuzz.fuzz import token_sort_ratio

from donorhub.domain.bank.matching.assignment import Fit
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import (
    DonorFacts,
    Evidence,
    Family,
    MatchFacts,
    PayerKeyFacts,
    Policy,
    Settles,
    WeighedKey,
)
from donorhub.domain.bank.matching.other_payers import names_agree
from donorhub.domain.payer_text import name_key

Reasons = dict[int, list[Evidence]]  # by donor

PRIORS: Final[Mapping[WeighedKey, int]] = {
    "match.code": 70,
    "match.other_code": -40,
    "match.ref": 80,
    "match.account": 45,
    "match.account_shared": 35,
    "match.learned_account": 45,
    "match.learned_name": 25,
    "match.learned_differs": -15,
    "match.name": 25,
    "match.name_like": 12,
    "match.named": 20,
    "match.other_payer": -15,
    "match.names_other": -40,
    "match.email": 35,
    "match.history": 5,  # for each time, at most five
    "match.deceased": -50,
    "match.recurring_closed": -15,
    "match.currency": -20,
    "match.reversal": -30,
    "match.amount_exact": 20,
    "match.amount_several": 15,
    "match.amount_partial": 2,
    "match.amount_over": 4,
    "match.amount_tied": -5,
    "match.date_on_time": 10,
    "match.date_other_amount": 2,  # the day agrees, the amount does not
    "match.date_near": 4,
    "match.payout_ref": 80,
    "match.payout_amount": 40,
    "match.payout_date": 10,
    "match.payout_words": 25,
    "match.return_ref": 80,
    "match.return_amount": 25,
    "match.return_payer": 40,
}
_AMOUNT_KEYS: Final[Mapping[Settles, WeighedKey]] = {
    "exact": "match.amount_exact",
    "several": "match.amount_several",
    "partial": "match.amount_partial",
    "over": "match.amount_over",
}
_MANY: Final = 20  # namesakes beyond which a name tells nothing
_LIKE: Final = 85.0  # of 100, rapidfuzz token_sort_ratio
_MOST_TIMES: Final = 5
SAID_BEFORE: Final = 2  # confirmations after which a payer's words speak for another's gift
_PRIOR_SEEN: Final = 20  # decisions that a prior is worth
_PRIOR_SHARE: Final = 0.9  # of them confirmed


def calibrated(counts: Mapping[WeighedKey, tuple[int, int]]) -> dict[WeighedKey, int]:
    """Points by evidence key from (confirmed, rejected): a prior keeps its value at nine in ten confirmed."""
    weights = {}
    for key, (confirmed, rejected) in counts.items():
        share = (confirmed + _PRIOR_SEEN * _PRIOR_SHARE) / (confirmed + rejected + _PRIOR_SEEN)
        weights[key] = round(PRIORS[key] * share / _PRIOR_SHARE)
    return weights


class Scales:
    """The points in force: priors, and the organisation's own over them. Equal reasons are one object."""

    __slots__ = ("_made", "_points")

    def __init__(self, policy: Policy) -> None:
        self._points: dict[WeighedKey, int] = {**PRIORS, **policy.weights}
        self._made: dict[tuple[str, str | int], Evidence] = {}

    def weigh(
        self,
        family: Family,
        key: WeighedKey,
        name: str = "",
        value: str | int = "",
        *,
        contradicts: bool = False,
    ) -> Evidence:
        """The reason with its one parameter; the same again gives the same object."""
        made = self._made.get((key, value))
        if made is None:
            params = {name: value} if name else {}
            made = Evidence(family, self._points[key], key, params, contradicts)
            self._made[key, value] = made
        return made

    def weigh_history(self, times: int) -> Evidence:
        points = self._points["match.history"] * min(times, _MOST_TIMES)
        return Evidence("HISTORY", points, "match.history", {"times": times})


def reasons_for(clues: Clues, facts: MatchFacts, scales: Scales) -> Reasons:
    """The reasons for each donor that a code, id, account, learned payer, name or address points to."""
    reasons: Reasons = {}
    _by_code(clues, facts, scales, reasons)
    _by_ref(clues, facts, scales, reasons)
    if clues.account:
        _by_account(clues.account, facts, scales, reasons)
    if clues.payer_key:
        _by_learned(facts.payer_keys.get(clues.payer_key, ()), scales, reasons)
    for email in clues.emails:
        for donor_id in facts.donors_of_email.get(email, ()):
            reasons.setdefault(donor_id, []).append(scales.weigh("TEXT", "match.email", "email", email))
    _by_name(clues, facts, scales, reasons)
    if clues.named:
        _by_text(clues, facts, scales, reasons)
    if clues.name_key and clues.account:
        _by_other_payer(clues, facts, scales, reasons)
    for donor_id, found in reasons.items():
        donor = facts.donors.get(donor_id)
        if donor is not None and (donor.is_deceased or donor.has_closed_recurring or clues.credit.reversal):
            _against(clues, donor, scales, found)
    return reasons


def _by_code(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    named = {facts.donor_of_number[n]: n for n in clues.numbers if n in facts.donor_of_number}
    for donor_id, number in named.items():
        found = reasons.setdefault(donor_id, [])
        found.append(scales.weigh("REF", "match.code", "number", number))
        for other in named.values():
            if other != number:
                found.append(scales.weigh("REF", "match.other_code", "number", other, contradicts=True))


def _by_ref(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    for ref in clues.refs:
        for donor_id in facts.donors_of_ref.get(ref, ()):
            reasons.setdefault(donor_id, []).append(scales.weigh("REF", "match.ref", "ref", ref))


def _by_account(account: str, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    donors = facts.donors_of_account.get(account, ())
    key: WeighedKey = "match.account" if len(donors) == 1 else "match.account_shared"
    for donor_id in donors:
        reasons.setdefault(donor_id, []).append(scales.weigh("ACCOUNT", key, "ending", account[-4:]))


def _by_learned(learned: Sequence[PayerKeyFacts], scales: Scales, reasons: Reasons) -> None:
    trusted = [key for key in learned if key.hits > 2 * key.misses]
    for key in trusted:
        found = reasons.setdefault(key.donor_id, [])
        if not any(reason.family == "ACCOUNT" for reason in found):
            found.append(_learned(key, scales))
        found.append(scales.weigh_history(key.hits))
        if len(trusted) > 1:
            found.append(scales.weigh("HISTORY", "match.learned_differs", contradicts=True))


def _learned(key: PayerKeyFacts, scales: Scales) -> Evidence:
    if key.key.startswith("iban:"):
        return scales.weigh("ACCOUNT", "match.learned_account", "ending", key.key[-4:])
    return scales.weigh("NAME", "match.learned_name")


def _by_name(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    """A name supports donors found otherwise; alone it points to its bearers, the more the less."""
    if not clues.name_key:
        return
    namesakes = facts.donors_of_name.get(clues.name_key, ())
    for donor_id, found in reasons.items():
        if donor_id in namesakes:
            found.append(scales.weigh("NAME", "match.name", "namesakes", len(namesakes)))
        elif donor_id in facts.donors:
            likeness = token_sort_ratio(clues.name_key, name_key(facts.donors[donor_id].name))
            if likeness >= _LIKE:
                found.append(scales.weigh("NAME", "match.name_like", "likeness", round(likeness)))
    if not any(donor_id in reasons for donor_id in namesakes) and 0 < len(namesakes) <= _MANY:
        shared = scales.weigh("NAME", "match.name", "namesakes", len(namesakes))
        shared = shared._replace(points=shared.points // len(namesakes))
        reasons.update((donor_id, [shared]) for donor_id in namesakes)


def _by_text(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    """Names in the text: a company, or one of a family, may pay for somebody else."""
    named = {donor_id for key in clues.named for donor_id in facts.donors_of_name.get(key, ())}
    if not 0 < len(named) <= _MANY:
        return
    for donor_id, found in reasons.items():
        if donor_id not in named and not _is_said_before(clues, donor_id, facts) and not _is_told(found):
            found.append(scales.weigh("TEXT", "match.names_other", contradicts=True))
    for donor_id in sorted(named):
        reasons.setdefault(donor_id, []).append(scales.weigh("NAME", "match.named"))


def _by_other_payer(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    """An account says little when another name than the donor's pays from it, unless that was confirmed."""
    for donor_id, found in reasons.items():
        donor = facts.donors.get(donor_id)
        if donor is None or _is_told(found) or not any(reason.family == "ACCOUNT" for reason in found):
            continue
        agree = names_agree(clues.credit.name or "", donor.name)
        if not agree and not _is_said_before(clues, donor_id, facts):
            found.append(scales.weigh("NAME", "match.other_payer", contradicts=True))


def _is_told(found: Iterable[Evidence]) -> bool:
    """A code or an id names the donor: then it does not matter who pays."""
    return any(reason.family == "REF" and reason.points > 0 for reason in found)


def _is_said_before(clues: Clues, donor_id: int, facts: MatchFacts) -> bool:
    """The same payer with the same words was confirmed to be this donor's, and nobody else's."""
    learned = facts.payer_keys.get(clues.saying or "", ())
    trusted = [key for key in learned if key.hits > 2 * key.misses]
    return [key.donor_id for key in trusted] == [donor_id] and trusted[0].hits >= SAID_BEFORE


def _against(clues: Clues, donor: DonorFacts, scales: Scales, found: list[Evidence]) -> None:
    if donor.is_deceased:
        found.append(scales.weigh("HISTORY", "match.deceased", contradicts=True))
    if donor.has_closed_recurring:
        found.append(scales.weigh("HISTORY", "match.recurring_closed", contradicts=True))
    if clues.credit.reversal:
        found.append(scales.weigh("TEXT", "match.reversal", contradicts=True))


def of_fit(fit: Fit, scales: Scales, policy: Policy) -> tuple[Evidence, ...]:
    """What the settled instalments say for the donor."""
    if not fit.allocations:
        return ()
    amount = scales.weigh("AMOUNT", _AMOUNT_KEYS[fit.settles], "count", len(fit.allocations))
    if fit.is_tied:
        return amount, scales.weigh("AMOUNT", "match.amount_tied", contradicts=True)
    if fit.in_window:
        agrees = fit.settles in ("exact", "several")
        key: WeighedKey = "match.date_on_time" if agrees else "match.date_other_amount"
        return amount, scales.weigh("DATE", key, "days", fit.days)
    if abs(fit.days) <= policy.grace_days:
        return amount, scales.weigh("DATE", "match.date_near", "days", fit.days)
    return (amount,)
