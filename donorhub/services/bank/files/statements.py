"""Statements into the ledger: what of a file is new money is written, all of it or nothing.

A statement that cannot be trusted is held with its figures, and a person may release
it. Reading the file is the job's; whom the money is from, matching finds out later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, select

from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import AuditRecord, BankAccount, ImportFile, Statement
from donorhub.models.states import (
    COUNTED_STATEMENTS,
    UNREAD_FILES,
    ImportFileState,
    StatementIntegrity,
    StatementState,
)
from donorhub.services import shown
from donorhub.services.access import audit, organisation
from donorhub.services.bank.files import (
    bank_accounts,
    enriching,
    entry_posting,
    imports,
    statement_accounts,
    statement_checks,
    statement_totals,
)
from donorhub.services.bank.files.statement_drafts import Draft, Drafts, make_plain_problems, summarise_draft
from donorhub.services.paging import equals_if_given
from donorhub.services.shown import ShownRow
from donorhub.services.work import tasks
from importers.statement import Balance, Problem

RELEASE_EVENT: Final = "statement.released"  # in the audit trail, where the reason is kept


def store_statements(
    import_file_id: int,
    drafts: Drafts,
    *,
    create_accounts: bool,
    now: datetime,
    actor: str,
    account_id: int | None = None,
) -> ImportFile:
    """Post what a file says, in the present transaction; one that is not waiting to be read stays as it is.

    Its state is then ``done``, ``held`` (some statement waits to be released), ``asking``
    (nothing was stored before a person answers) or ``refused`` (nothing can be).
    ``account_id`` is whose a file without account is, as its column mapping says.
    """
    file = imports.lock_file(import_file_id)
    if file.state not in UNREAD_FILES:
        return file
    problems, today = list(drafts.problems), organisation.get_day(now)
    for draft in drafts.statements:
        problems += statement_checks.list_remarks(draft, drafts.problems, today=today)
    file.format, file.profile = drafts.format, _find_layout_name(drafts)
    file.bank_account_id = file.bank_account_id or account_id
    file.summaries = [summarise_draft(draft) for draft in drafts.statements]
    if not drafts.statements:
        state: ImportFileState = "asking" if statement_checks.is_question(problems) else "refused"
        return _finish_file(file, state, problems, now=now, actor=actor)
    reasons = [
        statement_checks.list_hold_reasons(draft, drafts.problems, today=today) for draft in drafts.statements
    ]
    accounts, questions = statement_accounts.resolve_accounts(
        file,
        drafts.statements,
        [not hold_reasons and create_accounts for hold_reasons in reasons],
        now=now,
        actor=actor,
    )
    if questions:
        return _finish_file(file, "asking", [*problems, *questions], now=now, actor=actor)
    rows = _post_all(file, drafts.statements, accounts, reasons, now=now, actor=actor)
    problems += _list_gap_problems(rows)
    for row in rows:
        if row.posted_at is not None and not row.is_advice:
            problems += statement_totals.list_remarks(row)
    state = "held" if any(row.state == "held" for row in rows) else "done"
    _count_entries(file, rows)
    return _finish_file(file, state, problems, now=now, actor=actor)


def _find_layout_name(drafts: Drafts) -> str:
    return next((draft.header.layout for draft in drafts.statements if draft.header.layout), "")


def _post_all(
    file: ImportFile,
    drafts: Sequence[Draft],
    accounts: Sequence[BankAccount],
    reasons: Sequence[Sequence[str]],
    *,
    now: datetime,
    actor: str,
) -> list[Statement]:
    rows_by_number = {
        row.number: row
        for row in db.session.scalars(select(Statement).where(Statement.import_file_id == file.id))
    }
    rows = []
    for number, draft in enumerate(drafts):
        row = rows_by_number.get(number)
        if row is None:
            row = Statement(import_file_id=file.id, number=number, new_count=0, doubtful_count=0)
        _fill_in_statement(row, draft, accounts[number])
        if row.posted_at is None and row.state != "released":
            row.state = "held" if reasons[number] else "posted"
        db.session.add(row)
        db.session.flush()  # entries name their statement
        rows.append(row)
        if row.state == "held":
            audit.record_action(
                actor,
                "statement.held",
                ("statement", row.id),
                now=now,
                data={"reasons": list(reasons[number])},
            )
        else:
            _post_statement(file, row, draft, accounts[number], now=now, actor=actor)
    return rows


def _fill_in_statement(row: Statement, draft: Draft, account: BankAccount) -> None:
    """Write into the row what the file says of the statement; a second call changes nothing."""
    header, days = draft.header, draft.days
    row.bank_account_id = account.id
    row.format, row.is_advice, row.currency = header.source_format, header.advice, header.currency
    row.ref, row.sequence_no, row.page = header.statement_id, header.sequence_no, header.page
    row.written_at = header.created_at
    row.period_from, row.period_to = days or (None, None)
    row.opening_minor, row.opening_on = _read_balance(header.opening)
    row.closing_minor, row.closing_on = _read_balance(header.closing)
    row.sum_minor, row.entries_count = draft.sum_minor, len(draft.items)
    row.first_day_minor = draft.day_sums.get(days[0], 0) if days else 0
    row.last_day_minor = draft.day_sums.get(days[1], 0) if days else 0
    row.day_sums = draft.plain_day_sums
    row.integrity = header.integrity


def _read_balance(balance: Balance | None) -> tuple[int | None, date | None]:
    return (balance.amount.minor, balance.on) if balance is not None else (None, None)


def _post_statement(
    file: ImportFile, row: Statement, draft: Draft, account: BankAccount, *, now: datetime, actor: str
) -> None:
    row.posted_at = now
    statement_ids = (
        enriching.join_advice(row, draft)
        if row.is_advice
        else entry_posting.post_entries(row, draft, account, today=organisation.get_day(now))
    )
    audit.record_action(
        actor,
        "statement.posted",
        ("statement", row.id),
        now=now,
        data={"entries": row.entries_count, "new": row.new_count, "integrity": row.integrity},
    )
    if row.new_count:
        statement_ids.add(row.id)
        _read_advice_again(row, now=now, actor=actor)
    for statement_id in statement_ids:
        tasks.plan_task(
            f"match_statement:{statement_id}:{file.id}.{file.generation}",
            kind="match_statement",
            performer="worker",
            subject=("statement", statement_id),
            now=now,
        )


def _read_advice_again(row: Statement, *, now: datetime, actor: str) -> None:
    """Plan to read advice of these days again, since it may have come before its entries."""
    file_ids = db.session.scalars(
        select(Statement.import_file_id)
        .where(
            Statement.bank_account_id == row.bank_account_id,
            Statement.is_advice,
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.import_file_id != row.import_file_id,
            Statement.period_from <= row.period_to,
            Statement.period_to >= row.period_from,
        )
        .distinct()
    ).all()
    for file_id in file_ids:
        advice = imports.get_file(file_id)
        if advice.state == "done":
            imports.plan_reading(advice, now=now, actor=actor)


def _list_gap_problems(rows: Sequence[Statement]) -> list[Problem]:
    statement_ids = {row.id for row in rows}
    accounts = {row.bank_account_id for row in rows if not row.is_advice}
    return [
        statement_checks.make_gap_problem(gap)
        for account_id in sorted(accounts)
        for gap in bank_accounts.find_gaps(account_id)
        if gap.after_id in statement_ids or gap.before_id in statement_ids
    ]


def _count_entries(file: ImportFile, rows: Sequence[Statement]) -> None:
    posted_rows = [row for row in rows if row.posted_at is not None and not row.is_advice]
    file.statements_count = len(rows)
    file.entries_count = sum(row.entries_count for row in rows)
    file.new_count = sum(row.new_count for row in posted_rows)
    file.doubtful_count = sum(row.doubtful_count for row in posted_rows)
    file.known_count = sum(row.entries_count - row.new_count for row in posted_rows)


def _finish_file(
    file: ImportFile, state: ImportFileState, problems: Sequence[Problem], *, now: datetime, actor: str
) -> ImportFile:
    file.state, file.finished_at, file.progress = state, now, file.entries_count
    file.problems = make_plain_problems(problems)
    audit.record_action(
        actor,
        f"import_file.{state}",
        ("import_file", file.id),
        now=now,
        data={"statements": file.statements_count, "new": file.new_count, "known": file.known_count},
    )
    return file


def compute_statement_digest(row: Statement) -> str:
    """Return the digest of what a statement tells, and of how far it is."""
    figures = [row.opening_minor, row.closing_minor, row.sum_minor, row.entries_count, row.new_count]
    days = [str(row.period_from or ""), str(row.period_to or "")]
    return shown.compute_digest(
        [row.id, row.bank_account_id, row.state, row.integrity, row.currency, *figures, *days]
    )


def release_statement(
    statement_id: int, *, reason: str, now: datetime, actor: str, digest: str | None = None
) -> Statement:
    """Take a held statement into the ledger although it could not be trusted; the worker posts it.

    Ignore one that is released already. Raise Changed where it is not what was shown under ``digest``,
    Rejected without a reason, Conflict when it is not held.
    """
    row = get_statement(statement_id)
    if row.state == "released":
        return row
    shown.refuse_changed(digest, ShownRow(row, compute_statement_digest(row)))
    if row.state != "held":
        raise Conflict(
            f"statement {statement_id} is {row.state}: only a held one can be released",
            code="statement_state",
            state=row.state,
        )
    if not reason.strip():
        raise Rejected("say why the statement may be taken in all the same", field="/reason")
    row.state, row.released_by, row.released_at = "released", actor, now
    audit.record_action(actor, RELEASE_EVENT, ("statement", row.id), now=now, data={"reason": reason.strip()})
    file = imports.get_file(row.import_file_id)
    if file.state != "received":
        imports.plan_reading(file, now=now, actor=actor)
    return row


def find_release_reasons(statement_ids: Iterable[int]) -> dict[int, str]:
    """Return why each of these statements was released, as the person wrote; the others are left out."""
    rows = db.session.execute(
        select(AuditRecord.subject_id, AuditRecord.data)
        .where(
            AuditRecord.subject_type == "statement",
            AuditRecord.subject_id.in_(list(statement_ids)),
            AuditRecord.what == RELEASE_EVENT,
        )
        .order_by(AuditRecord.id)
    )
    return {statement_id: str(data.get("reason", "")) for statement_id, data in rows}


def select_statements(
    *,
    import_file_id: int | None = None,
    bank_account_id: int | None = None,
    state: StatementState | None = None,
    integrity: StatementIntegrity | None = None,
) -> Select[Statement]:
    """Return a query for the statements that fit all that is given."""
    return select(Statement).where(
        *equals_if_given(Statement.import_file_id, import_file_id),
        *equals_if_given(Statement.bank_account_id, bank_account_id),
        *equals_if_given(Statement.state, state),
        *equals_if_given(Statement.integrity, integrity),
    )


def get_statement(statement_id: int) -> Statement:
    """Return the statement; raise NotFound where there is none."""
    row = db.session.get(Statement, statement_id)
    if row is None:
        raise NotFound(f"there is no statement {statement_id}")
    return row
