"""Tables from upload to entries: samples, rows, balances, and files that mean harm."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import importers
from donorhub.money import Money
from importers import tabular
from importers.sniff import find_format
from importers.statement import Reading
from importers.table.layout import Column, Layout
from tests.importers.bank_writers import plain_entries
from tests.importers.table.table_writer import write_csv
from tests.shared import BANK, or_skip

FILES = Path(__file__).resolve().parents[2] / "files" / "csv"
SAMPLES = BANK / "csv" / "synthetic-pl-al"
SIMPLE = Layout(
    name="mine",
    columns=(
        Column("booked_on", "Data"),
        Column("remittance", "Opis"),
        Column("amount", "Kwota"),
        Column("currency", "Waluta"),
    ),
    header=("Data", "Opis", "Kwota", "Waluta"),
    exact=True,
    date_order="ymd",
    decimal=",",
)


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def table(*rows: str) -> bytes:
    return "\r\n".join(["Data;Opis;Kwota;Waluta", *rows, ""]).encode()


def amounts(reading: Reading) -> list[str]:
    return [entry.amount.as_text() for statement in reading.statements for entry in statement.entries]


# ---------------------------------------------------------------- samples


def samples() -> dict[str, Any]:
    if not SAMPLES.is_dir():
        return {}
    expected: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))
    return expected


@pytest.mark.parametrize("name", or_skip(list(samples())))
def test_the_shared_samples_are_read_exactly(name: str) -> None:
    expected = samples()[name]
    currency = {"raiffeisen_al.csv": "ALL", "kosovo_generic_tab_utf16.txt": "EUR"}.get(name, "")
    reading = importers.read((SAMPLES / name).read_bytes(), currency=currency)
    (statement,) = reading.statements
    rows = [
        [
            entry.booked_on.isoformat(),
            entry.amount.as_text(),
            entry.details[0].counterparty.name or "",
            (entry.details[0].counterparty.account or "").removeprefix("PL"),
            entry.details[0].remittance,
        ]
        for entry in statement.entries
    ]
    assert rows == expected["rows"]
    assert reading.facts["encoding"] == expected["encoding"]
    for end in ("opening", "closing"):
        balance = getattr(statement, end)
        if end in expected:
            assert balance is not None and balance.amount.as_text() == expected[end]
    assert statement.integrity in ("proved", "unverifiable")


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1250", "iso8859-2", "cp852"]
)
@pytest.mark.parametrize(
    "layout", ["pl.mbank.detail", "pl.pekao.24", "pl.ing.moje", "plain.pl", "al.raiffeisen"]
)
def test_bank_table_in_every_encoding(layout: str, codec: str) -> None:
    """A bank's table is read in every encoding that it may come in."""
    entries = plain_entries(12, seed=5)
    own = {"pl.pekao.24": "utf-8-sig", "plain.pl": "utf-8", "al.raiffeisen": "utf-8-sig"}.get(
        layout, "cp1250"
    )
    data = write_csv(entries, layout).decode(own).encode(codec)
    reading = tabular.read(data, currency="PLN")
    assert [e.details[0].remittance for e in reading.statements[0].entries] == [e.remittance for e in entries]


# ---------------------------------------------------------------- rows


def test_bad_row_names_its_line() -> None:
    """A bad row is named by its line and loses no other row."""
    reading = tabular.read((FILES / "pages-and-faults.csv").read_bytes(), profile=SIMPLE)
    assert amounts(reading) == ["10.00", "20.00", "60.00"]
    assert [(problem.code, problem.where) for problem in reading.problems] == [
        ("unreadable_date", "line 6"),
        ("row_cut", "line 7"),
        ("row_shifted", "line 8"),
        ("unbalanced_quote", "line 9"),
        ("unreadable_amount", "line 11"),
    ]
    assert reading.statements[0].entries[1].details[0].remittance == "dwa wiersze"
    assert {name: count for name, count in reading.facts.items() if "skipped" in name} == {
        "skipped.blank": "1",
        "skipped.footer": "1",
        "skipped.header": "2",
        "skipped.zero": "1",
    }


