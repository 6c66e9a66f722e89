"""What donors have given: one donor's giving, who gave in which year, lists of gifts.

A gift counts with what refunds, lost disputes and corrections left of it; tests count nowhere.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    bindparam,
    func,
    select,
    union_all,
)

from donorhub.db import db
from donorhub.domain.recurring.schedule import add_months
from donorhub.models import (
    Correction,
    DayTotal,
    Designation,
    Dispute,
    Donor,
    Fund,
    Gift,
    Refund,
)
from donorhub.models.states import COUNTED_REFUNDS, GiftMethod
from donorhub.money import Money, sum_by_currency
from donorhub.services.donors import custom_values
from donorhub.services.donors.custom_values import ValueFilter
from donorhub.services.giving import gifts
from donorhub.services.paging import LIMIT, AnyRow, Page, newest_first, read_rows

_ROWS: Final = select(
    Gift.id,
    Gift.donor_id,
    Donor.name.label("donor_name"),
    Gift.received_on,
    Gift.method,
    Gift.is_test,
    Gift.amount_minor,
    Gift.currency,
).join(Donor, Donor.id == Gift.donor_id)
_FEW_GIFTS: Final = 40_000  # of a year, which are added up at once

GiftRow = Gift | AnyRow


@dataclass(frozen=True, slots=True)
class GivingFacts:
    """One donor's giving: the sum of each currency, how many gifts count, the last of them."""

    totals: tuple[Money, ...] = ()
    count: int = 0
    first_on: date | None = None
    last: Gift | None = None
    last_left: Money | None = None  # of it, after what was taken away
    average: Money | None = None
    left_of_gifts: tuple[tuple[Gift, int], ...] = ()  # each that counts, with what is left of it


def compute_facts(donor_id: int) -> GivingFacts:
    """Return what a donor has given so far, tests left out."""
    rows = db.session.scalars(
        select(Gift).filter_by(donor_id=donor_id, is_test=False).order_by(Gift.received_on, Gift.id)
    ).all()
    deductions = gifts.sum_deductions([row.id for row in rows])
    counted_gifts = [
        (row, row.amount_minor - deductions[row.id]) for row in rows if row.amount_minor > deductions[row.id]
    ]
    if not counted_gifts:
        return GivingFacts()
    totals = tuple(sum_by_currency((minor, row.currency) for row, minor in counted_gifts))
    average = (
        Money(round(totals[0].minor / len(counted_gifts)), totals[0].currency) if len(totals) == 1 else None
    )
    last, last_minor = counted_gifts[-1]
    return GivingFacts(
        totals,
        len(counted_gifts),
        counted_gifts[0][0].received_on,
        last,
        Money(last_minor, last.currency),
        average,
        tuple(counted_gifts),
    )


def select_movements(first: date, last: date, *, currency: str | None = None) -> Subquery:
    """Return the money of a period as rows (donor_id, on_day, method, currency, minor): gifts as they came,
    and as negative amounts the refunds and lost disputes of its days. A correction takes its gift out of
    the gift's own day."""
    return union_all(*_list_movements(first, last, currency)).subquery("movement")


def _list_movements(first: date, last: date, currency: str | None) -> list[Select[Any]]:
    parts = [
        _select_part(Gift.received_on, Gift.amount_minor, first, last),
        _select_part(Refund.refunded_on, -Refund.amount_minor, first, last)
        .join(Refund, Refund.gift_id == Gift.id)
        .where(Refund.state.in_(COUNTED_REFUNDS)),
        _select_part(Dispute.opened_on, -Dispute.amount_minor, first, last)
        .join(Dispute, Dispute.gift_id == Gift.id)
        .where(Dispute.state == "lost"),
        _select_part(Gift.received_on, -Correction.amount_minor, first, last).join(
            Correction, Correction.gift_id == Gift.id
        ),
    ]
    if currency:
        parts = [part.where(Gift.currency == currency) for part in parts]
    return parts


def _select_part(on_day: Any, minor: Any, first: date, last: date) -> Select[Any]:
    return (
        select(Gift.donor_id, on_day.label("on_day"), Gift.method, Gift.currency, minor.label("minor"))
        .select_from(Gift)
        .where(on_day >= first, on_day <= last, Gift.is_test.is_(False), Gift.method != "in_kind")
    )


def find_start_of_year(day: date) -> date:
    """Return the first day of the twelve months that end on a day."""
    return add_months(day, -12) + timedelta(days=1)


def select_givers(first: date, last: date, currency: str) -> Select[int]:
    """Return a query for the ids of the donors whose giving in a period is more than nothing."""
    movement = select_movements(first, last, currency=currency)
    return select(movement.c.donor_id).group_by(movement.c.donor_id).having(func.sum(movement.c.minor) > 0)


