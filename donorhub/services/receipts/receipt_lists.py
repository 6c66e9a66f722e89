"""Receipts as lists: those there are, and the gifts of a donor that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import exists, select

from donorhub.db import db
from donorhub.models import Dispute, Donor, Gift, Receipt, ReceiptLine
from donorhub.models.states import ReceiptState
from donorhub.money import Money
from donorhub.services.giving import gifts
from donorhub.services.paging import LIMIT, AnyRow, Page, newest_first, read_rows

_LIST_QUERY: Final = select(
    Receipt.id,
    Receipt.series,
    Receipt.year,
    Receipt.number,
    Receipt.issued_on,
    Receipt.donor_id,
    Donor.name.label("donor_name"),
    Receipt.state,
    Receipt.pdf_sha256,
    Receipt.total_minor,
    Receipt.currency,
).join(Donor, Donor.id == Receipt.donor_id)


@dataclass(frozen=True, slots=True)
class GiftWithoutReceipt:
    """A gift without a live receipt, what is left of it, and why it cannot have one, if so."""

    gift: Gift
    amount_left: Money
    hindrance: str  # "", "test", "gone", "disputed", "goods", "elsewhere"

    @property
    def is_fit(self) -> bool:
        """Return whether the gift can have a receipt."""
        return not self.hindrance


def list_receipts(
    *,
    year: int | None = None,
    donor_id: int | None = None,
    state: ReceiptState | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AnyRow]:
    """Return what a list shows of receipts, with their donors' names, the newest first."""
    query = _LIST_QUERY
    if year:
        query = query.where(Receipt.year == year)
    if donor_id:
        query = query.where(Receipt.donor_id == donor_id)
    if state:
        query = query.where(Receipt.state == state)
    return read_rows(query, newest_first(Receipt.id), after=after, limit=limit)


def list_gifts_without_receipt(donor_id: int, year: int) -> Sequence[GiftWithoutReceipt]:
    """Return a donor's gifts of a year that are on no live receipt, the oldest first."""
    on_receipt = select(ReceiptLine.gift_id).where(ReceiptLine.released_at.is_(None))
    rows = db.session.scalars(
        select(Gift)
        .where(
            Gift.donor_id == donor_id,
            Gift.received_on.between(date(year, 1, 1), date(year, 12, 31)),
            Gift.id.not_in(on_receipt),
        )
        .order_by(Gift.received_on, Gift.id)
    ).all()
    ids = [row.id for row in rows]
    minor_taken_away = gifts.sum_deductions(ids)
    disputed_ids = set(
        db.session.scalars(
            select(Dispute.gift_id).where(
                Dispute.gift_id.in_(ids), Dispute.state == "open", Dispute.kind != "warning"
            )
        )
    )
    return [
        _judge_gift(row, row.amount_minor - minor_taken_away[row.id], row.id in disputed_ids) for row in rows
    ]


def find_year_to_receipt(donor_id: int, *, today: date) -> int:
    """Return the newest year in which a donor gave what is on no live receipt; this year where there is
    none.
    """
    on_receipt = exists().where(ReceiptLine.gift_id == Gift.id, ReceiptLine.released_at.is_(None))
    query = select(Gift.received_on).where(Gift.donor_id == donor_id, Gift.received_on <= today, ~on_receipt)
    newest_on = db.session.scalar(query.order_by(Gift.received_on.desc()).limit(1))
    return newest_on.year if newest_on else today.year


def _judge_gift(gift: Gift, minor_left: int, is_disputed: bool) -> GiftWithoutReceipt:
    hindrance = "test" if gift.is_test else "gone" if minor_left <= 0 else "disputed" if is_disputed else ""
    if not hindrance and gift.method == "in_kind" and not gift.goods.strip():
        hindrance = "goods"
    if not hindrance and gift.receipted_elsewhere:
        hindrance = "elsewhere"
    return GiftWithoutReceipt(gift, Money(max(minor_left, 0), gift.currency), hindrance)


def find_neighbours(receipt: Receipt) -> tuple[Receipt | None, Receipt | None]:
    """Return the receipt that this one replaced and the one that replaced it, None where there is none."""
    old = db.session.get(Receipt, receipt.replaces_id) if receipt.replaces_id else None
    return old, db.session.scalar(select(Receipt).filter_by(replaces_id=receipt.id))
