"""Overlapping, repeated and mixed exports of one account end in exactly the ledger of the whole."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask

import importers
from donorhub import clock
from donorhub.db import db
from donorhub.services.bank.matching import entry_answers
from importers.statement import Entry as Told
from importers.statement import Statement as ToldStatement
from tests.services.bank.bank import (
    CSV_LAYOUT,
    Paid,
    assert_sound,
    camt,
    csv,
    ledger,
    money,
    open_account,
    send,
)
from tests.shared import BANK, list_shared, needs_shared

SUBITE = list_shared(BANK / "camt" / "subite", "*CAMT_053*.xml")
START = date(2026, 9, 1)
SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))]
NAMES = ("Anna Kowalska", "Besa Hoxha", "Jan Nowak")


def account(rng: random.Random, days: int, *, with_refs: bool) -> list[Paid]:
    """Payments in the order of their days; equal ones on one day are honest twins."""
    made = []
    for n in range(rng.randint(3 * days, 6 * days)):
        name = rng.choice(NAMES)
        day = START + timedelta(days=rng.randrange(days))
        minor = rng.choice((2000, 5000, 5000, 10000, -700))
        made.append(
            Paid(day, minor, name=name, account=f"PL{len(name):026d}", ref=f"R{n}" if with_refs else "")
        )
    return sorted(made, key=lambda paid: paid.on)


def window(payments: list[Paid], first: date, last: date) -> tuple[list[Paid], int]:
    """What an export of whole days holds, and the balance it opens with."""
    inside = [paid for paid in payments if first <= paid.on <= last]
    return inside, sum(paid.minor for paid in payments if paid.on < first)


def windows(rng: random.Random, days: int) -> list[tuple[date, date]]:
    """Windows that cover all days, overlap, and come in any order, some twice."""
    cuts = [(0, days // 2), (days // 2, days - 1)]
    cuts += [tuple(sorted(rng.choices(range(days), k=2))) for _ in range(3)]  # type: ignore[misc]
    some = [*cuts, *rng.sample(cuts, 2)]
    rng.shuffle(some)
    return [(START + timedelta(days=a), START + timedelta(days=b)) for a, b in some]


@pytest.mark.parametrize("seed", SEEDS)
def test_overlapping_exports_make_the_ledger(database: Flask, seed: int) -> None:
    """Overlapping exports, in any order, end in the ledger of the whole account."""
    rng = random.Random(seed)
    payments = account(rng, 9, with_refs=bool(seed % 2))
    for n, (first, last) in enumerate(windows(rng, 9)):
        inside, opening = window(payments, first, last)
        if inside:
            send(camt(inside, opening=opening, period=(first, last), name=f"W{n}"), f"{n}.xml")
    assert ledger() == money(payments)
    assert_sound()


@pytest.mark.parametrize("seed", SEEDS)
def test_two_formats_of_one_account_are_counted_once(database: Flask, seed: int) -> None:
    rng = random.Random(seed)
    payments = account(rng, 9, with_refs=True)
    ours = open_account()
    for n, (first, last) in enumerate(windows(rng, 9)):
        inside, opening = window(payments, first, last)
        if not inside:
            continue
        if rng.random() < 0.5:
            data = csv(inside) + b"\r\n" * n  # other bytes each time
            send(data, f"{n}.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
        else:
            send(camt(inside, opening=opening, period=(first, last), name=f"W{n}"), f"{n}.xml")
    assert ledger() == money(payments)
    assert_sound()


# ---------------------------------------------------------------- nine real days


def read(path: Path) -> ToldStatement:
    return importers.read(path.read_bytes()).statements[0]


def told_money(told: list[Told]) -> Counter[tuple[date, int]]:
    return Counter((entry.booked_on, entry.amount.minor) for entry in told)


def rewritten(told: list[Told], opening: int, period: tuple[date, date], n: int) -> bytes:
    """Some days of the real account as one export."""
    payments = [
        Paid(
            entry.booked_on,
            entry.amount.minor,
            name=_name(entry),
            account=_account(entry),
            text=_text(entry),
            ref=entry.bank_ref or "",
        )
        for entry in told
    ]
    return camt(
        payments, opening=opening, account="LT625883379695428516", currency="EUR", period=period, name=f"W{n}"
    )


def _name(entry: Told) -> str:
    return entry.details[0].counterparty.name or "" if entry.details else ""


def _account(entry: Told) -> str:
    return entry.details[0].counterparty.account or "" if entry.details else ""


def _text(entry: Told) -> str:
    return entry.details[0].remittance if entry.details else ""


@needs_shared(BANK)
def test_nine_statements_and_repeats_add_up(database: Flask) -> None:
    """Nine daily statements of a real account and their repeats are exactly the nine together."""
    whole = [entry for path in SUBITE for entry in read(path).entries]
    order = [*SUBITE, *SUBITE[::2]]
    random.Random(5).shuffle(order)
    for n, path in enumerate(order):
        send(path.read_bytes() + b"\n" * n, f"{n}.xml")
    assert ledger() == told_money(whole)
    assert_sound()


@pytest.mark.slow
@needs_shared(BANK)
@pytest.mark.parametrize("seed", range(4))
def test_windows_of_nine_days_add_up(database: Flask, seed: int) -> None:
    """Windows that are cut from the nine days are exactly the nine together."""
    rng = random.Random(seed)
    statements = [read(path) for path in SUBITE]
    whole = [entry for statement in statements for entry in statement.entries]
    files: list[bytes] = [path.read_bytes() for path in rng.sample(SUBITE, 4)]
    for n in range(8):
        first, last = (0, 8) if n == 0 else sorted(rng.choices(range(9), k=2))
        some = statements[first : last + 1]
        told = [entry for statement in some for entry in statement.entries]
        opening = some[0].opening
        assert opening is not None
        days = [entry.booked_on for entry in told]
        files.append(rewritten(told, opening.amount.minor, (min(days), max(days)), n))
    rng.shuffle(files)
    for n, data in enumerate(files):
        send(data, f"{n}.xml")
    assert ledger() == told_money(whole)


def test_answered_doubt_is_not_raised_again(database: Flask) -> None:
    """A doubt that was answered is not raised again by the same statement."""
    open_account()
    send(camt([Paid(START, 5000), Paid(START, 700, text="x")], opening=None))
    second = camt([Paid(START, 5000), Paid(START, 900, text="y")], opening=None)
    file = send(second)
    assert file.doubtful_count == 1
    from sqlalchemy import select

    from donorhub.models import Entry

    doubtful = db.session.scalars(select(Entry.id).where(Entry.state == "doubtful")).one()
    entry_answers.accept_doubtful(doubtful, now=clock.now(), actor="user:1")
    db.session.commit()
    again = send(second + b"\n")
    assert again.new_count == 0
    assert ledger()[(START, 5000)] == 2
