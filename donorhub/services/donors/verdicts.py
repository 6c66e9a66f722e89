"""What people said of two records: that they are one person, or two. It is read through merges, and final."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, or_, select

from donorhub.db import cut_query_values, db, insert_or_update
from donorhub.domain.donors.clusters import Pair, make_pair
from donorhub.models import Donor, DuplicateVerdict
from donorhub.models.states import DuplicateVerdictWord


def record_verdicts(
    pairs: Iterable[Pair], verdict: DuplicateVerdictWord, *, now: datetime, actor: str
) -> None:
    """Keep what a person says of these pairs; what they said before gives way."""
    rows = [
        {"left_id": left, "right_id": right, "verdict": verdict, "actor": actor, "at": now}
        for left, right in sorted({make_pair(*pair) for pair in pairs})
    ]
    if rows:
        statement = insert_or_update(
            DuplicateVerdict,
            on=(DuplicateVerdict.left_id, DuplicateVerdict.right_id),
            columns=(DuplicateVerdict.verdict, DuplicateVerdict.actor, DuplicateVerdict.at),
        )
        db.session.execute(statement, rows)


def record_others(donor_id: int, other_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Keep that a donor is another person than these, as who made or changed them said."""
    others = [id_ for id_ in other_ids if id_ != donor_id]
    record_verdicts([(donor_id, id_) for id_ in others], "different", now=now, actor=actor)


def list_apart(donor_ids: Collection[int]) -> set[Pair]:
    """Return the pairs of these donors of whom a person said that they are two, whichever of their records
    it was said of.
    """
    survivor_of = _read_records(donor_ids)
    apart: set[Pair] = set()
    for chunk in cut_query_values(sorted(survivor_of)):
        rows = db.session.execute(
            select(DuplicateVerdict.left_id, DuplicateVerdict.right_id).where(
                DuplicateVerdict.verdict == "different",
                or_(DuplicateVerdict.left_id.in_(chunk), DuplicateVerdict.right_id.in_(chunk)),
            )
        )
        for left, right in rows:
            if left in survivor_of and right in survivor_of and survivor_of[left] != survivor_of[right]:
                apart.add(make_pair(survivor_of[left], survivor_of[right]))
    return apart


def _read_records(donor_ids: Collection[int]) -> dict[int, int]:
    """Return all records that are a part of these donors now, each with whose it is."""
    survivor_of = {id_: id_ for id_ in donor_ids}
    for chunk in cut_query_values(sorted(set(donor_ids))):
        rows = db.session.execute(
            select(Donor.id, Donor.merged_into_id).where(Donor.merged_into_id.in_(chunk))
        )
        survivor_of.update({id_: survivor_id for id_, survivor_id in rows if survivor_id is not None})
    return survivor_of


def follow_merges(donor_ids: Collection[int]) -> dict[int, int]:
    """Return each of these records with the donor that it is a part of now; nothing of who was removed."""
    live: dict[int, int] = {}
    for chunk in cut_query_values(sorted(set(donor_ids))):
        rows = db.session.execute(
            select(Donor.id, func.coalesce(Donor.merged_into_id, Donor.id)).where(
                Donor.id.in_(chunk), Donor.removed_at.is_(None)
            )
        )
        live.update({id_: survivor_id for id_, survivor_id in rows})  # noqa: C416  a Row is no pair for dict
    return live
