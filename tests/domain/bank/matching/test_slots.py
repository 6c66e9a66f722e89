"""Which instalment a credit settles where several would do: cases that two made-up years brought up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from donorhub.domain.bank.matching.assignment import Fit, fit_credits
from donorhub.domain.bank.matching.matching_facts import Credit, InstalmentFacts, Policy
from donorhub.domain.recurring.changed_amounts import LooseGift, OpenSlot, find_claims, find_touched
from donorhub.money import Money

POLICY = Policy("DH")
FIRST_ON = date(2027, 2, 1)


def owe(
    id_: int, due_on: date, minor: int = 5000, gift_id: int = 1, state: str = "expected"
) -> InstalmentFacts:
    return InstalmentFacts(id_, 7, gift_id, due_on, Money(minor, "PLN"), state)


def fit(minor: int, on: date, *open_: InstalmentFacts, text: str = "") -> Fit:
    credit = Credit(1, None, Money(minor, "PLN"), on, text=text)
    return fit_credits([credit], open_, POLICY)[0]


def settled(one: Fit) -> list[int]:
    return [allocation.instalment_id for allocation in one.allocations]


@pytest.mark.parametrize("days_late", [11, 18, 20])
def test_late_money_pays_arrears_before_advance(days_late: int) -> None:
    """A payment that is late pays what is owed, and not the next instalment before its day."""
    owed = owe(1, FIRST_ON, state="missed")
    following = owe(2, date(2027, 3, 1))
    assert settled(fit(5000, FIRST_ON + timedelta(days=days_late), owed, following)) == [1]


def test_payment_before_weekend_is_not_late() -> None:
    """Up to five days early it is the next instalment's, whatever was missed a month ago."""
    owed, following = owe(1, FIRST_ON, state="missed"), owe(2, date(2027, 3, 1))
    assert settled(fit(5000, date(2027, 2, 26), owed, following)) == [2]


def test_double_payment_pays_its_own_day() -> None:
    """Of two owed from before, twice the amount pays the day on which it came and the one before it."""
    owed = [owe(n, date(2027, n, 5), state="missed") for n in (1, 2)]
    assert settled(
        fit(10000, date(2027, 3, 5), *owed, owe(3, date(2027, 3, 5)), owe(4, date(2027, 4, 5)))
    ) == [2, 3]


def test_double_payment_off_every_day_pays_arrears() -> None:
    """Twice the amount between two instalments pays the last two that are owed."""
    owed = [owe(n, date(2027, n, 5), state="missed") for n in (1, 2, 3)]
    assert settled(fit(10000, date(2027, 3, 20), *owed, owe(4, date(2027, 4, 5)))) == [2, 3]


def test_words_for_months_pay_in_advance() -> None:
    """Who says that it is for three months and owes nothing pays this one and the next two."""
    ahead = [owe(n, date(2027, n, 5)) for n in (3, 4, 5)]
    assert settled(fit(15000, date(2027, 3, 5), *ahead, text="za 3 miesiące")) == [3, 4, 5]


def test_right_amount_late_is_no_change_of_another() -> None:
    """Nine days late and exact for one promise, on the very day of another: it is the first one's."""
    late, on_day = owe(1, date(2027, 2, 24), 3000, 1), owe(2, date(2027, 3, 5), 10000, 2)
    assert settled(fit(3000, date(2027, 3, 5), late, on_day)) == [1]


def test_loose_gift_claims_its_own_amount_first() -> None:
    """A gift that settles nothing falls on the instalment of its amount before a nearer one of another."""
    day = date(2027, 3, 5)
    slots = [OpenSlot(1, 1, day - timedelta(days=9), 3000), OpenSlot(2, 2, day, 10000)]
    (claim,) = find_claims([LooseGift(9, day, 3000)], slots)
    assert claim.slot.instalment_id == 1


def test_doubled_order_pays_no_old_miss() -> None:
    """Twice the amount, and one instalment missed three months ago: the order was changed."""
    old = owe(1, date(2027, 5, 17), state="missed")
    now = [owe(n, date(2027, n, 16)) for n in (8, 9, 10)]
    assert fit(10000, date(2027, 8, 16), old, *now).settles == "amended"


def test_unsure_gift_holds_each_promise() -> None:
    """Money between the days of two promises lets neither be called unpaid."""
    day = date(2027, 5, 13)
    slots = [OpenSlot(1, 1, date(2027, 5, 5), 3000), OpenSlot(2, 2, date(2027, 5, 18), 10000)]
    assert find_touched([LooseGift(9, day, 2000)], slots) == {1, 2}
    assert find_touched([LooseGift(9, date(2027, 5, 29), 2000)], slots) == set()
