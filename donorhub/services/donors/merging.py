"""Making two records one donor: the older goes on under its number, the other leads there, nothing is lost.

What needs more than moved rows registers a step (:func:`register_step`). Taking apart: :mod:`.unmerging`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import func, select

from donorhub.db import Base, db
from donorhub.domain.donors.evidence import Comparison, compare_records
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Donor, DuplicateVerdict, MergeDrop, MergeLog, MergeMove
from donorhub.services import paging, shown
from donorhub.services.access import audit, organisation
from donorhub.services.donors import (
    candidates,
    contact_rows,
    identity_keys,
    merge_fields,
    merge_rows,
    search_documents,
    stages,
)
from donorhub.services.donors.merge_fields import CHOSEN_FIELDS, FieldChoice
from donorhub.services.donors.merge_rows import Merging
from donorhub.services.paging import LIMIT, Page

Step = Callable[[Merging], None]
AUTOMATIC: Final = "system:0"  # the actor of merges that no person decided
_after_merge: dict[str, Step] = {}
_after_undo: dict[str, Step] = {}


def register_step(name: str, after_merge: Step, after_undo: Step | None = None) -> None:
    """Have something of a higher area done after each merge, and after each undo, in the same transaction.

    What it changes, adds and drops through the ``Merging`` is undone with it. The same name again takes the
    place of the step before.
    """
    _after_merge[name] = after_merge
    if after_undo is not None:
        _after_undo[name] = after_undo


def run_undo_steps(merging: Merging) -> None:
    """Do what higher areas want done after a merge was taken apart."""
    for step in _after_undo.values():
        step(merging)


@dataclass(frozen=True)
class MergePlan:
    """What making two records one would do."""

    survivor: Donor
    loser: Donor
    comparison: Comparison
    choices: Sequence[FieldChoice]
    taken_names: tuple[str, ...]
    row_counts: Mapping[tuple[str, str, int], int]  # by table, column and donor
    verdict: str | None  # what a person said of the two before

    @cached_property
    def moved_counts(self) -> dict[str, int]:
        """How many rows of the loser there are, by table."""
        counts: dict[str, int] = {}
        for (table_name, _column, donor_id), count in self.row_counts.items():
            if donor_id == self.loser.id:
                counts[table_name] = counts.get(table_name, 0) + count
        return counts

    @cached_property
    def digest(self) -> str:
        """The digest of both records, what hangs on them, and what was chosen."""
        return shown.compute_digest(
            [
                [self.survivor.id, self.survivor.version, self.loser.id, self.loser.version],
                sorted([*key, count] for key, count in self.row_counts.items()),
                [[one.name, str(one.ours), str(one.theirs), one.is_theirs] for one in self.choices],
                [*self.taken_names, self.verdict],
            ]
        )


def plan_merge(one_id: int, other_id: int, *, taken_names: Collection[str] = ()) -> MergePlan:
    """Return what making two records one would do; nothing is changed.

    ``taken_names`` are the fields of which the younger record's word is wanted. Raise Rejected for records of
    different kinds, a record with itself, and an unknown field; NotFound and Conflict where one is none any
    more.
    """
    unknown_names = sorted(set(taken_names) - set(CHOSEN_FIELDS))
    if unknown_names:
        raise Rejected(
            f"of a donor's fields these may be chosen: {', '.join(CHOSEN_FIELDS)}",
            field="/taken",
            code="field_not_chosen",
        )
    if one_id == other_id:
        raise Rejected("these are one record already", field="/other_id", code="same_record")
    survivor, loser = (_get_live_donor(id_) for id_ in sorted((one_id, other_id)))
    if survivor.kind != loser.kind:
        raise Rejected(
            f"{survivor.code} is a {survivor.kind} and {loser.code} a {loser.kind}: change the one that is"
            " wrong first",
            field="/other_id",
            code="other_kind",
        )
    facts = candidates.read_facts([survivor.id, loser.id])
    commonness = candidates.read_commonness(facts.values())
    return MergePlan(
        survivor,
        loser,
        compare_records(facts[survivor.id], facts[loser.id], commonness),
        merge_fields.list_choices(survivor, loser, taken_names),
        tuple(sorted(taken_names)),
        merge_rows.count_rows(survivor.id, loser.id),
        _read_verdict(survivor.id, loser.id),
    )


def _get_live_donor(donor_id: int) -> Donor:
    donor = db.session.get(Donor, donor_id)
    if donor is None or donor.removed_at is not None:
        raise NotFound(f"there is no donor {donor_id}")
    if donor.merged_into_id is not None:
        raise Conflict(
            f"donor {donor_id} was merged into donor {donor.merged_into_id} already",
            code="donor_merged",
            donor_id=donor.merged_into_id,
        )
    return donor


def _read_verdict(left_id: int, right_id: int) -> str | None:
    return db.session.scalar(
        select(DuplicateVerdict.verdict).where(
            DuplicateVerdict.left_id == left_id, DuplicateVerdict.right_id == right_id
        )
    )


def find_merge(survivor_id: int, loser_id: int) -> MergeLog | None:
    """Return the merge by which a record is a part of another now; None where it is not."""
    return db.session.scalar(
        select(MergeLog).where(
            MergeLog.survivor_id == survivor_id,
            MergeLog.loser_id == loser_id,
            MergeLog.undone_at.is_(None),
        )
    )


def merge_donors(
    one_id: int,
    other_id: int,
    *,
    now: datetime,
    actor: str,
    taken_names: Collection[str] = (),
    shown_digest: str | None = None,
) -> tuple[MergeLog, bool]:
    """Make two records one donor, the older of them; return the merge and whether it is new.

    Of two who do it at once the second waits, and finds it done. Raise Changed where ``shown_digest`` is
    given and this is not what was shown, and what :func:`plan_merge` refuses.
    """
    for id_ in sorted((one_id, other_id)):
        contact_rows.lock_donor(id_)
    db.session.expire_all()  # what was read before the lock may be another by now
    earlier_merge = find_merge(min(one_id, other_id), max(one_id, other_id))
    if earlier_merge is not None:
        return earlier_merge, False
    plan = plan_merge(one_id, other_id, taken_names=taken_names)
    shown.refuse_changed(shown_digest, plan)
    merging = Merging(_begin_log(plan, now=now, actor=actor), now, actor)
    _unite_donors(merging, plan)
    for step in _after_merge.values():
        step(merging)
    merging.log.field_choices = merging.changes
    _write_audit(plan, merging)
    db.session.flush()
    db.session.expire_all()  # rows were moved past the session
    return merging.log, True


def _begin_log(plan: MergePlan, *, now: datetime, actor: str) -> MergeLog:
    db.session.flush()
    log = MergeLog(
        survivor_id=plan.survivor.id,
        loser_id=plan.loser.id,
        at=now,
        actor=actor,
        evidence=[
            {"kind": one.kind, "points": one.points, "holders": one.holders}
            for one in plan.comparison.evidence
        ],
        field_choices=[],
        marks=merge_rows.read_marks(),
    )
    db.session.add(log)
    db.session.flush()  # what it does names its id
    return log


def _unite_donors(merging: Merging, plan: MergePlan) -> None:
    survivor, loser = plan.survivor, plan.loser
    values = merge_fields.compute_values(survivor, loser, plan.taken_names)
    before = {one.id: read_row("donor", one.id) for one in (survivor, loser)}
    stage_before = read_row("donor_stage", survivor.id)
    pairs = identity_keys.list_hard_pairs([survivor.id, loser.id])
    merge_fields.choose_contacts(merging)
    merging.move_all()
    db.session.expire_all()
    for name, value in values.items():
        setattr(survivor, name, value)
    loser.merged_into_id = survivor.id
    for donor in (survivor, loser):
        donor.version += 1
        donor.updated_at = merging.now
    db.session.flush()  # contacts and keys are read of the rows
    contact_rows.fill_columns(survivor)
    db.session.flush()
    identity_keys.count_holders(pairs)
    search_documents.write_documents([survivor.id, loser.id])
    stages.refresh_stages([survivor.id], today=organisation.get_day(merging.now))
    for id_ in (survivor.id, loser.id):
        note_difference(merging, "donor", id_, before[id_])
    note_difference(merging, "donor_stage", survivor.id, stage_before)


def read_row(table_name: str, donor_id: int) -> dict[str, Any]:
    """Return the row of a donor in a table that has one for each."""
    table = Base.metadata.tables[table_name]
    key = next(iter(table.primary_key.columns))
    row = db.session.execute(select(table).where(key == donor_id)).mappings().first()
    return dict(row) if row is not None else {}


UNDONE_APART: Final = frozenset({"version", "updated_at"})  # an undo is a change too, which programs must see


def note_difference(merging: Merging, table_name: str, donor_id: int, before: Mapping[str, Any]) -> None:
    """Keep what a donor's row says now and said before the merge."""
    after = read_row(table_name, donor_id)
    # What the stricter word was is kept in any case: an undo sees by it what was said since.
    strict_names = merge_fields.list_strict_columns() if table_name == "donor" else []
    names = [
        name
        for name in after
        if name in strict_names or (name not in UNDONE_APART and before.get(name) != after[name])
    ]
    if before and names:
        merging.note_change(
            table_name,
            donor_id,
            {name: before[name] for name in names},
            {name: after[name] for name in names},
        )


