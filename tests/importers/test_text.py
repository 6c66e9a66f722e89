"""Encodings, amounts and dates as banks write them: what is read, and what is refused."""

from __future__ import annotations

import codecs
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.money import Money
from importers.text import (
    DATE_ORDERS,
    DateOrder,
    Undecodable,
    decode_text,
    find_code_page,
    find_date_orders,
    find_decimal_signs,
    parse_amount,
    parse_date,
)

POLISH = "Świetlana Gżegżółka; ul. Łąkowa 3; DAROWIZNA NA CELE STATUTOWE; OPŁATA ZA PRZELEW; Żółć"
ALBANIAN = "Dhuratë për fëmijët; Përshkrimi; Çelje llogarie; Gëzim Çela; Shqipëri"
GERMAN = "Müller, Straße, Überweisung, Grüße, Jörg"
SHORT = ("Opłata", "Tytuł", "ŁUKASZ ŻÓŁĆ", "ks. Błażej", "Kwota;Nadawca/Odbiorca;Tytuł", "Dhuratë", "Shënim")
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1250", "iso8859-2", "cp852", "cp1252")


def writable(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


MATRIX = [
    (text, codec) for text in (POLISH, ALBANIAN, GERMAN, *SHORT) for codec in CODECS if writable(text, codec)
]


@pytest.mark.parametrize(("text", "codec"), MATRIX)
def test_encodings_of_our_languages_are_distinguished(text: str, codec: str) -> None:
    """Every encoding of our languages is distinguished from the others."""
    assert decode_text(text.encode(codec))[0] == text


def test_the_codec_is_named_and_the_mark_removed() -> None:
    assert decode_text(b"\xef\xbb\xbfKwota") == ("Kwota", "utf-8-sig")
    assert decode_text("Kwota".encode("utf-16")) == ("Kwota", "utf-16")
    assert decode_text(POLISH.encode("cp1250"))[1] == "cp1250"
    assert decode_text(POLISH.encode("cp852"))[1] == "cp852"
    assert decode_text(b"") == ("", "utf-8")


def test_declared_charset_against_utf_8() -> None:
    """A declared single-byte charset is believed, but clear UTF-8 is not overruled by it."""
    data = "Müller".encode("iso8859-1")
    assert decode_text(data, "8859-1") == ("Müller", "iso8859-1")
    assert decode_text("żółw".encode(), "1252") == ("żółw", "utf-8")
    assert decode_text(POLISH.encode("cp1250"), "CSUNICODE")[0] == POLISH  # nonsense: the letters tell


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("ŁUKASZ ŻÓŁĆ", "cp1250"),
        ("zużycie wody w łazience", "cp1250"),
        ("5 m³ of water, £7 and ½ of it; €9", "cp1252"),
        ("¿Qué tal? ¡Hola! Müller® © 2026", "cp1252"),
    ],
)
def test_wrong_1252_is_overruled(text: str, codec: str) -> None:
    """A header that says 1252 whatever is in the file is overruled where it would give broken words."""
    assert decode_text(text.encode(codec), "1252") == (text, codec)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("1252", "cp1252"),
        ("ISO-8859-2", "iso8859-2"),
        ("8859-1", "iso8859-1"),
        ("latin2", "iso8859-2"),
        ("NONE", None),
        ("", None),
        ("utf-16", None),
        ("hex", None),
        ("a\0b", None),
        (None, None),
    ],
)
def test_charset_names_of_bank_files_are_mapped(declared: str | None, codec: str | None) -> None:
    assert find_code_page(declared) == codec


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (POLISH.encode()[:-1] + b"\xff" + POLISH.encode() * 3, "damaged"),
        (b"Kwota\0;5,00 and an odd length", "zero byte"),
        (codecs.BOM_UTF16_LE + b"a\0\0", "utf-16"),
        (codecs.BOM_UTF8 + b"\xff\xfe", "utf-8"),
    ],
)
def test_bytes_of_no_text_are_refused(data: bytes, says: str) -> None:
    """Bytes that are no text are refused with a sentence."""
    with pytest.raises(Undecodable, match=says):
        decode_text(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_whole_or_refused(data: bytes) -> None:
    try:
        text, codec = decode_text(data)
    except Undecodable:
        return
    assert text.removeprefix("\ufeff") == data.decode(codec).removeprefix("\ufeff")
    assert "\ufffd" not in text or "\ufffd".encode(codec)


def test_twenty_megabytes_are_decoded_in_a_moment() -> None:
    data = (POLISH + "\r\n").encode("cp1250") * 220_000
    begin = time.process_time()
    assert decode_text(data)[1] == "cp1250"
    assert time.process_time() - begin < 2  # measured 0.05


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("1.234,56", 123456),
        ("1,234.56", 123456),
        ("+2000.00", 200000),
        ("1 234,56", 123456),
        ("1\u00a0234,56", 123456),
        ("1\u202f234,56", 123456),
        ("1'234.50", 123450),
        ("1’234.50", 123450),
        ("45,90-", -4590),
        ("(45.90)", -4590),
        ("-45,90 zł", -4590),
        ("50,00 PLN", 5000),
        ("PLN 5.00", 500),
        ("- 5,00", -500),
        ("−5,00", -500),
        ("1.234.567", 123456700),
        (" 7 661,00", 766100),
        ("5", 500),
        ("50,", 5000),
        (".50", 50),
        ("0,5", 50),
        ("1000.000,00", None),
        ("27,0500", 2705),
        ("0.00", 0),
        ("-0,00", 0),
    ],
)
def test_bank_amounts_are_read(written: str, minor: int | None) -> None:
    """Amounts are read as banks write them, and what is no amount is refused."""
    if minor is None:
        with pytest.raises(ValueError, match="no amount"):
            parse_amount(written, "PLN")
    else:
        assert parse_amount(written, "PLN") == Money(minor, "PLN")


