"""Counting anew how often people said whose a payer's money is, where an older program counted itself too.

What the program decides by itself confirms nothing: counted, it would trust an account because it trusted it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Text, select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching import clues as clues_of
from donorhub.models import Match, PayerKey
from donorhub.services.access import organisation
from donorhub.services.bank.matching import credits

_AT_ONCE: Final = 2000


class _Decision(NamedTuple):
    id: int
    entry_id: int
    detail_id: int | None
    donor_id: int


def count_hits_again() -> list[int]:
    """Lower the hits of payers to what people decided, undone or not; return the donors of those that had
    more. A second time nothing changes.

    Misses stay: each was an undoing by a person.
    """
    hits = _count_decisions()
    keys = db.session.scalars(select(PayerKey).where(PayerKey.hits > 0).order_by(PayerKey.id)).all()
    donor_ids: set[int] = set()
    for key in keys:
        hit_count = hits[key.value, key.donor_id]
        if hit_count < key.hits:
            key.hits = hit_count
            donor_ids.add(key.donor_id)
    db.session.flush()  # what follows asks the database
    return sorted(donor_ids)


def _count_decisions() -> Counter[tuple[str, int]]:
    """Return how often people said that money of a payer, or with a saying, is a donor's."""
    prefix = organisation.get_organisation().code_prefix
    hits: Counter[tuple[str, int]] = Counter()
    for decisions in _read_decisions():
        places = {
            (place.entry_id, place.detail_id): place.credit
            for chunk in cut_query_values(dict.fromkeys(row.entry_id for row in decisions))
            for place in credits.read_places(chunk)
        }
        for row in decisions:
            credit = places.get((row.entry_id, row.detail_id))
            if credit is None:
                continue
            (clues,) = clues_of.read_clues([credit], prefix)
            hits.update((key, row.donor_id) for key in (clues.payer_key, clues.saying) if key)
    return hits


def _read_decisions() -> Iterator[Sequence[_Decision]]:
    last_id = 0
    while True:
        rows = db.session.execute(
            select(Match.id, Match.entry_id, Match.detail_id, Match.donor_id)
            .where(Match.id > last_id, Match.kind == "gift", Match.donor_id.is_not(None))
            .where(Match.evidence.cast(Text).contains('"match.person"'))
            .order_by(Match.id)
            .limit(_AT_ONCE)
        ).all()
        if not rows:
            return
        yield [_Decision(row.id, row.entry_id, row.detail_id, row.donor_id or 0) for row in rows]
        last_id = rows[-1].id
