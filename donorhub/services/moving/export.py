"""Everything out as one JSON object: every table as plain JSON values, row by row.

Left out are only secrets (password hashes, token hashes, sealed webhook secrets). Bank files and files of
donors come unsealed, as the bytes that were uploaded. What can be brought in again is the archive of
:mod:`.whole`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import LargeBinary, Table, select

from donorhub.db import Base, db
from donorhub.services.moving.whole.contents import unpack_event, unpack_file
from donorhub.services.moving.whole.values import write_value
from donorhub.services.moving.whole.writing import AT_ONCE, FILES_AT_ONCE

SECRETS: Final = {
    "user": {"password", "fs_uniquifier"},
    "user_session": {"token_sha256"},
    "api_token": {"token_sha256"},
    "webhook_secret": {"sealed"},
    "mail_test": {"token_hash"},
    "download_part": {"content"},  # files of lists, whose rows are all here
    "idempotency_key": {"body", "headers", "fingerprint"},
}


def list_tables() -> list[str]:
    """Return the names of all tables, parents before children."""
    return [table.name for table in Base.metadata.sorted_tables]


def read_rows(name: str) -> Iterator[dict[str, object]]:
    """Return the rows of one table in the order of its key; amounts are minor units, bytes are base64."""
    table = Base.metadata.tables[name]
    columns = [column for column in table.columns if column.name not in SECRETS.get(name, ())]
    at_once = FILES_AT_ONCE if any(isinstance(one.type, LargeBinary) for one in columns) else AT_ONCE
    query = select(*columns).order_by(*table.primary_key.columns)
    table_rows = db.session.execute(query).yield_per(at_once)
    for row in table_rows:
        yield {
            column.name: _make_plain_value(table, column.name, value)
            for column, value in zip(columns, row, strict=True)
        }


def _make_plain_value(table: Table, column: str, value: object) -> object:
    if isinstance(value, bytes):
        if table.name in ("import_file", "donor_file") and column == "content":
            return write_value(unpack_file(value))
        if table.name == "provider_event" and column == "body":
            return unpack_event(value).decode("utf-8", "replace")
    return write_value(value)
