"""One generated statement, written as every format, reads as the same entries.

``CANNOT`` says what a format or a bank's layout has no place for; all else must come out equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.statement import Reading
from tests.importers.bank_writers import OWN_ACCOUNT, Plain, plain_entries
from tests.importers.samples import WRITE, read
from tests.importers.table.table_writer import KEPT

FIELDS: Final = ("name", "account", "remittance", "ref")
CANNOT: Final[dict[str, frozenset[str]]] = {
    **{f"csv {layout}": frozenset(FIELDS) - set(kept) for layout, kept in KEPT.items()},
    "qif": frozenset(("account", "ref", "own account")),  # it has no references and no accounts at all
    "mt940 caret": frozenset(("country",)),  # the account as the bank writes it: an NRB without PL
    "coda": frozenset(("accents",)),  # its writer uses cp1252, which has no Polish letters
    "bai2": frozenset(("name", "account", "remittance", "day")),  # one text, and the day of the group
    "elixir": frozenset(("ref", "sign", "own account")),  # only what came in, as advice without sums
    "debit_report": frozenset(
        ("name", "remittance", "sign", "ref", "own account")
    ),  # one text; only what came in
}
PROVED: Final = frozenset(
    ["coda", "bai2", *(name for name in WRITE if name.startswith(("mt940", "camt.053")))]
)
ADVICE: Final = frozenset(("camt.052 v8", "camt.054 v8", "elixir", "debit_report"))
SEEN_AS_LATIN: Final = str.maketrans("ŁłąĄćĆęĘńŃóÓśŚźŹżŻ", "LlaAcCeEnNoOsSzZzZ")

Row = tuple[str, ...]


def count_written_rows(entries: Sequence[Plain], lost: frozenset[str]) -> Counter[Row]:
    """The entries as a format that loses these fields can bring them, in any order."""
    rows: list[Row] = []
    for one in entries:
        plain = replace(one, account=one.account[2:]) if "country" in lost else one
        minor = abs(plain.minor) if "sign" in lost else plain.minor
        values = [str(plain.booked_on) if "day" not in lost else "", str(minor), plain.currency]
        values += [getattr(plain, field) if field not in lost else "" for field in FIELDS]
        rows.append(tuple(text.translate(SEEN_AS_LATIN) if "accents" in lost else text for text in values))
    return Counter(rows)


def count_read_rows(reading: Reading, lost: frozenset[str]) -> Counter[Row]:
    """The same of what was read: a payment for each detail."""
    rows: list[Row] = []
    for statement in reading.statements:
        for entry in statement.entries:
            for detail in entry.details:
                party = detail.counterparty
                ref = entry.bank_ref or ""
                said = {
                    "name": party.name,
                    "account": party.account,
                    "remittance": detail.remittance,
                    "ref": ref,
                }
                values = [str(entry.booked_on) if "day" not in lost else "", str(detail.amount.minor)]
                values.append(detail.amount.currency)
                values += [(said[field] or "") if field not in lost else "" for field in FIELDS]
                rows.append(tuple(values))
    return Counter(rows)


def check(name: str, entries: Sequence[Plain]) -> None:
    lost = CANNOT.get(name, frozenset())
    reading = read(WRITE[name](entries))
    assert [problem for problem in reading.problems if problem.level == "error"] == []
    assert count_read_rows(reading, lost) == count_written_rows(entries, lost)
    for statement in reading.statements:
        assert statement.account in ((None,) if "own account" in lost else (OWN_ACCOUNT, None))
        assert statement.advice == (name in ADVICE)
        assert statement.integrity == "proved" or name not in PROVED
        if not statement.advice:
            assert sum(entry.amount.minor for entry in statement.entries) == sum(e.minor for e in entries)


@pytest.mark.parametrize("name", WRITE)
def test_every_format_gives_same_entries(name: str) -> None:
    """A statement reads as the same entries in every format."""
    check(name, plain_entries(60, seed=11))


@pytest.mark.parametrize("name", WRITE)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 25))
def test_every_format_agrees_for_any_seed(name: str, seed: int, count: int) -> None:
    """Statements of any seed read as the same entries in every format."""
    check(name, plain_entries(count, seed))


def test_own_account_in_every_format() -> None:
    """Our own account is read wherever a format has a place for it."""
    silent = {"qif", "elixir", "debit_report", "csv plain.pl", "csv pl.pko.ipko"}
    silent |= {"xlsx", "xlsx shared", "xls", "ods"}
    for name in WRITE:
        (statement,) = read(WRITE[name](plain_entries(4, seed=1))).statements
        assert (statement.account == OWN_ACCOUNT) == (name not in silent), name
