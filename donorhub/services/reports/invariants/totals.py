"""What must hold of what is kept added up: it is what the gifts add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime

from sqlalchemy import select, union

from donorhub.db import cut_query_values, db
from donorhub.models import Correction, Dispute, Gift, Refund
from donorhub.money import Money
from donorhub.services.giving import rollups
from donorhub.services.giving.rollups import Total
from donorhub.services.reports.invariants.scope import Scope, show_some


def check_day_totals(scope: Scope, _now: datetime) -> list[str]:
    """Return days whose kept totals are not what gifts, refunds, disputes and corrections add up to."""
    if scope.is_whole(Gift):
        return show_some(_compare_totals(None))
    days = cut_query_values(sorted(_find_days(scope)))
    return show_some(sentence for some in days for sentence in _compare_totals(some))


def _find_days(scope: Scope) -> set[date]:
    """Return the days of the gifts that are looked at, and of what was taken from them."""
    gift_ids = select(Gift.id).where(
        scope.is_concerned(Gift, Refund.gift_id, Dispute.gift_id, Correction.gift_id)
    )
    days = union(
        select(Gift.received_on).where(Gift.id.in_(gift_ids)),
        select(Refund.refunded_on).where(Refund.gift_id.in_(gift_ids)),
        select(Dispute.opened_on).where(Dispute.gift_id.in_(gift_ids)),
    )
    return set(db.session.scalars(days))


def _compare_totals(days: Collection[date] | None) -> Iterator[str]:
    kept, computed = rollups.read_totals(days), rollups.compute_totals(days)
    for key in sorted(kept.keys() | computed.keys()):
        ours, theirs = kept.get(key, Total()), computed.get(key, Total())
        if ours != theirs:
            kept_text, computed_text = (_describe_total(total, key.currency) for total in (ours, theirs))
            yield f"on {key.day} by {key.method}: kept are {kept_text}, the rows come to {computed_text}"


def _describe_total(total: Total, currency: str) -> str:
    came, went = Money(total.gross_minor, currency), Money(total.refunded_minor, currency)
    return f"{total.gift_count} gifts of {came} less {went}"
