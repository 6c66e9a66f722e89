"""camt as single banks bend it: encodings misnamed, codes in other places, numbers without country."""

from __future__ import annotations

import pytest

from importers.camt import reader
from tests.importers.bank_writers import OWN_ACCOUNT
from tests.importers.camt.camt_pieces import (
    amount,
    balance,
    codes,
    document,
    entry,
    only,
    only_detail,
    only_entry,
    parties,
)

NRB = "27114020040000300201355387"


@pytest.mark.parametrize("name", ["utf8", "UTF8", "utf-16", "UTF-16LE"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\r\n"])
def test_utf_8_under_another_name(name: str, mark: bytes) -> None:
    """UTF-8 is read although the file gives it another name, as some banks' files do."""
    head = f'<?xml version="1.0" encoding="{name}"?>'
    written = parties("<Dbtr><Nm>ŁUKASZ</Nm></Dbtr>")
    data = mark + head.encode() + document(entry(None, written))
    (detail,) = only(data).entries[0].details
    assert detail.counterparty.name == "ŁUKASZ"
    assert reader.read(data).problems == ()


def test_utf_16_that_is_one_is_still_read() -> None:
    head = '<?xml version="1.0" encoding="UTF-16"?>'
    assert len(only((head + document(entry()).decode()).encode("utf-16")).entries) == 1


def test_banks_own_status_moves_no_money() -> None:
    """A status of the bank's own moves no money: the entry is only for information, with a warning."""
    state = "<Sts><Prtry>VORGEMERKT</Prtry></Sts><BookgDt><Dt>2026-09-30</Dt></BookgDt>"
    data = document(entry(state=state))
    assert [one.status for one in only(data).entries] == ["info"]
    assert codes(reader.read(data)) == ["unknown_status"]


def test_unreadable_value_date_loses_no_entry() -> None:
    """A value date that cannot be read loses no booked entry; without a booking date the entry is refused."""
    data = document(
        entry(state="<Sts>BOOK</Sts><BookgDt><Dt>2026-09-30</Dt></BookgDt><ValDt><Dt>0001-01-01</Dt></ValDt>")
    )
    assert [one.value_on for one in only(data).entries] == [None]
    assert codes(reader.read(data)) == ["unreadable_date"]
    alone = document(entry(state="<Sts>BOOK</Sts><ValDt><Dt>0001-01-01</Dt></ValDt>"))
    assert only(alone).entries == ()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (f"<Othr><Id>{NRB}</Id></Othr>", f"PL{NRB}"),
        (f"<IBAN>{NRB}</IBAN>", f"PL{NRB}"),
        (f"<IBAN>pl{NRB}</IBAN>", f"PL{NRB}"),
        ("<Othr><Id>12345</Id></Othr>", "12345"),
    ],
)
def test_account_number_from_any_element(written: str, number: str) -> None:
    """One account has one number, whichever element the bank writes it into, so that a payer is
    recognised."""
    donor = f"<Dbtr><Nm>A</Nm></Dbtr><DbtrAcct><Id>{written}</Id></DbtrAcct>"
    assert only_detail(parties(donor)).counterparty.account == number
    own = document(entry()).replace(f"<IBAN>{OWN_ACCOUNT}</IBAN>".encode(), written.encode())
    assert only(own).account == number


def test_balances_under_proprietary_codes() -> None:
    """Balances are also known by codes that stand as the bank's own, so that they still prove the
    statement."""
    balances = balance("OPBD", "10.00") + balance("CLBD", "60.00")
    data = document(
        entry(),
        balances=balances.replace("Cd>OPBD</Cd", "Prtry>OPBD</Prtry").replace(
            "Cd>CLBD</Cd", "Prtry>CLBD</Prtry"
        ),
    )
    assert only(data).integrity == "proved"


def test_account_holder_is_the_payer() -> None:
    """A name that stands only with the account is the payer's name; the party's own name comes first."""
    account = f"<DbtrAcct><Id><IBAN>PL{NRB}</IBAN></Id><Nm>ANNA NOWAK</Nm></DbtrAcct>"
    assert only_detail(parties(account)).counterparty.name == "ANNA NOWAK"
    assert only_detail(parties("<Dbtr><Nm>A</Nm></Dbtr>", account)).counterparty.name == "A"


def test_named_document_is_kept_with_kind() -> None:
    """A document that the payer names, such as an invoice, is kept with its kind."""
    paper = "<RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>FV/7</Nb></RfrdDocInf>"
    creditors = "<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18</Ref></CdtrRefInf>"
    detail = only_detail(f"<RmtInf><Strd>{paper}{creditors}</Strd></RmtInf>")
    assert detail.references == (("CINV", "FV/7"), ("SCOR", "RF18"))


def test_words_for_no_reference_are_none() -> None:
    """Words that mean "no reference" make none, and indented texts become one line."""
    refs = "<Refs><EndToEndId>Not Provided</EndToEndId></Refs>"
    detail = only_detail(f"{refs}<RmtInf><Ustrd>one\n    two</Ustrd></RmtInf>")
    assert (detail.end_to_end_id, detail.remittance) == (None, "one two")
    assert only_entry(amount(), refs).details[0].remittance == ""
