"""Receipts of donors who were erased: numbers, days and sums stay readable, the papers are sealed.

Each receipt year has a key of its own, kept sealed with that of the installation. Reopening needs a reason
and is audited; when the year need be kept no more, its key is destroyed and nobody reads the papers again.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update

from donorhub import vault
from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import Receipt, ReceiptKey, ReceiptPdf
from donorhub.models.states import ReceiptState
from donorhub.services.access import audit
from donorhub.services.donors.erasure import Person
from donorhub.services.receipts.receipt_payload import Payload
from donorhub.services.receipts.receipts import get_receipt

_NONCE: Final = 12
_KEY: Final = 32


def seal_receipts(person: Person) -> None:
    """Seal the papers of a person; what stays readable of them names nobody."""
    query = select(Receipt).where(Receipt.donor_id.in_(person.donor_ids), Receipt.sealed_payload.is_(None))
    for receipt in db.session.scalars(query.order_by(Receipt.id)).all():
        key = _get_key(receipt.year, now=person.now)
        paper = {"payload": receipt.payload, "void_reason": receipt.void_reason}
        receipt.sealed_payload = _seal_paper(key, json.dumps(paper, ensure_ascii=False).encode())
        receipt.payload = hide_person(receipt.payload)
        receipt.void_reason = "" if receipt.void_reason is not None else None
        for pdf in db.session.scalars(select(ReceiptPdf).filter_by(receipt_id=receipt.id)):
            pdf.content = _seal_paper(key, pdf.content)
    db.session.flush()


def hide_person(payload: Payload) -> dict[str, object]:
    """Return a receipt's payload without what it says of the donor and what they wrote in transfers."""
    lines = [
        {**line, "reference": "", **({"goods": ""} if "goods" in line else {})} for line in payload["lines"]
    ]
    donor = {**payload["donor"], "name_line": "", "address_lines": [], "ids": {}}
    return {**payload, "donor": donor, "lines": lines}


def reopen_receipt(
    receipt_id: int, *, reason: str, now: datetime, actor: str
) -> tuple[dict[str, object], list[tuple[ReceiptState, bytes]]]:
    """Return what was sealed of a receipt: its payload, and its PDFs by their marks; the audit says why.

    Nothing is unsealed in the base. Raise Rejected without a reason or where nothing is sealed, Conflict
    where the key was destroyed.
    """
    if not reason.strip():
        raise Rejected("say why the paper is reopened", field="/reason")
    receipt = get_receipt(receipt_id)
    if receipt.sealed_payload is None:
        raise Rejected(f"receipt {receipt_id} is not sealed: its donor was not erased", code="not_sealed")
    key = find_key(receipt.year)
    if key is None:
        raise Conflict(
            f"the key of {receipt.year} was destroyed when its years of keeping ended", code="key_destroyed"
        )
    payload = unseal_payload(receipt.sealed_payload, key)
    pdfs = db.session.scalars(select(ReceiptPdf).filter_by(receipt_id=receipt.id).order_by(ReceiptPdf.id))
    papers = [(pdf.mark, _unseal_paper(key, pdf.content)) for pdf in pdfs]
    audit.record_action(
        actor, "receipt.reopened", ("receipt", receipt.id), now=now, data={"reason": reason.strip()}
    )
    return payload, papers


def unseal_payload(sealed_payload: bytes, key: bytes) -> dict[str, object]:
    """Return the payload as the receipt was issued."""
    payload: dict[str, object] = json.loads(_unseal_paper(key, sealed_payload))["payload"]
    return payload


def find_key(year: int) -> bytes | None:
    """Return the key of a receipt year; None where there is none, or none any more."""
    sealed_key = db.session.scalar(select(ReceiptKey.sealed_key).filter_by(year=year))
    return vault.unseal_bytes(sealed_key) if sealed_key else None


def unseal_pdf(content: bytes, key: bytes) -> bytes:
    """Return the bytes of a PDF as they were made."""
    return _unseal_paper(key, content)


def destroy_keys(*, last_year: int, now: datetime) -> int:
    """Destroy the keys of all years up to this one; return how many there were. Again changes nothing."""
    years = db.session.scalars(
        update(ReceiptKey)
        .where(ReceiptKey.year <= last_year, ReceiptKey.destroyed_at.is_(None))
        .values(sealed_key=None, destroyed_at=now)
        .returning(ReceiptKey.year)
    ).all()
    for year in sorted(years):
        audit.record_action(
            "system:0", "receipt.key_destroyed", ("organisation", 1), now=now, data={"year": year}
        )
    return len(years)


def _get_key(year: int, *, now: datetime) -> bytes:
    """Return the key of a year, made when it is needed first. One that was destroyed is replaced: what is
    sealed under the new one is destroyed with the next look at the clocks."""
    key = find_key(year)
    if key is None:
        key = os.urandom(_KEY)
        row = db.session.get(ReceiptKey, year)
        if row is None:
            db.session.add(ReceiptKey(year=year, sealed_key=vault.seal_bytes(key), made_at=now))
        else:
            row.sealed_key, row.made_at, row.destroyed_at = vault.seal_bytes(key), now, None
        db.session.flush()  # the next receipt of the year asks for it
    return key


def _seal_paper(key: bytes, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, None)


def _unseal_paper(key: bytes, cipher: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(cipher[:_NONCE], cipher[_NONCE:], None)
    except InvalidTag as e:
        raise Conflict("the sealed paper was changed, or its key is another", code="seal_broken") from e
