"""A family's account settles for the one whom its words name, where the promise fits, and else it asks."""

from __future__ import annotations

import pytest

from donorhub.domain.bank.matching.matching_facts import PayerKeyFacts, Proposal
from tests.domain.bank.matching_world import ANNA, IBAN, JAN, credit, facts, instalment, one

KEY = f"iban:{IBAN}"


def paid_from_family(text: str, minor: int = 5000) -> Proposal:
    """Anna's account, which a person said pays for Jan as well; both have promised 50.00 for the day."""
    return one(
        credit(minor, name="ANNA NOWAK", account=IBAN, text=text),
        facts(
            payer_keys={KEY: (PayerKeyFacts(KEY, ANNA, 3), PayerKeyFacts(KEY, JAN, 1))},
            instalments={ANNA: (instalment(1),), JAN: (instalment(2, donor=JAN),)},
        ),
    )


@pytest.mark.parametrize(
    ("text", "donor"),
    [("za Jana", JAN), ("darowizna Jan Kowalski", JAN), ("od Jana K. maj", JAN), ("dar Anny", ANNA)],
)
def test_family_account_settles_by_named_donor(text: str, donor: int) -> None:
    """The words name one donor of the account and the promise fits: nobody is asked."""
    proposal = paid_from_family(text)
    assert (proposal.decision, proposal.candidates[0].donor_id) == ("auto", donor)


@pytest.mark.parametrize("text", ["darowizna", "za Jana i Anny", "Janina", "za Beaty", "janek"])
def test_family_account_asks_without_one_name(text: str) -> None:
    assert paid_from_family(text).decision == "suggest"


def test_family_account_asks_where_promise_differs() -> None:
    """A name alone settles nothing where the amount is not that of the promise."""
    assert paid_from_family("za Jana", minor=4900).decision == "suggest"
