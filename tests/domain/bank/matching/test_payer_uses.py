"""A family's account settles for the one whom its words name, where the promise fits, and else it asks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from donorhub.domain.bank.matching.matching_facts import PayerKeyFacts, Proposal
from donorhub.domain.bank.matching.other_payers import make_saying
from tests.domain.bank.matching_world import ANNA, DAY, IBAN, JAN, credit, facts, instalment, one, zl

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


def pay_with_same_words(minor: int, on: date = DAY, *, hits: int = 3) -> Proposal:
    """Anna's account pays 50.00 for her and 30.00 for Jan with the same words, said so often."""
    saying = make_saying(IBAN, "ANNA NOWAK", "wsparcie") or ""
    uses = (
        PayerKeyFacts(saying, ANNA, hits, amount=zl(5000), day=2),
        PayerKeyFacts(saying, JAN, hits, amount=zl(3000), day=2),
    )
    keys = {KEY: (PayerKeyFacts(KEY, ANNA, hits), PayerKeyFacts(KEY, JAN, hits)), saying: uses}
    paid = credit(minor, name="ANNA NOWAK", account=IBAN, text="wsparcie", on=on)
    return one(paid, facts(payer_keys=keys))


@pytest.mark.parametrize(("minor", "donor"), [(5000, ANNA), (3000, JAN)])
def test_amount_tells_uses_with_the_same_words(minor: int, donor: int) -> None:
    proposal = pay_with_same_words(minor)
    assert (proposal.decision, proposal.candidates[0].donor_id) == ("auto", donor)
    assert pay_with_same_words(minor, hits=2).decision == "suggest"
    assert pay_with_same_words(4000).decision == "suggest"


@pytest.mark.parametrize(
    ("last_on", "hits", "misses", "is_trusted"),
    [
        (None, 1, 0, True),
        (None, 0, 0, False),
        (None, 3, 1, True),
        (None, 2, 1, False),
        (DAY - timedelta(days=730), 9, 0, True),
        (DAY - timedelta(days=731), 9, 0, False),
    ],
)
def test_use_counts_while_it_holds(last_on: date | None, hits: int, misses: int, is_trusted: bool) -> None:
    """At most a third of what was confirmed may be taken back, and two years without money ask again."""
    assert PayerKeyFacts(KEY, ANNA, hits, misses, last_on).is_trusted(DAY) is is_trusted
