"""Which of a donor's promises a credit is for, where amounts and days alone would say another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from donorhub.domain.bank.matching.matching_facts import InstalmentFacts
from donorhub.domain.bank.matching.wordings import find_paid_otherwise, names_many_months, read_wording
from donorhub.domain.recurring.changed_amounts import (
    LooseGift,
    OpenSlot,
    find_claims,
    find_pieces,
    find_touched,
)
from tests.domain.bank.matching.test_slots import fit, owe, settled

HELP = frozenset({"ndihme"})
GIFT = frozenset({"donacion"})


def say(row: InstalmentFacts, wordings: frozenset[str]) -> InstalmentFacts:
    return replace(row, wordings=wordings)


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("ndihmë", "ndihme"),
        ("Darowizna 4/2027 zaległe", "darowizna"),
        ("/REMI/Darowizna na marzec 2027", "darowizna na"),
        ("za 3 miesiące wsparcie", "iace wsparcie"),
        ("12/2027", ""),
    ],
)
def test_wording_is_the_same_every_month(text: str, wording: str) -> None:
    assert read_wording(text) == wording


def test_words_tell_whose_double_it_is() -> None:
    """One order missed in February; the double with the words of the other pays two months of the other."""
    missed = say(owe(1, date(2027, 3, 1), 2000, 1), GIFT)
    others = [say(owe(n, date(2027, n, 10), 1000, 2), HELP) for n in (2, 3, 4)]
    double = {"minor": 2000, "on": date(2027, 3, 10)}
    assert settled(fit(double["minor"], double["on"], missed, *others, text="ndihmë 3/2027")) == [2, 3]
    assert settled(fit(double["minor"], double["on"], missed, *others, text="donacion")) == [1]
    assert settled(fit(double["minor"], double["on"], missed, *others, text="anything")) == [1]


def test_words_tell_twins_apart() -> None:
    """Of two orders alike in amount and day, each is paid by its own words; without them nobody knows."""
    day = date(2027, 3, 10)
    twins = [say(owe(1, day, gift_id=1), GIFT), say(owe(2, day, gift_id=2), HELP)]
    known = fit(5000, day, *twins, text="ndihmë")
    assert (settled(known), known.is_tied) == ([2], False)
    assert fit(5000, day, *twins, text="").is_tied
    assert fit(5000, day, *(replace(one, wordings=GIFT) for one in twins), text="donacion").is_tied


def test_our_account_tells_twins_apart() -> None:
    """What came to another account of ours until now is not the one that is paid here."""
    day = date(2027, 3, 10)
    elsewhere, here = replace(owe(1, day, gift_id=1), is_elsewhere=True), owe(2, day, gift_id=2)
    known = fit(5000, day, elsewhere, here)
    assert (settled(known), known.is_tied) == ([2], False)


def test_words_of_nobody_or_of_all_say_nothing() -> None:
    day = date(2027, 3, 10)
    rows = [
        say(owe(1, day, gift_id=1), GIFT),
        say(owe(2, day, gift_id=2), HELP | GIFT),
        owe(3, day, gift_id=3),
    ]
    assert find_paid_otherwise("donacion", rows) == set()
    assert find_paid_otherwise("ndihmë", rows) == {1}
    assert find_paid_otherwise("", rows) == set() == find_paid_otherwise("faleminderit", rows)


def test_payment_of_unknown_days_is_awaited() -> None:
    """While the statement of an instalment's days is missing, a later credit is not its arrears, on its own
    days it is."""
    unknown = replace(owe(1, date(2027, 3, 29)), is_unknown=True)
    assert fit(5000, date(2027, 4, 30), unknown).settles == "one_off"
    assert settled(fit(5000, date(2027, 4, 30), replace(unknown, is_unknown=False))) == [1]
    assert settled(fit(5000, date(2027, 4, 6), unknown)) == [1]
    assert fit(5000, date(2027, 4, 30), unknown, owe(2, date(2027, 5, 10))).settles == "one_off"
    assert settled(fit(5000, date(2027, 5, 8), unknown, owe(2, date(2027, 5, 10)))) == [2]
    later = [owe(2, date(2027, 4, 29)), owe(3, date(2027, 5, 31))]
    assert fit(10000, date(2027, 4, 29), unknown, *later, text="za 2 miesiące").settles == "amended"
    assert fit(10000, date(2027, 4, 29), unknown, *later).settles == "amended"


def test_payment_in_a_pause_pays_its_own_day() -> None:
    """Who pays in a pause all the same has not paid the month after it; another amount is no change."""
    paused, later = owe(1, date(2027, 4, 29), state="skipped"), owe(2, date(2027, 5, 31))
    assert settled(fit(5000, date(2027, 4, 30), paused, later)) == [1]
    assert fit(7000, date(2027, 4, 30), paused, later).settles == "one_off"
    assert not fit(5000, date(2027, 4, 30), paused, owe(3, date(2027, 4, 29), gift_id=3)).is_tied
    owed = owe(4, date(2027, 4, 29), gift_id=2)
    assert settled(fit(5000, date(2027, 4, 30), paused, owed)) == [4]
    assert fit(10000, date(2027, 5, 31), paused, later).settles == "amended"


@pytest.mark.parametrize("days_late", [30, 50, 75])
def test_money_between_days_pays_arrears(days_late: int) -> None:
    """Long after its day, and well before the next, money is for what is owed."""
    owed = owe(1, date(2027, 3, 10), state="missed")
    on = date(2027, 3, 10) + timedelta(days=days_late)
    following = owe(2, on + timedelta(days=15))
    assert settled(fit(5000, on, owed, following)) == [1]


def test_half_is_as_near_as_the_double() -> None:
    """Of another amount, money falls on the promise that it is nearest to, how many times it is."""
    small, large = owe(1, date(2027, 5, 5), 1000, 1), owe(2, date(2027, 5, 7), 10000, 2)
    assert fit(500, date(2027, 5, 7), small, large).slot_id == 1
    slots = [OpenSlot(1, 1, date(2027, 5, 5), 1000), OpenSlot(2, 2, date(2027, 5, 7), 10000)]
    (claim,) = find_claims([LooseGift(9, date(2027, 5, 7), 500)], slots)
    assert claim.slot.instalment_id == 1


def test_long_weekend_makes_nothing_early() -> None:
    """Due on Saturday 1 May, rolled to Tuesday: who pays from four days before on pays it."""
    row = replace(owe(1, date(2027, 5, 4)), nominal_on=date(2027, 5, 1))
    assert [row.count_days(date(2027, 5, day)) for day in (1, 3, 4, 6)] == [0, 0, 0, 2]
    assert row.count_days(date(2027, 4, 27)) == -4
    assert fit(4000, date(2027, 4, 27), row).slot_id == 1
    slot = OpenSlot(1, 1, date(2027, 5, 4), 5000, date(2027, 5, 1))
    assert find_touched([LooseGift(9, date(2027, 4, 27), 4000)], [slot]) == {1}
    assert find_touched([LooseGift(9, date(2027, 4, 25), 4000)], [slot]) == set()


def test_months_named_twice_are_many() -> None:
    assert names_many_months("styczeń i luty") and names_many_months("za 3 miesiące")
    assert not names_many_months("za styczeń") and not names_many_months("zaległe")


def test_arrears_are_never_ahead() -> None:
    """Who pays the double as arrears and owes only this month has paid nothing of the next."""
    rows = [owe(n, date(2027, n, 28)) for n in (4, 5)]
    assert fit(10000, date(2027, 4, 28), *rows, text="zaległe").settles == "amended"
    assert settled(fit(10000, date(2027, 5, 28), *rows, text="zaległe")) == [4, 5]


def test_day_before_long_weekend_is_not_ahead() -> None:
    """Two Saturdays, the second rolled over All Saints' to Tuesday: paid on that Saturday, both are due."""
    rows = [
        replace(owe(1, date(2027, 10, 25)), nominal_on=date(2027, 10, 23)),
        replace(owe(2, date(2027, 11, 2)), nominal_on=date(2027, 10, 30)),
    ]
    assert settled(fit(10000, date(2027, 10, 30), *rows, text="zaległe")) == [1, 2]


