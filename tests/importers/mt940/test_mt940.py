"""MT940 and MT942 as banks write them: dates, marks, balances, ends, and what is never lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import importers
from donorhub.money import Money
from importers.mt940 import reader
from importers.statement import Entry, Reading, Statement
from tests.importers.bank_writers import MT940_DIALECTS, OWN_ACCOUNT, plain_entries, write_mt940

FILES = Path(__file__).parents[2] / "files" / "mt940"


def statement(*rows: str, opening: str = "C260929PLN1000,00", closing: str = "C260930PLN1050,00") -> bytes:
    head = [":20:ST1", f":25:/{OWN_ACCOUNT}", ":28C:00012/00001", f":60F:{opening}"]
    return "\r\n".join([*head, *rows, f":62F:{closing}", "-", ""]).encode()


def only(data: bytes) -> Statement:
    (one,) = reader.read(data).statements
    return one


def only_entry(row: str, **balances: str) -> Entry:
    (entry,) = only(statement(row, **balances)).entries
    return entry


def codes(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.problems}


def places(reading: Reading, code: str) -> list[str | None]:
    return [problem.where for problem in reading.problems if problem.code == code]


def test_account_currency_counts_only_without_others() -> None:
    """The currency of the account counts only where no field of the file names one."""
    bare = b":20:X\r\n:25:1\r\n:28C:1\r\n:61:2609300930C50,00NTRFNONREF\r\n:86:gift\r\n:62F:oops\r\n-\r\n"
    assert [s.currency for s in importers.read(bare).statements] == ["XXX"]
    assert [s.currency for s in importers.read(bare, currency="PLN").statements] == ["PLN"]
    assert "no_currency" not in codes(importers.read(bare, currency="PLN"))
    told = statement(":61:2609300930C50,00NTRFNONREF")
    assert [s.currency for s in importers.read(told, currency="EUR").statements] == ["PLN"]


# ---------------------------------------------------------------- a whole statement


def test_statement_has_numbers_balances_and_proof() -> None:
    """A statement has its account, number, page, balances and a proof that they agree."""
    read = only(statement(":61:2609300930C50,00NTRFNONREF//B1"))
    assert (read.account, read.account_scheme, read.currency) == (OWN_ACCOUNT, "iban", "PLN")
    assert (read.statement_id, read.sequence_no, read.page) == ("ST1", "00012", "00001")
    assert read.opening and read.opening.amount == Money(100_000, "PLN")
    assert read.opening.on == date(2026, 9, 29)
    assert read.closing and read.closing.kind == "closing"
    assert (read.integrity, read.advice, read.source_format) == ("proved", False, "mt940")


def test_row_keeps_its_references_and_info() -> None:
    """What a row says beside its text is kept with the row itself: days, references, code and note."""
    row = ":61:2610010930C50,00NTRFORDER 7//B1\r\nBOOKED BY HAND\r\n:86:a gift"
    entry = only_entry(row)
    assert (entry.booked_on, entry.value_on) == (date(2026, 9, 30), date(2026, 10, 1))
    assert (entry.amount, entry.bank_ref, entry.entry_ref) == (Money(5_000, "PLN"), "B1", "ORDER 7")
    assert (entry.bank_code, entry.info) == ("NTRF", "BOOKED BY HAND")
    assert entry.raw == row.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("mark", "minor", "reversal", "status"),
    [
        ("C", 5_000, False, "booked"),
        ("D", -5_000, False, "booked"),
        ("CR", 5_000, False, "booked"),
        ("DR", -5_000, False, "booked"),
        ("CN", 5_000, False, "booked"),
        ("RC", -5_000, True, "booked"),
        ("RCR", -5_000, True, "booked"),
        ("RD", 5_000, True, "booked"),
        ("EC", 5_000, False, "pending"),
        ("ED", -5_000, False, "pending"),
    ],
)
def test_mark_decides_the_sign(mark: str, minor: int, reversal: bool, status: str) -> None:
    """The mark decides the sign of an amount; the funds code letter behind it changes nothing."""
    entry = only_entry(f":61:2609300930{mark}50,00NTRFNONREF")
    assert (entry.amount.minor, entry.reversal, entry.status) == (minor, reversal, status)


def test_expected_entry_counts_in_no_balance() -> None:
    """An expected entry does not count against the balances."""
    read = only(statement(":61:2609300930EC50,00NTRFNONREF", closing="C260930PLN1000,00"))
    assert read.integrity == "proved"


@pytest.mark.parametrize(
    ("value", "entry", "booked_on"),
    [
        ("251231", "0102", date(2026, 1, 2)),
        ("260102", "1231", date(2025, 12, 31)),
        ("260930", "", date(2026, 9, 30)),
        ("240301", "0229", date(2024, 2, 29)),
    ],
)
def test_entry_date_takes_the_nearest_year(value: str, entry: str, booked_on: date) -> None:
    """The entry date is in the year that is nearest to the value date, also around New Year."""
    assert only_entry(f":61:{value}{entry}C50,00NTRFNONREF").booked_on == booked_on


@pytest.mark.parametrize(
    ("value", "value_on"), [("260230", date(2026, 2, 28)), ("240230", date(2024, 2, 29))]
)
def test_thirtieth_of_february_moves_to_last(value: str, value_on: date) -> None:
    """30 February becomes the last day of February, and the report names the line."""
    reading = reader.read(statement(f":61:{value}0301C50,00NTRFNONREF"))
    assert reading.statements[0].entries[0].value_on == value_on
    assert places(reading, "date_moved") == ["line 5"]


@pytest.mark.parametrize("amount", ["50,", "50", "000000000050,00", "50,0", "50,000"])
def test_amounts_with_and_without_decimals_are_exact(amount: str) -> None:
    assert only_entry(f":61:2609300930C{amount}NTRFNONREF").amount == Money(5_000, "PLN")


@pytest.mark.parametrize("word", ["NONREF", "NOTPROVIDED", "EREF", "KREF+", "0", "000000", ""])
def test_words_for_no_reference_are_no_reference(word: str) -> None:
    entry = only_entry(f":61:2609300930C50,00NTRF{word}//{word}")
    assert (entry.bank_ref, entry.entry_ref) == (None, None)


def test_long_references_with_blanks_are_read() -> None:
    """A reference that is too long and one with blanks in it are read whole."""
    entry = only_entry(":61:2609300930C50,00NTRF29-07-2014 10:05 AND MORE THAN 16//B4G29PGDCK1QFV3E")
    assert (entry.entry_ref, entry.bank_ref) == ("29-07-2014 10:05 AND MORE THAN 16", "B4G29PGDCK1QFV3E")


# ---------------------------------------------------------------- rows that cannot be read


@pytest.mark.parametrize(
    "row",
    [
        ":61:2609310930C50,00NTRFNONREF",
        ":61:2613010930C50,00NTRFNONREF",
        ":61:2609300230X50,00NTRFNONREF",
        ":61:2609301340C50,00NTRFNONREF",
        ":61:2609300930C5O,00NTRFNONREF",
        ":61:2609300930C1.234NTRFNONREF",
        ":61:2609300930C5.0.0NTRFNONREF",
        ":61:2609300930C50,001NTRFNONREF",
        ":61:2609300930CNTRFNONREF",
    ],
)
def test_unreadable_row_loses_no_other(row: str) -> None:
    """A row that cannot be read names its line and loses no other row."""
    good = ":61:2609300930C50,00NTRFNONREF//{}\r\n:86:a gift"
    reading = reader.read(statement(good.format("A"), row, good.format("B"), closing="C260930PLN1100,00"))
    assert [entry.bank_ref for entry in reading.statements[0].entries] == ["A", "B"]
    assert places(reading, "unreadable_entry") == ["line 7"]


def test_broken_date_makes_no_text() -> None:
    """A row of which only the date is broken is an error, and no text of the row before it."""
    reading = reader.read(statement(":61:2609300930C50,00NTRFNONREF", ":86:a", ":61:X609300930C5,00NTRF"))
    assert places(reading, "unreadable_entry") == ["line 7"]


def test_row_like_text_stays_text() -> None:
    """A line of a payer's text that begins like a row stays text, with a warning: nobody writes himself an
    entry."""
    reading = reader.read(statement(":61:2609300930C50,00NTRFNONREF", ":86:REF", ":61:not a row"))
    (entry,) = reading.statements[0].entries
    assert entry.details[0].remittance == "REF :61:not a row"
    assert places(reading, "tag_in_text") == ["line 7"]


def test_dash_in_text_ends_no_statement() -> None:
    """A line of a payer's text that is only a dash ends no statement, so later entries are not lost."""
    row = ":61:2609300930C25,00NTRFNONREF"
    read = only(statement(row, ":86:thanks", "-", "and bye", row, ":86:b"))
    assert [entry.details[0].remittance for entry in read.entries] == ["thanks - and bye", "b"]
    assert read.integrity == "proved"


