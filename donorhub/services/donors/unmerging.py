"""Taking a merge apart again: each row that it moved, folded or wrote goes back, in the reverse order.

What came since is listed with the side that it points to (:mod:`.later_rows`); whoever undoes says what goes
with the record that is a donor of its own again. Merges may be taken apart in any order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import RowMapping, Table, and_, delete, select, update

from donorhub.db import Base, cut_query_values, db
from donorhub.errors import NotFound, Rejected
from donorhub.models import Donor, MergeDrop, MergeLog, MergeMove
from donorhub.services import shown
from donorhub.services.access import audit, organisation
from donorhub.services.donors import (
    contact_rows,
    identity_keys,
    later_rows,
    merge_fields,
    merge_rows,
    merging,
    search_documents,
    stages,
)
from donorhub.services.donors.later_rows import LaterRow, RowName
from donorhub.services.donors.merge_rows import Merging, unpack_row


@dataclass(frozen=True)
class UndoPlan:
    """What taking a merge apart would do."""

    log: MergeLog
    survivor: Donor
    loser: Donor
    later_rows: Sequence[LaterRow]
    moved_count: int
    folded_count: int

    @cached_property
    def digest(self) -> str:
        """The digest of the merge and of all that came since."""
        rows = [[one.table_name, one.row_id, one.side] for one in self.later_rows]
        return shown.compute_digest([self.log.id, self.survivor.version, self.loser.version, rows])


def get_merge(merge_id: int) -> MergeLog:
    """Return a merge; raise NotFound where there is none."""
    log = db.session.get(MergeLog, merge_id)
    if log is None:
        raise NotFound(f"there is no merge {merge_id}")
    return log


def find_last_day(log: MergeLog) -> datetime:
    """Return until when a merge can be taken apart."""
    return log.at + timedelta(days=organisation.get_organisation().unmerge_days)


def plan_undo(merge_id: int, *, now: datetime) -> UndoPlan:
    """Return what taking a merge apart would do; nothing is changed.

    Raise Rejected where it was taken apart, is older than the organisation's setting allows, or one of the
    two was taken away since.
    """
    log = get_merge(merge_id)
    if log.undone_at is not None:
        raise Rejected("this merge was taken apart already", code="merge_undone")
    if now > find_last_day(log):
        raise Rejected(
            f"this merge is older than {organisation.get_organisation().unmerge_days} days and stays",
            code="merge_too_old",
        )
    survivor, loser = db.session.get_one(Donor, log.survivor_id), db.session.get_one(Donor, log.loser_id)
    if survivor.removed_at is not None or loser.removed_at is not None:
        raise Rejected("the donor was taken away since: nothing is left to part", code="donor_removed")
    moved_count, folded_count = merging.count_merge(log.id)
    return UndoPlan(log, survivor, loser, later_rows.list_later_rows(log), moved_count, folded_count)


def undo_merge(
    merge_id: int,
    *,
    now: datetime,
    actor: str,
    given_back: Collection[RowName] | None = None,
    shown_digest: str | None = None,
) -> tuple[MergeLog, bool]:
    """Take a merge apart; return it and whether that is new: again changes nothing.

    ``given_back`` names the rows that came since and go with the loser; None: those that point there. Raise
    Changed where ``shown_digest`` is given and this is not what was shown, and all that :func:`plan_undo`
    refuses.
    """
    log = get_merge(merge_id)
    for id_ in (*_list_chain(log.survivor_id), log.loser_id):
        contact_rows.lock_donor(id_)
    db.session.expire_all()
    if log.undone_at is not None:
        return log, False
    plan = plan_undo(merge_id, now=now)
    shown.refuse_changed(shown_digest, plan)
    rows_to_give = [
        one
        for one in plan.later_rows
        if (one.side == "loser" if given_back is None else one.name in set(given_back))
    ]
    _part_donors(log, now)
    for row in rows_to_give:
        for table_name, row_id in later_rows.give_row(row, log.loser_id):
            _forget_later_moves(log, table_name, row_id, "donor_id")
    _follow_rows(log, now)
    log.undone_at, log.undone_by = now, actor
    merging.run_undo_steps(Merging(log, now, actor))
    _write_audit(log, len(rows_to_give), now=now, actor=actor)
    db.session.flush()
    db.session.expire_all()
    return log, True


def _list_chain(donor_id: int) -> list[int]:
    """Return a donor and the one that they were merged into since, the older first."""
    further_id = db.session.scalar(select(Donor.merged_into_id).where(Donor.id == donor_id))
    return [donor_id] if further_id is None else sorted((donor_id, further_id))


# ---------------------------------------------------------------- walking back


def _part_donors(log: MergeLog, now: datetime) -> None:
    changes: list[dict[str, Any]] = list(reversed(log.field_choices))
    words_since = _list_words_since(log, changes)
    for change in changes:
        if change["has_moved"]:
            _change_back(change)
    db.session.execute(update(Donor).where(Donor.id == log.loser_id).values(merged_into_id=None))
    _forget_later_moves(log, "donor", log.loser_id, "merged_into_id")
    _move_back(log)
    _restore_folded(log)
    for change in changes:
        if not change["has_moved"]:
            _change_back(change)
    if words_since:
        db.session.execute(
            update(Donor).where(Donor.id == log.loser_id).values(dict.fromkeys(words_since, True))
        )
    _keep_strict_words(_list_chain(log.survivor_id))
    db.session.expire_all()


def _keep_strict_words(donor_ids: Sequence[int]) -> None:
    """Let a donor say no still where another record that is a part of them does."""
    table = Base.metadata.tables["donor"]
    for name in merge_fields.list_strict_columns():
        said = select(table.c.merged_into_id).where(table.c.merged_into_id.in_(donor_ids), table.c[name])
        db.session.execute(update(table).where(table.c.id.in_(said)).values({name: True}))


def _list_words_since(log: MergeLog, changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the strict words that were said of the donor since: they hold for both from now on."""
    row = merging.read_row("donor", _list_chain(log.survivor_id)[0])
    own_change = next(
        (one for one in changes if (one["table"], one["id"]) == ("donor", log.survivor_id)), None
    )
    if own_change is None:
        return []
    return [
        name for name in merge_fields.list_strict_columns() if row[name] and not own_change["after"][name]
    ]


