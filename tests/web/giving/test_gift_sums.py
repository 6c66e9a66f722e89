"""What lists of gifts add up to is what their rows show: nothing taken away counts, all is said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.models import Dispute, Donor, Gift, Refund
from donorhub.money import Money
from donorhub.services import counting
from donorhub.services.giving import gift_sums, gifts, history
from donorhub.services.recurring import instalments, promises
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import ACTOR, TODAY, add_donor, add_gift, add_recurring


def give(donor: Donor, amount: str, currency: str = "PLN", **more: object) -> Gift:
    gift, _ = gifts.record_gift(
        donor.id,
        Money.parse(amount, currency),
        received_on=TODAY,
        source="manual",
        source_ref=f"{donor.id}-{amount}-{currency}-{more}",
        now=clock.now(),
        actor=ACTOR,
        method="cash",
        **more,  # type: ignore[arg-type]
    )
    db.session.commit()
    return gift


def take_away(
    gift: Gift, minor: int, kind: type[Refund] | type[Dispute] = Refund, state: str = "succeeded"
) -> None:
    when = {"refunded_on": TODAY} if kind is Refund else {"opened_on": TODAY}
    common = {
        "currency": gift.currency,
        "recorded_at": clock.now(),
        "source": "x",
        "source_ref": f"{gift.id}",
    }
    db.session.add(kind(gift_id=gift.id, amount_minor=minor, state=state, **common, **when))
    db.session.commit()


@pytest.fixture
def anna(database: Flask) -> Donor:
    """Six gifts of a donor: a whole one, one in euros, in part refunded, lost, taken out, of a test."""
    donor = add_donor()
    give(donor, "100.00")
    give(donor, "20.00", "EUR")
    take_away(give(donor, "50.00"), 1250)
    take_away(give(donor, "70.00"), 7000, Dispute, "lost")
    wrong = give(donor, "900.00")
    gifts.correct_gift(wrong.id, reason="typo", source_ref="1", now=clock.now(), actor=ACTOR)
    give(donor, "5000.00", is_test=True)
    db.session.commit()
    return donor


def test_list_adds_up_what_is_left(database: Flask, anna: Donor) -> None:
    """The list tells a sum for each currency of what is left, and how many gifts are in no sum and why."""
    page = Staff(database, "accountant").text(f"/gifts?donor={anna.id}")
    assert "Gifts: 6 · left of them: EUR 20.00 · PLN 137.50" in page
    assert "In no sum, since it was taken away: 2." in page
    assert "With what is left, since a part was taken away: 1." in page
    assert "In no sum, since it is a test: 1." in page
    assert page.count("partly taken away") == 1 and page.count("taken away") == 5


def test_sums_follow_the_filter(database: Flask, anna: Donor) -> None:
    """The sums are those of the rows that the filter lets through, on every page of them."""
    add_gift(add_donor("Ewa Nowak"), "8.00", on=TODAY - timedelta(days=40))
    staff = Staff(database, "accountant")
    assert "Gifts: 1 · left of them: PLN 8.00" in staff.text("/gifts?last=2026-10-31")
    assert "Gifts: 7 · left of them: EUR 20.00 · PLN 145.50" in staff.text("/gifts")
    assert "left of them" not in staff.text("/gifts?method=blik")


def test_too_long_list_names_no_sum(database: Flask, anna: Donor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list too long to be added up in a moment says so, and tells no sum of a part of it."""
    monkeypatch.setattr(counting, "MOST_COUNTED", 3)
    assert gift_sums.sum_gifts() == gift_sums.GiftSums(4)
    page = Staff(database, "accountant").text("/gifts")
    assert "left of them" not in page and "Narrow the list for its sums." in page


def test_sums_are_those_of_the_donor_and_api(database: Flask, anna: Donor) -> None:
    """The list, the donor's page and each gift of the API tell one story of what is left."""
    sums = gift_sums.sum_gifts(*history.make_conditions(donor_id=anna.id)).sums
    assert tuple(sums) == history.compute_facts(anna.id).totals == (Money(2000, "EUR"), Money(13750, "PLN"))


def test_gift_for_no_fund_says_so(database: Flask, anna: Donor) -> None:
    """What is for no fund stands under words of its own and not under a dash."""
    assert Staff(database, "accountant").text("/gifts").count("Not earmarked") >= 6


def test_last_gift_is_what_is_left_of_it(database: Flask) -> None:
    """The donor's page tells of the last gift what is left of it."""
    anna = add_donor()
    take_away(give(anna, "50.00"), 1250)
    page = Staff(database, "accountant").text(f"/donors/{anna.id}")
    assert "Last gift PLN 37.50" in page and "Given in total PLN 37.50" in page


def test_instalment_marks_what_came_back(database: Flask) -> None:
    """A gift that settled an instalment and was taken away is marked there as in every list."""
    anna = add_donor()
    promise = add_recurring(anna)
    gift = give(anna, "30.00")
    first = promises.list_next_instalments([promise.id])[promise.id][0]
    instalments.settle_instalments(gift, {first.id: 3000}, now=clock.now(), actor=ACTOR)
    db.session.commit()
    staff = Staff(database, "accountant")
    assert "taken away" not in staff.text(f"/recurring-gifts/{promise.id}")
    let_write()
    take_away(gift, 3000, Dispute, "lost")
    assert "22 Nov 2026 taken away" in staff.text(f"/recurring-gifts/{promise.id}")


def test_recurring_test_is_marked_as_one(database: Flask) -> None:
    """A recurring gift of a provider's test mode says so in the list."""
    promise = add_recurring(add_donor(), start_on=date(2026, 10, 1))
    staff = Staff(database, "accountant")
    assert "test" not in words_of(staff.get("/recurring-gifts").text)
    let_write()
    promise.is_test = True
    db.session.commit()
    assert "Anna Kowalska test" in staff.text("/recurring-gifts")
