"""OFX as banks write it: what is read exactly, what is refused, and the second reader."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from donorhub.money import Money
from importers.ofx import reader
from importers.statement import Entry, Problem, Reading

FILES = Path(__file__).parents[2] / "files" / "ofx"
HEADER = (
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\n"
    "CHARSET:1252\r\nCOMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
)


def row(amount: str = "10.00", day: str = "20260115", more: str = "<FITID>F1<NAME>A<MEMO>gift") -> str:
    return f"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>{day}<TRNAMT>{amount}{more}</STMTTRN>\r\n"


def statement(*rows: str, currency: str = "EUR", after: str = "") -> str:
    return (
        "<STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS>"
        f"<STMTRS><CURDEF>{currency}<BANKACCTFROM><BANKID>1<ACCTID>9876<ACCTTYPE>CHECKING</BANKACCTFROM>"
        f"<BANKTRANLIST><DTSTART>20260101<DTEND>20260131\r\n{''.join(rows)}</BANKTRANLIST>{after}"
        "</STMTRS></STMTTRNRS>"
    )


def document(*statements: str, header: str = HEADER) -> str:
    return f"{header}<OFX><BANKMSGSRSV1>{''.join(statements)}</BANKMSGSRSV1></OFX>\r\n"


def read(*rows: str) -> Reading:
    return reader.read(document(statement(*rows)).encode())


def entries(reading: Reading) -> list[Entry]:
    return [entry for statement in reading.statements for entry in statement.entries]


def errors(reading: Reading) -> list[Problem]:
    return [problem for problem in reading.problems if problem.level == "error"]


def only_error(reading: Reading) -> Problem:
    assert not reading.statements
    (problem,) = reading.problems
    assert problem.level == "error"
    return problem


# ------------------------------------------------------------ what a file says


def test_polish_sgml_file_gives_every_field() -> None:
    """A Polish SGML file in cp1250 gives every field that it has."""
    reading = reader.read((FILES / "sgml_cp1250.ofx").read_bytes())
    assert reading.problems == () and reading.facts == {"encoding": "cp1250"}
    (statement,) = reading.statements
    assert (statement.account, statement.account_scheme) == ("PL61109010140000071219812874", "iban")
    assert statement.period == (date(2026, 2, 1), date(2026, 2, 28))
    assert statement.created_at == datetime(2026, 3, 1, 8, 15, tzinfo=UTC)
    assert statement.closing is not None and statement.closing.amount == Money(125050, "PLN")
    assert statement.integrity == "unverifiable"
    gift, foundation, fee = statement.entries
    assert (gift.booked_on, gift.amount, gift.bank_ref) == (date(2026, 2, 3), Money(10000, "PLN"), "F1")
    assert gift.details[0].counterparty.name == "ŁUKASZ ŻÓŁĆ"
    assert gift.details[0].counterparty.account == "PL27114020040000300201355387"
    assert gift.details[0].counterparty.account_scheme == "iban"
    assert gift.details[0].remittance == "darowizna DH-1001-7"
    assert foundation.amount == Money(100000, "PLN")
    assert foundation.details[0].counterparty.name == "Fundacja Świt"
    assert foundation.details[0].counterparty.address == "ul. Prosta 1, 80-001, Gdańsk, PM"
    assert foundation.details[0].remittance == "zbiórka A&B"
    assert (fee.bank_ref, fee.entry_ref, fee.bank_code) == (None, "S9", "FEE")
    assert (fee.value_on, fee.details[0].end_to_end_id) == (date(2026, 2, 28), "E2E-9")
    assert fee.details[0].cheque_no == "17"


def test_raw_text_is_its_own_piece() -> None:
    """The raw text of an entry is its own piece of the file and nothing of its neighbour."""
    first, second = row(), row(more="<FITID>F2<NAME>B")
    assert [entry.raw for entry in entries(read(first, second))] == [first.strip(), second.strip()]


def test_xml_file_with_two_accounts() -> None:
    """An XML file in UTF-8 with two accounts and CDATA is read as two statements."""
    reading = reader.read((FILES / "xml_two_accounts.ofx").read_bytes())
    lek, euro = reading.statements
    assert (lek.currency, lek.bank_bic, euro.currency, euro.entries) == ("ALL", "SGSBALTX", "EUR", ())
    (entry,) = lek.entries
    assert entry.details[0].counterparty.name == "Çlirim & Bijtë <ShPK>"
    assert entry.details[0].remittance == "dhurim për fëmijët"
    assert (euro.account, euro.account_scheme) == ("000-77", "other")


def test_card_statement_keeps_original_amount() -> None:
    """A card statement keeps the original amount, and a balance of a later day is only advice."""
    (statement,) = reader.read((FILES / "card.qfx").read_bytes()).statements
    assert statement.entries[0].details[0].original == Money(-2400, "USD")
    assert statement.closing is None
    assert [balance.kind for balance in statement.balances] == ["interim"]


@pytest.mark.parametrize(
    "written",
    [
        "20240115",
        "20240115000000[+1:CET]",
        "20240115200000[-5:EST]",
        "20240115120000.000[-3.5:NST]",
        "2024-01-15",
    ],
)
def test_booking_day_ignores_time_zone(written: str) -> None:
    """The booking day is the bank's own day in every time zone."""
    (entry,) = entries(read(row(day=written)))
    assert entry.booked_on == date(2024, 1, 15)


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("1234,56", 123456),
        ("1.234,56", 123456),
        ("1,234.56", 123456),
        ("+1 058,53", 105853),
        ("1.234.567", 123456700),
        ("-.50", -50),
        ("0", 0),
        ("-00000000001500.0000", -150000),
    ],
)
def test_amounts_agree_with_second_reader(written: str, minor: int) -> None:
    """Amounts are read as banks write them, and the second reader agrees."""
    reading = read(row(written))
    assert errors(reading) == []
    assert [entry.amount.minor for entry in entries(reading)] == [minor]


