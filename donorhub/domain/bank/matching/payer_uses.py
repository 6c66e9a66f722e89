"""One payer who pays for several: which use of their money a credit is, by words, promise and day.

Whose account it is, and what speaks for each donor, :mod:`.evidence` says. Only uses that nothing tells apart
contradict each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from donorhub.domain.bank.matching.assignment import Fit
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.evidence import Reasons, Scales
from donorhub.domain.bank.matching.matching_facts import Credit, Evidence, MatchFacts, PayerKeyFacts
from donorhub.domain.payer_text import list_telling_words, split_words

SAID_OFTEN: Final = 3  # confirmations after which a payer's words alone tell their uses apart
_MONTH: Final = 31
_NEAR: Final = 5  # days
_SHORTEST: Final = 3  # letters of a name that a text may say
_VOWELS: Final = "aeiouy"
# What Polish and Albanian put to a name: za Jana, dla Anny, per Besen.
_ENDINGS: Final = frozenset("a e i y u o ie em iem owi ego emu ej en es in it".split()) | {""}
_CODED_KEYS: Final = frozenset({"match.code", "match.ref"})
_EXPLAINED_KEYS: Final = frozenset({"match.learned_differs", "match.other_payer", "match.names_other"})


def point_to_use(
    clues: Clues, facts: MatchFacts, reasons: Reasons, fits: Mapping[int, Fit], scales: Scales
) -> None:
    """Add what the payer's words were confirmed for; of several donors for whom this payer pays, take back
    the doubts about the one to whom words, promise and day point, and doubt the others.
    """
    said_uses = {
        key.donor_id: key
        for key in facts.payer_keys.get(clues.saying or "", ())
        if key.is_trusted(clues.credit.booked_on) and key.donor_id in reasons
    }
    times_by_donor = {donor_id: use.hits for donor_id, use in said_uses.items()}
    for donor_id, times in times_by_donor.items():
        _add_reason(reasons, donor_id, scales.weigh_reason("HISTORY", "match.said", "times", times))
    uses = [donor_id for donor_id in reasons if donor_id in facts.donors and _is_use(reasons[donor_id])]
    if not uses[1:]:
        return
    named_id = _find_named(clues.credit.text, uses, facts)
    use_id = _find_coded(uses, reasons)
    if use_id is None:
        like_ids = _list_like(clues.credit, said_uses.values())
        use_id = _choose_use(uses, named_id, times_by_donor, _list_exact(uses, fits), like_ids)
    if use_id is None:
        return
    reasons[use_id] = [reason for reason in reasons[use_id] if reason.key not in _EXPLAINED_KEYS]
    if use_id == named_id:
        _add_reason(reasons, use_id, scales.weigh_reason("NAME", "match.named"))
    for donor_id in uses:
        if donor_id != use_id:
            other = scales.weigh_reason("TEXT", "match.names_other", contradicts=True)
            _add_reason(reasons, donor_id, other)


def _is_use(evidence: Sequence[Evidence]) -> bool:
    return any(reason.family == "ACCOUNT" or reason.key == "match.learned_name" for reason in evidence)


def _find_coded(uses: Sequence[int], reasons: Reasons) -> int | None:
    """Return the only use that a code or an id names, whatever the other words are."""
    coded_ids = [
        donor_id for donor_id in uses if any(reason.key in _CODED_KEYS for reason in reasons[donor_id])
    ]
    return coded_ids[0] if len(coded_ids) == 1 else None


def _list_exact(uses: Sequence[int], fits: Mapping[int, Fit]) -> set[int]:
    """Return the uses whose promise is paid to the minor unit and in time."""
    exact_ids = set()
    for donor_id in uses:
        fit = fits.get(donor_id)
        if fit is not None and fit.settles == "exact" and fit.in_window and not fit.is_tied:
            exact_ids.add(donor_id)
    return exact_ids


def _list_like(credit: Credit, uses: Iterable[PayerKeyFacts]) -> list[int]:
    """Return the donors for whom these words came with the same amount, of several those of about the day."""
    like_uses = [use for use in uses if use.amount == credit.amount]
    if len(like_uses) > 1:
        like_uses = [use for use in like_uses if _is_near(use.day, credit.booked_on.day)]
    return [use.donor_id for use in like_uses]


def _is_near(day: int | None, other: int) -> bool:
    """Return whether two days of the month are near, also over its end."""
    return day is not None and min(abs(day - other), _MONTH - abs(day - other)) <= _NEAR


def _choose_use(
    uses: Sequence[int],
    named_id: int | None,
    times_by_donor: Mapping[int, int],
    exact_ids: Collection[int],
    like_ids: Sequence[int],
) -> int | None:
    """Return the one use that the words mean, or whose promise alone they may pay; None where they disagree
    or several remain.

    A name wants its promise or words that were confirmed; words alone want their promise or three
    confirmations; where the same words mean several, the only promise that fits decides, or amount and day.
    """
    said_ids = {donor_id for donor_id in times_by_donor if donor_id in uses}
    if named_id is not None:
        agrees = not said_ids or named_id in said_ids
        return named_id if agrees and (named_id in exact_ids or named_id in said_ids) else None
    if len(said_ids) == 1:
        (use_id,) = said_ids
        return use_id if use_id in exact_ids or times_by_donor[use_id] >= SAID_OFTEN else None
    exact_and_said = [donor_id for donor_id in exact_ids if donor_id in said_ids]
    if len(exact_and_said) == 1:
        return exact_and_said[0]
    if exact_and_said or len(like_ids) != 1 or times_by_donor[like_ids[0]] < SAID_OFTEN:
        return None
    return like_ids[0]


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
