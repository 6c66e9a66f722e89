"""What of a bank's file counts, and as how much: nothing pending, each currency apart, no fee of the bank."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Dispute, Entry, Gift
from donorhub.money import Money
from donorhub.services.bank.matching import entries
from donorhub.services.giving import gifts
from donorhub.services.reports import dashboard
from importers.text import Unreadable, parse_amount
from tests.services.bank.bank import Paid, assert_sound, camt, ledger, match, open_account, send
from tests.services.bank.matching.matching_world import DAY, donor, promise_instalment
from tests.services.receipts.test_receipts import give
from webhooks.stripe import amounts

PENDING = camt([Paid(DAY, 700), Paid(DAY, 5000, text="waits")], opening=None).replace(
    b"<Sts>BOOK</Sts>", b"<Sts>PDNG</Sts>"
)


def test_pending_entry_makes_no_gift(database: Flask, now: datetime) -> None:
    """What is pending stands in no ledger and makes no gift."""
    anna = donor()
    open_account("auto")
    half = camt([Paid(DAY, 700, text=anna.code), Paid(DAY, 5000, text=anna.code)], opening=None)
    at = half.rindex(b"<Sts>BOOK</Sts>")
    send(half[:at] + half[at:].replace(b"BOOK", b"PDNG"))
    match()
    assert ledger() == {(DAY, 700): 1}
    assert db.session.scalars(select(Gift.amount_minor)).all() == [700]
    assert_sound()


def test_booked_entry_counts_once(database: Flask, now: datetime) -> None:
    """What was pending counts once when it is booked, however often it was sent before."""
    open_account()
    for _again in range(2):
        assert send(PENDING).new_count == 0
    assert db.session.scalars(select(Entry.id)).all() == []
    send(camt([Paid(DAY, 700), Paid(DAY, 5000, text="waits")]), "booked.xml")
    send(PENDING, "again.xml")
    assert ledger() == {(DAY, 700): 1, (DAY, 5000): 1}
    assert_sound()


def test_sums_never_mix_currencies(database: Flask, now: datetime) -> None:
    giver_id = donor().id
    for number, (minor, currency) in enumerate([(5000, "PLN"), (700, "EUR"), (1, "EUR"), (300, "ALL")]):
        give(giver_id, now, str(number), minor, currency)
    sums = [Money(300, "ALL"), Money(701, "EUR"), Money(5000, "PLN")]
    assert dashboard.sum_received(date(2026, 11, 1), date(2026, 11, 30)) == sums
    by_method = [month.by_method for month in dashboard.list_months(now.date(), "EUR")]
    assert [sum(methods.values()) for methods in by_method if methods] == [701]


def take_back(gift_id: int, now: datetime) -> int:
    """Say that the only waiting entry takes this gift back; return what was written down."""
    (entry_id,) = db.session.scalars(select(Entry.id).where(Entry.amount_minor < 0)).all()
    if db.session.get_one(Entry, entry_id).state != "suspense":
        entries.undo_entry(entry_id, now=now, actor="user:1")
    entries.accept_return(entry_id, gift_id, now=now, actor="user:1")
    db.session.commit()
    return db.session.scalars(select(Dispute.amount_minor).where(Dispute.state == "lost")).one()


def test_return_fee_takes_no_more(database: Flask, now: datetime) -> None:
    """A return with the bank's fee takes back the gift alone."""
    gift_id = give(donor().id, now, minor=5000)
    open_account()
    send(camt([Paid(DAY, -5350, return_code="MD06")]))
    match()
    assert take_back(gift_id, now) == 5000
    assert gifts.compute_remainder(gifts.get_gift(gift_id)) == Money(0, "PLN")
    assert_sound()


def test_a_return_of_a_part_leaves_the_rest(database: Flask, now: datetime) -> None:
    gift_id = give(donor().id, now, minor=5000)
    open_account()
    send(camt([Paid(DAY, -2000, return_code="MD06")]))
    match()
    assert take_back(gift_id, now) == 2000
    assert gifts.compute_remainder(gifts.get_gift(gift_id)) == Money(3000, "PLN")
    assert_sound()


def test_return_makes_instalment_owed_again(database: Flask, now: datetime) -> None:
    """What the bank takes back makes the instalment owed again."""
    anna = donor()
    instalment = promise_instalment(anna)
    open_account("auto")
    send(camt([Paid(DAY, 5000, text=anna.code)]))
    match()
    gift_id = db.session.scalars(select(Gift.id)).one()
    db.session.refresh(instalment)
    assert instalment.state == "paid"
    send(camt([Paid(DAY, -5350, return_code="MD06", text="zwrot")], opening=5000), "return.xml")
    match()
    take_back(gift_id, now)
    db.session.refresh(instalment)
    assert instalment.state == "returned"


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.005", "PLN"), ("1.001", "EUR"), ("0.5", "JPY"), ("12.345", "ALL")]
)
def test_half_a_cent_is_no_amount(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="more decimals"):
        Money.parse(amount, currency)


@pytest.mark.parametrize("amount", ["0,005", "10,005", "1,0049"])
def test_half_cent_row_is_not_rounded(amount: str) -> None:
    """A bank row of half a cent is refused and not rounded."""
    with pytest.raises(Unreadable):
        parse_amount(amount, "PLN")


def test_half_a_unit_of_a_provider_goes_up() -> None:
    sums = [(Decimal("2.5"), 3), (Decimal("3.5"), 4), (Decimal("2.4999"), 2)]
    assert [(units, amounts.round_to_minor(units, "PLN")) for units, _minor in sums] == sums
