"""What is certain is decided, what is likely suggested, and a name alone never decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.bank.matching.evidence import PRIORS, calibrate_points
from donorhub.domain.bank.matching.matching_facts import (
    Credit,
    DonorFacts,
    PayerKeyFacts,
    PayoutFacts,
    Policy,
)
from donorhub.domain.donors.codes import format_code
from donorhub.models.states import MatchingMode
from tests.domain.bank.matching_world import (
    ANNA,
    AUTO,
    DAY,
    IBAN,
    JAN,
    OTHER_IBAN,
    credit,
    facts,
    instalment,
    one,
    solve,
    zl,
)


def test_a_code_decides() -> None:
    found = one(credit(text=f"dla zwierząt {format_code('DH', 1002)}", name=None))
    assert (found.kind, found.decision, found.candidates[0].donor_id) == ("gift", "auto", JAN)


def test_wrong_check_digit_decides_nothing() -> None:
    """A code with a wrong check digit decides nothing: the money waits in suspense, with a day by which to
    decide."""
    found = one(credit(text="DH-1002-1", name=None))
    assert found.decision == "suspense"


def test_code_of_nobody_is_shown() -> None:
    """A right code that belongs to no donor is shown as a reason against deciding."""
    assert one(credit(text=format_code("DH", 9999), name=None)).hindrances == ("code_unknown",)


def test_codes_of_two_donors_contradict_each_other() -> None:
    found = one(credit(text="DH-1001-7 " + format_code("DH", 1002), name=None))
    assert found.decision == "suggest"
    assert "contradiction" in found.hindrances


def test_codes_of_two_donors_split_the_sum() -> None:
    """Codes of two donors whose instalments add up to the credit split it between them."""
    known = facts(instalments={ANNA: (instalment(1),), JAN: (instalment(2, minor=3000, donor=JAN),)})
    found = one(credit(8000, text="DH-1001-7 " + format_code("DH", 1002)), known)
    assert found.decision == "auto"
    parts = found.candidates[0].parts
    assert [(part.donor_id, part.minor, part.allocations) for part in parts] == [
        (ANNA, 5000, ((1, 5000),)),
        (JAN, 3000, ((2, 3000),)),
    ]


@pytest.mark.parametrize("minor", [5000, 12345])
def test_name_alone_never_decides(minor: int) -> None:
    """A name alone never decides, even with the amount of an instalment, since two people can share a
    name."""
    known = facts(instalments={ANNA: (instalment(1),)})
    found = one(credit(minor), known)
    assert found.decision == "suggest"
    assert found.hindrances == ("name_only",)


@given(
    st.integers(1, 10**7),
    st.sampled_from(["Anna Nowak", "NOWAK ANNA UL. LIPOWA 3", "Jan Kowalski", "Kto Inny"]),
    st.integers(-40, 40),
    st.sampled_from([0, 1, 5, 50]),
)
def test_nothing_decides_without_strong_evidence(minor: int, name: str, days: int, hits: int) -> None:
    """Without an id, an account and a history nothing is ever decided, whatever name, amount and day say."""
    learned = {"name:anna nowak": (PayerKeyFacts("name:anna nowak", ANNA, hits),)}
    known = facts(instalments={ANNA: (instalment(1),)}, payer_keys=learned)
    found = one(credit(minor, name=name, on=DAY + timedelta(days=days)), known)
    assert found.decision != "auto"


def test_an_account_with_the_instalments_amount_decides() -> None:
    found = one(credit(account=IBAN), facts(instalments={ANNA: (instalment(7),)}))
    assert found.decision == "auto"
    best = found.candidates[0]
    assert best.level == "sure"
    assert best.parts[0].allocations == ((7, 5000),)
    assert {reason.family for reason in best.evidence} == {"ACCOUNT", "NAME", "AMOUNT", "DATE"}


def test_an_account_alone_only_suggests() -> None:
    found = one(credit(account=IBAN))
    assert (found.decision, found.hindrances) == ("suggest", ("not_enough",))


@pytest.mark.parametrize(
    ("hits", "misses", "decision"), [(1, 0, "suggest"), (2, 0, "auto"), (2, 1, "suggest")]
)
def test_an_account_confirmed_twice_decides_until_it_fails(hits: int, misses: int, decision: str) -> None:
    key = f"iban:{OTHER_IBAN}"
    known = facts(payer_keys={key: (PayerKeyFacts(key, JAN, hits, misses),)})
    found = one(credit(account=OTHER_IBAN, name="J KOWALSKI"), known)
    assert (found.decision if found.candidates else "suggest") == decision


def test_payer_key_of_two_donors_is_choice() -> None:
    """A payer key that belongs to two donors is a choice for a person."""
    key = f"iban:{OTHER_IBAN}"
    known = facts(payer_keys={key: (PayerKeyFacts(key, JAN, 9), PayerKeyFacts(key, ANNA, 2))})
    found = one(credit(account=OTHER_IBAN, name=None), known)
    assert found.decision == "suggest"
    assert "contradiction" in found.hindrances


def test_amount_decides_within_a_shared_account() -> None:
    """A shared account is decided by the amount only where one donor's instalment fits clearly better."""
    known = facts(
        donors_of_account={IBAN: (ANNA, JAN)},
        instalments={ANNA: (instalment(1),), JAN: (instalment(2, minor=3000, donor=JAN),)},
    )
    mine = one(credit(3000, account=IBAN, name=None), known)
    assert (mine.decision, mine.candidates[0].donor_id) == ("auto", JAN)
    neither = one(credit(9900, account=IBAN, name=None), known)
    assert "margin" in neither.hindrances


