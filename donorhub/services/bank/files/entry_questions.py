"""Questions about entries: each with the entry it may be, the computed reason and what differs.

A question is asked once: what was answered is not asked again. Answering is
:mod:`donorhub.services.bank.matching.entry_answers`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import aliased

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.files.entry_keys import make_party_text
from donorhub.domain.bank.files.entry_plan import DoubtfulEntry, NewEntry
from donorhub.models import Entry, EntryQuestion, ImportFile, Statement
from donorhub.models.states import DOUBTED_ENTRIES, QuestionKind

# Of what the bank told before: such a question is about that entry.
ABOUT_THE_LEDGER: Final[tuple[QuestionKind, ...]] = ("amount_changed", "no_longer_told")


_MOST_CHANGES: Final = 10  # of which sums are tried; with more, any difference would be one of them


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
    _close_answered([one.entry_id for one in doubtful if one.doubt in ("amount_changed", "other_day")])
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


def ask_lacking(statement: Statement, lacking: Sequence[NewEntry]) -> None:
    """Ask about rows that a statement tells and the ledger lacks; they count nothing yet."""
    keys = {(one.fingerprint, one.occurrence) for one in lacking}
    rows = db.session.execute(
        select(Entry.id, Entry.fingerprint, Entry.occurrence).where(
            Entry.statement_id == statement.id, Entry.state == "doubtful"
        )
    )
    db.session.add_all(
        EntryQuestion(entry_id=id_, import_file_id=statement.import_file_id, kind="not_in_ledger", differs=[])
        for id_, fingerprint, occurrence in rows
        if (fingerprint, occurrence) in keys
    )
    db.session.flush()  # what follows asks the database


def _close_answered(entry_ids: Iterable[int]) -> None:
    """Delete open questions why the bank no longer tells these rows: a file says now what it made of them."""
    for chunk in cut_query_values(entry_ids):
        db.session.execute(
            delete(EntryQuestion)
            .where(
                EntryQuestion.kind == "no_longer_told",
                EntryQuestion.state == "open",
                EntryQuestion.entry_id.in_(chunk),
            )
            .execution_options(synchronize_session=False)
        )


def ask_missing(statement: Statement, entry_ids: Collection[int]) -> None:
    """Ask about entries that the bank told before and tells no longer; not of one that was asked about,
    unless what it seemed to have become is other money.
    """
    asked_ids: set[int] = set()
    waiting_ids: set[int] = set()
    for chunk in cut_query_values(entry_ids):
        rows = db.session.execute(
            select(EntryQuestion.entry_id, EntryQuestion.twin_id).where(
                or_(EntryQuestion.kind.in_(ABOUT_THE_LEDGER), EntryQuestion.kind == "other_day"),
                or_(EntryQuestion.answer.is_(None), EntryQuestion.answer != "other_money"),
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


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked and said of rows: ``known_ids`` are rows by the fingerprints of what a person said they
    are, ``newer_ids`` rows by those that hold what the bank told of them before it corrected them, and
    ``asked_ids`` rows by the doubtful ones that may be them.
    """

    known_ids: Mapping[str, Collection[int]]
    newer_ids: Mapping[int, int]
    asked_ids: Mapping[int, int]


def find_answers(bank_account_id: int, first_on: date, last_on: date) -> Answers:
    """Return what was asked and said of entries of these days that do not count, or count no more."""
    rows = db.session.execute(
        select(
            Entry.id, Entry.fingerprint, EntryQuestion.entry_id, EntryQuestion.twin_id, EntryQuestion.answer
        )
        .join(EntryQuestion, or_(EntryQuestion.entry_id == Entry.id, EntryQuestion.twin_id == Entry.id))
        .where(
            Entry.bank_account_id == bank_account_id,
            Entry.booked_on.between(first_on, last_on),
            Entry.state.in_(DOUBTED_ENTRIES),
            EntryQuestion.twin_id.is_not(None),
            or_(EntryQuestion.answer.is_(None), EntryQuestion.answer.in_(("known", "outdated", "corrected"))),
        )
        .order_by(EntryQuestion.id)
    )
    known_ids: dict[str, list[int]] = {}
    newer_ids: dict[int, int] = {}
    asked_ids: dict[int, int] = {}
    for id_, fingerprint, entry_id, twin_id, answer in rows:
        if twin_id is None:
            continue
        if answer == "corrected" and id_ == twin_id:
            newer_ids[id_] = entry_id
        elif answer == "outdated" and id_ == entry_id:
            newer_ids[id_] = twin_id
        elif answer == "known" and id_ == entry_id:
            known_ids.setdefault(fingerprint, []).append(twin_id)
        elif answer is None and id_ == entry_id:
            asked_ids[id_] = twin_id
    return Answers(known_ids, {id_: _follow_newer_ids(newer_ids, id_) for id_ in newer_ids}, asked_ids)


