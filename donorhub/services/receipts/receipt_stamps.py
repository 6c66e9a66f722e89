"""What is stamped on a receipt after it was issued: that it is void, since when and why.

The frozen payload never changes; these are the only words that are printed beside it.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Receipt
from donorhub.services.access import organisation
from donorhub.services.receipts.receipt_payload import thaw_document
from donorhub.services.receipts.receipts import REPLACEMENT_REASON, format_number_of
from receipts.document import Receipt as Document


def get_issued_document(receipt: Receipt) -> Document:
    """Return the document as it was when the receipt was issued."""
    return thaw_document(receipt.payload)


def get_current_document(receipt: Receipt) -> Document:
    """Return the document as it stands now: of a void receipt with the day at the organisation, the
    reason, and what took its place.
    """
    if receipt.voided_at is None:
        return get_issued_document(receipt)
    successor = db.session.scalar(select(Receipt).filter_by(replaces_id=receipt.id))
    reason = receipt.void_reason or ""
    return replace(
        get_issued_document(receipt),
        state="void",
        voided_on=organisation.get_day(receipt.voided_at),
        # Our own word for it is English; the number that replaces it says the same in any language.
        void_reason="" if successor and reason == REPLACEMENT_REASON else reason,
        replaced_by=format_number_of(successor) if successor else "",
    )
