"""Credits and what is known of donors, for the tests of the matching rules."""

from __future__ import annotations

from datetime import date, timedelta

from donorhub.domain.bank.matching.clues import read_clues
from donorhub.domain.bank.matching.matching import propose_matches
from donorhub.domain.bank.matching.matching_facts import (
    Credit,
    DonorFacts,
    GiftFacts,
    InstalmentFacts,
    MatchFacts,
    Policy,
    Proposal,
)
from donorhub.money import Money

DAY = date(2026, 3, 2)
ANNA, JAN = 1, 2
IBAN = "PL61109010140000071219812874"
OTHER_IBAN = "XK051212012345678906"
AUTO = Policy("DH", mode="auto")


def zl(minor: int) -> Money:
    return Money(minor, "PLN")


def credit(
    minor: int = 5000,
    *,
    name: str | None = "ANNA NOWAK",
    account: str | None = None,
    text: str = "Darowizna",
    on: date = DAY,
    currency: str = "PLN",
    refs: tuple[str, ...] = (),
    entry_id: int = 1,
) -> Credit:
    return Credit(entry_id, None, Money(minor, currency), on, name, account, text, refs)


def instalment(
    number: int, due_on: date = DAY, minor: int = 5000, *, donor: int = ANNA, state: str = "expected"
) -> InstalmentFacts:
    return InstalmentFacts(number, donor, donor * 10, due_on, zl(minor), state)


def facts(**more: object) -> MatchFacts:
    known: dict[str, object] = {
        "donors": {ANNA: DonorFacts(ANNA, "Anna Nowak"), JAN: DonorFacts(JAN, "Jan Kowalski")},
        "donor_of_number": {1001: ANNA, 1002: JAN},
        "donors_of_name": {"anna nowak": (ANNA,), "jan kowalski": (JAN,)},
        "donors_of_account": {IBAN: (ANNA,)},
        **more,
    }
    return MatchFacts(**known)  # type: ignore[arg-type]


def solve(*credits: Credit, known: MatchFacts | None = None, policy: Policy = AUTO) -> list[Proposal]:
    return propose_matches(read_clues(credits, policy.prefix), known or facts(), policy)


def one(paid: Credit, known: MatchFacts | None = None, policy: Policy = AUTO) -> Proposal:
    return solve(paid, known=known, policy=policy)[0]


GIFT = GiftFacts(31, ANNA, zl(5000), DAY - timedelta(days=20), ("E2E-1",))
