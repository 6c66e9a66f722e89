"""Looking for duplicates among donors who are new or changed, or among all: by the keys that they share.

What is sure becomes one without a person only where the organisation says so; all else is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.donors.clusters import gather_groups, gather_people
from donorhub.domain.donors.evidence import Comparison, judge_pair
from donorhub.models import Donor, MergeLog
from donorhub.services.access import organisation
from donorhub.services.donors import (
    candidates,
    duplicate_review,
    households,
    identity_keys,
    later_rows,
    merging,
    verdicts,
)

_CLOSED_AT_ONCE: Final = 200  # questions that are looked at again
_OVERLAP: Final = timedelta(minutes=5)  # a transaction that was open then may have written since


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of a look: how many records were looked at, made one, and are asked about anew."""

    donors: int = 0
    merged: int = 0
    asked: int = 0

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.donors + other.donors, self.merged + other.merged, self.asked + other.asked)


def stream_changed_ids() -> Iterator[list[int]]:
    """Yield the donors who came or changed since the last look, some at a time; at the first look all."""
    seen_at = organisation.get_organisation().duplicates_seen_at
    if seen_at is None:
        yield from candidates.stream_donor_ids()
        return
    last: tuple[datetime, int] = (seen_at - _OVERLAP, 0)
    while True:
        rows = db.session.execute(
            select(Donor.updated_at, Donor.id)
            .where(Donor.updated_at >= last[0], Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
            .order_by(Donor.updated_at, Donor.id)
            .limit(candidates.AT_ONCE + 1)
        ).all()
        ids = [row.id for row in rows if (row.updated_at, row.id) > last]
        if ids:
            yield ids
        if len(rows) <= candidates.AT_ONCE or not ids:
            return
        last = (rows[-1].updated_at, rows[-1].id)


def look_at(donor_ids: Sequence[int], *, now: datetime) -> Findings:
    """Look for duplicates of these donors; ask about them, or make one what is surely one where that is
    wanted. Again changes nothing: what is asked is not asked twice, and what was answered never again.
    """
    return replace(decide_pairs(candidates.find_pairs(donor_ids), now=now), donors=len(donor_ids))


def is_worth_deciding(comparisons: Sequence[Comparison]) -> bool:
    """Return whether any of these pairs is one or may be: most looks find none and need write nothing."""
    thresholds = candidates.read_thresholds()
    return any(judge_pair(one, thresholds) != "none" for one in comparisons)


def decide_pairs(comparisons: Sequence[Comparison], *, now: datetime) -> Findings:
    """Ask about pairs that were compared, or make one what is surely one where that is wanted.

    Those who may live together and are in no household are asked about too: nobody is made a family alone.
    """
    pairs = {(one.left_id, one.right_id): one for one in comparisons}
    told = verdicts.list_apart({id_ for pair in pairs for id_ in pair})
    thresholds = candidates.read_thresholds()
    judged = {pair: judge_pair(one, thresholds) for pair, one in pairs.items() if pair not in told}
    merged = 0
    if organisation.get_organisation().merges_alone:
        sure_pairs = {pair: pairs[pair] for pair, word in judged.items() if word == "automatic"}
        merged = _merge_sure(sure_pairs, told | {pair for pair, one in pairs.items() if one.vetoes}, now)
    to_ask = [pair for pair, word in judged.items() if word in ("automatic", "review")]
    homes = [pair for pair, word in judged.items() if word == "household"]
    return Findings(
        merged=merged, asked=_ask_pairs(to_ask, now) + _ask_pairs(_list_homes(homes, to_ask), now)
    )


def _list_homes(
    pairs: Sequence[tuple[int, int]], alike_pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return those who may live together and are no household yet; who of them is one is settled before."""
    busy_ids = {id_ for pair in alike_pairs for id_ in pair}
    free_pairs = [pair for pair in pairs if busy_ids.isdisjoint(pair)]
    together = households.list_together({id_ for pair in free_pairs for id_ in pair})
    return [pair for pair in free_pairs if pair not in together]


def _ask_pairs(pairs: Sequence[tuple[int, int]], now: datetime) -> int:
    """Ask about the records as they are by now, in groups; return how many questions are new."""
    survivor_of = verdicts.follow_merges({id_ for pair in pairs for id_ in pair})
    live_pairs = {
        tuple(sorted((survivor_of[left], survivor_of[right])))
        for left, right in pairs
        if left in survivor_of and right in survivor_of and survivor_of[left] != survivor_of[right]
    }
    groups = gather_groups((left, right) for left, right in sorted(live_pairs))
    return duplicate_review.ask_about(groups, now=now)


def _merge_sure(
    sure_pairs: dict[tuple[int, int], Comparison], apart: set[tuple[int, int]], now: datetime
) -> int:
    """Make records one that surely are; no chain joins two who cannot be one."""
    groups = gather_groups(sure_pairs)
    count = 0
    for group in groups:
        scores = {pair: one.score for pair, one in sure_pairs.items() if pair[0] in group}
        for person in gather_people(group, scores, apart):
            for other_id in person[1:]:
                merging.merge_donors(person[0], other_id, now=now, actor=merging.AUTOMATIC)
                count += 1
    return count


def doubt_merges(*, now: datetime) -> int:
    """Ask about merges that no person decided and whose one proof a third person has by now; return how many
    are new. Nothing is undone by itself.
    """
    since = now - timedelta(days=organisation.get_organisation().unmerge_days)
    merges = db.session.scalars(
        select(MergeLog).where(
            MergeLog.at >= since, MergeLog.undone_at.is_(None), MergeLog.actor == merging.AUTOMATIC
        )
    ).all()
    return sum(duplicate_review.ask_about_merge(merge, now=now) for merge in merges if _has_lost_proof(merge))


def _has_lost_proof(merge: MergeLog) -> bool:
    """Return whether each e-mail, phone and account that the two records shared says nothing any more."""
    shared_keys = identity_keys.list_hard_pairs([merge.loser_id]) & later_rows.list_folded_keys(merge)
    return bool(shared_keys) and shared_keys <= candidates.find_generic(shared_keys)


def finish_look(*, now: datetime) -> None:
    """Doubt merges that lost their proof, close questions that are none, and keep that all who changed until
    now were looked at; count surnames for the next look.
    """
    doubt_merges(now=now)
    duplicate_review.close_outdated(most=_CLOSED_AT_ONCE)
    candidates.count_surnames()
    organisation.get_organisation().duplicates_seen_at = now
