"""What becomes of a series found in payments, beside what the same donor has promised already.

It is made, proposed, left to a promise that is there, or left alone; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from donorhub.domain.payer_text import fold_letters
from donorhub.domain.recurring import schedule
from donorhub.domain.recurring.inferred_series import Hit, Series, find_nominal_on, find_slot

if TYPE_CHECKING:
    from donorhub.models.states import RecurringOrigin, RecurringState

NOT_RECURRING: Final = "not_recurring"  # the reason of one that a person said is none
DAYS_APART: Final = 5  # two promises of one donor whose days lie nearer are one
_WORDS: Final = ("zlecenie stale", "standing order", "urdher i perhershem", "dauerauftrag")
Verdict = Literal["new", "own", "promised", "refused"]


@dataclass(frozen=True, slots=True)
class KnownPromise:
    """A promise that a donor has or had in one currency, by its terms, the last one last."""

    recurring_gift_id: int
    origin: RecurringOrigin
    state: RecurringState
    state_reason: str
    terms: tuple[schedule.Term, ...]

    @property
    def minors(self) -> set[int]:
        """Return the amounts that were promised."""
        return {term.amount.minor for term in self.terms}


@dataclass(frozen=True, slots=True)
class Step:
    """An amount and the day from which a series was of that amount."""

    from_on: date
    minor: int


def reads_as_standing_order(text: str) -> bool:
    """Return whether the words of a payment call it a standing order."""
    folded_text = fold_letters(text)
    return any(words in folded_text for words in _WORDS)


def find_promise(
    series: Series, promises: Iterable[KnownPromise], *, gift_ids_of: dict[int, set[int]]
) -> tuple[Verdict, KnownPromise | None]:
    """Return what a series is beside the promises of its donor: new; one that was found before (own); one
    that a person or a provider told of; or one that a person said is none (refused).

    ``gift_ids_of`` are the gifts that each found promise was paid by.
    """
    own: KnownPromise | None = None
    ids = {hit.credit.credit_id for hit in series.hits}
    for promise in promises:
        is_same_amount = series.minor in promise.minors or not promise.minors.isdisjoint(
            list_minors(series.hits)
        )
        is_near = _is_near(series, promise)
        if promise.origin == "inferred":
            if promise.state == "closed" and promise.state_reason == NOT_RECURRING:
                if is_same_amount and _has_rhythm(series, promise):
                    return "refused", promise
            elif ids & gift_ids_of.get(promise.recurring_gift_id, set()) or is_near:
                own = own or promise
        elif is_near or (is_same_amount and _has_rhythm(series, promise)):
            return "promised", promise
    return ("own", own) if own is not None else ("new", None)


def list_minors(hits: Collection[Hit]) -> set[int]:
    """Return the amounts of payments."""
    return {hit.credit.minor for hit in hits}


def list_steps(series: Series) -> list[Step]:
    """Return the amounts of a series with the day from which each was paid; what came once only between two
    payments of another amount, or twice as much after a hole, is none.
    """
    pairs = list(pairwise(series.hits))
    usual = next(
        (one.credit.minor for one, after in pairs if one.credit.minor == after.credit.minor), series.minor
    )
    steps = [Step(series.first_on, usual)]
    for hit, after in pairs:
        if hit.credit.minor == after.credit.minor != steps[-1].minor:
            steps.append(Step(find_nominal_on(hit.slot, series.rhythm.day), hit.credit.minor))
    return steps


def _has_rhythm(series: Series, promise: KnownPromise) -> bool:
    return any(_count_months(term) == series.rhythm.months for term in promise.terms)


def _count_months(term: schedule.Term) -> int:
    return {"W": 0, "M": 1, "Y": 12}[term.period] * term.every


def _is_near(series: Series, promise: KnownPromise) -> bool:
    """Return whether a promise of the same rhythm falls on the days of a series."""
    for term in promise.terms:
        months = _count_months(term)
        if months != series.rhythm.months:
            continue
        k = (find_slot(series.last_on) - find_slot(term.anchor_on)) // months
        nominal_days = [schedule.compute_nominal_on(term, n) for n in (k, k + 1)]
        if any(abs((on - series.last_on).days) <= DAYS_APART for on in nominal_days):
            return True
    return False
