"""Two people who end one use of a payer at the same moment, on PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, Entry, PayerUse
from donorhub.services.bank.matching import entries, payer_pages
from donorhub.services.bank.matching.entries import Share
from tests.races import run_second
from tests.services.bank.bank import Paid
from tests.services.bank.matching.matching_world import DAY, donor, import_and_match


def test_use_is_ended_once(locks: Flask, now: datetime) -> None:
    """Of two who end a use the second finds it ended: the payer has changed once."""
    anna = donor()
    import_and_match(Paid(DAY, 5000, name="Anna Osoba"))
    entry = db.session.scalars(select(Entry)).one()
    entries.accept_shares(entry.id, [Share(anna.id, entry.amount_minor)], now=now, actor="user:1")
    db.session.commit()
    use = db.session.scalars(select(PayerUse)).one()
    payer_id, use_id = use.payer_id, use.id

    def end_use(actor: str) -> None:
        payer_pages.end_use(payer_id, use_id, today=DAY, now=now, actor=actor)

    version = payer_pages.get_payer(payer_id).version
    end_use("user:1")
    second = run_second(locks, lambda: end_use("user:2"))
    assert second.error is None
    db.session.expire_all()
    assert payer_pages.get_payer(payer_id).version == version + 1
    actors = db.session.scalars(select(AuditRecord.actor).where(AuditRecord.what == "payer_use.ended")).all()
    assert actors == ["user:1"]
