"""A purchase, a sum out of all proportion and another's code are asked, whatever the history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from donorhub.domain.bank.matching.matching_facts import PayerKeyFacts, Proposal
from donorhub.domain.bank.matching.words_against import (
    WORDS_AGAINST,
    find_word_against,
    split_words_against,
)
from donorhub.domain.donors.codes import format_code
from tests.domain.bank.matching_world import ANNA, AUTO, IBAN, JAN, credit, facts, instalment, one, solve, zl

WORDS = split_words_against(WORDS_AGAINST)
HEARING = replace(AUTO, words_against=WORDS)
KEY = f"iban:{IBAN}"


def paid_by_anna(text: str = "Darowizna", minor: int = 5000, **more_facts: object) -> Proposal:
    """A credit from Anna's account, which a person confirmed nine times, on the day of her instalment."""
    usual: dict[str, object] = {
        "payer_keys": {KEY: (PayerKeyFacts(KEY, ANNA, 9),)},
        "instalments": {ANNA: (instalment(1),)},
    }
    return one(credit(minor, account=IBAN, text=text), facts(**{**usual, **more_facts}), HEARING)


def reasons(proposal: Proposal) -> set[str]:
    return {reason.key for reason in proposal.candidates[0].evidence}


@pytest.mark.parametrize(
    "text",
    [
        "Faktura 12/2026",
        "zapłata za fakturę nr 7",
        "FV/2026/11",
        "fv12/11/2026",
        "ZAKUP KALENDARZY",
        "opłata za salę",
        "Opłaty  za warsztaty",
        "czynsz za maj",
        "szkolenie BHP",
        "ZWROT KOSZTÓW PODRÓŻY",
        "Faturë nr. 4",
        "Blerje kalendari",
        "qira maj",
        "Invoice 2026-11",
        "fee for the hall",
    ],
)
def test_words_against_giving_precede_history(text: str) -> None:
    """Money whose text speaks of a purchase, a rent or a course is asked, whatever the payer's history."""
    proposal = paid_by_anna(text)
    assert (proposal.decision, proposal.would_auto) == ("suggest", False)
    assert proposal.hindrances == ("contradiction",)
    assert "match.words_against" in reasons(proposal)


@pytest.mark.parametrize(
    "text", ["Darowizna", "na rentgen", "FVAT", "kursor", "torrent", "Darowizna 12/2026", ""]
)
def test_other_words_speak_against_nothing(text: str) -> None:
    """A word inside another word is not heard."""
    assert paid_by_anna(text).decision == "auto"


def test_purchase_with_code_is_asked() -> None:
    """A purchase whose text has the donor's code is asked as well, and so is one that two codes share."""
    assert one(credit(text="faktura 3 DH-1001-7"), policy=HEARING).decision == "suggest"
    due = {ANNA: (instalment(1),), JAN: (instalment(2, minor=3000, donor=JAN),)}
    shared = credit(8000, text="faktura DH-1001-7 " + format_code("DH", 1002), name=None)
    assert one(shared, facts(instalments=due), HEARING).decision == "suggest"


def test_words_are_those_of_the_settings() -> None:
    assert find_word_against("Kalendarz 2027", ("kalendarz*",)) == "kalendarz"
    assert find_word_against("Faktura 1", ("kalendarz*",)) == ""
    assert find_word_against("Faktura 1", split_words_against(" \n* \n")) == ""


@pytest.mark.parametrize(
    ("minor", "decision"), [(25_000, "auto"), (25_001, "suggest"), (1_500_000, "suggest")]
)
def test_sum_beyond_five_times_is_asked(minor: int, decision: str) -> None:
    """More than five times the donor's largest gift is asked; just five times is not."""
    proposal = paid_by_anna(minor=minor, instalments={}, largest_gifts={(ANNA, "PLN"): 5000})
    assert proposal.decision == decision
    assert ("match.outlier" in reasons(proposal)) == (decision == "suggest")


def test_promise_is_no_outlier() -> None:
    """What somebody promised is no surprise, however little was given before; nor is a first gift."""
    promise_facts = {
        "instalments": {ANNA: (instalment(1, minor=50_000),)},
        "largest_gifts": {(ANNA, "PLN"): 5000},
    }
    assert paid_by_anna(minor=50_000, **promise_facts).decision == "auto"
    assert paid_by_anna(minor=50_000, instalments={}).decision == "auto"


def test_outlier_is_measured_in_its_currency() -> None:
    """Gifts in another currency measure nothing."""
    proposal = paid_by_anna(minor=50_000, instalments={}, largest_gifts={(ANNA, "EUR"): 5000})
    assert proposal.decision == "auto"


def test_earlier_credit_of_statement_is_usual() -> None:
    """What came earlier in the same statement is what a later sum is measured by."""
    usual, large = credit(text="DH-1001-7"), credit(10**6, text="DH-1001-7", entry_id=2)
    assert [proposal.decision for proposal in solve(usual, large)] == ["auto", "suggest"]


def test_amount_above_the_limit_is_asked() -> None:
    assert one(credit(text="DH-1001-7"), policy=replace(AUTO, cap={"PLN": 5000})).decision == "auto"
    proposal = one(credit(5001, text="DH-1001-7"), policy=replace(AUTO, cap={"PLN": 5000}))
    assert proposal.hindrances == ("over_cap",)


@pytest.mark.parametrize("name", ["JAN KOWALSKI", "BARBARA ZIELIŃSKA", "FIRMA SP. Z O.O."])
def test_code_beside_another_name_is_asked(name: str) -> None:
    """A donor's code beside another name is asked, whether or not the name is a known donor's."""
    for account in (None, "PL27114020040000300201355387"):
        proposal = one(credit(text="DH-1001-7", name=name, account=account))
        assert (proposal.decision, proposal.candidates[0].donor_id) == ("suggest", ANNA)
        assert "match.code_other_payer" in reasons(proposal)


@pytest.mark.parametrize("name", ["NOWAK ANNA UL. LIPOWA 3", "A. NOWAK", None, ""])
def test_code_beside_own_or_no_name_decides(name: str | None) -> None:
    assert one(credit(text="DH-1001-7", name=name)).decision == "auto"


def test_code_confirmed_for_payer_decides() -> None:
    """Once a person said that this payer's money is the code's donor's, it is asked no more."""
    account = "PL27114020040000300201355387"
    key = f"iban:{account}"
    paid = credit(text="DH-1001-7", name="JAN KOWALSKI", account=account)
    assert one(paid, facts(payer_keys={key: (PayerKeyFacts(key, ANNA, 1),)})).decision == "auto"
    assert one(paid, facts(payer_keys={key: (PayerKeyFacts(key, ANNA, 1, 1),)})).decision == "suggest"


def test_own_reference_decides_whoever_pays() -> None:
    """A reference that is ours alone names the donor, whoever pays with it."""
    paid = credit(name="JAN KOWALSKI", refs=("MANDATE-7",))
    assert one(paid, facts(donors_of_ref={"MANDATE-7": (ANNA,)})).decision == "auto"


def test_ended_promise_does_not_weigh_against_donor() -> None:
    """A donor whose recurring gift has ended and who pays again gives a gift."""
    donors = dict(facts().donors)
    donors[ANNA] = replace(donors[ANNA], has_closed_recurring=True)
    proposal = paid_by_anna(donors=donors, instalments={})
    assert proposal.decision == "auto"
    assert "match.recurring_closed" in reasons(proposal)
    assert zl(proposal.candidates[0].parts[0].minor) == zl(5000)
