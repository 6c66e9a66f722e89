"""The plan of a file: what comes of each of its rows and people, as values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

from donorhub.domain.donors.custom_shapes import Value
from donorhub.domain.moving.grouping import Group, Key
from donorhub.domain.moving.records import GiftDraft, Record, Tie, TieKind

RowState = Literal["made", "joined", "known", "held", "left_out"]
ROW_STATES: Final[tuple[RowState, ...]] = ("made", "joined", "known", "held", "left_out")


@dataclass(slots=True)
class RowPlan:
    """What comes of one row. ``source_ref`` is its gift's key, ``gift_id`` the gift that it is already."""

    record: Record
    state: RowState = "made"
    reason: str = ""
    group: int | None = None
    source_ref: str = ""
    gift_id: int | None = None
    gift_custom: dict[str, Value] = field(default_factory=dict)  # what it fills in of the gift that is here
    gift_changes: dict[str, Value] = field(default_factory=dict)  # what a person wants changed of it
    differing_keys: tuple[str, ...] = ()  # of the fields in which the file says something else
    is_total: bool = False  # the file's own sum, and no row
    companions: tuple[int, ...] = ()  # the groups of those whom the row names beside its giver
    ties: tuple[tuple[Tie, int, int], ...] = ()  # that are written, with the groups of both
    credited_group: int | None = None  # the group of who is recognised for the gift of the row
    credited_gift: RowPlan | int | None = None  # for which it recognises somebody

    @property
    def gift(self) -> GiftDraft | None:
        """The gift that the row makes; None for a row that makes none."""
        return self.record.gift if self.state == "made" and self.gift_id is None else None


@dataclass(slots=True)
class DonorPlan:
    """What comes of one person: a new donor, or one who is here and what of them is filled or changed."""

    group: Group
    donor_id: int | None = None
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    more_contacts: tuple[Key, ...] = ()  # a second e-mail or phone that the base does not have yet
    brings_account: bool = True  # False: the donor has that account no more
    more_note: str = ""
    custom: dict[str, Value] = field(default_factory=dict)  # what it fills in of fields that were added
    forbids: bool = False  # the file brings a no, to contact or to e-mail, that the base does not have yet
    answer: str = ""  # a consent that is news: "unknown", or "given" with its day
    is_used: bool = False  # a row that is made or joined names them
    is_erased: bool = False  # they had themselves erased: the file does not make them again

    @property
    def has_news(self) -> bool:
        """Whether the file tells more of a donor who is here."""
        return self.has_more or self.forbids or bool(self.answer)

    @property
    def has_more(self) -> bool:
        """Whether the file fills in or changes something of them."""
        return bool(self.changes or self.more_contacts or self.more_note or self.custom)


@dataclass(slots=True)
class Plan:
    """All rows and people of a file, and the values that only a person can place."""

    rows: list[RowPlan]
    donors: list[DonorPlan]
    unknown_funds: tuple[str, ...] = ()
    unknown_campaigns: tuple[str, ...] = ()

    def count_states(self) -> dict[RowState, int]:
        """Return how many rows are in each state; together they are the rows of the file."""
        counts = Counter(row.state for row in self.rows if not row.is_total)
        return {state: counts[state] for state in ROW_STATES}

    def count_ties(self, kind: TieKind) -> int:
        """Return how many ties of a kind are written."""
        return sum(1 for row in self.rows for tie, _, _ in row.ties if tie.kind == kind)


def list_values(gift: GiftDraft, name: Literal["fund", "campaign"]) -> tuple[str, ...]:
    """Return what a gift says of its funds or its campaign."""
    return tuple(fund for fund, _ in gift.funds) if name == "fund" else (gift.campaign,)
