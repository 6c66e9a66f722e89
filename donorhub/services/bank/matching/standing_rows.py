"""Which row counts in the end for one that a question is about, when the bank changed it more than once.

A row in doubt stands for the one that it may be, a known or outdated one for the one that the ledger has, and
a corrected one for what it was corrected to.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import Entry, EntryQuestion
from donorhub.models.states import UNCOUNTED_ENTRIES, QuestionAnswer
from donorhub.services.bank.matching import entry_holding as holding


@dataclass(frozen=True, slots=True)
class StandingRow:
    """The row that counts, and the newest question whose answer put it there; 0 where none did."""

    entry_id: int
    question_id: int


def follow_changes(question: EntryQuestion, answer: QuestionAnswer) -> tuple[QuestionAnswer, Entry]:
    """Return the answer and the row that it is about now, when the bank changed the entry more than once: the
    question names that row from here on. What a later file corrected further is outdated.
    """
    if question.twin_id is None:
        raise Conflict(f"question {question.id} has no entry to replace", code="no_such_answer")
    standing = find_standing_row(question.twin_id)
    if standing is None or standing.entry_id == question.entry_id:
        raise Conflict(
            f"entry {question.twin_id} was withdrawn since: undo that first", code="answered_since"
        )
    question.twin_id = standing.entry_id
    is_older = answer == "corrected" and standing.question_id > question.id
    return ("outdated" if is_older else answer), holding.lock_entry(standing.entry_id)


def find_standing_row(entry_id: int) -> StandingRow | None:
    """Return the row that counts for this one; None where the bank withdrew it."""
    seen_ids: set[int] = set()
    question_id = 0
    while entry_id not in seen_ids:
        seen_ids.add(entry_id)
        entry = holding.get_entry(entry_id)
        if entry.state not in UNCOUNTED_ENTRIES:
            return StandingRow(entry_id, question_id)
        if entry.state == "replaced":
            correction = _find_correction(entry)
            if correction is None:
                return None
            entry_id, question_id = correction.entry_id, max(question_id, correction.id)
        else:
            twin_id = _find_twin_id(entry)
            if twin_id is None:
                return None
            entry_id = twin_id
    return None


def _find_correction(entry: Entry) -> EntryQuestion | None:
    """Return the question whose answer put another row in the place of this one."""
    return db.session.scalar(
        select(EntryQuestion)
        .where(EntryQuestion.twin_id == entry.id, EntryQuestion.answer == "corrected")
        .order_by(EntryQuestion.id.desc())
        .limit(1)
    )


def _find_twin_id(entry: Entry) -> int | None:
    """Return the row that one in doubt, or one that was there already, is or may be."""
    return db.session.scalar(
        select(EntryQuestion.twin_id)
        .where(EntryQuestion.entry_id == entry.id, EntryQuestion.twin_id.is_not(None))
        .order_by(EntryQuestion.id.desc())
        .limit(1)
    )
