"""Taking a whole import back: its decisions are undone, its entries leave the ledger, the file stays.

What other files of the same days also hold comes back from them. An entry that was ever matched stays as a
row that counts no more, so that its corrected gift can be explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import (
    BankAccount,
    Detail,
    Entry,
    EntryAlias,
    EntryQuestion,
    ImportFile,
    Match,
    ReceiptLine,
    Statement,
)
from donorhub.models.states import COUNTED_STATEMENTS, GONE_ENTRIES, READ_FILES, UNCOUNTED_ENTRIES
from donorhub.money import Money, sum_by_currency
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.bank.files import enriching, import_rows, imports
from donorhub.services.bank.matching import decision_undo, entry_answers
from donorhub.services.giving import closed_books
from donorhub.services.work import tasks

_OURS: Final = "system:%"  # decisions of the program
MOST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an import cannot simply be taken back.

    A receipt must be voided first, and closed books opened; a person's decision may be undone along with
    the import, when that is asked for.
    """

    kind: Literal["receipt", "decision", "closed_books"]
    entry_id: int
    gift_id: int | None
    receipt_id: int | None
    actor: str


@dataclass(frozen=True, slots=True)
class TakingBackView:
    """What taking an import back would do: what leaves the ledger, what stands in the way, and the digest
    of all that.
    """

    digest: str
    entries_count: int  # which count now
    sums: tuple[Money, ...]
    obstacles: tuple[Obstacle, ...]


def show_taking_back(import_file_id: int) -> TakingBackView:
    """Return what taking an import back would do now; nothing is done."""
    file = imports.get_file(import_file_id)
    own_statements = select(Statement.id).where(Statement.import_file_id == import_file_id)
    rows = db.session.execute(
        select(Entry.id, Entry.state, Entry.amount_minor, Entry.currency, Statement.import_file_id)
        .join(Statement, Statement.id == Entry.statement_id)
        .where(_make_touched_condition(own_statements))
        .order_by(Entry.id)
    ).all()
    match_ids = db.session.scalars(
        select(Match.id)
        .join(Entry, Entry.id == Match.entry_id)
        .where(_make_touched_condition(own_statements), Match.undone_at.is_(None))
        .order_by(Match.id)
    ).all()
    obstacles = tuple(list_obstacles(import_file_id))
    plain: list[object] = [file.id, file.generation, file.state, list(map(list, rows)), list(match_ids)]
    amounts = [
        (minor, currency)
        for _, state, minor, currency, file_id in rows
        if file_id == file.id and state not in UNCOUNTED_ENTRIES
    ]
    return TakingBackView(
        shown.compute_digest([plain, list(map(asdict, obstacles))]),
        len(amounts),
        tuple(sum_by_currency(amounts)),
        obstacles,
    )


def list_obstacles(import_file_id: int) -> list[Obstacle]:
    """Return entries in closed books, receipts that name gifts of the file, then decisions that people
    made, at most MOST_SHOWN of each.
    """
    imports.get_file(import_file_id)
    base = (
        select(Match.entry_id, Match.gift_id, ReceiptLine.receipt_id, Match.actor)
        .join(Entry, Entry.id == Match.entry_id)
        .where(
            _make_touched_condition(select(Statement.id).where(Statement.import_file_id == import_file_id))
        )
        .where(Match.undone_at.is_(None))
        .order_by(Match.entry_id, Match.part)
        .limit(MOST_SHOWN)
    )
    is_live = and_(ReceiptLine.gift_id == Match.gift_id, ReceiptLine.released_at.is_(None))
    receipt_rows = db.session.execute(base.join(ReceiptLine, is_live).where(Match.kind == "gift"))
    decision_rows = db.session.execute(
        base.outerjoin(ReceiptLine, is_live).where(Match.actor.not_like(_OURS))
    )
    return [
        *_list_in_closed_books(import_file_id),
        *(Obstacle("receipt", *row) for row in receipt_rows),
        *(Obstacle("decision", *row) for row in decision_rows),
    ]


