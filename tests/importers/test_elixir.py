"""Lists of single payments behind one booking: Elixir-0 and a bank's report of direct debits."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from donorhub.money import Money
from importers import elixir
from importers.debits import report as debit_report
from importers.statement import Reading

OWN = "61109010140000071219812874"
DONOR = "27114020040000300201355387"
DEBIT = (
    f'210,20260930,5000,10901014,0,"{OWN}","{DONOR}","FUNDACJA|UL. X 1",'
    '"ANNA ŻAK|UL. PROSTA 1|00-001 WARSZAWA",0,11402004,'
    '"/NIP/9111938599/IDP/DH00012345|Darowizna wrzesień","","","01",""'
)
TRANSFER = (
    f'110,20260930,1250,11402004,0,"{DONOR}","{OWN}","JAN KOWALSKI|UL. NIJAKA 2","FUNDACJA",0,10901014,'
    '"Darowizna DH-1001-7","","","51",""'
)


def read(*lines: str, encoding: str = "cp1250") -> Reading:
    return elixir.read("\r\n".join([*lines, ""]).encode(encoding))


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems if problem.level == "error"]


def test_debits_of_day_are_one_entry() -> None:
    """The debits of one day are one entry of our account, with a detail for each."""
    (statement,) = read(DEBIT, DEBIT.replace("5000", "2550").replace("DH00012345", "DH00077777")).statements
    (entry,) = statement.entries
    assert (statement.account, statement.advice) == (f"PL{OWN}", True)
    assert (entry.booked_on, entry.amount, entry.bank_code) == (date(2026, 9, 30), Money(7_550, "PLN"), "210")
    assert [(d.position, d.amount.minor, d.mandate_id) for d in entry.details] == [
        (0, 5_000, "DH00012345"),
        (1, 2_550, "DH00077777"),
    ]


def test_debit_names_its_payer() -> None:
    """A debit names its payer and leaves the ids out of the title."""
    detail = read(DEBIT).statements[0].entries[0].details[0]
    party = detail.counterparty
    assert (party.name, party.address) == ("ANNA ŻAK", "UL. PROSTA 1, 00-001 WARSZAWA")
    assert (party.account, party.account_scheme) == (f"PL{DONOR}", "iban")
    assert detail.remittance == "Darowizna wrzesień"


def test_mass_transfer_has_virtual_account() -> None:
    """A transfer of mass payments has the virtual account that it went to."""
    (statement,) = read(TRANSFER).statements
    detail = statement.entries[0].details[0]
    assert (detail.virtual_account, detail.mandate_id) == (f"PL{OWN}", None)
    assert (detail.counterparty.name, detail.counterparty.account) == ("JAN KOWALSKI", f"PL{DONOR}")
    assert detail.remittance == "Darowizna DH-1001-7"
    assert statement.account is None


def test_days_and_kinds_are_entries_of_their_own() -> None:
    reading = read(DEBIT, DEBIT.replace("20260930", "20261001"), TRANSFER)
    assert [len(statement.entries) for statement in reading.statements] == [2, 1]


@pytest.mark.parametrize("encoding", ["cp1250", "iso-8859-2", "cp852", "utf-8"])
def test_letters_reveal_the_encoding(encoding: str) -> None:
    """The letters of a file reveal its encoding."""
    assert read(DEBIT, encoding=encoding).statements[0].entries[0].details[0].counterparty.name == "ANNA ŻAK"


@pytest.mark.parametrize(
    "line",
    [
        DEBIT.replace("5000", "50.00", 1),
        DEBIT.replace("5000", "-5000", 1),
        DEBIT.replace("20260930", "20260931"),
        DEBIT.replace("210", "220", 1),
        DEBIT[:60],
        DEBIT.removesuffix('"'),
    ],
)
def test_unreadable_line_loses_no_other(line: str) -> None:
    """A line that cannot be read is named and loses no other."""
    reading = read(DEBIT, line, TRANSFER)
    assert [problem.where for problem in reading.problems if problem.code == "unreadable_row"] == ["line 2"]
    assert sum(len(s.entries[0].details) for s in reading.statements) == 2


def test_a_list_says_that_it_has_no_sums() -> None:
    assert "no_control_total" in [problem.code for problem in read(DEBIT).problems]


def test_what_is_no_list_is_refused() -> None:
    assert codes(read("a,b,c")) == ["not_elixir"]


@given(st.binary(max_size=300))
def test_random_bytes_are_never_an_exception(data: bytes) -> None:
    assert isinstance(elixir.read(data), Reading)
    assert isinstance(elixir.read(b"210,20260930,1," + data), Reading)
    assert isinstance(debit_report.read(data, COLUMNS), Reading)


# ---------------------------------------------------------------- a bank's own report

COLUMNS = debit_report.Columns(
    types={"H": "header", "P": "posting", "R": "return", "F": "footer"},
    on=1,
    amount=2,
    mandate=3,
    payer_name=4,
    payer_account=5,
    title=6,
    reason=7,
    footer_count=1,
    footer_sum=2,
)
HEADER = "H,REPPZ,2026-09-30"
POSTING = f'P,2026-09-30,50.00,DH00012345,"ŻAK, ANNA",{DONOR},Darowizna,'


def report(*lines: str) -> Reading:
    return debit_report.read("\r\n".join([*lines, ""]).encode("cp1250"), COLUMNS)


def test_a_report_whose_footer_holds_has_no_problem() -> None:
    reading = report(HEADER, POSTING, POSTING.replace("50.00", "1050.50"), "F,2,1100.50")
    (entry,) = reading.statements[0].entries
    assert reading.problems == ()
    assert entry.amount == Money(110_050, "PLN")
    assert entry.details[0].counterparty.name == "ŻAK, ANNA"
    assert entry.details[0].mandate_id == "DH00012345"
    assert entry.details[0].counterparty.account == f"PL{DONOR}"


@pytest.mark.parametrize("footer", ["F,2,50.00", "F,1,50.01"])
def test_wrong_footer_keeps_the_postings(footer: str) -> None:
    """A footer that does not agree is reported, and the postings are kept."""
    reading = report(HEADER, POSTING, footer)
    assert codes(reading) == ["total_mismatch"]
    assert len(reading.statements[0].entries) == 1


def test_a_report_without_its_footer_is_cut() -> None:
    assert codes(report(HEADER, POSTING)) == ["report_cut"]


@pytest.mark.parametrize("footer", ["F,1,50.00", "F,2,30.00"])
def test_return_takes_money_out(footer: str) -> None:
    """A return takes money out, has its reason, and may or may not count in the footer."""
    reading = report(HEADER, POSTING, f"R,2026-09-30,20.00,DH7,A,{DONOR},x,brak środków", footer)
    entries = reading.statements[0].entries
    assert [entry.amount.minor for entry in entries] == [5_000, -2_000]
    assert entries[1].details[0].return_code == "brak środków"
    assert reading.problems == ()


@pytest.mark.parametrize("line", ["X,1", "P,2026-09-30", POSTING.replace("50.00", "50,00"), "F,x,1.00"])
def test_a_row_that_cannot_be_read_is_named(line: str) -> None:
    reading = report(HEADER, line.replace("50,00", '"50,00"'), POSTING, "F,1,50.00")
    assert [problem.where for problem in reading.problems if problem.code == "unreadable_row"] == ["line 2"]
    assert len(reading.statements[0].entries[0].details) == 1


ANYBODY = "F,2,1100.50"
SECOND = (
    f'P,2026-09-30,1050.50,DH00077777,"KOT, JAN",{OWN},Darowizna wrzesień,'  # another payer: OWN is as good
)


def test_report_known_by_bytes_and_footer() -> None:
    """A report is known by its bytes, and its footer shows which columns are which."""
    reading = importers.read("\r\n".join([HEADER, POSTING, SECOND, ANYBODY]).encode("cp1250"), "x.txt")
    (statement,) = reading.statements
    (entry,) = statement.entries
    assert (reading.format, [p.code for p in reading.problems]) == ("debit_report", ["columns_found"])
    assert (entry.booked_on, entry.amount, statement.advice) == (
        date(2026, 9, 30),
        Money(110_050, "PLN"),
        True,
    )
    assert [(d.mandate_id, d.counterparty.account, d.remittance) for d in entry.details] == [
        ("DH00012345", f"PL{DONOR}", "ŻAK, ANNA, Darowizna"),
        ("DH00077777", f"PL{OWN}", "KOT, JAN, Darowizna wrzesień"),
    ]


def test_a_footer_shows_which_rows_are_returns() -> None:
    back = f'R,2026-09-30,20.00,DH7,"A B",{OWN},x,AC04'
    for footer in ("F,3,1080.50", "F,2,1100.50"):
        lines = [HEADER, POSTING, SECOND, back, footer]
        (statement,) = importers.read("\n".join(lines).encode()).statements
        assert sorted(entry.amount.minor for entry in statement.entries) == [-2_000, 110_050]


@pytest.mark.parametrize("footer", ["F,2,50.00", "F,1,1100.50"])
def test_a_footer_that_does_not_hold_shows_nothing(footer: str) -> None:
    reading = importers.read("\n".join([HEADER, POSTING, SECOND, footer]).encode())
    assert reading.statements == () and codes(reading) == ["columns_needed"]


def test_two_days_that_differ_are_not_guessed_between() -> None:
    rows = [f"{row},2026-10-02" for row in (POSTING, SECOND)]
    assert codes(importers.read("\n".join([HEADER, *rows, ANYBODY]).encode())) == ["columns_needed"]


def test_given_columns_replace_lost_footer() -> None:
    """Columns that a person gave hold for a report that lost its footer."""
    reading = importers.read(f"{HEADER}\n{POSTING}\n".encode(), profile=COLUMNS)
    assert reading.format == "debit_report" and codes(reading) == ["report_cut"]
    assert reading.statements[0].entries[0].amount == Money(5_000, "PLN")


def test_an_elixir_list_is_read_by_its_bytes() -> None:
    reading = importers.read(DEBIT.encode("cp1250"), "x.csv")
    assert reading.format == "elixir" and reading.statements[0].advice


def test_a_file_of_something_else_is_refused() -> None:
    assert "not_debit_report" in codes(report("a;b;c"))


HEADER_WITH_ACCOUNT = f"H,2026-09-30,PL{OWN},2"
ONE_PAYER = [POSTING, POSTING.replace("50.00", "1050.50").replace("DH00012345", "DH00077777")]


def test_one_payer_is_never_our_account() -> None:
    """Where every row has the same payer, ours is the account of the header, and without it nobody's."""
    (statement,) = importers.read("\n".join([HEADER_WITH_ACCOUNT, *ONE_PAYER, ANYBODY]).encode()).statements
    payers = {detail.counterparty.account for entry in statement.entries for detail in entry.details}
    assert (statement.account, payers) == (f"PL{OWN}", {f"PL{DONOR}"})
    (statement,) = importers.read("\n".join([HEADER, *ONE_PAYER, ANYBODY]).encode()).statements
    payers = {detail.counterparty.account for entry in statement.entries for detail in entry.details}
    assert (statement.account, payers) == (None, {f"PL{DONOR}"})


def test_header_tells_ours_from_one_payer() -> None:
    """Of two columns that are the same in all rows, ours is the one that the header names."""
    rows = [f"{row}{OWN}" for row in ONE_PAYER]
    (statement,) = importers.read("\n".join([HEADER_WITH_ACCOUNT, *rows, ANYBODY]).encode()).statements
    payers = {detail.counterparty.account for entry in statement.entries for detail in entry.details}
    assert (statement.account, payers) == (f"PL{OWN}", {f"PL{DONOR}"})
    (statement,) = importers.read("\n".join([HEADER, *rows, ANYBODY]).encode()).statements
    payers = {detail.counterparty.account for entry in statement.entries for detail in entry.details}
    assert (statement.account, payers) == (None, {None})
