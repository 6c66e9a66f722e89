"""One account that pays for several: whom the payer's words name, where the promise fits, it settles.

Whose account it is, and what speaks for each donor, :mod:`.evidence` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from donorhub.domain.bank.matching.assignment import Fit
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.evidence import Reasons, Scales
from donorhub.domain.bank.matching.matching_facts import Evidence, MatchFacts
from donorhub.domain.payer_text import list_telling_words, split_words

_SHORTEST: Final = 3  # letters of a name that a text may say
_VOWELS: Final = "aeiouy"
# What Polish and Albanian put to a name: za Jana, dla Anny, per Besen.
_ENDINGS: Final = frozenset("a e i y u o ie em iem owi ego emu ej en es in it".split()) | {""}
_EXPLAINED_KEYS: Final = frozenset({"match.learned_differs", "match.other_payer"})


def trust_named_use(
    clues: Clues, facts: MatchFacts, reasons: Reasons, fits: Mapping[int, Fit], scales: Scales
) -> None:
    """Take back the doubts about the one donor of a shared account whom the words name and whose instalment
    is paid exactly and in time; doubt the others of the account."""
    uses = [
        donor_id
        for donor_id, evidence in reasons.items()
        if donor_id in facts.donors and any(reason.family == "ACCOUNT" for reason in evidence)
    ]
    named_id = _find_named(clues.credit.text, uses, facts) if len(uses) > 1 else None
    fit = fits.get(named_id) if named_id is not None else None
    if named_id is None or fit is None or fit.settles != "exact" or not fit.in_window or fit.is_tied:
        return
    reasons[named_id] = [reason for reason in reasons[named_id] if reason.key not in _EXPLAINED_KEYS]
    _add_reason(reasons, named_id, scales.weigh_reason("NAME", "match.named"))
    for donor_id in uses:
        if donor_id != named_id:
            other = scales.weigh_reason("TEXT", "match.names_other", contradicts=True)
            _add_reason(reasons, donor_id, other)


def _add_reason(reasons: Reasons, donor_id: int, reason: Evidence) -> None:
    if all(one.key != reason.key for one in reasons[donor_id]):
        reasons[donor_id].append(reason)


def _find_named(text: str, donor_ids: Sequence[int], facts: MatchFacts) -> int | None:
    """Return the only donor of whose name the text says a word that no other of them bears, or None."""
    said_words = list_telling_words(text)
    words_of = {donor_id: set(split_words(facts.donors[donor_id].name)) for donor_id in donor_ids}
    named_ids = []
    for donor_id, name_words in words_of.items():
        others = (words_of[other] for other in donor_ids if other != donor_id)
        own_words = name_words.difference(*others)
        if any(_says_name(word_of_text, word) for word in own_words for word_of_text in said_words):
            named_ids.append(donor_id)
    return named_ids[0] if len(named_ids) == 1 else None


def _says_name(word: str, name: str) -> bool:
    if len(name) < _SHORTEST:
        return False
    stem = name[:-1] if name[-1] in _VOWELS and len(name) > _SHORTEST else name
    return word.startswith(stem) and word[len(stem) :] in _ENDINGS
