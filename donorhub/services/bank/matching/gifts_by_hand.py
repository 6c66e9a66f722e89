"""Gifts that people or other systems recorded, and that the bank may bring now once more.

An entry of the bank is a gift of its own, and so is a payment of a provider: they are known by their ids.
What was recorded by hand, over the API or taken over from another system has none that the bank knows: of the
same donor, day and amount it may be the same money. So nothing is settled without a person who was shown it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import Candidate, Policy, Proposal
from donorhub.domain.messages.thanks_age import TAKEN_OVER
from donorhub.errors import Conflict
from donorhub.models import Correction, Entry, Gift, Match
from donorhub.money import Money
from donorhub.services.bank.matching.credits import Place
from donorhub.services.bank.matching.decisions import CreditDecision
from importers.periods import Span, read_span

MOST_SHOWN: Final = 50
SAME_MONEY: Final = timedelta(days=3)  # between the bank's day and that of another system
_LONGEST_SPAN: Final = timedelta(days=366 + 3)  # a year that a column of a table stands for
_OF_MONTHS: Final = ("____-__:%", "____-__/____-__:%")  # the keys of money below a month, a quarter or a year
PlaceProposal = tuple[Place, Clues, Proposal]


class Key(NamedTuple):
    """What two gifts that may be one have in common."""

    donor_id: int
    minor: int
    currency: str
    on: date


def find_gifts_by_hand(keys: Iterable[Key]) -> dict[Key, list[int]]:
    """Return the ids of the gifts that were recorded by hand, by what they have in common with an entry's.

    One that was taken over from another system may have been written down some days before or after, and,
    while no entry is it, may be the sum of several smaller payments of its days or its month.
    """
    keys_by_donor: dict[tuple[int, str], list[Key]] = {}
    for key in set(keys):
        keys_by_donor.setdefault((key.donor_id, key.currency), []).append(key)
    days = [key.on for group in keys_by_donor.values() for key in group]
    ids_by_key: dict[Key, list[int]] = {}
    part_ids: dict[int, list[Key]] = {}  # of larger gifts taken over, the payments that may be a part of each
    for donor_ids in cut_query_values(sorted({donor_id for donor_id, _ in keys_by_donor})):
        rows = db.session.execute(
            select(*_COLUMNS)
            .where(Gift.donor_id.in_(donor_ids), _is_between(min(days), max(days)), *_IS_BY_HAND)
            .order_by(Gift.id)
        )
        for id_, donor_id, minor, currency, on, source, source_ref in rows:
            first, last = _find_days(on, source, source_ref)
            for key in keys_by_donor.get((donor_id, currency), ()):
                if key.minor == minor and first <= key.on <= last:
                    ids_by_key.setdefault(key, []).append(id_)
                elif key.minor < minor and source.startswith(TAKEN_OVER) and first <= key.on <= last:
                    part_ids.setdefault(id_, []).append(key)
    for id_ in _list_unmatched(part_ids):
        for key in part_ids[id_]:
            ids_by_key.setdefault(key, []).append(id_)
    return ids_by_key


def _list_unmatched(gift_ids: Collection[int]) -> list[int]:
    """Return those of the gifts that no entry is."""
    ids = set(gift_ids)
    for chunk in cut_query_values(sorted(gift_ids)):
        live_matches = select(Match.gift_id).where(Match.gift_id.in_(chunk), Match.undone_at.is_(None))
        ids -= {id_ for id_ in db.session.scalars(live_matches) if id_ is not None}
    return sorted(ids)


def _find_days(on: date, source: str, source_ref: str) -> Span:
    """Return the first and last day on which a payment may be a gift recorded by hand.

    One that was taken over may have been written down some days before or after; of one that stood below a
    month its key tells the month, and its day is only what a person chose.
    """
    if not source.startswith(TAKEN_OVER):
        return on, on
    first, last = read_span(source_ref.partition(":")[0]) or (on, on)
    return first - SAME_MONEY, last + SAME_MONEY


def _is_between(first: date, last: date) -> ColumnElement[bool]:
    """Return the condition that a gift may be of these days, or stood below a month that may hold them."""
    about = Gift.received_on.between(first - SAME_MONEY, last + SAME_MONEY)
    in_year = Gift.received_on.between(first - _LONGEST_SPAN, last + _LONGEST_SPAN)
    is_of_months = or_(*(Gift.source_ref.like(pattern) for pattern in _OF_MONTHS))
    return or_(about, and_(in_year, Gift.source.startswith(TAKEN_OVER), is_of_months))


_COLUMNS: Final = (
    Gift.id,
    Gift.donor_id,
    Gift.amount_minor,
    Gift.currency,
    Gift.received_on,
    Gift.source,
    Gift.source_ref,
)
_IS_BY_HAND: Final[tuple[ColumnElement[bool], ...]] = (
    or_(Gift.source == "manual", Gift.source.startswith("api:"), Gift.source.startswith("import:")),
    Gift.is_test.is_(False),
    Gift.id.not_in(select(Correction.gift_id)),
)


def _is_about(day: date) -> ColumnElement[bool]:
    """Return the condition that a gift is of a day; of one that was taken over, about that day."""
    about = Gift.received_on.between(day - SAME_MONEY, day + SAME_MONEY)
    return and_(about, or_(Gift.received_on == day, Gift.source.startswith(TAKEN_OVER)))


def list_gifts_like(entry: Entry) -> Sequence[Gift]:
    """Return the gifts recorded by hand of an entry's day that it, or a part of it, may be.

    Those taken over from another system are of some days before and after too.
    """
    return db.session.scalars(
        select(Gift)
        .where(
            _is_about(entry.booked_on),
            Gift.currency == entry.currency,
            Gift.amount_minor <= entry.amount_minor,
            *_IS_BY_HAND,
        )
        .order_by(Gift.amount_minor.desc(), Gift.id)
        .limit(MOST_SHOWN)
    ).all()


def is_recorded(on: date, amount: Money) -> bool:
    """Return whether a gift of anybody was recorded by hand that is no entry's yet and may be this money."""
    is_of_entry = select(Match.id).where(Match.gift_id == Gift.id, Match.undone_at.is_(None)).exists()
    gift_id = db.session.scalar(
        select(Gift.id)
        .where(
            _is_about(on),
            Gift.currency == amount.currency,
            Gift.amount_minor == amount.minor,
            *_IS_BY_HAND,
            ~is_of_entry,
        )
        .limit(1)
    )
    return gift_id is not None


