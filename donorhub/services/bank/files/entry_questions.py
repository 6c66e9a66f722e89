"""Questions about entries: each with the entry it may be, the computed reason and what differs.

A question is asked once: what was answered is not asked again. Answering is
:mod:`donorhub.services.bank.matching.entry_answers`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import func, or_, select

from donorhub.db import db
from donorhub.domain.bank.files.entry_keys import make_party_text
from donorhub.domain.bank.files.entry_plan import DoubtfulEntry
from donorhub.models import Entry, EntryQuestion, ImportFile, Statement
from donorhub.models.states import QuestionKind
from donorhub.services.bank.files.ledger_rows import cut_query_values

# Of what the bank told before: such a question is about that entry.
ABOUT_THE_LEDGER: Final[tuple[QuestionKind, ...]] = ("amount_changed", "no_longer_told")


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """The open questions of one file that have one reason."""

    file: ImportFile
    kind: QuestionKind
    count: int
    first_id: int


def ask_doubts(statement: Statement, doubtful: Sequence[DoubtfulEntry]) -> None:
    """Write the questions about rows that a statement brought and that count nothing yet."""
    if not doubtful:
        return
    rows = db.session.execute(
        select(Entry.id, Entry.fingerprint, Entry.occurrence).where(
            Entry.statement_id == statement.id, Entry.state == "doubtful"
        )
    )
    ids = {(fingerprint, occurrence): id_ for id_, fingerprint, occurrence in rows}
    pairs = {ids[one.fingerprint, one.occurrence]: one for one in doubtful}
    entries = _read_entries([*pairs, *(one.entry_id for one in doubtful)])
    db.session.add_all(
        EntryQuestion(
            entry_id=id_,
            twin_id=one.entry_id,
            import_file_id=statement.import_file_id,
            kind=one.doubt,
            differs=list_differences(entries[id_], entries[one.entry_id]),
        )
        for id_, one in pairs.items()
    )
    db.session.flush()  # what follows asks the database


def ask_missing(statement: Statement, entry_ids: Collection[int]) -> None:
    """Ask about entries that the bank told before and tells no longer; not of one that was asked about."""
    asked_ids: set[int] = set()
    waiting_ids: set[int] = set()
    for chunk in cut_query_values(entry_ids):
        rows = db.session.execute(
            select(EntryQuestion.entry_id, EntryQuestion.twin_id).where(
                EntryQuestion.kind.in_(ABOUT_THE_LEDGER),
                or_(EntryQuestion.entry_id.in_(chunk), EntryQuestion.twin_id.in_(chunk)),
            )
        )
        asked_ids |= {id_ for ids in rows for id_ in ids if id_ is not None}
        waiting_ids |= set(
            db.session.scalars(select(Entry.id).where(Entry.id.in_(chunk), Entry.state == "doubtful"))
        )
    db.session.add_all(
        EntryQuestion(
            entry_id=id_, import_file_id=statement.import_file_id, kind="no_longer_told", differs=[]
        )
        for id_ in entry_ids
        if id_ not in asked_ids and id_ not in waiting_ids
    )
    db.session.flush()  # what follows asks the database


def _read_entries(entry_ids: Iterable[int]) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    for chunk in cut_query_values(dict.fromkeys(entry_ids)):
        entries.update({row.id: row for row in db.session.scalars(select(Entry).where(Entry.id.in_(chunk)))})
    return entries


def list_differences(entry: Entry, twin: Entry) -> list[str]:
    """Return the columns in which two entries differ, texts only where more than case and blanks does."""
    texts, twin_texts = (
        make_party_text(row.counterparty_account, row.counterparty_name, row.remittance)
        for row in (entry, twin)
    )
    differs = [
        name
        for name in ("booked_on", "amount_minor", "bank_ref")
        if getattr(entry, name) != getattr(twin, name)
    ]
    names = {"account": "counterparty_account", "name": "counterparty_name", "words": "remittance"}
    return differs + [
        column for field, column in names.items() if getattr(texts, field) != getattr(twin_texts, field)
    ]


def find_answered_twins(bank_account_id: int, first_on: date, last_on: date) -> Mapping[str, int]:
    """Return, by the fingerprint of entries of which a person said that the ledger has them, its rows."""
    rows = db.session.execute(
        select(Entry.fingerprint, EntryQuestion.twin_id)
        .join(EntryQuestion, EntryQuestion.entry_id == Entry.id)
        .where(
            Entry.bank_account_id == bank_account_id,
            Entry.booked_on.between(first_on, last_on),
            Entry.state == "duplicate",
            EntryQuestion.answer == "known",
        )
    )
    return {fingerprint: twin_id for fingerprint, twin_id in rows if twin_id is not None}


def list_groups() -> list[QuestionGroup]:
    """Return the open questions by file and reason, the oldest file first."""
    rows = db.session.execute(
        select(EntryQuestion.import_file_id, EntryQuestion.kind, func.count(), func.min(EntryQuestion.id))
        .where(EntryQuestion.state == "open")
        .group_by(EntryQuestion.import_file_id, EntryQuestion.kind)
        .order_by(EntryQuestion.import_file_id, EntryQuestion.kind)
    ).all()
    return [
        QuestionGroup(db.session.get_one(ImportFile, file_id), kind, count, first_id)
        for file_id, kind, count, first_id in rows
    ]


def find_questions(entry_ids: Collection[int]) -> dict[int, EntryQuestion]:
    """Return the last question about each of these rows, by the row that it is about."""
    rows = db.session.scalars(
        select(EntryQuestion).where(EntryQuestion.entry_id.in_(entry_ids)).order_by(EntryQuestion.id)
    )
    return {row.entry_id: row for row in rows}
