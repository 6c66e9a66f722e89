"""One account told in every format and bank layout, whole or in windows of days, is counted once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import pytest
from flask import Flask

from donorhub.models import ImportFile
from tests.importers import bank_writers
from tests.importers.bank_writers import Plain, plain_entries
from tests.importers.camt import camt_writer
from tests.importers.ofx import ofx_writer
from tests.importers.samples import WRITE
from tests.importers.table import table_writer
from tests.services.bank.bank import OURS, assert_sound, ledger, open_account, send

ADVICE: Final = frozenset(("elixir", "debit_report", "camt.052 v8", "camt.054 v8"))
# CODA's writer knows no Polish letters, and BAI2 tells one day for all its entries.
FORMATS: Final = tuple(name for name in WRITE if name not in ADVICE | {"coda", "bai2"})
START: Final = date(2026, 2, 2)


def take(name: str, entries: Sequence[Plain], account_id: int, *, blanks: int = 0) -> ImportFile:
    """Import entries in a format; ``blanks`` make the bytes of a table others than before."""
    data = WRITE[name](entries) + (b"\r\n" * blanks if name.startswith("csv") else b"")
    layout = {"dates": "dmy"} if name == "qif" else None
    return send(data, f"{name}.txt", bank_account_id=account_id, layout=layout, currency="PLN")


def money(entries: Sequence[Plain]) -> Counter[tuple[date, int]]:
    return Counter((entry.booked_on, entry.minor) for entry in entries)


SEEDS: Final = [1, 9, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2, 3, 4, 5, 6))]


@pytest.mark.parametrize("seed", SEEDS)
def test_after_the_first_no_format_brings_anything(database: Flask, seed: int) -> None:
    rng = random.Random(seed)
    account_id = open_account().id
    entries = plain_entries(24, seed)
    first, *others = rng.sample([*FORMATS, *ADVICE], len(FORMATS) + len(ADVICE))
    if first in ADVICE:
        first, others = "camt.053 v8", [first, *(name for name in others if name != "camt.053 v8")]
    assert take(first, entries, account_id).new_count == len(entries)
    for name in others:
        file = take(name, entries, account_id)
        assert (file.state, file.new_count, file.doubtful_count) == ("done", 0, 0), (first, name)
    assert ledger() == money(entries)


def busy_days(seed: int) -> list[Plain]:
    """Six days with several entries each, some of them alike but for their ref."""
    entries = plain_entries(30, seed)
    rng = random.Random(seed)
    twins = [replace(entry, ref=f"{entry.ref}T") for entry in rng.sample(entries, 4)]
    told = [replace(e, booked_on=START + timedelta(days=n % 6)) for n, e in enumerate(entries)]
    told += [replace(t, booked_on=told[entries.index(replace(t, ref=t.ref[:-1]))].booked_on) for t in twins]
    return sorted(told, key=lambda entry: entry.booked_on)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 12))])
def test_windows_in_any_formats_are_whole(
    database: Flask, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Windows of days in any formats end in the entries of the whole account."""
    rng = random.Random(seed)
    account_id = open_account().id
    entries = busy_days(seed)
    cuts = [(0, 2), (3, 5), *(sorted(rng.choices(range(6), k=2)) for _ in range(6))]
    rng.shuffle(cuts)
    for n, (first, last) in enumerate(cuts):
        days = [START + timedelta(days=first), START + timedelta(days=last)]
        some = [entry for entry in entries if days[0] <= entry.booked_on <= days[1]]
        opening = 100_000 + sum(entry.minor for entry in entries if entry.booked_on < days[0])
        for writer in (bank_writers, camt_writer, ofx_writer, table_writer):
            monkeypatch.setattr(writer, "OPENING_MINOR", opening)  # what the written files begin with
        file = take(rng.choice(FORMATS), some, account_id, blanks=n)
        assert (file.state, file.doubtful_count) == ("done", 0)
    assert ledger() == money(entries)


def test_zero_entry_is_only_balance(database: Flask) -> None:
    """An entry of zero stands for a balance and is no entry of the ledger."""
    open_account()
    head = f":20:X\r\n:25:{OURS}\r\n:28C:1\r\n:60F:C260929PLN10,00\r\n"
    rows = ":61:2609300930C0,00S940NONREF\r\n:86:940\r\n:61:2609300930C5,00S034NONREF\r\n:86:034~20gift\r\n"
    file = send(f"{head}{rows}:62F:C260930PLN15,00\r\n-\r\n".encode(), "ing.sta")
    assert (file.state, file.new_count) == ("done", 1)
    assert ledger() == Counter({(date(2026, 9, 30), 500): 1})
    assert_sound()
