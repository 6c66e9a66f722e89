"""Making the PDF of a receipt out of its frozen payload, and storing it with its sha256."""

from __future__ import annotations

import hashlib

import receipts as printed
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.errors import DonorHubError
from donorhub.models import Receipt, Task
from donorhub.models.states import ReceiptState
from donorhub.services.receipts import receipt_stamps, receipts
from donorhub.services.receipts.receipt_payload import compute_digest
from receipts.document import Receipt as Document
from receipts.document import UnprintableText, Unrenderable


class PayloadChanged(DonorHubError):
    """What was frozen is not what is stored: somebody edited the table."""

    code = "payload_changed"


def render_receipt(task: Task, _settings: Settings) -> str:
    """Make and store the PDF of a receipt; raise Unrenderable where WeasyPrint's libraries are missing.

    It is drawn outside any transaction; the receipt keeps the reason why it waits.
    """
    receipt_id, mark = task.subject_id, _read_mark(task)
    db.session.rollback()  # nobody waits for us while we draw
    with read_only():
        document = make_document(receipts.get_receipt(receipt_id), mark)
        db.session.rollback()
    try:
        content = printed.render_pdf(document)
    except (Unrenderable, UnprintableText) as e:
        receipts.get_receipt(receipt_id).waits_because = str(e)
        db.session.commit()  # people see the reason even though the task failed
        raise
    sha256 = hashlib.sha256(content).hexdigest()
    receipts.keep_pdf(receipts.get_receipt(receipt_id), mark, content, sha256)
    return "made"


def _read_mark(task: Task) -> ReceiptState:
    return "void" if task.facts["mark"] == "void" else "issued"


def make_document(receipt: Receipt, mark: ReceiptState) -> Document:
    """Return what is to be printed; raise PayloadChanged when the payload does not fit its digest."""
    if receipt.sealed_payload is None and compute_digest(receipt.payload) != receipt.payload_sha256:
        raise PayloadChanged(f"the payload of receipt {receipt.id} was changed after it was issued")
    return (
        receipt_stamps.get_current_document(receipt)
        if mark == "void"
        else receipt_stamps.get_issued_document(receipt)
    )