@pytest.mark.parametrize(
    "amount", ["1.234", "NaN", "Inf", "1e400", "1_000", "٥٠", "--5", "5,001", "12 EUR", "", "x"]
)
def test_bad_amount_fails_only_its_row(amount: str) -> None:
    """A text that is no amount fails its own row only."""
    data = table("2026-09-01;dobry;10,00;PLN", f"2026-09-02;zły;{amount};PLN")
    layout = replace(SIMPLE, decimal="," if amount != "1.234" else ".")
    data = data.replace(b"10,00", b"10.00") if amount == "1.234" else data
    reading = tabular.read(data, profile=layout)
    if amount == "1.234":  # with a point for decimals it is an amount with a digit that PLN has no coin for
        assert codes(reading)[0] == "unreadable_amount"
    assert len(amounts(reading)) == 1
    assert reading.problems[0].where == "line 3"
    assert reading.problems[0].level == "error"


def test_money_columns_follow_their_sign_convention() -> None:
    """The columns for money out and in follow the sign convention of the layout."""
    header = "Data;Opis;Wydatki;Wpływy\r\n"
    columns = (
        Column("booked_on", "Data"),
        Column("remittance", "Opis"),
        Column("debit", "Wydatki"),
        Column("credit", "Wpływy"),
    )
    layout = replace(
        SIMPLE,
        columns=columns,
        header=("Data", "Opis", "Wydatki", "Wpływy"),
        currency="PLN",
        debits="positive",
    )
    data = (header + "2026-09-01;a;5,00;\r\n2026-09-02;b;;7,00\r\n2026-09-03;c;-1,00;0,00\r\n").encode()
    assert amounts(tabular.read(data, profile=layout)) == ["-5.00", "7.00", "1.00"]
    negative = replace(layout, debits="negative")
    assert amounts(tabular.read(data, profile=negative)) == ["5.00", "7.00", "-1.00"]
    both = (header + "2026-09-01;a;5,00;7,00\r\n2026-09-02;b;;7,00\r\n").encode()
    assert codes(tabular.read(both, profile=layout)) == ["two_amounts"]


def test_undeclared_direction_is_refused() -> None:
    """A word for the direction that the layout does not know is refused, because a wrong sign is worse."""
    layout = replace(
        SIMPLE,
        columns=(*SIMPLE.columns[:3], Column("direction", "Waluta")),
        currency="PLN",
        money_in=("+", "Uznanie"),
        money_out=("-",),
    )
    data = table(
        "2026-09-01;a;5,00;+", "2026-09-02;b;5,00;uznanie", "2026-09-03;c;5,00;-", "2026-09-04;d;5,00;?"
    )
    reading = tabular.read(data, profile=layout)
    assert amounts(reading) == ["5.00", "5.00", "-5.00"]
    assert codes(reading) == ["unreadable_direction"]


def test_rows_in_two_currencies_become_two_statements() -> None:
    reading = tabular.read(table("2026-09-01;a;5,00;PLN", "2026-09-01;b;6,00;EUR"), profile=SIMPLE)
    assert [(s.currency, len(s.entries)) for s in reading.statements] == [("PLN", 1), ("EUR", 1)]


def test_two_equal_gifts_stay_two() -> None:
    reading = tabular.read(table(*["2026-09-01;Darowizna;50,00;PLN"] * 2), profile=SIMPLE)
    assert amounts(reading) == ["50.00", "50.00"]


def test_inverse_card_statement_is_turned() -> None:
    """A card statement with inverse signs is turned round."""
    reading = tabular.read(table("2026-09-01;a;5,00;PLN"), profile=replace(SIMPLE, amounts="inverse"))
    assert amounts(reading) == ["-5.00"]


def test_pending_rows_follow_the_layout() -> None:
    """A pending row is skipped or kept as the layout says, and skipping is reported."""
    layout = replace(
        SIMPLE,
        columns=(*SIMPLE.columns[:3], Column("status", "Waluta")),
        currency="PLN",
        pending_words=("Oczekująca",),
    )
    data = table("2026-09-01;a;5,00;OCZEKUJĄCA", "2026-09-02;b;6,00;zaksięgowana")
    reading = tabular.read(data, profile=layout)
    assert amounts(reading) == ["6.00"]
    assert codes(reading) == ["pending_skipped"]
    kept = tabular.read(data, profile=replace(layout, pending="keep")).statements[0].entries
    assert [entry.status for entry in kept] == ["pending", "booked"]


