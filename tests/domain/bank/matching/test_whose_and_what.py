"""Whose money it is and what it settles are two questions: one may be certain while the other waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from donorhub.domain.bank.matching.clues import read_clues
from donorhub.domain.bank.matching.habits import learn_habit
from donorhub.domain.bank.matching.matching_facts import DonorFacts, PayerKeyFacts, Proposal
from tests.domain.bank.matching_world import ANNA, DAY, IBAN, JAN, OTHER_IBAN, credit, facts, instalment, one

KEY = f"iban:{IBAN}"
TARDY = DAY + timedelta(days=8)


def make_saying(text: str, *, account: str | None = IBAN, name: str = "ANNA NOWAK") -> str:
    (clues,) = read_clues([credit(name=name, account=account, text=text)], "DH")
    return clues.saying or ""


def pay_late(confirmations: int) -> Proposal:
    """The promised amount from Anna's account, eight days late."""
    keys = {KEY: (PayerKeyFacts(KEY, ANNA, confirmations),)} if confirmations else {}
    world = facts(payer_keys=keys, instalments={ANNA: (instalment(1),)})
    return one(credit(account=IBAN, on=TARDY), world)


def test_confirmed_payer_gives_though_late() -> None:
    """The gift is recorded without a person, and settles nothing until one says for which day it is."""
    proposal = pay_late(2)
    part = proposal.candidates[0].parts[0]
    assert (proposal.decision, part.settles, part.allocations, part.slot_id) == ("auto", "unsure", (), 1)


@pytest.mark.parametrize("confirmations", [0, 1])
def test_unconfirmed_payer_asks_when_late(confirmations: int) -> None:
    """Neither whose it is nor what it settles is certain."""
    proposal = pay_late(confirmations)
    assert proposal.decision == "suggest" and "outside_window" in proposal.hindrances


def test_two_alike_promises_leave_unsure() -> None:
    """Two promises of the amount on the day: the donor is certain, the instalment is not."""
    rows = (instalment(1), replace(instalment(2), recurring_gift_id=99))
    keys = {KEY: (PayerKeyFacts(KEY, ANNA, 2),)}
    proposal = one(credit(account=IBAN), facts(payer_keys=keys, instalments={ANNA: rows}))
    assert (proposal.decision, proposal.candidates[0].parts[0].settles) == ("auto", "unsure")


def test_own_habit_widens_the_window() -> None:
    """Who always pays eight days late is in time then."""
    row = replace(instalment(1), habit=(6, 10))
    proposal = one(credit(account=IBAN, on=TARDY), facts(instalments={ANNA: (row,)}))
    assert (proposal.decision, proposal.candidates[0].parts[0].settles) == ("auto", "exact")


def test_bank_pays_before_the_weekend() -> None:
    """Friday's money for Sunday's day, which was rolled to Monday, is in time."""
    row = replace(
        instalment(1), nominal_on=DAY - timedelta(days=1), back_on=DAY - timedelta(days=3)
    )  # DAY is a Monday
    friday = DAY - timedelta(days=3)
    proposal = one(credit(account=IBAN, on=friday), facts(instalments={ANNA: (row,)}))
    assert (proposal.decision, proposal.candidates[0].parts[0].settles) == ("auto", "exact")
    late = replace(row, back_on=None)
    assert one(credit(account=IBAN, on=friday), facts(instalments={ANNA: (late,)})).decision == "suggest"


@pytest.mark.parametrize(
    ("delays", "habit"),
    [
        ((0, 0), None),
        ((0, 0, 0), (-1, 2)),
        ((7, 5, 6, 5, 5, 5, 0), (4, 9)),  # the seventh is too old to count
        ((-6, 0, 14), (-5, 10)),
    ],
)
def test_habit_is_that_of_the_last_six(delays: tuple[int, ...], habit: tuple[int, int] | None) -> None:
    assert learn_habit(delays) == habit


def pay_from_family(text: str, said: dict[str, dict[int, int]], minor: int = 5000) -> Proposal:
    """Money of Anna's account, which pays for Jan too; what was said before, by words and donor."""
    keys = {KEY: (PayerKeyFacts(KEY, ANNA, 3), PayerKeyFacts(KEY, JAN, 3))}
    for words, hits in said.items():
        saying = make_saying(words)
        keys[saying] = tuple(PayerKeyFacts(saying, donor, n) for donor, n in hits.items())
    rows = {ANNA: (instalment(1, minor=7000),), JAN: (instalment(2, donor=JAN),)}
    return one(credit(minor, account=IBAN, text=text), facts(payer_keys=keys, instalments=rows))