def _write_audit(plan: MergePlan, merging: Merging) -> None:
    data = {"into": plan.survivor.id, "merge_id": merging.log.id, "score": plan.comparison.score}
    audit.record_action(merging.actor, "donor.merged", ("donor", plan.loser.id), now=merging.now, data=data)
    changes = {
        name: (one["before"][name], one["after"][name])
        for one in merging.changes
        if one["table"] == "donor" and one["id"] == plan.survivor.id
        for name in one["after"]
        if name != "search" and one["before"][name] != one["after"][name]
    }
    audit.record_change(
        merging.actor,
        "donor.joined",
        ("donor", plan.survivor.id),
        changes,
        now=merging.now,
        personal=changes,
        donor_id=plan.survivor.id,
    )


def count_merge(merge_id: int) -> tuple[int, int]:
    """Return how many rows a merge moved, and how many it folded into others."""
    move_count = select(func.count()).where(MergeMove.merge_id == merge_id).scalar_subquery()
    drop_count = select(func.count()).where(MergeDrop.merge_id == merge_id).scalar_subquery()
    return tuple(db.session.execute(select(move_count, drop_count)).one())


def list_merges(*, after: str | None = None, limit: int = LIMIT) -> Page[MergeLog]:
    """Return the merges there were, the newest first."""
    query = select(MergeLog)
    if after:
        (last_id,) = paging.read_cursor(after, "merges", (int,))
        query = query.where(MergeLog.id < last_id)
    rows = db.session.scalars(query.order_by(MergeLog.id.desc()).limit(limit + 1)).all()
    cursor = paging.write_cursor("merges", [rows[limit - 1].id]) if len(rows) > limit else None
    return Page(rows[:limit], cursor)


def list_parts(donor_id: int) -> Sequence[MergeLog]:
    """Return the merges by which other records are a part of a donor now, the newest first."""
    return db.session.scalars(
        select(MergeLog)
        .where(MergeLog.survivor_id == donor_id, MergeLog.undone_at.is_(None))
        .order_by(MergeLog.id.desc())
    ).all()
