"""What payers write with their money: for several months, and for which of their promises.

A standing order says the same every time. Who has two orders with other words each tells by them which one
it is, whatever the amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from donorhub.domain.bank.matching.matching_facts import InstalmentFacts
from donorhub.domain.payer_text import fold_letters, remove_tags, split_words

_ARREARS: Final = re.compile(r"\b(zaleg\w*|arrears|prapambetur\w*)")
_MANY_MONTHS: Final = re.compile(r"\b(za|for|per) (\d+|dwa|trzy|cztery|two|three|dy|tre) (mies|month|muaj)")
_MONTHS: Final = re.compile(
    r"\b(stycz(?:en|nia|niu)|lut(?:y|ego|ym)|mar(?:zec|ca|cu|ch|s)|kwie(?:cien|tnia|tniu)|ma(?:j|ja|ju|y)"
    r"|czerw(?:iec|ca|cu)|lip(?:iec|ca|cu)|sierp(?:ien|nia|niu)|wrze(?:sien|snia|sniu)|pazdziernik(?:a|u)?"
    r"|listopad(?:a|zie)?|grud(?:zien|nia|niu)|january|february|april|june|july|august|september|october"
    r"|november|december|janar|shkurt|prill|qershor|korrik|gusht|shtator|tetor|nentor|dhjetor)\b"
)


def names_many_months(text: str) -> bool:
    """Return whether the payer says that it is for several months; of months that are owed none is ahead."""
    folded_text = fold_letters(text)
    return (
        _MANY_MONTHS.search(folded_text) is not None
        or len({m.group()[:3] for m in _MONTHS.finditer(folded_text)}) > 1
    )


def read_wording(text: str) -> str:
    """Return the words of a text that are the same every month: no numbers, no months, nothing of arrears."""
    folded_text = remove_passing_words(remove_tags(text))
    return " ".join(word for word in split_words(folded_text) if word.isalpha())


def remove_passing_words(text: str) -> str:
    """Return a text folded, without what a payer says of one month: its name, for how many, arrears."""
    folded_text = _MANY_MONTHS.sub(" ", _MONTHS.sub(" ", fold_letters(text)))
    return _ARREARS.sub(" ", folded_text)


def find_paid_otherwise(text: str, instalments: Iterable[InstalmentFacts]) -> set[int]:
    """Return the recurring gifts for which money came with other words so far than a text's, where another's
    came with just these, or to another account of ours; none where neither says anything.
    """
    rows = list(instalments)
    elsewhere = {i.recurring_gift_id for i in rows if i.is_elsewhere}
    wordings = {i.recurring_gift_id: i.wordings for i in rows if i.wordings}
    wording = read_wording(text) if wordings else ""
    others = {id_ for id_, some in wordings.items() if wording not in some}
    return elsewhere if not wording or len(others) == len(wordings) else others | elsewhere