@pytest.mark.parametrize(
    ("said", "minor", "decision"),
    [
        ({"składka": {JAN: 1}}, 5000, "auto"),  # words and promise
        ({"składka": {JAN: 3}}, 4100, "auto"),  # words alone, confirmed three times
        ({"składka": {JAN: 2}}, 4100, "suggest"),
        ({"składka": {JAN: 2, ANNA: 2}}, 5000, "auto"),  # the same words: the promise tells
        ({"składka": {JAN: 2, ANNA: 2}}, 4100, "suggest"),
        ({}, 5000, "suggest"),  # nobody said what these words mean
        ({"inne": {JAN: 5}}, 5000, "suggest"),
    ],
)
def test_words_tell_uses_apart(said: dict[str, dict[int, int]], minor: int, decision: str) -> None:
    """Three uses of one account are no contradiction where words, amount and day tell them apart."""
    proposal = pay_from_family("Składka 03/2026 marzec", said, minor)
    assert (proposal.decision, proposal.candidates[0].donor_id) == (decision, JAN) or decision == "suggest"
    assert proposal.decision == decision


def test_words_of_one_and_name_of_another_ask() -> None:
    assert pay_from_family("za Annę", {"za Annę": {JAN: 5}}).decision == "suggest"


def pay_by_name(hits: int, *, trusts: bool = True, namesakes: tuple[int, ...] = (ANNA,)) -> Proposal:
    """Money in a file without accounts, by name and words."""
    saying = make_saying("Składka", account=None)
    keys = {
        "name:anna nowak": (PayerKeyFacts("name:anna nowak", ANNA, hits),),
        saying: (PayerKeyFacts(saying, ANNA, hits),),
    }
    world = facts(
        payer_keys=keys,
        instalments={ANNA: (instalment(1),)},
        donors={n: DonorFacts(n, "Anna Nowak") for n in namesakes},
        donors_of_name={"anna nowak": namesakes},
        trusts_names=trusts,
    )
    return one(credit(text="Składka"), world)


def test_name_decides_only_where_all_agrees() -> None:
    """A file without accounts: three confirmations, a name of one donor, promise and day; and names proved
    right in this organisation."""
    assert pay_by_name(3).decision == "auto"
    assert pay_by_name(2).decision == "suggest"
    assert pay_by_name(3, trusts=False).decision == "suggest"
    assert pay_by_name(3, namesakes=(ANNA, JAN)).decision == "suggest"


def pay_for_relative(said: dict[int, int]) -> Proposal:
    """A file without accounts: Anna pays for Jan as he promised, with words that were confirmed so often."""
    saying = make_saying("składka Jana", account=None)
    name_key = "name:anna nowak"
    keys = {
        name_key: (PayerKeyFacts(name_key, ANNA, 5), PayerKeyFacts(name_key, JAN, 5)),
        saying: tuple(PayerKeyFacts(saying, donor_id, hits) for donor_id, hits in said.items()),
    }
    rows = {JAN: (instalment(2, donor=JAN),)}
    world = facts(payer_keys=keys, instalments=rows, trusts_names=True)
    return one(credit(text="składka Jana"), world)


def test_name_decides_for_whom_it_pays() -> None:
    """The payer is one person, who was confirmed to pay for the donor: the words say for whom."""
    proposal = pay_for_relative({JAN: 3})
    assert (proposal.decision, proposal.candidates[0].donor_id) == ("auto", JAN)
    assert pay_for_relative({JAN: 2}).decision == "suggest"
    assert pay_for_relative({JAN: 3, ANNA: 1}).decision == "suggest"


@pytest.mark.parametrize(
    ("holders", "namesakes", "account", "is_new_first"),
    [
        ({ANNA}, (ANNA,), OTHER_IBAN, True),  # she has another account
        (set(), (ANNA,), OTHER_IBAN, False),
        (set(), (ANNA, JAN), OTHER_IBAN, True),  # one of several
        ({ANNA}, (ANNA,), None, False),  # the file has no accounts
    ],
)
def test_new_donor_stands_before_a_namesake(
    holders: set[int], namesakes: tuple[int, ...], account: str | None, is_new_first: bool
) -> None:
    """Somebody who bears a donor's name and pays from an account that nobody knows is rather somebody new."""
    world = facts(
        donors={n: DonorFacts(n, "Anna Nowak") for n in namesakes},
        donors_of_name={"anna nowak": namesakes},
        holder_ids=frozenset(holders),
    )
    assert one(credit(account=account), world).is_new_first is is_new_first


def test_nobody_is_new_whose_promise_fits() -> None:
    world = facts(holder_ids=frozenset({ANNA}), instalments={ANNA: (instalment(1),)})
    assert not one(credit(account=OTHER_IBAN), world).is_new_first
    assert one(credit(4900, account=OTHER_IBAN), world).is_new_first


def test_stranger_is_new() -> None:
    assert one(credit(name="Zofia Lis", account=OTHER_IBAN), facts()).is_new_first
