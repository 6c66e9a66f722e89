"""Turn the bytes of a bank's file into statements.

The format is told by the bytes; nothing here knows a database, the web or the clock, and
nothing is raised for a file's fault: what is wrong with it is a :class:`Problem`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final, Protocol

from msgspec.structs import replace

from importers import archive, bai2, coda, elixir, qif, tabular
from importers.border import clean_parts, clean_reading
from importers.camt import reader as camt
from importers.codes import DeliveryFault, Reason
from importers.debits import report as debit_report
from importers.debits.columns import Columns
from importers.mt940 import reader as mt940
from importers.ofx import reader as ofx
from importers.sniff import HEAD, find_format
from importers.statement import (
    Begin,
    End,
    Part,
    Problem,
    Reading,
    Statement,
    make_refusal,
    refuse_file,
)
from importers.table.row_changes import RowChanges
from importers.text import DateOrder

__all__ = [
    "FORMATS",
    "Begin",
    "End",
    "Part",
    "Problem",
    "Reading",
    "Statement",
    "read",
    "stream",
]

FORMATS: Final = (
    "ofx",
    "camt",
    "mt940",
    "qif",
    "coda",
    "bai2",
    "elixir",
    "debit_report",
    "xlsx",
    "xls",
    "ods",
    "table",
)

_READERS: Final[Mapping[str, Callable[[bytes], Reading]]] = {
    "camt": camt.read,
    "ofx": ofx.read,
    "elixir": elixir.read,
}


class _ReaderOfOneCurrency(Protocol):
    def __call__(self, data: bytes, *, currency: str) -> Reading: ...


_READERS_OF_ONE_CURRENCY: Final[Mapping[str, _ReaderOfOneCurrency]] = {
    "mt940": mt940.read,
    "coda": coda.read,
    "bai2": bai2.read,
}

_TRY: Final = "save the statement as camt.053, MT940, OFX or CSV and import that"
_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "empty": ("empty", "The file is empty: download the statement again."),
    "html": (
        "web_page",
        "This is a web page, not a statement, as banks send when the session has expired: "
        "log in to the bank again and save the file.",
    ),
    "pdf": (
        "pdf",
        f"This is a PDF, which is made for people and cannot be read with certainty: in the bank, {_TRY}.",
    ),
    "locked": (
        "locked",
        "The file is locked with a password: open it, save it without one, import that.",
    ),
    "damaged_zip": ("damaged", "The file is damaged (its zip structure ends too early): download it again."),
    "picture": ("picture", f"This is a picture: in the bank, {_TRY}."),
    "document": ("document", f"This is a text document: in the bank, {_TRY}."),
    "json": ("json", f"This is JSON, which programs exchange, and no statement: in the bank, {_TRY}."),
    "xml": ("unknown_xml", f"This XML file is neither camt.052, .053, .054 nor OFX: in the bank, {_TRY}."),
    "binary": ("binary", f"This is no bank file that DonorHub knows: in the bank, {_TRY}."),
}
_ARCHIVES: Final = ("zip", "archive")


def read(
    data: bytes,
    filename: str | None = None,
    profile: Any = None,
    *,
    currency: str = "",
    second_reader_limit: int | None = None,
    changes: RowChanges | None = None,
) -> Reading:
    """Return all that a bank's file says: its statements, and a problem for each thing that cannot be read.

    ``filename`` never decides the format. ``profile`` says what a file leaves open: a
    ``Layout`` for tables; for QIF a mapping with ``dates`` ("dmy" or "mdy") and
    ``currency``, or a layout; for a report of direct debits its ``Columns``. ``currency`` is
    the account's, for files that do not tell theirs. OFX statements of more than
    ``second_reader_limit`` entries are not read a second time (None: ``ofx``'s own limit).
    ``changes`` are what a person said of rows of a table that cannot be read. A file that
    cannot be trusted gives no statements and one problem of level ``error``.
    """
    name = find_format(data)
    refusal = _REASONS.get(name)
    if name == "table" and isinstance(profile, Columns):
        name = "debit_report"  # one whose footer is missing
    if refusal:
        reading = make_refusal(*refusal)
    elif name in _ARCHIVES:
        reading = refuse_file(_explain_archive(name, data))
    elif name == "ofx" and second_reader_limit is not None:
        reading = ofx.read(data, second_reader_limit=second_reader_limit)
    else:
        reading = _read_as(name, data, filename, profile, currency, changes)
    return replace(
        clean_reading(reading),
        file_sha256=hashlib.sha256(data).hexdigest(),
        format=reading.format or ("" if refusal or name in _ARCHIVES else name),
    )


def _explain_archive(name: str, data: bytes) -> Reason[DeliveryFault]:
    """Return why an archive is no statement; the files of a ZIP are read one by one, not here."""
    return archive.find_refusal(data) if name == "zip" else Reason("archive.other")


def stream(
    file: BinaryIO,
    filename: str | None = None,
    profile: object = None,
    *,
    currency: str = "",
    changes: RowChanges | None = None,
) -> Iterator[Part]:
    """Return the same as :func:`read`, in pieces and in the order of the file, from a seekable file.

    camt is read piece by piece in constant memory. OFX and MT940 hold the file's text, and one
    entry after the other. Other formats are read whole, and their problems come last. Whether a
    statement's balances hold is in its :class:`End`, where the format can tell.
    """
    head = file.read(HEAD)
    file.seek(0)
    if find_format(head) == "camt":
        return clean_parts(camt.stream(file))
    data = file.read()
    name = find_format(data)
    if name == "ofx":
        return clean_parts(ofx.stream(data))
    if name == "mt940":
        return clean_parts(mt940.stream(data, currency=currency))
    return _split_reading(read(data, filename, profile, currency=currency, changes=changes))


def _split_reading(reading: Reading) -> Iterator[Part]:
    """Return the parts of what was read whole; each entry is let go as it passes, so memory holds it once."""
    statements, problems = list(reversed(reading.statements)), reading.problems
    del reading
    while statements:
        statement = statements.pop()
        header = replace(statement, entries=())
        entries = list(reversed(statement.entries))
        del statement
        yield Begin(header)
        while entries:
            yield entries.pop()
        yield End(header)
    yield from problems


def _read_as(
    name: str,
    data: bytes,
    filename: str | None,
    profile: Any,
    currency: str,
    changes: RowChanges | None,
) -> Reading:
    if name in _READERS_OF_ONE_CURRENCY:
        return _READERS_OF_ONE_CURRENCY[name](data, currency=currency)
    if name in _READERS:
        return _READERS[name](data)
    if name == "qif":
        dates, own_currency = _get_choices(profile)
        return qif.read(data, dates=dates, currency=own_currency or currency)
    if name == "debit_report":
        columns = profile if isinstance(profile, Columns) else None
        return debit_report.read(data, columns, currency=currency)
    layout = None if isinstance(profile, Mapping | Columns) else profile
    return tabular.read(data, filename, layout, currency=currency, changes=changes)


def _get_choices(profile: Any) -> tuple[DateOrder | None, str]:
    """Return the order of dates and the currency that a person chose, in a mapping or in a table's layout."""
    if isinstance(profile, Mapping):
        return profile.get("dates") or None, profile.get("currency") or ""
    dates: DateOrder | None = getattr(profile, "date_order", None) or None
    return dates, getattr(profile, "currency", "")
