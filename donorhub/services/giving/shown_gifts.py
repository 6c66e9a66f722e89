"""What stands for a gift as a person was shown it: whoever takes it out or thanks for it sends that back."""

from __future__ import annotations

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Correction, Gift
from donorhub.services import shown
from donorhub.services.giving import gift_changes, gifts
from donorhub.services.shown import ShownRow


def compute_gift_digest(gift: Gift, *, left_minor: int, receipt_id: int | None) -> str:
    """Return the digest of a gift, of which so much is left, with the receipt that names it."""
    facts = [gift.id, gift.donor_id, gift.amount_minor, gift.currency, gift.received_on.isoformat()]
    return shown.compute_digest([*facts, left_minor, receipt_id])


def refuse_changed_gift(
    gift_id: int, digest: str | None, *, source: str = "manual", source_ref: str = ""
) -> None:
    """Raise Changed where a gift is not what was shown under this digest, None where nothing was shown; that
    it was taken out by this very ``source_ref`` is no change.
    """
    if digest is None:
        return
    gift = gift_changes.lock_gift(gift_id)
    if source_ref and db.session.scalar(
        select(Correction.id).filter_by(source=source, source_ref=source_ref)
    ):
        return
    now_digest = compute_gift_digest(
        gift,
        left_minor=gifts.compute_remainder(gift).minor,
        receipt_id=gifts.find_live_receipt_id(gift_id),
    )
    shown.refuse_changed(digest, ShownRow(gift, now_digest))