def test_no_message_repeats_a_payers_text() -> None:
    broken = write_mt940(plain_entries(5, 3), "gvc").replace(b"C", b"X")
    said = " ".join(problem.message for problem in reader.read(broken).problems)
    assert "no entry" in said
    assert not any(plain.name in said or plain.account in said for plain in plain_entries(5, 3))


# ---------------------------------------------------------------- balances, pages, ends


def test_swift_envelope_names_the_bank() -> None:
    """SWIFT's envelope names the bank, and a missing end of it is reported."""
    data = b"{1:F01INGBNL2AXXXX0000000000}{2:I940INGBNL2AXXXN}{4:\r\n" + statement(
        closing="C260930PLN1000,00"
    )
    whole = data.replace(b"\r\n-\r\n", b"\r\n-}{5:{MAC:00000000}{CHK:000000000000}}\x03\r\n")
    assert only(whole).bank_bic == "INGBNL2A"
    assert reader.read(whole).problems == ()
    assert codes(reader.read(whole[: whole.index(b"\r\n-}")])) == {"no_end_mark"}


def test_envelope_without_own_line_is_read() -> None:
    """An envelope without a line of its own is read with the statement that follows on the same line."""
    data = b"{1:F01INGBNL2AXXXX0000000000}{4:" + statement(closing="C260930PLN1000,00")
    assert (only(data).statement_id, only(data).bank_bic) == ("ST1", "INGBNL2A")


