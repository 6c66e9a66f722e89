"""A return finds the gift that it takes back, and other money that goes out is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.domain.bank.matching_world import (
    ANNA,
    DAY,
    GIFT,
    IBAN,
    OTHER_IBAN,
    credit,
    facts,
    one,
)


def test_money_to_donor_is_looked_at() -> None:
    """Money paid to a donor may be a refund, so a person looks at it."""
    proposal = one(credit(-5000, account=IBAN, text="dla Anny"))
    assert (proposal.kind, proposal.decision, proposal.hindrances) == (
        "outgoing",
        "suspense",
        ("paid_to_donor",),
    )


def test_return_finds_gift_by_collection_id() -> None:
    """A return finds the gift that it takes back by the collection's id."""
    gift_facts = facts(gifts_of_ref={"E2E-1": (GIFT,)})
    proposal = one(credit(-5000, name=None, text="", refs=("E2E-1",)), gift_facts)
    assert (proposal.kind, proposal.decision, proposal.candidates[0].gift_id) == ("return", "auto", 31)


def test_return_with_fee_finds_its_gift() -> None:
    """A return that holds the bank's fee still finds its gift, although the amounts differ."""
    gift_facts = facts(gifts_of_ref={"E2E-1": (GIFT,)})
    proposal = one(replace(credit(-5300, refs=("E2E-1",)), charges_minor=300, return_code="AM04"), gift_facts)
    assert (proposal.decision, proposal.candidates[0].gift_id) == ("auto", 31)


def test_return_finds_gift_within_120_days() -> None:
    """A return finds its gift by payer and amount within 120 days, and an older gift is not guessed."""
    paid = credit(-5000, account=IBAN, text="ZWROT MD06")
    assert one(paid, facts(gifts={ANNA: (GIFT,)})).candidates[0].gift_id == 31
    old = replace(GIFT, received_on=DAY - timedelta(days=121))
    assert one(paid, facts(gifts={ANNA: (old,)})).hindrances == ("original_unknown",)


def test_return_of_either_gift_needs_person() -> None:
    """A return that may take back either of two gifts needs a person."""
    gift_facts = facts(gifts={ANNA: (GIFT, replace(GIFT, gift_id=32))})
    proposal = one(replace(credit(-5000, account=IBAN), return_code="AC04"), gift_facts)
    assert (proposal.decision, proposal.hindrances) == ("suggest", ("margin",))


def test_code_inside_reference_is_no_return() -> None:
    """A return code that stands inside a longer reference is no return code."""
    assert one(credit(-5000, account=OTHER_IBAN, text="REF XAM045 faktura")).kind == "outgoing"


def test_incoming_reversal_needs_person() -> None:
    """A reversal that brings money is not taken for a gift without a person."""
    proposal = one(replace(credit(text="DH-1001-7"), reversal=True))
    assert "contradiction" in proposal.hindrances
