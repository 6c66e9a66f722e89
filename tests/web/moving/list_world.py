"""What the tests of lists as files share: a full base, and rows as a page or a file has them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.jobs.queue.worker import work_once
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.work import tasks
from tests.e2e import serve_every_page, serve_pages
from tests.web.bank.bank_world import Staff, let_write

PAGES = {
    "donors": "/donors",
    "gifts": "/gifts",
    "recurring-gifts": "/recurring-gifts",
    "late-instalments": "/recurring-gifts/late",
    "receipts": "/receipts",
    "tasks": "/tasks",
    "entries": "/bank/to-decide",
    "messages": "/messages",
    "audit-records": "/audit",
}
TODAY = serve_pages.TODAY
EVERYBODY = Principal("system", 0, "Test", PERMISSIONS)


def fill_base(app: Flask) -> None:
    """A base with a row of every kind that pages show, and more donors, gifts and tasks than one page has."""
    let_write()
    serve_pages.fill()
    serve_every_page.fill_bank()
    add_people(60)
    while work_once(app):
        pass
    let_write()
    serve_pages.spoil()
    serve_every_page.decide()
    let_write()


def add_people(count: int) -> None:
    """Donors with a gift and a task each; some begin as a formula does."""
    now = clock.now()
    for number in range(count):
        name = f"=SUM({number})" if number % 20 == 0 else f"Zofia Nr{number}"
        donor = donors.create_donor(
            {"name": name, "kind": "organisation", "lang": ("pl", "sq", "en")[number % 3], "city": "-Łódź"},
            source="form",
            now=now - timedelta(days=400),
            actor="system:0",
        )
        gifts.record_gift(
            donor.id,
            Money(123450 + number, "PLN" if number % 4 else "EUR"),
            received_on=TODAY - timedelta(days=number % 7),
            source="manual",
            source_ref=f"more-{number}",
            now=now,
            actor="system:0",
            method="transfer",
        )
        tasks.plan_task(
            f"call:more-{number}",
            kind="call",
            performer="person",
            subject=("donor", donor.id),
            donor_id=donor.id,
            due_at=now - timedelta(days=number % 5),
            now=now,
        )
    db.session.commit()


def read_csv(content: bytes, separator: str) -> list[list[str]]:
    """The cells of a file as it was sent; the first row is its head."""
    assert content.startswith(b"\xef\xbb\xbf") and (content.endswith(b"\r\n"))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


def fetch_csv(staff: Staff, path: str) -> list[list[str]]:
    """The whole list of a page as the link under it gives it."""
    page = staff.get(path).text
    (link,) = re.findall(r'href="([^"]+/download\?[^"]*form=csv[^"]*)"', page)
    answer = staff.get(unescape(link))
    assert answer.status_code == 200, answer.text[:300]
    return read_csv(answer.data, ";" if '<html lang="en"' not in page else ",")


def walk_pages(staff: Staff, path: str) -> Iterator[str]:
    """Every page of a list, each by the link of the one before."""
    while path:
        page = staff.get(path).text
        yield page
        next_page = re.search(r'<a class="btn" href="([^"]+)" rel="next">', page)
        path = unescape(next_page.group(1)) if next_page else ""


def list_heads(page: str) -> list[str]:
    """The heads of the columns that a page shows, but for the one of its tick boxes."""
    head = re.search(r"<thead>(.*?)</thead>", page, re.DOTALL)
    assert head is not None
    cells = re.findall(r"<th[^>]*>(.*?)</th>", head.group(1), re.DOTALL)
    return [read_words(cell) for cell in cells if 'class="sr"' not in cell]


def list_rows(page: str) -> list[list[str]]:
    """The rows that a page shows, cell by cell, but for tick boxes."""
    body = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    if body is None:
        return []
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body.group(1), re.DOTALL)
    return [
        [
            read_words(cell)
            for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            if "checkbox" not in cell
        ]
        for row in rows
    ]


def read_words(html: str) -> str:
    """The text of a piece of a page, blanks collapsed."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).replace("\N{NO-BREAK SPACE}", " ").split())