def test_gift_of_deceased_donor_needs_person() -> None:
    """Money of a donor who is noted as deceased is looked at by a person."""
    donor = DonorFacts(ANNA, "Anna Nowak", is_deceased=True)
    found = one(credit(text="DH-1001-7"), facts(donors={ANNA: donor}))
    assert found.decision == "suggest"
    assert "contradiction" in found.hindrances


def test_another_currency_is_never_decided_and_never_settles() -> None:
    known = facts(instalments={ANNA: (instalment(1),)})
    found = one(credit(5000, currency="EUR", text="DH-1001-7"), known)
    assert "contradiction" in found.hindrances
    assert found.candidates[0].parts[0].allocations == ()


def test_an_amount_above_the_cap_needs_a_person() -> None:
    policy = replace(AUTO, cap={"PLN": 10000})
    assert one(credit(10000, text="DH-1001-7"), policy=policy).decision == "auto"
    assert one(credit(10001, text="DH-1001-7"), policy=policy).hindrances == ("over_cap",)


def test_modes_suggest_and_off() -> None:
    """The mode suggest says what auto would have done, and the mode off says nothing at all."""
    paid = credit(text="DH-1001-7")
    waiting = one(paid, policy=Policy("DH"))
    assert (waiting.decision, waiting.would_auto) == ("suggest", True)
    assert one(paid, policy=Policy("DH", mode="off")).candidates == ()


@pytest.mark.parametrize(("days", "decision"), [(-2, "suggest"), (-1, "auto"), (4, "auto"), (5, "suggest")])
def test_instalment_settles_only_around_its_day(days: int, decision: str) -> None:
    """An instalment is settled without a person only around its due date; outside it is only suggested."""
    known = facts(instalments={ANNA: (instalment(1),)})
    found = one(credit(account=IBAN, on=DAY + timedelta(days=days)), known)
    assert found.decision == decision
    assert found.candidates[0].parts[0].allocations == ((1, 5000),)


def test_two_credits_in_march_settle_february_and_march() -> None:
    due = {1: date(2026, 2, 2), 2: date(2026, 3, 2), 3: date(2026, 3, 31), 4: date(2026, 4, 30)}
    known = facts(instalments={ANNA: tuple(instalment(n, on) for n, on in due.items() if n > 1)})
    credits = [
        credit(account=IBAN, on=date(2026, 3, 2), entry_id=1),
        credit(account=IBAN, on=date(2026, 3, 31), entry_id=2),
    ]
    for order in (credits, credits[::-1]):
        found = solve(*order, known=known)
        settled = {p.entry_id: p.candidates[0].parts[0].allocations[0].instalment_id for p in found}
        assert settled == {1: 2, 2: 3}
        assert {p.decision for p in found} == {"auto"}


def test_equal_credits_settle_one_instalment_once() -> None:
    """Two equal credits on one day do not settle one instalment twice."""
    known = facts(instalments={ANNA: (instalment(1),)})
    found = solve(credit(account=IBAN, entry_id=1), credit(account=IBAN, entry_id=2), known=known)
    allocated = [part.allocations for p in found for part in p.candidates[0].parts]
    assert sorted(map(len, allocated)) == [0, 1]


@pytest.mark.parametrize("minor", [3000, 7000, 10000, 15000])
def test_changed_amount_settles_nothing_by_itself(minor: int) -> None:
    """Another amount on the slot, also a multiple, pays no instalment in part, over or several at once."""
    coming = (instalment(1), instalment(2, date(2026, 4, 2)), instalment(3, date(2026, 5, 4)))
    proposal = one(credit(minor, account=IBAN), facts(instalments={ANNA: coming}))
    part = proposal.candidates[0].parts[0]
    assert (part.settles, part.minor, part.allocations, part.slot_id) == ("amended", minor, (), 1)


