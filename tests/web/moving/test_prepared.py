"""Lists that are too long to wait for: asked for by one click, prepared by a worker, fetched by who asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from unittest import mock

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import AuditRecord, Download, DownloadPart, Task, User
from donorhub.services.access import users
from donorhub.services.moving import downloads, prepared_downloads
from tests.web.bank.bank_world import Staff, hidden_fields, let_write, token_in, work
from tests.web.desk import add_donor, add_gift, rows
from tests.web.moving.list_world import read_csv

LONG = "/gifts/download?form=csv&first=2026-11-01"


@pytest.fixture
def staff(database: Flask) -> Iterator[Staff]:
    """An accountant who reads Polish, and a list of three gifts where two are all that is waited for."""
    donor = add_donor("Anna Kowalska")
    for day in (18, 19, 20):
        add_gift(donor, f"{day}.50", date(2026, 11, day), str(day))
    with mock.patch.object(downloads, "MOST_AT_ONCE", 2):
        yield Staff(database, "accountant", lang="pl")


def ask(staff: Staff, path: str = LONG, times: int = 1) -> str:
    """Click the button of the page that says that the list is long; gives where that leads."""
    page = staff.get(path).text
    form = re.search(r'<form method="post" action="(/downloads[^"]*)".*?</form>', page, re.DOTALL)
    assert form is not None, page
    for _ in range(times):
        answer = staff.post(unescape(form.group(1)), **hidden_fields(form.group(0)))
    return str(answer.headers["Location"])


def find_file(staff: Staff) -> str:
    (link,) = re.findall(r'href="(/downloads/[0-9]+/file)"', staff.get("/downloads").text)
    return str(link)


def count_all() -> tuple[int | None, ...]:
    let_write()
    return tuple(db.session.scalar(select(func.count()).select_from(one)) for one in (Download, DownloadPart))


def test_long_list_is_prepared_and_fetched(staff: Staff) -> None:
    """The page says that it is being prepared, then gives the file, as the list was narrowed and worded."""
    assert ask(staff) == "/downloads"
    assert "w przygotowaniu" in staff.text("/downloads")
    work()
    answer = staff.get(find_file(staff))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gifts-2026-11-22.csv"'
    head, *cells = read_csv(answer.data, ";")
    assert head[0] == "Wpływ" and [row[6] for row in cells] == ["20.50", "19.50", "18.50"]
    assert staff.get(find_file(staff)).data == answer.data
    (record,) = db.session.scalars(select(AuditRecord).filter_by(what="export.list"))
    assert (record.data["rows"], record.data["filters"]) == (3, {"received_from": "2026-11-01"})
    assert record.actor.startswith("user:")


def test_workbook_is_prepared_too(staff: Staff) -> None:
    """The other form is made of the same list."""
    ask(staff, LONG.replace("csv", "xlsx"))
    work()
    assert staff.get(find_file(staff)).data[:2] == b"PK"


def test_same_form_twice_asks_once(staff: Staff) -> None:
    """A form that is sent twice is one file, and a worker that runs again changes nothing."""
    ask(staff, times=2)
    work()
    assert count_all() == (1, 1)
    before = rows()
    again = update(Task).where(Task.kind == "prepare_download")
    db.session.execute(again.values(state="planned", done_at=None, lease_until=None))
    db.session.commit()
    work()
    after = rows()
    tables = ("download", "download_part", "audit_record")
    assert [after[name] for name in tables] == [before[name] for name in tables]


def test_file_is_for_nobody_else(database: Flask, staff: Staff) -> None:
    """Another who may see the list too does not see the file of somebody else."""
    ask(staff)
    work()
    link, other = find_file(staff), Staff(database, "admin")
    assert other.get(link).status_code == 404 and link not in other.get("/downloads").text


def test_right_that_is_gone_makes_no_file(staff: Staff) -> None:
    """Who lost the right before the file is made is told so, and who lost it after does not get it."""
    ask(staff)
    user = db.session.scalars(select(User).filter_by(lang="pl")).one()
    users.set_roles(user.id, ["caller"], now=clock.now(), actor="system:0")
    db.session.commit()
    work()
    assert count_all() == (1, 0) and "/file" not in staff.get("/downloads").text
    users.set_roles(user.id, ["accountant"], now=clock.now(), actor="system:0")
    db.session.commit()
    ask(staff)
    work()
    link = find_file(staff)
    users.set_roles(user.id, ["caller"], now=clock.now(), actor="system:0")
    db.session.commit()
    assert staff.get(link).status_code == 403


def test_list_of_no_right_is_not_prepared(database: Flask, staff: Staff) -> None:
    """Who may not see a list cannot have it prepared either."""
    caller = Staff(database, "caller")
    answer = caller.post("/downloads?list=gifts&form=csv", key="a-key-of-sixteen-letters")
    assert answer.status_code == 403 and count_all() == (0, 0)
    assert caller.post("/downloads?list=none", key="a-key-of-sixteen-letters").status_code == 404


def test_file_is_gone_after_a_day(staff: Staff) -> None:
    """After a day nobody gets the file, and the timer takes it away; what is not over stays."""
    ask(staff)
    work()
    link = find_file(staff)
    assert timer._forget_downloads() == 0 and count_all() == (1, 1)
    later = clock.now() + prepared_downloads.KEPT_FOR
    before = clock.use_clock(lambda: later)
    try:
        assert prepared_downloads.list_downloads(1, now=later) == []
        with pytest.raises(Exception, match="there is no file"):
            prepared_downloads.get_ready(int(re.sub(r"\D", "", link)), _owner_of_file(), now=later)
        let_write()
        assert timer._forget_downloads() == 1 and count_all() == (0, 0)
        assert timer._forget_downloads() == 0
    finally:
        clock.use_clock(before)


def _owner_of_file() -> int:
    return db.session.scalars(select(Download.user_id)).one()


def test_rows_are_told_while_they_are_written(staff: Staff) -> None:
    """The page says how many rows there are so far, in parts that are committed."""
    ask(staff)
    counts: list[int] = []
    with (
        mock.patch("donorhub.services.moving.downloads.AT_ONCE", 1),
        mock.patch("donorhub.jobs.kinds.downloads.PROGRESS", 1),
        mock.patch.object(
            prepared_downloads, "note_progress", side_effect=lambda _id, count: counts.append(count)
        ),
    ):
        work()
    assert counts == [1, 2, 3]
    assert db.session.scalars(select(Download.row_count)).one() == 3


def test_pieces_are_not_readable_at_rest(staff: Staff) -> None:
    """What is stored of a file is encrypted."""
    ask(staff)
    work()
    assert b"Kowalska" not in db.session.scalars(select(DownloadPart.content)).one()
    assert timedelta(hours=23) < prepared_downloads.KEPT_FOR and token_in(staff.get("/downloads").text)
