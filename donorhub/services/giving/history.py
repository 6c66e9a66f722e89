"""What donors have given: facts of one donor, stages of many, who gave in which year, lists of gifts.

A gift counts for what refunds, lost disputes and corrections left of it; tests count nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Select,
    Subquery,
    bindparam,
    func,
    select,
    union_all,
)

from donorhub.db import db
from donorhub.domain.recurring.schedule import months_after
from donorhub.domain.recurring.stages import DonorGiving, RecurringFacts, Stage, stage_on
from donorhub.models import (
    Correction,
    Designation,
    Dispute,
    Donor,
    Fund,
    Gift,
    Instalment,
    RecurringGift,
    Refund,
)
from donorhub.models.states import COUNTED_REFUNDS, LIVE_PROMISES, UNPAID_INSTALMENTS, GiftMethod
from donorhub.money import Money
from donorhub.services.giving import gifts
from donorhub.services.paging import LIMIT, AnyRow, Page, rows_newest_first

_SHOWN: Final = select(
    Gift.id,
    Gift.donor_id,
    Donor.name.label("donor_name"),
    Gift.received_on,
    Gift.method,
    Gift.is_test,
    Gift.amount_minor,
    Gift.currency,
).join(Donor, Donor.id == Gift.donor_id)

_DONOR_IDS: Final[BindParameter[int]] = bindparam("donor_ids", expanding=True)
_TODAY: Final[BindParameter[date]] = bindparam("today", type_=Date)
_GIVEN: Final = (
    select(Gift.id, Gift.donor_id, Gift.received_on, Gift.amount_minor)
    .where(Gift.donor_id.in_(_DONOR_IDS), Gift.is_test.is_(False), Gift.received_on <= _TODAY)
    .order_by(Gift.received_on)
)
_OVERDUE_SINCE: Final = (
    select(func.min(Instalment.due_on))
    .where(
        Instalment.recurring_gift_id == RecurringGift.id,
        Instalment.state.in_(UNPAID_INSTALMENTS),
        Instalment.due_on <= _TODAY,
    )
    .scalar_subquery()
)
_PROMISED: Final = select(RecurringGift.donor_id, RecurringGift.state, _OVERDUE_SINCE).where(
    RecurringGift.donor_id.in_(_DONOR_IDS),
    RecurringGift.state.in_(LIVE_PROMISES),
    RecurringGift.is_test.is_(False),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """One donor's giving: the sum of each currency, how many gifts count, the last of them."""

    totals: tuple[Money, ...] = ()
    count: int = 0
    first_on: date | None = None
    last: Gift | None = None
    average: Money | None = None


@dataclass(slots=True)
class _Giving:
    days: list[date] = field(default_factory=list)
    recurring: list[RecurringFacts] = field(default_factory=list)


def facts_of(donor_id: int) -> Facts:
    """What a donor has given so far."""
    rows = db.session.scalars(
        select(Gift).filter_by(donor_id=donor_id, is_test=False).order_by(Gift.received_on, Gift.id)
    ).all()
    away = gifts.taken_away([row.id for row in rows])
    left = [(row, row.amount_minor - away[row.id]) for row in rows if row.amount_minor > away[row.id]]
    if not left:
        return Facts()
    sums: dict[str, int] = {}
    for row, minor in left:
        sums[row.currency] = sums.get(row.currency, 0) + minor
    totals = tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))
    average = Money(round(totals[0].minor / len(left)), totals[0].currency) if len(totals) == 1 else None
    return Facts(totals, len(left), left[0][0].received_on, left[-1][0], average)


def stages_of(donors: Collection[Donor], *, today: date) -> dict[int, Stage]:
    """The stage of each donor on a day, by id, in three queries for all of them."""
    ids = [donor.id for donor in donors]
    found = {id_: _Giving() for id_ in ids}
    rows = db.session.execute(_GIVEN, {"donor_ids": ids, "today": today}).all()
    away = gifts.taken_away([row.id for row in rows])
    for row in rows:
        if row.amount_minor > away[row.id]:
            found[row.donor_id].days.append(row.received_on)
    for donor_id, facts in _recurring_facts(ids, today):
        found[donor_id].recurring.append(facts)
    return {
        donor.id: stage_on(
            today,
            DonorGiving(found[donor.id].days, found[donor.id].recurring, is_gone=donor.is_deceased),
        )
        for donor in donors
    }


