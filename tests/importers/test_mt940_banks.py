"""MT940 as single banks bend its form: signs of amounts, numbers of accounts, rows without :86:."""

from __future__ import annotations

import pytest

from importers import mt940
from importers.statement import Entry, Statement
from tests.importers.bank_writers import OWN_ACCOUNT


def statement(*rows: str, opening: str = "C260929PLN1000,00", closing: str = "C260930PLN1050,00") -> bytes:
    head = [":20:ST1", f":25:/{OWN_ACCOUNT}", ":28C:00012/00001", f":60F:{opening}"]
    return "\r\n".join([*head, *rows, f":62F:{closing}", "-", ""]).encode()


def only(data: bytes) -> Statement:
    (one,) = mt940.read(data).statements
    return one


def only_entry(row: str) -> Entry:
    (entry,) = only(statement(row)).entries
    return entry


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("100,", 10000),
        (",5", 50),
        ("1.234,50", 123450),
        ("1,234.50", 123450),
        ("1234.5", 123450),
        ("50,00 ", 5000),
        ("100,000", 10000),
    ],
)
def test_amounts_are_read_with_whichever_signs_the_bank_writes_them(written: str, minor: int) -> None:
    read = only(statement(f":61:2609300930C{written}NTRFNONREF", ":86:a", opening=f"C260929PLN {written}"))
    assert read.opening is not None
    assert [e.amount.minor for e in read.entries] == [minor] == [read.opening.amount.minor]


@pytest.mark.parametrize(
    ("row", "name", "account", "remittance", "info"),
    [
        (":61:2609300930C50,00NTRFNONREF//B1\nfor DH-1001-7", None, None, "for DH-1001-7", None),
        (":61: 2609300930C50,00NTRFNONREF//B1\nthanks\n:86:x", None, None, "x", "thanks"),
        (
            ":61:260930C50,00NTRFNL91ABNA0417164300\nJ JANSEN",
            "J JANSEN",
            "NL91ABNA0417164300",
            "",
            "J JANSEN",
        ),
    ],
)
def test_a_row_without_a_text_of_its_own_keeps_what_stands_below_it(
    row: str, name: str | None, account: str | None, remittance: str, info: str | None
) -> None:
    entry = only_entry(row)
    (detail,) = entry.details
    assert (detail.counterparty.name, detail.counterparty.account) == (name, account)
    assert (detail.remittance, entry.info) == (remittance, info)


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("DE89370400440532013000EUR", "DE89370400440532013000"),
        ("61-1090-1014-0000-0712-1981-2874", "PL61109010140000071219812874"),
        ("10901014/0000071219812874PLN", "PL61109010140000071219812874"),
        ("/PL/61109010140000071219812874", "PL61109010140000071219812874"),
        ("37040044/0532013000", "37040044/0532013000"),
    ],
)
def test_one_account_has_one_number_however_the_bank_writes_it(written: str, account: str) -> None:
    data = statement(closing="C260930PLN1000,00").replace(f"/{OWN_ACCOUNT}".encode(), written.encode())
    assert only(data).account == account