def list_keys(place: Place, candidate: Candidate | CreditDecision) -> list[Key]:
    """Return what the gifts of a candidate or decision would have in common with earlier ones."""
    currency = place.credit.amount.currency
    return [Key(part.donor_id, part.minor, currency, place.booked_on) for part in candidate.parts]


def ask_about_equal_gifts(proposals: list[PlaceProposal], policy: Policy) -> list[PlaceProposal]:
    """Return the proposals, those that would be settled though an equal gift is there asking a person."""
    certain = [
        (place, proposal)
        for place, _, proposal in proposals
        if proposal.candidates and (proposal.would_auto or proposal.decision == "auto")
    ]
    ids_by_key = find_gifts_by_hand(
        key for place, proposal in certain for key in list_keys(place, proposal.candidates[0])
    )
    return [_ask_if_equal(one, ids_by_key, policy) for one in proposals] if ids_by_key else proposals


def _ask_if_equal(one: PlaceProposal, known_keys: Collection[Key], policy: Policy) -> PlaceProposal:
    place, clues, proposal = one
    is_certain = bool(proposal.candidates) and (proposal.would_auto or proposal.decision == "auto")
    if not is_certain or not any(key in known_keys for key in list_keys(place, proposal.candidates[0])):
        return one
    best, *others = proposal.candidates
    asking = replace(
        proposal,
        decision="suggest",
        would_auto=False,
        candidates=(replace(best, level="likely"), *others),
        hindrances=("equal_gift",),
    )
    return place, clues, asking


def refuse_equal_gifts(decision: CreditDecision, known_ids: Collection[int] | None) -> None:
    """Raise Conflict where an equal gift is not among ``known_ids``, which were looked at; ``None``: whatever
    is there is another.
    """
    if known_ids is None:
        return
    ids_by_key = find_gifts_by_hand(list_keys(decision.place, decision))
    ids = sorted(id_ for ids in ids_by_key.values() for id_ in ids if id_ not in known_ids)
    if ids:
        raise Conflict(
            "a gift of this donor, of the same day and amount, is recorded already: say that this is another",
            code="possible_duplicate_gift",
            gift_ids=ids,
        )
