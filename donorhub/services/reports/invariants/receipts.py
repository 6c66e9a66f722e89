"""What must hold of receipts: numbers without a gap, papers as they were issued."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select, tuple_

from donorhub.errors import Conflict
from donorhub.models import Receipt, ReceiptCounter, ReceiptLine, ReceiptPdf
from donorhub.services.receipts import sealed_receipts
from donorhub.services.receipts.receipt_payload import compute_digest
from donorhub.services.reports.invariants.scope import Scope, find_broken, show_some, stream_rows


def check_numbers(scope: Scope, _now: datetime) -> list[str]:
    """Return series whose numbers do not run from 1 without a gap.

    A series and year is counted whole when one receipt is new in it.
    """
    new_series = select(Receipt.series, Receipt.year).where(scope.is_new(Receipt))
    gaps = (
        select(
            ReceiptCounter.series,
            ReceiptCounter.year,
            ReceiptCounter.last,
            func.count(Receipt.id),
            func.coalesce(func.max(Receipt.number), 0),
        )
        .outerjoin(
            Receipt, and_(Receipt.series == ReceiptCounter.series, Receipt.year == ReceiptCounter.year)
        )
        .where(
            scope.narrow_condition(
                tuple_(ReceiptCounter.series, ReceiptCounter.year).in_(new_series), Receipt
            )
        )
        .group_by(ReceiptCounter.series, ReceiptCounter.year, ReceiptCounter.last)
        .having(
            or_(
                func.count(Receipt.id) != ReceiptCounter.last,
                func.coalesce(func.max(Receipt.number), 0) != ReceiptCounter.last,
                func.min(Receipt.number) < 1,
            )
        )
    )
    counter = select(ReceiptCounter.last).where(
        ReceiptCounter.series == Receipt.series, ReceiptCounter.year == Receipt.year
    )
    series_without_counter = (
        select(Receipt.series, Receipt.year).where(scope.is_concerned(Receipt), ~exists(counter)).distinct()
    )
    return [
        *find_broken(
            gaps,
            lambda series, year, last, n, top: (
                f"series {series}/{year}: counter {last}, {n} receipts, highest {top}"
            ),
        ),
        *find_broken(
            series_without_counter, lambda series, year: f"series {series}/{year} has receipts and no counter"
        ),
    ]


def check_papers(scope: Scope, _now: datetime) -> list[str]:
    """Return gifts on two live receipts, lines that do not add up, and payloads and PDFs that were
    changed.
    """
    gifts_on_two_receipts = (
        select(ReceiptLine.gift_id)
        .where(
            ReceiptLine.released_at.is_(None),
            scope.narrow_condition(
                ReceiptLine.gift_id.in_(select(ReceiptLine.gift_id).where(scope.is_new(ReceiptLine))),
                ReceiptLine,
            ),
        )
        .group_by(ReceiptLine.gift_id)
        .having(func.count() > 1)
    )
    sums = (
        select(Receipt.id)
        .join(ReceiptLine)
        .where(scope.is_concerned(Receipt, ReceiptLine.receipt_id))
        .group_by(Receipt.id)
        .having(func.sum(ReceiptLine.amount_minor) != func.max(Receipt.total_minor))
    )
    other_pdf = (
        select(Receipt.id)
        .join(ReceiptPdf, and_(ReceiptPdf.receipt_id == Receipt.id, ReceiptPdf.mark == "issued"))
        .where(
            scope.is_concerned(Receipt, ReceiptPdf.receipt_id),
            ReceiptPdf.sha256 != Receipt.pdf_sha256,
        )
    )
    return [
        *find_broken(gifts_on_two_receipts, lambda id_: f"gift {id_} is on two live receipts"),
        *find_broken(sums, lambda id_: f"the lines of receipt {id_} do not add up to it"),
        *find_broken(other_pdf, lambda id_: f"the PDF of receipt {id_} is not the one that was made"),
        *show_some(_find_changed_payloads(scope)),
        *show_some(_find_changed_pdfs(scope)),
    ]


def _find_changed_payloads(scope: Scope) -> Iterator[str]:
    query = select(Receipt.id, Receipt.year, Receipt.payload, Receipt.payload_sha256, Receipt.sealed_payload)
    keys: dict[int, bytes | None] = {}
    for id_, year, payload, sha256, sealed_payload in stream_rows(query.where(scope.is_concerned(Receipt))):
        if sealed_payload is None:
            is_whole = compute_digest(payload) == sha256
        else:
            if year not in keys:
                keys[year] = sealed_receipts.find_key(year)
            is_whole = _is_whole_sealed(sealed_payload, keys[year], sha256)
        if not is_whole:
            yield f"the payload of receipt {id_} was changed after it was issued"


def _is_whole_sealed(sealed_payload: bytes, key: bytes | None, sha256: str) -> bool:
    """Return whether a sealed payload is the one that was issued; without its key nobody can tell."""
    if key is None:
        return True
    try:
        return compute_digest(sealed_receipts.unseal_payload(sealed_payload, key)) == sha256
    except Conflict:
        return False


def _find_changed_pdfs(scope: Scope) -> Iterator[str]:
    query = select(ReceiptPdf.receipt_id, ReceiptPdf.content, ReceiptPdf.sha256)
    query = query.join(Receipt, Receipt.id == ReceiptPdf.receipt_id).where(Receipt.sealed_payload.is_(None))
    for receipt_id, content, sha256 in stream_rows(query.where(scope.is_new(ReceiptPdf)), chunk=20):
        if hashlib.sha256(content).hexdigest() != sha256:
            yield f"the bytes of a PDF of receipt {receipt_id} were changed"
