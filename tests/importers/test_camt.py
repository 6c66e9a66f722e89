"""camt.052, .053 and .054 of all versions: what an entry, its payments and its statement say."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import importers
from donorhub.money import Money
from importers import camt
from importers.statement import Begin, Detail, End, Entry, Party, Problem, Reading, Statement
from tests.importers.bank_writers import OWN_ACCOUNT, Plain, plain_entries
from tests.importers.camt_writer import write_camt

FILES = Path(__file__).parents[1] / "files" / "camt"
SHARED = Path(os.environ.get("DONORHUB_SHARED", Path(__file__).resolve().parents[3] / "shared"))
BANK = SHARED / "corpora" / "bank"
DONOR = (
    "<Dbtr><Nm>ANNA NOWAK</Nm></Dbtr><DbtrAcct><Id><IBAN>PL27114020040000300201355387</IBAN></Id></DbtrAcct>"
)
US = f"<Cdtr><Nm>Fundacja</Nm></Cdtr><CdtrAcct><Id><IBAN>{OWN_ACCOUNT}</IBAN></Id></CdtrAcct>"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def amount(text: str = "50.00", sign: str = "CRDT", currency: str = "EUR") -> str:
    return f'<Amt Ccy="{currency}">{text}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def balance(code: str, text: str, on: str = "2026-09-30") -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{amount(text)}<Dt><Dt>{on}</Dt></Dt></Bal>"


BOOKED = "<Sts>BOOK</Sts><BookgDt><Dt>2026-09-30</Dt></BookgDt>"


def entry(money: str | None = None, *payments: str, state: str = BOOKED, batch: str = "") -> str:
    listed = "".join(f"<TxDtls>{payment}</TxDtls>" for payment in payments)
    details = f"<NtryDtls>{batch}{listed}</NtryDtls>" if batch or listed else ""
    return f"<Ntry>{money or amount()}{state}{details}</Ntry>"


def document(*entries: str, balances: str = "", head: str = "", currency: str = "<Ccy>EUR</Ccy>") -> bytes:
    account = f"<Acct><Id><IBAN>{OWN_ACCOUNT}</IBAN></Id>{currency}</Acct>"
    body = f"<Stmt><Id>S1</Id>{head}{account}{balances}{''.join(entries)}</Stmt>"
    return f"<Document><BkToCstmrStmt>{body}</BkToCstmrStmt></Document>".encode()


def parties(*said: str) -> str:
    return f"<RltdPties>{''.join(said)}</RltdPties>"


def only(data: bytes) -> Statement:
    (statement,) = camt.read(data).statements
    return statement


def only_entry(*args: str, **kwargs: str) -> Entry:
    (found,) = only(document(entry(*args, **kwargs))).entries
    return found


def only_detail(payment: str, money: str | None = None, state: str = BOOKED) -> Detail:
    (detail,) = only_entry(money or amount(), payment, state=state).details
    return detail


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


# ---------------------------------------------------------------- whole files


def test_a_version_8_file_gives_all_that_it_says_of_its_account() -> None:
    reading = camt.read((FILES / "version_8.xml").read_bytes())
    (statement,) = reading.statements
    assert reading.problems == () and reading.format == "camt"
    assert (statement.source_format, statement.advice, statement.integrity) == ("camt.053", False, "proved")
    assert (statement.account, statement.account_scheme) == ("DE89370400440532013000", "iban")
    assert (statement.currency, statement.owner, statement.bank_bic) == (
        "EUR",
        "Stiftung Beispiel",
        "COBADEFF",
    )
    assert (statement.message_id, statement.statement_id, statement.page) == ("MSG-1", "STMT-1", "2")
    assert (statement.sequence_no, statement.legal_seq) == ("188", "187")
    assert statement.period == (date(2026, 9, 29), date(2026, 9, 30))
    assert statement.created_at == datetime(2026, 10, 1, 5, tzinfo=UTC)
    assert [b.kind for b in statement.balances] == ["opening", "closing", "available"]
    assert statement.closing and (statement.closing.amount, statement.closing.on) == (
        eur(104550),
        date(2026, 9, 30),
    )


def test_a_version_8_entry_and_its_payment_keep_every_field() -> None:
    data = (FILES / "version_8.xml").read_bytes()
    (found,) = only(data).entries
    assert (found.booked_on, found.value_on) == (date(2026, 9, 30), date(2026, 10, 1))
    assert (found.bank_ref, found.entry_ref, found.bank_code) == ("BANK-1", "N-1", "PMNT/RDDT/ESDD")
    assert (found.info, found.status, found.reversal) == ("Sammler", "booked", False)
    assert found.details == (
        Detail(
            position=0,
            amount=eur(4550),
            original=Money(4320, "CHF"),
            counterparty=Party(
                name="Jürgen Müller",
                account="DE75512108001245126199",
                account_scheme="iban",
                bic="SOGEDEFF",
                ultimate="Erika Müller",
                address="Hauptstraße, 1, 10115, Berlin",
            ),
            end_to_end_id="E2E-1",
            tx_id="TX-1",
            uetr="8a562c67-ca16-48ba-b074-65581be6f011",
            instruction_id="INSTR-1",
            mandate_id="MANDATE-1",
            creditor_id="DE98ZZZ09999999999",
            batch_id="BATCH-1",
            cheque_no="0042",
            remittance="Spende für <alle> & jeden Mitglied 12",
            references=(("SCOR", "RF18539007547034"),),
            purpose="CHAR",
            charges=eur(35),
            extra=(("bank_ref", "BANK-1-1"), ("info", "SEPA-Lastschrift")),
        ),
    )


def test_an_entry_tells_where_in_the_file_it_stands() -> None:
    data = (FILES / "version_8.xml").read_bytes()
    (found,) = only(data).entries
    start, end = map(int, found.raw.removeprefix("bytes ").split("-"))
    assert data[start:].startswith(b"<Ntry>") and data[end:].startswith(b"</Ntry>")


def test_the_first_version_with_payments_right_in_the_entry_is_read() -> None:
    statement = only((FILES / "version_1.xml").read_bytes())
    (found,) = statement.entries
    assert (statement.account, statement.account_scheme, statement.integrity) == ("4711", "other", "proved")
    assert [detail.amount.minor for detail in found.details] == [5000, 3000]
    assert found.details[0].counterparty.name == "STANISŁAW ŻUK"
    assert found.details[0].references == (("SCOR", "RF18539007547034"),)
    assert found.details[1].return_code == "AC04"


@pytest.mark.parametrize("version", [2, 8, 13])
@pytest.mark.parametrize("kind", ["052", "053", "054"])
def test_what_is_written_is_read_back(version: int, kind: str) -> None:
    written = plain_entries(200, seed=version)
    statement = only(write_camt(written, version, kind))
    read_back = [
        Plain(
            booked_on=found.booked_on,
            minor=found.amount.minor,
            currency=found.amount.currency,
            name=found.details[0].counterparty.name or "",
            account=found.details[0].counterparty.account or "",
            remittance=found.details[0].remittance,
            ref=found.bank_ref or "",
        )
        for found in statement.entries
    ]
    assert read_back == written
    assert statement.integrity == ("proved" if kind == "053" else "unverifiable")
    assert statement.advice == (kind != "053")
    assert [found.position for found in statement.entries] == list(range(200))


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "UTF-8", "windows-1250"])
def test_the_declared_encoding_holds(encoding: str) -> None:
    body = document(entry(amount(), parties("<Dbtr><Nm>JÜRGEN</Nm></Dbtr>"))).decode()
    (found,) = only(f'<?xml version="1.0" encoding="{encoding}"?>{body}'.encode(encoding)).entries
    assert found.details[0].counterparty.name == "JÜRGEN"


def test_prefixes_and_wrappings_do_not_matter() -> None:
    body = document(entry()).decode().replace("</", "</n0:").replace("<", "<n0:").replace("<n0:/n0:", "</n0:")
    wrapped = f"<Envelope xmlns:n0='x'><Header><Stmt/></Header>{body}</Envelope>"
    assert [found.amount for found in only(wrapped.encode()).entries] == [eur(5000)]


def test_each_statement_of_a_file_has_its_own_entries() -> None:
    one = document(entry()).decode()
    start, end = one.index("<Stmt>"), one.index("</Stmt>") + 7
    other = one[start:end].replace("50.00", "60.00").replace("S1", "S2")
    statements = camt.read((one[:end] + other + one[end:]).encode()).statements
    assert [statement.statement_id for statement in statements] == ["S1", "S2"]
    assert [[found.amount.minor for found in statement.entries] for statement in statements] == [
        [5000],
        [6000],
    ]


def test_the_package_reads_a_camt_file_by_its_bytes() -> None:
    data = write_camt(plain_entries(3, seed=1), 8)
    reading = importers.read(data, "statement.txt")
    assert len(reading.statements[0].entries) == 3 and reading.format == "camt"


def test_a_stream_begins_gives_entries_and_ends_each_statement() -> None:
    parts = list(camt.stream(io.BytesIO(write_camt(plain_entries(300, seed=2), 2))))
    assert isinstance(parts[0], Begin) and parts[0].statement.account == OWN_ACCOUNT
    assert all(isinstance(part, Entry) for part in parts[1:-1]) and len(parts) == 302
    assert isinstance(parts[-1], End) and parts[-1].statement.integrity == "proved"
    assert parts[-1].statement.entries == ()


# ---------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("text", "minor"),
    [("50.00", 5000), ("50", 5000), ("27.050", 2705), (".5", 50), ("5.", 500), (" 50.00\n", 5000), ("0", 0)],
)
def test_an_amount_is_an_xml_decimal(text: str, minor: int) -> None:
    assert only_entry(amount(text)).amount == eur(minor)


@pytest.mark.parametrize(
    "text", ["50,00", "1 000.00", "-50.00", "+50.00", "5e1", "٥٠", "50.001", "", ".", "0x10", "NaN", "9" * 40]
)
def test_an_amount_that_cannot_be_read_names_its_entry_and_loses_no_other(text: str) -> None:
    reading = camt.read(document(entry(amount("1.00")) + "\n", entry(amount(text)), entry(amount("2.00"))))
    (statement,) = reading.statements
    assert [(found.position, found.amount.minor) for found in statement.entries] == [(0, 100), (2, 200)]
    (problem,) = reading.problems
    assert (problem.level, problem.code, problem.where) == ("error", "unreadable_amount", "Ntry 2, line 2")


def test_an_amount_given_twice_is_refused() -> None:
    twice = (
        amount("50.00") + '<Amt Ccy="EUR">60.00</Amt><AcctSvcrRef>1</AcctSvcrRef><AcctSvcrRef>2</AcctSvcrRef>'
    )
    reading = camt.read(document(entry(twice)))
    assert codes(reading) == ["element_twice"] and reading.statements[0].entries == ()


@pytest.mark.parametrize("sign", ["", "<CdtDbtInd>CREDIT</CdtDbtInd>"])
def test_an_entry_that_does_not_say_its_direction_is_no_entry(sign: str) -> None:
    reading = camt.read(document(entry(f'<Amt Ccy="EUR">5</Amt>{sign}')))
    assert codes(reading) == ["unreadable_sign"] and reading.statements[0].entries == ()


def test_a_foreign_entry_keeps_its_currency_and_is_an_error() -> None:
    reading = camt.read(
        document(entry(amount("50.00", currency="USD")), balances=balance("OPBD", "0") + balance("CLBD", "0"))
    )
    (statement,) = reading.statements
    assert statement.entries[0].amount == Money(5000, "USD") and statement.integrity == "mismatch"
    assert [(problem.level, problem.code) for problem in reading.problems] == [("error", "other_currency")]


def test_the_currency_comes_from_balances_or_entries_where_the_account_names_none() -> None:
    assert only(document(entry(), currency="")).currency == "EUR"
    assert only(document(balances=balance("CLBD", "5"), currency="")).currency == "EUR"
    assert only(document(currency="")).currency == ""


# ---------------------------------------------------------------- dates and statuses


@pytest.mark.parametrize(
    "text",
    ["<Dt>2026-09-30</Dt>", "<Dt>2026-09-30+02:00</Dt>", "<DtTm>2026-09-30T23:59:59.999-11:00</DtTm>"],
)
def test_the_booking_day_is_the_day_as_the_bank_writes_it(text: str) -> None:
    assert only_entry(state=f"<BookgDt>{text}</BookgDt>").booked_on == date(2026, 9, 30)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "30.09.2026", "20260930", "2026-9-30", "1899-01-01", "٢٠٢٦-٠٩-٣٠"]
)
def test_a_date_that_no_calendar_has_loses_the_entry_with_a_reason(text: str) -> None:
    reading = camt.read(document(entry(state=f"<BookgDt><Dt>{text}</Dt></BookgDt>"), entry()))
    assert codes(reading) == ["unreadable_date"] and len(reading.statements[0].entries) == 1


def test_without_a_booking_day_the_value_day_stands() -> None:
    assert only_entry(state="<ValDt><Dt>2026-09-29</Dt></ValDt>").booked_on == date(2026, 9, 29)


def test_without_any_date_the_only_day_of_the_statement_stands_and_is_told() -> None:
    same_day = balance("OPBD", "0") + balance("CLBD", "50")
    reading = camt.read(document(entry(state=""), balances=same_day))
    assert reading.statements[0].entries[0].booked_on == date(2026, 9, 30)
    assert codes(reading) == ["date_from_statement"]


def test_without_any_date_an_entry_of_a_longer_statement_is_not_guessed() -> None:
    two_days = balance("OPBD", "0", "2026-09-29") + balance("CLBD", "50")
    assert "unreadable_date" in codes(camt.read(document(entry(state=""), balances=two_days)))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<Sts>BOOK</Sts>", "booked"),
        ("<Sts>\n <Cd>PDNG</Cd>\n</Sts>", "pending"),
        ("<Sts><Cd>FUTR</Cd></Sts>", "pending"),
        ("<Sts>INFO</Sts>", "info"),
        ("<Sts>GUESS</Sts>", "info"),
        ("", "booked"),
    ],
)
def test_only_booked_entries_count_in_the_balance(written: str, read: str) -> None:
    state = f"{written}<BookgDt><Dt>2026-09-30</Dt></BookgDt>"
    closing = "50" if read == "booked" else "0"
    reading = camt.read(
        document(entry(state=state), balances=balance("OPBD", "0") + balance("CLBD", closing))
    )
    (statement,) = reading.statements
    assert (statement.entries[0].status, statement.integrity) == (read, "proved")
    assert codes(reading) == (["unknown_status"] if "GUESS" in written else [])


# ---------------------------------------------------------------- payments of an entry


def tx_amount(text: str, currency: str = "EUR", element: str = "TxAmt") -> str:
    return f'<AmtDtls><{element}><Amt Ccy="{currency}">{text}</Amt></{element}></AmtDtls>'


def test_the_payments_of_a_batch_have_their_own_signs_and_amounts() -> None:
    found = only_entry(amount("20.00"), amount("30.00"), amount("10.00", "DBIT"))
    assert [detail.amount for detail in found.details] == [eur(3000), eur(-1000)]


def test_a_payments_amount_is_its_own_before_the_transaction_amount() -> None:
    found = only_entry(
        amount("30.00"), amount("10.00") + tx_amount("99.00"), tx_amount("5.00"), tx_amount("15.00")
    )
    assert [detail.amount.minor for detail in found.details] == [1000, 500, 1500]


def test_the_instructed_amount_is_never_the_amount() -> None:
    detail = only_detail(tx_amount("60.00", "USD", "InstdAmt"))
    assert (detail.amount, detail.original) == (eur(5000), Money(6000, "USD"))
    reading = camt.read(
        document(entry(amount(), tx_amount("20", element="InstdAmt"), tx_amount("30", element="InstdAmt")))
    )
    assert codes(reading) == ["batch_without_amounts"]


def test_an_amount_in_another_currency_is_what_was_paid_not_what_came() -> None:
    payment = '<Amt Ccy="USD">60.00</Amt>' + tx_amount("50.00")
    detail = only_detail(payment)
    assert (detail.amount, detail.original) == (eur(5000), Money(6000, "USD"))


@pytest.mark.parametrize(
    ("payments", "code"),
    [
        (["", ""], "batch_without_amounts"),
        ([amount("20.00"), "<Amt Ccy='EUR'>3o</Amt>"], "batch_without_amounts"),
        ([amount("20.00"), amount("20.00")], "details_differ"),
    ],
)
def test_a_batch_that_does_not_add_up_stays_one_entry_and_says_so(payments: list[str], code: str) -> None:
    reading = camt.read(document(entry(amount(), *payments)))
    (found,) = reading.statements[0].entries
    assert (found.amount, found.details) == (eur(5000), ())
    assert [(problem.level, problem.code) for problem in reading.problems] == [("warning", code)]


def test_a_single_payment_with_another_amount_keeps_its_party_and_the_entrys_amount() -> None:
    reading = camt.read(document(entry(amount(), amount("20.00") + parties(DONOR))))
    (detail,) = reading.statements[0].entries[0].details
    assert (detail.amount, detail.counterparty.name) == (eur(5000), "ANNA NOWAK")
    assert codes(reading) == ["details_differ"]


def test_one_payment_of_a_batch_of_many_is_not_taken_for_the_whole() -> None:
    batch = "<Btch><NbOfTxs>20</NbOfTxs></Btch>"
    reading = camt.read(document(entry(amount(), parties(DONOR), batch=batch)))
    assert reading.statements[0].entries[0].details == ()
    assert codes(reading) == ["batch_without_amounts"]


def test_a_placeholder_is_no_reference() -> None:
    detail = only_detail("<Refs><EndToEndId>NOTPROVIDED</EndToEndId><MndtId>M1</MndtId></Refs>")
    assert (detail.end_to_end_id, detail.mandate_id) == (None, "M1")


def test_a_company_number_is_no_creditor_id_unless_there_is_a_mandate() -> None:
    id_ = parties("<Cdtr><Id><OrgId><Othr><Id>0455454654</Id><Issr>KBO</Issr></Othr></OrgId></Id></Cdtr>")
    assert only_detail(id_).creditor_id is None
    assert only_detail(f"<Refs><MndtId>M1</MndtId></Refs>{id_}").creditor_id == "0455454654"


def test_charges_are_a_total_where_there_is_one_and_none_where_currencies_mix() -> None:
    total = '<TtlChrgsAndTaxAmt Ccy="EUR">0.50</TtlChrgsAndTaxAmt>'
    record = '<Rcrd><Amt Ccy="EUR">0.30</Amt></Rcrd>'
    assert only_detail(f"<Chrgs>{total}{record}</Chrgs>").charges == eur(50)
    assert only_detail(f"<Chrgs>{record}{record}</Chrgs>").charges == eur(60)
    assert only_detail(f"<Chrgs>{record}{record.replace('EUR', 'USD')}</Chrgs>").charges is None
    assert only_detail('<Chrgs><Amt Ccy="EUR">1.00</Amt></Chrgs>').charges == eur(100)


# ---------------------------------------------------------------- the other side


def test_money_in_comes_from_the_debtor_and_money_out_goes_to_the_creditor() -> None:
    shop = "<Cdtr><Nm>SHOP</Nm></Cdtr>"
    assert only_detail(parties(DONOR, US)).counterparty.name == "ANNA NOWAK"
    assert only_detail(parties(DONOR, shop), amount("50.00", "DBIT")).counterparty.name == "SHOP"


@pytest.mark.parametrize(
    "reason", ["<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>", ""]
)
def test_in_a_return_the_donor_stays_the_debtor_though_money_goes_out(reason: str) -> None:
    detail = only_detail(parties(DONOR, US) + reason, amount("50.00", "DBIT"))
    assert detail.counterparty.name == "ANNA NOWAK"
    assert (detail.return_code, detail.return_info) == (("AC04", "closed") if reason else (None, None))


def test_a_return_without_account_numbers_is_told_by_its_reason() -> None:
    names = parties("<Dbtr><Nm>ANNA NOWAK</Nm></Dbtr><Cdtr><Nm>Fundacja</Nm></Cdtr>")
    returned = f"{names}<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    assert only_detail(returned, amount("50.00", "DBIT")).counterparty.name == "ANNA NOWAK"
    assert only_detail(names, amount("50.00", "DBIT")).counterparty.name == "Fundacja"


def test_we_are_never_our_own_counterparty() -> None:
    assert only_detail(parties(US)).counterparty == Party()
    assert only_detail(parties(US), amount("50.00", "DBIT")).counterparty == Party()


def test_an_iban_in_the_place_of_another_number_is_still_an_iban() -> None:
    def account(number: str) -> Party:
        held = f"<DbtrAcct><Id><Othr><Id>{number}</Id></Othr></Id></DbtrAcct>"
        return only_detail(parties(held)).counterparty

    assert account("PL27 1140 2004 0000 3002 0135 5387").account == "PL27114020040000300201355387"
    assert account("PL27114020040000300201355387").account_scheme == "iban"
    assert (account("PL28114020040000300201355387").account_scheme, account("47 11").account) == (
        "other",
        "47 11",
    )


# ---------------------------------------------------------------- reversals and balances


REVERSED = f"<RvslInd>true</RvslInd>{BOOKED}"


def reversal(sign: str, closing: str) -> tuple[Statement, list[str]]:
    ends = balance("OPBD", "1000") + balance("CLBD", closing)
    rows = entry(amount("50.00", sign), amount("50.00", sign), state=REVERSED), entry(amount("7.00"))
    reading = camt.read(document(*rows, balances=ends))
    return reading.statements[0], codes(reading)


def test_a_reversal_has_the_sign_of_its_money() -> None:
    statement, problems = reversal("DBIT", "957")
    assert [found.amount.minor for found in statement.entries] == [-5000, 700]
    assert statement.entries[0].reversal and (statement.integrity, problems) == ("proved", [])


def test_reversals_written_the_other_way_round_are_turned_when_the_balances_prove_it() -> None:
    statement, problems = reversal("CRDT", "957")
    assert [found.amount.minor for found in statement.entries] == [-5000, 700]
    assert [detail.amount.minor for detail in statement.entries[0].details] == [-5000]
    assert (statement.integrity, problems) == ("proved", ["reversal_signs_inverted"])


def test_reversals_stay_as_written_when_neither_way_proves_anything() -> None:
    statement, problems = reversal("CRDT", "1000")
    assert [found.amount.minor for found in statement.entries] == [5000, 700]
    assert (statement.integrity, problems) == ("mismatch", ["balance_mismatch"])


def test_in_a_stream_reversals_come_last_and_with_the_right_sign() -> None:
    ends = balance("OPBD", "1000") + balance("CLBD", "957")
    data = document(entry(state=REVERSED), entry(amount("7.00")), balances=ends)
    entries = [part for part in camt.stream(io.BytesIO(data)) if isinstance(part, Entry)]
    assert [(found.position, found.amount.minor) for found in entries] == [(1, 700), (0, -5000)]


@pytest.mark.parametrize(
    ("balances", "ends"),
    [
        (balance("OPBD", "10") + balance("PRCD", "9") + balance("CLBD", "60"), (1000, 6000)),
        (balance("PRCD", "10", "2026-09-29") + balance("CLBD", "60"), (1000, 6000)),
        (balance("OPBD", "10") + balance("ITBD", "60"), (1000, 6000)),
        (balance("ITBD", "10") + balance("ITBD", "60"), (1000, 6000)),
        (balance("ITBD", "10") + balance("CLBD", "60"), (1000, 6000)),
        (balance("CLBD", "60") + balance("CLAV", "60"), (None, 6000)),
    ],
)
def test_balances_open_and_close_a_statement_or_a_page(
    balances: str, ends: tuple[int | None, int | None]
) -> None:
    statement = only(document(entry(), balances=balances))
    found = [end.amount.minor if end else None for end in (statement.opening, statement.closing)]
    assert tuple(found) == ends
    assert statement.integrity == ("unverifiable" if None in ends else "proved")


def test_a_missing_entry_shows_in_the_balances() -> None:
    reading = camt.read(document(entry(), balances=balance("OPBD", "0") + balance("CLBD", "50.01")))
    assert reading.statements[0].integrity == "mismatch"
    (problem,) = reading.problems
    assert (problem.level, problem.code) == ("error", "balance_mismatch") and "by 1 minor" in problem.message


def test_a_balance_without_its_sign_is_credit_and_told() -> None:
    ends = (
        balance("OPBD", "0")
        + '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">50</Amt></Bal>'
    )
    reading = camt.read(document(entry(), balances=ends))
    assert (reading.statements[0].integrity, codes(reading)) == ("proved", ["balance_without_sign"])


@pytest.mark.parametrize(
    ("totals", "wrong"),
    [
        ("<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>70.00</Sum></TtlNtries>", []),
        ("<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>30</Sum></TtlNtries>", []),
        ("<TtlNtries><NbOfNtries>3</NbOfNtries><Sum>70</Sum></TtlNtries>", ["total_mismatch"]),
        ("<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>50</Sum></TtlCdtNtries>", []),
        ("<TtlCdtNtries><Sum>51</Sum></TtlCdtNtries>", ["total_mismatch"]),
        ("<TtlDbtNtries><NbOfNtries>x</NbOfNtries><Sum>x</Sum></TtlDbtNtries>", ["total_mismatch"] * 2),
    ],
)
def test_the_banks_own_totals_are_compared_with_the_entries(totals: str, wrong: list[str]) -> None:
    rows = entry(), entry(amount("20.00", "DBIT"))
    reading = camt.read(document(*rows, balances=f"<TxsSummry>{totals}</TxsSummry>"))
    assert codes(reading) == wrong


# ---------------------------------------------------------------- shared samples


def samples() -> list[dict[str, str]]:
    if not BANK.is_dir():
        return []
    with (BANK / "INDEX.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["path"].startswith("camt/")]


def probes() -> dict[str, Any]:
    path = BANK / "probes" / "camt" / "expected.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample["path"])
def test_a_sample_has_the_entries_it_should(sample: dict[str, str]) -> None:
    reading = camt.read((BANK / sample["path"]).read_bytes())
    assert sum(len(statement.entries) for statement in reading.statements) == int(sample["n_tx"])
    if "subite" in sample["path"]:
        assert {statement.integrity for statement in reading.statements} == {"proved"}


@pytest.mark.parametrize("name", sorted(probes()))
def test_a_probe_comes_out_exactly(name: str) -> None:
    reading = camt.read((BANK / "probes" / "camt" / f"{name}.xml").read_bytes())
    wanted = probes()[name]
    if wanted is None:
        assert reading.statements == () and [type(problem) for problem in reading.problems] == [Problem]
        return
    (statement,) = reading.statements
    rows = [_row(part) for found in statement.entries for part in found.details or (found,)]
    if isinstance(wanted, str):
        assert f"{len(rows)} lines" == wanted
    else:
        assert [row[: len(want)] for row, want in zip(rows, wanted, strict=True)] == wanted


def _row(part: Entry | Detail) -> list[str | None]:
    if isinstance(part, Entry):
        return [part.amount.as_text(), None, None, None]
    other = part.counterparty
    return [part.amount.as_text(), part.end_to_end_id, other.name, other.account]
