"""Reading a bank file that was kept, under the answers that belong to it: outside any transaction.

What is read is stored by :mod:`.statements`, and tried out by :mod:`.import_plans`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from donorhub.db import db
from donorhub.models import BankAccount, ImportFile
from donorhub.services.bank.files import column_mappings, imports, statement_drafts
from donorhub.services.bank.files.statement_drafts import Drafts
from importers.statement import Problem

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file and its answers, taken out of the database before it is read."""

    content: bytes
    filename: str
    profile: object
    currency: str
    account: str
    account_id: int | None
    change: Problem | None  # of the header, since a mapping was saved


def take_file_out(
    file: ImportFile,
    *,
    layout: Mapping[str, object] | None,
    bank_account_id: int | None,
    currency: str,
) -> FileToRead:
    """Return the file with all that reading it needs of the database."""
    content = imports.read_content(file)
    account = db.session.get(BankAccount, bank_account_id) if bank_account_id else None
    profile, account_id = column_mappings.find_profile(content, layout)
    if account is None and account_id is not None:
        account = db.session.get(BankAccount, account_id)
    currency = currency or (account.currency if account else "")
    number, id_ = (account.number, account.id) if account else ("", None)
    change = column_mappings.find_header_change(content) if profile is None else None
    return FileToRead(content, file.filename, profile, currency, number, id_, change)


def read_file(file_to_read: FileToRead) -> Drafts:
    """Return what the file says; raise nothing for its fault."""
    return statement_drafts.draft_statements(
        file_to_read.content,
        file_to_read.filename,
        profile=file_to_read.profile,
        currency=file_to_read.currency,
        account=file_to_read.account,
        change=file_to_read.change,
    )
