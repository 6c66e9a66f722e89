"""MT940 as single banks bend its form: signs of amounts, numbers of accounts, rows without :86:."""

from __future__ import annotations

import pytest

from donorhub.money import Money
from importers.mt940 import reader
from importers.statement import Entry, Statement
from tests.importers.bank_writers import OWN_ACCOUNT


def statement(*rows: str, opening: str = "C260929PLN1000,00", closing: str = "C260930PLN1050,00") -> bytes:
    head = [":20:ST1", f":25:/{OWN_ACCOUNT}", ":28C:00012/00001", f":60F:{opening}"]
    return "\r\n".join([*head, *rows, f":62F:{closing}", "-", ""]).encode()


def only(data: bytes) -> Statement:
    (one,) = reader.read(data).statements
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
def test_amounts_with_any_banks_signs(written: str, minor: int) -> None:
    """Amounts are read with whichever decimal and thousands signs the bank writes."""
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
def test_row_without_text_keeps_next_lines(
    row: str, name: str | None, account: str | None, remittance: str, info: str | None
) -> None:
    """A row without a text of its own keeps what stands in the line below it."""
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
def test_account_has_one_number_in_any_spelling(written: str, account: str) -> None:
    """One account has one number, however the bank writes it."""
    data = statement(closing="C260930PLN1000,00").replace(f"/{OWN_ACCOUNT}".encode(), written.encode())
    assert only(data).account == account


@pytest.mark.parametrize(
    ("text", "name", "address", "remittance"),
    [
        ("020~00IBCG\n~20gift\n~32Julia Lis ul.~33Wiosenna 4", "Julia Lis", "ul. Wiosenna 4", "gift"),
        (
            "020~00152\n~20gift\n~32ZIELONA FIRMA SP. Z O. O. U\n~33L. LIPOWA 2",
            "ZIELONA FIRMA SP. Z O. O.",
            "UL. LIPOWA 2",
            "gift",
        ),
        ("051^20gift^32JAN KOT^33LIPOWA 2", "JAN KOT", "LIPOWA 2", "gift"),
        (
            "166?20gift?32ERIKA MUSTERMANN-VON DER AL?33. EICHE",
            "ERIKA MUSTERMANN-VON DER AL. EICHE",
            None,
            "gift",
        ),
        ("/ORDP/ANNA LIS/REMI/gift", "ANNA LIS", None, "gift"),
        ("/ORDP/300000000460495\n/ANNA LIS\n/747//747\n/for a dog", "ANNA LIS", None, "747 747 for a dog"),
        ("/ORDP//NAME/ANNA LIS/REMI/gift", "ANNA LIS", None, "gift"),
        ("/OCMT/USD53,12/\nPAYMENT 12\n/OGB/A BANK", None, None, "PAYMENT 12 /OGB/A BANK"),
    ],
)
def test_name_address_and_title_in_each_dialect(
    text: str, name: str | None, address: str | None, remittance: str
) -> None:
    """Name, address and title are told apart in each dialect of the banks."""
    (detail,) = only_entry(f":61:2609300930C50,00NTRFNONREF\n:86:{text}").details
    assert (detail.counterparty.name, detail.counterparty.address) == (name, address)
    assert detail.remittance == remittance


def test_sepa_keywords_without_sub_fields() -> None:
    """The keywords of SEPA are known without numbered sub-fields around them."""
    text = "EREF+E2E-1 MREF+M1 CRED+DE98ZZZ09999999999 SVWZ+Gift 7\nfor EREF+"
    (detail,) = only_entry(f":61:2609300930C50,00NTRFNONREF\n:86:{text}").details
    assert (detail.end_to_end_id, detail.mandate_id) == ("E2E-1", "M1")
    assert detail.creditor_id == "DE98ZZZ09999999999"
    assert detail.remittance == "Gift 7 for EREF+"