def _recurring_facts(donor_ids: Collection[int], today: date) -> list[tuple[int, RecurringFacts]]:
    rows = db.session.execute(_PROMISED, {"donor_ids": list(donor_ids), "today": today})
    return [
        (donor_id, RecurringFacts(since, is_lapsed=state == "lapsed", is_paused=state == "paused"))
        for donor_id, state, since in rows
    ]


def movements(first: date, last: date, *, currency: str | None = None) -> Subquery:
    """Money of a period as rows (donor_id, on_day, method, currency, minor): gifts as they came, and below
    nothing what was booked in it as refund or lost dispute. A correction takes its gift out of the gift's
    own day (reports.md, Exact definitions)."""
    parts = [
        _part(Gift.received_on, Gift.amount_minor, first, last),
        _part(Refund.refunded_on, -Refund.amount_minor, first, last)
        .join(Refund, Refund.gift_id == Gift.id)
        .where(Refund.state.in_(COUNTED_REFUNDS)),
        _part(Dispute.opened_on, -Dispute.amount_minor, first, last)
        .join(Dispute, Dispute.gift_id == Gift.id)
        .where(Dispute.state == "lost"),
        _part(Gift.received_on, -Correction.amount_minor, first, last).join(
            Correction, Correction.gift_id == Gift.id
        ),
    ]
    if currency:
        parts = [part.where(Gift.currency == currency) for part in parts]
    return union_all(*parts).subquery("movement")


def _part(on_day: Any, minor: Any, first: date, last: date) -> Select[Any]:
    return (
        select(Gift.donor_id, on_day.label("on_day"), Gift.method, Gift.currency, minor.label("minor"))
        .select_from(Gift)
        .where(on_day >= first, on_day <= last, Gift.is_test.is_(False), Gift.method != "in_kind")
    )


def year_before(day: date) -> date:
    """The first day of the twelve months that end on a day."""
    return months_after(day, -12) + timedelta(days=1)


def gave_in(first: date, last: date, currency: str) -> Select[int]:
    """Ids of the donors whose giving in a period is more than nothing."""
    movement = movements(first, last, currency=currency)
    return select(movement.c.donor_id).group_by(movement.c.donor_id).having(func.sum(movement.c.minor) > 0)


def retention(today: date, currency: str) -> tuple[int, int]:
    """Of the donors of the twelve months before the last twelve: how many gave again, how many they were."""
    start = year_before(today)
    before = gave_in(year_before(start - timedelta(days=1)), start - timedelta(days=1), currency).subquery()
    again = gave_in(start, today, currency).subquery()
    row = db.session.execute(
        select(func.count(again.c.donor_id), func.count()).select_from(
            before.outerjoin(again, before.c.donor_id == again.c.donor_id)
        )
    ).one()
    return row[0], row[1]


def not_given_again(today: date, currency: str) -> ColumnElement[bool]:
    """A condition on donors: gave in the year before the last twelve months, and not since (LYBUNT)."""
    start = year_before(today)
    end = start - timedelta(days=1)
    return Donor.id.in_(gave_in(year_before(end), end, currency)) & Donor.id.not_in(
        gave_in(start, today, currency)
    )


def list_gifts(
    *,
    first: date | None = None,
    last: date | None = None,
    donor_id: int | None = None,
    method: GiftMethod | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AnyRow]:
    """List what a list shows of gifts, with their donors' names, the newest received first."""
    query = _SHOWN
    if first:
        query = query.where(Gift.received_on >= first)
    if last:
        query = query.where(Gift.received_on <= last)
    if donor_id:
        query = query.where(Gift.donor_id == donor_id)
    if method:
        query = query.where(Gift.method == method)
    return rows_newest_first(query, [Gift.received_on, Gift.id], after=after, limit=limit)


def fund_names_of(gifts_: Collection[AnyRow]) -> dict[int, list[str]]:
    """Return the names of the funds that gifts are for, by gift; gifts for no fund are left out."""
    rows = db.session.execute(
        select(Designation.gift_id, Fund.name)
        .join(Fund, Fund.id == Designation.fund_id)
        .where(Designation.gift_id.in_([gift.id for gift in gifts_]))
        .order_by(Designation.id)
    )
    names: dict[int, list[str]] = {}
    for gift_id, name in rows:
        names.setdefault(gift_id, []).append(name)
    return names


def state_of(gifts_: Collection[AnyRow]) -> Mapping[int, str]:
    """``part`` or ``gone`` for each gift of which something was taken away, by id."""
    away = gifts.taken_away([gift.id for gift in gifts_])
    return {
        gift.id: "gone" if away[gift.id] >= gift.amount_minor else "part" for gift in gifts_ if away[gift.id]
    }
