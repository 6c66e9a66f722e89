"""Changing what a gift is for and who is recognised for it, each with its trace in the audit: fund, campaign,
appeal, note, goods, soft credits, and fields that the organisation added.

Amount, day and donor never change: a gift that is wrong there is taken out and recorded anew. What a
receipt told is not edited either, so a fund stays while one names the gift, and in closed books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypedDict

from sqlalchemy import delete, select

from donorhub.db import db
from donorhub.domain.donors.custom_shapes import Shape
from donorhub.errors import Conflict, DonorHubError, NotFound, Rejected
from donorhub.models import Appeal, AuditRecord, Campaign, Designation, Fund, Gift
from donorhub.money import Money
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.donors import custom_values
from donorhub.services.donors.custom_values import Values
from donorhub.services.giving import closed_books, gifts, soft_credits

MOST: Final = 200  # gifts that are changed in one go
_PERSONAL: Final = ("note",)


class GiftPurpose(TypedDict, total=False):
    """What may be changed of a gift beside its funds; what is left out stays."""

    campaign_id: int | None
    appeal_id: int | None
    note: str
    goods: str


class GiftChanges(GiftPurpose, total=False):
    """What may be changed of a gift; what is left out stays. ``fund_ids`` gives minor units by fund."""

    fund_ids: Mapping[int, int]
    credits: Mapping[int, int]  # who is recognised for it: minor units by donor
    custom: Values  # what is to stand in fields that were added, by their keys


@dataclass(frozen=True, slots=True)
class FundPlan:
    """Which of some gifts would go to another fund, which are there already, and which cannot, and why."""

    changing_gifts: Sequence[Gift]
    unchanged_gifts: Sequence[Gift]
    hindrances: Sequence[tuple[Gift, DonorHubError]]
    digest: str
    # of an undo: by gift, the minor units by fund that they go back to
    earlier_funds: Mapping[int, Mapping[int, int]] = field(default_factory=dict)


def collect_changes(
    new: GiftPurpose,
    fund_ids: Mapping[int, int] | None = None,
    credits: Mapping[int, int] | None = None,
    custom: Values | None = None,
) -> GiftChanges:
    """Return what is to be changed of a gift; without ``fund_ids`` its funds stay, without ``credits`` those
    who are recognised for it, without ``custom`` what stands in fields that were added."""
    changes: GiftChanges = {}
    if custom is not None:
        changes["custom"] = custom
    if credits is not None:
        changes["credits"] = credits
    if fund_ids is not None:
        changes["fund_ids"] = fund_ids
    if "campaign_id" in new:
        changes["campaign_id"] = new["campaign_id"]
    if "appeal_id" in new:
        changes["appeal_id"] = new["appeal_id"]
    if "note" in new:
        changes["note"] = new["note"]
    if "goods" in new:
        changes["goods"] = new["goods"]
    return changes


def change_gift(
    gift_id: int,
    changes: GiftChanges,
    *,
    now: datetime,
    actor: str,
    shown_digest: str | None = None,
    shapes: Sequence[Shape] = (),
) -> bool:
    """Change what a gift is for; return whether anything changed. The audit tells from what to what.

    ``shapes`` are the fields that were added and that the reader sees. Raise Conflict where
    ``shown_digest`` is given and no longer that of :func:`compute_digest`, Rejected for
    an unknown campaign or appeal, and for another fund that is closed or unknown, while a receipt names the
    gift, its books are closed or nothing is left of it.
    """
    gift = lock_gift(gift_id)
    if shown_digest is not None and shown_digest != compute_digest(gift, shapes):
        raise Conflict(
            f"somebody changed gift {gift_id} in the meantime: look again before you save",
            code="gift_changed",
        )
    value_changes: dict[str, audit.Change] = {}
    if "fund_ids" in changes:
        value_changes |= _change_funds(gift, changes["fund_ids"])
    if "credits" in changes:
        value_changes |= _change_credits(gift, changes["credits"])
    new_values: dict[str, Any] = {
        name: changes[name] for name in ("campaign_id", "appeal_id", "note", "goods") if name in changes
    }
    if new_values.get("goods", gift.goods) != gift.goods:
        _refuse_told_goods(gift)
    gifts.refuse_unknown_purpose(Campaign, new_values.get("campaign_id"))
    gifts.refuse_unknown_purpose(Appeal, new_values.get("appeal_id"))
    for name, value in new_values.items():
        if getattr(gift, name) != value:
            value_changes[name] = (getattr(gift, name), value)
            setattr(gift, name, value)
    custom_changes = custom_values.write_values(gift.id, changes.get("custom", {}), shapes)
    value_changes |= custom_changes
    if value_changes:
        audit.record_change(
            actor,
            "gift.changed",
            ("gift", gift.id),
            value_changes,
            now=now,
            personal={*_PERSONAL, *custom_changes},
            donor_id=gift.donor_id,
        )
    return bool(value_changes)


def compute_digest(gift: Gift, shapes: Sequence[Shape] = ()) -> str:
    """Return a digest of all that a reader of these added fields may change of a gift, so that nobody
    overwrites what they never saw."""
    funds = _read_funds(gift.id)
    credits = sorted(soft_credits.read_credits([gift.id]).get(gift.id, []))
    values = [gift.campaign_id, gift.appeal_id, gift.note, gift.goods]
    values_by_key = custom_values.read_values([gift.id], shapes)[gift.id]
    custom = sorted(custom_values.describe_values(values_by_key, shapes).items())
    return shown.compute_digest([gift.id, funds, credits, *values, custom])


def plan_fund(gift_ids: Sequence[int], fund_id: int | None) -> FundPlan:
    """Return what giving all of these gifts to one fund, or to none, would do. It changes nothing.

    Raise NotFound for a gift that is not there, Rejected for a fund that is closed or unknown and for more
    than :data:`MOST` gifts.
    """
    ids, rows = _read_chosen(gift_ids)
    if fund_id is not None:
        _refuse_closed_fund(fund_id)
    receipts, deductions = gifts.find_live_receipt_ids(ids), gifts.sum_deductions(ids)
    funds = gifts.list_designations(ids)
    changing_gifts: list[Gift] = []
    unchanged_gifts: list[Gift] = []
    hindrances: list[tuple[Gift, DonorHubError]] = []
    for id_ in ids:
        gift = rows[id_]
        new_parts = [(fund_id, gift.amount_minor)] if fund_id is not None else []
        if funds.get(id_, []) == new_parts:
            unchanged_gifts.append(gift)
            continue
        try:
            _refuse_told_fund(gift, receipts.get(id_), gift.amount_minor - deductions[id_])
        except Rejected as e:
            hindrances.append((gift, e))
            continue
        changing_gifts.append(gift)
    digest = shown.compute_digest([fund_id, [(gift.id, funds.get(gift.id, [])) for gift in changing_gifts]])
    return FundPlan(changing_gifts, unchanged_gifts, hindrances, digest)


def change_fund(
    gift_ids: Sequence[int], fund_id: int | None, *, shown_digest: str, now: datetime, actor: str
) -> list[int]:
    """Give all of these gifts that may go there to one fund, or to none; return the ids of those changed.

    Raise Conflict, and change nothing, where that is no longer what ``shown_digest`` stands for. A second
    call finds nothing left to change.
    """
    for id_ in sorted(set(gift_ids))[:MOST]:
        lock_gift(id_)
    plan = plan_fund(gift_ids, fund_id)
    if not plan.changing_gifts:
        return []
    if plan.digest != shown_digest:
        raise Conflict(
            "what would be changed is not what was shown any more: look again", code="gifts_changed"
        )
    for gift in plan.changing_gifts:
        fund_ids = {fund_id: gift.amount_minor} if fund_id is not None else {}
        change_gift(gift.id, {"fund_ids": fund_ids}, now=now, actor=actor)
    return [gift.id for gift in plan.changing_gifts]


def plan_fund_undo(gift_ids: Sequence[int]) -> FundPlan:
    """Return what taking back the last change of the funds of these gifts would do. It changes nothing.

    Those whose funds nobody changed, or not last, stay. Raise as :func:`plan_fund` does.
    """
    ids, rows = _read_chosen(gift_ids)
    receipts, deductions = gifts.find_live_receipt_ids(ids), gifts.sum_deductions(ids)
    funds = gifts.list_designations(ids)
    earlier = _find_earlier_funds(ids, funds)
    changing_gifts: list[Gift] = []
    hindrances: list[tuple[Gift, DonorHubError]] = []
    for id_ in earlier:
        try:
            _refuse_told_fund(rows[id_], receipts.get(id_), rows[id_].amount_minor - deductions[id_])
            for fund_id in earlier[id_]:
                _refuse_closed_fund(fund_id)
        except Rejected as e:
            hindrances.append((rows[id_], e))
            continue
        changing_gifts.append(rows[id_])
    earlier_funds = [
        [gift.id, funds.get(gift.id, []), sorted(earlier[gift.id].items())] for gift in changing_gifts
    ]
    unchanged_gifts = [rows[id_] for id_ in ids if id_ not in earlier]
    return FundPlan(
        changing_gifts, unchanged_gifts, hindrances, shown.compute_digest(["undo", earlier_funds]), earlier
    )


def undo_fund_change(gift_ids: Sequence[int], *, shown_digest: str, now: datetime, actor: str) -> list[int]:
    """Let all of these gifts that may go back be for what they were before the last change of their funds;
    return the ids of those changed. The audit tells this change too.

    Raise Conflict, and change nothing, where that is no longer what ``shown_digest`` stands for, as it is
    after the first call.
    """
    for id_ in sorted(set(gift_ids))[:MOST]:
        lock_gift(id_)
    plan = plan_fund_undo(gift_ids)
    if plan.digest != shown_digest:
        raise Conflict(
            "what would be changed is not what was shown any more: look again", code="gifts_changed"
        )
    for gift in plan.changing_gifts:
        change_gift(gift.id, {"fund_ids": plan.earlier_funds[gift.id]}, now=now, actor=actor)
    return [gift.id for gift in plan.changing_gifts]


def _read_chosen(gift_ids: Sequence[int]) -> tuple[list[int], dict[int, Gift]]:
    ids = sorted(set(gift_ids))
    if not ids or len(ids) > MOST:
        raise Rejected(f"choose one to {MOST} gifts", field="/gift_ids", code="too_many_gifts", most=MOST)
    rows = gifts.read_gifts(ids)
    for id_ in ids:
        if id_ not in rows:
            raise NotFound(f"there is no gift {id_}", field="/gift_ids")
    return ids, rows


def _find_earlier_funds(
    ids: Sequence[int], funds: Mapping[int, list[tuple[int, int]]]
) -> dict[int, dict[int, int]]:
    """Return what gifts were for before the last change of their funds, where they are as it left them."""
    records = db.session.scalars(
        select(AuditRecord)
        .where(
            AuditRecord.subject_type == "gift",
            AuditRecord.subject_id.in_(ids),
            AuditRecord.what == "gift.changed",
        )
        .order_by(AuditRecord.id)
    )
    earlier: dict[int, dict[int, int]] = {}
    for record in records:
        changes: Any = record.data.get("changes", {})
        if "funds" not in changes:
            continue
        before, after = changes["funds"]
        earlier.pop(record.subject_id, None)
        if sorted(after) == sorted([list(part) for part in funds.get(record.subject_id, [])]):
            earlier[record.subject_id] = dict(before)
    return {id_: earlier[id_] for id_ in ids if id_ in earlier}


def find_fund_hindrance(gift: Gift, *, receipt_id: int | None, remainder: Money) -> DonorHubError | None:
    """Return why the fund of a gift, of which so much is left, cannot be changed; None where it can."""
    try:
        _refuse_told_fund(gift, receipt_id, remainder.minor)
    except Rejected as e:
        return e
    return None


def list_changes(gift_id: int) -> Sequence[AuditRecord]:
    """Return the records of who changed a gift when, the newest first."""
    return db.session.scalars(
        audit.select_records(subject_type="gift", subject_id=gift_id, what="gift.changed")
        .order_by(AuditRecord.id.desc())
        .limit(MOST)
    ).all()


def lock_gift(gift_id: int) -> Gift:
    """Return the gift; on PostgreSQL nobody issues a receipt for it until the transaction ends."""
    gift = db.session.scalar(
        select(Gift).where(Gift.id == gift_id).with_for_update().execution_options(populate_existing=True)
    )
    if gift is None:
        raise NotFound(f"there is no gift {gift_id}")
    return gift


def _change_funds(gift: Gift, fund_ids: Mapping[int, int]) -> dict[str, audit.Change]:
    before = _read_funds(gift.id)
    after = [[fund_id, minor] for fund_id, minor in sorted(fund_ids.items())]
    if sorted(before) == after:
        return {}
    remainder = gifts.compute_remainder(gift).minor
    _refuse_told_fund(gift, gifts.find_live_receipt_id(gift.id), remainder)
    db.session.execute(delete(Designation).where(Designation.gift_id == gift.id))
    gifts.designate_gift(gift, fund_ids, known_ids=[fund_id for fund_id, _minor in before])
    db.session.expire(gift, ["designations"])  # who reads the gift in this transaction reads its new funds
    return {"funds": (before, after)}


def _change_credits(gift: Gift, minor_by_donor: Mapping[int, int]) -> dict[str, audit.Change]:
    before, after = soft_credits.set_credits(gift, minor_by_donor)
    if sorted(before) == sorted(after):
        return {}
    texts = [
        [f"#{donor_id} {Money(minor, gift.currency)}" for donor_id, minor in parts]
        for parts in (before, after)
    ]
    return {"credits": (texts[0], texts[1])}


def _read_funds(gift_id: int) -> list[list[int]]:
    return [[fund_id, minor] for fund_id, minor in gifts.list_designations([gift_id]).get(gift_id, [])]


def _refuse_told_fund(gift: Gift, receipt_id: int | None, remainder: int) -> None:
    """Raise Rejected where another fund would make untrue what was told, or change what is closed."""
    if receipt_id is not None:
        raise Rejected(
            f"a receipt names gift {gift.id} and told what it is for: void the receipt first",
            code="fund_on_receipt",
            field="/fund_id",
            receipt_id=receipt_id,
        )
    closed_books.refuse_closed_days(gift.received_on, field="/fund_id")
    if remainder <= 0:
        raise Rejected(f"nothing is left of gift {gift.id}", code="nothing_left", field="/fund_id")


def _refuse_told_goods(gift: Gift) -> None:
    """Raise Rejected where a receipt told what was given."""
    if gifts.find_live_receipt_id(gift.id) is not None:
        raise Rejected(
            f"a receipt names gift {gift.id} and told what was given: void the receipt first",
            code="gift_on_receipt",
            field="/goods",
        )


def _refuse_closed_fund(fund_id: int) -> None:
    fund = db.session.get(Fund, fund_id)
    if fund is None or fund.is_closed:
        raise Rejected(f"fund {fund_id} is closed or unknown", code="fund_closed", field="/fund_id")
