"""A file is written part by part: in bounded memory, and with no transaction open between two parts."""

from __future__ import annotations

import gc
import tempfile
import tracemalloc
from datetime import date

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.domain.moving.list_columns import Column
from donorhub.models.states import DownloadForm
from donorhub.money import Money
from donorhub.services.moving import downloads
from donorhub.services.moving.lists.description import Filters, ListOut, ListRequest, Reader, Row
from donorhub.services.moving.wording import KEYS
from donorhub.services.paging import Page
from tests.conftest import NOW

MOST_MB = 1


def make_list(count: int) -> ListRequest:
    """A list of so many rows that nothing holds."""

    def read_page(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
        first = int(after or 0)
        last = min(first + limit, count)
        rows = [(f"Donor {n}", date(2026, 1, 1), Money(n + 1, "PLN")) for n in range(first, last)]
        return Page(rows, str(last) if last < count else None)

    columns = (Column("name"), Column("received_on", "day"), Column("amount", "money"))
    list_out = ListOut("gifts", "gifts:read", (), columns, read_page)
    reader = Reader(Principal("system", 0, "Test", PERMISSIONS), now=NOW, today=NOW.date())
    return ListRequest(list_out, {}, reader)


def measure_peak_mb(count: int, form: DownloadForm) -> float:
    gc.collect()
    tracemalloc.start()
    with tempfile.TemporaryFile() as file:
        assert downloads.write_file(make_list(count), file, form=form, wording=KEYS) == count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1_000_000


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_many_rows_need_no_more_memory(database: Flask, form: DownloadForm) -> None:
    """Four thousand rows take little more memory than a thousand: all of them would be several megabytes."""
    measure_peak_mb(10, form)  # what is imported and kept the first time
    few, many = measure_peak_mb(1_000, form), measure_peak_mb(4_000, form)
    assert many < few + MOST_MB, (few, many)


def test_nothing_is_open_between_two_parts(database: Flask) -> None:
    """Each part is a transaction of its own, so that a long list holds nobody up."""
    counts: list[int] = []

    def note_progress(count: int) -> None:
        assert not db.session().in_transaction()
        counts.append(count)

    with tempfile.TemporaryFile() as file:
        downloads.write_file(make_list(1_200), file, form="csv", wording=KEYS, note_progress=note_progress)
    assert counts == [500, 1000, 1200]
