"""Making the PDF of a receipt out of its frozen payload, and storing it with its sha256."""

from __future__ import annotations

import hashlib

import receipts as printed
from donorhub.config import Settings
from donorhub.db import db
from donorhub.errors import DonorHubError
from donorhub.models import Receipt, Task
from donorhub.services import receipts
from donorhub.services.receipt_payload import digest, thaw
from receipts.document import Unrenderable


class PayloadChanged(DonorHubError):
    """What was frozen is not what is stored: somebody edited the table."""

    code = "payload_changed"


def render_receipt(task: Task, _settings: Settings) -> str:
    """Make one PDF. Without WeasyPrint's libraries the receipt waits and says so."""
    receipt, mark = receipts.get_receipt(task.subject_id), task.facts["mark"]
    content = pdf_of(receipt, mark)
    receipts.keep_pdf(receipt, mark, content, hashlib.sha256(content).hexdigest())
    return "made"


def pdf_of(receipt: Receipt, mark: str) -> bytes:
    """The bytes of a receipt; PayloadChanged when its payload does not fit its digest."""
    if digest(receipt.payload) != receipt.payload_sha256:
        raise PayloadChanged(f"the payload of receipt {receipt.id} was changed after it was issued")
    marks: dict[str, object] = {"state": "issued"}
    if mark == "void" and receipt.voided_at:
        marks = {
            "state": "void",
            "void_reason": receipt.void_reason or "",
            "voided_on": receipt.voided_at.date(),
        }
    try:
        return printed.render(thaw(receipt.payload, **marks))
    except Unrenderable as e:
        receipt.waits_because = str(e)
        db.session.commit()  # people see the reason even though the task failed
        raise
