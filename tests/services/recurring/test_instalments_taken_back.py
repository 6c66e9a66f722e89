"""What a refund or a return does to instalments, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from flask import Flask
from sqlalchemy import event

from donorhub.db import db
from donorhub.models import Dispute, Gift, Instalment
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, overdue, recurring_gifts


def instalment_of(now: datetime) -> Instalment:
    donor = donors.create_donor({"name": "Ola"}, source="manual", now=now, actor="t")
    promise, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(5000, "PLN"),
            kind="provider",
            start_on=date(2026, 11, 1),
            source="t",
            source_ref="r",
        ),
        now=now,
        actor="t",
    )
    instalments.make_instalments(promise, today=date(2026, 11, 1))
    db.session.flush()
    return db.session.query(Instalment).order_by(Instalment.id).limit(1).one()


def gift_of(instalment: Instalment, minor: int, ref: str, now: datetime) -> Gift:
    donor_id = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id).donor_id
    gift, _ = gifts.record_gift(
        donor_id, Money(minor, "PLN"), received_on=now.date(), source="t", source_ref=ref, now=now, actor="t"
    )
    instalments.settle_instalments(gift, {instalment.id: minor}, now=now, actor="t")
    return gift


def test_repeated_return_spares_new_payment(database: Flask, now: datetime) -> None:
    """A return that comes again leaves alone what another gift has paid since."""
    instalment = instalment_of(now)
    first = gift_of(instalment, 5000, "1", now)
    instalments.unsettle_instalments(first.id, "bank_return", now=now)
    assert instalment.state == "returned"
    gift_of(instalment, 5000, "2", now)
    assert instalment.state == "paid"
    instalments.unsettle_instalments(first.id, "bank_return", now=now)
    assert instalment.state == "paid"


def test_returned_gift_pays_nothing(database: Flask, now: datetime) -> None:
    """A returned gift does not help to pay its instalment."""
    instalment = instalment_of(now)
    first = gift_of(instalment, 5000, "1", now)
    db.session.add(
        Dispute(
            gift_id=first.id,
            kind="return",
            amount_minor=5000,
            currency="PLN",
            state="lost",
            reason="",
            opened_on=now.date(),
            recorded_at=now,
            source="t",
            source_ref="1",
        )
    )
    instalments.unsettle_instalments(first.id, "bank_return", now=now)
    assert instalments.compute_settled_minor(instalment.id) == 0


def test_undone_part_leaves_other_part(database: Flask, now: datetime) -> None:
    """An undone part leaves the instalment paid in part by the other gift."""
    instalment = instalment_of(now)
    first = gift_of(instalment, 2000, "1", now)
    gift_of(instalment, 3000, "2", now)
    assert instalment.state == "paid"
    instalments.unsettle_instalments(first.id, "undo", now=now)
    assert (instalment.state, instalments.compute_settled_minor(instalment.id)) == ("partial", 3000)


def test_new_amount_reaches_existing_instalments(database: Flask, now: datetime) -> None:
    """A change of amount reaches the instalments that were made already."""
    instalment = instalment_of(now)
    promise = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    recurring_gifts.change_amount(promise, Money(8000, "PLN"), from_on=date(2026, 12, 1), now=now, actor="t")
    instalments.make_instalments(promise, today=now.date())
    db.session.flush()
    rows = db.session.query(Instalment).order_by(Instalment.nominal_on).all()
    assert [(row.state, row.amount_minor) for row in rows] == [
        ("expected", 5000),
        ("expected", 8000),
        ("expected", 8000),
        ("expected", 8000),
    ]


def test_hourly_round_needs_constant_queries(database: Flask, now: datetime) -> None:
    """The hourly round runs no more statements for a hundred recurring gifts than for ten."""
    counts = []
    for number in range(100):
        donor = donors.create_donor({"name": f"Ola {number}"}, source="import:t", now=now, actor="t")
        recurring_gifts.start_recurring_gift(
            recurring_gifts.NewRecurringGift(
                donor_id=donor.id,
                amount=Money(5000, "PLN"),
                kind="provider",
                start_on=date(2026, 11, 20),
                source="t",
                source_ref=f"p{number}",
            ),
            now=now,
            actor="t",
        )
        if number in (9, 99):
            overdue.advance_recurring_gifts(today=now.date(), now=now)
            db.session.commit()
            counts.append(statements_of(lambda: overdue.advance_recurring_gifts(today=now.date(), now=now)))
    assert counts[1] == counts[0] < 17


def statements_of(do: Callable[[], object]) -> int:
    """How many statements the database is asked for."""
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    do()
    event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)
