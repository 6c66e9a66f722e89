"""A bank account of ours that is known up to a day, for tests of what did not come."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import BankAccount, Coverage
from donorhub.services.bank.files import bank_accounts
from donorhub.services.recurring import known_banks

OURS = "PL61109010140000071219812874"


def know_bank(last_on: date, *, first_on: date = date(2020, 1, 1), currency: str = "PLN") -> BankAccount:
    """Let our account be known up to a day, since the hour after it."""
    noted_at = datetime.combine(last_on + timedelta(days=1), time(1), UTC)
    account = bank_accounts.create_account(OURS, currency, now=noted_at, actor="t")
    newest = db.session.scalars(
        select(Coverage.known_to)
        .filter_by(source=known_banks.name_source(account.id))
        .order_by(Coverage.id.desc())
    ).first()
    if newest != last_on:
        db.session.add(
            Coverage(
                source=known_banks.name_source(account.id),
                known_from=first_on,
                known_to=last_on,
                recorded_at=noted_at,
            )
        )
    db.session.flush()
    return account
