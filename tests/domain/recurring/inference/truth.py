"""What a made-up payer paid and which standing orders made it, and how well series fit to that truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from donorhub.domain.recurring.inference import infer_series
from donorhub.domain.recurring.inferred_series import Credit, Series

AUTO: Final = 800
PROPOSED: Final = 600
LEAST_PAID: Final = 3  # an order that was paid less often cannot be told from chance


class Payment(NamedTuple):
    """Money that came; ``order`` is the number of the order that sent it, None where a person did."""

    booked_on: date
    minor: int
    order: int | None
    says_so: bool = False


@dataclass(slots=True)
class Payer:
    """One account of a country with its payments, and every how many months each of its orders pays."""

    country: str
    payments: list[Payment] = field(default_factory=list)
    months: dict[int, int] = field(default_factory=dict)

    def list_credits(self) -> list[Credit]:
        """Return the payments as the rule reads them: their number, and nothing of who made them."""
        return [Credit(n, p.booked_on, p.minor, p.says_so) for n, p in enumerate(self.payments)]


@dataclass(slots=True)
class Quality:
    """How well the series of many payers fit to their standing orders."""

    orders: int = 0
    made: int = 0
    right: int = 0
    orders_met: int = 0
    whole: int = 0
    swallowed: int = 0
    proposed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Return the share of series that are a standing order."""
        return self.right / self.made

    @property
    def recall(self) -> float:
        """Return the share of standing orders that were found."""
        return self.orders_met / self.orders

    @property
    def pieces(self) -> float:
        """Return the share of those that are one series."""
        return self.whole / self.orders_met

    def __str__(self) -> str:
        return (
            f"{self.orders} orders, {self.made} made by themselves: precision {self.precision:.4f}, "
            f"recall {self.recall:.4f}, one piece {self.pieces:.4f}, "
            f"{self.swallowed} payments of people swallowed, {self.proposed} more proposed"
        )


def judge(payers: Iterable[Payer]) -> Quality:
    """Let the rule read the payments of each payer alone; return how well it did."""
    quality = Quality()
    for payer in payers:
        _judge_payer(quality, payer)
    return quality


def _judge_payer(quality: Quality, payer: Payer) -> None:
    series = infer_series(payer.list_credits(), country=payer.country, lowest=PROPOSED)
    quality.proposed += sum(one.score < AUTO for one in series)
    paid = Counter(p.order for p in payer.payments if p.order is not None)
    pieces: Counter[int] = Counter()
    for one in series:
        if one.score < AUTO:
            continue
        quality.made += 1
        order = _find_order(payer, one)
        if order is None:
            quality.faults.append(
                f"{payer.country} {one.rhythm} {one.score}: "
                + ", ".join(
                    f"{hit.credit.booked_on} {hit.credit.minor} {payer.payments[hit.credit.credit_id].order}"
                    for hit in one.hits
                )
            )
            continue
        quality.right += 1
        quality.swallowed += sum(payer.payments[hit.credit.credit_id].order is None for hit in one.hits)
        pieces[order] += 1
    orders = [order for order, count in paid.items() if count >= LEAST_PAID]
    quality.orders += len(orders)
    quality.orders_met += sum(pieces[order] > 0 for order in orders)
    quality.whole += sum(pieces[order] == 1 for order in orders)
    quality.faults += [
        f"not found, or in {pieces[order]}: {payer.country} every {payer.months[order]}: "
        + ", ".join(f"{p.booked_on} {p.minor} {p.order}" for p in sorted(payer.payments))
        for order in orders
        if pieces[order] != 1
    ]


def _find_order(payer: Payer, one: Series) -> int | None:
    """Return the order that made three quarters of a series or more, in its own period; else None."""
    counts = Counter(payer.payments[hit.credit.credit_id].order for hit in one.hits)
    order, count = counts.most_common(1)[0]
    if order is None or 4 * count < 3 * len(one.hits) or payer.months[order] != one.rhythm.months:
        return None
    return order
