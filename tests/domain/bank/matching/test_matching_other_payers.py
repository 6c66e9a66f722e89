"""Money that another than the donor paid, and money that went back, waits for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from donorhub.domain.bank.matching.matching_facts import PayerKeyFacts, Proposal
from donorhub.domain.bank.matching.other_payers import make_saying
from tests.domain.bank.matching_world import (
    ANNA,
    GIFT,
    IBAN,
    JAN,
    OTHER_IBAN,
    credit,
    facts,
    instalment,
    one,
    solve,
)


def paid_from(name: str, text: str = "darowizna", *, known: dict[str, object] | None = None) -> Proposal:
    """A credit from Jan's account, which paid for Jan nine times, with Jan's instalment due today."""
    key = f"iban:{OTHER_IBAN}"
    usual: dict[str, object] = {
        "donors_of_account": {OTHER_IBAN: (JAN,)},
        "payer_keys": {key: (PayerKeyFacts(key, JAN, 9),)},
        "instalments": {JAN: (instalment(1, donor=JAN),)},
    }
    return one(credit(account=OTHER_IBAN, name=name, text=text), facts(**{**usual, **(known or {})}))


@pytest.mark.parametrize(
    "name",
    ["Jan Kowalski", "KOWALSKI JAN UL. LIPOWA 3", "J. KOWALSKI", "DR JAN PIOTR KOWALSKI", "JAN KOWALSK"],
)
def test_donors_name_is_known_in_bank_spelling(name: str) -> None:
    """The donor's own name is known however the bank writes it, so such a gift needs no person."""
    assert paid_from(name).decision == "auto"


@pytest.mark.parametrize(
    "name",
    [
        "ANNA NOWAK",
        "JANA KOWALSKA",
        "Janusz Kowalski",
        "JAN KOWALCZYK",
        "PIOTR ZIELINSKI",
        "FIRMA SP. Z O.O.",
        "JAN KOWALSKI I ANNA NOWAK",
        "KOWALSKI",
        "A KOWALSKI",
    ],
)
def test_another_name_on_account_needs_person(name: str) -> None:
    """Another name on a known account waits for a person, who sees why."""
    found = paid_from(name)
    assert found.decision == "suggest"
    assert "contradiction" in found.hindrances
    assert "match.other_payer" in [reason.key for reason in found.candidates[0].evidence]


def test_donors_of_name_and_account_both_shown() -> None:
    """The donor whose name paid is shown beside the donor whose account it is."""
    assert {candidate.donor_id for candidate in paid_from("ANNA NOWAK").candidates} == {ANNA, JAN}


def test_text_naming_another_donor_waits() -> None:
    """A text that names another donor waits for a person and shows that donor too."""
    found = paid_from("JAN KOWALSKI", "darowizna od Anna Nowak za maj")
    assert found.decision == "suggest"
    assert {candidate.donor_id for candidate in found.candidates} == {ANNA, JAN}
    assert "match.names_other" in [reason.key for reason in found.candidates[0].evidence]


def test_a_code_decides_whoever_pays() -> None:
    assert paid_from("FIRMA SP. Z O.O.", "DH-1002-5 Anna Nowak").candidates[0].donor_id == JAN


@pytest.mark.parametrize(("hits", "decision"), [(1, "suggest"), (2, "auto")])
def test_saying_confirmed_twice_needs_no_person(hits: int, decision: str) -> None:
    """A payer who says the same as was confirmed twice needs no person; with other words a person decides."""
    saying = make_saying(OTHER_IBAN, "FIRMA SP. Z O.O.", "za Jana 7/2026") or ""
    key = f"iban:{OTHER_IBAN}"
    learned = {
        key: (PayerKeyFacts(key, JAN, 9),),
        saying: (PayerKeyFacts(saying, JAN, hits),),
    }
    found = paid_from("FIRMA SP. Z O.O.", "za Jana 8/2026", known={"payer_keys": learned})
    assert found.decision == decision
    other = paid_from("FIRMA SP. Z O.O.", "za Beaty 8/2026", known={"payer_keys": learned})
    assert other.decision == "suggest"


def test_equal_waiting_amounts_are_a_choice() -> None:
    """Two recurring gifts that wait for the same amount are a choice for a person; two such credits settle
    both."""
    other = replace(instalment(2), recurring_gift_id=99)
    known = facts(instalments={ANNA: (instalment(1), other)})
    found = one(credit(account=IBAN), known)
    assert found.decision == "suggest"
    assert "match.amount_tied" in [reason.key for reason in found.candidates[0].evidence]
    both = solve(credit(account=IBAN), credit(account=IBAN, entry_id=2), known=known)
    assert [proposal.decision for proposal in both] == ["auto", "auto"]


@pytest.mark.parametrize("text", ["zwrot kosztow podrozy", "zwrot pozyczki", "usługi tech"])
def test_word_alone_makes_no_return(text: str) -> None:
    """Money paid back to a donor is no return of a gift because of one word in its text."""
    found = one(credit(-5000, account=IBAN, text=text), facts(gifts={ANNA: (GIFT,)}))
    assert (found.decision, found.hindrances) == ("suggest", ("not_enough",))


def test_two_returns_never_take_one_gift() -> None:
    """Two returns in one statement do not take the same gift back; both wait for a person."""
    known = facts(gifts_of_ref={"E2E-1": (GIFT,)})
    back = credit(-5000, name=None, text="", refs=("E2E-1",))
    found = solve(back, replace(back, entry_id=2), known=known)
    assert [proposal.hindrances for proposal in found] == [("contested_return",)] * 2


@pytest.mark.parametrize(
    "credit_fields", [{"text": "KOREKTA UZNANIA DH-1001-7"}, {"name": "NOWAK ANNA", "text": "x"}]
)
def test_outgoing_money_naming_donor_needs_person(credit_fields: dict[str, str]) -> None:
    """Money that goes out and names a donor is looked at by a person."""
    found = one(replace(credit(-5000, name=None), **credit_fields))  # type: ignore[arg-type]
    assert found.decision != "auto"
