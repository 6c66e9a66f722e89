"""The plain values that matching reads and returns: credits, facts on donors, proposals.

They hold no rules. A service fetches the facts in bulk by indexed keys and stores
what comes back; ids are those of our tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from donorhub.money import Money

if TYPE_CHECKING:
    from donorhub.models.matching_states import RuleName
    from donorhub.models.states import MatchingMode, Settles

Level = Literal["low", "likely", "sure"]
Decision = Literal["auto", "suggest", "suspense"]
Kind = Literal["gift", "payout", "return", "cost", "outgoing", "transfer", "refund_back"]
Family = Literal["REF", "ACCOUNT", "NAME", "AMOUNT", "DATE", "TEXT", "HISTORY"]
# Why a credit may be a candidate's: reasons that the engine weighs, and what it or a person decided without.
WeighedKey = Literal[
    "match.account",
    "match.account_shared",
    "match.amount_differs",
    "match.amount_exact",
    "match.amount_several",
    "match.amount_tied",
    "match.code",
    "match.code_other_payer",
    "match.currency",
    "match.date_near",
    "match.date_on_time",
    "match.date_other_amount",
    "match.deceased",
    "match.email",
    "match.history",
    "match.learned_account",
    "match.learned_differs",
    "match.learned_name",
    "match.name",
    "match.name_like",
    "match.named",
    "match.names_other",
    "match.other_code",
    "match.other_payer",
    "match.outlier",
    "match.payout_amount",
    "match.payout_date",
    "match.payout_ref",
    "match.payout_words",
    "match.recurring_closed",
    "match.ref",
    "match.return_amount",
    "match.return_payer",
    "match.return_ref",
    "match.return_words",
    "match.reversal",
    "match.said",
    "match.words_against",
]
EvidenceKey = Literal[
    WeighedKey,
    "match.cost",
    "match.deadline",
    "match.outgoing",
    "match.person",
    "match.refund_back",
    "match.transfer",
]
# Why nothing was decided without a person.
Hindrance = Literal[
    "code_unknown",
    "contested",
    "contested_return",
    "contradiction",
    "equal_gift",
    "margin",
    "mode_off",
    "mode_suggest",
    "name_only",
    "not_enough",
    "nothing_found",
    "original_unknown",
    "outside_window",
    "over_cap",
    "paid_to_donor",
    "payout_unknown",
    "rule_stopped",
]
UNUSED: Final = timedelta(days=730)  # after which what was learned asks again
TIMES_OF_MISSES: Final = 3


@dataclass(frozen=True, slots=True)
class Credit:
    """A booked entry without details (``detail_id`` None), or one detail of an entry; debits too."""

    entry_id: int
    detail_id: int | None
    amount: Money  # signed as the account sees it
    booked_on: date
    name: str | None = None
    account: str | None = None  # the counterparty's
    text: str = ""  # the remittance, or what the bank wrote instead
    refs: tuple[str, ...] = ()  # mandate, end-to-end, virtual account, SCOR: what may name a payer exactly
    return_code: str | None = None
    reversal: bool = False
    charges_minor: int = 0  # what the bank kept of a return, >= 0
    bank_code: str | None = None
    is_fee: bool = False  # what the bank took of the payment beside it


@dataclass(frozen=True, slots=True)
class DonorFacts:
    """A donor whom a credit may come from."""

    donor_id: int
    name: str
    accounts: frozenset[str] = frozenset()  # canonical
    is_deceased: bool = False
    has_closed_recurring: bool = False  # and no open one


@dataclass(frozen=True, slots=True)
class PayerKeyFacts:
    """What was learned: this payer's money was confirmed for this donor, or taken away from the donor."""

    key: str  # as payer_text.make_payer_key makes it, or other_payers.write_saying
    donor_id: int
    hits: int = 0
    misses: int = 0
    last_on: date | None = None
    amount: Money | None = None  # last
    day: int | None = None  # of the month, last

    def is_trusted(self, day: date) -> bool:
        """Return whether it still counts for money of a day: confirmed, seldom taken back, used within two
        years.
        """
        is_fresh = self.last_on is None or self.last_on >= day - UNUSED
        return is_fresh and 0 < self.hits >= TIMES_OF_MISSES * self.misses


def count_days_beside(day: date, first: date, last: date) -> int:
    """Return how many days a day is after the last of some, below 0 before the first; among them none."""
    return (day - last).days if day >= last else min(0, (day - first).days)


@dataclass(frozen=True, slots=True)
class InstalmentFacts:
    """An open instalment: neither paid nor waived, skipped only by a pause, missed for at most 90 days."""

    instalment_id: int
    donor_id: int
    recurring_gift_id: int
    due_on: date
    open: Money  # what is not yet allocated, > 0
    state: str = "expected"
    refs: tuple[str, ...] = ()  # end-to-end ids under which it was collected
    is_claimed: bool = (
        False  # money of another amount is there for it, and a person has yet to say what it is
    )
    is_unknown: bool = False  # a statement of its days is not there, and later ones are
    is_elsewhere: bool = False  # its recurring gift came to another account of ours, another's to this one
    wordings: frozenset[str] = frozenset()  # with which money came for its recurring gift so far
    nominal_on: date | None = None  # before it was rolled to a banking day
    back_on: date | None = None  # rolled to the banking day before, as some banks do
    habit: tuple[int, int] | None = None  # on which days, counted from its own, its payer's money comes

    def count_days(self, day: date) -> int:
        """Return how many days after its own a day is, below 0 before it: between the banking days before and
        after the nominal day it is none.
        """
        return count_days_beside(day, self.back_on or self.nominal_on or self.due_on, self.due_on)

    @property
    def is_owed(self) -> bool:
        """Return whether somebody waits for it: in a pause nobody does."""
        return self.state != "skipped"