def test_changed_amount_off_the_slot_is_one_off() -> None:
    far = (instalment(1, DAY + timedelta(days=15)), instalment(2, DAY - timedelta(days=15)))
    part = one(credit(7000, account=IBAN), facts(instalments={ANNA: far})).candidates[0].parts[0]
    assert (part.settles, part.slot_id) == ("one_off", None)


def test_triple_amount_pays_arrears_first() -> None:
    """Three times the amount pays two instalments that are owed and the one that is due."""
    due = [
        instalment(1, date(2026, 1, 2), state="missed"),
        instalment(2, date(2026, 2, 2), state="missed"),
        instalment(3, DAY),
        instalment(4, date(2026, 5, 4)),
    ]
    found = one(credit(15000, account=IBAN), facts(instalments={ANNA: tuple(due)}))
    part = found.candidates[0].parts[0]
    assert part.settles == "several"
    assert part.allocations == ((1, 5000), (2, 5000), (3, 5000))
    assert found.decision == "auto"


@pytest.mark.parametrize(
    ("text", "settles"),
    [
        ("darowizna za 3 miesiące", "several"),
        ("za marzec-maj", "several"),
        ("za marzec", "amended"),
        ("darowizna Marcin Lipiński", "amended"),
    ],
)
def test_several_paid_ahead_need_words(text: str, settles: str) -> None:
    """Paid ahead in one sum, it settles several only where the payer's words say so."""
    coming = (instalment(1), instalment(2, date(2026, 4, 2)), instalment(3, date(2026, 5, 4)))
    proposal = one(credit(15000, account=IBAN, text=text), facts(instalments={ANNA: coming}))
    assert proposal.candidates[0].parts[0].settles == settles


def test_raise_to_double_leaves_claimed_slot_alone() -> None:
    """The slot of the first raised payment, which a person has not judged yet, is nothing that is owed."""
    due = (replace(instalment(1, date(2026, 2, 2), state="late"), is_claimed=True), instalment(2))
    proposal = one(credit(10000, account=IBAN), facts(instalments={ANNA: due}))
    assert proposal.candidates[0].parts[0].settles == "amended"


def test_one_sum_settles_two_recurring_gifts() -> None:
    """Two recurring gifts that are paid in one sum are both settled."""
    due = (instalment(1, minor=5000), replace(instalment(2, minor=3000), recurring_gift_id=99))
    found = one(credit(8000, account=IBAN), facts(instalments={ANNA: due}))
    assert found.candidates[0].parts[0].allocations == ((1, 5000), (2, 3000))


@given(
    st.lists(st.tuples(st.integers(500, 20000), st.integers(0, 60)), min_size=1, max_size=12),
    st.lists(st.tuples(st.sampled_from([2000, 3000, 5000]), st.integers(0, 90)), max_size=12),
)
def test_allocations_never_exceed_a_credit_or_an_instalment(
    paid: list[tuple[int, int]], due: list[tuple[int, int]]
) -> None:
    open_ = tuple(
        instalment(number, DAY + timedelta(days=days - 30), minor) for number, (minor, days) in enumerate(due)
    )
    credits = [
        credit(minor, account=IBAN, on=DAY + timedelta(days=days), entry_id=number)
        for number, (minor, days) in enumerate(paid)
    ]
    known = facts(instalments={ANNA: open_} if open_ else {})
    settled: dict[int, int] = {}
    for proposal, one_credit in zip(solve(*credits, known=known), credits, strict=True):
        (part,) = proposal.candidates[0].parts
        assert part.minor == one_credit.amount.minor
        assert sum(allocated.minor for allocated in part.allocations) <= part.minor
        for allocated in part.allocations:
            assert allocated.minor > 0
            settled[allocated.instalment_id] = settled.get(allocated.instalment_id, 0) + allocated.minor
    assert all(minor <= open_[number].open.minor for number, minor in settled.items())


def test_collection_id_settles_on_any_day() -> None:
    """A collection's own id settles its instalment whatever the day."""
    mine = replace(instalment(5, DAY - timedelta(days=60)), refs=("E2E-5",))
    known = facts(instalments={ANNA: (mine, instalment(6))}, donors_of_ref={"E2E-5": (ANNA,)})
    found = one(credit(refs=("E2E-5",), name=None), known)
    assert found.candidates[0].parts[0].allocations == ((5, 5000),)


