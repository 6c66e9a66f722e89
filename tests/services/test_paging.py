"""Pages of a list show each row once, in one order, while rows with the same keys come in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Appeal, Campaign
from donorhub.services import paging
from donorhub.services.paging import (
    Order,
    Page,
    Subset,
    newest_first,
    oldest_first,
    read_page,
    read_rows,
    write_cursor,
)

Reader = Callable[[Order, str | None], Page[object]]


def read_objects(order: Order, after: str | None) -> Page[object]:
    return read_page(select(Campaign), order, after=after, limit=2)


def read_columns(order: Order, after: str | None) -> Page[object]:
    return read_rows(select(Campaign.id, Campaign.name, Campaign.code), order, after=after, limit=2)


def add(code: str, name: str) -> None:
    db.session.add(Campaign(code=code, name=name))
    db.session.commit()


@pytest.fixture(autouse=True)
def campaigns(database: Flask) -> None:
    """Seven campaigns, most of which share their names."""
    for number, name in enumerate(["b", "a", "b", "c", "b", "a", "b"], 1):
        add(f"c{number}", name)


RISING = ["c2", "c6", "c1", "c3", "c5", "c7", "c4"]  # by name, then by id


@pytest.mark.parametrize("read", [read_objects, read_columns])
@pytest.mark.parametrize(
    ("order", "codes"),
    [
        (oldest_first(Campaign.name, Campaign.id), RISING),
        (newest_first(Campaign.name, Campaign.id), RISING[::-1]),
        (newest_first(Campaign.id), ["c7", "c6", "c5", "c4", "c3", "c2", "c1"]),
    ],
)
def test_every_row_comes_once_in_order(read: Reader, order: Order, codes: list[str]) -> None:
    assert walk(read, order) == codes


@pytest.mark.parametrize("read", [read_objects, read_columns])
def test_rows_added_meanwhile_shift_nothing(read: Reader) -> None:
    """What comes before the place is not shown any more, what comes behind it is shown once in its place."""
    order = oldest_first(Campaign.name, Campaign.id)
    first = read(order, None)
    add("before", "a")  # equal to the place by its name, behind it by its id
    add("long before", "A")  # before the place: never shown
    second = read(order, first.cursor)
    add("equal", "b")
    codes = [row.code for page in (first, second) for row in page.rows]  # type: ignore[attr-defined]
    assert codes == ["c2", "c6", "before", "c1"]
    assert walk(read, order, second.cursor) == ["c3", "c5", "c7", "equal", "c4"]


@pytest.mark.parametrize("count", [7, 8])
def test_last_page_has_no_cursor(count: int) -> None:
    if count == 8:
        add("c8", "d")
    pages, cursor = 1, read_objects(oldest_first(Campaign.id), None).cursor
    while cursor:
        pages, cursor = pages + 1, read_objects(oldest_first(Campaign.id), cursor).cursor
    assert pages == 4


@pytest.mark.parametrize(
    "cursor",
    [
        write_cursor("-Campaign.name Campaign.id", ["b", 3]),  # of the other order
        write_cursor("Campaign.name Campaign.id", ["b"]),
        write_cursor("Campaign.name Campaign.id", ["b", 3, 4]),
        write_cursor("Campaign.name Campaign.id", ["b", "3"]),
        write_cursor("Campaign.name Campaign.id", ["b", True]),
        write_cursor("Campaign.name Campaign.id", ["b", 10**30]),
        write_cursor("Campaign.name Campaign.id", ["\0", 3]),
        write_cursor("Campaign.name Campaign.id", [date(2026, 11, 22), 3]) + "x",
        "b~3",
    ],
)
def test_foreign_cursor_is_refused(cursor: str) -> None:
    """A cursor that no page in this order gave out is refused, and one that did is not."""
    order = oldest_first(Campaign.name, Campaign.id)
    assert read_objects(order, write_cursor(order.name, ["b", 3])).rows
    with pytest.raises(Rejected) as refusal:
        read_objects(order, cursor)
    assert (refusal.value.specific_code, refusal.value.field) == ("bad_cursor", "/after")


def walk(read: Reader, order: Order, cursor: str | None = None) -> list[str]:
    codes: list[str] = []
    while True:
        page = read(order, cursor)
        codes += [row.code for row in page.rows]  # type: ignore[attr-defined]
        cursor = page.cursor
        if cursor is None:
            return codes


@pytest.mark.parametrize("look_ahead", [1, 3, 5_000])
def test_page_of_some_rows_skips_none(monkeypatch: pytest.MonkeyPatch, look_ahead: int) -> None:
    """Rows that another table names come once, in order, wherever the first look among the next ones ends."""
    monkeypatch.setattr(paging, "LOOK_AHEAD", look_ahead)
    for number in (3, 4, 6, 7):
        campaign = db.session.scalars(select(Campaign).filter_by(code=f"c{number}")).one()
        db.session.add(Appeal(code=f"a{number}", name="a", campaign_id=campaign.id))
    db.session.commit()
    some = Subset(Appeal, Appeal.campaign_id, Appeal.campaign_id == Campaign.id)

    def read_some(order: Order, after: str | None) -> Page[object]:
        return read_page(select(Campaign), order, after=after, limit=2, subset=some)

    assert walk(read_some, oldest_first(Campaign.name, Campaign.id)) == ["c6", "c3", "c7", "c4"]
    assert walk(read_some, newest_first(Campaign.name, Campaign.id)) == ["c4", "c7", "c3", "c6"]
