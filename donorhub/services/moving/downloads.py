"""A whole list as a file: read in parts, each in a transaction of its own, so that nobody waits for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import IO, Final

from donorhub.db import db, read_only
from donorhub.errors import Rejected
from donorhub.models.states import DownloadForm
from donorhub.services.access import audit, row_scope
from donorhub.services.moving.csv_file import CsvFile
from donorhub.services.moving.lists.description import AT_ONCE, ListRequest, Row
from donorhub.services.moving.wording import Wording
from donorhub.services.moving.xlsx_file import XlsxFile
from donorhub.services.paging import Page

FileForm = DownloadForm
FORMS: Final[Mapping[FileForm, type[CsvFile] | type[XlsxFile]]] = {"csv": CsvFile, "xlsx": XlsxFile}
MEDIA_TYPES: Final[Mapping[FileForm, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PART: Final = 64 * 1024  # bytes that are sent at a time
MOST_AT_ONCE: Final = 20_000  # rows that are written while somebody waits


def make_file(
    list_request: ListRequest, *, form: FileForm, wording: Wording, most: int | None = None
) -> tuple[IO[bytes], int]:
    """Return a file without a name that holds a list, and the number of its rows; who asks closes it.

    Raise Rejected as :func:`write_file` does; then there is no file.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  it is sent after this
    try:
        count = write_file(list_request, file, form=form, wording=wording, most=most)
    except BaseException:
        file.close()
        raise
    return file, count


def send_parts(file: IO[bytes]) -> Iterator[bytes]:
    """Give a file that was made part by part, and close it."""
    with file:
        file.seek(0)
        while part := file.read(_PART):
            yield part


def write_file(
    request: ListRequest,
    file: IO[bytes],
    *,
    form: FileForm,
    wording: Wording,
    most: int | None = None,
    note_progress: Callable[[int], None] = lambda _count: None,
) -> int:
    """Write all rows of a list into a file, and return how many they are.

    Raise Rejected ``list_too_long`` where they are more than ``most``; what was written is of no use then.
    The session's transaction is given up at once, and so are all that the reading takes.
    """
    with row_scope.narrow_reading(request.reader.who.owner_ids):
        return _write_narrowed(request, file, form, wording, most, note_progress)


def _write_narrowed(
    request: ListRequest,
    file: IO[bytes],
    form: FileForm,
    wording: Wording,
    most: int | None,
    note_progress: Callable[[int], None],
) -> int:
    db.session.rollback()
    with read_only():
        sheet = FORMS[form](file, request, wording)
        db.session.rollback()
    try:
        return _write_rows(request, sheet, most, note_progress)
    except BaseException:
        sheet.give_up()
        raise


def _write_rows(
    request: ListRequest, sheet: CsvFile | XlsxFile, most: int | None, note_progress: Callable[[int], None]
) -> int:
    count, after, is_whole = 0, None, False
    while not is_whole:
        with read_only():
            page = _read_part(request, after)
            for row in page.rows:
                sheet.write_row(row)
            db.session.rollback()
        count, after, is_whole = count + len(page.rows), page.cursor, page.cursor is None
        _refuse_too_many(count, most)
        note_progress(count)
    with read_only():
        sheet.finish_file(count)
        db.session.rollback()
    return count


def _read_part(request: ListRequest, after: str | None) -> Page[Row]:
    """Return the next rows, with what the reader may see of them."""
    list_out, reader = request.list_out, request.reader
    page = list_out.read_page(request.filters, reader, after=after, limit=AT_ONCE)
    columns = list_out.list_all_columns(reader)
    places = [place for place, column in enumerate(columns) if reader.may_see_column(column)]
    if len(places) == len(columns):
        return page
    return Page([[row[place] for place in places] for row in page.rows], page.cursor)


def _refuse_too_many(count: int, most: int | None) -> None:
    if most is not None and count > most:
        raise Rejected(
            f"the list has more than {most} rows: narrow it, or have the file prepared",
            code="list_too_long",
            most=most,
        )


def record_download(request: ListRequest, *, form: FileForm, count: int, actor: str) -> None:
    """Record who took how many rows of which list, narrowed by what; of a text only that there was one."""
    kinds = {one.key: one.kind for one in request.list_out.filters}
    filters = {
        key: value.isoformat() if isinstance(value, date) else value if kinds[key] != "text" else True
        for key, value in request.filters.items()
    }
    data = {"list": request.list_out.name, "filters": filters, "form": form, "rows": count}
    audit.record_action(actor, "export.list", ("organisation", 1), now=request.reader.now, data=data)