def test_text_behind_last_statement_is_reported() -> None:
    """Something that stands behind the last statement is reported."""
    data = statement(closing="C260930PLN1000,00") + b"{1:F01INGBNL2AXXXX00"
    assert codes(reader.read(data)) == {"loose_rest"}


def test_statement_number_over_two_lines() -> None:
    """A statement number that is broken over two lines is read."""
    data = statement(closing="C260930PLN1000,00").replace(b":28C:00012/00001", b":28:\r\n00012/00001")
    assert (only(data).sequence_no, only(data).page) == ("00012", "00001")


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("70011110/4005287001EUR", "70011110/4005287001"),
        ("1291.99.348EUR", "1291.99.348"),
        ("INGBPLPW/PL61109010140000071219812874", OWN_ACCOUNT),
        ("61109010140000071219812874", OWN_ACCOUNT),
        ("PL61 1090 1014 0000 0712 1981 2874", OWN_ACCOUNT),
        ("BPHKPLPK/320000546101 ", "BPHKPLPK/320000546101"),
    ],
)
def test_account_loses_currency_and_bank_code(written: str, account: str) -> None:
    """The account stands without the currency, blanks and bank code around it."""
    data = statement(opening="C260929EUR0,", closing="C260930EUR0,")
    assert only(data.replace(f"/{OWN_ACCOUNT}".encode(), written.encode())).account == account


def test_rows_without_balance_have_no_currency() -> None:
    """Rows without any balance have no currency, and that is an error."""
    reading = reader.read(b":61:110701CN50,00NZ10NONREF\n-\n")
    assert reading.statements[0].currency == "XXX"
    assert {problem.code for problem in reading.problems if problem.level == "error"} == {
        "no_currency",
        "statement_cut",
    }


# ---------------------------------------------------------------- MT942


# ---------------------------------------------------------------- nothing is lost, nothing is raised


@pytest.mark.parametrize("data", [b"", b"\0\1\2", b"hello", b"<html></html>", b":86:only a text", b"-"])
def test_file_without_statement_is_refused(data: bytes) -> None:
    """A file with no statement in it is refused in one sentence."""
    reading = reader.read(data)
    assert reading.statements == ()
    assert [problem.level for problem in reading.problems] == ["error"]


@pytest.mark.parametrize("dialect", MT940_DIALECTS)
def test_cut_file_loses_nothing_silently(dialect: str) -> None:
    """A file that is cut anywhere never loses an entry silently: it is whole and proved, or there is a
    problem."""
    data = write_mt940(plain_entries(40, 5), dialect)
    for cut in {len(data) * percent // 100 for percent in range(0, 100, 5)} | set(
        range(len(data) - 120, len(data))
    ):
        reading = reader.read(data[:cut])
        whole = sum(len(read.entries) for read in reading.statements) == 40
        proved = all(read.integrity == "proved" for read in reading.statements)
        assert reading.problems or (whole and proved), f"cut at {cut} of {len(data)}"


@given(st.binary(max_size=400))
def test_random_bytes_are_never_an_exception(data: bytes) -> None:
    assert isinstance(reader.read(b":20:X\n:60F:C260929PLN1000,00\n" + data), Reading)
    assert isinstance(reader.read(data), Reading)


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(MT940_DIALECTS)),
    st.lists(
        st.tuples(
            st.integers(0, 3_000),
            st.integers(0, 30),
            st.sampled_from(
                [b"", b"\n:61:", b"\n-\n", b"?20", b"9", b",", b"\n:86:", b"/NAME/", b"\x01", b":"]
            ),
        ),
        max_size=6,
    ),
)
def test_mutated_file_reports_its_losses(dialect: str, cuts: list[tuple[int, int, bytes]]) -> None:
    """A file that was changed at random raises nothing and says when it lost an entry."""
    data = write_mt940(plain_entries(12, 9), dialect)
    for at, length, other in cuts:
        data = data[:at] + other + data[at + length :]
    reading = reader.read(data)
    count = sum(len(read.entries) for read in reading.statements)
    assert count == 12 or reading.problems


def test_reading_again_gives_the_same() -> None:
    data = write_mt940(plain_entries(30, 2), "tilde")
    assert reader.read(data) == reader.read(data)