@pytest.mark.parametrize(
    "written",
    [
        "1,234",
        "1.234",
        "NaN",
        "Inf",
        "-Infinity",
        "1e400",
        "1E5",
        "1_000",
        "١٢",
        "１２",
        "--5",
        "-5-",
        "+-5",
        "(-5)",
        "1,23,456.00",
        "12,34.5",
        "-",
        ".",
        ",",
        "",
        " ",
        "()",
        "5 EUR",
        "5 €",
        "PLN 5 PLN",
        "1 2",
        "5 00,00",
        "0x10",
        "5,001",
        "1" * 16,
        "9" * 70,
        "5,0\n0",
        "=5",
        "5%",
    ],
)
def test_ambiguous_amount_is_refused(written: str) -> None:
    """What is no amount, or could be two amounts, is refused."""
    with pytest.raises(ValueError, match=r"amount|mean|is not in|decimals"):
        parse_amount(written, "PLN")


def test_known_decimal_sign_settles_amount() -> None:
    """A known decimal sign settles what could be read in two ways."""
    assert parse_amount("1,234", "PLN", ".") == Money(123400, "PLN")
    assert parse_amount("1,230", "PLN", ",") == Money(123, "PLN")
    assert parse_amount("1.234", "KWD", ".") == Money(1234, "KWD")
    assert parse_amount("1,500", "JPY", ".") == Money(1500, "JPY")
    for wrong, sign in (("1.23", ","), ("1,23", "."), ("1,234", ","), ("1.234,5", ".")):
        with pytest.raises(ValueError, match=r"amount|decimals"):
            parse_amount(wrong, "PLN", sign)


@given(st.integers(-(10**12), 10**12), st.sampled_from([",", "."]), st.sampled_from(["", " ", "'", "\u00a0"]))
def test_an_amount_that_was_written_is_read_back(minor: int, sign: str, between: str) -> None:
    whole = f"{abs(minor) // 100:,}".replace(",", between)
    written = f"{'-' if minor < 0 else ''}{whole}{sign}{abs(minor) % 100:02d}"
    assert parse_amount(written, "PLN", sign) == Money(minor, "PLN") == parse_amount(written, "PLN")


@given(st.text(max_size=70), st.sampled_from([None, ",", "."]))
def test_any_text_is_an_amount_or_refused(text: str, sign: str | None) -> None:
    try:
        assert parse_amount(text, "EUR", sign).currency == "EUR"
    except ValueError as e:
        assert str(e)  # noqa: PT017 - either way is right; anything else than ValueError is not