def count_retained_donors(today: date, currency: str) -> tuple[int, int]:
    """Return how many donors of the year before the last twelve months gave again, and how many gave then."""
    start = find_start_of_year(today)
    end = start - timedelta(days=1)
    before = select_givers(find_start_of_year(end), end, currency).subquery()
    again = select_givers(start, today, currency).subquery()
    row = db.session.execute(
        select(func.count(again.c.donor_id), func.count()).select_from(
            before.outerjoin(again, before.c.donor_id == again.c.donor_id)
        )
    ).one()
    return row[0], row[1]


def has_not_given_again(today: date, currency: str) -> ColumnElement[bool]:
    """Return the condition that a donor gave in the year before the last twelve months, not since.

    Where few gifts came in that year the donors are taken from them, else a list asks donor by donor: it
    soon has enough for its page.
    """
    start = find_start_of_year(today)
    end = start - timedelta(days=1)
    periods = (find_start_of_year(end), end), (start, today)
    came_before = select(Gift.id).where(Gift.received_on.between(*periods[0]), Gift.is_test.is_(False))
    count_query = select(func.sum(DayTotal.gift_count)).where(DayTotal.day.between(*periods[0]))
    if (db.session.scalar(count_query) or 0) <= _FEW_GIFTS:
        before, since = (select_givers(*period, currency) for period in periods)
        return Donor.id.in_(before) & Donor.id.not_in(since)
    before_minor, since_minor = (_sum_of_donor(*period, currency) for period in periods)
    is_among_them = came_before.where(Gift.donor_id == Donor.id).exists()
    return is_among_them & (before_minor > 0) & (since_minor <= 0)


def _sum_of_donor(first: date, last: date, currency: str) -> ColumnElement[int]:
    """Return what the donor of a list's row gave in a period, as :func:`select_movements` says."""
    parts = (
        part.where(Gift.donor_id == Donor.id)
        .with_only_columns(func.coalesce(func.sum(part.selected_columns.minor), 0))
        .correlate(Donor)
        .scalar_subquery()
        for part in _list_movements(first, last, currency)
    )
    return reduce(operator.add, parts)


def make_conditions(
    *,
    first: date | None = None,
    last: date | None = None,
    donor_id: int | None = None,
    method: GiftMethod | None = None,
) -> list[ColumnElement[bool]]:
    """Return the conditions on gifts for all that is asked."""
    conditions: list[ColumnElement[bool]] = []
    if first:
        conditions.append(Gift.received_on >= first)
    if last:
        conditions.append(Gift.received_on <= last)
    if donor_id:
        conditions.append(Gift.donor_id == donor_id)
    if method:
        conditions.append(Gift.method == method)
    return conditions


def list_gifts(
    *conditions: ColumnElement[bool],
    custom: ValueFilter | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AnyRow]:
    """Return a page of gifts with their donors' names, the newest received first.

    With ``custom``, those in one of whose fields a value stands: the newest recorded first, and of a range by
    their values.
    """
    query = _ROWS.where(*conditions)
    if custom is not None:
        rows = db.session.execute(custom.order_rows(query, after=after, limit=limit)).all()
        return custom_values.cut_page(rows, limit)
    return read_rows(query, newest_first(Gift.received_on, Gift.id), after=after, limit=limit)


_FUND_NAMES: Final = (
    select(Designation.gift_id, Fund.name)
    .join(Fund, Fund.id == Designation.fund_id)
    .where(Designation.gift_id.in_(bindparam("gift_ids", expanding=True)))
    .order_by(Designation.id)
)


def find_fund_names(gifts_: Collection[AnyRow] | Collection[Gift]) -> dict[int, list[str]]:
    """Return the names of the funds that gifts are for, by gift; leave out gifts for no fund."""
    rows = db.session.execute(_FUND_NAMES, {"gift_ids": [gift.id for gift in gifts_]})
    names: dict[int, list[str]] = {}
    for gift_id, name in rows:
        names.setdefault(gift_id, []).append(name)
    return names


def find_deduction_states(gifts_: Collection[GiftRow]) -> Mapping[int, str]:
    """Return ``part`` or ``gone`` for each gift of which something was taken away, by id."""
    return tell_deductions(gifts_, gifts.sum_deductions([gift.id for gift in gifts_]))


def tell_deductions(gifts_: Collection[GiftRow], deductions: Mapping[int, int]) -> dict[int, str]:
    """Return the same where the minor units that were taken of each gift are known already."""
    return {
        gift.id: "gone" if deductions[gift.id] >= gift.amount_minor else "part"
        for gift in gifts_
        if deductions[gift.id]
    }
