"""What on a statement is no gift: payouts of providers, returns, bank costs, own money moved.

It recognises them so that they are never matched to a donor as a gift. How a payout's
own items add up is the payments service's matter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.evidence import Scales
from donorhub.domain.bank.matching.matching_facts import (
    Candidate,
    DebitFacts,
    Evidence,
    GiftFacts,
    Kind,
    MatchFacts,
    PayoutFacts,
    Policy,
)
from donorhub.domain.payer_text import fold_letters
from donorhub.domain.recurring.banking_days import add_banking_days

_BY_CHANCE: Final = 2  # an amount and a date agree with some payout now and then
_EARLY, _LATE = -1, 5  # banking days around a payout's arrival
# Codes of ISO 20022 external code lists and of the banks' free text; whole words only,
# as "AM04" may stand inside a reference.
_RETURN_CODES: Final = re.compile(
    r"\b(?:ac01|ac04|ac06|ac13|ag01|ag02|am04|am05|be04|be05|cnor|curr|cust|cuta|dnor|dupl|ff01|ff05|focr"
    r"|frad|md01|md02|md06|md07|ms02|ms03|narr|pr03|rc01|rr01|rr02|rr03|rr04|sl01|tech|tm01|upay)\b"
)
_RETURN_WORDS: Final = re.compile(
    r"\b(?:zwrot|odrzucon\w*|storno\w*|korekt\w*|anulowa\w*|return\w*|revers\w*|rucklastschrift|retoure|kthim\w*)\b"
)
_COST_WORDS: Final = re.compile(
    r"\b(?:prowizj\w*|oplat\w*|fees?|charges?|komision\w*|tarif\w*|entgelt\w*|provizion\w*)\b"
)


class Payouts:
    """The payouts that wait for their entry, by amount, and the words by which providers call themselves."""

    def __init__(self, facts: MatchFacts, policy: Policy) -> None:
        self._by_amount: dict[tuple[str, int], list[tuple[PayoutFacts, date, date]]] = {}
        for payout in facts.payouts:
            first = add_banking_days(payout.arrival_on, _EARLY, policy.country)
            last = add_banking_days(payout.arrival_on, _LATE, policy.country)
            key = (payout.net.currency, payout.net.minor)
            self._by_amount.setdefault(key, []).append((payout, first, last))
        self._words = {p: _make_word_pattern(words) for p, words in facts.provider_words.items() if words}
        self._any = _make_word_pattern(w for words in facts.provider_words.values() for w in words)

    def find_provider(self, clues: Clues) -> str | None:
        """Return the provider that calls itself the payer; the text counts where the bank names no payer."""
        if not self._words:
            return None
        payer_text = fold_letters(clues.credit.name) if clues.credit.name else clues.folded_text
        if not self._any.search(payer_text):
            return None
        return next(provider for provider, words in self._words.items() if words.search(payer_text))

    def find_candidates(self, clues: Clues, provider: str | None, scales: Scales) -> list[Candidate]:
        """Return the payouts of this amount and these days whose id or provider the entry names."""
        amount, on = clues.credit.amount, clues.credit.booked_on
        waiting = self._by_amount.get((amount.currency, amount.minor))
        if not waiting:
            return []
        candidates = []
        for payout, first, last in waiting:
            if not first <= on <= last:
                continue
            evidence = _weigh_payout(clues, payout, provider, scales)
            if len(evidence) > _BY_CHANCE:
                points = sum(reason.points for reason in evidence)
                candidates.append(Candidate(points, "likely", evidence, payout_id=payout.payout_id))
        return sorted(candidates, key=lambda candidate: -candidate.points)


def _make_word_pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(fold_letters(word)) for word in words) + r")\b")


def _weigh_payout(
    clues: Clues, payout: PayoutFacts, provider: str | None, scales: Scales
) -> tuple[Evidence, ...]:
    evidence = [
        scales.weigh_reason("AMOUNT", "match.payout_amount", "amount", str(payout.net)),
        scales.weigh_reason("DATE", "match.payout_date", "arrival_on", payout.arrival_on.isoformat()),
    ]
    ref = next((r for r in payout.refs if r in clues.refs or fold_letters(r) in clues.folded_text), None)
    if ref is not None:
        evidence.append(scales.weigh_reason("REF", "match.payout_ref", "ref", ref))
    if provider is not None and provider == payout.provider:
        evidence.append(scales.weigh_reason("TEXT", "match.payout_words", "provider", provider))
    return tuple(evidence)


def find_debit_kind(clues: Clues, facts: MatchFacts) -> Kind:
    """Return what money that leaves is: own transfer, return, cost of the bank, or paid to someone."""
    if clues.account in facts.own_accounts:
        return "transfer"
    if is_marked_return(clues) or any(ref in facts.gifts_of_ref for ref in clues.refs):
        return "return"
    if clues.account is None and _COST_WORDS.search(clues.folded_text):
        return "cost"
    return "outgoing"


def is_marked_return(clues: Clues) -> bool:
    """Return whether the bank, or the text, says that money goes back where it came from."""
    credit = clues.credit
    if credit.return_code or credit.reversal:
        return True
    return bool(_RETURN_CODES.search(clues.folded_text) or _RETURN_WORDS.search(clues.folded_text))


def is_refund_back(clues: Clues, facts: MatchFacts, policy: Policy) -> bool:
    """Return whether a credit is money of ours that went out and could not be delivered."""
    return any(_is_same_money(clues, debit, policy) for debit in facts.debits) and is_marked_return(clues)


def _is_same_money(clues: Clues, debit: DebitFacts, policy: Policy) -> bool:
    age = clues.credit.booked_on - debit.booked_on
    if debit.amount != -clues.credit.amount or not timedelta(0) <= age <= timedelta(days=policy.return_days):
        return False
    if any(ref in debit.refs for ref in clues.refs):
        return True
    if clues.account and debit.account:
        return clues.account == debit.account
    return bool(clues.name_key) and clues.name_key == debit.name_key


def find_originals(
    clues: Clues, donor_ids: Sequence[int], facts: MatchFacts, scales: Scales, policy: Policy
) -> list[Candidate]:
    """Return the gifts a return may take back: named by an id, or the payer's of this amount."""
    gifts_with_ref = {
        gift.gift_id: (gift, ref) for ref in clues.refs for gift in facts.gifts_of_ref.get(ref, ())
    }
    candidates = [_make_named_original(clues, gift, ref, scales) for gift, ref in gifts_with_ref.values()]
    for donor_id in donor_ids:
        for gift in facts.gifts.get(donor_id, ()):
            if gift.gift_id not in gifts_with_ref and _may_be_original(clues, gift, policy):
                evidence = (_weigh_amount(gift, scales), scales.weigh_reason("ACCOUNT", "match.return_payer"))
                candidates.append(_make_take_back(gift, evidence))
    return sorted(candidates, key=lambda candidate: -candidate.points)


