"""The demo's older gifts, written many at once, in a hundredth of the statements: the rows that
``gifts.record_gift`` and ``instalments.settle_instalments`` write one by one.

Only for gifts that are new, that nobody is to be thanked for any more, and that pay an instalment whole.
tests/cli/test_demo.py compares the rows with those of the services.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import insert

from donorhub.db import db
from donorhub.models import Allocation, Designation, DomainEvent, Gift, Instalment
from donorhub.models.states import GiftMethod
from donorhub.money import Money
from donorhub.services.access import audit
from donorhub.services.recurring import instalments

SOURCE: Final = "import:demo"


@dataclass(frozen=True, slots=True)
class PastGift:
    """One gift of the past, and the instalment that it paid, if it paid one."""

    donor_id: int
    amount: Money
    received_on: date
    recorded_at: datetime
    source_ref: str
    method: GiftMethod
    fund_id: int
    instalment: Instalment | None = None


def write_gifts(past_gifts: Sequence[PastGift], *, actor: str) -> list[Gift]:
    """Write the gifts with designations, allocations, events and audit; return them in the same order.

    Raise IntegrityError for a gift that was written before.
    """
    rows = [_make_gift(one) for one in past_gifts]
    db.session.add_all(rows)
    db.session.flush()  # all that follows names the gifts
    pairs = list(zip(past_gifts, rows, strict=True))
    for one, _gift_row in pairs:
        if one.instalment is not None:
            instalments.change_state(one.instalment, "pay")
    _insert_rows(Designation, (_make_designation(one, gift) for one, gift in pairs))
    _insert_rows(
        Allocation, (_make_allocation(one.instalment, gift) for one, gift in pairs if one.instalment)
    )
    _insert_rows(DomainEvent, (event for one, gift in pairs for event in _make_events(one, gift)))
    audit.write_records(_make_audit_record(gift, actor) for gift in rows)
    return rows


def _insert_rows(table: type[object], rows: Iterator[dict[str, object]]) -> None:
    if batch := list(rows):
        db.session.execute(insert(table), batch)


def _make_gift(one: PastGift) -> Gift:
    return Gift(
        donor_id=one.donor_id,
        amount_minor=one.amount.minor,
        currency=one.amount.currency,
        received_on=one.received_on,
        recorded_at=one.recorded_at,
        source=SOURCE,
        source_ref=one.source_ref,
        method=one.method,
        thank=False,
    )


def _make_designation(one: PastGift, gift: Gift) -> dict[str, object]:
    return {"gift_id": gift.id, "fund_id": one.fund_id, "amount_minor": gift.amount_minor}


def _make_allocation(instalment: Instalment, gift: Gift) -> dict[str, object]:
    return {"gift_id": gift.id, "instalment_id": instalment.id, "amount_minor": gift.amount_minor}


def _make_events(one: PastGift, gift: Gift) -> Iterator[dict[str, object]]:
    times = {"donor_id": gift.donor_id, "occurred_at": gift.recorded_at, "recorded_at": gift.recorded_at}
    yield {
        "kind": "gift.recorded",
        "subject_type": "gift",
        "subject_id": gift.id,
        "origin": "history_import",
        "data": {},
        **times,
    }
    if one.instalment is not None:
        yield {
            "kind": "instalment.paid",
            "subject_type": "instalment",
            "subject_id": one.instalment.id,
            "origin": "live",
            "data": {"was_missed": False},
            **times,
        }


def _make_audit_record(gift: Gift, actor: str) -> dict[str, object]:
    data = {
        "donor": gift.donor_id,
        "minor": gift.amount_minor,
        "currency": gift.currency,
        "source": gift.source,
    }
    return audit.make_record(actor, "gift.recorded", ("gift", gift.id), now=gift.recorded_at, data=data)