@pytest.mark.parametrize("fitid", ["", "<FITID>", "<FITID></FITID>"])
@pytest.mark.parametrize("name", ["", "<NAME>", "<NAME></NAME>"])
def test_a_missing_id_or_name_loses_no_transaction(fitid: str, name: str) -> None:
    reading = read(row(more=f"{fitid}{name}<MEMO>gift"))
    assert errors(reading) == []
    (entry,) = entries(reading)
    assert (entry.bank_ref, entry.details[0].counterparty.name) == (None, None)
    assert entry.details[0].remittance == "gift"


@pytest.mark.parametrize(
    ("more", "name", "account", "remittance"),
    [
        ("<NAME>A<MEMO>for <b>Ann</b> and <mum><br>2026", "A", None, "for <b>Ann</b> and <mum> 2026"),
        ("<NAME>A<MEMO>Receipt 17<BR/>Date 3 May<BR>X", "A", None, "Receipt 17 Date 3 May X"),
        ("<NAME>A<MEMO>one<MEMO>two", "A", None, "one two"),
        ("<NAME>A<MEMO>one<MEMO>one", "A", None, "one"),
        (
            "<NAME>ANNA VERY LONG-NAMED<EXTDNAME>ANNA VERY LONG-NAMED OF WARSAW",
            "ANNA VERY LONG-NAMED OF WARSAW",
            None,
            "",
        ),
        ("<NAME>A<EXTDNAME>transfer 12", "A", None, ""),
        (
            "<NAME>A<BANKACCTTO><BANKID>1<ACCTID>DE89370400440532013000<MEMO>m",
            "A",
            "DE89370400440532013000",
            "m",
        ),
    ],
)
def test_nothing_of_the_payer_is_lost(more: str, name: str, account: str | None, remittance: str) -> None:
    """Nothing that a payer wrote, or the bank wrote about the payer, is lost."""
    reading = read(row(more=more))
    ((detail,),) = [entry.details for entry in entries(reading)]
    assert not reading.problems
    assert (detail.counterparty.name, detail.counterparty.account) == (name, account)
    assert detail.remittance == remittance


def test_one_id_for_two_payments_keeps_both() -> None:
    assert len(entries(read(row(), row()))) == 2


def test_careless_tags_are_read() -> None:
    """Tags in lower case, mixed closing and bare signs are read."""
    lower = row(more="<FITID>F1</FITID><NAME>A & B <3 C<MEMO>x</MEMO>").lower()
    (entry,) = entries(read(lower))
    assert entry.details[0].counterparty.name == "a & b <3 c"
    assert entry.details[0].remittance == "x"


def test_references_are_resolved_once() -> None:
    """Character references are resolved once, and only when they are whole."""
    (entry,) = entries(read(row(more="<NAME>AT&T &amp;amp; S&#243;w &lt;UK&gt;<MEMO>a&copy")))
    assert entry.details[0].counterparty.name == "AT&T &amp; Sów <UK>"
    assert entry.details[0].remittance == "a&copy"


