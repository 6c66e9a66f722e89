"""Whether the ledger has the same money as a statement, for the days that the statement tells whole.

Where it has not, the bank has corrected an older statement, or another file was of other days or another
account: entries count that this one does not have. It warns and changes nothing; what is new in a
statement, :mod:`donorhub.domain.bank.files.entry_plan` finds. It is asked after each import and after each
answer to a question of the file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final

from sqlalchemy import case, func, or_, select

from donorhub.db import db, sum_minor
from donorhub.domain.bank.files.continuity import Comparison, compare_spans
from donorhub.models import Entry, EntryQuestion, ImportFile, Statement
from donorhub.models.states import COUNTED_STATEMENTS, UNCOUNTED_ENTRIES
from donorhub.money import Money
from donorhub.services.bank.files import entry_questions, ledger_rows
from donorhub.services.bank.files.statement_drafts import make_plain_problems
from importers.codes import Reason, StatementFault
from importers.statement import Problem, make_problem

_MOST_DAYS_NAMED: Final = 5  # days that the sentence names
_CODES: Final = ("ledger_differs", "ledger_differs_open")
# How far a statement may lie whose balance proves that a first or last day is whole: a long holiday.
_NEIGHBOURS: Final = timedelta(days=10)


def compare_statement(row: Statement) -> Comparison:
    """Return how a statement lies to the others of its account that the ledger has."""
    span = ledger_rows.make_span(row)
    spans = ledger_rows.list_known_spans(
        row.bank_account_id, span.first_on - _NEIGHBOURS, span.last_on + _NEIGHBOURS
    )
    return compare_spans(span, [other for other in spans if other.statement_id != row.id])


def refresh_remarks(file: ImportFile) -> None:
    """Compare the ledger with the statements of a file again, and keep with the file what differs now."""
    rows = db.session.scalars(
        select(Statement)
        .where(
            Statement.import_file_id == file.id,
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.is_advice.is_(False),
        )
        .order_by(Statement.number)
    ).all()
    remarks = [remark for row in rows for remark in list_remarks(row)]
    others = [problem for problem in file.problems if problem["code"] not in _CODES]
    file.problems = [*others, *make_plain_problems(remarks)]


def list_remarks(row: Statement) -> list[Problem]:
    """Return warnings with days and amount where the ledger has other money of the days of the statement:
    one for days on which a question is open, and one for the others.
    """
    if row.id in entry_questions.find_outdated_statements(row.bank_account_id):
        return []
    days = _list_whole_days(row)
    day_sums = row.day_sums
    if not days or day_sums is None:
        return []
    ledger_sums, open_days = _sum_ledger(row, days)
    differences = {
        day: ledger_sums.get(day, 0) - day_sums.get(day.isoformat(), 0)
        for day in sorted(days)
        if ledger_sums.get(day, 0) != day_sums.get(day.isoformat(), 0)
    }
    settled_days = {day: minor for day, minor in differences.items() if day not in open_days}
    open_differences = {day: minor for day, minor in differences.items() if day in open_days}
    remarks: list[Reason[StatementFault]] = []
    if settled_days:
        remarks.append(
            Reason(
                "ledger_differs", {"days": _name_days(settled_days), "missing": _sum_up(settled_days, row)}
            )
        )
    if open_differences:
        remarks.append(
            Reason(
                "ledger_differs_open",
                {"days": _name_days(open_differences), "missing": _sum_up(open_differences, row)},
            )
        )
    return [make_problem("warning", remark) for remark in remarks]


def _name_days(differences: Mapping[date, int]) -> str:
    more = ", …" if len(differences) > _MOST_DAYS_NAMED else ""
    return ", ".join(str(day) for day in list(differences)[:_MOST_DAYS_NAMED]) + more


def _sum_up(differences: Mapping[date, int], row: Statement) -> str:
    return str(Money(sum(differences.values()), row.currency))


def _list_whole_days(row: Statement) -> frozenset[date]:
    if row.period_from is None or row.period_to is None:
        return frozenset()
    return compare_statement(row).days_of_file


def _sum_ledger(row: Statement, days: Collection[date]) -> tuple[dict[date, int], set[date]]:
    """Return what counts on these days, and on which of them a question is open."""
    counts = Entry.state.not_in(UNCOUNTED_ENTRIES)
    is_open = or_(
        Entry.state == "doubtful",
        Entry.id.in_(
            select(EntryQuestion.entry_id).where(
                EntryQuestion.state == "open", EntryQuestion.kind == "no_longer_told"
            )
        ),
    )
    rows = db.session.execute(
        select(
            Entry.booked_on,
            sum_minor(case((counts, Entry.amount_minor), else_=0)),
            func.sum(case((is_open, 1), else_=0)),
        )
        .where(Entry.bank_account_id == row.bank_account_id, Entry.booked_on.between(min(days), max(days)))
        .group_by(Entry.booked_on)
    ).all()
    sums = {day: minor or 0 for day, minor, _ in rows if day in days}
    return sums, {day for day, _, open_count in rows if open_count}
