"""Eighteen months of made-up giving: single gifts, standing orders with missed instalments, receipts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select

from donorhub.cli.demo_people import SEED, Person
from donorhub.db import db
from donorhub.domain.banking_days import roll_forward
from donorhub.domain.schedule import months_after
from donorhub.models import Appeal, Campaign, Fund, Gift, Instalment, Receipt, RecurringGift
from donorhub.money import Money
from donorhub.services import gifts, instalments, receipts, recurring, tasks

MONTHS: Final = 18
ACTOR: Final = "cli:demo"
CURRENCY: Final = {"PL": "PLN", "AL": "ALL"}
AMOUNTS: Final = {
    "PLN": (2000, 3000, 5000, 10000, 20000, 50000),
    "EUR": (500, 1000, 2500, 5000),
    "ALL": (100000, 250000),
}
THANKED_DAYS: Final = 10  # older gifts were thanked for long ago


def add(people: Sequence[Person], *, now: datetime) -> None:
    """Record the giving up to yesterday and plan what is to be done today."""
    dice = random.Random(SEED + 1)
    today = now.date()
    funds = _purposes(today)
    for place, person in enumerate(people):
        if place % 4 == 0:
            _standing_order(person, place, funds[0], dice, now=now)
        if place % 11 != 3:  # some are prospects: in the base, no gift yet
            _single_gifts(person, funds, dice, today, now)
    instalments.advance_all(today=today, now=now, actor=ACTOR)
    _calls(people, now=now)


def _purposes(today: date) -> list[Fund]:
    db.session.add_all(
        [Fund(code="legal-aid", name="Legal aid"), Fund(code="watchdog", name="Watchdog"),
         Campaign(code="winter", name="Winter appeal", goal_minor=5_000_000, currency="PLN",
                  starts_on=today - timedelta(days=60))]
    )  # fmt: skip
    db.session.flush()  # the appeal names its campaign
    campaign = db.session.scalars(select(Campaign)).one()
    db.session.add(Appeal(code="letter", name="Letter in October", campaign_id=campaign.id))
    db.session.flush()  # gifts name funds by id
    return list(db.session.scalars(select(Fund).order_by(Fund.id)))


def currency_of(person: Person) -> str:
    return CURRENCY.get(person.donor.country, "EUR")


def _single_gifts(
    person: Person, funds: Sequence[Fund], dice: random.Random, today: date, now: datetime
) -> None:
    currency = currency_of(person)
    for number in range(dice.choice((1, 1, 2, 2, 3, 5, 8))):
        days = dice.randint(1, person.joined_days_ago)
        minor = dice.choice(AMOUNTS[currency]) * dice.choice((1, 1, 1, 1, 3))
        _gift(
            person, Money(minor, currency), today - timedelta(days=days), f"single:{number}",
            dice.choice(("transfer", "transfer", "card", "blik", "cash")), dice.choice(funds), now=now,
        )  # fmt: skip


def _gift(
    person: Person, amount: Money, on: date, ref: str, method: str, fund: Fund, *, now: datetime
) -> Gift:
    is_new_enough = (now.date() - on).days <= THANKED_DAYS
    gift, _ = gifts.record_gift(
        person.donor.id, amount, received_on=on, source="import:demo",
        source_ref=f"{person.donor.id}:{ref}", now=now - (now.date() - on), actor=ACTOR, method=method,
        fund_ids={fund.id: amount.minor}, thank=is_new_enough,
    )  # fmt: skip
    return gift


def _standing_order(person: Person, place: int, fund: Fund, dice: random.Random, *, now: datetime) -> None:
    today, currency = now.date(), currency_of(person)
    amount = Money(dice.choice(AMOUNTS[currency][:4]), currency)
    start = months_after(today, -dice.randint(3, MONTHS), day=dice.choice((1, 5, 10, 15, 28)))
    gift, _ = recurring.start(
        person.donor.id, amount, kind="standing_order", start_on=start, source="import:demo",
        source_ref=f"order:{person.donor.id}", now=now - (today - start), actor=ACTOR, fund_id=fund.id,
        payer_iban=person.iban,
    )  # fmt: skip
    instalments.materialise(gift, today=today)
    _pay(gift, person, place, fund, now=now)


def _pay(gift: RecurringGift, person: Person, place: int, fund: Fund, *, now: datetime) -> None:
    """Most pay; every ninth stopped two months ago, every seventh forgot the last one. The newest
    instalments are left to the bank files."""
    today = now.date()
    rows = db.session.scalars(
        select(Instalment).where(Instalment.recurring_gift_id == gift.id).order_by(Instalment.nominal_on)
    ).all()
    stopped = 62 if place % 36 == 0 else 31 if place % 28 == 4 else 12
    for number, instalment in enumerate(rows):
        if instalment.due_on > today - timedelta(days=stopped):
            continue
        paid_on = min(roll_forward(instalment.due_on + timedelta(days=number % 3), "PL"), today)
        paid = _gift(person, instalment.amount, paid_on, f"order:{number}", "standing_order", fund, now=now)
        instalments.settle(paid, {instalment.id: instalment.amount_minor}, now=now, actor=ACTOR)


def _calls(people: Sequence[Person], *, now: datetime) -> None:
    """Calls for today and tomorrow, some of them on the caller's own list."""
    for place in (10, 20, 30, 47, 111):
        person = people[place]
        tasks.plan(
            f"demo:call:{person.donor.id}", kind="call", performer="person", role="fundraiser",
            assignee_id=person.donor.owner_id, subject=("donor", person.donor.id), donor_id=person.donor.id,
            due_at=now + timedelta(hours=place % 30), now=now,
        )  # fmt: skip


def issue_receipts(*, now: datetime) -> None:
    """Twelve receipts in three languages, one of them void and replaced."""
    chosen = db.session.scalars(
        select(Gift)
        .where(Gift.currency == "PLN", Gift.method != "cash")
        .order_by(Gift.received_on, Gift.id)
        .limit(400)
    ).all()
    issued: list[Receipt] = []
    for gift in chosen[::37][:12]:
        lang = ("pl", "en", "sq")[len(issued) % 3]
        issued.append(receipts.issue([gift.id], today=now.date(), now=now, actor=ACTOR, lang=lang))
    receipts.replace(issued[3].id, today=now.date(), now=now, actor=ACTOR)
