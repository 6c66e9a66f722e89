"""Which ids of the bank tell entries apart: each by itself, and whether files keep them or number anew.

Nothing switches the ids of an account off: an id that stands on different money ceases to count alone, and
a format whose files are numbered anew gets its trust back after three files that agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import func, select

from donorhub.db import db, insert_or_ignore
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, drop_all_refs, drop_refs
from donorhub.domain.bank.files.entry_plan import Plan
from donorhub.models import RefHabit, WeakRef
from donorhub.models.states import RefHabitKind, WeakRefReason

_FEWEST: Final = 3  # disagreeing ids by which a file is taken to be numbered anew
_FILES_THAT_AGREE: Final = 3
MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Trust:
    """Which ids of an account do not count, and how the files of one format number."""

    weak_refs: frozenset[str]
    habit: RefHabitKind


def read_trust(bank_account_id: int, source: str) -> Trust:
    """Return what is known of the ids of an account and of one format of it."""
    refs = db.session.scalars(select(WeakRef.ref).where(WeakRef.bank_account_id == bank_account_id))
    row = _find_habit(bank_account_id, source)
    return Trust(frozenset(refs), row.habit if row is not None else "stable")


def clean_items(items: Sequence[IncomingEntry], trust: Trust) -> list[IncomingEntry]:
    """Return the entries of a file with those ids alone that count."""
    if trust.habit == "per_file":
        return [drop_all_refs(item) for item in items]
    return [drop_refs(item, trust.weak_refs) for item in items] if trust.weak_refs else list(items)


def clean_rows(rows: Sequence[KnownEntry], trust: Trust) -> list[KnownEntry]:
    """Return the rows of the ledger with those ids alone that count."""
    weak_refs = trust.weak_refs
    if not weak_refs:
        return list(rows)
    return [
        row
        if weak_refs.isdisjoint(row.refs)
        else row._replace(refs=tuple(ref for ref in row.refs if ref not in weak_refs))
        for row in rows
    ]


def keep_weak_refs(
    bank_account_id: int, source: str, refs: Iterable[str], *, why: WeakRefReason, import_file_id: int
) -> None:
    """Let ids of an account count no more; one that does not count already stays as it is."""
    for ref in sorted(refs):
        db.session.execute(
            insert_or_ignore(WeakRef, on=(WeakRef.bank_account_id, WeakRef.source, WeakRef.ref)).values(
                bank_account_id=bank_account_id,
                source=source,
                ref=ref,
                why=why,
                import_file_id=import_file_id,
            )
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many entries of a file that the ledger has came with an id it has them under, and with another."""

    agreeing: int
    disagreeing: int

    @property
    def is_numbered_anew(self) -> bool:
        """Return whether most ids are others."""
        return self.disagreeing >= _FEWEST and self.disagreeing > self.agreeing


def compare_refs(
    plan: Plan, items: Sequence[IncomingEntry], rows: Mapping[int, KnownEntry], source: str
) -> Agreement:
    """Return how far the ids of a file are those of the ledger, for entries of one format."""
    agreeing, disagreeing = 0, len(plan.weak_refs)
    pairs = [(same.position, same.entry_id) for same in plan.same]
    pairs += [(one.position, one.entry_id) for one in plan.doubtful if one.doubt == "other_bank_ref"]
    for position, entry_id in pairs:
        refs, row = items[position].refs, rows[entry_id]
        if refs and row.refs and row.source_format == source:
            if set(refs).isdisjoint(row.refs):
                disagreeing += 1
            else:
                agreeing += 1
    return Agreement(agreeing, disagreeing)


def note_agreement(
    bank_account_id: int, source: str, agreement: Agreement, *, import_file_id: int, today: date
) -> None:
    """Write down what a file shows of how a format numbers; a file that shows nothing changes nothing."""
    row = _find_habit(bank_account_id, source)
    if agreement.is_numbered_anew:
        if row is None:
            row = RefHabit(bank_account_id=bank_account_id, source=source)
            db.session.add(row)
        elif row.habit == "per_file":
            row.agreeing_files = 0
            return
        row.habit, row.agreeing_files, row.since_on = "per_file", 0, today
        row.import_file_id = import_file_id
    elif row is not None and row.habit == "per_file" and agreement.agreeing > agreement.disagreeing:
        row.agreeing_files += 1
        if row.agreeing_files >= _FILES_THAT_AGREE:
            row.habit, row.since_on, row.import_file_id = "stable", today, import_file_id


def _find_habit(bank_account_id: int, source: str) -> RefHabit | None:
    return db.session.scalar(select(RefHabit).filter_by(bank_account_id=bank_account_id, source=source))


def list_habits(bank_account_id: int) -> Sequence[RefHabit]:
    """Return how each format of an account numbers, of those where that was ever in doubt."""
    return db.session.scalars(
        select(RefHabit).filter_by(bank_account_id=bank_account_id).order_by(RefHabit.source)
    ).all()


def list_weak_refs(bank_account_id: int) -> tuple[Sequence[WeakRef], int]:
    """Return the last ids of an account that do not count, and how many there are."""
    rows = db.session.scalars(
        select(WeakRef)
        .filter_by(bank_account_id=bank_account_id)
        .order_by(WeakRef.id.desc())
        .limit(MOST_SHOWN)
    ).all()
    count = db.session.scalar(select(func.count()).where(WeakRef.bank_account_id == bank_account_id))
    return rows, count or 0
