"""What reading a bank file needs of the database, taken out before it is read: outside any transaction.

What is read is stored by :mod:`.statements`, and tried out by :mod:`.import_plans`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from donorhub.db import db
from donorhub.models import BankAccount, ImportFile
from donorhub.services.bank.files import column_mappings, import_rows, imports
from importers.statement import Problem
from importers.tabular import RowChanges


class ReadingOptions(TypedDict):
    """What :func:`.statement_drafts.draft_statements` is told of a file."""

    profile: object
    currency: str
    account: str
    change: Problem | None  # of the header, since a mapping was saved
    row_changes: RowChanges


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file with the answers that belong to it."""

    content: bytes
    filename: str
    options: ReadingOptions
    account_id: int | None


def take_file_out(
    file: ImportFile,
    *,
    layout: Mapping[str, object] | None,
    bank_account_id: int | None,
    currency: str,
) -> FileToRead:
    """Return a file that was kept, with all that reading it needs of the database."""
    return prepare_reading(
        imports.read_content(file),
        file.filename,
        layout=layout,
        bank_account_id=bank_account_id,
        currency=currency,
        row_changes=import_rows.find_changes(file.id),
    )


def prepare_reading(
    content: bytes,
    filename: str,
    *,
    layout: Mapping[str, object] | None,
    bank_account_id: int | None,
    currency: str,
    row_changes: RowChanges | None = None,
) -> FileToRead:
    """Return a file with all that reading it needs of the database: its layout, else the one that is known of
    its header; its account, else the layout's."""
    account = db.session.get(BankAccount, bank_account_id) if bank_account_id else None
    profile, account_id = column_mappings.find_profile(content, layout)
    if account is None and account_id is not None:
        account = db.session.get(BankAccount, account_id)
    options = ReadingOptions(
        profile=profile,
        currency=currency or (account.currency if account else ""),
        account=account.number if account else "",
        change=column_mappings.find_header_change(content) if profile is None else None,
        row_changes=row_changes or {},
    )
    return FileToRead(content, filename, options, account.id if account else None)
