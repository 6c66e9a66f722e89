"""What speaks against booking a credit as a gift, whoever its donor is: its words, and its size.

It only finds what a person should look at; whether one must, :mod:`.deciding` says.
"""

from __future__ import annotations

from typing import Final

from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.evidence import Scales
from donorhub.domain.bank.matching.matching_facts import Evidence, MatchFacts, Policy
from donorhub.domain.bank.matching.not_gifts import is_marked_return
from donorhub.domain.bank.matching.words_against import find_word_against
from donorhub.money import Money

OUTLIER_TIMES: Final = 5  # the donor's largest gift so often is no surprise yet
_MOST_TIMES: Final = 999  # said to people; more is no other reason


def weigh_words(clues: Clues, scales: Scales, policy: Policy) -> tuple[Evidence, ...]:
    """Return the reasons that the text speaks of a purchase, a rent or the like, or of money sent back."""
    reasons = []
    if is_marked_return(clues):
        reasons.append(scales.weigh_reason("TEXT", "match.return_words", contradicts=True))
    word = find_word_against(clues.credit.text, policy.words_against)
    if word:
        reasons.append(scales.weigh_reason("TEXT", "match.words_against", "word", word, contradicts=True))
    return tuple(reasons)


class Sizes:
    """The largest that each donor gave so far, in the base and earlier in the statement, or promised."""

    def __init__(self, facts: MatchFacts) -> None:
        self._largest_minor = dict(facts.largest_gifts)
        self._instalments = facts.instalments

    def weigh_size(self, donor_id: int, amount: Money, scales: Scales) -> tuple[Evidence, ...]:
        """Return the reason that an amount is more than five times the donor's largest, or none.

        None, too, for somebody who gave and promised nothing so far.
        """
        promised_minors = [
            instalment.open.minor
            for instalment in self._instalments.get(donor_id, ())
            if instalment.open.currency == amount.currency
        ]
        largest_minor = max(self._largest_minor.get((donor_id, amount.currency), 0), *promised_minors, 0)
        if not largest_minor or amount.minor <= OUTLIER_TIMES * largest_minor:
            return ()
        times = min(amount.minor // largest_minor, _MOST_TIMES)
        return (scales.weigh_reason("AMOUNT", "match.outlier", "times", times, contradicts=True),)

    def note_credit(self, donor_id: int, amount: Money) -> None:
        """Count an amount that is no surprise for the later credits of the statement."""
        key = (donor_id, amount.currency)
        self._largest_minor[key] = max(self._largest_minor.get(key, 0), amount.minor)
