"""The frozen payload of a receipt: a printed document's values as JSON, and back again.

What was frozen is what is printed, today and in ten years.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from donorhub.money import Money
from receipts.document import DonorBlock, Line, Organisation, Receipt

Payload = Mapping[str, Any]  # what freeze wrote and JSON gives back


def freeze_document(document: Receipt) -> dict[str, object]:
    """Return all that is printed as plain JSON values."""
    period = [day.isoformat() for day in document.period] if document.period else None
    return {
        "number": document.number,
        "kind": document.kind,
        "jurisdiction": document.jurisdiction,
        "rule_pack_version": document.rule_pack_version,
        "template_version": document.template_version,
        "lang": document.lang,
        "issued_on": document.issued_on.isoformat(),
        "period": period,
        "replaces": document.replaces,
        "organisation": _freeze_organisation(document.organisation),
        "donor": {
            "name_line": document.donor.name_line,
            "address_lines": list(document.donor.address_lines),
            "ids": dict(document.donor.ids),
            "is_company": document.donor.is_company,
        },
        "lines": [_freeze_line(line) for line in document.lines],
        "total": _freeze_money(document.total),
    }


def thaw_document(payload: Payload) -> Receipt:
    """Return the document as it was issued."""
    donor, ours = payload["donor"], payload["organisation"]
    return Receipt(
        number=payload["number"],
        kind=payload["kind"],
        state="issued",
        jurisdiction=payload["jurisdiction"],
        rule_pack_version=payload["rule_pack_version"],
        template_version=payload["template_version"],
        lang=payload["lang"],
        issued_on=date.fromisoformat(payload["issued_on"]),
        period=_thaw_period(payload["period"]),
        replaces=payload["replaces"],
        organisation=Organisation(**{**ours, "address_lines": tuple(ours["address_lines"])}),
        donor=DonorBlock(**{**donor, "address_lines": tuple(donor["address_lines"])}),
        lines=tuple(_thaw_line(line) for line in payload["lines"]),
        total=_thaw_money(payload["total"]),
    )


def compute_digest(payload: Mapping[str, object]) -> str:
    """Return the sha256 of the payload in one way of writing, so that any later change shows."""
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _freeze_organisation(ours: Organisation) -> dict[str, object]:
    return {
        "legal_name": ours.legal_name,
        "address_lines": list(ours.address_lines),
        "ids": dict(ours.ids),
        "place": ours.place,
        "signatory_name": ours.signatory_name,
        "signatory_role": ours.signatory_role,
        "account": ours.account,
        "exemption": ours.exemption,
        "contact": ours.contact,
    }


def _freeze_line(line: Line) -> dict[str, object]:
    return {
        "received_on": line.received_on.isoformat(),
        "amount": _freeze_money(line.amount),
        "method": line.method,
        "purpose": line.purpose,
        "reference": line.reference,
        # Left out where there are none: what was frozen before has the same digest.
        **({"goods": line.goods} if line.goods else {}),
    }


def _thaw_line(line: Payload) -> Line:
    return Line(
        received_on=date.fromisoformat(line["received_on"]),
        amount=_thaw_money(line["amount"]),
        method=line["method"],
        purpose=line["purpose"],
        reference=line["reference"],
        goods=line.get("goods", ""),
    )


def _freeze_money(money: Money) -> dict[str, object]:
    return {"minor": money.minor, "currency": money.currency}


def _thaw_money(money: Payload) -> Money:
    return Money(money["minor"], money["currency"])


def _thaw_period(period: list[str] | None) -> tuple[date, date] | None:
    return (date.fromisoformat(period[0]), date.fromisoformat(period[1])) if period else None
