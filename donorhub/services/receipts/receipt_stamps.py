"""What is stamped on a receipt after it was issued: that it is void, since when and why.

The frozen payload never changes; these are the only words that are printed beside it.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Receipt
from donorhub.services.access import organisation
from donorhub.services.receipts.receipt_payload import thaw
from donorhub.services.receipts.receipts import REPLACED, number_of
from receipts.document import Receipt as Document


def as_issued(receipt: Receipt) -> Document:
    """The receipt as it was when it was issued."""
    return thaw(receipt.payload)


def as_it_stands(receipt: Receipt) -> Document:
    """The receipt as it is now. A void one tells the day at the organisation, and what took its place."""
    if receipt.voided_at is None:
        return as_issued(receipt)
    successor = db.session.scalar(select(Receipt).filter_by(replaces_id=receipt.id))
    reason = receipt.void_reason or ""
    return replace(
        as_issued(receipt),
        state="void",
        voided_on=organisation.get_day(receipt.voided_at),
        # Our own word for it is English; the number that replaces it says the same in any language.
        void_reason="" if successor and reason == REPLACED else reason,
        replaced_by=number_of(successor) if successor else "",
    )
