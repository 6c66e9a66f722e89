"""Where a donor is in the journey, derived from gifts and instalments as of one day.

A stage is never typed by hand. The twelve rules are tried in order and the first that
holds is the stage, so that a sweep by night and a look after each gift agree. How old the last gift is, is
counted up to the day that the banks are known (``known_to``): nobody lapses for want of a bank file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from donorhub.domain.recurring.schedule import add_months

if TYPE_CHECKING:
    from donorhub.models.states import Stage

RULE_VERSION: Final = 1  # counts changes of the rules: what was found by an older one is worked out anew
Overlay = Literal["lapse_soon"]


@dataclass(frozen=True, slots=True)
class StageRules:
    """An organisation's limits: days of newness and grace, months since the last gift."""

    new_days: int = 90
    grace_days: int = 10
    active_months: int = 12
    lapsing_months: int = 13
    lapsed_months: int = 24
    lapse_soon_months: int = 10


@dataclass(frozen=True, slots=True)
class RecurringFacts:
    """One recurring gift that is neither proposed, pending nor closed by the day asked for.

    ``overdue_since`` is the due date of its oldest unpaid instalment that was due by
    then, None when there is none. ``is_lapsed``: past the lapse limit of
    :func:`donorhub.domain.recurring.recurring_states.find_step_of_misses`.
    """

    overdue_since: date | None = None
    is_lapsed: bool = False
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class DonorGiving:
    """What counts for the stage, as of the day asked for.

    ``gift_days`` are the days of gifts not wholly refunded, disputed or corrected, in
    order; ``is_gone``: deceased or erased.
    """

    gift_days: Sequence[date] = ()
    recurring: Sequence[RecurringFacts] = ()
    is_gone: bool = False


def compute_stage(
    day: date, giving: DonorGiving, rules: StageRules | None = None, *, known_to: date | None = None
) -> Stage:
    """Return the donor's stage on a day; facts of later days must be left out by the caller.

    ``known_to`` is the day up to which it is known that no other gift came; None where nothing is waited for.
    """
    rules = rules or StageRules()
    if giving.is_gone:
        return "deceased"
    gift_day = min(day, known_to or day)
    return _find_recurring_stage(day, gift_day, giving, rules) or _find_gift_stage(
        gift_day, giving.gift_days, rules
    )


def list_overlays(
    stage: Stage,
    day: date,
    giving: DonorGiving,
    rules: StageRules | None = None,
    *,
    known_to: date | None = None,
) -> list[Overlay]:
    """Return what is true of a donor on a day beside the stage: ``lapse_soon`` where the last gift is nearly
    a year old and nothing regular runs.
    """
    rules = rules or StageRules()
    if stage not in ("active_repeat", "first_time_active"):
        return []
    soon_from = add_months(giving.gift_days[-1], rules.lapse_soon_months)
    return ["lapse_soon"] if min(day, known_to or day) > soon_from else []


def _find_recurring_stage(day: date, gift_day: date, giving: DonorGiving, rules: StageRules) -> Stage | None:
    """Return the stage by recurring gifts, or None: a lapsed one counts if none runs, a paused one never."""
    running = [gift for gift in giving.recurring if not gift.is_lapsed and not gift.is_paused]
    if running:
        is_late = any(_count_days_over(day, gift) > rules.grace_days for gift in running)
        return "recurring_at_risk" if is_late else "recurring_active"
    if not any(gift.is_lapsed for gift in giving.recurring) or not giving.gift_days:
        return None
    recent = gift_day <= add_months(giving.gift_days[-1], rules.active_months)
    return "recurring_lapsed" if recent else None


def _count_days_over(day: date, gift: RecurringFacts) -> int:
    return (day - gift.overdue_since).days if gift.overdue_since else 0


def _find_gift_stage(day: date, gift_days: Sequence[date], rules: StageRules) -> Stage:
    if not gift_days:
        return "prospect"
    last = gift_days[-1]
    age = (day - last).days
    if len(gift_days) == 1 and age <= rules.new_days:
        return "new"
    if len(gift_days) > 1 and age <= rules.new_days and _was_away(gift_days, rules):
        return "reactivated"
    if day <= add_months(last, rules.active_months):
        return "active_repeat" if len(gift_days) > 1 else "first_time_active"
    if day <= add_months(last, rules.lapsing_months):
        return "lapsing"
    return "lapsed" if day <= add_months(last, rules.lapsed_months) else "deep_lapsed"


def _was_away(gift_days: Sequence[date], rules: StageRules) -> bool:
    return gift_days[-1] > add_months(gift_days[-2], rules.active_months)
