"""Each cell of the design's table has its answer; digits that a spreadsheet lost are never made up."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from donorhub.domain.moving.cells import (
    AmountWriting,
    CellFault,
    UnreadableCell,
    read_account,
    read_amount,
    read_answer,
    read_digits,
    read_national_id,
    read_text,
    write_cell,
)
from donorhub.domain.moving.day_cells import DateWriting, read_day
from donorhub.domain.moving.people_cells import (
    Address,
    PersonName,
    is_pair,
    read_address,
    read_emails,
    read_name,
    read_phones,
    read_postcode,
    split_pair,
)
from importers.records import BrokenCell, Cell

COMMA = AmountWriting(",", "PLN")
DAY_FIRST = DateWriting("dmy")


@pytest.mark.parametrize(
    ("cell", "minor", "currency"),
    [
        ("50,00 zł", 5000, "PLN"),
        ("1 234,50", 123450, "PLN"),
        ("1\u00a0234,50", 123450, "PLN"),
        ("1\u202f234,50", 123450, "PLN"),
        ("50.-", 5000, "PLN"),
        ("50,--", 5000, "PLN"),
        ("50 PLN", 5000, "PLN"),
        ("50zł", 5000, "PLN"),
        ("50 zł.", 5000, "PLN"),
        ("€ 20", 2000, "EUR"),
        ("2 000 lekë", 200000, "ALL"),
        (50, 5000, "PLN"),
        (50.0, 5000, "PLN"),
        (0.1 + 0.2, 30, "PLN"),
        (1234.5, 123450, "PLN"),
    ],
)
def test_an_amount_of_a_gift_is_read(cell: Cell, minor: int, currency: str) -> None:
    """An amount is read with any blank, sign of decimals or unit; its unit beats the column's currency."""
    amount = read_amount(cell, COMMA)
    assert (amount.minor, amount.currency) == (minor, currency)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("(50,00)", "negative_amount"),
        ("-50,00", "negative_amount"),
        (-50, "negative_amount"),
        ("0,00", "zero_amount"),
        ("", "no_amount"),
        ("brak", "no_amount"),
        ("ok. 50", "unreadable_amount"),
        ("50-60", "unreadable_amount"),
        ("12,345", "unreadable_amount"),
        (33.333, "unreadable_amount"),
        ("1,09E+25", "lost_digits"),
        (1.09e25, "lost_digits"),
        (date(2024, 3, 12), "unreadable_amount"),
        (True, "unreadable_amount"),
        (BrokenCell("error_value", "D7"), "error_value"),
        (BrokenCell("formula_without_value", "D7"), "formula_without_value"),
    ],
)
def test_what_is_no_gift_is_refused(cell: Cell, code: CellFault) -> None:
    """A minus is a question, nothing is no gift, and a text or error is never some amount."""
    with pytest.raises(UnreadableCell) as refusal:
        read_amount(cell, COMMA)
    assert refusal.value.code == code


def test_an_amount_without_currency_is_refused() -> None:
    """No currency is assumed, and a cell's unit may not differ from the row's currency."""
    with pytest.raises(UnreadableCell, match="no_currency"):
        read_amount("50", AmountWriting(","))
    with pytest.raises(UnreadableCell, match="unknown_currency"):
        read_amount("50 EUR", COMMA, "PLN")


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (45363, date(2024, 3, 12)),
        (45363.75, date(2024, 3, 12)),
        ("45363", date(2024, 3, 12)),
        ("12.03.2024", date(2024, 3, 12)),
        ("12.3.24r.", date(2024, 3, 12)),
        ("12.03.2024 r.", date(2024, 3, 12)),
        ("12/03/2024", date(2024, 3, 12)),
        ("2024-03-12", date(2024, 3, 12)),
        ("12 marca 2024", date(2024, 3, 12)),
        ("12 mars 2024", date(2024, 3, 12)),
        ("12 III 2024", date(2024, 3, 12)),
        ("12.III.2024 r.", date(2024, 3, 12)),
        ("1 październik 2024", date(2024, 10, 1)),
        (date(2024, 3, 12), date(2024, 3, 12)),
        (datetime(2024, 3, 12, 14, 5), date(2024, 3, 12)),
    ],
)
def test_a_day_is_read_however_written(cell: Cell, day: date) -> None:
    """Serial numbers, typed days, marks of the year, words and Roman months are the same day."""
    assert read_day(cell, DAY_FIRST) == day


def test_serials_count_from_the_books_epoch() -> None:
    """A book of 1904 counts its days from there."""
    assert read_day(43901, DateWriting("dmy", epoch=date(1904, 1, 1))) == date(2024, 3, 12)


