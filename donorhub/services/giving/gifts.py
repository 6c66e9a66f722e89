"""Gifts: recording them once, and what is later taken away from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, Select, bindparam, select, union_all

from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import (
    Appeal,
    Campaign,
    Correction,
    Designation,
    Dispute,
    Fund,
    Gift,
    ReceiptLine,
    Refund,
)
from donorhub.models.states import COUNTED_REFUNDS, GiftMethod
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.giving import closed_books
from donorhub.services.paging import if_given
from donorhub.services.work import events, tasks

_settle = timedelta(seconds=120)


def settle_after(wait: timedelta) -> None:
    """Let thank-yous of this process wait so long after their gift (DONORHUB_SETTLE_S), so that what
    belongs to the gift has arrived when they are written."""
    global _settle  # noqa: PLW0603  one process has one such setting
    _settle = wait


def thanked_at(now: datetime) -> datetime:
    """When the thank-you of a gift that is recorded now falls due."""
    return now + _settle


def record_gift(  # noqa: PLR0913  each names a column
    donor_id: int,
    amount: Money,
    *,
    received_on: date,
    source: str,
    source_ref: str,
    now: datetime,
    actor: str,
    method: GiftMethod = "other",
    fund_ids: Mapping[int, int] | None = None,
    settle: timedelta | None = None,
    campaign_id: int | None = None,
    appeal_id: int | None = None,
    note: str = "",
    is_test: bool = False,
    thank: bool = True,
) -> tuple[Gift, bool]:
    """Record one gift and plan its thank-you; tell whether it is new.

    The same ``source`` and ``source_ref`` again give the first row back, so a webhook
    sent twice or a statement imported twice changes nothing; told with another amount,
    that is a Conflict. ``fund_ids`` gives minor units by fund and adds up to the amount.
    """
    known = find_gift(source, source_ref)
    if known is not None:
        refuse_other_amount(known, amount)
        return known, False
    if amount.minor <= 0:
        raise Rejected("a gift is more than nothing", field="/amount")
    if received_on > organisation.get_day(now) + timedelta(days=1):
        raise Rejected(f"{received_on} is in the future", field="/received_on")
    if source == "manual" or source.startswith("api:"):
        closed_books.refuse(received_on, field="/received_on")
    donor = donors.find_survivor(donor_id)
    if donor is None:
        raise NotFound(f"there is no donor {donor_id}", field="/donor_id")
    _refuse_unknown(Campaign, campaign_id)
    _refuse_unknown(Appeal, appeal_id)
    gift = Gift(
        donor_id=donor.id,
        amount_minor=amount.minor,
        currency=amount.currency,
        received_on=received_on,
        recorded_at=now,
        source=source,
        source_ref=source_ref,
        method=method,
        campaign_id=campaign_id,
        appeal_id=appeal_id,
        note=note,
        is_test=is_test,
        thank=thank,
    )
    db.session.add(gift)
    db.session.flush()  # what follows needs gift.id
    designate(gift, fund_ids or {})
    if gift.thank:
        plan_thank_you(gift, now=now, settle=settle)
    events.record_event("gift.recorded", ("gift", gift.id), occurred_at=now, now=now, donor_id=donor.id)
    audit.record_action(
        actor,
        "gift.recorded",
        ("gift", gift.id),
        now=now,
        data={"donor": donor.id, "minor": amount.minor, "currency": amount.currency, "source": source},
    )
    return gift, True


def _refuse_unknown(kind: type[Campaign | Appeal], id_: int | None) -> None:
    if id_ is not None and db.session.get(kind, id_) is None:
        raise Rejected(f"there is no {kind.__tablename__} {id_}", field=f"/{kind.__tablename__}_id")


def plan_thank_you(gift: Gift, *, now: datetime, settle: timedelta | None = None) -> bool:
    """Plan the thank-you of a gift; once, whoever asks."""
    return tasks.plan_task(
        f"thank_you:gift:{gift.id}",
        kind="thank_you",
        performer="worker",
        subject=("gift", gift.id),
        donor_id=gift.donor_id,
        due_at=now + (_settle if settle is None else settle),
        now=now,
    )


def designate(gift: Gift, fund_ids: Mapping[int, int]) -> None:
    """Say which funds a new gift is for; Rejected when they do not add up or a fund is closed."""
    if not fund_ids:
        return
    if sum(fund_ids.values()) != gift.amount_minor or min(fund_ids.values()) <= 0:
        raise Rejected(
            "what goes to the funds must add up to the gift",
            code="designations_differ",
            field="/designations",
        )
    open_funds = set(
        db.session.scalars(select(Fund.id).where(Fund.id.in_(fund_ids), Fund.is_closed.is_(False)))
    )
    for fund_id, minor in fund_ids.items():
        if fund_id not in open_funds:
            raise Rejected(f"fund {fund_id} is closed or unknown", code="fund_closed", field="/designations")
        db.session.add(Designation(gift_id=gift.id, fund_id=fund_id, amount_minor=minor))


def find_gift(source: str, source_ref: str) -> Gift | None:
    return db.session.scalar(select(Gift).filter_by(source=source, source_ref=source_ref))


def find_gifts(source: str, source_refs: Collection[str]) -> dict[str, Gift]:
    """Return the gifts that were recorded of one source, by their refs there."""
    rows = db.session.scalars(select(Gift).where(Gift.source == source, Gift.source_ref.in_(source_refs)))
    return {gift.source_ref: gift for gift in rows}


def refuse_other_amount(gift: Gift, amount: Money) -> None:
    """Raise Conflict where a gift that was recorded is told of again with another amount."""
    if gift.amount != amount:
        raise Conflict(
            f"gift {gift.id} is known under {gift.source} {gift.source_ref} with {gift.amount}, not {amount}",
            code="gift_differs",
            gift_id=gift.id,
        )


def get_gift(gift_id: int) -> Gift:
    gift = db.session.get(Gift, gift_id)
    if gift is None:
        raise NotFound(f"there is no gift {gift_id}")
    return gift


_GIFT_IDS: Final[BindParameter[int]] = bindparam("gift_ids", expanding=True)
_TAKEN: Final = union_all(
    select(Refund.gift_id, Refund.amount_minor).where(
        Refund.gift_id.in_(_GIFT_IDS), Refund.state.in_(COUNTED_REFUNDS)
    ),
    select(Dispute.gift_id, Dispute.amount_minor).where(
        Dispute.gift_id.in_(_GIFT_IDS), Dispute.state == "lost"
    ),
    select(Correction.gift_id, Correction.amount_minor).where(Correction.gift_id.in_(_GIFT_IDS)),
)


def taken_away(gift_ids: Sequence[int]) -> dict[int, int]:
    """Minor units that refunds, lost disputes and corrections have taken from each gift so far."""
    away = dict.fromkeys(gift_ids, 0)
    for gift_id, minor in db.session.execute(_TAKEN, {"gift_ids": list(gift_ids)}):
        away[gift_id] += minor
    return away


def parts_of(gift_ids: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """Return fund and minor units of each designation, by gift; gifts without any are left out."""
    rows = db.session.execute(
        select(Designation.gift_id, Designation.fund_id, Designation.amount_minor)
        .where(Designation.gift_id.in_(gift_ids))
        .order_by(Designation.id)
    )
    parts: dict[int, list[tuple[int, int]]] = {}
    for gift_id, fund_id, minor in rows:
        parts.setdefault(gift_id, []).append((fund_id, minor))
    return parts


def counts_for(gift: Gift) -> Money:
    """What is left of a gift; never below nothing, even when a refund and a dispute both took it."""
    return Money(max(0, gift.amount_minor - taken_away([gift.id])[gift.id]), gift.currency)


def live_receipt_id(gift_id: int) -> int | None:
    """The receipt that names this gift now, if one does."""
    return db.session.scalar(
        select(ReceiptLine.receipt_id).where(
            ReceiptLine.gift_id == gift_id, ReceiptLine.released_at.is_(None)
        )
    )


def live_receipt_ids(gift_ids: Sequence[int]) -> dict[int, int]:
    """The receipt that names each of these gifts now, by gift; those on none are left out."""
    rows = db.session.execute(
        select(ReceiptLine.gift_id, ReceiptLine.receipt_id).where(
            ReceiptLine.gift_id.in_(gift_ids), ReceiptLine.released_at.is_(None)
        )
    )
    return {gift_id: receipt_id for gift_id, receipt_id in rows}  # noqa: C416  a Row is no pair for dict


def choose(
    *,
    fund_id: int | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
    recorded_after: datetime | None = None,
    donor_id: int | None = None,
    campaign_id: int | None = None,
    appeal_id: int | None = None,
    source: str | None = None,
    method: GiftMethod | None = None,
    is_test: bool | None = None,
) -> Select[Gift]:
    """Return a query for the gifts that fit all that is given."""
    query = select(Gift).where(
        *if_given(Gift.donor_id, donor_id),
        *if_given(Gift.campaign_id, campaign_id),
        *if_given(Gift.appeal_id, appeal_id),
        *if_given(Gift.source, source),
        *if_given(Gift.method, method),
        *if_given(Gift.is_test, is_test),
    )
    if fund_id is not None:
        of_fund = select(Designation.gift_id).where(Designation.fund_id == fund_id)
        query = query.where(Gift.id.in_(of_fund))
    if received_from is not None:
        query = query.where(Gift.received_on >= received_from)
    if received_to is not None:
        query = query.where(Gift.received_on <= received_to)
    if recorded_after is not None:
        query = query.where(Gift.recorded_at > recorded_after)
    return query


def correct_gift(
    gift_id: int, *, reason: str, source_ref: str, now: datetime, actor: str, source: str = "manual"
) -> tuple[Correction, bool]:
    """Take out a gift that was recorded wrongly; tell whether that is new.

    The gift's row stays. Rejected while a live receipt names it: void the receipt first.
    """
    known = db.session.scalar(select(Correction).filter_by(source=source, source_ref=source_ref))
    if known is not None:
        return known, False
    gift = get_gift(gift_id)
    if source == "manual":
        closed_books.refuse(gift.received_on)
    receipt_id = live_receipt_id(gift_id)
    if receipt_id is not None:
        raise Rejected(
            f"gift {gift_id} is on a receipt: void it first", code="gift_on_receipt", receipt_id=receipt_id
        )
    left = counts_for(gift)
    if left.minor == 0:
        raise Rejected(f"nothing is left of gift {gift_id}", code="nothing_left")
    correction = Correction(
        gift_id=gift.id,
        amount_minor=left.minor,
        currency=gift.currency,
        reason=reason,
        recorded_at=now,
        actor=actor,
        source=source,
        source_ref=source_ref,
    )
    db.session.add(correction)
    tasks.cancel_task(f"thank_you:gift:{gift.id}", now=now, actor=actor, reason="corrected")
    events.record_event("gift.corrected", ("gift", gift.id), occurred_at=now, now=now, donor_id=gift.donor_id)
    audit.record_action(actor, "gift.corrected", ("gift", gift.id), now=now, data={"minor": left.minor})
    return correction, True
