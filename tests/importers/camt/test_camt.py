"""camt.052, .053 and .054 of all versions: what an entry, its payments and its statement say."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import importers
from donorhub.money import Money
from importers.camt import reader
from importers.statement import Begin, Detail, End, Entry, Party, Problem
from tests.importers.bank_writers import OWN_ACCOUNT, Plain, plain_entries
from tests.importers.camt.camt_pieces import (
    amount,
    balance,
    codes,
    document,
    entry,
    eur,
    only,
    only_entry,
    parties,
)
from tests.importers.camt.camt_writer import write_camt
from tests.shared import BANK, or_skip

FILES = Path(__file__).parents[2] / "files" / "camt"

# ---------------------------------------------------------------- whole files


def test_version_8_statement_keeps_every_field() -> None:
    """A version 8 file gives all that it says of its account: numbers, owner, bank, pages, balances and
    proof."""
    reading = reader.read((FILES / "version_8.xml").read_bytes())
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


def test_version_8_entry_keeps_every_field() -> None:
    """A version 8 entry and its payment keep every field that the file gives."""
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


def test_entry_says_its_place_in_file() -> None:
    """An entry says at which bytes of the file it stands, so that a person can look it up."""
    data = (FILES / "version_8.xml").read_bytes()
    (found,) = only(data).entries
    start, end = map(int, found.raw.removeprefix("bytes ").split("-"))
    assert data[start:].startswith(b"<Ntry>") and data[end:].startswith(b"</Ntry>")


def test_version_1_payments_inside_the_entry() -> None:
    """The first version, with payments right inside the entry, is read with all that it says."""
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


def test_statements_keep_their_own_entries() -> None:
    """Each statement of a file has its own entries, and none slips into the next."""
    one = document(entry()).decode()
    start, end = one.index("<Stmt>"), one.index("</Stmt>") + 7
    other = one[start:end].replace("50.00", "60.00").replace("S1", "S2")
    statements = reader.read((one[:end] + other + one[end:]).encode()).statements
    assert [statement.statement_id for statement in statements] == ["S1", "S2"]
    assert [[found.amount.minor for found in statement.entries] for statement in statements] == [
        [5000],
        [6000],
    ]


def test_package_knows_camt_by_its_bytes() -> None:
    """The package knows a camt file by its bytes, whatever the file is called."""
    data = write_camt(plain_entries(3, seed=1), 8)
    reading = importers.read(data, "statement.txt")
    assert len(reading.statements[0].entries) == 3 and reading.format == "camt"


def test_stream_begins_and_ends_each_statement() -> None:
    """A stream begins each statement, gives its entries one by one, and ends it with the proof."""
    parts = list(reader.stream(io.BytesIO(write_camt(plain_entries(300, seed=2), 2))))
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
def test_unreadable_amount_loses_no_other_entry(text: str) -> None:
    """An amount that cannot be read names its entry and line, and no other entry is lost."""
    reading = reader.read(document(entry(amount("1.00")) + "\n", entry(amount(text)), entry(amount("2.00"))))
    (statement,) = reading.statements
    assert [(found.position, found.amount.minor) for found in statement.entries] == [(0, 100), (2, 200)]
    (problem,) = reading.problems
    assert (problem.level, problem.code, problem.where) == ("error", "unreadable_amount", "Ntry 2, line 2")


def test_an_amount_given_twice_is_refused() -> None:
    twice = (
        amount("50.00") + '<Amt Ccy="EUR">60.00</Amt><AcctSvcrRef>1</AcctSvcrRef><AcctSvcrRef>2</AcctSvcrRef>'
    )
    reading = reader.read(document(entry(twice)))
    assert codes(reading) == ["element_twice"] and reading.statements[0].entries == ()


@pytest.mark.parametrize("sign", ["", "<CdtDbtInd>CREDIT</CdtDbtInd>"])
def test_entry_without_direction_is_none(sign: str) -> None:
    """An entry that does not say whether money came or went is no entry, because a wrong sign is worse."""
    reading = reader.read(document(entry(f'<Amt Ccy="EUR">5</Amt>{sign}')))
    assert codes(reading) == ["unreadable_sign"] and reading.statements[0].entries == ()


def test_foreign_entry_keeps_its_currency() -> None:
    """An entry in another currency keeps that currency and is reported as an error."""
    reading = reader.read(
        document(entry(amount("50.00", currency="USD")), balances=balance("OPBD", "0") + balance("CLBD", "0"))
    )
    (statement,) = reading.statements
    assert statement.entries[0].amount == Money(5000, "USD") and statement.integrity == "mismatch"
    assert [(problem.level, problem.code) for problem in reading.problems] == [("error", "other_currency")]


def test_currency_from_balances_or_entries() -> None:
    """The currency comes from the balances or the entries where the account names none."""
    assert only(document(entry(), currency="")).currency == "EUR"
    assert only(document(balances=balance("CLBD", "5"), currency="")).currency == "EUR"
    assert only(document(currency="")).currency == ""


# ---------------------------------------------------------------- dates and statuses


@pytest.mark.parametrize(
    "text",
    ["<Dt>2026-09-30</Dt>", "<Dt>2026-09-30+02:00</Dt>", "<DtTm>2026-09-30T23:59:59.999-11:00</DtTm>"],
)
def test_booking_day_as_the_bank_writes(text: str) -> None:
    """The booking day is the day as the bank writes it, whatever the time zone beside it."""
    assert only_entry(state=f"<BookgDt>{text}</BookgDt>").booked_on == date(2026, 9, 30)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "30.09.2026", "20260930", "2026-9-30", "1899-01-01", "٢٠٢٦-٠٩-٣٠"]
)
def test_impossible_date_loses_the_entry(text: str) -> None:
    """A date that no calendar has loses the entry, with a reason, and no other."""
    reading = reader.read(document(entry(state=f"<BookgDt><Dt>{text}</Dt></BookgDt>"), entry()))
    assert codes(reading) == ["unreadable_date"] and len(reading.statements[0].entries) == 1


def test_without_a_booking_day_the_value_day_stands() -> None:
    assert only_entry(state="<ValDt><Dt>2026-09-29</Dt></ValDt>").booked_on == date(2026, 9, 29)


def test_dateless_entry_takes_only_day() -> None:
    """Without any date an entry takes the only day of its statement, and the report says so."""
    same_day = balance("OPBD", "0") + balance("CLBD", "50")
    reading = reader.read(document(entry(state=""), balances=same_day))
    assert reading.statements[0].entries[0].booked_on == date(2026, 9, 30)
    assert codes(reading) == ["date_from_statement"]


def test_dateless_entry_of_days_not_guessed() -> None:
    """Without any date an entry of a statement of several days is not guessed but refused."""
    two_days = balance("OPBD", "0", "2026-09-29") + balance("CLBD", "50")
    assert "unreadable_date" in codes(reader.read(document(entry(state=""), balances=two_days)))


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
    reading = reader.read(
        document(entry(state=state), balances=balance("OPBD", "0") + balance("CLBD", closing))
    )
    (statement,) = reading.statements
    assert (statement.entries[0].status, statement.integrity) == (read, "proved")
    assert codes(reading) == (["unknown_status"] if "GUESS" in written else [])


# ---------------------------------------------------------------- shared samples


def samples() -> list[dict[str, str]]:
    if not BANK.is_dir():
        return []
    with (BANK / "INDEX.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["path"].startswith("camt/")]


def probes() -> dict[str, Any]:
    path = BANK / "probes" / "camt" / "expected.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


@pytest.mark.parametrize("sample", or_skip(samples()), ids=lambda sample: sample["path"])
def test_a_sample_has_the_entries_it_should(sample: dict[str, str]) -> None:
    reading = reader.read((BANK / sample["path"]).read_bytes())
    assert sum(len(statement.entries) for statement in reading.statements) == int(sample["n_tx"])
    if "subite" in sample["path"]:
        assert {statement.integrity for statement in reading.statements} == {"proved"}


@pytest.mark.parametrize("name", or_skip(sorted(probes())))
def test_a_probe_comes_out_exactly(name: str) -> None:
    reading = reader.read((BANK / "probes" / "camt" / f"{name}.xml").read_bytes())
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


@pytest.mark.parametrize("before", [b"\n", b" \r\n\t" * 30_000, b"\xef\xbb\xbf\r\n"])
def test_blanks_before_declaration_do_no_harm(before: bytes) -> None:
    """Blanks before the XML declaration do no harm, and places are still those of the file."""
    good = write_camt(plain_entries(2, seed=5), 8)
    reading = reader.read(before + good)
    (statement,) = reading.statements
    first, last = map(int, statement.entries[0].raw.removeprefix("bytes ").split("-"))
    assert (before + good)[first:last].startswith(b"<Ntry>") and len(statement.entries) == 2
    assert reading.problems == ()
