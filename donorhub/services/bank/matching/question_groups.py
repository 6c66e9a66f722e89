"""The open questions of a file that have one reason, answered all at once as they were shown.

What each answer does, :mod:`.entry_answers` says. Of many some at a time are read and answered. One alone
is answered here as it was shown, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from donorhub.db import db
from donorhub.models import EntryQuestion
from donorhub.models.states import QuestionAnswer, QuestionKind
from donorhub.services import shown
from donorhub.services.bank.matching import entry_answers, question_views
from donorhub.services.bank.matching.entry_answers import MOST_AT_ONCE
from donorhub.services.bank.matching.question_views import QuestionView


@dataclass(frozen=True, slots=True)
class ShownChunk:
    """Some questions that are answered in one transaction: up to which one, and what both rows tell."""

    last_id: int
    digest: str


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """The open questions of a file that have one reason, and what stands for them as they are."""

    digest: str
    count: int
    chunks: Sequence[ShownChunk]


def show_group(import_file_id: int, kind: QuestionKind) -> ShownGroup:
    """Return the open questions of a file that have one reason: what both rows tell, and what the days count
    after each answer.
    """
    chunks: list[ShownChunk] = []
    digests: list[str] = []
    count, after_id = 0, 0
    while questions := _read_chunk(import_file_id, kind, after_id):
        views = question_views.make_views(questions)
        digests.append(shown.compute_digest([view.digest for view in views]))
        count, after_id = count + len(questions), questions[-1].id
        chunks.append(ShownChunk(after_id, _compute_chunk_digest(views)))
    return ShownGroup(shown.compute_digest(digests), count, chunks)


def _read_chunk(import_file_id: int, kind: QuestionKind, after_id: int) -> Sequence[EntryQuestion]:
    return db.session.scalars(
        question_views.select_questions(import_file_id=import_file_id, kind=kind, state="open")
        .where(EntryQuestion.id > after_id)
        .order_by(EntryQuestion.id)
        .limit(MOST_AT_ONCE)
    ).all()


def _compute_chunk_digest(views: Sequence[QuestionView]) -> str:
    """Return the digest without the sums of days: each answer changes them for those that follow."""
    return shown.compute_digest([view.describe_rows() for view in views])


def answer_shown_group(
    import_file_id: int,
    kind: QuestionKind,
    answer: QuestionAnswer,
    digest: str,
    *,
    now: datetime,
    actor: str,
) -> Iterator[int]:
    """Give the questions that were shown under this digest one answer; yield how many after each chunk, and
    the caller commits then. Where none is open any more it yields nothing.

    Raise Changed with the questions of now where they are others or tell something else: at first none is
    answered, and of what changes after a chunk was committed none that follows.
    """
    group = show_group(import_file_id, kind)
    if not group.count:
        return
    shown.refuse_changed(digest, group)
    after_id = 0
    for chunk in group.chunks:
        db.session.flush()  # what is written stays, and what was read before is read anew
        db.session.expire_all()
        questions = entry_answers.lock_open_questions(
            import_file_id, kind, after_id=after_id, last_id=chunk.last_id
        )
        if _compute_chunk_digest(question_views.make_views(questions)) != chunk.digest:
            shown.refuse_changed("", show_group(import_file_id, kind))
        entry_answers.answer_questions(questions, answer, now=now, actor=actor)
        after_id = chunk.last_id
        yield len(questions)


def answer_group(
    import_file_id: int, kind: QuestionKind, answer: QuestionAnswer, *, now: datetime, actor: str
) -> Iterator[int]:
    """Give all open questions of a file that have one reason one answer, whatever they are; yield how many
    after each chunk.
    """
    count = MOST_AT_ONCE
    while count == MOST_AT_ONCE:
        count = entry_answers.answer_group(import_file_id, kind, answer, now=now, actor=actor)
        yield count


def answer_shown_question(
    question_id: int, answer: QuestionAnswer, digest: str | None, *, now: datetime, actor: str
) -> EntryQuestion:
    """Act on what a person says of an entry as its question was shown, and return the question; the same
    answer again changes nothing.

    Raise Changed where the question or its rows are not what was shown under this digest, None where nothing
    was shown.
    """
    question = entry_answers.lock_question(question_id)
    if (question.state, question.answer) != ("answered", answer):
        _refuse_changed_question(question, digest)
    return entry_answers.answer_question(question_id, answer, now=now, actor=actor)


def undo_shown_answer(question_id: int, digest: str | None, *, now: datetime, actor: str) -> EntryQuestion:
    """Take an answer back that was shown, and return the question; ignore an open one.

    Raise Changed where it was answered otherwise since.
    """
    question = entry_answers.lock_question(question_id)
    if question.state == "answered":
        _refuse_changed_question(question, digest)
    return entry_answers.undo_answer(question_id, now=now, actor=actor)


def _refuse_changed_question(question: EntryQuestion, digest: str | None) -> None:
    if digest is not None:
        entry_answers.lock_entries(question)
        shown.refuse_changed(digest, show_question(question))


def show_question(question: EntryQuestion) -> shown.ShownRow:
    """Return a question with the digest of all that is shown of it."""
    return shown.ShownRow(question, question_views.make_views([question])[0].digest)
