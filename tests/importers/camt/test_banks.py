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
def test_utf_8_is_read_although_the_file_calls_it_by_another_name(name: str, mark: bytes) -> None:
    head = f'<?xml version="1.0" encoding="{name}"?>'
    written = parties("<Dbtr><Nm>ŁUKASZ</Nm></Dbtr>")
    data = mark + head.encode() + document(entry(None, written))
    (detail,) = only(data).entries[0].details
    assert detail.counterparty.name == "ŁUKASZ"
    assert reader.read(data).problems == ()


def test_utf_16_that_is_one_is_still_read() -> None:
    head = '<?xml version="1.0" encoding="UTF-16"?>'
    assert len(only((head + document(entry()).decode()).encode("utf-16")).entries) == 1


def test_a_status_of_the_banks_own_moves_no_money() -> None:
    state = "<Sts><Prtry>VORGEMERKT</Prtry></Sts><BookgDt><Dt>2026-09-30</Dt></BookgDt>"
    data = document(entry(state=state))
    assert [one.status for one in only(data).entries] == ["info"]
    assert codes(reader.read(data)) == ["unknown_status"]


def test_a_value_date_that_cannot_be_read_loses_no_booked_entry() -> None:
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
def test_one_account_has_one_number_whichever_element_the_bank_uses(written: str, number: str) -> None:
    donor = f"<Dbtr><Nm>A</Nm></Dbtr><DbtrAcct><Id>{written}</Id></DbtrAcct>"
    assert only_detail(parties(donor)).counterparty.account == number
    own = document(entry()).replace(f"<IBAN>{OWN_ACCOUNT}</IBAN>".encode(), written.encode())
    assert only(own).account == number


def test_balances_are_known_by_codes_that_stand_as_the_banks_own() -> None:
    balances = balance("OPBD", "10.00") + balance("CLBD", "60.00")
    data = document(
        entry(),
        balances=balances.replace("Cd>OPBD</Cd", "Prtry>OPBD</Prtry").replace(
            "Cd>CLBD</Cd", "Prtry>CLBD</Prtry"
        ),
    )
    assert only(data).integrity == "proved"


def test_a_name_that_stands_with_the_account_alone_is_the_payers() -> None:
    account = f"<DbtrAcct><Id><IBAN>PL{NRB}</IBAN></Id><Nm>ANNA NOWAK</Nm></DbtrAcct>"
    assert only_detail(parties(account)).counterparty.name == "ANNA NOWAK"
    assert only_detail(parties("<Dbtr><Nm>A</Nm></Dbtr>", account)).counterparty.name == "A"


def test_a_paper_that_the_payer_names_is_kept_with_its_kind() -> None:
    paper = "<RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>FV/7</Nb></RfrdDocInf>"
    creditors = "<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18</Ref></CdtrRefInf>"
    detail = only_detail(f"<RmtInf><Strd>{paper}{creditors}</Strd></RmtInf>")
    assert detail.references == (("CINV", "FV/7"), ("SCOR", "RF18"))


def test_words_for_no_reference_are_none_and_indented_texts_one_line() -> None:
    refs = "<Refs><EndToEndId>Not Provided</EndToEndId></Refs>"
    detail = only_detail(f"{refs}<RmtInf><Ustrd>one\n    two</Ustrd></RmtInf>")
    assert (detail.end_to_end_id, detail.remittance) == (None, "one two")
    assert only_entry(amount(), refs).details[0].remittance == ""