@pytest.mark.parametrize(
    ("written", "order", "day"),
    [
        ("2026-09-05", "ymd", date(2026, 9, 5)),
        ("05.09.2026", "dmy", date(2026, 9, 5)),
        ("05/09/26", "dmy", date(2026, 9, 5)),
        ("5.9.26", "dmy", date(2026, 9, 5)),
        ("09/05/2026", "mdy", date(2026, 9, 5)),
        ("20260905", "ymd", date(2026, 9, 5)),
        ("05092026", "dmy", date(2026, 9, 5)),
        ("29-02-2028", "dmy", date(2028, 2, 29)),
        ("2026-09-05 23:59:59", "ymd", date(2026, 9, 5)),
        ("2026-09-05T00:00:00Z", "ymd", date(2026, 9, 5)),
        (" 05.09.2026 ", "dmy", date(2026, 9, 5)),
    ],
)
def test_dates_are_read_in_order(written: str, order: DateOrder, day: date) -> None:
    """Dates are read in the order of day, month and year that is given."""
    assert parse_date(written, order) == day


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("29.02.2026", "dmy"),
        ("31.04.2026", "dmy"),
        ("13/13/2026", "dmy"),
        ("2026-09-05", "dmy"),
        ("05.09.2026", "ymd"),
        ("26-09-05", "ymd"),
        ("05.09-2026", "dmy"),
        ("05.09.1949", "dmy"),
        ("05.09.2101", "dmy"),
        ("00.00.0000", "dmy"),
        ("٠٥.09.2026", "dmy"),
        ("", "dmy"),
        ("5 Wrz 2026", "dmy"),
        ("05.09.202", "dmy"),
        ("1" * 100, "ymd"),
    ],
)
def test_days_that_no_calendar_has_are_refused(written: str, order: DateOrder) -> None:
    with pytest.raises(ValueError, match=r"date|year"):
        parse_date(written, order)


def test_orders_and_signs_fit_all_samples() -> None:
    """Only orders of dates and decimal signs that fit all samples are returned."""
    assert find_date_orders(["05/09/2026", "06/10/2026"]) == {"dmy", "mdy"}
    assert find_date_orders(["05/09/2026", "13/10/2026"]) == {"dmy"}
    assert find_date_orders(["05/09/2026", "10/13/2026"]) == {"mdy"}
    assert find_date_orders(["05/09/2026", "2026-09-05"]) == set()
    assert find_decimal_signs(["1,234", "5,678"]) == {",", "."}
    assert find_decimal_signs(["1,234", "12,345.00"]) == {"."}
    assert find_decimal_signs(["1,23", "1.23"]) == set()


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.sampled_from(DATE_ORDERS), st.sampled_from("-./"))
def test_a_date_that_was_written_is_read_back(day: date, order: DateOrder, sign: str) -> None:
    parts = {"y": f"{day.year}", "m": f"{day.month:02d}", "d": f"{day.day:02d}"}
    written = sign.join(parts[letter] for letter in order)
    assert parse_date(written, order) == day
    assert order in find_date_orders([written])


@given(st.text(max_size=40), st.sampled_from(DATE_ORDERS))
def test_any_text_is_a_date_or_refused(text: str, order: DateOrder) -> None:
    try:
        assert 1950 <= parse_date(text, order).year <= 2100
    except ValueError as e:
        assert str(e)  # noqa: PT017 - either way is right; anything else than ValueError is not


@pytest.mark.parametrize("codec", ["cp1250", "cp852"])
def test_placeholder_dot_proves_no_code_page(codec: str) -> None:
    """The byte that stands for an empty field says nothing of the code page; the letters decide."""
    rows = "".join(f"~20DAROWIZNA~21\xff~32DONOR {i}~33\xff\r\n" for i in range(20))
    data = rows.encode("latin-1") + "~20opłata~32DRUKARNIA ŚWIT\r\n".encode(codec)
    text, encoding = decode_text(data)
    assert encoding == codec
    assert "DRUKARNIA ŚWIT" in text and "opłata" in text
