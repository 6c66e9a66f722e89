"""What must always hold, checked against the raw rows: money first, then documents, work and audit.

Each check gives sentences on what is broken, none when it holds. They only read, and
count in the database, so that a large base is checked in seconds.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from donorhub.db import db
from donorhub.models import (
    Allocation,
    AuditRecord,
    Correction,
    Designation,
    Detail,
    Dispute,
    Entry,
    Gift,
    Instalment,
    Match,
    Message,
    Payment,
    Payout,
    PayoutItem,
    ProviderEvent,
    Receipt,
    ReceiptCounter,
    ReceiptLine,
    ReceiptPdf,
    Refund,
    Statement,
    Task,
)
from donorhub.models.states import COUNTED_STATEMENTS, UNCOUNTED_STATEMENTS
from donorhub.services.access import audit
from donorhub.services.receipts.receipt_payload import digest

STUCK_AFTER: Final = timedelta(hours=1)
SHOWN: Final = 20  # of one kind; the count says how many there are


def check_all(*, now: datetime, is_thorough: bool = False) -> dict[str, list[str]]:
    """Every invariant by name with what breaks it; an empty list where it holds.

    ``is_thorough`` also reads every PDF, which takes its time and need not be done every ten minutes.
    """
    found = {name: check(now) for name, check in CHECKS.items()}
    if is_thorough:
        found[_PDFS] += _changed_pdfs()
    return found


def _found(query: Select[*tuple[Any, ...]], sentence: Callable[..., str]) -> list[str]:
    rows = db.session.execute(query.limit(SHOWN + 1)).all()
    said = [sentence(*row) for row in rows[:SHOWN]]
    return [*said, "… and more"] if len(rows) > SHOWN else said


def _events_are_kept(_now: datetime) -> list[str]:
    """Every answered provider event lies in the inbox as it came."""
    broken = []
    events = db.session.execute(
        select(ProviderEvent.id, ProviderEvent.body, ProviderEvent.body_sha256)
    ).yield_per(500)
    for id_, body, sha256 in events:
        try:
            is_whole = hashlib.sha256(zlib.decompress(body)).digest() == sha256
        except zlib.error:
            is_whole = False
        if not is_whole:
            broken.append(f"the stored body of provider event {id_} was changed")
    return broken


def _events_move_on(now: datetime) -> list[str]:
    query = select(ProviderEvent.id).where(
        ProviderEvent.state == "received", ProviderEvent.received_at < now - STUCK_AFTER
    )
    return _found(
        query, lambda id_: f"provider event {id_} waits for more than an hour: is a worker running?"
    )


def _one_gift_a_payment(_now: datetime) -> list[str]:
    without = select(Payment.id).where(Payment.state == "succeeded", Payment.gift_id.is_(None))
    twice = (
        select(Payment.gift_id, func.count())
        .where(Payment.gift_id.is_not(None))
        .group_by(Payment.gift_id)
        .having(func.count() > 1)
    )
    other = (
        select(Payment.id, Gift.id)
        .join(Gift, Gift.id == Payment.gift_id)
        .where(
            or_(
                Gift.amount_minor != Payment.amount_minor,
                Gift.currency != Payment.currency,
                Gift.source_ref != Payment.payment_key,
            )
        )
    )
    orphan = select(Gift.id).where(
        Gift.source.in_(select(Payment.provider + ":" + Payment.account)),
        ~exists(select(Payment.id).where(Payment.gift_id == Gift.id)),
    )
    return [
        *_found(without, lambda id_: f"payment {id_} succeeded and has no gift"),
        *_found(orphan, lambda id_: f"gift {id_} came from a provider and no payment explains it"),
        *_found(twice, lambda gift, n: f"gift {gift} stands for {n} payments"),
        *_found(other, lambda payment, gift: f"gift {gift} differs from its payment {payment}"),
    ]


def _parts_add_up(_now: datetime) -> list[str]:
    designated = (
        select(Gift.id)
        .join(Designation)
        .group_by(Gift.id)
        .having(func.sum(Designation.amount_minor) != func.max(Gift.amount_minor))
    )
    detailed = (
        select(Entry.id)
        .join(Detail, Detail.entry_id == Entry.id)
        .group_by(Entry.id)
        .having(func.sum(Detail.amount_minor) != func.max(Entry.amount_minor))
    )
    allocated = (
        select(Gift.id)
        .join(Allocation, Allocation.gift_id == Gift.id)
        .group_by(Gift.id)
        .having(func.sum(Allocation.amount_minor) > func.max(Gift.amount_minor))
    )
    settled = (
        select(Instalment.id)
        .join(Allocation, Allocation.instalment_id == Instalment.id)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(Gift.currency != Instalment.currency)
    )
    return [
        *_found(designated, lambda id_: f"the designations of gift {id_} do not add up to it"),
        *_found(detailed, lambda id_: f"the details of entry {id_} do not add up to it"),
        *_found(allocated, lambda id_: f"more of gift {id_} is allocated than was given"),
        *_found(settled, lambda id_: f"instalment {id_} is settled in another currency"),
    ]


def _statements_balance(_now: datetime) -> list[str]:
    stands = Entry.state != "taken_back"  # such a row is kept only to explain a corrected gift
    of_statement = and_(Entry.statement_id == Statement.id, stands)
    proved = select(Statement.id).where(
        Statement.integrity == "proved",
        Statement.opening_minor + Statement.sum_minor != Statement.closing_minor,
    )
    sums = (
        select(Statement.id, Statement.sum_minor, func.coalesce(func.sum(Entry.amount_minor), 0))
        .outerjoin(Entry, of_statement)
        .where(
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.is_advice.is_(False),
            Statement.new_count == Statement.entries_count,
        )
        .group_by(Statement.id)
        .having(func.coalesce(func.sum(Entry.amount_minor), 0) != Statement.sum_minor)
    )
    counts = (
        select(Statement.id)
        .outerjoin(Entry, of_statement)
        .group_by(Statement.id)
        .having(func.count(Entry.id) != Statement.new_count)
    )
    homeless = (
        select(Entry.id)
        .join(Statement, Statement.id == Entry.statement_id)
        .where(Statement.state.in_(UNCOUNTED_STATEMENTS), stands)
    )
    return [
        *_found(proved, lambda id_: f"statement {id_} is called proved and its balances do not add up"),
        *_found(
            sums,
            lambda id_, said, is_: f"statement {id_} says {said} and its entries say {is_} (minor units)",
        ),
        *_found(counts, lambda id_: f"statement {id_} has not the number of new entries it says"),
        *_found(homeless, lambda id_: f"entry {id_} belongs to a statement that is not posted"),
    ]


def _matches_add_up(_now: datetime) -> list[str]:
    live = Match.undone_at.is_(None)
    sums = (
        select(Entry.id)
        .join(Match, and_(Match.entry_id == Entry.id, live, Match.kind == "gift"))
        .where(Entry.state == "matched", Entry.has_details.is_(False))
        .group_by(Entry.id)
        .having(func.sum(Match.amount_minor) != func.max(Entry.amount_minor))
    )
    bare = select(Entry.id).where(
        Entry.state == "matched", ~exists(select(Match.id).where(Match.entry_id == Entry.id, live))
    )
    unexplained = select(Gift.id).where(
        Gift.source == "bank",
        ~exists(select(Match.id).where(Match.gift_id == Gift.id, live)),
        ~exists(select(Correction.id).where(Correction.gift_id == Gift.id)),
        ~exists(select(Dispute.id).where(Dispute.gift_id == Gift.id)),  # taken back before it was undone
        ~exists(select(Refund.id).where(Refund.gift_id == Gift.id)),
    )
    return [
        *_found(sums, lambda id_: f"what entry {id_} was matched to is not its amount"),
        *_found(bare, lambda id_: f"entry {id_} is called matched and has no match"),
        *_found(unexplained, lambda id_: f"gift {id_} came from the bank and no entry explains it"),
    ]


def _payouts_add_up(_now: datetime) -> list[str]:
    query = (
        select(Payout.id, Payout.net_minor, func.sum(PayoutItem.net_minor))
        .join(PayoutItem, and_(PayoutItem.payout_id == Payout.id, PayoutItem.kind != "payout"))
        .group_by(Payout.id, Payout.net_minor)
        .having(func.sum(PayoutItem.net_minor) != Payout.net_minor)
    )
    return _found(
        query, lambda id_, said, is_: f"payout {id_} is {said} and its items make {is_} (minor units)"
    )


def _numbers_have_no_gap(_now: datetime) -> list[str]:
    query = (
        select(
            ReceiptCounter.series, ReceiptCounter.year, ReceiptCounter.last,
            func.count(Receipt.id), func.coalesce(func.max(Receipt.number), 0),
        )
        .outerjoin(
            Receipt, and_(Receipt.series == ReceiptCounter.series, Receipt.year == ReceiptCounter.year)
        )
        .group_by(ReceiptCounter.series, ReceiptCounter.year, ReceiptCounter.last)
        .having(
            or_(
                func.count(Receipt.id) != ReceiptCounter.last,
                func.coalesce(func.max(Receipt.number), 0) != ReceiptCounter.last,
                func.min(Receipt.number) < 1,
            )
        )
    )  # fmt: skip
    uncounted = (
        select(Receipt.series, Receipt.year)
        .where(
            ~exists(
                select(ReceiptCounter.last).where(
                    ReceiptCounter.series == Receipt.series, ReceiptCounter.year == Receipt.year
                )
            )
        )
        .distinct()
    )
    return [
        *_found(
            query,
            lambda series, year, last, n, top: (
                f"series {series}/{year}: counter {last}, {n} receipts, highest {top}"
            ),
        ),
        *_found(uncounted, lambda series, year: f"series {series}/{year} has receipts and no counter"),
    ]


def _receipts_are_whole(_now: datetime) -> list[str]:
    twice = (
        select(ReceiptLine.gift_id)
        .where(ReceiptLine.released_at.is_(None))
        .group_by(ReceiptLine.gift_id)
        .having(func.count() > 1)
    )
    sums = (
        select(Receipt.id)
        .join(ReceiptLine)
        .group_by(Receipt.id)
        .having(func.sum(ReceiptLine.amount_minor) != func.max(Receipt.total_minor))
    )
    other_pdf = (
        select(Receipt.id)
        .join(ReceiptPdf, and_(ReceiptPdf.receipt_id == Receipt.id, ReceiptPdf.mark == "issued"))
        .where(ReceiptPdf.sha256 != Receipt.pdf_sha256)
    )
    return [
        *_found(twice, lambda id_: f"gift {id_} is on two live receipts"),
        *_found(sums, lambda id_: f"the lines of receipt {id_} do not add up to it"),
        *_found(other_pdf, lambda id_: f"the PDF of receipt {id_} is not the one that was made"),
        *_changed_payloads(),
    ]


def _changed_payloads() -> Iterator[str]:
    rows = db.session.execute(select(Receipt.id, Receipt.payload, Receipt.payload_sha256)).yield_per(500)
    for id_, payload, sha256 in rows:
        if digest(payload) != sha256:
            yield f"the payload of receipt {id_} was changed after it was issued"


def _changed_pdfs() -> Iterator[str]:
    rows = db.session.execute(
        select(ReceiptPdf.receipt_id, ReceiptPdf.content, ReceiptPdf.sha256).order_by(ReceiptPdf.id)
    ).yield_per(50)
    for receipt_id, content, sha256 in rows:
        if hashlib.sha256(content).hexdigest() != sha256:
            yield f"the bytes of a PDF of receipt {receipt_id} were changed"


def _one_thank_you_a_gift(_now: datetime) -> list[str]:
    key = literal("thank_you:gift:") + cast(Gift.id, String)
    none = select(Gift.id).where(Gift.thank, ~exists(select(Task.id).where(Task.key == key)))
    first, second = aliased(Message), aliased(Message)
    twice = (
        select(first.task_id)
        .join(second, and_(second.task_id == first.task_id, second.id > first.id))
        .join(Task, Task.id == first.task_id)
        .where(Task.kind == "thank_you")
    )
    return [
        *_found(none, lambda id_: f"gift {id_} has no thank-you planned"),
        *_found(twice, lambda id_: f"task {id_} wrote two thank-yous"),
    ]


def _sendings_end(now: datetime) -> list[str]:
    query = select(Message.id).where(Message.state == "claimed", Message.planned_at < now - STUCK_AFTER)
    return _found(query, lambda id_: f"message {id_} is being sent for more than an hour")


def _gifts_are_audited(_now: datetime) -> list[str]:
    said = exists(
        select(AuditRecord.id).where(
            AuditRecord.subject_type == "gift",
            AuditRecord.subject_id == Gift.id,
            AuditRecord.what == "gift.recorded",
        )
    )
    return _found(select(Gift.id).where(~said), lambda id_: f"nobody says who recorded gift {id_}")


def _audit_is_unbroken(_now: datetime) -> list[str]:
    return audit.broken_links()[: SHOWN + 1]


_PDFS: Final = "receipts are as issued, one live for a gift"
CHECKS: Final[dict[str, Callable[[datetime], list[str]]]] = {
    "every answered provider event is kept as it came": _events_are_kept,
    "the inbox is worked off": _events_move_on,
    "one gift a payment": _one_gift_a_payment,
    "parts add up": _parts_add_up,
    "opening and entries make closing": _statements_balance,
    "matches explain the gifts from the bank": _matches_add_up,
    "items make the payout": _payouts_add_up,
    "receipt numbers run from 1 without a gap": _numbers_have_no_gap,
    _PDFS: _receipts_are_whole,
    "one thank-you a gift": _one_thank_you_a_gift,
    "no sending hangs": _sendings_end,
    "every gift is audited": _gifts_are_audited,
    "the audit chain is unbroken": _audit_is_unbroken,
}
