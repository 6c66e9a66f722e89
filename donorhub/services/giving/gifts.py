"""Gifts: recording them once, finding them, and what is later taken away from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, BindParameter, Select, and_, bindparam, insert, literal, select, union_all

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
from donorhub.services.donors import custom_fields, custom_values, donors
from donorhub.services.donors.custom_values import Values
from donorhub.services.giving import closed_books, new_gifts
from donorhub.services.giving.new_gifts import NewGift
from donorhub.services.paging import Subset, equals_if_given
from donorhub.services.work import events, tasks


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
    thank_delay: timedelta | None = None,
    campaign_id: int | None = None,
    appeal_id: int | None = None,
    note: str = "",
    goods: str = "",
    is_test: bool = False,
    thank: bool = True,
    custom: Values | None = None,
) -> tuple[Gift, bool]:
    """Record one gift and plan its thank-you; return it and whether it is new.

    The same ``source`` and ``source_ref`` again return the first row, so a webhook sent twice or a
    statement imported twice changes nothing; raise Conflict when the amount is another. ``fund_ids``
    gives minor units by fund and adds up to the amount, ``custom`` what stands in fields that were added, by
    their keys. Raise NotFound for an unknown donor, Rejected
    for what no gift can be.
    """
    earlier_gift = find_gift(source, source_ref)
    if earlier_gift is not None:
        refuse_other_amount(earlier_gift, amount)
        return earlier_gift, False
    new = NewGift(
        donor_id=donor_id,
        minor=amount.minor,
        currency=amount.currency,
        received_on=received_on,
        source=source,
        source_ref=source_ref,
        method=method,
        campaign_id=campaign_id,
        appeal_id=appeal_id,
        note=note,
        goods=goods,
        is_test=is_test,
        thank=thank,
    )
    new = _check_new_gift(new, now=now)
    gift = new_gifts.insert_gift(new, now=now)
    designate_gift(gift, fund_ids or {})
    if custom:
        custom_values.write_first_values({gift.id: custom}, custom_fields.list_shapes(entity="gift"))
    new_gifts.record_effects({gift.id: new}, now=now, actor=actor, thank_delay=thank_delay)
    return gift, True


def _check_new_gift(new: NewGift, *, now: datetime) -> NewGift:
    """Return the gift, of the donor into whom its own was merged; raise what speaks against it."""
    new_gifts.refuse_nothing(new)
    if new.received_on > organisation.get_day(now) + timedelta(days=1):
        raise Rejected(f"{new.received_on} is in the future", field="/received_on")
    if new.source == "manual" or new.source.startswith("api:"):
        closed_books.refuse_closed_days(new.received_on, field="/received_on")
    donor = donors.find_survivor(new.donor_id)
    if donor is None:
        raise NotFound(f"there is no donor {new.donor_id}", field="/donor_id")
    refuse_unknown_purpose(Campaign, new.campaign_id)
    refuse_unknown_purpose(Appeal, new.appeal_id)
    return new._replace(donor_id=donor.id)


def refuse_unknown_purpose(kind: type[Campaign | Appeal], id_: int | None) -> None:
    """Raise Rejected for a campaign or appeal that is not there; none is fine."""
    if id_ is not None and db.session.get(kind, id_) is None:
        raise Rejected(f"there is no {kind.__tablename__} {id_}", field=f"/{kind.__tablename__}_id")


def designate_gift(gift: Gift, fund_ids: Mapping[int, int], *, known_ids: Collection[int] = ()) -> None:
    """Record which funds a gift that has none is for, by minor units; for no fund in particular, nothing.

    Raise Rejected when they do not add up to the gift, or a fund is unknown, or closed and not among
    ``known_ids``, where the gift was before.
    """
    if not fund_ids:
        return
    if sum(fund_ids.values()) != gift.amount_minor or min(fund_ids.values()) <= 0:
        raise Rejected(
            "what goes to the funds must add up to the gift",
            code="designations_differ",
            field="/designations",
        )
    is_open = Fund.is_closed.is_(False) | Fund.id.in_(known_ids)
    for fund_id, minor in fund_ids.items():
        row = select(literal(gift.id), Fund.id, literal(minor, BigInteger())).where(
            Fund.id == fund_id, is_open
        )
        designation = (
            insert(Designation)
            .from_select(["gift_id", "fund_id", "amount_minor"], row)
            .returning(Designation.id)
        )
        if db.session.scalar(designation) is None:
            raise Rejected(f"fund {fund_id} is closed or unknown", code="fund_closed", field="/designations")


def list_equal_gifts(donor_id: int, amount: Money, received_on: date) -> list[Gift]:
    """Return the gifts of this donor, day and amount that were not taken out, the oldest first."""
    rows = db.session.scalars(
        select(Gift)
        .where(Gift.donor_id == donor_id, Gift.received_on == received_on, Gift.is_test.is_(False))
        .where(Gift.amount_minor == amount.minor, Gift.currency == amount.currency)
        .where(Gift.id.not_in(select(Correction.gift_id)))
        .order_by(Gift.id)
    )
    return list(rows)


def refuse_equal_gifts(
    equal_gifts: Sequence[Gift], source: str, source_ref: str, *, known_ids: Collection[int] = ()
) -> None:
    """Raise Conflict where one of these is not among ``known_ids``, which were looked at.

    A gift that is sent once more, under the same reference of its source, is not a second one.
    """
    ids = [gift.id for gift in equal_gifts if gift.id not in known_ids]
    if ids and find_gift(source, source_ref) is None:
        raise Conflict(
            "a gift of this donor, of the same day and amount, is recorded already: say that this is another",
            code="possible_duplicate_gift",
            gift_ids=ids,
        )


def find_gift(source: str, source_ref: str) -> Gift | None:
    """Return the gift that was recorded under this reference of a source, or None."""
    return db.session.scalar(select(Gift).filter_by(source=source, source_ref=source_ref))


def find_gifts(source: str, source_refs: Collection[str]) -> dict[str, Gift]:
    """Return the gifts that were recorded of one source, by their refs there."""
    rows = db.session.scalars(select(Gift).where(Gift.source == source, Gift.source_ref.in_(source_refs)))
    return {gift.source_ref: gift for gift in rows}


def read_gifts(gift_ids: Collection[int]) -> dict[int, Gift]:
    """Return gifts by their ids."""
    if not gift_ids:
        return {}
    return {gift.id: gift for gift in db.session.scalars(select(Gift).where(Gift.id.in_(gift_ids)))}


def refuse_other_amount(gift: Gift, amount: Money) -> None:
    """Raise Conflict when the gift was recorded with another amount than this."""
    if gift.amount != amount:
        raise Conflict(
            f"gift {gift.id} is known under {gift.source} {gift.source_ref} with {gift.amount}, not {amount}",
            code="gift_differs",
            gift_id=gift.id,
        )


def refuse_other_currency(gift_id: int, parts: Collection[Money]) -> None:
    """Raise Rejected where a part of a gift is in another currency than the gift."""
    currency = get_gift(gift_id).currency
    if any(part.currency != currency for part in parts):
        raise Rejected(
            f"gift {gift_id} is in {currency}",
            field="/designations",
            code="currency_differs",
            currency=currency,
        )


def get_gift(gift_id: int) -> Gift:
    """Return a gift; raise NotFound when there is none of this id."""
    gift = db.session.get(Gift, gift_id)
    if gift is None:
        raise NotFound(f"there is no gift {gift_id}")
    return gift


_GIFT_IDS: Final[BindParameter[int]] = bindparam("gift_ids", expanding=True)
_DEDUCTIONS: Final = union_all(
    select(Refund.gift_id, Refund.amount_minor).where(
        Refund.gift_id.in_(_GIFT_IDS), Refund.state.in_(COUNTED_REFUNDS)
    ),
    select(Dispute.gift_id, Dispute.amount_minor).where(
        Dispute.gift_id.in_(_GIFT_IDS), Dispute.state == "lost"
    ),
    select(Correction.gift_id, Correction.amount_minor).where(Correction.gift_id.in_(_GIFT_IDS)),
)


def sum_deductions(gift_ids: Sequence[int]) -> dict[int, int]:
    """Return the minor units that refunds, lost disputes and corrections took from each gift, by its id."""
    minor_by_gift = dict.fromkeys(gift_ids, 0)
    if not minor_by_gift:
        return minor_by_gift
    for gift_id, minor in db.session.execute(_DEDUCTIONS, {"gift_ids": list(gift_ids)}):
        minor_by_gift[gift_id] += minor
    return minor_by_gift


def list_designations(gift_ids: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """Return fund and minor units of each designation, by gift; gifts without any are left out."""
    rows = db.session.execute(
        select(Designation.gift_id, Designation.fund_id, Designation.amount_minor)
        .where(Designation.gift_id.in_(gift_ids))
        .order_by(Designation.id)
    )
    designations: dict[int, list[tuple[int, int]]] = {}
    for gift_id, fund_id, minor in rows:
        designations.setdefault(gift_id, []).append((fund_id, minor))
    return designations


def compute_remainder(gift: Gift) -> Money:
    """Return what is left of a gift; never below nothing, even when a refund and a dispute both took it."""
    return Money(max(0, gift.amount_minor - sum_deductions([gift.id])[gift.id]), gift.currency)


def find_live_receipt_id(gift_id: int) -> int | None:
    """Return the id of the receipt that names this gift now, or None."""
    return db.session.scalar(
        select(ReceiptLine.receipt_id).where(
            ReceiptLine.gift_id == gift_id, ReceiptLine.released_at.is_(None)
        )
    )


def find_live_receipt_ids(gift_ids: Sequence[int]) -> dict[int, int]:
    """Return the id of the receipt that names each of these gifts now, by gift; leave out those on none."""
    rows = db.session.execute(
        select(ReceiptLine.gift_id, ReceiptLine.receipt_id).where(
            ReceiptLine.gift_id.in_(gift_ids), ReceiptLine.released_at.is_(None)
        )
    )
    return {gift_id: receipt_id for gift_id, receipt_id in rows}  # noqa: C416  a Row is no pair for dict


def find_subset_of_fund(fund_id: int) -> Subset:
    """Return the gifts of which something is for a fund, for a list of gifts."""
    of_fund = and_(Designation.gift_id == Gift.id, Designation.fund_id == fund_id)
    return Subset(Designation, Designation.gift_id, of_fund)


def select_gifts(
    *,
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
        *equals_if_given(Gift.donor_id, donor_id),
        *equals_if_given(Gift.campaign_id, campaign_id),
        *equals_if_given(Gift.appeal_id, appeal_id),
        *equals_if_given(Gift.source, source),
        *equals_if_given(Gift.method, method),
        *equals_if_given(Gift.is_test, is_test),
    )
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
    """Take out a gift that was recorded wrongly; return the correction and whether it is new.

    The gift's row stays. Raise Rejected while a live receipt names it (void the receipt first), and when
    nothing is left of it.
    """
    earlier_correction = db.session.scalar(select(Correction).filter_by(source=source, source_ref=source_ref))
    if earlier_correction is not None:
        return earlier_correction, False
    gift = get_gift(gift_id)
    if source == "manual":
        closed_books.refuse_closed_days(gift.received_on)
    receipt_id = find_live_receipt_id(gift_id)
    if receipt_id is not None:
        raise Rejected(
            f"gift {gift_id} is on a receipt: void it first", code="gift_on_receipt", receipt_id=receipt_id
        )
    remainder = compute_remainder(gift)
    if remainder.minor == 0:
        raise Rejected(f"nothing is left of gift {gift_id}", code="nothing_left")
    correction = Correction(
        gift_id=gift.id,
        amount_minor=remainder.minor,
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
    audit.record_action(actor, "gift.corrected", ("gift", gift.id), now=now, data={"minor": remainder.minor})
    return correction, True
