"""Counting anew how often people said whose a payer's money is, where an older program counted itself too.

What the program decides by itself confirms nothing: counted, it would trust an account because it trusted it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Text, select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching import clues as clues_of
from donorhub.models import Match, Payer, PayerKey, PayerUse
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.bank.matching import credits, payer_keys, payer_learning
from donorhub.services.bank.matching.payer_learning import Lesson
from donorhub.services.donors import unused_payers

_AT_ONCE: Final = 2000
Place = tuple[str, int, str, str]  # payer key, donor, name and words


class _Decision(NamedTuple):
    id: int
    entry_id: int
    detail_id: int | None
    donor_id: int
    minor: int
    evidence: list[dict[str, Any]]


def count_hits_again() -> list[int]:
    """Let the hits of payers be what people decided, undone or not, each with its words; return the donors
    of payers who had more. A second time nothing changes.

    Misses stay: each was an undoing by a person.
    """
    before = _sum_hits()
    hits, last_lessons = _count_decisions()
    for use, place in _read_uses():
        use.hits = min(use.hits, hits[place])
        hits[place] -= use.hits
        if not use.hits and not use.misses:
            db.session.delete(use)
    db.session.flush()  # what follows asks the database
    payer_learning.confirm_uses(
        [last_lessons[place] for place, count in sorted(hits.items()) for _ in range(count)]
    )
    unused_payers.remove_unused_payers(db.session.scalars(select(Payer.id)))
    after = _sum_hits()
    return sorted({donor_id for (_, donor_id), count in before.items() if after[_, donor_id] < count})


def _sum_hits() -> Counter[tuple[int, int]]:
    """Return the hits of each payer for each donor."""
    rows = db.session.execute(select(PayerUse.payer_id, PayerUse.donor_id, PayerUse.hits))
    sums: Counter[tuple[int, int]] = Counter()
    for payer_id, donor_id, count in rows:
        sums[payer_id, donor_id] += count
    return sums


def _read_uses() -> list[tuple[PayerUse, Place]]:
    """Return each use with the place that it has among lessons."""
    rows = db.session.execute(
        select(PayerUse, PayerKey.kind, PayerKey.value)
        .join(PayerKey, PayerKey.payer_id == PayerUse.payer_id)
        .order_by(PayerUse.id)
    )
    return [
        (use, (payer_keys.join_key(kind, value), use.donor_id, use.name_key, use.words))
        for use, kind, value in rows
    ]


def _count_decisions() -> tuple[Counter[Place], dict[Place, Lesson]]:
    """Return how often people said that money of a payer, with some words, is a donor's, and when last."""
    prefix = organisation.get_organisation().code_prefix
    hits: Counter[Place] = Counter()
    last_lessons: dict[Place, Lesson] = {}
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
            amount = Money(row.minor, credit.amount.currency)
            lesson = payer_learning.make_lesson(clues, row.donor_id, amount, row.evidence)
            if lesson is None:
                continue
            place_of_use = (lesson.payer_key, lesson.donor_id, lesson.name_key, lesson.words)
            hits[place_of_use] += 1
            if place_of_use not in last_lessons or last_lessons[place_of_use].on <= lesson.on:
                last_lessons[place_of_use] = lesson
    return hits, last_lessons


def _read_decisions() -> Iterator[Sequence[_Decision]]:
    last_id = 0
    while True:
        rows = db.session.execute(
            select(
                Match.id,
                Match.entry_id,
                Match.detail_id,
                Match.donor_id,
                Match.amount_minor,
                Match.evidence,
            )
            .where(Match.id > last_id, Match.kind == "gift", Match.donor_id.is_not(None))
            .where(Match.evidence.cast(Text).contains('"match.person"'))
            .order_by(Match.id)
            .limit(_AT_ONCE)
        ).all()
        if not rows:
            return
        yield [_Decision(*row) for row in rows]
        last_id = rows[-1].id
