"""What the base knows that a plan must know: donors by their keys, gifts that may be the same money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from donorhub.domain.donors.custom_shapes import Value
from donorhub.domain.donors.identity import NameParts


@dataclass(frozen=True, slots=True)
class DonorFacts:
    """A donor of the base: the name as it is compared, and the fields that a file may fill."""

    id: int
    parts: NameParts
    values: Mapping[str, object] = field(default_factory=dict)
    custom: Mapping[str, Value] = field(default_factory=dict)  # of the fields that were added, by key
    former: frozenset[tuple[str, str]] = frozenset()  # contacts that ended, by kind and what equals have


@dataclass(frozen=True, slots=True)
class GiftFacts:
    """A gift of the base, with the folded name of its donor."""

    id: int
    donor_id: int
    name_key: str
    minor: int
    currency: str
    received_on: date
    source: str = ""
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The part of the base that one file is about."""

    donors: Mapping[int, DonorFacts] = field(default_factory=dict)
    by_ref: Mapping[str, int] = field(default_factory=dict)  # their ids in the other system
    by_code: Mapping[str, int] = field(default_factory=dict)  # our own codes
    by_row_key: Mapping[str, int] = field(default_factory=dict)  # rows of earlier files
    by_contact: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    own_gifts: Mapping[str, GiftFacts] = field(default_factory=dict)  # of the same system, by source_ref
    credits: frozenset[tuple[int, int]] = frozenset()  # gifts and who is recognised
    other_gifts: tuple[GiftFacts, ...] = ()  # from any other door, about the file's days
    other_gifts_of_spans: tuple[GiftFacts, ...] = ()  # all of them, where the file has money of months
    refused_emails: frozenset[str] = frozenset()  # of the file's noes, those that get no e-mail already
    erased_ids: frozenset[int] = frozenset()  # donors who were erased, whose gifts are in the base
    erased_refs: frozenset[str] = frozenset()  # of the file's ids and row keys, those of people erased
    erased_contacts: frozenset[tuple[str, str]] = frozenset()
    funds: Mapping[str, int] = field(default_factory=dict)  # by folded name and code
    campaigns: Mapping[str, int] = field(default_factory=dict)
    noes: Mapping[int, frozenset[str]] = field(default_factory=dict)  # channels that donors said no to
    answers: Mapping[int, frozenset[str]] = field(default_factory=dict)  # what they said of the bulletin
    gift_custom: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)  # of own gifts, by key
    refuser_ids: frozenset[int] = frozenset()  # donors who said no to the bulletin, or took their yes back
