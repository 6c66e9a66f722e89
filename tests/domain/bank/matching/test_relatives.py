"""Whom of the payer's family a text names, and what follows for the payer's own donor."""

from __future__ import annotations

import pytest

from donorhub.domain.bank.matching.matching_facts import DonorFacts, PayerKeyFacts, Proposal
from donorhub.domain.bank.matching.other_payers import make_saying
from donorhub.domain.bank.matching.relatives import find_relative_keys
from donorhub.domain.donors.codes import format_code
from tests.domain.bank.matching_world import ANNA, IBAN, JAN, credit, facts, instalment, one

KEY = f"iban:{IBAN}"
PAYER = "ANNA NOWAK"


@pytest.mark.parametrize(
    ("payer", "text", "keys"),
    [
        ("Dorota Wilk", "wpłata Grzegorz Wilk", {"grzegorz wilk"}),
        ("MARIAN OSTROWSKI UL. DŁUGA 48", "za Danutę", {"danuta ostrowski", "danuta ostrowska"}),
        ("Jan Nowak", "darowizna za Anny 8/2026", {"anna nowak"}),
        ("Jan Nowak", "za Jana", set()),  # the payer
        ("Jan Nowak", "za maj", set()),
        ("Anna Kowalska", "na leczenie Zosi", set()),  # whom it helps, not whose it is
        ("Anna Kowalska", "od Piotra Wilka", set()),  # another family's
        ("FIRMA SP. Z O.O.", "za Jana", set()),
        ("KRASNIQI YLLI", "ndihma 05.2026 Blerta Krasniqi", {"blerta krasniqi"}),
    ],
)
def test_text_names_relatives(payer: str, text: str, keys: set[str]) -> None:
    assert set(find_relative_keys(payer, text)) == keys


def paid(text: str, *, said: int = 0) -> Proposal:
    """Anna pays as she promised; people confirmed her account often, and these words ``said`` times."""
    saying = make_saying(IBAN, PAYER, text) or ""
    keys = {KEY: (PayerKeyFacts(KEY, ANNA, 9),)}
    if said:
        keys[saying] = (PayerKeyFacts(saying, ANNA, said),)
    return one(
        credit(5000, name=PAYER, account=IBAN, text=text),
        facts(payer_keys=keys, instalments={ANNA: (instalment(1),)}),
    )


def test_unknown_relative_may_be_new() -> None:
    """What a payer does once asks: Piotr Nowak stands in no base, and Anna's account pays for him."""
    proposal = paid("wpłata Piotr Nowak")
    assert (proposal.decision, proposal.is_new_first) == ("suggest", True)
    assert paid("wpłata").decision == "auto"


def test_answer_about_a_relative_is_not_asked_again() -> None:
    proposal = paid("wpłata Piotr Nowak", said=2)
    assert (proposal.decision, proposal.is_new_first) == ("auto", False)


def test_relative_in_base_stands_first() -> None:
    """A given name alone, and the payer's surname: of those who are there it means one."""
    piotr = 77
    base = facts()
    world = facts(
        donors={**base.donors, piotr: DonorFacts(piotr, "Piotr Nowak")},
        donors_of_name={**base.donors_of_name, "nowak piotr": (piotr,)},
    )
    proposal = one(credit(5000, name=PAYER, account=IBAN, text="za Piotra"), world)
    assert (proposal.decision, proposal.candidates[0].donor_id) == ("suggest", piotr)
    assert not proposal.is_new_first


def test_code_tells_the_uses_of_an_account_apart() -> None:
    """Two donors of one account, whose money people confirmed: the code of one contradicts nothing."""
    keys = {KEY: (PayerKeyFacts(KEY, ANNA, 3), PayerKeyFacts(KEY, JAN, 3))}
    base = facts(payer_keys=keys)
    text = f"darowizna {format_code('DH', 1002)}"
    proposal = one(credit(5000, name=PAYER, account=IBAN, text=text), base)
    assert (proposal.decision, proposal.candidates[0].donor_id) == ("auto", JAN)
    assert one(credit(5000, name=PAYER, account=IBAN, text="darowizna"), base).decision == "suggest"
