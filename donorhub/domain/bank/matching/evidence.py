"""Why a credit may be a donor's: reasons with points, from what was fetched for the statement.

It collects and weighs; it decides nothing. Points are priors for a new installation;
:func:`calibrate_points` draws them from what people confirmed and rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

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
    WeighedKey,
)
from donorhub.domain.bank.matching.other_payers import names_agree
from donorhub.domain.payer_text import make_name_key

if TYPE_CHECKING:
    from donorhub.models.states import Settles

Reasons = dict[int, list[Evidence]]  # by donor

PRIORS: Final[Mapping[WeighedKey, int]] = {
    "match.code": 70,
    "match.code_other_payer": -15,
    "match.other_code": -40,
    "match.ref": 80,
    "match.account": 45,
    "match.account_shared": 35,
    "match.learned_account": 45,
    "match.learned_name": 25,
    "match.learned_differs": -15,
    "match.name": 25,
    "match.name_like": 12,
    "match.named": 30,
    "match.other_payer": -15,
    "match.names_other": -70,
    "match.email": 35,
    "match.history": 5,  # for each time, at most five
    "match.said": 20,
    "match.deceased": -50,
    "match.recurring_closed": 0,  # it ended, the donor did not
    "match.currency": -20,
    "match.reversal": -30,
    "match.amount_exact": 20,
    "match.amount_several": 15,
    "match.amount_differs": 2,
    "match.amount_tied": -5,
    "match.outlier": -10,
    "match.words_against": -30,
    "match.date_on_time": 10,
    "match.date_other_amount": 2,  # the day agrees, the amount does not
    "match.date_near": 4,
    "match.payout_ref": 80,
    "match.payout_amount": 40,
    "match.payout_date": 10,
    "match.payout_words": 25,
    "match.return_ref": 80,
    "match.return_words": -30,
    "match.return_amount": 25,
    "match.return_payer": 40,
}
_AMOUNT_KEYS: Final[Mapping[Settles, WeighedKey]] = {
    "exact": "match.amount_exact",
    "several": "match.amount_several",
}
_MANY: Final = 20  # namesakes beyond which a name proves nothing
_FAMILIES_OF_NAME: Final = frozenset({"NAME", "HISTORY"})
_LIKE: Final = 85.0  # of 100, rapidfuzz token_sort_ratio
_MOST_TIMES: Final = 5
SAID_BEFORE: Final = 2  # confirmations after which a payer's words speak for another's gift
_PRIOR_SEEN: Final = 20  # decisions that a prior is worth
_PRIOR_SHARE: Final = 0.9  # of them confirmed


def calibrate_points(counts: Mapping[WeighedKey, tuple[int, int]]) -> dict[WeighedKey, int]:
    """Return points by evidence key from its confirmations and rejections.

    A prior keeps its value when nine in ten were confirmed.
    """
    weights = {}
    for key, (confirmations, rejections) in counts.items():
        share = (confirmations + _PRIOR_SEEN * _PRIOR_SHARE) / (confirmations + rejections + _PRIOR_SEEN)
        weights[key] = round(PRIORS[key] * share / _PRIOR_SHARE)
    return weights


class Scales:
    """The points in force: priors, and the organisation's own over them. Equal reasons are one object."""

    __slots__ = ("_points", "_reasons")

    def __init__(self, policy: Policy) -> None:
        self._points: dict[WeighedKey, int] = {**PRIORS, **policy.weights}
        self._reasons: dict[tuple[str, str | int], Evidence] = {}

    def weigh_reason(
        self,
        family: Family,
        key: WeighedKey,
        name: str = "",
        value: str | int = "",
        *,
        contradicts: bool = False,
    ) -> Evidence:
        """Return the reason with its one parameter; the same again gives the same object."""
        reason = self._reasons.get((key, value))
        if reason is None:
            params = {name: value} if name else {}
            reason = Evidence(family, self._points[key], key, params, contradicts)
            self._reasons[key, value] = reason
        return reason

    def weigh_history(self, times: int) -> Evidence:
        """Return the reason that the payer was confirmed so many times before; five count at most."""
        points = self._points["match.history"] * min(times, _MOST_TIMES)
        return Evidence("HISTORY", points, "match.history", {"times": times})