def _list_in_closed_books(import_file_id: int) -> list[Obstacle]:
    until = closed_books.find_last_closed_day()
    if until is None:
        return []
    ids = db.session.scalars(
        select(Entry.id)
        .where(_make_counting_condition(import_file_id), Entry.booked_on <= until)
        .order_by(Entry.id)
        .limit(MOST_SHOWN)
    )
    return [Obstacle("closed_books", id_, None, None, "") for id_ in ids]


def _make_counting_condition(import_file_id: int) -> ColumnElement[bool]:
    """Return the condition for entries that count and that the file brought or filled."""
    own_statements = select(Statement.id).where(Statement.import_file_id == import_file_id)
    return and_(_make_touched_condition(own_statements), Entry.state.not_in(GONE_ENTRIES))


def _make_touched_condition(statement_ids: Select[int]) -> ColumnElement[bool]:
    """Return the condition for entries that these statements brought or filled: decisions may rest on
    that.

    Both lists are one, since PostgreSQL looks into no index for one OR another list.
    """
    brought_entry = aliased(Entry)
    ids = select(brought_entry.id).where(brought_entry.statement_id.in_(statement_ids))
    return Entry.id.in_(ids.union(enriching.select_entries_filled_by(statement_ids)))


def take_back_import(
    import_file_id: int,
    *,
    reason: str,
    now: datetime,
    actor: str,
    undo_decisions: bool = False,
    digest: str = "",
) -> ImportFile:
    """Take an import back and return its file. Ignore one that is taken back already.

    Raise Changed where a ``digest`` stands for another view than that of now. Raise Rejected, with nothing
    changed, while a receipt names a gift of it, an entry of it lies in closed books, or a person's decision
    stands on it unless ``undo_decisions``. Raise Conflict while it is being read.
    """
    file = imports.lock_file(import_file_id)
    if file.state == "taken_back":
        return file
    if file.state == "received":
        raise Conflict(f"file {import_file_id} is being read: wait a moment", code="being_read")
    if not reason.strip():
        raise Rejected("say why the import is taken back", field="/reason")
    if digest:
        shown.refuse_changed(digest, show_taking_back(file.id))
    _refuse_obstacles(file, undo_decisions=undo_decisions)
    rows = db.session.scalars(
        select(Statement).where(Statement.import_file_id == file.id).with_for_update().order_by(Statement.id)
    ).all()
    _lock_accounts(rows)
    statement_ids: set[int] = set()
    for row in rows:
        statement_ids |= _take_back_statement(row, now=now, actor=actor)
    import_rows.forget_changes(file.id)
    file.state, file.finished_at = "taken_back", now
    file.statements_count = file.entries_count = file.new_count = file.known_count = file.doubtful_count = 0
    audit.record_action(
        actor,
        "import_file.taken_back",
        ("import_file", file.id),
        now=now,
        data={"reason": reason.strip()},
    )
    for statement_id in sorted(statement_ids - {row.id for row in rows}):
        tasks.plan_task(
            f"match_statement:{statement_id}:{file.id}.{file.generation}.undone",
            kind="match_statement",
            performer="worker",
            subject=("statement", statement_id),
            now=now,
        )
    for other in _list_other_files(file, rows):
        imports.plan_reading(other, now=now, actor=actor)
    return file


def _refuse_obstacles(file: ImportFile, *, undo_decisions: bool) -> None:
    closed_books.refuse_closed_days(
        *db.session.scalars(
            select(func.min(Entry.booked_on))
            .where(_make_counting_condition(file.id))
            .having(func.count() > 0)
        )
    )
    obstacles = list_obstacles(file.id)
    in_the_way = [one for one in obstacles if one.kind == "receipt" or not undo_decisions]
    if not in_the_way:
        return
    receipts = sorted({one.receipt_id for one in in_the_way if one.receipt_id})
    if receipts:
        raise Rejected(
            f"receipts name gifts of this file ({len(receipts)} of them): void them first",
            code="in_the_way",
            receipt_ids=receipts,
        )
    raise Rejected(
        f"people decided {len(in_the_way)} entries of this file: say that their decisions are undone too",
        code="in_the_way",
        decisions=len(in_the_way),
    )