def test_transactions_count_wherever_they_stand_inside_a_statement() -> None:
    bare = WHOLE.replace("<BANKTRANLIST>", "").replace("</BANKTRANLIST>", "")
    assert len(entries(reader.read(bare.encode()))) == 2


def test_correction_is_kept_with_warning() -> None:
    """A correction of an earlier transaction is kept, with a warning that points it out."""
    reading = read(row(more="<FITID>F2<CORRECTFITID>F1<CORRECTACTION>REPLACE"))
    (entry,) = entries(reading)
    assert ("CORRECTFITID", "F1") in entry.details[0].extra
    assert [(problem.level, problem.code) for problem in reading.problems] == [("warning", "correction")]


def test_currency_from_all_transactions() -> None:
    """A statement without a currency takes the one that all its transactions name."""
    in_aud = row(more="<CURRENCY><CURRATE>1.0<CURSYM>AUD</CURRENCY>")
    reading = reader.read(document(statement(in_aud, in_aud, currency="")).encode())
    assert [s.currency for s in reading.statements] == ["AUD"]


@pytest.mark.parametrize("text", [statement(row(), currency=""), statement(row(), currency="złoty")])
def test_unknown_currency_is_not_guessed(text: str) -> None:
    """A statement whose currency is unknown is refused, because a guess would be wrong money."""
    assert only_error(reader.read(document(text).encode())).code == "unknown_currency"


# ------------------------------------------------------------ encodings


@pytest.mark.parametrize(
    ("encoding", "charset", "codec"),
    [
        ("USASCII", "1250", "cp1250"),
        ("USASCII", "8859-2", "iso8859-2"),
        ("USASCII", "ISO-8859-2", "iso8859-2"),
        ("USASCII", "NONE", "cp1250"),
        ("WINDOWS-1250", "NONE", "cp1250"),
        ("UTF-8", "NONE", "utf-8"),
        ("UNICODE", "CSUNICODE", "utf-8"),
        ("USASCII", "1252", "utf-8"),  # declared wrongly
        ("USASCII", "1252", "utf-8-sig"),
        ("UNICODE", "NONE", "utf-16"),
    ],
)
def test_the_letters_come_out_whatever_the_header_says(encoding: str, charset: str, codec: str) -> None:
    header = HEADER.replace("USASCII", encoding).replace("1252", charset)
    text = document(statement(row(more="<NAME>ŁUKASZ ŻÓŁĆ<MEMO>źdźbło, ćma, dąb")), header=header)
    (entry,) = entries(reader.read(text.encode(codec)))
    assert entry.details[0].counterparty.name == "ŁUKASZ ŻÓŁĆ"


@pytest.mark.parametrize(
    "header",
    [
        "",
        HEADER.replace("\r\n", " "),
        "\r\n\r\n" + HEADER,
        HEADER.replace("\r\n", "\n"),
        '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211"?>',
    ],
)
def test_any_header_and_none_will_do(header: str) -> None:
    assert len(entries(reader.read(document(statement(row()), header=header).encode()))) == 1


# ------------------------------------------------------------ a bad row loses no good one


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        *(
            (row(amount), "unreadable_amount")
            for amount in ("NaN", "Infinity", "1e400", "1_000.00", "١٢٣.00")
        ),
        *(
            (row(amount), "unreadable_amount")
            for amount in ("", "null", "1,234", "10.005", "$120.00", "--5.00")
        ),
        *((row(day=day), "unreadable_date") for day in ("", "00000000", "20240231", "18990101", "99990101")),
        *((row(day=day), "unreadable_date") for day in ("15-01-2024", "٢٠٢٤٠١١٥", "202401")),
        (row(more="<CURRENCY><CURRATE>4<CURSYM>USD</CURRENCY>"), "other_currency"),
        (row(more="<TRNAMT>99.00"), "unreadable_transaction"),
        (row(more="<MEMO>" + "x" * 30_000), "too_long"),
    ],
)
def test_unreadable_transaction_loses_no_other(bad: str, code: str) -> None:
    """A transaction that cannot be read is named with its line, and the others are kept."""
    reading = read(row(), bad, row(more="<FITID>F9"))
    assert [entry.bank_ref for entry in entries(reading)] == ["F1", "F9"]
    assert [entry.position for entry in entries(reading)] == [0, 1]
    (problem,) = errors(reading)
    assert (problem.code, problem.where) == (code, "transaction 2, line 13")


