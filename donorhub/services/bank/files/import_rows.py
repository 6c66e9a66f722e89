"""Rows of a table that cannot be read, and what a person says of them before the file is imported.

A row is mended, its cells written anew, or stays out by choice; the file itself is never changed. What was
said stands in the digest of the plan (:mod:`.import_plans`) and goes when the import is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select

from donorhub.db import db
from donorhub.errors import NotFound, Rejected
from donorhub.models import BankAccount, ImportFile, ImportRow
from donorhub.services.access import audit
from donorhub.services.bank.files import column_mappings, imports
from importers import tabular
from importers.codes import Reason, RowFault
from importers.tabular import Layout, RowChange, RowChanges

MOST_ROWS: Final = 500  # of a file, that a person is shown or says something of
MOST_CELLS: Final = 200
LONGEST_CELL: Final = 2000


@dataclass(frozen=True, slots=True)
class RowView:
    """A row that cannot be read as it is written, and what a person said of it, if anything."""

    line: int
    cells: Sequence[str]  # as written
    raw: str
    fault: Reason[RowFault] | None  # why it cannot be read, also as a person mended it
    change: ImportRow | None = None


def list_changes(import_file_id: int) -> Sequence[ImportRow]:
    """Return what was said of rows of a file, in the order of their lines."""
    return db.session.scalars(
        select(ImportRow).where(ImportRow.import_file_id == import_file_id).order_by(ImportRow.line)
    ).all()


def find_changes(import_file_id: int) -> RowChanges:
    """Return what was said of rows of a file as its reader takes it."""
    return {row.line: RowChange(tuple(row.cells)) for row in list_changes(import_file_id)}


def list_rows(file: ImportFile, layout: Mapping[str, object] | None = None) -> list[RowView]:
    """Return the rows of a table that cannot be read with a layout, the file's own where none is given, and
    those of which a person said something; MOST_ROWS at most. A file that is no known table has none.
    """
    content = imports.read_content(file)
    profile, account_id = column_mappings.find_profile(content, layout or file.layout)
    if not isinstance(profile, Layout):
        return []
    account = db.session.get(BankAccount, file.bank_account_id or account_id or 0)
    changes = {row.line: row for row in list_changes(file.id)}
    preview = tabular.preview_table(
        content,
        profile,
        0,
        failure_limit=MOST_ROWS,
        currency=file.currency or (account.currency if account is not None else ""),
        changes=find_changes(file.id),
    )
    return [
        RowView(row.line, row.cells, row.raw, row.fault, changes.get(row.line))
        for row in preview.rows
        if row.fault is not None or row.line in changes
    ]


def mend_row(
    import_file_id: int,
    line: int,
    cells: Sequence[str],
    *,
    now: datetime,
    actor: str,
    layout: Mapping[str, object] | None = None,
) -> ImportRow:
    """Write the cells of a row anew that cannot be read; a second call writes others.

    Raise NotFound for a row that can be read as it is, Rejected where nothing is written.
    """
    if not any(cell.strip() for cell in cells):
        raise Rejected("write what the row holds, or leave it out", field="/cells", code="row_empty")
    if len(cells) > MOST_CELLS or any(len(cell) > LONGEST_CELL for cell in cells):
        raise Rejected("a row has fewer and shorter cells", field="/cells", code="row_too_long")
    return _change_row(import_file_id, line, list(cells), layout, now=now, actor=actor)


def leave_row_out(
    import_file_id: int,
    line: int,
    *,
    now: datetime,
    actor: str,
    layout: Mapping[str, object] | None = None,
) -> ImportRow:
    """Let a row stay out that cannot be read. Raise NotFound for one that can be read as it is."""
    return _change_row(import_file_id, line, [], layout, now=now, actor=actor)


def _change_row(
    import_file_id: int,
    line: int,
    cells: list[str],
    layout: Mapping[str, object] | None,
    *,
    now: datetime,
    actor: str,
) -> ImportRow:
    file = _lock_unread_file(import_file_id)
    view = next((row for row in list_rows(file, layout) if row.line == line), None)
    if view is None:
        raise NotFound(f"line {line} of file {import_file_id} can be read as it is")
    row = view.change
    if row is None:
        row = ImportRow(import_file_id=file.id, line=line)
        db.session.add(row)
    row.state, row.cells, row.raw = "mended" if cells else "left_out", cells, view.raw
    row.actor, row.made_at = actor, now
    audit.record_action(
        actor, f"import_row.{row.state}", ("import_file", file.id), now=now, data={"line": line}
    )
    db.session.flush()  # the page reads it back
    return row


def restore_row(import_file_id: int, line: int, *, now: datetime, actor: str) -> None:
    """Let a row be what the file has. Ignore one of which nothing was said."""
    file = _lock_unread_file(import_file_id)
    row = db.session.scalar(select(ImportRow).filter_by(import_file_id=file.id, line=line))
    if row is not None:
        db.session.delete(row)
        audit.record_action(
            actor, "import_row.restored", ("import_file", file.id), now=now, data={"line": line}
        )


def _lock_unread_file(import_file_id: int) -> ImportFile:
    file = imports.lock_file(import_file_id)
    imports.refuse_stored_file(file)
    return file


def forget_changes(import_file_id: int) -> None:
    """Forget what was said of rows of a file: its import is taken back."""
    db.session.execute(delete(ImportRow).where(ImportRow.import_file_id == import_file_id))
