"""Rows of a file that were held, as a table to mend and bring again: as they are written, with the reason.

Two columns of ours stand behind the file's own. A file that has them is read with the answers of the first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.moving.field_words import REASON_COLUMN, ROW_COLUMN
from donorhub.domain.moving.formulas import guard_text
from donorhub.models import ImportFile, RecordRow
from donorhub.services.moving.record_hiding import hide_cells


def write_held_rows(
    file: ImportFile,
    write_reason: Callable[[str], str],
    *,
    separator: str,
    hidden_places: Collection[int] = (),
) -> bytes:
    """Return the held rows of a file as CSV, UTF-8 with its mark, without the cells of these columns."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=separator, lineterminator="\r\n")
    header = file.summaries[0].get("header", []) if file.summaries else []
    writer.writerow([*map(guard_text, header), REASON_COLUMN, ROW_COLUMN])
    rows = db.session.scalars(
        select(RecordRow)
        .where(RecordRow.import_file_id == file.id, RecordRow.state == "held")
        .order_by(RecordRow.id)
    )
    for row in rows:
        key = f"{row.sheet} {row.row_no}".strip()
        writer.writerow([*map(guard_text, hide_cells(row.raw, hidden_places)), write_reason(row.reason), key])
    return table.getvalue().encode("utf-8-sig")