# ---------------------------------------------------------------- balances


def read_balances(*rows: str) -> Reading:
    layout = replace(
        SIMPLE,
        columns=(*SIMPLE.columns[:3], Column("balance", "Waluta")),
        currency="PLN",
    )
    return tabular.read(table(*rows), profile=layout)


def test_balances_prove_any_order() -> None:
    """Running balances prove a file that is sorted either way or not at all."""
    up = ["2026-09-01;a;5,00;105,00", "2026-09-01;b;7,00;112,00", "2026-09-02;c;-2,00;110,00"]
    for rows, order in ((up, "oldest_first"), (up[::-1], "newest_first"), ([up[1], up[0], up[2]], "mixed")):
        reading = read_balances(*rows)
        statement = reading.statements[0]
        assert (statement.integrity, reading.facts["order"]) == ("proved", order)
        assert statement.opening is not None and statement.opening.amount == Money(10000, "PLN")
        assert statement.closing is not None and statement.closing.amount == Money(11000, "PLN")


def test_changed_amount_breaks_the_chain() -> None:
    """A changed amount breaks the chain of balances, and the report names its line."""
    reading = read_balances(
        "2026-09-01;a;5,00;105,00", "2026-09-01;b;70,00;112,00", "2026-09-02;c;-2,00;110,00"
    )
    assert reading.statements[0].integrity == "mismatch"
    assert [(problem.code, problem.where) for problem in reading.problems] == [("balance_mismatch", "line 3")]


def test_one_balance_proves_nothing() -> None:
    statement = importers.read(table("2026-09-01;a;5,00;105,00"), profile=None).statements
    assert statement == ()
    assert read_balances("2026-09-01;a;5,00;105,00").statements[0].integrity == "unverifiable"


def test_a_footer_that_counts_otherwise_is_a_mismatch() -> None:
    data = write_csv(plain_entries(9, seed=2), "al.raiffeisen").replace(
        b"Numri i veprimeve,9", b"Numri i veprimeve,8"
    )
    reading = tabular.read(data, currency="PLN")
    assert codes(reading) == ["count_mismatch"]
    assert reading.statements[0].integrity == "mismatch"


def test_cut_file_is_never_quiet_success() -> None:
    """A file that is cut anywhere is never a quiet success: there is a problem and no proof."""
    data = write_csv(plain_entries(15, seed=4), "pl.mbank.detail")
    whole = tabular.read(data)
    assert whole.problems == () and whole.statements[0].integrity == "proved"
    for at in range(len(data) // 4, len(data) - 40, 7):
        reading = tabular.read(data[:at])
        assert reading.problems, at
        assert all(statement.integrity != "proved" for statement in reading.statements), at


def test_unended_last_line_is_mentioned() -> None:
    """A last line without its end is mentioned where nothing else proves the file, as it may be cut."""
    data = table("2026-09-01;a;5,00;PLN")
    assert codes(tabular.read(data, profile=SIMPLE)) == []
    assert codes(tabular.read(data.rstrip(), profile=SIMPLE)) == ["maybe_cut"]


# ---------------------------------------------------------------- files that mean harm


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Zaloguj</body></html>", "not_a_table"),
        (b"%PDF-1.7\n%\xe2\xe3", "not_a_table"),
        (b"one column\r\nonly\r\n", "one_column"),
        (
            b"Data;Opis;Kwota;Waluta\r\n" + b"2026-09-01;a;5,00;PLN\r\n" * 20 + b"\0;b;5,00;PLN\r\n",
            "undecodable",
        ),
        (b"Data;Opis;Kwota;Waluta\r\n", "no_rows"),
        (b"PK\x03\x04 no zip at all", "not_a_table"),
    ],
)
def test_no_table_is_refused_with_reason(data: bytes, code: str) -> None:
    """What is no table is refused with a reason, by every way of reading it."""
    for reading in (tabular.read(data, profile=SIMPLE), tabular.preview_table(data, SIMPLE).reading):
        assert (reading.statements, codes(reading)) == ((), [code])
        assert reading.problems[0].message.endswith(".")
    assert tabular.draft_layout(data).problems