PAYOUT = PayoutFacts(8, "stripe", zl(123456), DAY, ("po_1AbC",))
STRIPE = {"stripe": ("stripe", "stripe payments")}


@pytest.mark.parametrize(
    ("paid", "decision"),
    [
        (credit(123456, name="STRIPE PAYMENTS EUROPE"), "auto"),
        (credit(123456, name="Bank", text="po_1abc"), "auto"),
        (credit(123456, name="Stripe", on=date(2026, 3, 9)), "auto"),
        (credit(123456, name="Stripe", on=date(2026, 3, 10)), "suspense"),
        (credit(123456, name="Stripe", on=date(2026, 2, 27)), "auto"),
        (credit(123457, name="Stripe"), "suspense"),
    ],
)
def test_payout_is_never_a_gift(paid: Credit, decision: str) -> None:
    """A provider's payout is matched to its entry and is never taken for a gift."""
    found = one(paid, facts(payouts=(PAYOUT,), provider_words=STRIPE))
    assert (found.kind, found.decision) == ("payout", decision)
    assert all(not candidate.parts for candidate in found.candidates)


def test_payout_of_two_entries_needs_person() -> None:
    """A payout that two entries could be needs a person."""
    known = facts(payouts=(PAYOUT,), provider_words=STRIPE)
    found = solve(credit(123456, name="Stripe"), credit(123456, name="Stripe", entry_id=2), known=known)
    assert [p.hindrances for p in found] == [("contested",), ("contested",)]


def test_providers_name_in_text_hides_no_donor() -> None:
    """A donor who writes a provider's name into the text is still found as the donor."""
    found = one(credit(text="zamiast stripe DH-1001-7"), facts(provider_words=STRIPE))
    assert (found.kind, found.candidates[0].donor_id) == ("gift", ANNA)


@pytest.mark.parametrize(
    ("paid", "kind"),
    [
        (credit(-500, name=None, text="Prowizja za prowadzenie rachunku"), "cost"),
        (credit(-500, name=None, text="Komision mirëmbajtjeje"), "cost"),
        (credit(-9900, name="Wynajem sp. z o.o.", account=OTHER_IBAN, text="FV 3/2026 opłata"), "outgoing"),
        (credit(-9900, account="PL00OWN", text="przelew własny"), "transfer"),
        (credit(9900, account="PL00OWN", text="przelew własny"), "transfer"),
    ],
)
def test_money_that_is_no_gift_needs_no_one(paid: Credit, kind: str) -> None:
    found = one(paid, facts(own_accounts=frozenset({"PL00OWN"})), Policy("DH"))
    assert (found.kind, found.decision, found.candidates) == (kind, "auto", ())


def test_points_follow_what_people_confirm() -> None:
    weights = calibrate_points({"match.email": (0, 0), "match.name": (2, 18), "match.account": (500, 0)})
    assert weights["match.email"] == PRIORS["match.email"]
    assert weights["match.name"] < PRIORS["match.name"] < weights["match.account"] < 55
    found = one(credit(), policy=replace(AUTO, weights=weights))
    assert found.candidates[0].points == weights["match.name"]


def test_one_proposal_for_each_credit() -> None:
    """A statement gives one proposal for each credit, in the order of the credits."""
    credits = [credit(entry_id=number, minor=number - 50) for number in range(100) if number != 50]
    assert [p.entry_id for p in solve(*credits)] == [c.entry_id for c in credits]


@pytest.mark.parametrize(
    "asked",
    [
        (credit(account=IBAN), {}),  # 70 points of account and name, and yet not enough
        (credit(text="DH-1001-7"), {}),
        (credit(text="DH-1001-7 DH-1002-5"), {}),
        (credit(account=IBAN), {"donors_of_account": {IBAN: (ANNA, JAN)}}),
        (credit(account=IBAN), {"instalments": {ANNA: (instalment(7),)}}),
        (credit(name=None, account=IBAN), {"instalments": {ANNA: (instalment(7, minor=700),)}}),
        (credit(), {}),
    ],
)
@pytest.mark.parametrize("mode", ["suggest", "auto"])
def test_sure_means_the_engine_would_settle(
    asked: tuple[Credit, dict[str, object]], mode: MatchingMode
) -> None:
    """A candidate is called sure exactly where the engine would settle it, so the word on the page keeps its
    promise."""
    found = one(asked[0], facts(**asked[1]), replace(AUTO, mode=mode))
    assert [candidate.level == "sure" for candidate in found.candidates] == [
        found.would_auto and rank == 0 for rank in range(len(found.candidates))
    ]
    assert found.would_auto or "mode_suggest" not in found.hindrances
