"""Questions about entries as pages show them: both rows side by side, and what each answer makes of the day.

It reads and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, select, tuple_

from donorhub.db import db
from donorhub.models import Entry, EntryQuestion
from donorhub.models.states import UNCOUNTED_ENTRIES, QuestionAnswer, QuestionKind, QuestionState
from donorhub.money import Money
from donorhub.services import shown
from donorhub.services.bank.matching.entry_answers import ANSWERS
from donorhub.services.paging import Page, equals_if_given, newest_first, oldest_first, read_page


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question with the row that it is about and the one that it may be; ``day_sums`` say what counts of
    the day after each answer.
    """

    row: EntryQuestion
    entry: Entry
    twin: Entry | None
    day_sums: Mapping[QuestionAnswer, Money]

    @property
    def digest(self) -> str:
        """The digest of all that the page shows of it, the answer that it has too."""
        sums = {answer: [amount.minor, amount.currency] for answer, amount in self.day_sums.items()}
        answered_at = self.row.answered_at.isoformat() if self.row.answered_at is not None else None
        answer = [self.row.state, self.row.answer, self.row.answered_by, answered_at]
        return shown.compute_digest([*self.describe_rows(), answer, sums if self.row.state == "open" else {}])

    def describe_rows(self) -> list[object]:
        """Return the question and what both of its rows tell, as plain values."""
        twin = _describe_entry(self.twin) if self.twin is not None else []
        return [self.row.id, self.row.kind, _describe_entry(self.entry), twin]


def _describe_entry(entry: Entry) -> list[object]:
    texts = [entry.counterparty_name, entry.counterparty_account, entry.remittance, entry.bank_ref]
    counts = entry.state not in UNCOUNTED_ENTRIES  # being matched meanwhile changes nothing of it
    state = "counts" if counts else entry.state
    return [entry.id, state, entry.booked_on.isoformat(), entry.amount_minor, entry.currency, *texts]


def select_questions(
    *,
    import_file_id: int | None = None,
    kind: QuestionKind | None = None,
    state: QuestionState | None = None,
    entry_id: int | None = None,
) -> Select[EntryQuestion]:
    """Return a query for the questions that fit all that is given."""
    return select(EntryQuestion).where(
        *equals_if_given(EntryQuestion.import_file_id, import_file_id),
        *equals_if_given(EntryQuestion.kind, kind),
        *equals_if_given(EntryQuestion.state, state),
        *equals_if_given(EntryQuestion.entry_id, entry_id),
    )


def list_open_questions(
    import_file_id: int, kind: QuestionKind, *, after: str | None = None
) -> Page[EntryQuestion]:
    """Return a page of the open questions of one file that have one reason, the first first."""
    query = select_questions(import_file_id=import_file_id, kind=kind, state="open")
    return read_page(query, oldest_first(EntryQuestion.id), after=after)


def list_answered_questions(*, after: str | None = None) -> Page[EntryQuestion]:
    """Return a page of the questions that were answered, the last asked first."""
    return read_page(select_questions(state="answered"), newest_first(EntryQuestion.id), after=after)


def make_views(questions: Sequence[EntryQuestion]) -> list[QuestionView]:
    """Return questions beside their rows."""
    ids = {id_ for row in questions for id_ in (row.entry_id, row.twin_id) if id_ is not None}
    entries = {row.id: row for row in db.session.scalars(select(Entry).where(Entry.id.in_(ids)))}
    sums = _sum_days({(row.bank_account_id, row.booked_on) for row in entries.values()})
    return [
        _make_view(
            row, entries[row.entry_id], entries[row.twin_id] if row.twin_id is not None else None, sums
        )
        for row in questions
    ]


def _make_view(
    row: EntryQuestion, entry: Entry, twin: Entry | None, sums: Mapping[tuple[int, date], int]
) -> QuestionView:
    counted_minor = sums.get((entry.bank_account_id, entry.booked_on), 0)
    replaced_minor = twin.amount_minor if twin is not None and twin.booked_on == entry.booked_on else 0
    minor_after: dict[QuestionAnswer, int] = {
        "known": counted_minor,
        "outdated": counted_minor,
        "other_money": counted_minor + entry.amount_minor,
        "corrected": counted_minor + entry.amount_minor - replaced_minor,
        "withdrawn": counted_minor - entry.amount_minor,
        "stays": counted_minor,
    }
    day_sums = {answer: Money(minor_after[answer], entry.currency) for answer in ANSWERS[row.kind]}
    return QuestionView(row, entry, twin, day_sums)


def _sum_days(places: set[tuple[int, date]]) -> dict[tuple[int, date], int]:
    """Return what counts on days of accounts."""
    rows = db.session.execute(
        select(Entry.bank_account_id, Entry.booked_on, func.sum(Entry.amount_minor))
        .where(
            tuple_(Entry.bank_account_id, Entry.booked_on).in_(sorted(places)),
            Entry.state.not_in(UNCOUNTED_ENTRIES),
        )
        .group_by(Entry.bank_account_id, Entry.booked_on)
    )
    return {(account_id, day): int(minor) for account_id, day, minor in rows}