def test_file_of_bad_rows_is_given_up() -> None:
    """A file of nothing but bad rows is given up instead of reporting a million problems."""
    reading = read(*(row("x") for _ in range(reader.MOST_BAD_ROWS + 1)))
    assert only_error(reading).code == "unreadable"


def test_unreadable_balance_only_warns() -> None:
    """A balance that cannot be read is a warning, and no entry is lost."""
    text = statement(row(), after="<LEDGERBAL><BALAMT>1,234<DTASOF>20260131</LEDGERBAL>")
    reading = reader.read(document(text).encode())
    assert [problem.code for problem in reading.problems] == ["unreadable_balance"]
    assert len(entries(reading)) == 1 and reading.statements[0].closing is None


# ------------------------------------------------------------ files that cannot be trusted


@pytest.mark.parametrize("part", range(5, 100, 5))
@pytest.mark.parametrize("name", ["sgml_cp1250.ofx", "xml_two_accounts.ofx", "card.qfx", "investments.ofx"])
def test_a_file_cut_anywhere_gives_nothing(name: str, part: int) -> None:
    data = (FILES / name).read_bytes()
    problem = only_error(reader.read(data[: len(data) * part // 100]))
    assert problem.code == "truncated" and "download it" in problem.message


WHOLE = document(statement(row(), row()))


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("</STMTTRN>", "", 1),
        WHOLE.replace("</STMTTRN>", ""),
        WHOLE.replace("</STMTRS>", ""),
        WHOLE.replace("</STMTTRNRS>", ""),
        WHOLE.replace("</OFX>", ""),
        WHOLE.replace("<STMTRS>", ""),
        WHOLE.replace("<BANKACCTFROM>", ""),
        WHOLE.replace("<MEMO>gift", "<MEMO><![CDATA[gift", 1),
        document(row()),
        "<OFX>" * 60 + "</OFX>" * 60,
        WHOLE.replace("<OFX>", '<!DOCTYPE OFX [<!ENTITY a "b">]><OFX>'),
    ],
)
def test_unclosed_groups_refuse_the_file(text: str) -> None:
    """A file whose groups do not close is refused as a whole, because entries may be missing."""
    assert only_error(reader.read(text.encode())).code in ("truncated", "damaged", "doctype")


def test_zero_characters_are_refused() -> None:
    assert only_error(reader.read(WHOLE.encode().replace(b"gift", b"gi\0ft"))).code == "undecodable"
    wide = WHOLE.replace("gift", "gi\0ft").encode("utf-16")
    assert only_error(reader.read(wide)).code == "damaged"


def test_banks_error_is_no_empty_statement() -> None:
    """An error that the bank reports is not taken for an empty statement."""
    problem = only_error(reader.read((FILES / "bank_error.ofx").read_bytes()))
    assert problem.code == "bank_error" and "2000 (General error)" in problem.message


def test_a_complete_file_without_a_statement_says_so() -> None:
    assert only_error(reader.read(b"<OFX><SIGNONMSGSRSV1></SIGNONMSGSRSV1></OFX>")).code == "no_statement"


def test_markup_in_text_makes_no_transaction() -> None:
    """Markup in a donor's text, or in a comment, makes no transaction."""
    evil = "<![CDATA[x</STMTTRN>" + row("1000000.00") + "]]>"
    assert [entry.amount.minor for entry in entries(read(row(more=f"<FITID>F1<MEMO>{evil}")))] == [1000]
    commented = row() + "<!--" + row("1000000.00") + "-->"
    assert [entry.amount.minor for entry in entries(read(commented))] == [1000]


@pytest.mark.slow
def test_ten_megabytes_of_nonsense_are_refused_in_seconds() -> None:
    hostile = [
        "<OFX>" + "<STMTTRN>" * 1_000_000,
        "<OFX>" + "</STMTTRN><STMTTRN>" * 500_000,
        "<OFX>" + "<STMTTRN></STMTTRN>" * 500_000 + "</OFX>",
        "<OFX>" + "<A><B>" * 1_500_000 + "</OFX>",
        "<OFX>" + "<![CDATA[" * 1_000_000,
        "<OFX><STMTTRN>" + "<" * 10_000_000,
        document(statement(row(more="<MEMO>" + "<a " * 3_000_000))),
    ]
    for text in hostile:
        data = text.encode()
        started = time.process_time()
        assert entries(reader.read(data)) == [], text[:60]
        assert time.process_time() - started < 5, text[:60]