def collect_reasons(clues: Clues, facts: MatchFacts, scales: Scales) -> Reasons:
    """Return the reasons for each donor whom a code, id, account, payer, name or address points to."""
    reasons: Reasons = {}
    _weigh_codes(clues, facts, scales, reasons)
    _weigh_refs(clues, facts, scales, reasons)
    if clues.account:
        _weigh_account(clues.account, facts, scales, reasons)
    if clues.payer_key:
        _weigh_learned_payers(_list_trusted(clues.payer_key, clues, facts), scales, reasons)
    for email in clues.emails:
        for donor_id in facts.donors_of_email.get(email, ()):
            reasons.setdefault(donor_id, []).append(
                scales.weigh_reason("TEXT", "match.email", "email", email)
            )
    _weigh_name(clues, facts, scales, reasons)
    if clues.names_in_text:
        _weigh_names_in_text(clues, facts, scales, reasons)
    if clues.name_key:
        _weigh_other_payer(clues, facts, scales, reasons)
    for donor_id, evidence in reasons.items():
        donor = facts.donors.get(donor_id)
        if donor is not None and (donor.is_deceased or donor.has_closed_recurring or clues.credit.reversal):
            _weigh_doubts(clues, donor, scales, evidence)
    return reasons


def _weigh_codes(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    number_of_donor = {facts.donor_of_number[n]: n for n in clues.numbers if n in facts.donor_of_number}
    for donor_id, number in number_of_donor.items():
        evidence = reasons.setdefault(donor_id, [])
        evidence.append(scales.weigh_reason("REF", "match.code", "number", number))
        for other in number_of_donor.values():
            if other != number:
                evidence.append(
                    scales.weigh_reason("REF", "match.other_code", "number", other, contradicts=True)
                )


def _weigh_refs(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    for ref in clues.refs:
        for donor_id in facts.donors_of_ref.get(ref, ()):
            reasons.setdefault(donor_id, []).append(scales.weigh_reason("REF", "match.ref", "ref", ref))


def _weigh_account(account: str, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    donors = facts.donors_of_account.get(account, ())
    key: WeighedKey = "match.account" if len(donors) == 1 else "match.account_shared"
    for donor_id in donors:
        reasons.setdefault(donor_id, []).append(scales.weigh_reason("ACCOUNT", key, "ending", account[-4:]))


def _list_trusted(key: str | None, clues: Clues, facts: MatchFacts) -> list[PayerKeyFacts]:
    on = clues.credit.booked_on
    return [one for one in facts.payer_keys.get(key or "", ()) if one.is_trusted(on)]


def _weigh_learned_payers(trusted_keys: Sequence[PayerKeyFacts], scales: Scales, reasons: Reasons) -> None:
    for key in trusted_keys:
        evidence = reasons.setdefault(key.donor_id, [])
        if not any(reason.family == "ACCOUNT" for reason in evidence):
            evidence.append(_weigh_learned_payer(key, scales))
        evidence.append(scales.weigh_history(key.hits))
        if len(trusted_keys) > 1:
            evidence.append(scales.weigh_reason("HISTORY", "match.learned_differs", contradicts=True))


def _weigh_learned_payer(key: PayerKeyFacts, scales: Scales) -> Evidence:
    if key.key.startswith("iban:"):
        return scales.weigh_reason("ACCOUNT", "match.learned_account", "ending", key.key[-4:])
    return scales.weigh_reason("NAME", "match.learned_name")


def _weigh_name(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    """Add points to donors who bear the name; where none of them is known by more than it, divide them among
    the other bearers: one namesake's earlier payments make the next no less anybody's.
    """
    if not clues.name_key:
        return
    namesakes = facts.donors_of_name.get(clues.name_key, ())
    for donor_id, evidence in reasons.items():
        if donor_id in namesakes:
            evidence.append(scales.weigh_reason("NAME", "match.name", "namesakes", len(namesakes)))
        elif donor_id in facts.donors:
            likeness = token_sort_ratio(clues.name_key, make_name_key(facts.donors[donor_id].name))
            if likeness >= _LIKE:
                evidence.append(scales.weigh_reason("NAME", "match.name_like", "likeness", round(likeness)))
    is_known = any(
        reason.family not in _FAMILIES_OF_NAME for one in namesakes for reason in reasons.get(one, ())
    )
    if not is_known and 0 < len(namesakes) <= _MANY:
        reason_of_each = scales.weigh_reason("NAME", "match.name", "namesakes", len(namesakes))
        reason_of_each = reason_of_each._replace(points=reason_of_each.points // len(namesakes))
        for donor_id in namesakes:
            reasons.setdefault(donor_id, [reason_of_each])


def _weigh_names_in_text(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    """Add donors whom the text names, as a company or a relative may pay for them; doubt the others, also
    where it names one of the payer's family who is no donor yet.
    """
    named_ids = {donor_id for key in clues.names_in_text for donor_id in facts.donors_of_name.get(key, ())}
    if len(named_ids) > _MANY or not (named_ids or clues.relative_keys):
        return
    for donor_id, evidence in reasons.items():
        if (
            donor_id not in named_ids
            and not _is_said_before(clues, donor_id, facts)
            and not _names_donor(evidence)
        ):
            evidence.append(scales.weigh_reason("TEXT", "match.names_other", contradicts=True))
    for donor_id in sorted(named_ids):
        reasons.setdefault(donor_id, []).append(scales.weigh_reason("NAME", "match.named"))


def _weigh_other_payer(clues: Clues, facts: MatchFacts, scales: Scales, reasons: Reasons) -> None:
    """Doubt an account from which another name than the donor's pays, and a code beside another's name,
    unless that was confirmed."""
    for donor_id, evidence in reasons.items():
        donor = facts.donors.get(donor_id)
        keys = {reason.key for reason in evidence}
        if donor is None or "match.ref" in keys or names_agree(clues.credit.name or "", donor.name):
            continue
        has_account = any(reason.family == "ACCOUNT" for reason in evidence)
        if "match.code" in keys:
            if not has_account and not _is_use(clues, donor_id, facts):
                evidence.append(scales.weigh_reason("NAME", "match.code_other_payer", contradicts=True))
        elif has_account and not _is_said_before(clues, donor_id, facts):
            evidence.append(scales.weigh_reason("NAME", "match.other_payer", contradicts=True))


def _is_use(clues: Clues, donor_id: int, facts: MatchFacts) -> bool:
    """Return whether people confirmed before that this payer's money is this donor's, among others'."""
    return any(key.donor_id == donor_id for key in _list_trusted(clues.payer_key, clues, facts))


def _names_donor(evidence: Iterable[Evidence]) -> bool:
    """Return whether a code or an id names the donor: then it does not matter who pays."""
    return any(reason.family == "REF" and reason.points > 0 for reason in evidence)


def _is_said_before(clues: Clues, donor_id: int, facts: MatchFacts) -> bool:
    """Return whether the same payer with the same words was confirmed for this donor and nobody else."""
    trusted_keys = _list_trusted(clues.saying, clues, facts)
    return [key.donor_id for key in trusted_keys] == [donor_id] and trusted_keys[0].hits >= SAID_BEFORE


def _weigh_doubts(clues: Clues, donor: DonorFacts, scales: Scales, evidence: list[Evidence]) -> None:
    if donor.is_deceased:
        evidence.append(scales.weigh_reason("HISTORY", "match.deceased", contradicts=True))
    if donor.has_closed_recurring:
        evidence.append(scales.weigh_reason("HISTORY", "match.recurring_closed"))
    if clues.credit.reversal:
        evidence.append(scales.weigh_reason("TEXT", "match.reversal", contradicts=True))


def weigh_fit(fit: Fit, scales: Scales, policy: Policy) -> tuple[Evidence, ...]:
    """Return the reasons that the instalments give that the credit settles, or the one that it falls on."""
    if fit.settles == "amended":
        amount = scales.weigh_reason("AMOUNT", "match.amount_differs")
    elif fit.allocations:
        amount = scales.weigh_reason("AMOUNT", _AMOUNT_KEYS[fit.settles], "count", len(fit.allocations))
    else:
        return ()
    if fit.is_tied:
        return amount, scales.weigh_reason("AMOUNT", "match.amount_tied", contradicts=True)
    if fit.in_window:
        agrees = fit.settles in ("exact", "several")
        key: WeighedKey = "match.date_on_time" if agrees else "match.date_other_amount"
        return amount, scales.weigh_reason("DATE", key, "days", fit.days)
    if abs(fit.days) <= policy.grace_days:
        return amount, scales.weigh_reason("DATE", "match.date_near", "days", fit.days)
    return (amount,)
