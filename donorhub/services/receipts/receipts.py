"""Receipts: issued with a number that has no gap, voided, replaced, and never edited.

The number is taken from a counter row in the transaction that inserts the receipt, as late as possible, so
that a rollback gives it back and two workers queue at that row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, select, update
from sqlalchemy.orm import selectinload

from donorhub.db import db, insert_or_ignore
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import (
    Gift,
    Receipt,
    ReceiptCounter,
    ReceiptLine,
    ReceiptPdf,
)
from donorhub.models.states import ReceiptState
from donorhub.services.access import audit
from donorhub.services.giving import gifts
from donorhub.services.paging import AnyRow, equals_if_given
from donorhub.services.receipts import receipt_drafts, receipt_upkeep
from donorhub.services.receipts.receipt_payload import compute_digest, freeze_document
from donorhub.services.receipts.receipt_previews import (
    Preview,
    find_last_issued_on,
    format_number,
    make_preview,
)
from donorhub.services.work import events, tasks
from receipts.document import Receipt as Document
from receipts.document import UnprintableText
from receipts.text import make_printable

REPLACEMENT_REASON: Final = "replaced"  # the reason for which a replaced receipt is void


def issue_receipt(
    gift_ids: Sequence[int],
    *,
    today: date,
    now: datetime,
    actor: str,
    lang: str | None = None,
    replaces: Receipt | None = None,
    digest: str | None = None,
) -> Receipt:
    """Issue a receipt for gifts of one donor in one currency and plan its PDF; return it.

    With the digest of a preview, raise Changed where the receipt would say anything else by now. Raise
    Rejected, with every reason, when a gift is on a live receipt, is a test, is wholly taken away or
    under dispute, or the country's rules lack something. A gift partly refunded is receipted for what is
    left.
    """
    preview = make_preview(gift_ids, today=today, lang=lang, replaces=replaces, holds_gifts=True)
    preview.require_digest(digest)
    receipt_drafts.refuse_problems(preview.document)
    series, issued_on, donor = preview.series, preview.document.issued_on, preview.donor
    number = _take_next_number(series, issued_on.year)
    # Asked again under the counter's lock: a clock set back, or another worker at midnight,
    # never gives a higher number an earlier day.
    issued_on = max(issued_on, find_last_issued_on(series, issued_on.year) or issued_on)
    preview.require_digest(digest, issued_on=issued_on)
    document = receipt_drafts.number_document(
        preview.document, format_number(series, issued_on.year, number), issued_on
    )
    receipt = _make_receipt(document, series, number, now=now, actor=actor)
    receipt.donor_id, receipt.replaces_id = donor.id, replaces.id if replaces else None
    db.session.add(receipt)
    db.session.flush()  # lines and task need receipt.id
    db.session.add_all(
        ReceiptLine(receipt_id=receipt.id, position=place, gift_id=gift.id, amount_minor=line.minor)
        for place, (gift, line) in enumerate(zip(preview.gift_rows, preview.lines, strict=True))
    )
    _plan_pdf(receipt, "issued", now=now)
    events.record_event(
        "receipt.issued", ("receipt", receipt.id), occurred_at=now, now=now, donor_id=donor.id
    )
    audit.record_action(
        actor,
        "receipt.issued",
        ("receipt", receipt.id),
        now=now,
        data={"number": document.number, "minor": document.total.minor, "currency": document.total.currency},
    )
    return receipt


def _make_receipt(document: Document, series: str, number: int, *, now: datetime, actor: str) -> Receipt:
    payload = freeze_document(document)
    return Receipt(
        series=series,
        year=document.issued_on.year,
        number=number,
        kind=document.kind,
        jurisdiction=document.jurisdiction,
        rule_pack_version=document.rule_pack_version,
        template_version=document.template_version,
        lang=document.lang,
        total_minor=document.total.minor,
        currency=document.total.currency,
        payload=payload,
        payload_sha256=compute_digest(payload),
        issued_at=now,
        issued_on=document.issued_on,
        issued_by=actor,
    )


def void_receipt(receipt_id: int, *, reason: str, now: datetime, actor: str) -> Receipt:
    """Void a receipt and return it: its number and lines stay, its gifts are free again.

    Ignore one that is void already. Raise Rejected without a reason, or with one that cannot be printed.
    """
    receipt = lock_receipt(receipt_id)
    if receipt.state == "void":
        return receipt
    reason = _check_reason(reason)
    receipt.state, receipt.voided_at, receipt.voided_by, receipt.void_reason = "void", now, actor, reason
    db.session.execute(
        update(ReceiptLine).where(ReceiptLine.receipt_id == receipt.id).values(released_at=now)
    )
    for line in receipt.lines:
        receipt_upkeep.update_accountant_tasks(gifts.get_gift(line.gift_id), now=now, actor=actor)
    _plan_pdf(receipt, "void", now=now)
    events.record_event(
        "receipt.voided", ("receipt", receipt.id), occurred_at=now, now=now, donor_id=receipt.donor_id
    )
    audit.record_action(actor, "receipt.voided", ("receipt", receipt.id), now=now)
    return receipt


def replace_receipt(
    receipt_id: int,
    *,
    today: date,
    now: datetime,
    actor: str,
    lang: str | None = None,
    digest: str | None = None,
) -> Receipt:
    """Void a receipt and return a new one for the same gifts that names the old.

    A gift that was wholly taken away since is left out. Raise Conflict when the receipt is void, Changed when
    it would say anything else than the preview with this digest, Rejected when nothing is left of any of its
    gifts: then it can only be voided.
    """
    old = _lock_live_receipt(receipt_id)
    gift_ids = _list_gifts_left([line.gift_id for line in old.lines])
    void_receipt(old.id, reason=REPLACEMENT_REASON, now=now, actor=actor)
    return issue_receipt(gift_ids, today=today, now=now, actor=actor, lang=lang, replaces=old, digest=digest)


def preview_replacement(receipt_id: int, *, today: date, lang: str | None = None) -> Preview:
    """Return what the receipt that takes the place of this one would say; raise as :func:`replace_receipt`
    does.
    """
    old = _lock_live_receipt(receipt_id)
    gift_ids = _list_gifts_left([line.gift_id for line in old.lines])
    return make_preview(gift_ids, today=today, lang=lang, replaces=old)


def _lock_live_receipt(receipt_id: int) -> Receipt:
    receipt = lock_receipt(receipt_id)
    if receipt.state == "void":
        raise Conflict(
            f"receipt {format_number_of(receipt)} is void already",
            code="receipt_void",
            number=format_number_of(receipt),
        )
    return receipt


def get_receipt(receipt_id: int) -> Receipt:
    """Return the receipt; raise NotFound where there is none."""
    receipt = db.session.get(Receipt, receipt_id)
    if receipt is None:
        raise NotFound(f"there is no receipt {receipt_id}")
    return receipt


def _list_gifts_left(gift_ids: list[int]) -> list[int]:
    minor_taken_away = gifts.sum_deductions(gift_ids)
    amounts = db.session.execute(select(Gift.id, Gift.amount_minor).where(Gift.id.in_(gift_ids)))
    return [id_ for id_, minor in amounts if minor > minor_taken_away[id_]] or gift_ids


def lock_receipt(receipt_id: int) -> Receipt:
    """Return the receipt, locked until the transaction ends; raise NotFound where there is none."""
    # Of two who void at once the second sees what the first did, and does not put its reason over it.
    query = select(Receipt).where(Receipt.id == receipt_id).with_for_update(of=Receipt)
    db.session.scalar(query.execution_options(populate_existing=True))
    return get_receipt(receipt_id)


def _check_reason(reason: str) -> str:
    if not reason.strip():
        raise Rejected("say why the receipt is voided", field="/reason")
    try:
        return make_printable(reason, "the reason")
    except UnprintableText as e:
        raise Rejected(str(e), code="reason_unprintable", field="/reason") from e


def select_receipts(
    *,
    donor_id: int | None = None,
    state: ReceiptState | None = None,
    issued_from: date | None = None,
    issued_to: date | None = None,
) -> Select[Receipt]:
    """Return a query for the receipts that fit all that is given, lines with them."""
    query = (
        select(Receipt)
        .where(*equals_if_given(Receipt.donor_id, donor_id), *equals_if_given(Receipt.state, state))
        .options(selectinload(Receipt.lines))
    )
    if issued_from is not None:
        query = query.where(Receipt.issued_on >= issued_from)
    if issued_to is not None:
        query = query.where(Receipt.issued_on <= issued_to)
    return query


def find_pdf(receipt: Receipt) -> ReceiptPdf | None:
    """Return the PDF that counts; None while it is not made.

    Of a void receipt only the stamped one counts, so that nobody takes the first for valid. Raise Conflict
    where the donor was erased and the paper is sealed (:mod:`.sealed_receipts`).
    """
    if receipt.sealed_payload is not None:
        raise Conflict(
            "the donor of this receipt was erased and its paper is sealed:"
            " `donorhub receipts reopen` shows it",
            code="receipt_sealed",
        )
    return db.session.scalar(select(ReceiptPdf).filter_by(receipt_id=receipt.id, mark=receipt.state))


def keep_pdf(receipt: Receipt, mark: ReceiptState, content: bytes, sha256: str) -> None:
    """Store the bytes that were made of the frozen payload; a second call leaves the first ones as they
    are.
    """
    db.session.execute(
        insert_or_ignore(
            ReceiptPdf,
            on=(
                ReceiptPdf.receipt_id,
                ReceiptPdf.mark,
            ),
        ).values(receipt_id=receipt.id, mark=mark, content=content, sha256=sha256)
    )
    if mark == "issued":
        receipt.pdf_sha256 = receipt.pdf_sha256 or sha256
    receipt.waits_because = ""


def format_number_of(receipt: Receipt | AnyRow) -> str:
    """Return a receipt's number as it is printed."""
    return format_number(receipt.series, receipt.year, receipt.number)


def _take_next_number(series: str, year: int) -> int:
    db.session.execute(
        insert_or_ignore(
            ReceiptCounter,
            on=(
                ReceiptCounter.series,
                ReceiptCounter.year,
            ),
        ).values(series=series, year=year, last=0)
    )
    number: int = db.session.execute(
        update(ReceiptCounter)
        .where(ReceiptCounter.series == series, ReceiptCounter.year == year)
        .values(last=ReceiptCounter.last + 1)
        .returning(ReceiptCounter.last)
    ).scalar_one()
    return number


def _plan_pdf(receipt: Receipt, mark: str, *, now: datetime) -> None:
    facts: dict[str, object] = {"mark": mark}
    tasks.plan_task(
        f"render_receipt:{receipt.id}:{mark}",
        kind="render_receipt",
        performer="worker",
        subject=("receipt", receipt.id),
        donor_id=receipt.donor_id,
        now=now,
        facts=facts,
    )