def find_kept_spans(bank_account_id: int, first_on: date, last_on: date) -> dict[int, tuple[date, date]]:
    """Return the entries of these days of which a person said that they stay, each with the first and the
    last day of the file that told it no longer.
    """
    rows = db.session.execute(
        select(Entry.id, Statement.period_from, Statement.period_to)
        .join(EntryQuestion, EntryQuestion.entry_id == Entry.id)
        .join(Statement, Statement.import_file_id == EntryQuestion.import_file_id)
        .where(
            EntryQuestion.answer == "stays",
            Entry.bank_account_id == bank_account_id,
            Entry.booked_on.between(first_on, last_on),
            Statement.bank_account_id == bank_account_id,
            Statement.period_from <= Entry.booked_on,
            Statement.period_to >= Entry.booked_on,
        )
        .order_by(EntryQuestion.id)
    )
    return {id_: (begins_on, ends_on) for id_, begins_on, ends_on in rows if begins_on and ends_on}


def find_other_words(entry_ids: Collection[int]) -> dict[int, list[str]]:
    """Return what else the bank told of rows, where a person said that it is the same money."""
    about_query = (
        select(EntryQuestion.twin_id, Entry.remittance)
        .join(Entry, Entry.id == EntryQuestion.entry_id)
        .where(EntryQuestion.twin_id.in_(entry_ids), EntryQuestion.answer.in_(("known", "outdated")))
    )
    corrected_query = (
        select(EntryQuestion.entry_id, Entry.remittance)
        .join(Entry, Entry.id == EntryQuestion.twin_id)
        .where(EntryQuestion.entry_id.in_(entry_ids), EntryQuestion.answer == "corrected")
    )
    words_of: dict[int, list[str]] = {}
    for query in (about_query, corrected_query):
        for entry_id, words in db.session.execute(query):
            if entry_id is not None:
                words_of.setdefault(entry_id, []).append(words)
    return words_of


def _follow_newer_ids(newer_ids: Mapping[int, int], entry_id: int) -> int:
    """Return the row that stands for another in the end."""
    seen_ids = {entry_id}
    while newer_ids.get(entry_id, entry_id) not in seen_ids:
        entry_id = newer_ids[entry_id]
        seen_ids.add(entry_id)
    return entry_id


def list_changed_minors(bank_account_id: int) -> list[int]:
    """Return by how much the bank changed sums, or sums of days, of an account, where nobody denied it."""
    twin = aliased(Entry)
    rows = db.session.execute(
        select(EntryQuestion.kind, Entry.amount_minor, twin.amount_minor)
        .join(EntryQuestion, EntryQuestion.entry_id == Entry.id)
        .join(twin, twin.id == EntryQuestion.twin_id)
        .where(
            Entry.bank_account_id == bank_account_id,
            EntryQuestion.kind.in_(("amount_changed", "other_day")),
            or_(EntryQuestion.answer.is_(None), EntryQuestion.answer != "other_money"),
        )
        .order_by(EntryQuestion.id.desc())
        .limit(_MOST_CHANGES)
    )
    return [minor if kind == "other_day" else minor - before_minor for kind, minor, before_minor in rows]


@dataclass(frozen=True, slots=True)
class SettledChanges:
    """By how much the bank changed what it told of some days, and of days before them, as far as a person
    confirmed it.
    """

    inside: list[int]
    before: list[int]


def list_settled_changes(bank_account_id: int, first_on: date, last_on: date) -> SettledChanges:
    """Return what the bank changed of these days and of those before, the last changes only."""
    twin = aliased(Entry)
    rows = db.session.execute(
        select(
            EntryQuestion.kind,
            EntryQuestion.answer,
            Entry.booked_on,
            Entry.amount_minor,
            twin.booked_on,
            twin.amount_minor,
        )
        .join(Entry, Entry.id == EntryQuestion.entry_id)
        .outerjoin(twin, twin.id == EntryQuestion.twin_id)
        .where(
            Entry.bank_account_id == bank_account_id,
            EntryQuestion.answer.in_(("corrected", "withdrawn", "known", "outdated")),
            EntryQuestion.kind.in_(("amount_changed", "no_longer_told", "other_day")),
            or_(Entry.booked_on <= last_on, twin.booked_on <= last_on),
        )
        .order_by(EntryQuestion.id.desc())
        .limit(_MOST_CHANGES * _MOST_CHANGES)
    )
    changes = SettledChanges([], [])
    for kind, answer, on, minor, before_on, before_minor in rows:
        is_inside = on >= first_on or (before_on is not None and before_on >= first_on)
        amounts = changes.inside if is_inside else changes.before
        if len(amounts) >= _MOST_CHANGES:
            continue
        if kind == "amount_changed":
            amounts.append(minor - before_minor if answer == "corrected" else before_minor - minor)
        elif kind == "no_longer_told":
            amounts.append(-minor)
        else:
            amounts += [minor, -minor]
    return changes


def find_outdated_statements(bank_account_id: int) -> set[int]:
    """Return the statements of an account of which a person said that the ledger has newer word."""
    outdated_query = (
        select(Entry.statement_id)
        .join(EntryQuestion, EntryQuestion.entry_id == Entry.id)
        .where(Entry.bank_account_id == bank_account_id, EntryQuestion.answer == "outdated")
    )
    overruled_query = (
        select(Statement.id)
        .join(EntryQuestion, EntryQuestion.import_file_id == Statement.import_file_id)
        .where(Statement.bank_account_id == bank_account_id, EntryQuestion.answer == "stays")
    )
    return {*db.session.scalars(outdated_query), *db.session.scalars(overruled_query)}


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