@pytest.mark.parametrize("cell", ["III 2024", "marzec 2024", "03.2024", "2024-03", "mars 2024", "März 2024"])
def test_a_month_waits_for_its_day(cell: str) -> None:
    """A month alone is no day until a person says which one, for the whole column."""
    with pytest.raises(UnreadableCell, match="month_only"):
        read_day(cell, DAY_FIRST)
    assert read_day(cell, DateWriting("dmy", "first")) == date(2024, 3, 1)
    assert read_day(cell, DateWriting("dmy", "last")) == date(2024, 3, 31)


@pytest.mark.parametrize("cell", ["13/13/2024", "30.02.2024", "wczoraj", "12.03.1824", "99999", "12.03"])
def test_what_no_calendar_has_is_refused(cell: str) -> None:
    """What is no day in the column's order is refused, never turned round."""
    with pytest.raises(UnreadableCell, match="unreadable_date"):
        read_day(cell, DAY_FIRST)


@pytest.mark.parametrize(
    ("cell", "country", "phone"),
    [
        (501234567.0, "PL", "+48 501234567"),
        ("501234567.0", "PL", "+48 501234567"),
        ("501 234 567", "PL", "+48 501234567"),
        ("(22) 501-23-45", "PL", "+48 225012345"),
        ("48501234567", "PL", "+48 501234567"),
        ("0048 501 234 567", "AL", "+48 501234567"),
        ("+355 69 123 4567", "PL", "+355 691234567"),
        ("069 123 4567", "AL", "+355 691234567"),
        ("044 123 456", "XK", "+383 44123456"),
        ("501234567 wew. 12", "PL", "501234567 wew. 12"),
        ("12345", "PL", "12345"),
        ("brak", "PL", ""),
    ],
)
def test_a_phone_gets_the_columns_country(cell: Cell, country: str, phone: str) -> None:
    """A number of the country's length gets its prefix; any other stays as it is written."""
    assert read_phones(cell, country) == ((phone,) if phone else ())


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("501 234 567; 22 621 10 20", ("+48 501234567", "+48 226211020")),
        ("501234567/601234567", ("+48 501234567", "+48 601234567")),
        ("501234567 lub +355 69 123 4567", ("+48 501234567", "+355 691234567")),
        ("501234567, 501 234 567", ("+48 501234567",)),
        ("22/621 10 20", ("22/621 10 20",)),
        ("501234567 / wew. 12", ("501234567 / wew. 12",)),
    ],
)
def test_two_phones_in_a_cell_are_two(cell: str, phones: tuple[str, ...]) -> None:
    """Two whole numbers in a cell are two; an area code or an extension is part of its number."""
    assert read_phones(cell, "PL") == phones


@pytest.mark.parametrize("cell", ["5,01E+08", "5.01E+08", 5.01e17])
def test_a_phone_with_lost_digits_is_refused(cell: Cell) -> None:
    """Digits that a spreadsheet lost are never guessed."""
    with pytest.raises(UnreadableCell, match="lost_digits"):
        read_phones(cell, "PL")


@pytest.mark.parametrize(
    ("cell", "account"),
    [
        ("61 1090 1014 0000 0712 1981 2874", "PL61109010140000071219812874"),
        ("'61109010140000071219812874", "PL61109010140000071219812874"),
        ("AL47 2121 1009 0000 0002 3569 8741", "AL47212110090000000235698741"),
        ("-", ""),
    ],
)
def test_an_account_is_kept_whole(cell: Cell, account: str) -> None:
    """An account is its IBAN, 26 digits are Polish."""
    assert read_account(cell) == account


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1,09E+25", "lost_digits"),
        ("1.09E+25", "lost_digits"),
        (1.09e25, "lost_digits"),
        ("61 1090 1014 0000 0712 1981 2875", "unreadable_account"),
        ("konto w PKO", "unreadable_account"),
    ],
)
def test_an_account_with_lost_digits_is_refused(cell: Cell, code: CellFault) -> None:
    """What is left of an account is no account."""
    with pytest.raises(UnreadableCell) as refusal:
        read_account(cell)
    assert refusal.value.code == code


