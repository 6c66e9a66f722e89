"""Donors, promises and a statement that has arrived, for the tests of matching and of deciding."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import (
    Donor,
    Entry,
    Gift,
    Instalment,
)
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import accounts, donors
from donorhub.services.receipts import receipts
from donorhub.services.recurring import instalments, recurring_gifts
from tests.services.bank.bank import Paid, camt, match, open_account, send

DAY = date(2026, 10, 5)


def donor(name: str = "Anna Kowalska", iban: str = "") -> Donor:
    made = donors.create_donor({"name": name}, source="form", now=clock.now(), actor="user:1")
    if iban:
        accounts.learn_account(made.id, iban, now=clock.now())
    db.session.commit()
    return made


def promise_instalment(giver: Donor, minor: int = 5000, day: date = DAY) -> Instalment:
    """The instalment due on ``day`` of a monthly standing order."""
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=giver.id,
            amount=Money(minor, "PLN"),
            kind="standing_order",
            start_on=day,
            source="manual",
            source_ref=f"r{giver.id}",
        ),
        now=clock.now(),
        actor="user:1",
    )
    instalments.make_instalments(gift, today=day)
    db.session.commit()
    return db.session.scalars(select(Instalment).order_by(Instalment.due_on)).first()  # type: ignore[return-value]


def entry_states() -> list[str]:
    return list(db.session.scalars(select(Entry.state).order_by(Entry.id)))


def only_entry() -> Entry:
    return db.session.scalars(select(Entry).execution_options(populate_existing=True)).one()


def only_gift() -> Gift:
    return db.session.scalars(select(Gift)).one()


def issue_receipt(now: datetime) -> None:
    """A receipt for the only gift, after the rules of a country that asks for little."""
    organisation.change_organisation({"jurisdiction": "XX", "city": "Berat"}, now=now, actor="user:1")
    receipts.issue_receipt([only_gift().id], today=now.date(), now=now, actor="user:1")
    db.session.commit()


def import_and_match(*payments: Paid, mode: str = "suggest") -> None:
    open_account(mode)
    send(camt(payments))
    match()


def only(query: Any) -> Any:
    return db.session.scalars(query).one()