def _make_named_original(clues: Clues, gift: GiftFacts, ref: str, scales: Scales) -> Candidate:
    evidence = [scales.weigh_reason("REF", "match.return_ref", "ref", ref)]
    if _amount_agrees(clues, gift):
        evidence.append(_weigh_amount(gift, scales))
    return _make_take_back(gift, tuple(evidence))


def _make_take_back(gift: GiftFacts, evidence: tuple[Evidence, ...]) -> Candidate:
    points = sum(reason.points for reason in evidence)
    return Candidate(points, "likely", evidence, gift_id=gift.gift_id)


def _weigh_amount(gift: GiftFacts, scales: Scales) -> Evidence:
    return scales.weigh_reason("AMOUNT", "match.return_amount", "amount", str(gift.amount))


def _amount_agrees(clues: Clues, gift: GiftFacts) -> bool:
    """Return whether the amounts are equal, with or without the fee that the bank kept in the entry."""
    money_out = -clues.credit.amount
    with_fee = money_out.minor - clues.credit.charges_minor
    return money_out.currency == gift.amount.currency and gift.amount.minor in (money_out.minor, with_fee)


def _may_be_original(clues: Clues, gift: GiftFacts, policy: Policy) -> bool:
    age = clues.credit.booked_on - gift.received_on
    return timedelta(0) <= age <= timedelta(days=policy.return_days) and _amount_agrees(clues, gift)


class ContestedRows(NamedTuple):
    """The payouts that more than one entry of the statement would be, and gifts that several take back."""

    payouts: frozenset[int]
    gifts: frozenset[int]


def find_contested(candidates: Iterable[Candidate]) -> ContestedRows:
    """Return the payouts and gifts that are the best candidate of more than one entry."""
    best = list(candidates)
    return ContestedRows(
        _list_repeated_ids(c.payout_id for c in best), _list_repeated_ids(c.gift_id for c in best)
    )


def _list_repeated_ids(ids: Iterable[int | None]) -> frozenset[int]:
    counts = Counter(id_ for id_ in ids if id_ is not None)
    return frozenset(id_ for id_, times in counts.items() if times > 1)
