"""Making a receipt's PDF holds up nobody who writes."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

import receipts as printed
from donorhub.db import db
from donorhub.jobs.kinds import receipts as receipts_job
from donorhub.models import Task
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts


def test_a_pdf_is_drawn_outside_any_transaction(
    database: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation.get_organisation().jurisdiction = "XX"
    donor = donors.create_donor({"name": "Ola Wiśniewska"}, source="manual", now=now, actor="t")
    gift, _ = gifts.record_gift(
        donor.id, Money(5000, "PLN"), received_on=now.date(), source="t", source_ref="1", now=now, actor="t"
    )
    receipt = receipts.issue_receipt([gift.id], today=now.date(), now=now, actor="t")
    db.session.commit()
    task = db.session.query(Task).filter_by(kind="render_receipt").one()
    in_transaction: list[bool] = []
    draw = printed.render_pdf

    def watched(document: printed.Receipt) -> bytes:
        in_transaction.append(db.session().in_transaction())
        return draw(document)

    monkeypatch.setattr(printed, "render_pdf", watched)
    assert receipts_job.render_receipt(task, database.extensions["donorhub.settings"]) == "made"
    db.session.commit()
    assert in_transaction == [False]
    assert receipts.find_pdf(receipts.get_receipt(receipt.id)) is not None