def _change_back(change: Mapping[str, Any]) -> None:
    """Write what a row said before where it says still what the merge wrote."""
    table = Base.metadata.tables[change["table"]]
    key = next(iter(table.primary_key.columns))
    before, after = unpack_row(table, change["before"]), unpack_row(table, change["after"])
    row = db.session.execute(select(table).where(key == change["id"])).mappings().first()
    if row is None:
        return
    values = {
        name: before[name]
        for name in after
        if row[name] == after[name] and name != "merged_into_id" and _may_say(table, row, name, before[name])
    }
    if values:
        db.session.execute(update(table).where(key == change["id"]).values(values))


def _may_say(table: Table, row: RowMapping, name: str, value: object) -> bool:
    """Return whether a contact may be preferred again: not where a person preferred another since."""
    if table.name != "contact_point" or name != "is_preferred" or not value:
        return True
    others = select(table.c.id).where(
        table.c.donor_id == row["donor_id"], table.c.kind == row["kind"], table.c.is_preferred
    )
    return row["until_on"] is None and db.session.scalar(others) is None


def _move_back(log: MergeLog) -> None:
    moves = db.session.scalars(
        select(MergeMove).where(MergeMove.merge_id == log.id).order_by(MergeMove.id.desc())
    ).all()
    present_ids = {log.survivor_id, *_list_chain(log.survivor_id)}
    for move in moves:
        table = Base.metadata.tables[move.table_name]
        if move.from_id is None:
            db.session.execute(delete(table).where(table.c.id == move.row_id))
            continue
        column = table.c[move.column_name]
        row_id = db.session.execute(
            update(table)
            .where(table.c.id == move.row_id, column.in_(present_ids))
            .values({move.column_name: move.from_id})
            .returning(table.c.id)
        ).scalar()
        if row_id is None:
            _take_from_later_folds(log, move)
        _forget_later_moves(log, move.table_name, move.row_id, move.column_name)


