"""The open questions of a file that have one reason, answered all at once as they were shown.

What each answer does, :mod:`.entry_answers` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from donorhub.db import cut_query_values, db
from donorhub.models import Entry, EntryQuestion
from donorhub.models.states import QuestionAnswer, QuestionKind
from donorhub.services import shown
from donorhub.services.bank.matching import entry_answers, question_views
from donorhub.services.bank.matching.question_views import QuestionView


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """The open questions of a file that have one reason, and what stands for them as they are."""

    digest: str
    count: int
    last_id: int


def show_group(import_file_id: int, kind: QuestionKind) -> ShownGroup:
    """Return the open questions of a file that have one reason: what both rows tell, and what the days count
    after each answer.
    """
    ids = db.session.scalars(
        select(EntryQuestion.id)
        .where(
            EntryQuestion.import_file_id == import_file_id,
            EntryQuestion.kind == kind,
            EntryQuestion.state == "open",
        )
        .order_by(EntryQuestion.id)
    ).all()
    rows = [
        _describe_view(view)
        for some_ids in cut_query_values(ids)
        for view in question_views.make_views(
            db.session.scalars(
                select(EntryQuestion).where(EntryQuestion.id.in_(some_ids)).order_by(EntryQuestion.id)
            ).all()
        )
    ]
    return ShownGroup(shown.compute_digest(rows), len(ids), max(ids, default=0))


def _describe_view(view: QuestionView) -> list[object]:
    sums = {answer: [amount.minor, amount.currency] for answer, amount in view.day_sums.items()}
    twin = _describe_entry(view.twin) if view.twin is not None else []
    return [view.row.id, view.row.kind, _describe_entry(view.entry), twin, sums]


def _describe_entry(entry: Entry) -> list[object]:
    texts = [entry.counterparty_name, entry.counterparty_account, entry.remittance, entry.bank_ref]
    return [entry.id, entry.state, entry.booked_on.isoformat(), entry.amount_minor, entry.currency, *texts]


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

    Raise Changed with the questions of now, and answer none, where they are others or tell something else.
    """
    group = show_group(import_file_id, kind)
    if not group.count:
        return
    shown.refuse_changed(digest, group)
    yield from answer_group_until(import_file_id, kind, answer, group.last_id, now=now, actor=actor)


def answer_group_until(
    import_file_id: int,
    kind: QuestionKind,
    answer: QuestionAnswer,
    last_id: int | None,
    *,
    now: datetime,
    actor: str,
) -> Iterator[int]:
    """Give the open questions up to this one, or all, one answer; yield how many after each chunk."""
    count = entry_answers.MOST_AT_ONCE
    while count == entry_answers.MOST_AT_ONCE:
        count = entry_answers.answer_group(
            import_file_id, kind, answer, last_id=last_id, now=now, actor=actor
        )
        yield count