def _lock_accounts(rows: Sequence[Statement]) -> None:
    ids = sorted({row.bank_account_id for row in rows})
    db.session.scalars(
        select(BankAccount).where(BankAccount.id.in_(ids)).order_by(BankAccount.id).with_for_update()
    ).all()


def _take_back_statement(row: Statement, *, now: datetime, actor: str) -> set[int]:
    """Take one statement back; return the statements of others whose entries hold less now."""
    entry_answers.undo_answers_of_statement(row.id, now=now, actor=actor)
    decided_entries = select(Entry).where(
        _make_touched_condition(select(Statement.id).where(Statement.id == row.id)),
        exists().where(Match.entry_id == Entry.id, Match.undone_at.is_(None)),
    )
    for entry in db.session.scalars(decided_entries.with_for_update()).all():
        if decision_undo.undo_decisions(entry, now=now, actor=actor) and entry.statement_id != row.id:
            entry.state = "new"
    db.session.flush()  # what follows asks the database
    statement_ids = enriching.empty_filled_columns(row.id)
    was_matched = exists().where(Match.entry_id == Entry.id)
    is_own = Entry.statement_id == row.id
    db.session.execute(
        update(Entry)
        .where(is_own, was_matched, Entry.state != "taken_back")
        .values(state="taken_back", occurrence=-Entry.id, decide_by=None)
        .execution_options(synchronize_session=False)
    )
    _delete_entries(row.id, and_(is_own, ~was_matched))
    row.state, row.posted_at, row.matching_done_at = "taken_back", None, None
    row.new_count = row.doubtful_count = 0
    row.released_by = row.released_at = None
    db.session.flush()  # what is not written yet would be forgotten
    db.session.expire_all()
    return statement_ids


def _delete_entries(statement_id: int, condition: ColumnElement[bool]) -> None:
    """Delete entries that nobody ever decided, with their details, and this statement's names for others."""
    ids = select(Entry.id).where(condition).scalar_subquery()
    for change in (
        delete(EntryQuestion).where(EntryQuestion.entry_id.in_(ids)),
        update(EntryQuestion).where(EntryQuestion.twin_id.in_(ids)).values(twin_id=None),
        delete(EntryAlias).where(or_(EntryAlias.statement_id == statement_id, EntryAlias.entry_id.in_(ids))),
        delete(Detail).where(Detail.entry_id.in_(ids)),
        delete(Entry).where(condition),
    ):
        db.session.execute(change.execution_options(synchronize_session=False))


def _list_other_files(file: ImportFile, rows: Sequence[Statement]) -> list[ImportFile]:
    """Return kept files of the same days that found some entries known already: they bring them now."""
    files_by_id: dict[int, ImportFile] = {}
    for row in rows:
        if row.period_from is None:
            continue
        # Advice fills what this one filled; other statements bring what this one brought, or fill.
        has_known_entries = Statement.entries_count > Statement.new_count
        condition = (
            or_(Statement.is_advice, has_known_entries)
            if row.is_advice
            else and_(~Statement.is_advice, has_known_entries)
        )
        others = db.session.scalars(
            select(ImportFile)
            .join(Statement, Statement.import_file_id == ImportFile.id)
            .where(
                ImportFile.id != file.id,
                ImportFile.state.in_(READ_FILES),
                Statement.bank_account_id == row.bank_account_id,
                Statement.state.in_(COUNTED_STATEMENTS),
                condition,
                Statement.period_from <= row.period_to,
                Statement.period_to >= row.period_from,
            )
        )
        files_by_id.update({other.id: other for other in others})
    return [files_by_id[id_] for id_ in sorted(files_by_id)]
