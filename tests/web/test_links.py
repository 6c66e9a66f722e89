"""No link leads nowhere: everything that pages offer is followed, as each role that may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.services.receipts import receipts
from donorhub.services.work import tasks
from tests.web.bank.bank_world import OURS, PAYER, Staff, camt, work
from tests.web.desk import ACTOR, TODAY, add_donor, add_gift, add_recurring, moment
from tests.web.receipts.test_receipt_pages import staff as organised  # noqa: F401  the organisation can issue receipts

LINK = re.compile(r'<a [^>]*href="(/[^"]*)"')


@pytest.fixture
def world(organised: Staff) -> None:  # noqa: F811
    """Something of everything: a bank file, a donor with gifts, a receipt, a recurring gift, a task."""
    organised.post("/settings/funds", kind="campaign", name="Winter", code="winter")
    organised.post("/bank/accounts", number=OURS, new_currency="PLN", name="Main")
    organised.upload(camt([("2026-11-20", "50.00", "Jan Nowak", PAYER, "darowizna")]))
    donor = add_donor(email="anna@example.org")
    gift = add_gift(donor, thank_delay=moment(22) - moment(22))
    add_gift(donor, "70.00")
    add_recurring(donor)
    receipts.issue_receipt([gift.id], today=TODAY, now=clock.now(), actor=ACTOR)
    tasks.plan_task(
        "call:1",
        kind="call",
        performer="person",
        subject=("donor", donor.id),
        donor_id=donor.id,
        due_at=moment(22),
        now=moment(21),
    )
    db.session.commit()
    work()


def links(page: str) -> Iterator[str]:
    for found in LINK.finditer(page):
        yield unescape(found.group(1)).partition("#")[0]


@pytest.mark.slow
@pytest.mark.parametrize("role", ["admin", "accountant", "communications"])
def test_every_link_of_every_page_leads_somewhere(database: Flask, world: None, role: str) -> None:
    reader = Staff(database, role)
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen or "lang=" in path:
            continue
        seen.add(path)
        answer = reader.get(path)
        assert answer.status_code in (200, 302), (role, path, answer.status_code)
        if answer.mimetype == "text/html":
            waiting += [link for link in links(answer.text) if link not in seen]
    assert len(seen) > 10
