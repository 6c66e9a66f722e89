"""Eighteen months of made-up giving: single gifts, standing orders of which some stopped, receipts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select

from donorhub.cli.demo import history
from donorhub.cli.demo.history import SOURCE, PastGift
from donorhub.cli.demo.people import SEED, Person
from donorhub.db import db
from donorhub.domain.recurring.banking_days import roll_forward
from donorhub.domain.recurring.schedule import add_months
from donorhub.models import Appeal, Campaign, Fund, Gift, Instalment, Receipt, RecurringGift
from donorhub.models.states import GiftMethod
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from donorhub.services.recurring import instalments, recurring_gifts

MONTHS: Final = 18
ACTOR: Final = "cli:demo"
CURRENCY: Final = {"PL": "PLN", "AL": "ALL"}
AMOUNTS: Final = {
    "PLN": (2000, 3000, 5000, 10000, 20000, 50000),
    "EUR": (500, 1000, 2500, 5000),
    "ALL": (100000, 250000),
}
METHODS: Final[dict[str, tuple[GiftMethod, ...]]] = {  # BLIK moves zloty only
    "PLN": ("transfer", "transfer", "card", "blik", "cash"),
    "EUR": ("transfer", "transfer", "transfer", "card", "cash"),
    "ALL": ("transfer", "transfer", "cash"),
}
THANKED_DAYS: Final = 10  # older gifts were thanked for long ago


def add_giving(people: Sequence[Person], *, now: datetime) -> None:
    """Record the giving up to today; who is to be thanked for the newest gifts is planned with them."""
    dice = random.Random(SEED + 1)
    funds = _add_purposes(organisation.get_day(now))
    past_gifts: list[PastGift] = []
    for place, person in enumerate(people):
        if place % 4 == 0:
            past_gifts += _make_standing_order(person, place, funds[0], dice, now=now)
        if place % 11 != 3:  # some are prospects: in the base, no gift yet
            past_gifts += _make_single_gifts(person, funds, dice, now=now)
    past_gifts.sort(key=lambda one: one.recorded_at)
    is_recent = [
        (organisation.get_day(now) - one.received_on).days <= THANKED_DAYS and not one.instalment
        for one in past_gifts
    ]
    history.write_gifts([one for one, new in zip(past_gifts, is_recent, strict=True) if not new], actor=ACTOR)
    for one, new in zip(past_gifts, is_recent, strict=True):
        if new:
            _record_gift(one)


def _record_gift(one: PastGift) -> None:
    """Record a gift of these days, as it would be entered: with its thank-you."""
    gifts.record_gift(
        one.donor_id,
        one.amount,
        received_on=one.received_on,
        source="manual",
        source_ref=one.source_ref,
        now=one.recorded_at,
        actor=ACTOR,
        method=one.method,
        fund_ids={one.fund_id: one.amount.minor},
    )


def _add_purposes(today: date) -> list[Fund]:
    db.session.add_all(
        [
            Fund(code="legal-aid", name="Legal aid"),
            Fund(code="watchdog", name="Watchdog"),
            Campaign(
                code="winter",
                name="Winter appeal",
                goal_minor=5_000_000,
                currency="PLN",
                starts_on=today - timedelta(days=60),
            ),
        ]
    )
    db.session.flush()  # the appeal names its campaign
    campaign = db.session.scalars(select(Campaign)).one()
    db.session.add(Appeal(code="letter", name="Letter in October", campaign_id=campaign.id))
    db.session.flush()  # gifts name funds by id
    return list(db.session.scalars(select(Fund).order_by(Fund.id)))


def choose_currency(person: Person) -> str:
    """Return the currency that a person gives in: that of the country, else EUR."""
    return CURRENCY.get(person.donor.country, "EUR")


def _make_single_gifts(
    person: Person, funds: Sequence[Fund], dice: random.Random, *, now: datetime
) -> Iterator[PastGift]:
    currency = choose_currency(person)
    for number in range(dice.choice((1, 1, 2, 2, 3, 5, 8))):
        days = dice.randint(1, person.joined_days_ago)
        minor = dice.choice(AMOUNTS[currency]) * dice.choice((1, 1, 1, 1, 3))
        yield PastGift(
            person.donor.id,
            Money(minor, currency),
            organisation.get_day(now) - timedelta(days=days),
            now - timedelta(days=days, minutes=-dice.randint(5, 600)),
            f"{person.donor.id}:single:{number}",
            dice.choice(METHODS[currency]),
            dice.choice(funds).id,
        )


def _make_standing_order(
    person: Person, place: int, fund: Fund, dice: random.Random, *, now: datetime
) -> Iterator[PastGift]:
    """Start a recurring gift with its instalments, and return the gifts that paid them.

    Most pay; every ninth stopped two months ago, every seventh forgot the last one. The newest
    instalments are left to the bank files.
    """
    today, currency = organisation.get_day(now), choose_currency(person)
    amount = Money(dice.choice(AMOUNTS[currency][:4]), currency)
    start = add_months(today, -dice.randint(3, MONTHS), day=dice.choice((1, 5, 10, 15, 28)))
    recurring_gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=person.donor.id,
            amount=amount,
            kind="standing_order",
            start_on=start,
            source=SOURCE,
            source_ref=f"order:{person.donor.id}",
            fund_id=fund.id,
            payer_iban=person.iban,
        ),
        now=now - (today - start),
        actor=ACTOR,
    )
    instalments.make_instalments(recurring_gift, today=today)
    days_without = 62 if place % 36 == 0 else 31 if place % 28 == 4 else 12
    for number, instalment in enumerate(_list_instalments(recurring_gift)):
        if instalment.due_on > today - timedelta(days=days_without):
            break
        paid_on = min(roll_forward(instalment.due_on + timedelta(days=number % 3), "PL"), today)
        yield PastGift(
            person.donor.id,
            amount,
            paid_on,
            now - (today - paid_on),
            f"{person.donor.id}:order:{number}",
            "standing_order",
            fund.id,
            instalment,
        )


def _list_instalments(gift: RecurringGift) -> Sequence[Instalment]:
    return db.session.scalars(
        select(Instalment).where(Instalment.recurring_gift_id == gift.id).order_by(Instalment.nominal_on)
    ).all()


def issue_receipts(*, now: datetime) -> None:
    """Issue nine receipts in three languages over five weeks, and replace one of them."""
    candidates = db.session.scalars(
        select(Gift)
        .where(Gift.currency == "PLN", Gift.method != "cash", Gift.source == SOURCE)
        .where(
            Gift.received_on.between(
                organisation.get_day(now) - timedelta(days=200),
                organisation.get_day(now) - timedelta(days=40),
            )
        )
        .order_by(Gift.received_on, Gift.id)
        .limit(100)
    ).all()
    receipt_rows: list[Receipt] = []
    for place, gift in enumerate(candidates[::11][:9]):
        then = now - timedelta(days=4 * (9 - place))
        lang = ("pl", "en", "sq")[place % 3]
        receipt_rows.append(
            receipts.issue_receipt(
                [gift.id], today=organisation.get_day(then), now=then, actor=ACTOR, lang=lang
            )
        )
    receipts.replace_receipt(
        receipt_rows[3].id, today=organisation.get_day(now), now=now - timedelta(hours=1), actor=ACTOR
    )
