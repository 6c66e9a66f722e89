"""What importing a file would do, found out by doing it and taking it back: what is shown is what is done.

The digest of a plan stands for the file, how it is read, whose it is, and all that comes of it in the
ledger as it is. Whoever confirms it confirms that; where anything of it changed since, it fits no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from donorhub.db import db, insert_or_ignore
from donorhub.models import BankAccount, Entry, EntryAlias, ImportFile, ImportPlan, Statement
from donorhub.models.states import GONE_ENTRIES
from donorhub.services import shown
from donorhub.services.bank.files import (
    bank_accounts,
    file_reading,
    import_rows,
    statement_drafts,
    statements,
)
from donorhub.services.bank.files.enriching import FILLED_ALIAS

READER: Final = 2  # raised when the same file is read differently, so that no older plan fits
_NOBODY: Final = "system:0"
_OF_FILE: Final = ("statements_count", "entries_count", "new_count", "known_count", "doubtful_count")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person said of a file, or would say."""

    layout: Mapping[str, object] | None = None
    bank_account_id: int | None = None
    currency: str = ""
    create_accounts: bool = False

    def join_file(self, file: ImportFile) -> Choices:
        """Return the choices with what was said of the file before, where they say nothing."""
        return Choices(
            self.layout if self.layout is not None else file.layout,
            self.bank_account_id or file.bank_account_id,
            self.currency or file.currency,
            self.create_accounts,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What comes of a file under these choices; plain values."""

    digest: str
    choices: Choices
    outcome: Mapping[str, Any]
    problems: tuple[Mapping[str, Any], ...] = ()  # of one made now; a plan that was kept has none
    summaries: tuple[Mapping[str, Any], ...] = ()  # what the file says of itself, likewise
    format: str = ""

    @property
    def state(self) -> str:
        """The state that the file would have: ``done``, ``held``, ``asking`` or ``refused``."""
        return str(self.outcome["state"])


def make_plan(file: ImportFile, choices: Choices, *, now: datetime) -> Plan:
    """Return what importing a file under these choices does to the ledger as it is; nothing stays of it.

    It needs a transaction that may write.
    """
    rehearsal = db.session.begin_nested()
    try:
        return rehearse_import(file, choices, now=now)
    finally:
        rehearsal.rollback()


def rehearse_import(file: ImportFile, choices: Choices, *, now: datetime) -> Plan:
    """Do what importing a file under these choices does, for the caller to take back, and return it."""
    choices = choices.join_file(file)
    to_read = file_reading.take_file_out(
        file, layout=choices.layout, bank_account_id=choices.bank_account_id, currency=choices.currency
    )
    drafts = statement_drafts.draft_statements(to_read.content, to_read.filename, **to_read.options)
    file.state, file.bank_account_id = "received", choices.bank_account_id
    db.session.flush()  # storing locks the row and reads it anew
    tried_file = statements.store_statements(
        file.id,
        drafts,
        create_accounts=choices.create_accounts,
        account_id=to_read.account_id,
        now=now,
        actor=_NOBODY,
    )
    outcome = describe_outcome(tried_file)
    digest = compute_digest(tried_file, choices, outcome)
    notes = tuple(tried_file.problems), tuple(tried_file.summaries), tried_file.format
    return Plan(digest, choices, outcome, *notes)


def describe_outcome(file: ImportFile) -> dict[str, Any]:
    """Return what came of a file: its counts, each statement's sums, a digest of the entries it brought."""
    rows = db.session.execute(
        select(Statement, BankAccount.number)
        .join(BankAccount, BankAccount.id == Statement.bank_account_id)
        .where(Statement.import_file_id == file.id)
        .order_by(Statement.number)
    ).all()
    return {
        "state": file.state,
        "counts": {name: getattr(file, name) for name in _OF_FILE},
        "problems": [
            [problem["level"], problem["code"], problem.get("where") or ""] for problem in file.problems
        ],
        "statements": [_describe_statement(row, number) for row, number in rows],
    }


def _describe_statement(row: Statement, account: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    sums = {"in_minor": 0, "out_minor": 0, "entries": 0}
    for entry in _list_entries(row.id):
        digest.update(repr(entry).encode())
        sums["in_minor" if entry[1] > 0 else "out_minor"] += entry[1]
        sums["entries"] += 1
    filled_rows = _list_filled_entries(row.id)
    for filled_row in filled_rows:
        digest.update(repr(filled_row).encode())
    return {
        "account": account,
        "currency": row.currency,
        "state": row.state,
        "integrity": row.integrity,
        "told": row.entries_count,
        "sum_minor": row.sum_minor,
        **sums,
        "filled": len(filled_rows),
        "digest": digest.hexdigest(),
    }


def _list_entries(statement_id: int) -> Iterator[tuple[Any, ...]]:
    """Yield what a statement brought that is in the ledger, row by row."""
    rows = db.session.execute(
        select(Entry.booked_on, Entry.amount_minor, Entry.position, Entry.fingerprint, Entry.state)
        .where(Entry.statement_id == statement_id, Entry.state.not_in(GONE_ENTRIES))
        .order_by(Entry.position, Entry.id)
    )
    for booked_on, minor, position, fingerprint, state in rows:
        yield booked_on.isoformat(), minor, position, fingerprint, state == "doubtful"


def _list_filled_entries(statement_id: int) -> list[tuple[str, int, str]]:
    """Return the entries of others that a statement tells more of, with the columns that it fills."""
    rows = db.session.execute(
        select(Entry.fingerprint, Entry.occurrence, EntryAlias.ref)
        .join(EntryAlias, EntryAlias.entry_id == Entry.id)
        .where(EntryAlias.statement_id == statement_id, EntryAlias.kind == FILLED_ALIAS)
        .order_by(Entry.fingerprint, Entry.occurrence)
    )
    return [(fingerprint, occurrence, columns) for fingerprint, occurrence, columns in rows]


def compute_digest(file: ImportFile, choices: Choices, outcome: Mapping[str, Any]) -> str:
    """Return the digest of a file, of what was said of it and of what comes of it.

    What the columns are called says nothing of them, and may be written at the last moment.
    """
    account = bank_accounts.get_account(choices.bank_account_id) if choices.bank_account_id else None
    layout = {key: value for key, value in (choices.layout or {}).items() if key != "name"}
    answers = asdict(choices) | {"bank_account_id": None, "layout": layout}
    whose = [account.number, account.currency] if account else []
    rows = [[line, list(row.cells)] for line, row in sorted(import_rows.find_changes(file.id).items())]
    plain = [READER, file.sha256, answers, whose, rows, outcome]
    return shown.compute_digest(plain)


def keep_plan(file: ImportFile, plan: Plan, *, now: datetime) -> None:
    """Keep a plan that is shown; the same again changes nothing."""
    db.session.execute(
        insert_or_ignore(ImportPlan, on=(ImportPlan.import_file_id, ImportPlan.digest)).values(
            import_file_id=file.id,
            digest=plan.digest,
            plan={"choices": asdict(plan.choices), "outcome": dict(plan.outcome)},
            made_at=now,
        )
    )


def find_plan(import_file_id: int, digest: str) -> Plan | None:
    """Return the plan of a file that was shown under this digest; None where none was."""
    row = db.session.scalar(select(ImportPlan).filter_by(import_file_id=import_file_id, digest=digest))
    return _read_plan(row) if row else None


def find_last_plan(import_file_id: int) -> Plan | None:
    """Return the plan of a file that was first shown last; None where none was."""
    row = db.session.scalar(
        select(ImportPlan).filter_by(import_file_id=import_file_id).order_by(ImportPlan.id.desc()).limit(1)
    )
    return _read_plan(row) if row else None


def _read_plan(row: ImportPlan) -> Plan:
    return Plan(row.digest, Choices(**row.plan["choices"]), row.plan["outcome"])


def does_fit(file: ImportFile, digest: str) -> bool:
    """Return whether what came of a file is what was shown under this digest."""
    plan = find_plan(file.id, digest)
    return plan is not None and compute_digest(file, plan.choices, describe_outcome(file)) == digest
