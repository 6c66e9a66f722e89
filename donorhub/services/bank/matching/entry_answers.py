"""Answers to questions about entries: whether the ledger has one, and what the bank corrected or withdrew.

What is asked, :mod:`donorhub.services.bank.files.entry_questions` says. An answer is one transaction and can
be undone; the same answer again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, func, or_, select

from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Entry, EntryAlias, EntryQuestion, ImportFile, Statement, WeakRef
from donorhub.models.states import GONE_ENTRIES, QuestionAnswer, QuestionKind
from donorhub.services.access import audit
from donorhub.services.bank.files import ledger_rows, ref_trust, statement_totals
from donorhub.services.bank.matching import entry_holding as holding
from donorhub.services.bank.matching import entry_moves
from donorhub.services.bank.matching.standing_rows import follow_changes
from donorhub.services.giving import closed_books
from donorhub.services.work import tasks

_SAME_OR_OTHER: Final[tuple[QuestionAnswer, ...]] = ("known", "other_money")
ANSWERS: Final[Mapping[QuestionKind, tuple[QuestionAnswer, ...]]] = {
    "other_bank_ref": _SAME_OR_OTHER,
    "text_changed": _SAME_OR_OTHER,
    "part_of_a_day": _SAME_OR_OTHER,
    "unsure_order": _SAME_OR_OTHER,
    "other_day": _SAME_OR_OTHER,
    "amount_changed": ("corrected", "outdated", "other_money"),
    "no_longer_told": ("withdrawn", "stays"),
    "not_in_ledger": ("other_money", "known"),
}
_EVENTS: Final[Mapping[QuestionAnswer, str]] = {
    "known": "entry.rejected",
    "other_money": "entry.accepted",
    "corrected": "entry.corrected",
    "outdated": "entry.outdated",
    "withdrawn": "entry.withdrawn",
    "stays": "entry.kept",
}
_ABOUT_CHANGES: Final = ("amount_changed", "other_day")
MOST_AT_ONCE: Final = 500  # answers of one transaction


def get_question(question_id: int) -> EntryQuestion:
    """Return the question; raise NotFound where there is none."""
    question = db.session.get(EntryQuestion, question_id)
    if question is None:
        raise NotFound(f"there is no question {question_id}")
    return question


def answer_question(question_id: int, answer: QuestionAnswer, *, now: datetime, actor: str) -> EntryQuestion:
    """Act on what a person says of an entry, and return the question.

    Raise Rejected for an answer that the question does not have or a day in closed books; Conflict when it
    was answered otherwise: undo that first.
    """
    question = lock_question(question_id)
    if question.state == "answered":
        if question.answer != answer:
            raise Conflict(f"question {question_id} was answered: undo that first", code="question_answered")
        return question
    _act_on_answer(question, answer, now=now, actor=actor)
    _check_totals([question])
    return question


def answer_group(
    import_file_id: int, kind: QuestionKind, answer: QuestionAnswer, *, now: datetime, actor: str
) -> int:
    """Give the open questions of a file that have one reason one answer, at most MOST_AT_ONCE of them; return
    how many: none when all are answered.
    """
    questions = lock_open_questions(import_file_id, kind)
    answer_questions(questions, answer, now=now, actor=actor)
    return len(questions)


def lock_open_questions(
    import_file_id: int, kind: QuestionKind, *, after_id: int = 0, last_id: int | None = None
) -> Sequence[EntryQuestion]:
    """Return the open questions of a file that have one reason, at most MOST_AT_ONCE of them behind one and
    up to another, locked until the transaction ends.
    """
    return db.session.scalars(
        select(EntryQuestion)
        .where(
            EntryQuestion.import_file_id == import_file_id,
            EntryQuestion.kind == kind,
            EntryQuestion.state == "open",
            EntryQuestion.id > after_id,
            *([EntryQuestion.id <= last_id] if last_id is not None else []),
        )
        .order_by(EntryQuestion.id)
        .limit(MOST_AT_ONCE)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def answer_questions(
    questions: Sequence[EntryQuestion], answer: QuestionAnswer, *, now: datetime, actor: str
) -> None:
    """Give open questions of one file, which the caller holds, one answer."""
    for question in questions:
        _act_on_answer(question, answer, now=now, actor=actor)
    _check_totals(questions[:1])


def accept_doubtful(entry_id: int, *, now: datetime, actor: str) -> Entry:
    """Record that a doubtful entry is other money than the one it looks like: it counts, and is matched next.

    Ignore one that counts already; raise Conflict for one that was left out.
    """
    entry = holding.lock_entry(entry_id)
    question = _find_question(entry)
    if entry.state == "doubtful" and question is not None:
        answer_question(question.id, "other_money", now=now, actor=actor)
    elif entry.state == "doubtful":
        _count_entry(entry, now=now)
        audit.record_action(actor, _EVENTS["other_money"], ("entry", entry.id), now=now)
    elif entry.state in GONE_ENTRIES:
        raise Conflict(
            f"entry {entry_id} is {entry.state}: nobody doubts it", code="not_doubtful", state=entry.state
        )
    return entry


def reject_doubtful(entry_id: int, *, now: datetime, actor: str) -> Entry:
    """Record that the ledger has a doubtful entry already: the row stays for the record and counts no more.

    Raise Conflict where nobody doubts it, and where the bank changed the sum: that has answers of its own.
    """
    entry = holding.lock_entry(entry_id)
    if entry.state == "duplicate":
        return entry
    question = _find_question(entry)
    if entry.state != "doubtful":
        raise Conflict(
            f"entry {entry_id} is {entry.state}: nobody doubts it", code="not_doubtful", state=entry.state
        )
    if question is None:
        entry.state, entry.occurrence = "duplicate", -entry.id
        audit.record_action(actor, _EVENTS["known"], ("entry", entry.id), now=now)
        return entry
    if question.kind == "amount_changed":
        raise Conflict(
            f"the bank changed the sum of entry {entry_id}: say whether it corrected it", code="sum_changed"
        )
    answer_question(question.id, "known", now=now, actor=actor)
    return entry


def accept_correction(entry_id: int, *, now: datetime, actor: str) -> Entry:
    """Record that a doubtful entry is what the bank made of an earlier one: it counts in its place.

    Raise Conflict where nothing asks about it.
    """
    entry = holding.get_entry(entry_id)
    question = _find_question(entry)
    if question is None:
        raise Conflict(f"nobody doubts entry {entry_id}", code="not_doubtful", state=entry.state)
    answer_question(question.id, "corrected", now=now, actor=actor)
    return entry


def keep_newer_sum(entry_id: int, *, now: datetime, actor: str) -> Entry:
    """Record that a doubtful entry is what an older file told of one that the ledger has with its newer sum.

    Raise Conflict where nothing asks about it.
    """
    entry = holding.get_entry(entry_id)
    question = _find_question(entry)
    if question is None:
        raise Conflict(f"nobody doubts entry {entry_id}", code="not_doubtful", state=entry.state)
    answer_question(question.id, "outdated", now=now, actor=actor)
    return entry


def _find_question(entry: Entry) -> EntryQuestion | None:
    return db.session.scalar(
        select(EntryQuestion)
        .where(EntryQuestion.entry_id == entry.id, EntryQuestion.kind != "no_longer_told")
        .order_by(EntryQuestion.id.desc())
        .limit(1)
    )


def undo_answer(question_id: int, *, now: datetime, actor: str) -> EntryQuestion:
    """Take an answer back: the entries are what they were, and the question is open again.

    Ignore an open one. Raise Rejected while a receipt names a gift that was made since or a day lies in
    closed books, Conflict where a later answer rests on this one.
    """
    question = lock_question(question_id)
    if question.state == "open":
        return question
    entry, twin = lock_entries(question)
    if entry.state in GONE_ENTRIES and question.answer in ("other_money", "corrected"):
        raise Conflict(f"entry {entry.id} was replaced since: undo that first", code="answered_since")
    if question.answer == "corrected" and twin is not None:
        closed_books.refuse_closed_days(entry.booked_on)
        _revive_entry(twin)
        entry_moves.move_decisions(entry, twin, now=now, actor=actor)
        entry.state, entry.decide_by = "doubtful", None
    elif question.answer == "withdrawn":
        closed_books.refuse_closed_days(entry.booked_on)
        _revive_entry(entry)
        entry_moves.restore_decisions(entry, question.answered_at or now, now=now, actor=actor)
    elif question.answer in ("known", "outdated"):
        _revive_entry(entry)
        entry.state = "doubtful"
        if twin is not None and question.answer == "known":
            _forget_names(entry, twin)
    elif question.answer == "other_money":
        entry_moves.take_out_decisions(entry, now=now, actor=actor)
        entry.state, entry.decide_by = "doubtful", None
        db.session.execute(
            delete(WeakRef).where(
                WeakRef.bank_account_id == entry.bank_account_id,
                WeakRef.ref == entry.bank_ref,
                WeakRef.why == "answer",
            )
        )
    question.state, question.answer, question.answered_by, question.answered_at = "open", None, None, None
    audit.record_action(actor, "entry.answer_undone", ("entry", entry.id), now=now)
    _check_totals([question])
    return question


def undo_answers_of_statement(statement_id: int, *, now: datetime, actor: str) -> None:
    """Take back what a person said of rows of other statements because of this one, the last answer first,
    and close what it asks about them: the statement is taken back.
    """
    statement = db.session.get_one(Statement, statement_id)
    of_its_file = EntryQuestion.import_file_id == statement.import_file_id
    is_withdrawal = and_(EntryQuestion.answer == "withdrawn", of_its_file)
    brought_by_it = select(Entry.id).where(Entry.statement_id == statement_id)
    is_correction = and_(EntryQuestion.answer == "corrected", EntryQuestion.entry_id.in_(brought_by_it))
    question_ids = db.session.scalars(
        select(EntryQuestion.id)
        .where(or_(is_withdrawal, is_correction))
        .order_by(EntryQuestion.answered_at.desc(), EntryQuestion.id.desc())
    ).all()
    for question_id in question_ids:
        undo_answer(question_id, now=now, actor=actor)
    db.session.execute(
        delete(EntryQuestion)
        .where(of_its_file, EntryQuestion.kind == "no_longer_told", EntryQuestion.state == "open")
        .execution_options(synchronize_session=False)
    )


def lock_question(question_id: int) -> EntryQuestion:
    """Return the question, locked until the transaction ends."""
    question = db.session.scalar(
        select(EntryQuestion)
        .where(EntryQuestion.id == question_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if question is None:
        raise NotFound(f"there is no question {question_id}")
    return question


def lock_entries(question: EntryQuestion) -> tuple[Entry, Entry | None]:
    """Return the rows of a question, locked in the order of their ids."""
    ids = sorted(id_ for id_ in (question.entry_id, question.twin_id) if id_ is not None)
    rows = {id_: holding.lock_entry(id_) for id_ in ids}
    return rows[question.entry_id], rows[question.twin_id] if question.twin_id is not None else None


def _act_on_answer(question: EntryQuestion, answer: QuestionAnswer, *, now: datetime, actor: str) -> None:
    if answer not in ANSWERS[question.kind]:
        raise Rejected(
            f"question {question.id} is answered by {' or '.join(ANSWERS[question.kind])}",
            code="no_such_answer",
            field="/answer",
        )
    entry, twin = lock_entries(question)
    if twin is not None and question.kind in _ABOUT_CHANGES and answer in ("corrected", "known"):
        answer, twin = follow_changes(question, answer)
    if answer == "known":
        entry.state, entry.occurrence = "duplicate", -entry.id
        if twin is not None:
            _keep_names(entry, twin)
    elif answer == "outdated":
        entry.state, entry.occurrence = "duplicate", -entry.id
    elif answer == "other_money":
        _count_entry(entry, now=now)
        if question.kind in _ABOUT_CHANGES and entry.bank_ref and twin is not None:
            _distrust_ref(question, entry)
    elif answer == "corrected":
        _replace_twin(question, entry, twin, now=now, actor=actor)
    elif answer == "withdrawn":
        closed_books.refuse_closed_days(entry.booked_on)
        entry_moves.take_out_decisions(entry, now=now, actor=actor)
        _retire_entry(entry)
    question.state, question.answer = "answered", answer
    question.answered_by, question.answered_at = actor, now
    audit.record_action(actor, _EVENTS[answer], ("entry", entry.id), now=now)
    db.session.flush()  # the next answer asks the database


def _replace_twin(
    question: EntryQuestion, entry: Entry, twin: Entry | None, *, now: datetime, actor: str
) -> None:
    """Let an entry count in the place of the one that the bank corrected."""
    if twin is None:
        raise Conflict(f"question {question.id} has no entry to replace", code="no_such_answer")
    closed_books.refuse_closed_days(twin.booked_on, entry.booked_on)
    entry.state = "new"
    entry_moves.move_decisions(twin, entry, now=now, actor=actor)
    _retire_entry(twin)
    _plan_matching(entry, now=now)


def _count_entry(entry: Entry, *, now: datetime) -> None:
    entry.state = "new"
    _plan_matching(entry, now=now)


def _retire_entry(entry: Entry) -> None:
    """Let a row count no more; its key is free for another."""
    entry.state, entry.occurrence, entry.decide_by = "replaced", -entry.id, None


def _revive_entry(entry: Entry) -> None:
    """Let a row have its key again, the next free one of its kind."""
    last_occurrence = db.session.scalar(
        select(func.max(Entry.occurrence)).where(
            Entry.bank_account_id == entry.bank_account_id, Entry.fingerprint == entry.fingerprint
        )
    )
    entry.state, entry.occurrence = "new", max(last_occurrence if last_occurrence is not None else -1, -1) + 1
    db.session.flush()  # what follows asks the database


def _plan_matching(entry: Entry, *, now: datetime) -> None:
    tasks.plan_task(
        f"match_statement:{entry.statement_id}:e{entry.id}.{now.isoformat()}",
        kind="match_statement",
        performer="worker",
        subject=("statement", entry.statement_id),
        now=now,
    )


def _keep_names(entry: Entry, twin: Entry) -> None:
    """Let the ledger's entry be known by the id and the day of the other row too."""
    names = [(twin.id, "bank_ref", entry.bank_ref)] if entry.bank_ref else []
    if entry.booked_on != twin.booked_on:
        names.append((twin.id, "told_on", entry.booked_on.isoformat()))
    ledger_rows.insert_aliases(entry.statement_id, names)


def _forget_names(entry: Entry, twin: Entry) -> None:
    refs = [entry.booked_on.isoformat(), *([entry.bank_ref] if entry.bank_ref else [])]
    db.session.execute(
        delete(EntryAlias).where(
            EntryAlias.entry_id == twin.id,
            EntryAlias.statement_id == entry.statement_id,
            EntryAlias.kind.in_(("bank_ref", "told_on")),
            EntryAlias.ref.in_(refs),
        )
    )


def _distrust_ref(question: EntryQuestion, entry: Entry) -> None:
    """Let the id count no more that stands on two payments, as a person said."""
    statement = db.session.get_one(Statement, entry.statement_id)
    file = db.session.get_one(ImportFile, question.import_file_id)
    ref_trust.keep_weak_refs(
        entry.bank_account_id,
        ledger_rows.find_source_name(statement, file),
        [entry.bank_ref or ""],
        why="answer",
        import_file_id=file.id,
    )


def _check_totals(questions: Sequence[EntryQuestion]) -> None:
    """Compare the ledger with the files of these questions again."""
    db.session.flush()  # sums are asked of the database
    for file_id in sorted({question.import_file_id for question in questions}):
        statement_totals.refresh_remarks(db.session.get_one(ImportFile, file_id))