def test_pesel_gets_its_zero_only_when_right() -> None:
    """Ten digits are a PESEL without its zero where check digit and day of birth fit; else refused."""
    assert read_national_id("44051401359") == "44051401359"
    assert read_national_id(2070803628) == "02070803628"
    for cell in ("2070803629", "44051401358", "4405140135", "02130803620", "1,23E+10"):
        with pytest.raises(UnreadableCell):
            read_national_id(cell)


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("TAK", "yes"),
        ("x", "yes"),
        ("Po", "yes"),
        (True, "yes"),
        (1, "yes"),
        ("NIE", "no"),
        ("jo", "no"),
        ("No", "no"),
        (0, "no"),
        ("brak zgody", "no"),
        ("brak", "unknown"),
        ("-", "unknown"),
        ("", "unknown"),
    ],
)
def test_words_of_consent_are_read(cell: Cell, answer: str) -> None:
    """A no is a no in each language; a dash or ``brak`` says nothing."""
    assert read_answer(cell) == answer


def test_another_word_of_consent_is_no_answer() -> None:
    """What nobody knows is read by a person."""
    with pytest.raises(UnreadableCell, match="unclear_word"):
        read_answer("tylko pocztą")


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Anna Kowalska", PersonName("Anna Kowalska", "Anna", "Kowalska")),
        ("KOWALSKA ANNA", PersonName("Anna Kowalska", "Anna", "Kowalska")),
        ("Kowalska, Anna", PersonName("Anna Kowalska", "Anna", "Kowalska")),
        (
            "Kowalska Anna (córka p. Ewy)",
            PersonName("Anna Kowalska", "Anna", "Kowalska", note="córka p. Ewy"),
        ),
        ("Fundacja Promyk", PersonName("Fundacja Promyk", is_organisation=True)),
        ("Gaja", PersonName("Gaja")),
        ("brak", PersonName("")),
    ],
)
def test_a_name_is_taken_apart_where_sure(cell: str, name: PersonName) -> None:
    """Brackets become a note, a family name may come first, and what is not sure stays whole."""
    assert read_name(cell) == name


def test_two_people_in_a_cell() -> None:
    """Two people of one name are two, each with the family name in their form; a firm is no pair."""
    assert is_pair("Anna i Jan Kowalscy")
    first, second = split_pair("Anna i Jan Kowalscy")
    assert (first.name, second.name) == ("Anna Kowalska", "Jan Kowalski")
    assert [one.name for one in split_pair("Agim dhe Arta Krasniqi")] == ["Agim Krasniqi", "Arta Krasniqi"]
    assert [one.name for one in split_pair("Anna Nowak i Jan Lis")] == ["Anna Nowak", "Jan Lis"]
    assert not is_pair("Kowalski i Syn sp. z o.o.")
    assert not is_pair("Anna Kowalska")


def test_an_address_in_one_cell() -> None:
    """Street, postcode and town where they are sure, else the whole text as the street."""
    assert read_address("ul. Lipowa 3/4, 00-123 Warszawa") == Address("ul. Lipowa 3/4", "00-123", "Warszawa")
    assert read_address("00-123 Warszawa, ul. Lipowa 3") == Address("ul. Lipowa 3", "00-123", "Warszawa")
    assert read_address("Rruga e Durrësit 12, 1001 Tiranë") == Address(
        "Rruga e Durrësit 12", "1001", "Tiranë"
    )
    assert read_address("Warszawa Lipowa 3") == Address("Warszawa Lipowa 3")


def test_two_emails_in_one_cell() -> None:
    """Two addresses by ``;`` or ``/`` are two; a text that is none is refused."""
    assert read_emails("a@example.org; b@example.org") == ("a@example.org", "b@example.org")
    assert read_emails("a@example.org/b@example.org") == ("a@example.org", "b@example.org")
    assert read_emails("-") == ()
    with pytest.raises(UnreadableCell, match="unreadable_email"):
        read_emails("ania małpa example.org")


def test_a_postcode_keeps_its_zero() -> None:
    """A number of Poland gets its dash and the zero that a spreadsheet cut."""
    assert read_postcode(123, "PL") == "123"
    assert read_postcode(1234, "PL") == "01-234"
    assert read_postcode("00123", "PL") == "00-123"
    assert read_postcode("1001", "AL") == "1001"


def test_our_own_guard_is_taken_off() -> None:
    """The sign that our exports put before a formula is no part of the text; an apostrophe of a name is."""
    assert write_cell("'=1+1") == "=1+1"
    assert write_cell("'s-Gravenhage") == "'s-Gravenhage"


def test_a_number_is_a_name_by_its_digits() -> None:
    """An id that a spreadsheet made a number is its digits; a broken cell has no text."""
    assert read_digits(1042.0) == "1042"
    assert read_digits("1042.0") == "1042"
    assert read_digits("A-1042.0") == "A-1042.0"
    with pytest.raises(UnreadableCell, match="error_value"):
        read_text(BrokenCell("error_value", "A1"))