def test_huge_cell_fails_its_row() -> None:
    """A cell of ten megabytes fails its own row in a moment."""
    data = table(f'2026-09-01;"{"x" * 10_000_000}";5,00;PLN', "2026-09-02;b;6,00;PLN")
    begin = time.process_time()
    reading = tabular.read(data, profile=SIMPLE)
    assert time.process_time() - begin < 3
    assert (amounts(reading), codes(reading)) == (["6.00"], ["unbalanced_quote"])


def test_unclosed_quote_swallows_nothing() -> None:
    """A quotation mark that is never closed swallows no other row."""
    rows = [f"2026-09-{day:02d};x;{day},00;PLN" for day in range(1, 29)] * 400
    rows[5] = '2026-09-06;"x;6,00;PLN'
    begin = time.process_time()
    reading = tabular.read(table(*rows), profile=SIMPLE)
    assert time.process_time() - begin < 3
    assert (len(amounts(reading)), codes(reading)) == (len(rows) - 1, ["unbalanced_quote"])


def test_unclosed_quotes_take_linear_time() -> None:
    """An unclosed quotation mark in every line takes linear time, so no file can stop the server."""
    rows = [f'2026-09-01;"x;{n % 90 + 1},00;PLN' for n in range(20_000)]
    begin = time.process_time()
    reading = tabular.read(table("2026-09-01;ok;1,00;PLN", *rows), profile=SIMPLE)
    assert time.process_time() - begin < 5
    assert amounts(reading) == ["1.00"]
    assert reading.facts["failed"] == "20000" and len(reading.problems) <= 1002


def test_formula_like_text_is_kept() -> None:
    """A text that looks like a formula is kept as it is."""
    reading = tabular.read(table("2026-09-01;=HYPERLINK(1);5,00;PLN"), profile=SIMPLE)
    assert reading.statements[0].entries[0].details[0].remittance == "=HYPERLINK(1)"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for profile in (None, SIMPLE):
        reading = tabular.read(data, profile=profile)
        assert reading.statements or reading.problems
    tabular.draft_layout(data)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40), max_size=8))
def test_any_lines_below_a_header_are_accounted_for(lines: list[str]) -> None:
    data = table("2026-09-01;a;5,00;PLN", *lines)
    assume(find_format(data) == "table")  # a line such as ":20:" makes it something else, which is refused
    reading = tabular.read(data, profile=replace(SIMPLE, ragged=True))
    facts = reading.facts
    skipped = sum(int(count) for name, count in facts.items() if name.startswith("skipped."))
    assert int(facts["rows"]) == int(facts["entries"]) + int(facts["failed"]) + skipped
    tabular.draft_layout(data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_table_never_crashes_and_never_grows(draw: st.DataObject) -> None:
    data = bytearray(
        write_csv(plain_entries(4, seed=1), draw.draw(st.sampled_from(["pl.pko.ipko", "pl.ing.moje"])))
    )
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    assert len(amounts(tabular.read(bytes(data)))) <= 5


@pytest.mark.parametrize("before", ["2026-09-01;a;5,00;PLN", '2026-09-01;"a;5,00;PLN'])
def test_overlong_line_loses_no_other(before: str) -> None:
    """A line that is far too long fails, and no other line is lost with it."""
    long = "2026-09-02;" + "x" * 600_000 + ";7,00;PLN"
    reading = tabular.read(table(before, long, "2026-09-03;c;9,00;PLN"), profile=SIMPLE)
    failed = [problem.where for problem in reading.problems if problem.level == "error"]
    assert "line 3" in failed
    assert amounts(reading) == [*(["5.00"] if '"' not in before else []), "9.00"]


def test_table_of_million_lines_is_refused() -> None:
    """A table of more than a million lines is refused."""
    assert codes(tabular.read(table("2026-09-01;a;5,00;PLN") + b"\n" * 1_000_001)) == ["table_too_long"]
