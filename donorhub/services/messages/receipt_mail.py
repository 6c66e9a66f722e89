"""Receipts by e-mail: the stored PDF to its donor, once, and what is attached to a message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import db, insert_or_ignore
from donorhub.errors import Conflict, DonorHubError, Rejected
from donorhub.models import Donor, Message, MessageAttachment, Receipt, ReceiptPdf
from donorhub.models.states import Lang
from donorhub.services.access import audit
from donorhub.services.donors import donors
from donorhub.services.messages import donor_facts, gate, messages, texts
from donorhub.services.messages.donor_facts import Facts
from donorhub.services.receipts import receipts, shown_receipts
from receipts import figures

PDF: Final = "application/pdf"


class FileNotReady(DonorHubError):
    """The PDF of a receipt is not made yet; the message waits for it."""

    code = "pdf_not_ready"


class FileChanged(DonorHubError):
    """The stored PDF is not the one that was made for the receipt, or the receipt is another donor's."""

    code = "file_changed"


def send_receipt(
    receipt_id: int, *, now: datetime, actor: str, domain: str, digest: str | None = None
) -> tuple[Message, bool]:
    """Plan the mail that brings a receipt to its donor; return it and whether it is new.

    A receipt is sent once: a second call returns the first mail, whatever became of it. Raise Changed where
    the receipt or the address is not what was shown under ``digest``, Conflict for a void receipt, Rejected
    where its donor cannot or must not be written to.
    """
    receipt = receipts.get_receipt(receipt_id)
    if find_sending(receipt_id) is None:
        shown_receipts.refuse_changed_receipt(receipt_id, digest, address=receipt.donor.email)
    refuse_sending(receipt, now=now)
    donor = donors.get_donor(receipt.donor_id)
    key = f"receipt:{receipt.id}"
    lang = texts.choose_lang("receipt", "email", donor.lang)
    outcome = messages.plan_message(
        "receipt",
        collect_facts(receipt, donor, lang),
        key=key,
        task_id=None,
        donor=donor,
        to_address=donor.email,
        lang=lang,
        now=now,
        domain=domain,
    )
    message = messages.find_message(key)
    assert message is not None  # noqa: S101  it was planned now or before
    if outcome == "known":
        return message, False
    _attach_receipt(message, receipt)
    audit.record_action(actor, "receipt.sent", ("receipt", receipt.id), now=now, data={"message": message.id})
    return message, True


def refuse_sending(receipt: Receipt, *, now: datetime) -> None:
    """Raise Conflict for a void receipt, Rejected where its donor cannot or must not be written to."""
    if receipt.state == "void":
        raise Conflict(
            f"receipt {receipts.format_number_of(receipt)} is void",
            code="receipt_void",
            number=receipts.format_number_of(receipt),
        )
    donor = donors.get_donor(receipt.donor_id)
    sentences = {
        "no_address": f"donor {donor.code} has no e-mail address: download the receipt and print it",
        "deceased": f"donor {donor.code} has died",
        "address_bounced": f"mail to the address of donor {donor.code} came back: print the receipt",
        "address_complained": f"donor {donor.code} complained about our mail: print the receipt",
        "suppressed": f"the address of donor {donor.code} is on the suppression list",
        "restricted": f"the data of donor {donor.code} are only kept, and nothing is sent to them",
        "erased": f"donor {donor.code} was erased",
    }
    reason = gate.find_hold(donor, "transactional", at=now)
    if reason:
        raise Rejected(sentences[reason], code="donor_unreachable", state=reason)


def collect_facts(receipt: Receipt, donor: Donor, lang: Lang) -> Facts:
    """Return what the mail that brings a receipt may say."""
    return {
        **donor_facts.describe_donor(donor, lang, kind="receipt"),
        "number": receipts.format_number_of(receipt),
        "issued_on": figures.write_long_date(receipt.issued_on, lang),
    }


def _attach_receipt(message: Message, receipt: Receipt) -> None:
    db.session.execute(
        insert_or_ignore(
            MessageAttachment, on=(MessageAttachment.message_id, MessageAttachment.receipt_id)
        ).values(
            message_id=message.id,
            kind="receipt",
            receipt_id=receipt.id,
            filename=f"{receipts.format_number_of(receipt).replace('/', '-')}.pdf",
            media_type=PDF,
        )
    )


def find_sending(receipt_id: int) -> Message | None:
    """Return the mail that brings, or brought, a receipt to its donor; None where there is none."""
    return messages.find_message(f"receipt:{receipt_id}")


def list_attachments(message_id: int) -> Sequence[MessageAttachment]:
    """Return what is attached to a message."""
    query = select(MessageAttachment).filter_by(message_id=message_id).order_by(MessageAttachment.id)
    return db.session.scalars(query).all()


def is_void(message: Message) -> bool:
    """Return whether a message brings a receipt that was voided since."""
    return any(
        receipts.get_receipt(attachment.receipt_id).state == "void"
        for attachment in list_attachments(message.id)
    )


def read_files(message: Message) -> list[tuple[MessageAttachment, bytes]]:
    """Return the attachments of a message with their bytes, noting in each what leaves.

    Raise FileNotReady while a PDF is not made, FileChanged where it is not the one that was made of this
    donor's receipt: nothing is sent then.
    """
    return [(attachment, _read_file(attachment, message)) for attachment in list_attachments(message.id)]


def _read_file(attachment: MessageAttachment, message: Message) -> bytes:
    receipt = receipts.get_receipt(attachment.receipt_id)
    donor = donors.get_donor(receipt.donor_id)
    if message.donor_id is None or donors.get_donor(message.donor_id).id != donor.id:
        raise FileChanged(f"receipt {receipt.id} is not of the donor whom message {message.id} goes to")
    pdf = db.session.scalar(select(ReceiptPdf).filter_by(receipt_id=receipt.id, mark="issued"))
    if pdf is None:
        raise FileNotReady(receipt.waits_because or "the PDF of the receipt is not made yet")
    sha256 = hashlib.sha256(pdf.content).hexdigest()
    if sha256 != receipt.pdf_sha256:
        raise FileChanged(f"the PDF of receipt {receipt.id} was changed after it was made")
    attachment.sha256, attachment.size = sha256, len(pdf.content)
    return pdf.content