def _forget_later_moves(log: MergeLog, table_name: str, row_id: int, column_name: str) -> None:
    """Let merges that came later give this row back to nobody: it is not their loser's."""
    later_ids = select(MergeLog.id).where(MergeLog.id > log.id, MergeLog.undone_at.is_(None))
    db.session.execute(
        delete(MergeMove)
        .where(
            MergeMove.table_name == table_name,
            MergeMove.row_id == row_id,
            MergeMove.column_name == column_name,
            MergeMove.merge_id.in_(later_ids),
        )
        .execution_options(synchronize_session=False)
    )


def _take_from_later_folds(log: MergeLog, move: MergeMove) -> None:
    """Bring a row back that a later merge folded into an equal one of its survivor."""
    fold = db.session.scalar(
        select(MergeDrop)
        .join(MergeLog, MergeLog.id == MergeDrop.merge_id)
        .where(
            and_(MergeDrop.table_name == move.table_name, MergeDrop.row_id == move.row_id),
            and_(MergeLog.id > log.id, MergeLog.undone_at.is_(None)),
        )
    )
    if fold is not None:
        _insert_row(move.table_name, {**fold.content, move.column_name: move.from_id})
        db.session.delete(fold)
        db.session.flush()  # the row is nobody's fold any more


def _restore_folded(log: MergeLog) -> None:
    folds = db.session.scalars(
        select(MergeDrop).where(MergeDrop.merge_id == log.id).order_by(MergeDrop.id.desc())
    ).all()
    for fold in folds:
        _insert_row(fold.table_name, fold.content)


def _insert_row(table_name: str, packed_row: Mapping[str, Any]) -> None:
    """Write a row again that was folded, unless its like has come since."""
    table = Base.metadata.tables[table_name]
    row = unpack_row(table, dict(packed_row))
    merge_rows.insert_unless_there(table, row)


def _follow_rows(log: MergeLog, now: datetime) -> None:
    """Let what follows from rows follow: columns, keys, who shares what, stages, versions."""
    ids = [log.survivor_id, log.loser_id, *_list_chain(log.survivor_id), *_list_contact_holders(log)]
    db.session.expire_all()
    live_donors = [
        donor
        for donor in (db.session.get_one(Donor, id_) for id_ in dict.fromkeys(ids))
        if donor.merged_into_id is None
    ]
    for donor in live_donors:
        contact_rows.fill_columns(donor)
        donor.version += 1
        donor.updated_at = now
    db.session.flush()
    identity_keys.count_holders(identity_keys.list_hard_pairs(ids))
    search_documents.write_documents(ids)
    stages.refresh_stages([donor.id for donor in live_donors], today=organisation.get_day(now))


def _list_contact_holders(log: MergeLog) -> Sequence[int]:
    """Return whose the contacts are by now that the merge changed or moved: parting a third record may have
    given one of them on, and what is shown of its holder follows it.
    """
    table = Base.metadata.tables["contact_point"]
    changed_ids = {one["id"] for one in log.field_choices if one["table"] == table.name}
    moved = select(MergeMove.row_id).where(MergeMove.merge_id == log.id, MergeMove.table_name == table.name)
    row_ids = sorted(changed_ids | set(db.session.scalars(moved)))
    holders: set[int] = set()
    for chunk in cut_query_values(row_ids):
        holders.update(db.session.scalars(select(table.c.donor_id).where(table.c.id.in_(chunk))))
    return sorted(holders)


def _write_audit(log: MergeLog, given_count: int, *, now: datetime, actor: str) -> None:
    for subject_id, other_id in ((log.loser_id, log.survivor_id), (log.survivor_id, log.loser_id)):
        audit.record_action(
            actor,
            "donor.parted",
            ("donor", subject_id),
            now=now,
            data={"from": other_id, "merge_id": log.id, "given_back": given_count},
        )