def test_late_money_spares_a_claimed_day() -> None:
    """February is owed, and of March another amount came: the old amount in April is for February."""
    february, march = (
        owe(1, date(2027, 3, 1), state="missed"),
        replace(owe(2, date(2027, 3, 30)), is_claimed=True),
    )
    assert settled(fit(5000, date(2027, 4, 11), february, march)) == [1]
    assert settled(fit(5000, date(2027, 4, 2), february, march)) == [2]


def test_amount_that_comes_again_is_the_new_one() -> None:
    """A gift beside the promise, nearer in day and amount, hides no first payment of a new amount."""
    slots = [OpenSlot(n, 1, date(2027, n, 12), 4000) for n in (4, 5)]
    gifts = [
        LooseGift(1, date(2027, 4, 12), 5000),
        LooseGift(2, date(2027, 4, 13), 12000),
        LooseGift(3, date(2027, 5, 12), 12000),
    ]
    assert [claim.gift.gift_id for claim in find_claims(gifts, slots)] == [2, 3]
    assert [claim.gift.gift_id for claim in find_claims(gifts[:2], slots)] == [1]


def test_halved_weekly_order_comes_in_no_pieces() -> None:
    """Two halves a week apart are two weeks of a new amount; two within the week pay it together."""
    slots = [OpenSlot(n, 1, date(2027, 5, 26) + timedelta(weeks=n), 2000) for n in (0, 1, 2)]
    halves = [LooseGift(n, date(2027, 5, 26) + timedelta(weeks=n), 1000) for n in (0, 1)]
    assert [find_pieces(slot, halves, slots) for slot in slots] == [[], [], []]
    within = [halves[0], LooseGift(5, date(2027, 5, 28), 1000)]
    assert find_pieces(slots[0], within, slots) == within
