"""ofxparse reads the same text a second time, and no bytes crash either reader."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.money import Money
from importers.ofx import reader, tags
from importers.ofx import second as ofx_second
from importers.statement import Entry
from tests.importers.ofx.test_ofx import FILES, document, entries, errors, only_error, read, row, statement

# ------------------------------------------------------------ the second reader


def test_ofxparse_is_asked_up_to_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reader, ofxparse, is asked up to the limit and not beyond, since it is slow."""
    asked: list[int] = []

    def disagreement(rows: list[str], entries: tuple[Entry, ...]) -> str | None:
        asked.append(len(rows))
        return None

    monkeypatch.setattr(ofx_second, "find_disagreement", disagreement)
    data = document(statement(row(), row())).encode()
    for limit in (0, 1, 2, 3):
        reader.read(data, second_reader_limit=limit)
    assert asked == [2, 2]


def test_differing_readers_hold_the_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that differ hold the statement for a person, with both sums in the message."""
    monkeypatch.setattr(tags, "read_fields", _fields_with_another_amount)
    reading = read(row(), row(more="<FITID>F2"))
    assert [problem.code for problem in errors(reading)] == ["readers_disagree"]
    assert "sum of 22.00, ofxparse 2 with a sum of 20.00" in errors(reading)[0].message
    assert [s.integrity for s in reading.statements] == ["mismatch"]
    assert len(entries(reading)) == 2


def test_second_readers_failure_is_disagreement() -> None:
    """What the second reader cannot even take apart is a disagreement and raises nothing."""
    reading = read(row(more="<MEMO><![CDAT x"))
    assert [problem.code for problem in errors(reading)] == ["readers_disagree"]
    assert [(s.integrity, len(s.entries)) for s in reading.statements] == [("mismatch", 1)]


_FIELDS = tags.read_fields


def _fields_with_another_amount(text: str) -> dict[str, str]:
    return {**_FIELDS(text), "TRNAMT": "11.00"}


@pytest.mark.parametrize(
    "changed",
    [
        [],
        [row("10.00"), row("10.00")],
        [row("10.01")],
        [row(more="<FITID>other")],
        [row(day="20260116")],
        [row("x")],
    ],
)
def test_second_reader_sees_every_difference(changed: list[str]) -> None:
    """The second reader sees another number of rows, another amount, id or day."""
    found = entries(read(row()))
    assert ofx_second.find_disagreement([row()], found) is None
    assert ofx_second.find_disagreement(changed, found) is not None


def test_the_second_reader_reads_more_than_one_piece() -> None:
    rows = [row(f"{number}.00", more=f"<FITID>F{number}") for number in range(1, 601)]
    reading = read(*rows)
    assert reading.problems == () and len(entries(reading)) == 600


def test_trades_are_not_money() -> None:
    """Investments are read by ofxparse alone, and trades in them are not money that came or went."""
    (statement,) = reader.read((FILES / "investments.ofx").read_bytes()).statements
    assert (statement.account, statement.currency) == ("X-7", "USD")
    trade, cash = statement.entries
    assert (trade.status, trade.amount, trade.booked_on) == ("info", Money(-25000, "USD"), date(2026, 2, 10))
    assert (cash.status, cash.amount, cash.booked_on) == ("booked", Money(4000, "USD"), date(2026, 2, 11))


@pytest.mark.parametrize("amount", ["40.0071", "NaN", "1,234"])
def test_investments_that_ofxparse_cannot_read_wholly_are_refused(amount: str) -> None:
    data = (FILES / "investments.ofx").read_bytes().replace(b"40.00", amount.encode())
    assert only_error(reader.read(data)).code == "investments"


# ------------------------------------------------------------ any bytes at all


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    reading = reader.read(b"<OFX>" + data)
    assert reading.statements == () and errors(reading)


@given(
    st.lists(
        st.sampled_from(
            "<OFX>|</OFX>|<STMTTRN>|</STMTTRN>|<STMTRS>|</STMTRS>|<CURDEF>EUR|<TRNAMT>1.00|<DTPOSTED>20260101|<PAYEE>"
            "|</PAYEE>|<NAME>|</NAME>|<STATUS>|</STATUS>|<![CDATA[|]]>|<!--|-->|&amp;|<|>|/|é|\n|<A/>|</|<CURSYM>USD"
            "|<INVSTMTRS>|</INVSTMTRS>|<CURRENCY>|</CURRENCY>|<FITID>1|<SEVERITY>ERROR".split("|")
        ),
        max_size=40,
    )
)
def test_no_order_of_tags_crashes_the_reader(parts: list[str]) -> None:
    reading = reader.read("".join(parts).encode())
    assert reading.statements or errors(reading)


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=200))
def test_no_text_of_a_row_crashes_the_tokenizer(text: str) -> None:
    assert all(isinstance(value, str) for value in tags.read_fields(f"<NAME>{text}").values())