@dataclass(frozen=True, slots=True)
class GiftFacts:
    """A gift that a return may take back."""

    gift_id: int
    donor_id: int
    amount: Money
    received_on: date
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DebitFacts:
    """Money of ours that went out, and may come back."""

    amount: Money  # below 0
    booked_on: date
    account: str | None = None
    name_key: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    """A provider's payout that no entry is joined to yet."""

    payout_id: int
    provider: str
    net: Money
    arrival_on: date
    refs: tuple[str, ...] = ()  # the payout's id, a trace id: what the bank text may carry


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """All facts on the payers of one statement. Merged donors are followed to the survivor.

    The keys are those of :class:`donorhub.domain.bank.matching.clues.Clues`: numbers of codes,
    ids as written, canonical accounts, ``payer_text.make_name_key``, addresses in lower case,
    ``payer_text.make_payer_key``.
    """

    donors: Mapping[int, DonorFacts] = field(default_factory=dict)
    donor_of_number: Mapping[int, int] = field(default_factory=dict)
    donors_of_ref: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    donors_of_account: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    donors_of_name: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    donors_of_email: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    payer_keys: Mapping[str, tuple[PayerKeyFacts, ...]] = field(default_factory=dict)
    instalments: Mapping[int, tuple[InstalmentFacts, ...]] = field(default_factory=dict)  # by donor
    gifts: Mapping[int, tuple[GiftFacts, ...]] = field(default_factory=dict)  # by donor, 120 days back
    gifts_of_ref: Mapping[str, tuple[GiftFacts, ...]] = field(default_factory=dict)
    payouts: Sequence[PayoutFacts] = ()
    debits: Sequence[DebitFacts] = ()  # 120 days back, of the amounts of credits that are marked as returns
    provider_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # {"stripe": ("stripe",)}
    own_accounts: frozenset[str] = frozenset()
    largest_gifts: Mapping[tuple[int, str], int] = field(default_factory=dict)  # minor, by donor and currency
    holder_ids: frozenset[int] = frozenset()  # donors of whom an account is known
    trusts_names: bool = False  # people confirmed names of files without accounts often, and rightly


class Evidence(NamedTuple):
    """One reason, as a message key and its parameters, so that every page can say it in its language.

    Negative points speak against the candidate; those that also forbid deciding
    without a person are ``contradicts``.
    """

    family: Family
    points: int
    key: EvidenceKey
    params: Mapping[str, str | int]
    contradicts: bool = False


class NewAllocation(NamedTuple):
    """The part of a credit, in minor units, that settles one instalment."""

    instalment_id: int
    minor: int


class Part(NamedTuple):
    """One gift that the credit makes: the donor's, with what it settles; the rest of it is a one-off gift.

    An ``amended`` one settles nothing: it falls on ``slot_id``, an instalment of another amount.
    """

    donor_id: int
    minor: int
    settles: Settles
    allocations: tuple[NewAllocation, ...] = ()
    slot_id: int | None = None


@dataclass(slots=True)
class Candidate:
    """What a credit may be. Exactly one of ``parts``, ``payout_id`` and ``gift_id`` says what.

    Of a proposal's candidates only the best can be ``sure``, and it is where, and only where,
    mode ``auto`` would settle it; points alone make it ``likely`` at most.
    """

    points: int
    level: Level
    evidence: tuple[Evidence, ...]
    parts: tuple[Part, ...] = ()
    payout_id: int | None = None
    gift_id: int | None = None  # the gift that a return takes back

    @property
    def donor_id(self) -> int | None:
        """Return the donor, or None where the credit is nobody's or several donors'."""
        return self.parts[0].donor_id if len(self.parts) == 1 else None


@dataclass(slots=True)
class Proposal:
    """The engine's answer for one credit; ``candidates`` are ranked, best first.

    ``auto`` may be settled now: the best candidate, or, with none, that it is no gift
    (``cost``, ``outgoing``, ``transfer``, ``refund_back``). ``suggest`` waits for a person's click,
    ``suspense`` for what one may find out. ``would_auto`` is what mode ``auto`` would have
    done. ``hindrances`` are message keys that say why nothing was decided.
    """

    entry_id: int
    detail_id: int | None
    kind: Kind
    decision: Decision
    would_auto: bool
    candidates: tuple[Candidate, ...] = ()
    hindrances: tuple[Hindrance, ...] = ()
    is_new_first: bool = False  # the payer is rather somebody whom nobody knows yet than any candidate
    rule: RuleName | None = None  # by which it may be settled now


@dataclass(frozen=True, slots=True)
class Policy:
    """An organisation's settings for one bank account. Points, days, and caps in minor units."""

    prefix: str  # of donor codes
    mode: MatchingMode = "suggest"
    cap: Mapping[str, int] = field(
        default_factory=dict
    )  # highest amount decided alone, by currency; none: no cap
    margin: int = 20
    likely: int = 40
    early_days: int = 1
    late_days: int = 4
    grace_days: int = 10
    return_days: int = 120
    max_several: int = 6
    words_against: tuple[str, ...] = ()  # what says that money is no gift
    country: str = "PL"  # whose banking days count for payouts
    stopped_rules: frozenset[RuleName] = frozenset()  # they only suggest: people found them wrong too often
    weights: Mapping[WeighedKey, int] = field(default_factory=dict)  # points by evidence key, over the priors
