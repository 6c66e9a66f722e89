"""Thousands of unknown payers in three clicks: the page, the button, what was made; one more undoes it."""

from __future__ import annotations

import time
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.donors.given_names import POLISH_MEN, POLISH_WOMEN
from donorhub.models import Correction, Donor, Entry, Gift, ImportFile, Statement
from tests.services.bank.bank import assert_sound, open_account
from tests.web.bank.bank_world import Staff, fields_with_digest, let_write

# Endings and beginnings of surnames that are no given names, so that only those are flagged that should be.
STARTS = "Bar Dob Gal Jab Kal Lub Mal Now Os Pol Rog Sad Tom Ur Wil Zab".split()
ENDS = "ański owicz czyk arek iński orowski ulski ecki".split()
FLAGGED = ("ANTON JEREMI", "GERLACH", "ANNA I JAN KOWALSCY", "BUDEX SP. Z O.O.", "J. NOWAK")
TEXTS = ("Darowizna na cele statutowe", "darowizna", "wsparcie", "pomoc", "przelew")
DAY = date(2026, 11, 20)
MOST_SECONDS = 20  # of the processor, for three clicks


def make_names(count: int) -> list[str]:
    """Return different names of payers, one in twenty of them flagged."""
    families = [start + end for start, end in product(STARTS, ENDS)]
    people = [f"{family} {given}" for family, given in product(families, (*POLISH_WOMEN, *POLISH_MEN))]
    Random(5).shuffle(people)
    return [FLAGGED[n % len(FLAGGED)] if n % 20 == 7 else people[n] for n in range(count)]


def fill_suspense(payers_count: int, entries_count: int) -> None:
    """Put the entries of so many payers into the ledger, as if they had come in files and were matched."""
    account = open_account()
    file = ImportFile(
        sha256="x",
        filename="a",
        size=1,
        content=b"",
        state="done",
        uploaded_by="user:1",
        uploaded_at=clock.now(),
    )
    db.session.add(file)
    db.session.flush()
    statement = Statement(
        import_file_id=file.id,
        number=0,
        bank_account_id=account.id,
        format="camt",
        currency="PLN",
        sum_minor=0,
        entries_count=entries_count,
        new_count=entries_count,
        integrity="unverifiable",
        posted_at=clock.now(),
        matching_done_at=clock.now(),
    )
    db.session.add(statement)
    db.session.flush()
    names, rng = make_names(payers_count), Random(6)
    rows: list[dict[str, Any]] = []
    for n in range(entries_count):
        payer = n % payers_count
        on = DAY - timedelta(days=rng.randrange(700))
        rows.append(
            {
                "bank_account_id": account.id,
                "statement_id": statement.id,
                "position": n,
                "fingerprint": f"f{n}",
                "occurrence": 0,
                "booked_on": on,
                "amount_minor": rng.choice((1000, 2000, 5000)),
                "currency": "PLN",
                "counterparty_name": f"{names[payer]} UL. LIPOWA {payer}",
                "counterparty_account": f"PL{payer:026d}",
                "remittance": f"{rng.choice(TEXTS)} {rng.randrange(10**6)}",
                "state": "suspense",
                "decide_by": date(2027, 1, 31),
            }
        )
    statement.sum_minor = sum(row["amount_minor"] for row in rows)
    db.session.execute(insert(Entry), rows)
    db.session.commit()


def read_entries() -> list[tuple[object, ...]]:
    let_write()
    return [tuple(row) for row in db.session.execute(select(*Entry.__table__.columns).order_by(Entry.id))]


def count(query: Any) -> int:
    let_write()
    return int(db.session.scalar(query) or 0)


@pytest.mark.parametrize(
    ("payers_count", "entries_count"),
    [(60, 300), pytest.param(5_000, 40_000, marks=pytest.mark.load)],
    ids=["small", "large"],
)
def test_thousands_of_payers_take_three_clicks(
    database: Flask, payers_count: int, entries_count: int
) -> None:
    """No donor comes of a flagged name, each other becomes one with all their gifts, and undoing leaves the
    entries as they were."""
    fill_suspense(payers_count, entries_count)
    staff, before = Staff(database, "accountant"), read_entries()
    flagged = len(range(7, payers_count, 20))
    start = time.process_time()
    fields = fields_with_digest(staff.get("/bank/payers").text)
    fields.pop("row")  # what is ticked beforehand stays so
    made = staff.post("/bank/payers", **fields)
    page = staff.get(made.headers["Location"])
    seconds = time.process_time() - start
    assert (made.status_code, page.status_code) == (302, 200)
    assert count(select(func.count()).select_from(Donor)) == payers_count - flagged
    assert (
        count(select(func.count()).where(Entry.state == "suspense"))
        == flagged * entries_count // payers_count
    )
    assert count(select(func.count()).select_from(Gift)) == count(
        select(func.count()).where(Entry.state == "matched")
    )
    assert seconds < MOST_SECONDS, f"{seconds:.1f} s"
    undone = staff.post(f"{made.headers['Location']}/undo", **fields_with_digest(page.text))
    assert undone.status_code == 302
    assert read_entries() == before
    assert count(select(func.count()).where(Donor.removed_at.is_(None))) == 0
    assert count(select(func.count()).select_from(Correction)) == count(
        select(func.count()).select_from(Gift)
    )
    assert_sound()