@pytest.mark.parametrize(
    ("after", "bank_ref", "code"),
    [
        ("NONREF", None, "999"),
        ("NONREF//B7", "B7", "999"),
        ("//B7", "B7", "999"),
        ("NDDTMARF", None, "NDDT/999"),
    ],
)
def test_word_for_none_is_no_reference(after: str, bank_ref: str | None, code: str) -> None:
    """Whatever the type code, a word that means "none" makes no reference."""
    entry = only_entry(f":61:2609300930C50,00{after}\n:86:999gift")
    assert (entry.bank_ref, entry.entry_ref, entry.bank_code) == (bank_ref, None, code)


def test_co_operative_banks_have_own_layout() -> None:
    """Co-operative banks write the sign before the line ends and our own account in field 38: the donor is
    still found."""
    donor, ours = "PL27114020040000300201355387", OWN_ACCOUNT
    text = (
        f"034~\n20for October~21~\n22~23~\n27ZOFIA LIS-KOWALSKA O~28~\n3011402004~31{donor}~\n32ZOFIA LIS-KOW"
    )
    entry = only_entry(f":61:2609300930C50,00S0340000001090000123//123\n:86:{text}~33ALSKA O~\n38{ours}")
    (detail,) = entry.details
    assert (entry.bank_ref, entry.bank_code) == ("123", "S034/034")
    assert (detail.counterparty.name, detail.counterparty.account) == ("ZOFIA LIS-KOWALSKA O", donor)
    assert detail.remittance == "for October"


def test_code_in_own_text_hides_no_donor() -> None:
    """A code in a text field of its own hides no donor: name, account and title come from the next one."""
    donor = "PL27114020040000300201355387"
    text = f"034~00EXGC\n~20for October~21DH-1001-7\n~29{donor[2:]}\n~31{donor}\n~32ANNA LIS~33LIPOWA 2"
    entry = only_entry(f":61:2609300930C50,00S034NONREF//IPH7\n:86:034\n:86:{text}\n~62KRAKOW")
    (detail,) = entry.details
    assert (entry.bank_code, entry.info) == ("S034/034", "EXGC")
    assert (detail.counterparty.name, detail.counterparty.account) == ("ANNA LIS", donor)
    assert (detail.counterparty.address, detail.remittance) == ("LIPOWA 2 KRAKOW", "for October DH-1001-7")


def test_the_keys_of_nordic_banks_are_known() -> None:
    text = "/RREF/3825-7 /EREF/1309-1 /ORDP//NAME/A AG/REMI/Inv. 10 /RCMT/EUR 100,00 /CHRG/PLN 4,00"
    (detail,) = only_entry(f":61:2609300930C50,00NTRFNONREF\n:86:{text}").details
    assert (detail.tx_id, detail.end_to_end_id, detail.remittance) == ("3825-7", "1309-1", "Inv. 10")
    assert (detail.original, detail.charges) == (Money(10000, "EUR"), Money(400, "PLN"))


def test_lower_case_labels_and_payers_own() -> None:
    """Labels in small letters are known, while labels that the payer wrote stay in the title."""
    text = (
        "911 Transakcja Collect; ID IPH: XX000000000014; z rach.: 27114020040000300201355387;\n"
        "od: ANNA LIS ul.Lipowa 2; tyt.: a gift; od: mum; DATA STEMPLA: 02.06.2026; TNR: 1549.11"
    )
    (detail,) = only_entry(f":61:2609300930CN50,00NTRFNONREF//BR1\n:86:{text}").details
    assert (detail.counterparty.name, detail.counterparty.address) == ("ANNA LIS", "ul.Lipowa 2")
    assert detail.counterparty.account == "PL27114020040000300201355387"
    assert (detail.virtual_account, detail.tx_id) == ("XX000000000014", "1549.11")
    assert detail.remittance == "a gift; od: mum"
    assert detail.extra == (("stamped", "02.06.2026"),)
