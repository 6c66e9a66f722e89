"""What stands for a receipt as a person was shown it: whoever voids or sends it sends that back."""

from __future__ import annotations

from donorhub.models import Receipt
from donorhub.services import shown
from donorhub.services.receipts import receipts
from donorhub.services.shown import ShownRow


def compute_receipt_digest(receipt: Receipt, address: str = "") -> str:
    """Return the digest of a receipt, and of the address that it would be sent to, where that is shown."""
    return shown.compute_digest([receipt.id, receipt.state, receipt.payload_sha256, address])


def refuse_changed_receipt(
    receipt_id: int, digest: str | None, *, void_reason: str = "", address: str = ""
) -> None:
    """Lock a receipt, and raise Changed where it, or the address, is not what was shown under this digest;
    None where nothing was shown. That it is void for the same reason is no change.
    """
    if digest is None:
        return
    receipt = receipts.lock_receipt(receipt_id)
    is_void_so = receipt.state == "void" and bool(void_reason) and receipt.void_reason == void_reason
    if not is_void_so and digest != compute_receipt_digest(receipt):
        shown.refuse_changed(digest, ShownRow(receipt, compute_receipt_digest(receipt, address)))
